"""Every check of user input and the sentence it raises: what was wrong, what is needed, what to type.

Public functions call these once, at the door; kernels trust their arguments.

Long because every check stands beside the others, so that their sentences agree.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph._types import FloatArray, Graph, RandomState


@dataclass(frozen=True)
class Argument:
    """An argument that a sentence names, so that each door can spell it its own way.

    Attributes
    ----------
    name : of the parameter, as in Python.
    value : the value that was passed or is to be passed; left out, the sentence means the argument itself.

    Examples
    --------
    >>> str(Argument("n_neighbors", 14)), str(Argument("mode", "union")), str(Argument("threshold"))
    ('n_neighbors=14', "mode='union'", 'threshold')
    """

    name: str
    value: Any = ...

    def __str__(self) -> str:
        return self.name if self.value is ... else f"{self.name}={self.value!r}"


class _Sentence(Exception):
    """A sentence in parts: text, and the arguments it names."""

    def __str__(self) -> str:
        return self.spelled(str)

    def spelled(self, spell: Callable[[Argument], str]) -> str:
        """Return the sentence with every argument as `spell` writes it.

        Parameters
        ----------
        spell : from an argument to what one types for it, such as `--n-neighbors 14`.

        Returns
        -------
        str
        """
        return "".join(spell(part) if isinstance(part, Argument) else str(part) for part in self.args)


class InputError(_Sentence, ValueError):
    """What the user passed cannot be used; the message says what to type instead.

    Its arguments are the parts of the sentence: text, and an `Argument` wherever the sentence names a parameter.
    """


class TooLargeError(InputError, MemoryError):
    """The job would not fit in memory; raised before anything is allocated."""


class MissingExtraError(InputError, ImportError):
    """An optional dependency is not installed; the message holds the install line."""


class SpectralWarning(_Sentence, UserWarning):
    """The answer stands, but something about it should be known. It is made of parts, as `InputError` is."""


def need(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs {module}, which is not installed. Run: pip install 'spectral_ph[{extra}]'"
        ) from error


def one_of(value: object, known: Iterable[str], what: str, name: str = "") -> str:
    """Return `value` if it is one of the known names; else raise, naming the nearest one.

    Parameters
    ----------
    value : what was passed. known : the names. what : what they name, such as "metric".
    name : of the parameter, where the sentence would not tell it otherwise.
    """
    names = list(known)
    if isinstance(value, str) and value in names:
        return value
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    given = Argument(name, value) if name else repr(value)
    raise InputError(given, f" is not a known {what}{hint} Known are: {', '.join(names)}.")


def missing_key(what: str, key: str, where: str, there: Iterable[object]) -> InputError:
    """Return the error of a key that an AnnData does not have, naming those there are and the nearest one."""
    keys = sorted(map(str, there))
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    listed = f"only {', '.join(map(repr, keys))}" if keys else "nor any other"
    return InputError(f"this AnnData has no {what} {key!r} in {where}, {listed}{hint}")


def positive_int(value: object, name: str, least: int = 1) -> int:
    """Return `value` as an int that is at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InputError(Argument(name), f" must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def real(value: object, name: str, least: float = -np.inf, most: float = np.inf) -> float:
    """Return `value` as a float within [least, most]; NaN is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError(Argument(name), f" must be a number, not {value!r}.")
    if value < least or value > most or value != value:
        span = f"at least {least:g}" if most == np.inf else f"between {least:g} and {most:g}"
        raise InputError(Argument(name), f" must be {span}, not {value!r}.")
    return float(value)


def flag(value: object, name: str) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(Argument(name), f" must be True or False, not {value!r}.")
    return bool(value)


def prime(value: object, name: str = "coeff") -> int:
    """Return `value` if it is a prime below 2**15, the order of a field that every engine can hold."""
    p = positive_int(value, name, least=2)
    if p >= 2**15 or any(p % q == 0 for q in range(2, int(p**0.5) + 1)):
        raise InputError(
            Argument(name), f" must be a prime below 32768, not {p}: homology is taken over the field Z/{name}."
        )
    return p


LARGEST = 1e100
"""Largest size of a coordinate: squares must neither overflow nor vanish."""


def points(X: object, least: int = 2, what: str = "X") -> FloatArray:
    """Return `X` as a C-contiguous (n, d) float64 array of finite numbers with at least `least` rows."""
    if sp.issparse(X):
        raise InputError(
            f"Sparse data was passed: {what} must be a dense (n, d) array. Reduce it first (spectral_ph.preprocess turns "
            f"counts into principal components), or pass {what}.toarray() if it fits in memory."
        )
    try:
        if np.iscomplexobj(array := np.asarray(X)):
            raise InputError(
                f"Complex data not supported: {what} must hold real numbers. Pass its real part or its modulus."
            )
        array = np.ascontiguousarray(array, dtype=np.float64)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{what} must hold numbers, but it could not be read as such ({error}).") from error
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


def _finite(array: FloatArray, what: str) -> None:
    if np.isfinite(array).all():
        return
    bad = ~np.isfinite(array)
    kind = " and ".join(k for k, hit in (("NaN", np.isnan(array).any()), ("infinity", np.isinf(array).any())) if hit)
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


def n_neighbors(wanted: object, n: int) -> int:
    """Return `wanted` if each of `n` points can have that many neighbours, itself not counted."""
    k = positive_int(wanted, "n_neighbors")
    if k >= n:
        raise InputError(
            Argument("n_neighbors", k),
            f" needs at least {k + 1} points (a point is not its own neighbour), but n_samples={n}. Pass ",
            Argument("n_neighbors", n - 1),
            " or fewer.",
        )
    return k


# A matrix of distances that was computed by matrix products is symmetric only up to rounding; more than this is a mistake.
ASYMMETRY = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-5}


def square_distances(
    D: object, what: str = "the distance matrix", *, float32: bool = False
) -> tuple[FloatArray, float]:
    """Check a precomputed (n, n) distance matrix and make it symmetric to the last bit.

    Returns
    -------
    D : (n, n) float64, C-contiguous, symmetric bit for bit, zero diagonal, non-negative. The very object that was
        passed if nothing had to change, else a copy; the input is never written to. With `float32` a float32 matrix stays one.
    asymmetry : largest |D_ij - D_ji| that was found (0.0 for a symmetric one); pairs that differed hold the larger.
    """
    if sp.issparse(D):
        raise InputError(
            f"Sparse data was passed: {what} must be a dense (n, n) array, because missing pairs have no distance. "
            "To use a sparse graph, pass it as ",
            Argument("graph"),
            "=A with a graph distance such as 'geodesic' or 'eff_res'.",
        )
    raw = np.asarray(D)
    if np.iscomplexobj(raw):
        raise InputError(f"Complex data not supported: {what} must hold real numbers.")
    if raw.ndim != 2 or raw.shape[0] != raw.shape[1]:
        raise InputError(
            f"{what} must be square, not of shape {raw.shape}. Pass an (n, n) matrix, or points with a distance "
            "other than 'precomputed'."
        )
    tolerance = ASYMMETRY.get(raw.dtype, 1e-10)
    kept = np.float32 if float32 and raw.dtype == np.float32 else np.float64
    try:
        array: FloatArray = np.asarray(np.ascontiguousarray(raw, dtype=kept))
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must hold numbers, but it could not be read as such ({error}).") from error
    if len(array) < 1:
        raise InputError(f"{what} has 0 sample(s), but a minimum of 1 is required.")
    smallest, largest = float(array.min()), float(array.max())
    if not np.isfinite(smallest + largest):  # NaN passes through both; no (n, n) mask for what is nearly always fine
        _finite(array, what)
    if smallest < 0:
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
    asymmetry = 0.0
    # By blocks of rows: a full D - D.T would double the memory of the largest object there is.
    step = max(1, 2**22 // len(array))
    for start in range(0, len(array), step):
        block = slice(start, start + step)
        asymmetry = max(asymmetry, float(np.abs(array[block, start:] - array[start:, block].T).max()))
    if asymmetry > tolerance * largest:
        raise InputError(
            f"{what} is not symmetric: entries differ by up to {asymmetry:g} from their mirror image (largest "
            f"entry {largest:g}). Pass (D + D.T) / 2 or numpy.maximum(D, D.T), whichever you mean."
        )
    if asymmetry > 0 or diagonal > 0:
        array = np.maximum(array, array.T)
        np.fill_diagonal(array, 0.0)
    return array, asymmetry


def graph(A: object, what: str = "the graph") -> Graph:
    """Return `A` as a symmetric csr_array of float64 conductances without stored zeros.

    A stored zero is no edge here: it has conductance 0. (In a matrix of *distances* a stored zero is an edge between
    duplicates; `spectral_ph.graph.symmetrize` builds graphs from patterns for that reason.)
    """
    if not sp.issparse(A):
        if not isinstance(A, np.ndarray):
            raise InputError(f"{what} must be a scipy sparse (n, n) matrix or an array, not {type(A).__name__}.")
        if A.ndim != 2:
            raise InputError(f"{what} must be an (n, n) matrix, not an array of {A.ndim} dimensions.")
    matrix = sp.csr_array(A, dtype=np.float64, copy=True)  # what follows works in place
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
    if (matrix.data < 0).any():
        raise InputError(
            f"{what} has negative weights (smallest {matrix.data.min():g}). Weights are conductances, w > 0."
        )
    if (matrix.data == 0).any():
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    difference = abs(matrix - matrix.T)
    if difference.nnz and (gap := difference.max()) > 0:
        if gap > 1e-10 * matrix.data.max():
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


def available_memory() -> int:
    """Bytes of memory that can be had without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


def memory(n_bytes: float, what: str, *instead: object) -> None:
    """Raise TooLargeError if there is no memory for `n_bytes`; called before anything is allocated.

    `instead` is the way out, in parts, as those of `InputError`.
    """
    there = available_memory()
    if n_bytes > there:
        raise TooLargeError(
            f"{what} would take about {n_bytes / 2**30:.1f} GiB of memory, but only {there / 2**30:.1f} GiB are available. ",
            *instead,
        )


def generator(random_state: RandomState) -> np.random.Generator:
    """Return a Generator; an int seeds a new one, None draws fresh entropy, the global state is never touched."""
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31))  # scikit-learn's convention for estimators
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool) and random_state >= 0:
        return np.random.default_rng(int(random_state))
    raise InputError(
        Argument("random_state"), f" must be a non-negative int, a numpy Generator or None, not {random_state!r}."
    )


