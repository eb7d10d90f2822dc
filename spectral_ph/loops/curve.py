"""A loop as a smooth closed curve in any coordinates of its points.

The representative cycle zigzags from point to point. For drawing, each coordinate is regressed on waves of the points' order
along the loop: x(r) = m + sum over k of a_k cos(k r) + b_k sin(k r), r the rank of the phase on the circle.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._types import FloatArray
from spectral_ph.loops.coordinates import to_ranks

MOST_HARMONICS = 8
"""Waves of a curve, at most: more would follow single points."""

WORTH_IT = 0.01
"""A curve takes the least number of waves whose error on points left out is within this share of the smallest."""


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

    It depends on the order of the points alone, not on how fast the phase runs. The number of waves is the least, of 1 to
    `MOST_HARMONICS`, whose square error on points left out one at a time is at most one per cent above the smallest.

    Parameters
    ----------
    phase : (n,) radians.
    coordinates : (n, d).
    n_points : of the curve.

    Returns
    -------
    (n_points, d) float64, at equal steps of the rank; the last point joins the first.
    """
    ranks, n = to_ranks(phase), len(phase)
    errors, fits = [], []
    for h in range(1, MOST_HARMONICS + 1):
        if h > 1 and 2 * h + 1 > n // 2:
            break
        basis = np.column_stack([np.ones(n), harmonics(ranks, h)])
        Q, R = np.linalg.qr(basis)
        if np.abs(np.diagonal(R)).min() < 1e-8 * np.sqrt(n):
            break  # too few different phases for so many waves
        left = coordinates - Q @ (Q.T @ coordinates)
        # The error at a point that was left out, without leaving it out.
        own = np.clip((Q**2).sum(axis=1), 0.0, 1 - 1e-9)
        errors.append(float(((left / (1 - own)[:, None]) ** 2).sum()))
        fits.append(np.linalg.solve(R, Q.T @ coordinates))
    if not fits:
        return np.repeat(coordinates.mean(axis=0, keepdims=True), n_points, axis=0)
    best = int(np.argmax(np.array(errors) <= (1 + WORTH_IT) * min(errors)))
    grid = 2 * np.pi * np.arange(n_points) / n_points
    return np.asarray(np.column_stack([np.ones(n_points), harmonics(grid, best + 1)]) @ fits[best])
