"""Distances between the points as they are, or as their principal components: euclidean, cosine, correlation, pca."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from spectral_ph import _check
from spectral_ph._check import Argument
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
    from spectral_ph.distances import _pairwise

    out = np.empty((len(X), len(X)))
    _pairwise.euclidean(np.ascontiguousarray(X), squared, out)
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


def principal_components(X: FloatArray, n_components: int, *, whiten: bool = False) -> FloatArray:
    """Return the coordinates of the points along their first principal axes.

    Parameters
    ----------
    X : (n, d) points.
    n_components : how many, at most min(n, d).
    whiten : divide each by its standard deviation.

    Returns
    -------
    (n, n_components) float64, centred, by decreasing variance, in the unit of X (none if whitened).

    Raises
    ------
    InputError : for more components than there are, or if one without variance would be whitened.
    """
    m, most = _check.positive_int(n_components, "n_components"), min(X.shape)
    if m > most:
        raise _check.InputError(
            Argument("n_components", m),
            f" is more than the {most} principal components of {X.shape[0]} points in {X.shape[1]} dimensions. Pass ",
            Argument("n_components", most),
            " or fewer.",
        )
    U, s, _ = scipy.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    if not whiten:
        return np.asarray(U[:, :m] * s[:m])
    rank = int((s > max(X.shape) * np.finfo(float).eps * s[0]).sum())
    if m > rank:
        raise _check.InputError(
            Argument("n_components", m),
            " with ",
            Argument("whiten", True),
            f" needs as many components with variance, but only {rank} have any. Pass ",
            Argument("n_components", rank),
            " or ",
            Argument("whiten", False),
            ".",
        )
    return np.asarray(U[:, :m] * np.sqrt(len(X) - 1))


def pca(X: FloatArray, *, n_components: int = 2, whiten: bool = False) -> tuple[FloatArray, Settings]:
    """Euclidean distance between the first principal components.

    Parameters
    ----------
    X : (n, d) points.
    n_components : how many, at most min(n, d).
    whiten : divide each component by its standard deviation.

    Returns
    -------
    D : (n, n) float64, in the unit of X (in standard deviations if whitened), symmetric to the last bit.
    facts : nothing to report.

    Raises
    ------
    InputError : for more components than there are, or if one without variance would be whitened.

    References
    ----------
    Pearson, Philosophical Magazine 1901.
    """
    return pairwise_euclidean(principal_components(X, n_components, whiten=_check.flag(whiten, "whiten"))), {}


def precomputed(X: FloatArray) -> tuple[FloatArray, Settings]:
    """Return the distances that were passed, made symmetric to the last bit.

    Parameters
    ----------
    X : (n, n) distances.

    Returns
    -------
    D : (n, n) float64; the very array that was passed if it was in order.
    facts : "asymmetry", the largest difference to the mirror image, if there was one.

    Raises
    ------
    InputError : if the matrix is not square, not symmetric, negative, NaN somewhere, or not zero on the diagonal. inf is the
        distance of points that are never joined.
    """
    D, asymmetry = _check.square_distances(X)
    return D, {"asymmetry": asymmetry} if asymmetry else {}
