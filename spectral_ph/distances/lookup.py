"""Rows, pairs and parts of distances that are computed when they are asked for, with the same bits each time."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import FloatArray, IntArray


def rows(implicit: ImplicitDistances, indices: IntArray) -> FloatArray:
    """Return whole rows of the distances.

    Parameters
    ----------
    implicit : n points.
    indices : (b,) points.

    Returns
    -------
    (b, n) float64; a pair has the same bits in whatever rows, order or direction it is asked for.

    Raises
    ------
    InputError : for an index that is no point.
    """
    from spectral_ph.distances import _implicit

    queries = _indices(implicit, indices, "indices")
    out = np.empty((len(queries), len(implicit)))
    _implicit.implicit_rows(*_arrays(implicit), queries, out)
    return out


def pairs(implicit: ImplicitDistances, i: IntArray, j: IntArray) -> FloatArray:
    """Return the distances of pairs.

    Parameters
    ----------
    implicit : n points.
    i, j : (b,) points.

    Returns
    -------
    (b,) float64, the same bits as in `rows`.

    Raises
    ------
    InputError : for an index that is no point, or lists of different length.
    """
    from spectral_ph.distances import _implicit

    left, right = _indices(implicit, i, "i"), _indices(implicit, j, "j")
    if len(left) != len(right):
        raise _check.InputError(
            Argument("i"),
            " and ",
            Argument("j"),
            f" must hold one point each for every pair, not {len(left)} and {len(right)} points. Pass arrays of "
            "equal length.",
        )
    out = np.empty(len(left))
    _implicit.implicit_pairs(*_arrays(implicit), left, right, out)
    return out


def matrix(implicit: ImplicitDistances) -> FloatArray:
    """Return all distances.

    Parameters
    ----------
    implicit : n points, few enough for an (n, n) array.

    Returns
    -------
    (n, n) float64, symmetric to the last bit, zero on the diagonal.

    Raises
    ------
    TooLargeError : if it would not fit in memory.
    """
    n = len(implicit)
    _check.memory(8.0 * n**2, f"the matrix of {n} points", "Ask for rows or pairs, or use landmarks.")
    return rows(implicit, np.arange(n))


def restrict(implicit: ImplicitDistances, indices: IntArray) -> ImplicitDistances:
    """Return the distances among some of the points, the same bits as among all.

    Parameters
    ----------
    implicit : n points.
    indices : (b,) different points.

    Returns
    -------
    ImplicitDistances of b points, in the order asked for.

    Raises
    ------
    InputError : for an index that is no point, or that comes twice.
    """
    chosen = _indices(implicit, indices, "indices")
    if len(np.unique(chosen)) < len(chosen):
        raise _check.InputError(
            Argument("indices"), " must be different points, but some are there twice. Pass numpy.unique(indices)."
        )
    correction = implicit.correction
    if correction is not None:
        correction = sp.csr_array(correction[chosen][:, chosen])
        correction.sort_indices()
    return ImplicitDistances(
        np.ascontiguousarray(implicit.coordinates[chosen]),
        implicit.offset[chosen],
        correction,
        implicit.root,
        implicit.facts,
    )


def _indices(implicit: ImplicitDistances, indices: IntArray, name: str) -> IntArray:
    array = np.atleast_1d(np.asarray(indices))
    n = len(implicit)
    if array.ndim != 1 or array.dtype.kind not in "iu" or (len(array) and not 0 <= array.min() <= array.max() < n):
        raise _check.InputError(Argument(name), f" must be whole numbers from 0 to {n - 1}, each of a point.")
    return array.astype(np.int64)


def _arrays(
    implicit: ImplicitDistances,
) -> tuple[FloatArray, FloatArray, IntArray, IntArray, FloatArray, bool]:
    C = implicit.correction
    none = np.zeros(0, np.int64)
    pattern = (np.zeros(len(implicit) + 1, np.int64), none, np.zeros(0))
    if C is not None:
        pattern = (C.indptr.astype(np.int64), C.indices.astype(np.int64), C.data)
    return (implicit.coordinates, implicit.offset, *pattern, implicit.root)
