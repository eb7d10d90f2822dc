"""The whole chain: points to distances to diagrams to loops. The one file that knows all of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from spectral_ph import _check
from spectral_ph._types import EngineName, FloatArray, Graph, RandomState, Settings
from spectral_ph.distances.registry import Computed, compute
from spectral_ph.homology.diagram import Persistence, persistence_lengths
from spectral_ph.homology.persistence import rips_persistence
from spectral_ph.loops.coordinates import LiftError, circular_coordinate
from spectral_ph.loops.cycles import representative_cycle
from spectral_ph.loops.score import detection_score
from spectral_ph.loops.verdict import Loop, LoopResult, Verdict

LIFT_PRIMES = (47, 61, 73)
"""Fields tried in turn: a cocycle over Z/p nearly always lifts to the integers, and if not it does over another p."""


def persistence(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    maxdim: int = 1,
    engine: EngineName = "auto",
    threshold: float | None = None,
    *,
    graph: Graph | None = None,
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
        P, _ = _persistence(X, distance, maxdim, engine, threshold, graph, coeff, cocycles, random_state, params)
    return dataclasses.replace(P, warnings=tuple(warned))


def _persistence(
    X: FloatArray | None,
    distance: str,
    maxdim: int,
    engine: EngineName,
    threshold: float | None,
    graph: Graph | None,
    coeff: int,
    cocycles: bool,
    random_state: RandomState,
    params: Settings,
) -> tuple[Persistence, Computed]:
    computed = compute(X, distance, graph=graph, random_state=random_state, **params)
    P = rips_persistence(computed.D, maxdim, engine, threshold, coeff=coeff, cocycles=cocycles)
    return dataclasses.replace(P, settings=computed.settings | P.settings), computed


def find_loops(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    *,
    graph: Graph | None = None,
    n_loops: int = 3,
    threshold: float | None = None,
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
    with _check.collected() as warned:
        tried: list[int] = []
        while True:
            coeff = LIFT_PRIMES[len(tried)]
            P, computed = _persistence(
                X, distance, 1, "ripser", threshold, graph, coeff, True, random_state, dict(params)
            )
            try:
                loops = _describe(computed.D, P, n_loops, at)
                break
            except LiftError:
                tried.append(coeff)
                if len(tried) == len(LIFT_PRIMES):
                    raise
    settings = P.settings | {"n_loops": n_loops, "at": at, "random_state": random_state}
    if tried:
        settings["coeff_failed"] = tried
    warnings = tuple(warned)
    P = dataclasses.replace(P, settings=settings, warnings=warnings)
    verdict, reason = _undecided(P, loops)
    return LoopResult(verdict, reason, None, None, loops, P, settings, warnings)


def _describe(D: FloatArray, P: Persistence, n_loops: int, at: float) -> list[Loop]:
    """Give the longest features of degree 1 their cycle and phase."""
    assert P.birth_edges is not None
    assert P.cocycles is not None
    lengths = persistence_lengths(P[1])
    loops = []
    for k in range(min(n_loops, len(lengths))):
        birth, death = map(float, P[1][k])
        circular = circular_coordinate(
            D, P.cocycles[1][k], birth, death, P.settings["coeff"], at=at, threshold=P.settings["threshold"]
        )
        loops.append(
            Loop(
                birth,
                death,
                float(lengths[k]),
                detection_score(P[1], k + 1),
                representative_cycle(D, P.birth_edges[1][k]),
                circular.phase,
                circular.domain,
                circular.scale,
            )
        )
    return loops


def _undecided(P: Persistence, loops: list[Loop]) -> tuple[Verdict, str]:
    if not loops:
        return "no loop", "The filtration has no feature of degree 1 at all, so the points go round no loop."
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
