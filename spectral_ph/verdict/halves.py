"""Splits of the points into halves, and what each half sees under every candidate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_ph import _log
from spectral_ph._types import BoolArray, FloatArray, IntArray, Metric
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.loops.agreement import NEAR, Carried, Seen, agreements
from spectral_ph.verdict.candidates import Candidate
from spectral_ph.verdict.evidence import Evidence, evidence
from spectral_ph.verdict.views import see

HALF_POINTS = 2000
"""Points in a half, at most: its neighbour graph and spectrum are of all of them."""

HOMOLOGY_POINTS = 500
"""Points of a half between which distances are taken: a draw, where a half has more."""

LOOKED_AT = 3
"""Features of a half whose phases are compared."""


@dataclass(frozen=True, eq=False, repr=False)
class Halving:
    """How points are split into halves.

    Attributes
    ----------
    X : (n, d) points.
    distinct : (m,) indices of points no two of which are copies, which the halves are drawn from.
    rng : draws the halves.
    at : where between birth (0) and death (1) of a loop its phase is computed.
    metric : of the neighbour graph.
    groups : (n,) number of the group of every point, from 0: a group goes into a half as a whole. None for halves at random.
    """

    X: FloatArray
    distinct: IntArray
    rng: np.random.Generator
    at: float = 0.9
    metric: Metric = "euclidean"
    groups: IntArray | None = None

    @property
    def divisions(self) -> int | None:
        """Return how many ways there are to divide few groups, each of which is used once; None for many."""
        number = 0 if self.groups is None else int(self.groups.max()) + 1
        return {2: 1, 3: 3}.get(number)

    def draw(self, splits: int) -> list[tuple[IntArray, IntArray]]:
        """Split the points, several times.

        Parameters
        ----------
        splits : how often; with few groups at most as often as they can be divided.

        Returns
        -------
        list of two ascending lists of indices, of at most `HALF_POINTS` each.
        """
        if self.groups is None:
            size = half_size(len(self.distinct))
            orders = [self.distinct[self.rng.permutation(len(self.distinct))[: 2 * size]] for _ in range(splits)]
            return [(np.sort(order[:size]), np.sort(order[size:])) for order in orders]
        own = self.groups[self.distinct]
        halves = []
        for number in range(splits if self.divisions is None else min(splits, self.divisions)):
            first = self._side(np.bincount(own), number)[own]
            parts = self.distinct[first], self.distinct[~first]
            few = [part[self.rng.permutation(len(part))[:HALF_POINTS]] for part in parts]
            halves.append((np.sort(few[0]), np.sort(few[1])))
        return halves

    def _side(self, sizes: IntArray, number: int) -> BoolArray:
        """Return which groups go into the first half: one by itself of two or three, else at random and about as many points."""
        if self.divisions is not None:
            return np.asarray(np.arange(len(sizes)) == number)
        first, left = np.zeros(len(sizes), dtype=bool), np.zeros(2)
        for group in self.rng.permutation(len(sizes)):
            side = int(left[1] < left[0])
            first[group] = side == 0
            left[side] += sizes[group]
        return first

    def __repr__(self) -> str:
        return f"Halving({len(self.distinct)} of {len(self.X)} points)"


def half_size(n: int) -> int:
    """Return how many points a half has.

    Parameters
    ----------
    n : points that differ.

    Returns
    -------
    int
    """
    return min(n // 2, HALF_POINTS)


@dataclass(frozen=True, eq=False)
class Split:
    """Two halves of the points and what they saw, for each candidate.

    `both` are the points of the two halves, and `near[h]` their neighbours among the points of half h, which carry its phases to
    them. `tables[c]` are the agreements between the halves there, `evidence[c]` as `verdict.evidence`. A candidate that was
    not looked at has None in all of these.
    """

    points: tuple[IntArray, IntArray]
    both: IntArray
    near: tuple[IntArray, IntArray]
    seen: tuple[list[Seen | None], list[Seen | None]]
    tables: list[FloatArray | None]
    evidence: list[Evidence | None]

    def carried(self, half: int, c: int) -> list[Carried | None]:
        """Return the loops of a half under candidate c at the points of both, None where one has no phase."""
        view = self.seen[half][c]
        assert view is not None
        begin = half * len(self.points[0])
        return view.carried(self.near[half], begin + np.arange(len(self.points[half])))


def split_points(
    how: Halving, pairs: list[tuple[IntArray, IntArray]], choice: list[Candidate], only: int | None = None
) -> list[Split]:
    """Look at the halves of points under every candidate.

    The splits are tasks of joblib, so `joblib.parallel_config(n_jobs=...)` shares them out, with the same result.

    Parameters
    ----------
    how : how the points are split.
    pairs : the halves, as `how.draw` returns them.
    choice : the candidates.
    only : index of the one candidate that is looked at; default: all are.

    Returns
    -------
    list of Split
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    seeds = how.rng.integers(2**31, size=len(pairs)).tolist()
    bar = tqdm(
        zip(pairs, seeds, strict=True),
        desc="halves",
        total=len(pairs),
        delay=2.0,
        leave=False,
        disable=not _log.shows_bars(),
    )
    looked = [candidate if only in (None, c) else None for c, candidate in enumerate(choice)]
    found: list[Split] = Parallel()(
        delayed(_split)(how.X, pair, looked, how.at, how.metric, seed) for pair, seed in bar
    )
    return found


def _split(
    X: FloatArray,
    points: tuple[IntArray, IntArray],
    looked: list[Candidate | None],
    at: float,
    metric: Metric,
    seed: int,
) -> Split:
    from spectral_ph._numba import threads_for

    with threads_for(min(*map(len, points), HOMOLOGY_POINTS)):
        first, second = (see(X[half], looked, at, LOOKED_AT, HOMOLOGY_POINTS, seed) for half in points)
    both = np.concatenate(points)
    near = nearest_among(X[points[0]], X[both], NEAR, metric), nearest_among(X[points[1]], X[both], NEAR, metric)
    split = Split(points, both, near, (first, second), [], [])
    for c, (one, other) in enumerate(zip(first, second, strict=True)):
        if one is None or other is None:
            split.tables.append(None)
            split.evidence.append(None)
            continue
        table = agreements(split.carried(0, c), split.carried(1, c))
        split.tables.append(table)
        split.evidence.append(evidence(table, (one.diagram, other.diagram), LOOKED_AT))
    return split
