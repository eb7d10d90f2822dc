"""Splits of the points into halves, and what each half sees under every candidate."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, IntArray, Metric
from spectral_ph.distances.compute import by_stage, compute, parted
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.graph.neighbors import Neighbors, nearest_among, nearest_neighbors
from spectral_ph.loops.agreement import NEAR, Carried, Seen, agreements, carry, seen
from spectral_ph.verdict.candidates import Candidate
from spectral_ph.verdict.evidence import Evidence, evidence

HALF_POINTS = 500
"""Points in a half, at most."""

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

    `near[h]` are the neighbours in half h of all n points, which carry its phases; `tables[c]` the agreements between the
    halves at the points of both, `evidence[c]` as `verdict.evidence`.
    """

    points: tuple[IntArray, IntArray]
    near: tuple[IntArray, IntArray]
    seen: tuple[list[Seen], list[Seen]]
    tables: list[FloatArray]
    evidence: list[Evidence]

    def carried(self, half: int, c: int, to: IntArray | None = None) -> list[Carried | None]:
        """Return the loops of a half under candidate c at all points or some, None where one has no phase."""
        near = self.near[half] if to is None else self.near[half][to]
        view = self.seen[half][c]
        return [
            None if phase is None else carry(phase, tube, near)
            for phase, tube in zip(view.phases, view.tubes, strict=True)
        ]


def split_points(
    X: FloatArray,
    distinct: IntArray,
    choice: list[Candidate],
    splits: int,
    at: float,
    metric: Metric,
    rng: np.random.Generator,
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

    Returns
    -------
    list of Split
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    size = half_size(len(distinct))
    drawn = [distinct[rng.permutation(len(distinct))[: 2 * size]] for _ in range(splits)]
    seeds = rng.integers(2**31, size=splits).tolist()
    bar = tqdm(
        zip(drawn, seeds, strict=True),
        desc="halves",
        total=splits,
        delay=2.0,
        leave=False,
        disable=not sys.stderr.isatty(),
    )
    found: list[Split] = Parallel()(delayed(_split)(X, order, choice, at, metric, seed) for order, seed in bar)
    return found


def _split(X: FloatArray, order: IntArray, choice: list[Candidate], at: float, metric: Metric, seed: int) -> Split:
    from spectral_ph._numba import threads_for

    size = len(order) // 2
    points = np.sort(order[:size]), np.sort(order[size:])
    with threads_for(size):
        views = _see(X[points[0]], choice, at, seed), _see(X[points[1]], choice, at, seed)
    near = nearest_among(X[points[0]], X, NEAR, metric), nearest_among(X[points[1]], X, NEAR, metric)
    split = Split(points, near, views, [], [])
    both = np.concatenate(points)
    for c in range(len(choice)):
        split.tables.append(agreements(split.carried(0, c, both), split.carried(1, c, both)))
        split.evidence.append(evidence(split.tables[c], (views[0][c].diagram, views[1][c].diagram), LOOKED_AT))
    return split


def _see(X: FloatArray, choice: list[Candidate], at: float, seed: int) -> list[Seen]:
    """Return what one half shows under every candidate.

    Neighbours are searched once. Candidates that differ only in the stage of a distance, such as one, two and three passes of
    effective resistance, come from one computation.
    """
    found: dict[int, Seen] = {}
    shared: dict[str, list[int]] = {}
    for c, (name, params) in enumerate(choice):
        same = {key: value for key, value in params.items() if key != DISTANCES[name].stage}
        shared.setdefault(f"{name} {sorted(same.items(), key=str)}", []).append(c)
    known = _neighbors(X, choice)
    for members in shared.values():
        name, params = choice[members[0]]
        row = DISTANCES[name]
        with _check.unheard() as said:
            recipe, own = parted(name, params, "verdict")
            if len(members) == 1:
                D = compute(X, name, recipe=recipe, random_state=seed, known=known, **own).D
                found[members[0]] = seen(D, at, LOOKED_AT, tuple(said))
                continue
            wanted = {choice[c][1].get(row.stage, row.parameters[row.stage]): c for c in members}
            stages = by_stage(X, name, max(wanted), recipe=recipe, random_state=seed, known=known, **own)
            for number, D in enumerate(stages, start=1):
                if number in wanted:
                    found[wanted[number]] = seen(D, at, LOOKED_AT, tuple(said))
    return [found[c] for c in range(len(choice))]


def _neighbors(X: FloatArray, choice: list[Candidate]) -> Neighbors | None:
    """Return as many neighbours as any of several candidates takes, for those of the others are the first of them.

    What is asked for of metric and search is the same in all candidates. An approximate search for fewer finds others.
    """
    if len(choice) == 1:
        return None
    recipe = max((parted(name, params, "verdict")[0] for name, params in choice), key=lambda r: r.n_neighbors)
    if recipe.search == "nndescent":
        return None
    return nearest_neighbors(X, recipe.n_neighbors, recipe.metric, search="exact")
