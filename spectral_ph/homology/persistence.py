"""The front door of homology: any (n, n) matrix to persistence diagrams, and the rule that chooses the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import EngineName, FloatArray, Settings
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.engines import EngineResult, most_simplices, run_gudhi, run_h1, run_h2, run_ripser
from spectral_ph.homology.rips_sparse import Edges, edges_from

ENGINES = {"h1": run_h1, "h2": run_h2, "ripser": run_ripser, "gudhi": run_gudhi}
OURS = {"h1": 1, "h2": 2}
"""Our own engines, over Z/2 only, and the largest degree of each."""


def choose_engine(maxdim: int, coeff: int, cocycles: bool, sparse: bool = False) -> tuple[str, str]:
    """Return the engine for `engine="auto"` and the reason.

    Parameters
    ----------
    maxdim : largest degree of homology.
    coeff : prime.
    cocycles : whether cocycles are wanted.
    sparse : whether the distances came as a sparse matrix.

    Returns
    -------
    engine : name.
    reason : a phrase, kept with the result.
    """
    if cocycles and (maxdim > 1 or coeff != 2):
        return "ripser", "the one that has cocycles over Z/p"
    if cocycles and sparse:
        return "ripser", "the one that has cocycles of a sparse matrix"
    if maxdim <= 1 and coeff == 2:
        return "h1", "the fastest for degrees 0 and 1 over Z/2"
    if maxdim > 2:
        return "gudhi", "the fastest for degree 3 and above"
    if coeff == 2:
        return "h2", "the fastest for degree 2 over Z/2"
    if maxdim <= 1:
        return "gudhi", f"the fastest for degrees 0 and 1 over Z/{coeff}"
    return "gudhi", f"edge collapse makes it the fastest for degree 2 over Z/{coeff}"


def rips_persistence(
    D: FloatArray | sp.sparray | sp.spmatrix,
    maxdim: int = 1,
    engine: EngineName = "auto",
    threshold: float | None = None,
    *,
    coeff: int = 2,
    cocycles: bool = False,
) -> Persistence:
    """Compute the persistence diagrams of the Vietoris-Rips filtration of a distance matrix.

    Parameters
    ----------
    D : (n, n) distances, float64 or float32: symmetric, non-negative, zero on the diagonal. Asymmetry of the size of
        rounding is taken off: the larger of each pair counts, and `settings["homology"]["asymmetry"]` tells how much there
        was. More is refused. inf is the distance of points that are never joined: each part that hangs together has a
        class of degree 0 that never dies, and a class that only such a pair could end never dies either;
        `settings["homology"]["never_joined"]` counts these pairs. A sparse matrix is never made dense: a pair without an entry
        is never joined, a stored zero is a distance of 0, and each pair is stored twice or only on one side of the diagonal.
    maxdim : largest degree of homology. Above 2, `settings["homology"]["most_simplices"]` says how many simplices of one
        dimension more there can be at most, which bounds the work.
    engine : "h1" (ours, degrees 0 and 1 over Z/2), "h2" (ours, degrees 0 to 2 over Z/2), "ripser", "gudhi", or "auto": see
        `choose_engine`. The diagram is the same from each. Where "auto" takes "h2" and its tables do not fit in memory, gudhi
        takes over, with a warning and the reason in `settings["homology"]["engine_reason"]`.
    threshold : longest edge, in the unit of D; None for all. Classes alive at the threshold have death inf.
    coeff : prime p, homology is taken over Z/p.
    cocycles : also return a cocycle for each feature of degree 1, and with "ripser" of those above.

    Returns
    -------
    Persistence

    Raises
    ------
    InputError : for a matrix that holds no distances, an unknown engine, or an engine that cannot do what is asked.
    TooLargeError : if even the smallest workspace would not fit in memory.

    References
    ----------
    Bauer, Ripser, J. Appl. Comput. Topol. 2021.
    """
    _check.one_of(engine, ("auto", *ENGINES), "engine")
    sparse = _check.is_sparse(D)
    if sparse:
        i, j, length, n, asymmetry = _check.sparse_distances(D)
        given: Any = edges_from(i, j, length, n)
    else:
        given, asymmetry = _check.square_distances(D, float32=True)
        n = len(given)
    maxdim = _check.positive_int(maxdim, "maxdim", least=0)
    coeff = _check.prime(coeff)
    cocycles = _check.flag(cocycles, "cocycles")
    if threshold is not None:
        threshold = _check.real(threshold, "threshold", least=0)
        threshold = None if np.isinf(threshold) else threshold
    reason = "asked for"
    if engine == "auto":
        name, reason = choose_engine(maxdim, coeff, cocycles, sparse)
    else:
        name = engine
    _refuse_engine(name, maxdim, coeff, cocycles, sparse)
    settings: Settings = {"maxdim": maxdim, "engine": name, "engine_reason": reason}
    settings |= {"threshold": threshold, "coeff": coeff}
    if asymmetry:
        settings["asymmetry"] = asymmetry
    infinite = not sparse and bool(np.isinf(given.max()))
    never_joined = n * (n - 1) // 2 - len(given) if sparse else int(np.isinf(given).sum()) // 2 if infinite else 0
    if never_joined:
        settings["never_joined"] = never_joined
    if maxdim > 2:
        settings["most_simplices"] = most_simplices(_n_edges(given, threshold), maxdim + 1)
    if n == 1:
        diagrams = [np.array([[0.0, np.inf]]), *(np.empty((0, 2)) for _ in range(maxdim))]
        edges = [np.full((1, 2), -1), *(np.empty((0, 2), np.int64) for _ in range(maxdim))]
        found = EngineResult(diagrams, edges, [[] for _ in diagrams] if cocycles else None)
    else:
        if not sparse:
            bytes_a_pair = {"h1": 8.0, "h2": 20.0, "ripser": 32.0, "gudhi": 8.0 if maxdim < 2 else 24.0}[name]
            by_edges = 0.0 if name in OURS else BYTES_AN_EDGE * _n_edges(given, threshold)
            _check.memory(
                n**2 * (bytes_a_pair + 8.0 * infinite) + by_edges,
                f"persistent homology of {n} points with engine {name!r}",
                *_instead(name, maxdim),
            )
            if infinite:
                given, threshold = _joined(given, threshold)
            if name != "h1":  # which computes in either precision
                given = np.asarray(given, dtype=np.float64)
        try:
            found = ENGINES[name](given, maxdim, threshold, coeff, cocycles)
        except _check.TooLargeError as problem:
            if engine != "auto" or name != "h2":
                raise
            _check.warn("engine 'h2' gave up and 'gudhi' took over: ", *problem.args)
            name = "gudhi"
            settings |= {"engine": name, "engine_reason": f"'h2' gave up: {problem}"}
            found = run_gudhi(given, maxdim, threshold, coeff, cocycles)
    return Persistence(found.diagrams, n, name, {"homology": settings}, (), found.birth_edges, found.cocycles)


BYTES_AN_EDGE = 160.0
"""What ripser and gudhi take for each edge beside matrices, in degree 1: at least so much, as for points without structure.