def seed_record(random_state: RandomState) -> int | str | None:
    """Return what a result remembers of a random_state: the seed, None, or the type of a Generator."""
    if random_state is None or isinstance(random_state, (int, np.integer)):
        return None if random_state is None else int(random_state)
    return f"a {type(random_state).__name__}"


MEANT = {"k": "n_neighbors", "method": "solver"}
"""What a name of other libraries, or an old one, most likely means."""

COMPONENTS = ("n_pcs", "n_comps", "n_dims")
"""How other libraries ask for principal components, which are made before anything here begins."""


def parameters(function: Callable[..., Any], given: dict[str, Any], what: str, also: Iterable[str] = ()) -> None:
    """Refuse keyword arguments that `function` does not take, naming the nearest that it or its caller takes.

    Parameters
    ----------
    function : its keyword-only parameters are allowed.
    given : arguments by name.
    what : what takes them, as the sentence calls it.
    also : further names that the whole chain knows; not allowed here, but a misspelt name may have meant one.
    """
    known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name in given:
        if name in known:
            continue
        takes = f"It takes: {', '.join(known) or 'none'}."
        if name in COMPONENTS:
            raise InputError(
                f"{what} has no parameter {name!r}: the points decide how many components there are. Pass fewer "
                f"columns, or reduce counts by spectral_ph.preprocess(..., n_components={given[name]!r})."
            )
        candidates = [*known, *(n for n in also if n not in known)]
        near = [MEANT[name]] if MEANT.get(name) in candidates else []
        if name not in candidates:  # which needs no other spelling, but another place
            near = near or difflib.get_close_matches(name, candidates, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}? " if near else ". "
        raise InputError(f"{what} has no parameter {name!r}{hint}{takes}")


