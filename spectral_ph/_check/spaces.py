"""Checks of points, distances and graphs: whatever type of number they are of, float64 comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph._check.arrays import container, is_anndata, is_sparse, numbers, sparse_numbers
from spectral_ph._check.sentences import Argument, InputError, WrongTypeError
from spectral_ph._types import FloatArray, Graph, IntArray

LARGEST = 1e100
"""Largest size of a coordinate: squares must neither overflow nor vanish."""


def points(X: object, least: int = 2, what: str = "X", *, objects: bool = False) -> FloatArray:
    """Return `X` as a C-contiguous (n, d) float64 array of finite numbers with at least `least` rows.

    With `objects` it may be an array of Python objects that all are real numbers, as scikit-learn takes it.
    """
    if is_sparse(X):
        raise InputError(
            f"Sparse data was passed: {what} must be a dense (n, d) array. Reduce it first (spectral_ph.preprocess turns "
            f"counts into principal components), or pass {what}.toarray() if it fits in memory."
        )
    with np.errstate(over="ignore"):
        array: FloatArray = np.asarray(numbers(X, what, objects=objects), dtype=np.float64, order="C")
    if array.ndim != 2:
        raise InputError(
            f"{what} must be a 2-dimensional array (n points, d coordinates), not one of {array.ndim} dimensions. "
            f"Reshape your data with {what}.reshape(-1, 1) if it has a single feature or {what}.reshape(1, -1) if "
            "it is a single sample."
        )
    n, d = array.shape
    if d == 0:
        raise InputError(f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    if n < least:
        raise InputError(
            _named(what), f" has {n} sample(s) (shape={array.shape}), but a minimum of {least} is required."
        )
    _finite(array, what)
    largest = float(np.abs(array).max())
    if largest > LARGEST or 0 < largest < 1 / LARGEST:
        raise InputError(
            "the largest coordinate of ",
            _named(what),
            f" is {largest:g}, and squares of such numbers do not fit in double precision. Divide all coordinates "
            f"by {largest:g}.",
        )
    return array


def _named(what: str) -> Argument | str:
    return Argument(what) if what.isidentifier() else what


def _finite(array: FloatArray, what: str, infinite: bool = False) -> None:
    bad = np.isnan(array) if infinite else ~np.isfinite(array)
    if not bad.any():
        return
    kind = " and ".join(
        k for k, hit in (("NaN", np.isnan(array[bad]).any()), ("infinity", np.isinf(array[bad]).any())) if hit
    )
    row = int(np.flatnonzero(bad.any(axis=tuple(range(1, array.ndim))))[0])
    raise InputError(
        _named(what),
        f" contains {kind} in {int(bad.sum())} of its {array.size} entries (first in row {row}). Drop those rows "
        "or fill the gaps first.",
    )


def distinct(X: FloatArray, what: str = "X") -> None:
    """Refuse points that all coincide."""
    if (X[0] == X).all():
        raise InputError(
            f"all {len(X)} points of ",
            _named(what),
            " are the same point, so there is no shape to find. Check the input.",
        )


ROUNDING = {8: 1e-10, 4: 1e-5, 2: 1e-2}
"""By bytes of a number, the share of the largest entry that rounding may make of a difference or of 0.

