"""Splits of the points into halves, and what each half sees under every candidate."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from spectral_ph._types import FloatArray, IntArray, Metric
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
    X: FloatArray,
    distinct: IntArray,
    choice: list[Candidate],
    splits: int,
    at: float,
    metric: Metric,
    rng: np.random.Generator,
    only: int | None = None,
) -> list[Split]:
    """Split points at random into two halves, several times, and look at each half under every candidate.

    The splits are tasks of joblib, so `joblib.parallel_config(n_jobs=...)` shares them out, with the same result.

    Parameters
    ----------
    X : (n, d) points.
    distinct : (m,) indices of points no two of which are copies, which the halves are drawn from.
    choice : the candidates.
    splits : how many splits.
    at : where between birth (0) and death (1) of a loop its phase is computed.
    metric : of the neighbour graph.
    rng : draws the splits.
    only : index of the one candidate that is looked at; default: all are.

    Returns
    -------
    list of Split
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    size = half_size(len(distinct))
    orders = [distinct[rng.permutation(len(distinct))[: 2 * size]] for _ in range(splits)]
    seeds = rng.integers(2**31, size=splits).tolist()
    bar = tqdm(
        zip(orders, seeds, strict=True),
        desc="halves",
        total=splits,
        delay=2.0,
        leave=False,
        disable=not sys.stderr.isatty(),
    )
    looked = [candidate if only in (None, c) else None for c, candidate in enumerate(choice)]
    found: list[Split] = Parallel()(delayed(_split)(X, order, looked, at, metric, seed) for order, seed in bar)
    return found


def _split(
    X: FloatArray, order: IntArray, looked: list[Candidate | None], at: float, metric: Metric, seed: int
) -> Split:
    from spectral_ph._numba import threads_for

    size = len(order) // 2
    points = np.sort(order[:size]), np.sort(order[size:])
    with threads_for(min(size, HOMOLOGY_POINTS)):
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
