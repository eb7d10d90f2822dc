"""Every check of user input and the sentence it raises: what was wrong, what is needed, what to type.

Public functions call these once, at the door; kernels trust their arguments. Names, numbers, memory and seeds are checked
here, arrays in `arrays`, and points, distances and graphs in `spaces`. What a refusal or a warning is made of is in
`sentences`.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import time
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from spectral_ph._check.arrays import (
    column,
    container,
    is_sparse,
    missing,
    numbers,
    real_type,
    sized,
    sparse_numbers,
)
from spectral_ph._check.limits import available_memory
from spectral_ph._check.sentences import (
    Argument,
    InputError,
    MissingExtraError,
    SpectralWarning,
    TooLargeError,
    WrongTypeError,
    collected,
    unheard,
    warn,
)
from spectral_ph._check.spaces import (
    LARGEST,
    degrees_positive,
    distinct,
    graph,
    longest,
    points,
    sparse_distances,
    square_distances,
)
from spectral_ph._types import RandomState

__all__ = [
    "COMPONENTS",
    "LARGEST",
    "MEANT",
    "Argument",
    "InputError",
    "MissingExtraError",
    "SpectralWarning",
    "TooLargeError",
    "WrongTypeError",
    "available_memory",
    "collected",
    "column",
    "container",
    "degrees_positive",
    "distinct",
    "flag",
    "generator",
    "graph",
    "is_sparse",
    "longest",
    "memory",
    "missing",
    "missing_key",
    "n_neighbors",
    "need",
    "numbers",
    "one_of",
    "parameters",
    "points",
    "positive",
    "positive_int",
    "prime",
    "real",
    "real_type",
    "seed",
    "seed_record",
    "sized",
    "sparse_distances",
    "sparse_numbers",
    "square_distances",
    "unheard",
    "warn",
]

Name = TypeVar("Name", bound=str | None)


def need(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs {module}, which is not installed. Run: pip install 'spectral_ph[{extra}]'"
        ) from error


def one_of(value: object, known: Iterable[Name], what: str, name: str = "") -> Name:
    """Return `value` if it is one of the known names; else raise, naming the nearest one.

    Parameters
    ----------
    value : what was passed. known : the names, and None where it is one. what : what they name, such as "metric".
    name : of the parameter, where the sentence would not tell it otherwise.
    """
    names = {str(one): one for one in known}
    for one in names.values():
        if value is one or (isinstance(value, str) and value == one):
            return one
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f"; did you mean {names[near[0]]!r}?" if near else "."
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


def positive(value: object, name: str) -> float:
    """Return `value` as a float that is finite and above 0."""
    wanted = real(value, name)
    if wanted <= 0 or wanted == np.inf:
        raise InputError(Argument(name), f" must be a finite number above 0, not {value!r}.")
    return wanted


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


LITTLE, MOMENT = 2**26, 0.2
"""Bytes that are asked for so often that what was available up to so many seconds ago will do."""

_seen: list[Any] = [None, 0.0, 0]


def _lately() -> int:
    """Return what memory is available now, or was a moment ago."""
    now = time.monotonic()
    if _seen[0] is not available_memory or now - _seen[1] > MOMENT:
        _seen[:] = [available_memory, now, available_memory()]
    return int(_seen[2])


def memory(n_bytes: float, what: str, *instead: object) -> None:
    """Raise TooLargeError if there is no memory for `n_bytes`; called before anything is allocated.

    `instead` is the way out, in parts, as those of `InputError`. Asking takes a millisecond, and the halves of `find_loops` ask a
    thousand times, so little is answered from what there was a moment ago.
    """
    there = _lately() if n_bytes < LITTLE else available_memory()
    if n_bytes > there:
        raise TooLargeError(
            f"{what} would take about {n_bytes / 2**30:.1f} GiB of memory, but only {there / 2**30:.1f} GiB are available. ",
            *instead,
        )


def seed(random_state: object) -> None:
    """Refuse what is no random_state: None, a Generator, a RandomState, or a whole number of at most 64 bits."""
    if random_state is None or isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        return
    if isinstance(random_state, bool) or not isinstance(random_state, (int, np.integer)) or random_state < 0:
        raise InputError(
            Argument("random_state"), f" must be a non-negative int, a numpy Generator or None, not {random_state!r}."
        )
    if random_state >= 2**64:
        raise InputError(
            Argument("random_state"),
            f" must be less than 2**64, not {random_state!r}, because results are stored with their seed and no file "
            "holds a longer one.",
        )


def generator(random_state: RandomState) -> np.random.Generator:
    """Return a Generator; an int seeds a new one, None draws fresh entropy, the global state is never touched."""
    seed(random_state)
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31))  # scikit-learn's convention for estimators
    return np.random.default_rng(int(random_state))


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
