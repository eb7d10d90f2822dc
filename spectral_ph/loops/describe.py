"""Diagrams -> loops: the longest features of degree 1, each with its cycle, its phase and its distance from every point."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._types import EngineName, FloatArray, Settings, Spacing
from spectral_ph.homology.diagram import Persistence, persistence_lengths
from spectral_ph.homology.persistence import rips_persistence
from spectral_ph.loops.coordinates import LiftError, circular_coordinates, orient
from spectral_ph.loops.cycles import cocycle_value, representative_cycle
from spectral_ph.loops.result import Loop
from spectral_ph.loops.score import detection_score

LIFT_PRIMES = (47, 61, 73)
"""Fields tried in turn: a cocycle over Z/p nearly always lifts to the integers, and if not it does over another p."""

ROUNDING = 1e-12
"""Features shorter than this share of the largest distance are what rounding makes of equal lengths, and no loops."""


def longest_loops(
    D: FloatArray,
    threshold: float | None,
    engine: EngineName,
    n_loops: int,
    at: float,
    spacing: Spacing = "cells",
) -> tuple[Persistence, list[Loop], list[str]]:
    """Return the diagrams, the longest loops, and over which fields no cocycle could be lifted to the integers.

    Our own engine gives cocycles over Z/2, which nearly always lift by directing their edges. Where one does not, ripser.py
    gives cocycles over larger primes, at its own cost.

    Parameters
    ----------
    D : (n, n) distances.
    threshold : longest edge of the filtration; None for all.
    engine : "h1", "ripser", or "auto": ours, then ripser.py.
    n_loops : how many loops to describe.
    at : where between birth (0) and death (1) the circular coordinate is computed.
    spacing : how the phase is spread along the loop, see `circular_coordinate`.

    Returns
    -------
    P : Persistence with cocycles.
    loops : at most `n_loops`, longest first.
    failed : one text a failed attempt, such as "h1, Z/2".

    Raises
    ------
    LiftError : no field gave a cocycle that lifts.
    """
    ways: list[tuple[EngineName, int]] = [("ripser", p) for p in LIFT_PRIMES]
    if engine != "ripser":
        ways = [("h1", 2), *(ways if engine == "auto" else [])]
    failed: list[str] = []
    while True:
        name, coeff = ways[len(failed)]
        P = rips_persistence(D, 1, name, threshold, coeff=coeff, cocycles=True)
        try:
            return P, describe(D, P, n_loops, at, spacing), failed
        except LiftError:
            failed.append(f"{name}, Z/{coeff}")
            if len(failed) == len(ways):
                raise


def describe(D: FloatArray, P: Persistence, n_loops: int, at: float, spacing: Spacing = "cells") -> list[Loop]:
    """Give the longest features of degree 1 their cycle and phase.

    Parameters
    ----------
    D : (n, n) distances.
    P : their persistence, with birth edges and cocycles.
    n_loops : how many features at most; those shorter than rounding are left out.
    at, spacing : as for `longest_loops`.

    Returns
    -------
    list of Loop, longest first.

    Raises
    ------
    LiftError : a cocycle has no integer lift.
    """
    rounding = ROUNDING * _check.longest(D)
    lasting = int((persistence_lengths(P[1]) > rounding).sum())
    return [one_loop(D, P, k, at, spacing) for k in range(min(n_loops, lasting))]


def further(D: FloatArray, P: Persistence, first: int, most: int, at: float, spacing: Spacing = "cells") -> list[Loop]:
    """Describe the features of degree 1 that come after the longest, to see whether one of them is what is looked for.

    Parameters
    ----------
    D, P, at, spacing : as for `describe`.
    first : the first that is described, counted from 0, longest first.
    most : how many, at most.

    Returns
    -------
    list of Loop, longest first, up to the first whose cocycle has no integer lift: another field would cost all of it again.
    """
    rounding = ROUNDING * _check.longest(D)
    lasting = int((persistence_lengths(P[1]) > rounding).sum())
    loops: list[Loop] = []
    for k in range(first, min(first + most, lasting)):
        try:
            loops.append(one_loop(D, P, k, at, spacing))
        except LiftError:
            break
    return loops


def one_loop(D: FloatArray, P: Persistence, k: int, at: float, spacing: Spacing = "cells") -> Loop:
    """Give one feature of degree 1 its cycle and phase.

    Parameters
    ----------
    D, P, at, spacing : as for `describe`.
    k : which feature, counted from 0, longest first.

    Returns
    -------
    Loop

    Raises
    ------
    LiftError : its cocycle has no integer lift.
    """
    assert P.birth_edges is not None
    assert P.cocycles is not None
    birth, death = map(float, P[1][k])
    cycle = representative_cycle(D, P.birth_edges[1][k])
    cocycle, coeff = P.cocycles[1][k], P.settings["homology"]["coeff"]
    threshold = P.settings["homology"]["threshold"]
    if np.isinf(death) and threshold is None:  # where some points are never joined
        threshold = _check.longest(D)
    where: Settings = {"at": at, "threshold": threshold}
    if coeff == 2:
        cocycle, coeff = orient(D, cocycle, birth, death, **where), LIFT_PRIMES[0]
        if cocycle_value(cycle, cocycle, coeff) not in (1, coeff - 1):
            raise LiftError("the directed cocycle winds more than once. Compute it over another prime.")
    # Halves are compared by the phase without weights, which the null distribution was made with.
    spacings = list(dict.fromkeys([spacing, "edges"]))
    circular, *more = circular_coordinates(D, cocycle, birth, death, coeff, spacings, **where)
    return Loop(
        birth,
        death,
        float(persistence_lengths(P[1])[k]),
        detection_score(P[1], k + 1),
        cycle,
        circular.phase,
        circular.domain,
        circular.scale,
        np.asarray(D[:, cycle].min(axis=1), dtype=np.float64),
        edge_phase=more[0].phase if more else None,
    )
