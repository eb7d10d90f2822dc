"""Kernels over all pairs of points: contrastive losses with every other point as a negative, and sums of similarities.

Each row is summed by itself and nobody else's row is written, so the result has the same bits at any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spectral_ph._numba import borrow, njit_inline, njit_parallel, njit_part, prange
from spectral_ph._types import FloatArray, IntArray

CAUCHY, COSINE = 0, 1


class Kernel(NamedTuple):
    """The similarity q of two points by their squared distance X."""

    kind: int  # CAUCHY: 1 / (eps + X); COSINE: exp((1 - X / 2) / temperature)
    eps: float
    temperature: float


class Positives(NamedTuple):
    """The csr arrays of the symmetric weights of the edges."""

    indptr: IntArray
    indices: IntArray
    weights: FloatArray


@njit_inline
def gap(Y: FloatArray, i: int, j: int) -> float:
    """Return the squared distance of two rows."""
    total = 0.0
    for f in range(Y.shape[1]):
        total += (Y[i, f] - Y[j, f]) ** 2
    return total


@njit_inline
def similarity(X: float, kernel: Kernel) -> float:
    """Return q; infinite at X = 0 if eps = 0."""
    if kernel.kind == CAUCHY:
        return 1.0 / (kernel.eps + X) if kernel.eps + X > 0.0 else np.inf
    return float(np.exp((1.0 - X / 2.0) / kernel.temperature))


@njit_inline
def steepness(X: float, kernel: Kernel) -> float:
    """Return -d log(q) / dX."""
    if kernel.kind == CAUCHY:
        return 1.0 / (kernel.eps + X)
    return 0.5 / kernel.temperature


@njit_part
def pair_row(
    i: int, Y: FloatArray, edges: Positives, kernel: Kernel, c: float, noise: FloatArray, out: FloatArray, G: FloatArray
) -> None:
    """Write what one row contributes; see `pairs`."""
    edges = borrow(edges)
    d = Y.shape[1]
    loss, slope, curvature = 0.0, 0.0, 0.0
    for j in range(len(Y)):
        if j == i:
            continue
        X = gap(Y, i, j)
        w = noise[i] + noise[j]
        q = similarity(X, kernel)
        if q == np.inf:  # points on top of each other: nobody could say which way to go
            loss = np.inf
            continue
        f = q / (q + c)
        loss += w * np.log1p(q / c)
        slope -= w * f
        curvature += w * f * (1.0 - f)
        g = -4.0 * w * f * steepness(X, kernel)
        for s in range(d):
            G[i, s] += g * (Y[i, s] - Y[j, s])
    for p in range(edges.indptr[i], edges.indptr[i + 1]):
        j, w = edges.indices[p], edges.weights[p]
        X = gap(Y, i, j)
        q = similarity(X, kernel)
        if q == np.inf:
            continue
        f = c / (q + c)
        loss += w * np.log1p(c / q)
        slope += w * f
        curvature += w * f * (1.0 - f)
        g = 4.0 * w * f * steepness(X, kernel)
        for s in range(d):
            G[i, s] += g * (Y[i, s] - Y[j, s])
    out[i, 0], out[i, 1], out[i, 2] = loss, slope, curvature


@njit_parallel
def pairs(
    Y: FloatArray, edges: Positives, kernel: Kernel, c: float, noise: FloatArray, out: FloatArray, G: FloatArray
) -> None:
    """Loss sum_ij P_ij log(1 + c / q_ij) + (noise_i + noise_j) log(1 + q_ij / c) over ordered pairs, row by row.

    Y : (n, d); edges hold P; noise : (n,).
    out : (n, 3), written: the loss and its first and second derivative by log c. G : (n, d), zero; the gradient is added.
    """
    for i in prange(len(Y)):
        pair_row(i, Y, edges, kernel, c, noise, out, G)


@njit_parallel
def similarities(Y: FloatArray, rows: IntArray, kernel: Kernel, sums: FloatArray) -> None:
    """Write for each of the given rows the sum of q over all other points. sums : (len(rows),)."""
    for r in prange(len(rows)):
        i = rows[r]
        total = 0.0
        for j in range(len(Y)):
            if j != i:
                total += similarity(gap(Y, i, j), kernel)
        sums[r] = total


@njit_part
def choice_row(
    i: int, Y: FloatArray, edges: Positives, kernel: Kernel, share: FloatArray, out: FloatArray, G: FloatArray
) -> None:
    """Write what one row contributes; see `choices`."""
    edges = borrow(edges)
    d = Y.shape[1]
    loss = 0.0
    for j in range(len(Y)):
        if j == i:
            continue
        X = gap(Y, i, j)
        g = -2.0 * (share[i] + share[j]) * similarity(X, kernel) * steepness(X, kernel)
        for s in range(d):
            G[i, s] += g * (Y[i, s] - Y[j, s])
    for p in range(edges.indptr[i], edges.indptr[i + 1]):
        j, w = edges.indices[p], edges.weights[p]
        X = gap(Y, i, j)
        loss -= w * np.log(similarity(X, kernel))
        g = 4.0 * w * steepness(X, kernel)
        for s in range(d):
            G[i, s] += g * (Y[i, s] - Y[j, s])
    out[i] = loss


@njit_parallel
def choices(Y: FloatArray, edges: Positives, kernel: Kernel, share: FloatArray, out: FloatArray, G: FloatArray) -> None:
    """Loss -sum_ij P_ij log q_ij, row by row, and the gradient of it and of logarithms of sums of q.

    share : (n,) derivative of the rest of the loss by the sum of q over the row. out : (n,), written. G : (n, d), zero; the
    gradient is added.
    """
    for i in prange(len(Y)):
        choice_row(i, Y, edges, kernel, share, out, G)