_collecting: ContextVar[list[str] | None] = ContextVar("collecting", default=None)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect what `warn` says within the block, so that a result can carry its warnings while the user still sees them.

    Each thread has its own list; `warnings.catch_warnings` would mix those of parallel callers.
    """
    texts: list[str] = []
    token = _collecting.set(texts)
    try:
        yield texts
    finally:
        _collecting.reset(token)


_unheard: ContextVar[bool] = ContextVar("unheard", default=False)


@contextmanager
def unheard() -> Iterator[list[str]]:
    """Collect what `warn` says within the block and show none of it: the halves' result tells what matters of it."""
    token = _unheard.set(True)
    try:
        with collected() as texts:
            yield texts
    finally:
        _unheard.reset(token)


def warn(*parts: object) -> None:
    """Issue a SpectralWarning that points at the first line outside of this package, and note it for the result.

    Parameters
    ----------
    *parts : text, and an `Argument` wherever the sentence names a parameter.
    """
    warning = SpectralWarning(*parts)
    if (texts := _collecting.get()) is not None:
        texts.append(str(warning))
    if _unheard.get():
        return
    frame, level = inspect.currentframe(), 0
    while frame is not None and str(frame.f_globals.get("__name__")).split(".")[0] in ("spectral_ph", "contextlib"):
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level + 1)
