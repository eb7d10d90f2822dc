"""A loop as a smooth closed curve in any coordinates of its points.

The representative cycle zigzags from point to point. For drawing, each coordinate is regressed on waves of the points' order
along the loop: x(s) = m + sum over k of a_k cos(k s) + b_k sin(k s).
"""

from __future__ import annotations

import numpy as np

from spectral_ph._types import FloatArray
from spectral_ph.loops.coordinates import to_ranks

MOST_HARMONICS = 8
"""Waves of a curve, at most: more would follow single points."""

WORTH_IT = 0.05
"""A curve takes the least number of waves whose error on points left out is within this share of the smallest."""


ROUNDS = 3
"""Fits over the length of the fit before."""

GRID = 512
"""Steps in which the length of a curve is measured."""


def harmonics(phase: FloatArray, n_harmonics: int) -> FloatArray:
    """Return the columns cos, sin of the phase, cos, sin of its double, and so on.

    Parameters
    ----------
    phase : (n,) radians. n_harmonics : at least 1.

    Returns
    -------
    (n, 2 n_harmonics) float64.
    """
    turns = np.outer(phase, np.arange(1, n_harmonics + 1))
    return np.stack([np.cos(turns), np.sin(turns)], axis=2).reshape(len(phase), -1)


def closed_curve(phase: FloatArray, coordinates: FloatArray, n_points: int) -> FloatArray:
    """Return a smooth closed curve through points that have a phase.

    It depends on the order of the points alone, not on how fast the phase runs. The first fit is over the ranks, and the next
    `ROUNDS` are over a parameter that is half rank and half length of the curve before: over ranks alone an arc with few points
    would be cut short, and a crowd of them would bend the curve to and fro. Points count as the parameter is spread, so that
    every arc has the same say.

    The number of waves is the least, of 1 to `MOST_HARMONICS`, whose square error on points left out one at a time is at most
    `WORTH_IT` above the smallest.

    Parameters
    ----------
    phase : (n,) radians.
    coordinates : (n, d).
    n_points : of the curve.

    Returns
    -------
    (n_points, d) float64, at equal steps of the parameter; the last point joins the first.
    """
    along, weight = _parameters(phase, coordinates)
    return _fitted(along, weight, coordinates, 2 * np.pi * np.arange(n_points) / n_points)


def followed_curve(phase: FloatArray, coordinates: FloatArray, n_points: int) -> tuple[FloatArray, FloatArray]:
    """Return the smooth closed curve through points, and the place of each of the points on it.

    Parameters
    ----------
    phase, coordinates, n_points : as for `closed_curve`.

    Returns
    -------
    curve : (n_points, d) float64.
    places : (n, d) float64.
    """
    along, weight = _parameters(phase, coordinates)
    at = np.concatenate([2 * np.pi * np.arange(n_points) / n_points, along])
    both = _fitted(along, weight, coordinates, at)
    return both[:n_points], both[n_points:]


def _parameters(phase: FloatArray, coordinates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the parameter of every point on the closed curve through them, and what the point counts."""
    ranks = to_ranks(phase)
    grid = 2 * np.pi * np.arange(GRID + 1) / GRID
    along, weight = ranks, np.ones(len(ranks))
    parameter = grid
    for _ in range(ROUNDS):
        curve = _fitted(along, weight, coordinates, parameter)
        speed = np.linalg.norm(np.diff(curve, axis=0), axis=1)
        if not speed.sum():
            break
        # The parameter as a function of the rank, and how fast it runs.
        speed = 0.5 + 0.5 * speed / speed.mean()
        parameter = np.append(0.0, np.cumsum(speed)) * 2 * np.pi / speed.sum()
        along = np.interp(ranks, grid, parameter)
        weight = speed[np.minimum((ranks / (2 * np.pi) * GRID).astype(np.int64), GRID - 1)]
    return along, weight


def _fitted(along: FloatArray, weight: FloatArray, coordinates: FloatArray, at: FloatArray) -> FloatArray:
    """Return the regression of (n, d) coordinates on waves of (n,) angles, at (m,) other angles."""
    n = len(along)
    root = np.sqrt(weight / weight.mean())[:, None]
    errors, fits = [], []
    for h in range(1, MOST_HARMONICS + 1):
        if h > 1 and 2 * h + 1 > n // 2:
            break
        Q, R = np.linalg.qr(root * np.column_stack([np.ones(n), harmonics(along, h)]))
        if np.abs(np.diagonal(R)).min() < 1e-8 * np.sqrt(n):
            break  # too few different phases for so many waves
        left = root * coordinates - Q @ (Q.T @ (root * coordinates))
        # The error at a point that was left out, without leaving it out.
        own = np.clip((Q**2).sum(axis=1), 0.0, 1 - 1e-9)
        errors.append(float(((left / (1 - own)[:, None]) ** 2).sum()))
        fits.append(np.linalg.solve(R, Q.T @ (root * coordinates)))
    if not fits:
        return np.repeat(coordinates.mean(axis=0, keepdims=True), len(at), axis=0)
    best = int(np.argmax(np.array(errors) <= (1 + WORTH_IT) * min(errors)))
    return np.asarray(np.column_stack([np.ones(len(at)), harmonics(at, best + 1)]) @ fits[best])
