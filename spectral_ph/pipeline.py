"""The whole chain: points to distances to diagrams to loops. The one file that knows all of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from spectral_ph import _check
from spectral_ph._types import EngineName, FloatArray, Graph, ImplicitDistances, RandomState, Settings
from spectral_ph.distances.landmarks import farthest_points
from spectral_ph.distances.lookup import matrix, restrict
from spectral_ph.distances.registry import DISTANCES, compute, compute_implicit
from spectral_ph.homology.diagram import Persistence, persistence_lengths
from spectral_ph.homology.persistence import implicit_persistence, rips_persistence
from spectral_ph.loops.coordinates import LiftError, circular_coordinate, orient
from spectral_ph.loops.cycles import cocycle_value, representative_cycle
from spectral_ph.loops.score import detection_score
from spectral_ph.loops.verdict import Loop, LoopResult, Verdict

METHODS = ("auto", "exact", "truncated", "landmarks")
EXACT_POINTS = 20_000
"""Up to so many points `method="auto"` is exact: n^3 flops are two minutes on two cores, and the matrix 3.2 GB."""

MATRIX_SHARE = 1.5
"""Memory of the exact chain, in matrices: the distances and what the homology of typical data needs beside them."""

LIFT_PRIMES = (47, 61, 73)
"""Fields tried in turn: a cocycle over Z/p nearly always lifts to the integers, and if not it does over another p."""

ROUNDING = 1e-12
"""Features shorter than this share of the largest distance are what rounding makes of equal lengths, and no loops."""


def persistence(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    maxdim: int = 1,
    engine: EngineName = "auto",
    threshold: float | None = None,
    *,
    graph: Graph | None = None,
    method: str = "auto",
    n_landmarks: int = 1000,
    coeff: int = 2,
    cocycles: bool = False,
    random_state: RandomState = 0,
    **params: Any,
) -> Persistence:
    """Compute the persistence diagrams of a set of points under a distance.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances with distance="precomputed".
    distance : see `distance_matrix`; default "eff_res", corrected effective resistance on the 15-nearest-neighbour graph.
    maxdim : largest degree of homology, 0, 1 or 2.
    engine : "auto", "h1", "ripser" or "gudhi"; the diagram is the same from each.
    threshold : longest edge of the filtration, in the unit of the distance; None for all.
    graph : (n, n) symmetric sparse matrix of conductances in place of X, for distances on a graph.
    method : "exact" holds the (n, n) distances. "truncated" (eff_res and diffusion, maxdim <= 1) holds the first
        `n_components` eigenpairs (100, or 200 where those end below an eigenvalue of .4), estimates the rest, and states
        the error; what it returns is exact for these distances.
        "landmarks" takes `n_landmarks` farthest points of those, with a bound on what the others could change. "auto" is
        exact for as long as n <= `EXACT_POINTS` and the matrix fits, else truncated; `settings["method_reason"]` says why.
        Any other name is the distance's own `method`, and exact otherwise.
    n_landmarks : how many, for "landmarks".
    coeff : prime p of the field Z/p.
    cocycles : also return a cocycle for each feature of degree 1.
    random_state : seed for whatever is random in the neighbour search and the distance.
    **params : by name, of the neighbour graph (n_neighbors=15, metric, mode, weighted, search), of the distance, and dtype
        ("float32" halves the memory of the distances).

    Returns
    -------
    Persistence
        With all parameters in `settings` and what was warned about in `warnings`.

    Raises
    ------
    InputError : a sentence that says what came, what was needed and what to type.
    TooLargeError : if it would not fit in memory; before anything is allocated.

    References
    ----------
    Damrich, Berens, Kobak, Persistent homology for high-dimensional data based on spectral methods, NeurIPS 2024
    (arXiv 2311.03087).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(200, ambient_dim=20, sigma=0.1)
    >>> P = sph.persistence(X, distance="eff_res")
    >>> sph.detection_score(P[1]) > 0.9
    True
    """
    with _check.collected() as warned:
        n = len(X) if X is not None else np.shape(graph)[0] if graph is not None else 0
        way, reason = _method(method, distance, n, maxdim, engine, coeff)
        chosen: Settings = {"method": way, "method_reason": reason}
        if method not in METHODS:
            params["method"] = method
        if way == "exact":
            computed = compute(X, distance, graph=graph, random_state=random_state, **params)
            P = rips_persistence(computed.D, maxdim, engine, threshold, coeff=coeff, cocycles=cocycles)
            chosen = chosen | computed.settings
        else:
            implicit, settings = compute_implicit(X, distance, graph=graph, random_state=random_state, **params)
            chosen = settings | chosen | implicit.facts
            if way == "truncated":
                _warn_truncated(implicit)
                P = implicit_persistence(implicit, threshold, cocycles=cocycles)
            else:
                P, facts = _on_landmarks(implicit, n_landmarks, maxdim, engine, threshold, coeff, cocycles)
                chosen = chosen | facts
    return dataclasses.replace(P, settings=chosen | P.settings, warnings=tuple(warned))


def _method(method: str, distance: str, n: int, maxdim: int, engine: str, coeff: int) -> tuple[str, str]:
    """Return "exact", "truncated" or "landmarks", and why."""
    if method in ("truncated", "landmarks"):
        if method == "truncated" and (maxdim > 1 or coeff != 2 or engine not in ("auto", "h1")):
            raise _check.InputError(
                f"method='truncated' computes degrees 0 and 1 over Z/2 with engine 'h1', and maxdim={maxdim}, coeff={coeff}, "
                f"engine={engine!r} came; pass method='landmarks', or method='exact'."
            )
        return method, "asked for"
    if method != "auto":
        return "exact", "asked for"
    if n <= EXACT_POINTS and MATRIX_SHARE * 8.0 * n**2 <= _check.available_memory():
        return "exact", f"{n} points are at most {EXACT_POINTS} and their matrix fits in memory"
    row = DISTANCES.get(distance)
    if row is None or row.implicit is None or maxdim > 1 or coeff != 2 or engine not in ("auto", "h1"):
        return "exact", "nothing else computes what is asked for"
    return "truncated", f"{n} points are more than {EXACT_POINTS}, or their matrix does not fit in memory"


def _warn_truncated(implicit: ImplicitDistances) -> None:
    facts = implicit.facts
    if facts.get("complete"):
        return
    error = facts["error"]
    _check.warn(
        f"distances were computed from {facts['n_components']} of {len(implicit)} eigenpairs and an estimate of the rest: on "
        f"{error['all']['pairs']} sampled pairs they are off by at most {error['all']['max']:.2g}, on edges of the graph by at "
        f"most {error['edges']['max']:.2g} (median distance {error['median']:.2g}), and births and deaths by about as much."
    )


def _on_landmarks(
    implicit: ImplicitDistances,
    n_landmarks: int,
    maxdim: int,
    engine: EngineName,
    threshold: float | None,
    coeff: int,
    cocycles: bool,
) -> tuple[Persistence, Settings]:
    """Return the diagrams of some of the points, with indices among all of them, and the bound."""
    chosen = farthest_points(implicit, _check.positive_int(n_landmarks, "n_landmarks"))
    m = len(chosen.indices)
    _check.memory(8.0 * m**2, f"the distances between {m} landmarks", "use fewer of them (n_landmarks).")
    P = rips_persistence(
        matrix(restrict(implicit, chosen.indices)), maxdim, engine, threshold, coeff=coeff, cocycles=cocycles
    )
    unit = "births and deaths" if implicit.root else "the roots of births and deaths"
    _check.warn(
        f"{m} of {len(implicit)} points were used as landmarks: {unit} in degree {chosen.least_degree} and above move by at "
        f"most {chosen.bound:.2g} beside the truncation."
    )
    facts: Settings = {
        "n_landmarks": m,
        "covering_radius": chosen.radius,
        "landmark_bound": chosen.bound,
        "landmark_bound_of": unit,
        "landmark_least_degree": chosen.least_degree,
    }
    edges = P.birth_edges
    if edges is not None:
        edges = [np.where(e >= 0, np.sort(chosen.indices[e], axis=1), -1) for e in edges]
    cochains = P.cocycles
    if cochains is not None:
        cochains = [[np.column_stack([chosen.indices[c[:, :2]], c[:, 2]]) for c in part] for part in cochains]
    return dataclasses.replace(P, n_points=len(implicit), birth_edges=edges, cocycles=cochains), facts


def find_loops(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    *,
    graph: Graph | None = None,
    n_loops: int = 3,
    threshold: float | None = None,
    engine: EngineName = "auto",
    at: float = 0.9,
    random_state: RandomState = 0,
    **params: Any,
) -> LoopResult:
    """Find the most persistent loops of a set of points: which points go round them, and where each point stands.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances with distance="precomputed".
    distance : see `distance_matrix`.
    graph : (n, n) symmetric sparse matrix of conductances in place of X.
    n_loops : how many of the most persistent features to describe.
    threshold : longest edge of the filtration; None for all.
    engine : "h1" (ours, cocycles over Z/2), "ripser" (over Z/47, slow from some thousand points on), or "auto": ours, and
        ripser where a cocycle over Z/2 has no integer lift (`settings["lift_failed"]` says so).
    at : where between birth (0) and death (1) of a loop its circular coordinate is computed.
    random_state : seed.
    **params : of the neighbour graph and of the distance, by name.

    Returns
    -------
    LoopResult
        `verdict` is "no loop" only if there is no feature of degree 1 at all, and "undecided" otherwise: how long a
        feature must live to count as a loop is not calibrated here, and `reason` says so.

    Raises
    ------
    InputError : a sentence that says what came, what was needed and what to type.
    TooLargeError : if it would not fit in memory; before anything is allocated.

    References
    ----------
    Circular coordinates: de Silva, Morozov, Vejdemo-Johansson, Discrete Comput. Geom. 2011.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> R = sph.find_loops(sph.datasets.circle(200, ambient_dim=20, sigma=0.1), n_loops=1)
    >>> R.loops[0].phase.shape
    (200,)
    """
    n_loops = _check.positive_int(n_loops, "n_loops")
    _check.one_of(engine, ("auto", "h1", "ripser"), "engine of find_loops")
    at = _check.real(at, "at", least=0, most=np.nextafter(1.0, 0.0))
    with _check.collected() as warned:
        computed = compute(X, distance, graph=graph, random_state=random_state, **params)
        P, loops, failed = _loops(computed.D, threshold, engine, n_loops, at)
    settings = computed.settings | P.settings | {"n_loops": n_loops, "at": at}
    if failed:
        settings["lift_failed"] = failed
    P = dataclasses.replace(P, settings=settings, warnings=tuple(warned))
    verdict, reason = _undecided(P, loops)
    return LoopResult(verdict, reason, None, None, loops, P, settings, tuple(warned))


def _loops(
    D: FloatArray, threshold: float | None, engine: EngineName, n_loops: int, at: float
) -> tuple[Persistence, list[Loop], list[str]]:
    """Return the diagrams, the longest loops, and over which fields no cocycle could be lifted to the integers.

    Our own engine gives cocycles over Z/2, which nearly always lift by directing their edges; if not, ripser.py gives
    them over larger primes, at its own cost.
    """
    ways: list[tuple[EngineName, int]] = [("ripser", p) for p in LIFT_PRIMES]
    if engine != "ripser":
        ways = [("h1", 2), *(ways if engine == "auto" else [])]
    failed: list[str] = []
    while True:
        name, coeff = ways[len(failed)]
        P = rips_persistence(D, 1, name, threshold, coeff=coeff, cocycles=True)
        try:
            return P, _describe(D, P, n_loops, at), failed
        except LiftError:
            failed.append(f"{name}, Z/{coeff}")
            if len(failed) == len(ways):
                raise


def _describe(D: FloatArray, P: Persistence, n_loops: int, at: float) -> list[Loop]:
    """Give the longest features of degree 1 their cycle and phase."""
    assert P.birth_edges is not None
    assert P.cocycles is not None
    lengths = persistence_lengths(P[1])
    rounding = ROUNDING * float(D.max())
    loops = []
    for k in range(min(n_loops, int((lengths > rounding).sum()))):
        birth, death = map(float, P[1][k])
        cycle = representative_cycle(D, P.birth_edges[1][k])
        cocycle, coeff = P.cocycles[1][k], P.settings["coeff"]
        where: Settings = {"at": at, "threshold": P.settings["threshold"]}
        if coeff == 2:
            cocycle, coeff = orient(D, cocycle, birth, death, **where), LIFT_PRIMES[0]
            if cocycle_value(cycle, cocycle, coeff) not in (1, coeff - 1):
                raise LiftError("the directed cocycle winds more than once; compute it over another prime.")
        circular = circular_coordinate(D, cocycle, birth, death, coeff, **where)
        loops.append(
            Loop(
                birth,
                death,
                float(lengths[k]),
                detection_score(P[1], k + 1),
                cycle,
                circular.phase,
                circular.domain,
                circular.scale,
                np.asarray(D[:, cycle].min(axis=1), dtype=np.float64),
            )
        )
    return loops


def _undecided(P: Persistence, loops: list[Loop]) -> tuple[Verdict, str]:
    if not loops:
        many = f"; {len(P[1])} are shorter than rounding errors" if len(P[1]) else ""
        return "no loop", f"The filtration has no feature of degree 1 at all{many}, so the points go round no loop."
    first, second = [*persistence_lengths(P[1])[:2], 0.0][:2]
    if second == 0:
        found = "There is exactly one feature of degree 1"
    elif np.isinf(second):
        found = "Several features of degree 1 are alive at the threshold"
    else:
        found = (
            f"The longest of {len(P[1])} features of degree 1 is {first / second:.3g} times as persistent as the next"
        )
    return "undecided", (
        f"{found}, but whether noise without a loop could do the same was not tested, so this is no verdict yet."
    )
