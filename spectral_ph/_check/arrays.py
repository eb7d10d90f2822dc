"""Checks of arrays: what stands in the place of one, and what hides or carries more than numbers or labels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set, Sized
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spectral_ph._check.sentences import InputError, WrongTypeError
from spectral_ph._types import BoolArray, FloatArray


def container(values: object, what: str) -> None:
    """Refuse what people pass in place of an array: a path, an AnnData, a generator, a dict, a single value."""
    kind = type(values).__name__
    if is_anndata(values):
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


def is_anndata(values: object) -> bool:
    """Say whether values are an AnnData, whether anndata is installed or not."""
    return any(base.__name__ == "AnnData" for base in type(values).__mro__)


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
