"""HALVES -> EVIDENCE -> VERDICT: do the points go round a loop, and how sure is that.

In the order of the work: `candidates` says which settings are tried and which are calibrated, `views` what a set of points
shows under each, `halves` what two halves of the points show together, `whole` where the loops of all points are found,
`matching` which loops of the halves they are, `evidence` how much that is, `null` how often loop-free shapes show as much, and
`judge` chooses the settings and gives every loop its verdict, its p-value and its sentences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from spectral_ph._types import FloatArray, IntArray
from spectral_ph.loops.agreement import tube
from spectral_ph.loops.inside import Inside, inside, smoothed
from spectral_ph.loops.result import Loop
from spectral_ph.verdict import null
from spectral_ph.verdict.candidates import Candidate
from spectral_ph.verdict.evidence import Matched
from spectral_ph.verdict.halves import Halving, split_points
from spectral_ph.verdict.judge import LEAST_AGREEMENT, Examined, choose, judged, weighed
from spectral_ph.verdict.matching import match, shown_by_halves
from spectral_ph.verdict.whole import Whole

__all__ = ["examine", "judge_loops"]

SPLITS = 5
"""How often the points are split into halves, to begin with."""

MORE_SPLITS, MOST_SPLITS = 10, 25
"""Near the level so many more splits are made at a time, and so many in all at most, so that the seed does not decide."""

NEAR_LEVEL = 5.0
"""p-values between the level over this and the level times this are near it."""

LOOKED_FOR = 6
"""Features of all points beyond those that were asked for, among which the loop that the halves agree on is looked for."""

COUNTED = 10_000
"""Points that are counted for the share inside a loop, at most."""


def examine(how: Halving, choice: list[Candidate], pairs: list[tuple[IntArray, IntArray]]) -> Examined:
    """Look at halves of the points under every candidate, and choose the candidate with the most evidence.

    Parameters
    ----------
    how : how the points are split.
    choice : the candidates; with one there is nothing to choose.
    pairs : the halves, as `how.draw` returns them.

    Returns
    -------
    Examined
    """
    return choose(choice, split_points(how, pairs, choice))


def judge_loops(
    how: Halving,
    loops: list[Loop],
    everything: Whole,
    examined: Examined,
    more_loops: Callable[[], list[Loop]],
    *,
    n_loops: int,
    level: float,
    why_not: str,
    most_splits: int,
) -> list[Loop]:
    """Give loops of all points their evidence, their verdicts and their halves, those with the most evidence first.

    While the p-value of the first is near the level, and not the least there can be, more halves are looked at under the setting
    that was chosen.

    Parameters
    ----------
    how : how the points are split.
    loops : of all points, longest first.
    everything : what they were found in; its graph tells who is inside a loop.
    examined : what the halves say; more are added to its list.
    more_loops : returns shorter loops of all points, asked for where none of `loops` is one that the halves agree on.
    n_loops : how many loops are returned.
    level : p-value up to which a loop is called.
    why_not : why there is no p-value; empty if there is one.
    most_splits : of the points, at most.

    Returns
    -------
    list of Loop, at most `n_loops`.
    """
    halves, best = examined.halves, examined.best
    said = [match(how.X, loops, split, best, how.metric) for split in halves]
    n = 2 * min(len(half) for split in halves for half in split.points)
    if max((_agreement(said, k) for k in range(len(loops))), default=0.0) < LEAST_AGREEMENT:
        others = more_loops()
        said = [one + match(how.X, others, split, best, how.metric) for one, split in zip(said, halves, strict=True)]
        loops = loops + others
    middles: dict[int, Inside | None] = {}
    while True:
        by_halves = [weighed(loop, [one[k] for one in said], None) for k, loop in enumerate(loops)]
        # A full middle only takes evidence away, so it is counted for those that may be first.
        order = sorted(range(len(loops)), key=lambda k: -(by_halves[k].evidence or 0.0))[: max(n_loops, 1)]
        for k in order:
            if k not in middles:
                middles[k] = _middle(how.X, everything, loops[k])
        every = {k: weighed(loops[k], [one[k] for one in said], middles[k]) for k in order}
        order.sort(key=lambda k: -(every[k].evidence or 0.0))
        if why_not or not order or len(halves) >= most_splits or how.divisions is not None:
            break
        p = null.p_value(every[order[0]].evidence or 0.0, n)
        # More evidence than any sample of the null has is as far from the level as there is.
        if p <= null.least_p(n) or not level / NEAR_LEVEL <= p <= level * NEAR_LEVEL:
            break
        more = min(MORE_SPLITS, most_splits - len(halves))
        new = split_points(how, how.draw(more), examined.choice, only=best)
        said += [match(how.X, loops, split, best, how.metric) for split in new]
        halves += new
    shown = [
        shown_by_halves(how.X, [every[k] for k in order], split, best, [one[k] for k in order], how.metric)
        for split, one in zip(halves, said, strict=True)
    ]
    found = []
    for place, k in enumerate(order):
        middle = middles[k]
        loop = dataclasses.replace(every[k], halves=tuple(half for pairs in shown for half in pairs[place]))
        if middle is not None:
            loop = dataclasses.replace(
                loop, inside=middle.share, inside_range=(middle.low, middle.high), core=middle.core
            )
        found.append(judged(loop, n, level, why_not, _drawn(how, len(halves))))
    return found


def _drawn(how: Halving, splits: int) -> str:
    """Say how the halves were made."""
    if how.groups is None:
        return "When the points are split at random"
    number = int(how.groups.max()) + 1
    if how.divisions is None:
        return f"When the {number} groups are divided at random"
    return f"When the {number} groups are divided, in {splits} way{'s' if splits > 1 else ''}"


def _agreement(said: list[list[Matched]], k: int) -> float:
    return float(np.median([one[k].agreement for one in said]))


def _middle(X: FloatArray, everything: Whole, loop: Loop) -> Inside | None:
    """Count the points inside a loop, among those that have a place on it; None without a graph."""
    if everything.graph is None:
        return None
    known = np.arange(len(X)) if everything.graphed is None else everything.graphed
    members = np.flatnonzero(loop.domain[known])
    if len(members) < 3:
        return None
    if len(members) > COUNTED:
        members = members[np.unique(np.linspace(0, len(members) - 1, COUNTED).astype(np.int64))]
    phase = (loop.phase if loop.edge_phase is None else loop.edge_phase)[known][members]
    near = tube(loop)[known][members] > 0
    if not near.any():
        return None
    return inside(smoothed(X[known], everything.graph, members, phase, near), phase, near)
