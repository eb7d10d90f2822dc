"""Kernels that find the bandwidths of affinities. Called from this layer only."""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit_parallel, prange
from spectral_ph._types import FloatArray

NEWTON_STEPS = 200  # safeguarded, so that this is never reached but for rounding


@njit_parallel
def calibrate_perplexity(squares: FloatArray, perplexity: float, beta: FloatArray) -> int:
    """Find for each row the beta at which exp(-beta (squares - smallest)) has the given perplexity.

    Newton's method on log beta, kept within a bracket. Where more than `perplexity` entries tie for the smallest, no beta
    has it: such a row gets the one at which the next entry weighs exp(-50).

    squares : (n, k), rows increasing; beta : (n,), written. Return how many rows have too many ties.
    """
    n, k = squares.shape
    goal = np.log(perplexity)
    tied = 0
    for i in prange(n):
        gaps = squares[i] - squares[i, 0]
        ties = 0
        while ties < k and gaps[ties] == 0.0:
            ties += 1
        if ties >= perplexity:
            tied += 1
            beta[i] = min(50.0 / gaps[ties], 1e300) if ties < k else 0.0
            continue
        scale = gaps[k - 1]
        low, high = -np.inf, np.inf
        x = np.log(goal)  # of beta times the largest gap
        for _ in range(NEWTON_STEPS):
            b = np.exp(x) / scale
            mass, first, second = 0.0, 0.0, 0.0
            for c in range(k):
                e = b * gaps[c]
                w = np.exp(-e)
                mass += w
                first += w * e
                second += w * e * e
            first, second = first / mass, second / mass
            entropy = np.log(mass) + first
            error = entropy - goal
            if abs(error) < 1e-12:
                break
            if error > 0:
                low = x
            else:
                high = x
            slope = first * first - second  # of the entropy in log beta
            step = x - error / slope if slope < 0.0 else np.nan
            if not (low < step < high):
                if low == -np.inf:
                    step = x - 2.0
                elif high == np.inf:
                    step = x + 2.0
                else:
                    step = (low + high) / 2
            if step == x:
                break
            x = step
        beta[i] = np.exp(x) / scale
    return tied


@njit_parallel
def calibrate_union(distances: FloatArray, goal: float, rho: FloatArray, sigma: FloatArray) -> None:
    """Find for each row sigma with sum of exp(-max(0, d - rho) / sigma) = goal, rho its smallest positive distance.

    By bisection on log sigma; the sum grows with sigma from the number of d <= rho to k. 0 is written where that number
    is at least `goal` already, infinity where k is at most `goal`.

    distances : (n, k), rows increasing; rho, sigma : (n,), written.
    """
    n, k = distances.shape
    for i in prange(n):
        rho[i] = 0.0
        for c in range(k):
            if distances[i, c] > 0.0:
                rho[i] = distances[i, c]
                break
        gaps = np.maximum(distances[i] - rho[i], 0.0)
        near = 0
        while near < k and gaps[near] == 0.0:
            near += 1
        if near >= goal:
            sigma[i] = 0.0
            continue
        if k <= goal:
            sigma[i] = np.inf
            continue
        low, high = np.log(gaps[near]) - 10.0, np.log(gaps[k - 1]) + 10.0
        low -= np.log(k)
        high += np.log(k)
        for _ in range(NEWTON_STEPS):
            middle = (low + high) / 2
            if not low < middle < high:
                break
            total = 0.0
            for c in range(k):
                total += np.exp(-gaps[c] / np.exp(middle))
            if total < goal:
                low = middle
            else:
                high = middle
        sigma[i] = np.exp((low + high) / 2)
