"""Distances between the points as they came: euclidean, cosine, correlation."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, Settings


def pairwise_euclidean(X: FloatArray, squared: bool = False) -> FloatArray:
    """Return all Euclidean distances between rows, from differences (no cancellation, duplicates at exactly 0).

    Parameters
    ----------
    X : (n, d) float64.
    squared : return the squares.

    Returns
    -------
    (n, n) float64, symmetric to the last bit.
    """
    from spectral_ph.distances import _kernels

    out = np.empty((len(X), len(X)))
    _kernels.euclidean(np.ascontiguousarray(X), squared, out)
    return out


def euclidean(X: FloatArray) -> tuple[FloatArray, Settings]:
    """Euclidean distance between points.

    Parameters
    ----------
    X : (n, d) points.

    Returns
    -------
    D : (n, n) float64, in the unit of X.
    facts : nothing to report.
    """
    return pairwise_euclidean(X), {}


def cosine(X: FloatArray) -> tuple[FloatArray, Settings]:
    """1 - cos of the angle between points, computed as half the squared distance of the unit vectors.

    Parameters
    ----------
    X : (n, d) points, none of them zero.

    Returns
    -------
    D : (n, n) float64 in [0, 2].
    facts : nothing to report.

    Raises
    ------
    InputError : for a zero point.
    """
    return _half_square(X, "cosine"), {}


def correlation(X: FloatArray) -> tuple[FloatArray, Settings]:
    """1 - Pearson correlation between points.

    Parameters
    ----------
    X : (n, d) points, none of them constant.

    Returns
    -------
    D : (n, n) float64 in [0, 2].
    facts : nothing to report.

    Raises
    ------
    InputError : for a constant point.
    """
    return _half_square(X, "correlation"), {}


def _half_square(X: FloatArray, metric: str) -> FloatArray:
    from spectral_ph.graph.neighbors import unit_rows

    D = pairwise_euclidean(unit_rows(X, metric), squared=True)
    D /= 2
    return D


def precomputed(X: FloatArray) -> tuple[FloatArray, Settings]:
    """Return the distances that were passed, made symmetric to the last bit.

    Parameters
    ----------
    X : (n, n) distances.

    Returns
    -------
    D : (n, n) float64; the very array that came if it was in order.
    facts : "asymmetry", the largest difference to the mirror image, if there was one.

    Raises
    ------
    InputError : if the matrix is not square, not symmetric, negative, not finite, or not zero on the diagonal.
    """
    D, asymmetry = _check.square_distances(X)
    return D, {"asymmetry": asymmetry} if asymmetry else {}
