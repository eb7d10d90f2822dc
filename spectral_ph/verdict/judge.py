"""The judge: which settings are taken, how sure each loop is, and the sentence that says so."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_ph._types import Settings
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.agreement import NO_LIFT, Carried, spread_like, tube, tube_agreement
from spectral_ph.loops.result import Half, Loop, Verdict
from spectral_ph.verdict import null
from spectral_ph.verdict.candidates import Candidate
from spectral_ph.verdict.evidence import Evidence
from spectral_ph.verdict.halves import LOOKED_AT, Split, half_size

UNDECIDED = 0.25
"""Up to this p-value a loop that is not called is undecided."""

BEGINNINGS: dict[Verdict, str] = {
    "loop": "This is a loop.",
    "undecided": "This may be a loop, or chance.",
    "no loop": "Nothing tells this from chance.",
}
"""How the reason of each verdict begins."""


@dataclass(frozen=True, eq=False)
class Examined:
    """What the halves of a set of points say about every candidate.

    Attributes
    ----------
    choice : the candidates.
    halves : one `Split` each time the points were split; empty where no half was looked at.
    best : index of the candidate with the most evidence, the first of equals.
    tried : what every candidate showed, one dict each: the parameters by name, "evidence", the "agreement", "prominence"
        and "relief" behind it, and whether it was "chosen".
    """

    choice: list[Candidate]
    halves: list[Split]
    best: int
    tried: tuple[Settings, ...]

    @property
    def chosen(self) -> Candidate:
        """Return the candidate that was chosen."""
        return self.choice[self.best]


def choose(choice: list[Candidate], halves: list[Split]) -> Examined:
    """Choose the candidate with the most evidence: the median over the splits of what two halves show together.

    Parameters
    ----------
    choice : the candidates; with one there is nothing to choose.
    halves : what the halves saw under each candidate, not empty.

    Returns
    -------
    Examined
    """
    totals = [float(np.median([split.evidence[c].total.max() for split in halves])) for c in range(len(choice))]
    best = int(np.argmax(totals))
    tried = []
    for c, (name, params) in enumerate(choice):
        tops = [(split.evidence[c], int(np.argmax(split.evidence[c].total))) for split in halves]
        lifts = sum(NO_LIFT in half[c].facts for split in halves for half in split.seen)
        tried.append(
            {
                "distance": name,
                **{key: getattr(value, "__name__", value) for key, value in params.items()},
                "evidence": totals[c],
                **{
                    part: float(np.median([getattr(found, part)[top] for found, top in tops]))
                    for part in ("agreement", "prominence", "relief")
                },
                "chosen": c == best,
            }
            | ({"lift_failed": lifts} if lifts else {})
        )
    return Examined(choice, halves, best, tuple(tried))


def judged(k: int, loop: Loop, examined: Examined, n: int, level: float, why_not: str) -> Loop:
    """Give a loop its halves, its evidence and its verdict.

    Its `agreement` is that of its halves with each other and with the loop of all points. The evidence behind its p-value
    holds the agreement of the halves with each other alone, for the null knows no loop of all points.

    Parameters
    ----------
    k : its place among the loops, counted from 0, longest first.
    loop : Loop of all points.
    examined : what the halves say.
    n : points that differ.
    level : p-value up to which a loop is called.
    why_not : why there is no p-value, as `candidates.uncalibrated` says it; empty if there is one.

    Returns
    -------
    Loop
    """
    halves, best = examined.halves, examined.best
    fields: dict[str, Any] = {}
    if halves:
        shown = [_halves_of(loop, split, best) for split in halves]
        fields["agreement"] = float(np.median([pair[0].agreement if pair else 0.0 for pair in shown]))
        fields["halves"] = tuple(half for pair in shown for half in pair)
        if k >= LOOKED_AT:
            why_not = (
                why_not or f"halves are compared on their {LOOKED_AT} longest loops, and this one is number {k + 1}"
            )
    if why_not:
        return dataclasses.replace(loop, reason=f"There is no p-value: {why_not}.", **fields)
    # The evidence that there are at least k + 1 loops: of each split, the most that k + 1 or more loops have.
    value, prominence, relief = np.median([_top(split.evidence[best], k) for split in halves], axis=0).tolist()
    p = null.p_value(value, 2 * half_size(n))
    verdict: Verdict = "loop" if p <= level else "undecided" if p <= UNDECIDED else "no loop"
    reason = (
        f"{BEGINNINGS[verdict]} Independent halves of the points agree on the phase along it by {fields['agreement']:.2f} of 1. "
        f"It stands out from the next feature by {prominence:.2f} of 1, and from its own birth by {relief:.2f} of 1. "
        f"Of simulated shapes without a loop, a share of at most p = {p:.2g} shows as much evidence."
    )
    return dataclasses.replace(loop, verdict=verdict, reason=reason, p_value=p, **fields)


def _top(found: Evidence, k: int) -> tuple[float, float, float]:
    """Return total, prominence and relief where the evidence for k + 1 or more loops is largest."""
    at = k + int(np.argmax(found.total[k:]))
    return float(found.total[at]), float(found.prominence[at]), float(found.relief[at])


def answer(loops: list[Loop], P: Persistence) -> tuple[Verdict, str, float | None, float | None]:
    """Return verdict, reason, p-value and agreement of a whole data set: those of its longest loop.

    Parameters
    ----------
    loops : as `judged` returns them, longest first.
    P : the diagrams that they come from.

    Returns
    -------
    tuple of verdict, reason, p_value and agreement.
    """
    if loops:
        return loops[0].verdict, loops[0].reason, loops[0].p_value, loops[0].agreement
    reason = "The points go round no loop: there is no feature of degree 1."
    if len(P[1]):
        reason = f"The points go round no loop: all {len(P[1])} features of degree 1 are shorter than rounding errors."
    return "no loop", reason, None, None


def _halves_of(loop: Loop, split: Split, best: int) -> list[Half]:
    """Return the pair of loops, one of each half, that fits a loop of the whole best; nothing if no pair does."""
    whole = Carried(loop.phase if loop.edge_phase is None else loop.edge_phase, tube(loop))
    first, second = split.carried(0, best), split.carried(1, best)
    table = split.tables[best]
    fits = [[0.0 if x is None else tube_agreement(whole, x) for x in half] for half in (first, second)]
    pairs = [
        (i, j) for i in range(len(first)) for j in range(len(second)) if first[i] is not None and second[j] is not None
    ]
    if not pairs:
        return []
    i, j = max(pairs, key=lambda ij: fits[0][ij[0]] * fits[1][ij[1]])
    made = []
    for points, carried in zip(split.points, (first[i], second[j]), strict=True):
        assert carried is not None
        phase = spread_like(carried.phase, loop.phase, whole.weight * carried.weight)
        # Without the fit, a feature of noise would be credited with the halves' agreement on the loop beside it.
        made.append(Half(points, phase, float(min(table[i, j], fits[0][i], fits[1][j]))))
    return made
