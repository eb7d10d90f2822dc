"""How well two loops of the same points agree, such as those that two halves of the points find alone.

Each half finds its loops alone. A loop is an angle for every point of its half and a tube round its cycle; both are carried
to common points by their nearest neighbours in the half. Two loops agree if, where both tubes are, one angle tells the
other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spectral_ph._types import FloatArray, IntArray, Settings
from spectral_ph.homology.diagram import Persistence, persistence_lengths
from spectral_ph.homology.rips_h1 import rips_h1
from spectral_ph.loops.coordinates import LiftError
from spectral_ph.loops.describe import ROUNDING, one_loop
from spectral_ph.loops.result import Loop

NEAR = 5
"""Neighbours that carry a phase to a point."""

BESIDE = 1e-3
"""How much points off a tube count beside those in it where a phase is spread evenly, so that they have an order too."""

NO_LIFT = "a cocycle had no integer lift"
"""What is noted of points where a cocycle over Z/2 had none."""


@dataclass(frozen=True, eq=False, repr=False)
class Seen:
    """What one half of the points shows.

    Attributes
    ----------
    diagram : (m, 2) births and deaths of all its features of degree 1, longest first.
    phases : for the first few of them, (h,) radians for every point of the half; None where no phase could be computed.
    tubes : for the same, (h,) 1.0 for points no farther from the cycle than half-way between birth and death, else 0.0.
    cycles : for the same, indices of points in the order in which the loop passes them; empty where there is no phase.
    facts : what was noticed, such as the sizes of connected components.
    """

    diagram: FloatArray
    phases: list[FloatArray | None]
    tubes: list[FloatArray]
    cycles: list[IntArray]
    facts: tuple[str, ...] = ()

    def carried(self, near: IntArray, places: IntArray) -> list[Carried | None]:
        """Return the loops at other points, None where one has no phase.

        Parameters
        ----------
        near : (n, k) nearest neighbours of the other points, as indices among the h points.
        places : (h,) where the h points are among the n others.

        Returns
        -------
        list of Carried, of n points.
        """
        every = zip(self.phases, self.tubes, self.cycles, strict=True)
        return [
            None if phase is None else dataclasses.replace(carry(phase, tube, near), cycle=places[cycle])
            for phase, tube, cycle in every
        ]

    def __repr__(self) -> str:
        return f"Seen({len(self.diagram)} features, {len(self.phases)} looked at)"


@dataclass(frozen=True, eq=False, repr=False)
class Carried:
    """A loop of one half, carried to other points.

    Attributes
    ----------
    phase : (n,) radians in [0, 2 pi).
    weight : (n,) share of a point's neighbours that are in the tube, 0 to 1.
    cycle : indices of points in the order in which the loop passes them; empty where they are not known.
    """

    phase: FloatArray
    weight: FloatArray
    cycle: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __repr__(self) -> str:
        return f"Carried({len(self.phase)} points, {int((self.weight > 0).sum())} near the loop)"


def seen(D: FloatArray, at: float, most: int, facts: tuple[str, ...] = ()) -> Seen:
    """Return what some points show by themselves: their diagram, and the phases of its longest features.

    Parameters
    ----------
    D : (h, h) distances.
    at : where between birth (0) and death (1) of a loop its phase is computed.
    most : how many features get a phase.
    facts : what was noticed before, to be kept.

    Returns
    -------
    Seen
    """
    # The engine itself: cocycles of all features, which the front door would give, cost more than the sweep.
    engine = rips_h1(D, cocycles=most)
    assert engine.cocycles is not None
    edges = [np.empty((0, 2), dtype=np.int64), engine.birth_edges]
    about: Settings = {"homology": {"coeff": 2, "threshold": None}}
    P = Persistence([engine.h0, engine.h1], len(D), "h1", about, (), edges, [[], engine.cocycles])
    phases: list[FloatArray | None] = []
    tubes: list[FloatArray] = []
    cycles: list[IntArray] = []
    lengths = persistence_lengths(P[1])
    for k in range(min(most, int((lengths > ROUNDING * float(D.max())).sum()))):
        try:
            loop = one_loop(D, P, k, at, "edges")
        except LiftError:
            # Rare, and the splits outvote it; ripser.py over another prime would cost more than the split.
            phases.append(None)
            tubes.append(np.zeros(len(D)))
            cycles.append(np.empty(0, dtype=np.int64))
            facts = (*facts, NO_LIFT)
            continue
        phases.append(loop.phase)
        tubes.append(tube(loop))
        cycles.append(loop.cycle)
    return Seen(P[1], phases, tubes, cycles, facts)


def tube(loop: Loop) -> FloatArray:
    """Return which points are near a loop: no farther from its cycle than half-way between birth and death.

    Parameters
    ----------
    loop : Loop of n points; where it never dies its scale takes the place of half-way.

    Returns
    -------
    (n,) float64, 1.0 or 0.0.
    """
    radius = (loop.birth + loop.death) / 2 if np.isfinite(loop.death) else loop.scale
    return np.asarray(loop.distance <= radius, dtype=np.float64)


def carry(phase: FloatArray, weight: FloatArray, near: IntArray) -> Carried:
    """Carry a phase to other points: the circular mean over their nearest neighbours among those that have one.

    Parameters
    ----------
    phase, weight : (h,) of the points that have them.
    near : (n, k) indices among the h points.

    Returns
    -------
    Carried, of n points.
    """
    mean = np.exp(1j * phase)[near].mean(axis=1)
    return Carried(np.mod(np.angle(mean), 2 * np.pi), weight[near].mean(axis=1))


def carry_loops(loops: list[Loop], subset: IntArray, near: IntArray) -> list[Loop]:
    """Give what was found on some points indices among all, and every point a phase, a distance and a domain.

    Parameters
    ----------
    loops : of the h points of `subset`.
    subset : (h,) ascending indices among n points.
    near : (n, k) nearest neighbours of every point, as indices among the h.

    Returns
    -------
    list of Loop, of n points; the points of `subset` keep their own values.
    """
    own = np.full(len(near), -1)
    own[subset] = np.arange(len(subset))
    taken = own >= 0
    moved = []
    for loop in loops:
        phase = carry(loop.phase, np.ones(len(subset)), near).phase
        distance, domain = loop.distance[near].mean(axis=1), loop.domain[near[:, 0]]
        phase[taken], distance[taken], domain[taken] = (
            loop.phase[own[taken]],
            loop.distance[own[taken]],
            loop.domain[own[taken]],
        )
        edge_phase = None
        if loop.edge_phase is not None:
            edge_phase = carry(loop.edge_phase, np.ones(len(subset)), near).phase
            edge_phase[taken] = loop.edge_phase[own[taken]]
        moved.append(
            dataclasses.replace(
                loop,
                cycle=subset[loop.cycle],
                phase=phase,
                domain=domain,
                distance=distance,
                edge_phase=edge_phase,
            )
        )
    return moved


def weighted_ranks(angle: FloatArray, weight: FloatArray) -> FloatArray:
    """Spread angles so that their weight is even round the circle, keeping their cyclic order.

    Parameters
    ----------
    angle : (n,) radians.
    weight : (n,) non-negative, not all zero.

    Returns
    -------
    (n,) radians; equal angles share the mean of their places. With equal weights it is `to_ranks` up to a rotation.
    """
    _, inverse = np.unique(np.mod(angle, 2 * np.pi), return_inverse=True)
    mass = np.bincount(inverse, weights=weight)
    place = np.cumsum(mass) - mass / 2
    return np.asarray(2 * np.pi * place[inverse] / weight.sum())


def winding(phase: FloatArray, weight: FloatArray, cycle: IntArray) -> int:
    """Return how often a phase turns along a closed path of points.

    The phase is first spread evenly over the points near its loop, for unweighted least squares puts most of a turn where points
    are few, and a step that long cannot be told from a short one backwards.

    Parameters
    ----------
    phase : (n,) radians.
    weight : (n,) how near the points are to the loop of the phase.
    cycle : indices of points, in order.

    Returns
    -------
    int, negative against the direction of the phase; 0 for fewer than three points.
    """
    if len(cycle) < 3:
        return 0
    along = weighted_ranks(phase, weight + BESIDE)[cycle]
    steps = np.mod(np.roll(along, -1) - along + np.pi, 2 * np.pi) - np.pi
    return int(np.rint(steps.sum() / (2 * np.pi)))


def tube_agreement(a: Carried, b: Carried, overlap: float = 1.0) -> float:
    """Return how well two loops agree: by angle where both tubes are, times how much the loops are the same.

    The angle part is `circular_agreement` of the ranks, weighted by the product of the weights. Two loops are the same where
    either winds once round the other, wherever on a cylinder they are. Noise hides that, so else the other factor is the cosine
    of the two weights, how much the tubes are the same points. Without this factor two different holes of a filled square agree,
    for angles round either are much the same far away. With it a loop beside clusters is not blamed for them.

    Parameters
    ----------
    a, b : of the same points.
    overlap : the power of the cosine. 1/2 for a loop of all points beside one of a half, whose tubes are not equally wide.

    Returns
    -------
    float in [0, 1]; 0 if the tubes have no point in common and the loops do not wind round each other.
    """
    both = a.weight * b.weight
    total = both.sum()
    once = abs(winding(b.phase, b.weight, a.cycle)) == 1 and abs(winding(a.phase, a.weight, b.cycle)) == 1
    if total == 0 and not once:
        return 0.0
    same = 1.0 if once else (total / np.sqrt((a.weight**2).sum() * (b.weight**2).sum())) ** overlap
    near = both if total else a.weight + b.weight
    x, y = weighted_ranks(a.phase, near), weighted_ranks(b.phase, near)
    along = max(abs((near * np.exp(1j * (x - y))).sum()), abs((near * np.exp(1j * (x + y))).sum())) / near.sum()
    return float(min(1.0, along * same))


def agreements(first: Sequence[Carried | None], second: Sequence[Carried | None], overlap: float = 1.0) -> FloatArray:
    """Return `tube_agreement` of every loop of one half with every loop of the other, 0 where one has no phase.

    Parameters
    ----------
    first, second : the loops of two halves, carried to the same points.
    overlap : as for `tube_agreement`.

    Returns
    -------
    (len(first), len(second)) float64
    """
    table = np.zeros((len(first), len(second)))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            if a is not None and b is not None:
                table[i, j] = tube_agreement(a, b, overlap)
    return table


def turned(phase: FloatArray, onto: FloatArray, weight: FloatArray) -> FloatArray:
    """Turn, and if need be mirror, a phase so that it fits another one best.

    Parameters
    ----------
    phase, onto : (n,) radians.
    weight : (n,) non-negative; all alike if they are all zero.

    Returns
    -------
    (n,) radians in [0, 2 pi).
    """
    if not weight.any():
        weight = np.ones(len(phase))
    fits = {sign: (weight * np.exp(1j * (onto - sign * phase))).sum() for sign in (1, -1)}
    sign = max(fits, key=lambda s: abs(fits[s]))
    out = np.mod(sign * phase + np.angle(fits[sign]), 2 * np.pi)
    out[out >= 2 * np.pi] = 0.0
    return np.asarray(out)


def spread_like(phase: FloatArray, onto: FloatArray, weight: FloatArray) -> FloatArray:
    """Spread a phase along the loop as another one is, keeping its cyclic order, and turn it so that it fits best.

    Two phases of one loop have much the same order and may have other distances between equal points. So each point gets
    the value that `onto` has at the point's rank.

    Parameters
    ----------
    phase, onto : (n,) radians.
    weight : (n,) non-negative, which points the ranks count; all alike if they are all zero.

    Returns
    -------
    (n,) radians in [0, 2 pi).
    """
    if not weight.any():
        weight = np.ones(len(phase))
    there = weighted_ranks(onto, weight)
    place = turned(weighted_ranks(phase, weight), there, weight)
    counted = np.flatnonzero(weight > 0)
    counted = counted[np.argsort(there[counted], kind="stable")]
    round_and_round = np.repeat([-2 * np.pi, 0.0, 2 * np.pi], len(counted))
    ranks, values = (np.tile(x[counted], 3) + round_and_round for x in (there, np.mod(onto, 2 * np.pi)))
    out = np.mod(np.interp(place, ranks, values), 2 * np.pi)
    out[out >= 2 * np.pi] = 0.0
    return np.asarray(out)
