"""Which loops of the halves a loop of all points is, so that its evidence is about that loop and no other."""

from __future__ import annotations

import numpy as np

from spectral_ph._types import FloatArray, IntArray, Metric
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.loops.agreement import NEAR, Carried, agreements, spread_like, tube
from spectral_ph.loops.result import Half, Loop
from spectral_ph.verdict.evidence import Matched, matched
from spectral_ph.verdict.halves import Split

OVERLAP = 0.5
"""Power of the overlap of tubes between a loop of all points and one of a half, for tubes of half the points are wider: with 1
the ring of malaria cells fits its halves by 0.74, which fit each other by 0.97."""

CARRIERS = 500
"""Points of a half that carry its phases to all points, where those are more than `MANY`."""

MANY = 30_000


def match(X: FloatArray, loops: list[Loop], split: Split, c: int, metric: Metric) -> list[Matched]:
    """Return what a split says about each of some loops of all points.

    Parameters
    ----------
    X : (n, d) points.
    loops : of all points.
    split : the halves.
    c : under which candidate.
    metric : of the neighbour graph.

    Returns
    -------
    list of Matched, one for each loop.
    """
    found, table = split.evidence[c], split.tables[c]
    first, second = split.seen[0][c], split.seen[1][c]
    assert found is not None
    assert table is not None
    assert first is not None
    assert second is not None
    # The halves are compared at their own points; of a loop of all points the cycle goes through others too.
    rest = np.setdiff1d(np.concatenate([split.both[:0], *(loop.cycle for loop in loops)]), split.both)
    at = np.concatenate([split.both, rest])
    place = np.full(len(X), -1)
    place[at] = np.arange(len(at))
    halves = []
    for view, points, near in zip((first, second), split.points, split.near, strict=True):
        if len(rest):
            near = np.concatenate([near, nearest_among(X[points], X[rest], NEAR, metric)])
        halves.append(view.carried(near, place[points]))
    whole = [Carried(_order(loop)[at], tube(loop)[at], place[loop.cycle]) for loop in loops]
    fits = [agreements(whole, half, OVERLAP) for half in halves]
    return [matched(found, table, (fits[0][k], fits[1][k])) for k in range(len(loops))]


def shown_by_halves(
    X: FloatArray, loops: list[Loop], split: Split, c: int, said: list[Matched], metric: Metric
) -> list[list[Half]]:
    """Return loops as their partners in the halves of a split show them, with a phase for every point.

    Parameters
    ----------
    X, split, c, metric : as for `match`.
    loops : of all points.
    said : what the split says about each.

    Returns
    -------
    list of two Half for each loop, or of none where a half has no partner for it.
    """
    halves = []
    for view, points in zip((split.seen[0][c], split.seen[1][c]), split.points, strict=True):
        assert view is not None
        carriers = _carriers(len(X), len(points))
        halves.append(view.carried(carriers[nearest_among(X[points[carriers]], X, NEAR, metric)], points))
    return [_shown(loop, by, halves, split) for loop, by in zip(loops, said, strict=True)]


def _shown(loop: Loop, by: Matched, halves: list[list[Carried | None]], split: Split) -> list[Half]:
    if by.pair is None:
        return []
    weight = tube(loop)
    made = []
    for carried, points, k in zip(halves, split.points, by.pair, strict=True):
        one = carried[k]
        if one is None:
            return []
        made.append(Half(points, spread_like(one.phase, loop.phase, weight * one.weight), by.agreement))
    return made


def _order(loop: Loop) -> FloatArray:
    """Return the phase by whose order loops are compared, which no spacing changes."""
    return loop.phase if loop.edge_phase is None else loop.edge_phase


def _carriers(n: int, h: int) -> IntArray:
    """Return which points of a half carry its phase: all, or so many of them evenly that a million points take no minute."""
    few = h if n <= MANY else min(h, CARRIERS)
    return np.unique(np.linspace(0, h - 1, few).astype(np.int64))