Around a large loop it was 390 to 850, which nothing tells before the work is done.
"""


def _n_edges(given: Any, threshold: float | None) -> int:
    """Return how many edges there are up to a threshold, or up to the enclosing radius."""
    longest = np.inf if threshold is None else threshold
    if isinstance(given, Edges):
        return len(given.up_to(longest))
    longest = min(longest, float(given.max(axis=1).min()))
    return (int(np.count_nonzero(given <= longest)) - len(given)) // 2


def _instead(name: str, maxdim: int) -> tuple[object, ...]:
    """Say what takes less memory than an engine does in a degree."""
    if name == "h1":
        return ("Pass fewer points.",)
    if maxdim < 2:
        return ("Pass fewer points, a ", _check.Argument("threshold"), ", or ", _check.Argument("engine", "h1"), ".")
    return ("Pass fewer points, a ", _check.Argument("threshold"), ", or ", _check.Argument("maxdim", 1), ".")


def _refuse_engine(name: str, maxdim: int, coeff: int, cocycles: bool, sparse: bool) -> None:
    """Refuse an engine that cannot do what is asked, naming one that can."""
    if name in OURS and (maxdim > OURS[name] or coeff != 2):
        other = "h2" if coeff == 2 and maxdim <= OURS["h2"] else "gudhi"
        raise _check.InputError(
            _check.Argument("engine", name),
            f" computes degrees 0 to {OURS[name]} over Z/2, but ",
            _check.Argument("maxdim", maxdim),
            " and ",
            _check.Argument("coeff", coeff),
            " were asked for. Pass ",
            _check.Argument("engine", other),
            ".",
        )
    if cocycles and (name in ("gudhi", "h2") or (name == "h1" and sparse)):
        raise _check.InputError(
            _check.Argument("engine", name),
            " returns no cocycles" + (" of a sparse matrix" if name == "h1" else "") + ". Pass ",
            _check.Argument("engine", "ripser"),
            ", or ",
            _check.Argument("cocycles", False),
            ".",
        )


def _joined(D: FloatArray, threshold: float | None) -> tuple[FloatArray, float]:
    """Return finite distances and a threshold for the engines: below it are just the pairs that are joined."""
    longest = _check.longest(D)
    D = np.where(np.isinf(D), D.dtype.type(longest + max(longest, 1.0)), D)
    return D, longest if threshold is None else min(threshold, longest)


def implicit_persistence(
    implicit: ImplicitDistances, threshold: float | None = None, *, cocycles: bool = False
) -> Persistence:
    """Compute degrees 0 and 1 over Z/2 of the Vietoris-Rips filtration of implicit distances.

    Parameters
    ----------
    implicit : distances between n points that are computed when they are asked for.
    threshold : longest edge, in the unit of the distances; None for all.
    cocycles : also return a cocycle for each feature of degree 1.

    Returns
    -------
    Persistence
        Exact for the implicit distances; `implicit.facts` tells how far those may be off.

    Raises
    ------
    TooLargeError : if the workspace would not fit in memory.
    """
    from spectral_ph.homology.rips_implicit import rips_h1_implicit

    if threshold is not None:
        threshold = _check.real(threshold, "threshold", least=0)
        threshold = None if np.isinf(threshold) else threshold
    found = rips_h1_implicit(implicit, threshold, cocycles=_check.flag(cocycles, "cocycles"), progress=True)
    settings: Settings = {"maxdim": 1, "engine": "h1", "engine_reason": "the one that needs no matrix"}
    settings |= {"threshold": threshold, "coeff": 2}
    edges = [np.full((len(found.h0), 2), -1), found.birth_edges]
    kept = [[], found.cocycles] if found.cocycles is not None else None
    return Persistence([found.h0, found.h1], len(implicit), "h1", {"homology": settings}, (), edges, kept)
