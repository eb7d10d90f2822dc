"""Checks of arrays: points, distances, graphs, and what stands in their place. Whatever type they are of, float64 comes out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set, Sized
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spectral_ph._check.sentences import Argument, InputError, WrongTypeError
from spectral_ph._types import BoolArray, FloatArray, Graph


def container(values: object, what: str) -> None:
    """Refuse what people pass in place of an array: a path, an AnnData, a generator, a dict, a single value."""
    kind = type(values).__name__
    if any(base.__name__ == "AnnData" for base in type(values).__mro__):
        raise WrongTypeError(
            f"{what} is an AnnData, but this takes an array. Pass the AnnData to spectral_ph.tl.loops, or pass an array "
            "of it, such as adata.obsm['X_pca']."
        )
    if isinstance(values, (str, bytes, os.PathLike)):
        raise WrongTypeError(
            f"{what} is a path or text ({str(values)[:60]!r}), not an array. Read a file with spectral_ph.files.read, "
            "whose result holds the array."
        )
    if isinstance(values, (Mapping, Set)):
        raise WrongTypeError(f"{what} is a {kind}, whose values have no order of rows and columns. Pass an array.")
    if isinstance(values, Iterable) and not isinstance(values, Sized) and not hasattr(values, "__array__"):
        raise WrongTypeError(f"{what} is a {kind}, which can be read only once. Pass numpy.array(list(...)) of it.")
    if values is None or np.isscalar(values):
        raise WrongTypeError(f"{what} is a single value ({values!r}), not an array.")


def is_sparse(values: object) -> bool:
    """Say whether values are sparse: of SciPy, in a file that anndata keeps open, or in blocks of dask."""
    backed = hasattr(values, "to_memory") and hasattr(values, "format")
    return sp.issparse(values) or backed or sp.issparse(getattr(values, "_meta", None))


def _hidden(values: object) -> bool:
    return isinstance(values, np.ma.MaskedArray) or (
        isinstance(values, (list, tuple)) and any(isinstance(row, np.ma.MaskedArray) for row in values)
    )


def real_type(dtype: Any, what: str) -> None:
    """Refuse a type of which numbers are not all there is: complex, times, records, text, Python objects.

    Parameters
    ----------
    dtype : of NumPy or pandas. what : what the array is called.
    """
    kind = getattr(dtype, "kind", "O")
    if kind in "biuf":
        return
    if kind == "c":
        raise WrongTypeError(
            f"Complex data not supported: {what} must hold real numbers. Pass its real part or its modulus."
        )
    if kind in "mM":
        raise WrongTypeError(
            f"{what} must hold numbers, not times ({dtype}). Choose a unit and divide by it, such as "
            "numpy.timedelta64(1, 's')."
        )
    if kind == "V" and dtype.names is not None:
        raise WrongTypeError(
            f"{what} must hold numbers, not records (fields: {', '.join(dtype.names)}). Pass "
            "numpy.lib.recfunctions.structured_to_unstructured of the fields that are coordinates."
        )
    held = {"S": "text", "U": "text", "T": "text", "V": "raw bytes"}.get(kind, "Python objects")
    raise WrongTypeError(
        f"{what} must hold numbers, not {held} ({dtype}). Convert it by .astype(float) if numbers are what it means."
    )


def numbers(values: object, what: str, *, objects: bool = False) -> NDArray[Any]:
    """Return an array of real numbers of any size, as it is if it is one; refuse what hides or carries more.

    Parameters
    ----------
    values : array, list, table of pandas (whose missing values become NaN), or what NumPy can read as an array.
    what : what it is called.
    objects : take an array of Python objects that all are real numbers, as scikit-learn does.

    Returns
    -------
    array of a boolean, integer or floating type.

    Raises
    ------
    WrongTypeError : anything else, such as masked, complex, datetime, structured or object arrays, text, paths.
    InputError : what cannot be read as an array.
    """
    container(values, what)
    if _hidden(values):
        raise WrongTypeError(
            f"{what} is a masked array, whose masked entries are no numbers. Fill them by .filled(value), or drop their "
            "rows; if nothing is masked, pass .data."
        )
    if hasattr(values, "to_numpy") and hasattr(values, "isna"):  # of pandas, where a missing value need not be a float
        table: Any = values
        columns = zip(table.columns, table.dtypes, strict=True) if hasattr(table, "columns") else ()
        for name, dtype in columns:
            real_type(dtype, f"column {str(name)!r} of {what}")
        if not hasattr(table, "columns"):
            real_type(table.dtype, what)
        return np.asarray(table.to_numpy(dtype=np.float64, na_value=np.nan))
    try:
        array = np.asarray(values)
    except Exception as error:  # whatever a container of another library raises
        raise InputError(f"{what} must hold numbers, but it could not be read as such ({error}).") from error
    if array.dtype.kind == "O" and array.ndim == 0:
        raise WrongTypeError(f"{what} must be an array of numbers, not {type(values).__name__}.")
    if array.dtype.kind == "O" and objects:
        return _numbers_of(array, what)
    real_type(array.dtype, what)
    return array


def _numbers_of(array: NDArray[Any], what: str) -> FloatArray:
    """Return the numbers of an array of Python objects; refuse any other object."""
    for value in array.flat:
        if not (_is_number(value) or isinstance(value, (bool, np.bool_))):
            why = f"argument must be a string that is read as a number or a real number, not {type(value).__name__!r}"
            raise WrongTypeError(f"{what} must hold numbers, but {value!r} is none ({why}).")
    return array.astype(np.float64)


def sparse_numbers(A: Any, what: str) -> sp.csr_array:
    """Return a sparse matrix as a fresh csr_array of float64, so that nothing is summed in a narrower type.

    Parameters
    ----------
    A : (n, m) scipy sparse array or matrix. what : what it is called.

    Returns
    -------
    csr_array; entries that A stores several times are added up when they are asked for.
    """
    real_type(A.dtype, what)
    if A.ndim != 2:
        raise InputError(f"{what} must be a matrix of 2 dimensions, not an array of {A.ndim} dimensions.")
    # SciPy cannot convert or slice types that it does not know (float16, other byte orders), but it can cast them.
    return (
        sp.csr_array(A, copy=True) if A.dtype == np.float64 and A.dtype.isnative else sp.csr_array(A.astype(np.float64))
    )


def missing(values: object) -> BoolArray:
    """Say which of (n,) values are missing: None, NaN, NaT, or the NA of pandas, which is neither equal nor unequal.

    Parameters
    ----------
    values : (n,) values of any kind.

    Returns
    -------
    (n,) bool.
    """
    array = np.asarray(values)
    if array.dtype.kind != "O":
        return np.asarray(array != array) if array.dtype.kind in "fcmM" else np.zeros(array.shape, dtype=bool)

    def is_missing(value: object) -> bool:
        try:
            return value is None or bool(value != value)
        except (TypeError, ValueError):  # "boolean value of NA is ambiguous"; an array is a value
            return not isinstance(value, Sized)

    return np.array([is_missing(value) for value in array], dtype=bool)


def column(values: object, what: str) -> tuple[NDArray[Any], BoolArray]:
    """Return numbers or labels, one for each point, and which of them are missing; refuse what is neither.

    Parameters
    ----------
    values : (n,) of any type; None, NaN or the NA of pandas where one is missing. what : what they are called.

    Returns
    -------
    values : (n,); numbers that came as Python objects, as beside None, are float64 with NaN.
    missing : (n,) bool.
    """
    if _hidden(values):
        raise WrongTypeError(f"{what} is a masked array. Fill it with NaN where values are missing.")
    array = np.asarray(values)
    if array.dtype.kind in "cV":
        raise WrongTypeError(f"{what} must hold numbers or labels, not {array.dtype}.")
    if array.ndim != 1:
        return array, np.zeros(array.shape, dtype=bool)
    gaps = missing(array)
    if array.dtype.kind == "O" and len(held := array[~gaps]) and all(map(_is_number, held)):
        array = np.full(array.shape, np.nan)
        array[~gaps] = held.astype(np.float64)
    return array, gaps


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def sized(X: object, graph: object, what: str = "X") -> tuple[Any, int]:
    """Return X as an array of numbers, and of how many points X or the graph is.

    Parameters
    ----------
    X : points or distances, None if there are none. Sparse ones are left to whoever says what may be passed instead.
    graph : a graph in place of X; what is none has no points, and is left to `graph`.
    what : what X is called.

    Returns
    -------
    X and the number of points.
    """
    if X is not None:
        array: Any = X if is_sparse(X) else numbers(X, what)
        return array, int(array.shape[0]) if array.ndim else 0
    shape = getattr(graph, "shape", ())
    return None, int(shape[0]) if shape else 0


LARGEST = 1e100
"""Largest size of a coordinate: squares must neither overflow nor vanish."""


def points(X: object, least: int = 2, what: str = "X") -> FloatArray:
    """Return `X` as a C-contiguous (n, d) float64 array of finite numbers with at least `least` rows."""
    if is_sparse(X):
        raise InputError(
            f"Sparse data was passed: {what} must be a dense (n, d) array. Reduce it first (spectral_ph.preprocess turns "
            f"counts into principal components), or pass {what}.toarray() if it fits in memory."
        )
    with np.errstate(over="ignore"):
        array: FloatArray = np.asarray(numbers(X, what), dtype=np.float64, order="C")
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
    array: FloatArray = np.asarray(np.ascontiguousarray(raw, dtype=kept))
    if len(array) < 1:
        raise InputError(f"{what} has 0 sample(s), but a minimum of 1 is required.")
    smallest, largest = float(array.min()), float(array.max())
    infinite = not np.isfinite(
        smallest + largest
    )  # NaN passes through both; no (n, n) mask for what is nearly always fine
    if infinite:
        _finite(array, what, infinite=True)
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
            "reaches them. Drop those points, or join them: raise ",
            Argument("n_neighbors"),
            ", or pass ",
            Argument("mode", "union"),
            ".",
        )