A matrix that was computed by matrix products is symmetric, zero and non-negative only up to this; more is a mistake.
"""


def _rounding(dtype: Any) -> float:
    return ROUNDING.get(dtype.itemsize, ROUNDING[8]) if dtype.kind == "f" else ROUNDING[8]


def square_distances(
    D: object, what: str = "the distance matrix", *, float32: bool = False
) -> tuple[FloatArray, float]:
    """Check a precomputed (n, n) distance matrix and make it symmetric to the last bit.

    Returns
    -------
    D : (n, n) float64, C-contiguous, symmetric bit for bit, zero diagonal, non-negative; inf between points that are never
        joined. The very object that was passed if nothing had to change, else a copy; the input is never written to. With
        `float32` a float32 matrix stays one.
    asymmetry : largest |D_ij - D_ji| that was found (0.0 for a symmetric one); pairs that differed hold the larger.
    """
    if is_sparse(D):
        raise InputError(
            f"Sparse data was passed: {what} must be a dense (n, n) array, because missing pairs have no distance. "
            "To use a sparse graph, pass it as ",
            Argument("graph"),
            "=A with a graph distance such as 'geodesic' or 'eff_res'.",
        )
    raw = numbers(D, what)
    if raw.ndim != 2 or raw.shape[0] != raw.shape[1]:
        raise InputError(
            f"{what} must be square, not of shape {raw.shape}. Pass an (n, n) matrix, or points with a distance "
            "other than 'precomputed'."
        )
    tolerance = _rounding(raw.dtype)
    kept = np.float32 if float32 and raw.dtype == np.float32 else np.float64
    with np.errstate(over="ignore"):
        array: FloatArray = np.asarray(np.ascontiguousarray(raw, dtype=kept))
    if len(array) < 1:
        raise InputError(f"{what} has 0 sample(s), but a minimum of 1 is required.")
    smallest, largest = float(array.min()), float(array.max())
    infinite = not np.isfinite(
        smallest + largest
    )  # NaN passes through both; no (n, n) mask for what is nearly always fine
    if infinite:
        _finite(array, what, infinite=True)
        if np.isinf(array).sum() > np.isinf(raw).sum():
            raise InputError(
                f"{what} holds numbers that do not fit in double precision. Divide it by its largest entry."
            )
        largest = longest(array)
    if smallest < -tolerance * largest:
        i, j = np.unravel_index(int(array.argmin()), array.shape)
        raise InputError(
            f"Negative values in data: {what} has {array[i, j]:g} at ({i}, {j}), but distances are never negative. "
            "If these are similarities, turn them into distances first."
        )
    if (diagonal := float(np.abs(np.diagonal(array)).max())) > tolerance * largest:
        raise InputError(
            f"{what} has a non-zero diagonal (largest entry {diagonal:g}), but the distance of a point to itself "
            "is 0. If these are similarities, turn them into distances first. Otherwise set it with "
            "numpy.fill_diagonal(D, 0)."
        )
    asymmetry = _asymmetry(array, infinite)
    if asymmetry > tolerance * largest:
        raise InputError(
            f"{what} is not symmetric: entries differ by up to {asymmetry:g} from their mirror image (largest "
            f"entry {largest:g}). Pass (D + D.T) / 2 or numpy.maximum(D, D.T), whichever you mean."
        )
    if asymmetry > 0 or diagonal > 0 or smallest < 0:
        array = np.maximum(array, array.T)
        np.maximum(array, 0.0, out=array)
        np.fill_diagonal(array, 0.0)
    return array, asymmetry


def _asymmetry(array: FloatArray, infinite: bool) -> float:
    """Return the largest difference of a square matrix to its mirror image; inf less inf is none."""
    asymmetry = 0.0
    # By blocks of rows: a full array - array.T would double the memory of the largest object there is.
    step = max(1, 2**22 // len(array))
    for start in range(0, len(array), step):
        block = slice(start, start + step)
        with np.errstate(invalid="ignore"):
            difference = np.abs(array[block, start:] - array[start:, block].T)
        if infinite:
            np.nan_to_num(difference, copy=False, nan=0.0, posinf=np.inf)
        asymmetry = max(asymmetry, float(difference.max()))
    return asymmetry


def longest(D: FloatArray) -> float:
    """Return the largest finite entry of a matrix of distances, in which inf stands for points that are never joined."""
    largest = float(D.max())
    return largest if np.isfinite(largest) else max(float(row[np.isfinite(row)].max(initial=0.0)) for row in D)


def graph(A: object, what: str = "the graph") -> Graph:
    """Return `A` as a symmetric csr_array of float64 conductances without stored zeros.

    A stored zero is no edge here: it has conductance 0. (In a matrix of *distances* a stored zero is an edge between
    duplicates; `spectral_ph.graph.symmetrize` builds graphs from patterns for that reason.)
    """
    if not sp.issparse(A):
        if is_sparse(A):
            raise InputError(
                f"{what} must be in memory. Read it first, by .to_memory() of anndata or .compute() of dask."
            )
        if is_anndata(A):
            container(A, what)
        if not isinstance(A, np.ndarray):
            raise WrongTypeError(f"{what} must be a scipy sparse (n, n) matrix or an array, not {type(A).__name__}.")
        array = numbers(A, what)
        if array.ndim != 2:
            raise InputError(f"{what} must be an (n, n) matrix, not an array of {array.ndim} dimensions.")
        tolerance, matrix = _rounding(array.dtype), sp.csr_array(array.astype(np.float64))
    else:
        table: Any = A
        tolerance, matrix = _rounding(table.dtype), sparse_numbers(table, what)  # fresh, as what follows works in place
    n, m = matrix.shape
    if n != m:
        raise InputError(f"{what} must be square, not of shape {(n, m)}. Pass an (n, n) adjacency matrix.")
    if n < 2:
        raise InputError(f"{what} has {n} sample(s), but a minimum of 2 is required.")
    matrix.sum_duplicates()
    if not np.isfinite(matrix.data).all():
        raise InputError(
            f"{what} contains NaN or infinity among its weights. Weights are conductances, 0 < w < infinity."
        )
    rounding = tolerance * float(matrix.data.max(initial=0.0))
    if (matrix.data < -rounding).any():
        raise InputError(
            f"{what} has negative weights (smallest {matrix.data.min():g}). Weights are conductances, w > 0."
        )
    np.maximum(matrix.data, 0.0, out=matrix.data)
    matrix.eliminate_zeros()
    difference = abs(matrix - matrix.T)
    if difference.nnz and (gap := difference.max()) > 0:
        if gap > rounding:
            raise InputError(
                f"{what} is not symmetric: weights differ by up to {gap:g} from their mirror image. Pass "
                "A.maximum(A.T) for the union of both directions or A.minimum(A.T) for the mutual edges."
            )
        matrix = sp.csr_array(matrix.maximum(matrix.T))
    matrix.sort_indices()
    return matrix


def degrees_positive(degrees: FloatArray) -> None:
    """Refuse a graph with vertices that have no edge."""
    isolated = np.flatnonzero(degrees == 0)
    if len(isolated):
        raise InputError(
            f"{len(isolated)} of the {len(degrees)} vertices have no edge (first: {isolated[0]}), so no walk "
            "reaches them. Drop them from the graph, or join them where it is made, by a larger ",
            Argument("n_neighbors"),
            " or ",
            Argument("mode", "union"),
            ".",
        )


def sparse_distances(D: Any, what: str = "the distance matrix") -> tuple[IntArray, IntArray, FloatArray, int, float]:
    """Check a sparse matrix of distances, in which pairs without an entry are never joined, and return its pairs.

    Parameters
    ----------
    D : (n, n) scipy sparse matrix or array of any format. A stored zero is a distance of 0, a stored inf is as good as no
        entry. Each pair has two entries, or all entries are on one side of the diagonal. what : what it is called.

    Returns
    -------
    i, j : (e,) int64, the ends of each pair, i < j, row by row.
    length : (e,) float64, the larger of the two entries where they differ by rounding.
    n : number of points.
    asymmetry : largest difference between the two entries of a pair; 0.0 if each has one.
    """
    if not sp.issparse(D):
        raise InputError(
            f"{what} is sparse, but held elsewhere ({type(D).__module__}). Load it into memory as a scipy.sparse matrix first."
        )
    if D.ndim != 2 or D.shape[0] != D.shape[1]:
        raise InputError(
            f"{what} must be square, not of shape {D.shape}. Pass an (n, n) matrix, or points with a distance "
            "other than 'precomputed'."
        )
    n = int(D.shape[0])
    if n < 1:
        raise InputError(f"{what} has 0 sample(s), but a minimum of 1 is required.")
    tolerance = _rounding(D.dtype)
    D = D if D.format in ("coo", "csr", "csc") else D.tocoo()
    stored = D.nnz
    C = sparse_numbers(D, what)
    C.sum_duplicates()
    if C.nnz != stored:
        raise InputError(
            f"{what} stores some pairs several times, and their sum would count. Pass a matrix in which each entry is "
            "stored once, such as D.tocsr() of what was made from distinct pairs."
        )
    largest = _stored_distances(C, what, tolerance)
    C.data = np.maximum(C.data, 0.0)
    i, j, length = _above(C)
    a, b, other = _above(C.T.tocsr())  # the entries below the diagonal, in the order of their mirror images
    if len(i) == 0 or len(a) == 0:
        return (i, j, length, n, 0.0) if len(a) == 0 else (a, b, other, n, 0.0)
    if len(i) != len(a) or (i != a).any() or (j != b).any():
        raise InputError(
            f"{what} is not symmetric: {len(i)} pairs are stored above the diagonal and {len(a)} below it, and they are not the "
            "same pairs. Store each pair twice, as D.maximum(D.T) does where no distance is 0, or only above the diagonal."
        )
    asymmetry = float(np.abs(length - other).max(initial=0.0))
    if asymmetry > tolerance * largest:
        raise InputError(
            f"{what} is not symmetric: entries differ by up to {asymmetry:g} from their mirror image (largest "
            f"entry {largest:g}). Pass D.maximum(D.T) or (D + D.T) / 2, whichever you mean."
        )
    return i, j, np.maximum(length, other), n, asymmetry


def _above(C: sp.csr_array) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the finite entries above the diagonal, row by row; columns are sorted in each row."""
    i = np.repeat(np.arange(C.shape[0]), np.diff(C.indptr))
    kept = (i < C.indices) & np.isfinite(C.data)
    return i[kept], C.indices[kept].astype(np.int64), C.data[kept]


def _stored_distances(C: sp.csr_array, what: str, tolerance: float) -> float:
    """Return the largest finite entry after refusing entries that are no distances."""
    if np.isnan(C.data).any():
        raise InputError(
            f"{what} contains NaN in {int(np.isnan(C.data).sum())} of its {C.nnz} stored entries. Leave out the entries of pairs "
            "that are never joined."
        )
    finite = C.data[np.isfinite(C.data)]
    largest = float(finite.max(initial=0.0))
    if (smallest := float(C.data.min(initial=0.0))) < -tolerance * largest:
        raise InputError(
            f"Negative values in data: {what} has an entry {smallest:g}, but distances are never negative. "
            "If these are similarities, turn them into distances first."
        )
    if (diagonal := float(np.abs(C.diagonal()).max())) > tolerance * largest:
        raise InputError(
            f"{what} has a non-zero diagonal (largest entry {diagonal:g}), but the distance of a point to itself "
            "is 0. If these are similarities, turn them into distances first. Otherwise set it to 0 by D.setdiag(0)."
        )
    return largest
