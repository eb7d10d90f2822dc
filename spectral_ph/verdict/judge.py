"""The judge: which settings are taken, how sure each loop is, and the sentence that says so."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from spectral_ph._types import Settings
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.agreement import NO_LIFT
from spectral_ph.loops.inside import EVEN, Inside, emptiness
from spectral_ph.loops.result import Loop, Verdict
from spectral_ph.verdict import null
from spectral_ph.verdict.candidates import Candidate
from spectral_ph.verdict.evidence import Matched
from spectral_ph.verdict.halves import Split

UNDECIDED = 0.25
"""Up to this p-value a loop that is not called is undecided."""

LEAST_AGREEMENT = 0.6
"""No loop is called whose halves agree less, whatever its p-value."""

CLEAR = 0.9
"""Agreement of a clear loop, for the reader to compare with."""

EMPTY, THIN = 0.05, 0.2
"""Share of points inside a loop up to which its middle is called empty, and thin; an even filling holds a quarter."""


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
    every = [[split.evidence[c] for split in halves] for c in range(len(choice))]
    found = [[one for one in of_candidate if one is not None] for of_candidate in every]
    totals = [float(np.median([one.total.max() for one in of_candidate])) for of_candidate in found]
    best = int(np.argmax(totals))
    tried = []
    for c, (name, params) in enumerate(choice):
        tops = [(one, int(np.argmax(one.total))) for one in found[c]]
        views = [half[c] for split in halves for half in split.seen]
        lifts = sum(view is not None and NO_LIFT in view.facts for view in views)
        tried.append(
            {
                "distance": name,
                **{key: getattr(value, "__name__", value) for key, value in params.items()},
                "evidence": totals[c],
                **{
                    part: float(np.median([getattr(one, part)[top] for one, top in tops]))
                    for part in ("agreement", "prominence", "relief")
                },
                "chosen": c == best,
            }
            | ({"lift_failed": lifts} if lifts else {})
        )
    return Examined(choice, halves, best, tuple(tried))


def weighed(loop: Loop, said: list[Matched], middle: Inside | None) -> Loop:
    """Give a loop of all points its evidence and its agreement, the medians over the splits.

    Parameters
    ----------
    loop : of all points.
    said : what each split says about it.
    middle : how many points lie inside it; None where that is not known, and then it does not count.

    Returns
    -------
    Loop
        `evidence` is agreement squared times prominence times relief, times how empty the middle is, squared.
    """
    total, a, g, r = np.median([one[:4] for one in said], axis=0).tolist()
    empty = 1.0 if middle is None else emptiness(middle)
    return dataclasses.replace(loop, evidence=total * empty**2, agreement=a, prominence=g, relief=r)


def judged(loop: Loop, n: int, level: float, why_not: str, drawn: str = "When the points are split at random") -> Loop:
    """Give a loop its p-value, its verdict, and the sentences that say so.

    Parameters
    ----------
    loop : with its evidence.
    n : points in both halves that the evidence was computed from.
    level : p-value up to which a loop is called.
    why_not : why there is no p-value, as `candidates.uncalibrated` says it; empty if there is one.
    drawn : the beginning of a sentence that says how the halves were made.

    Returns
    -------
    Loop
    """
    if why_not or loop.evidence is None or loop.agreement is None:
        return dataclasses.replace(loop, reason=f"There is no p-value: {why_not}.")
    p = null.p_value(loop.evidence, n)
    verdict: Verdict = "loop" if p <= level else "undecided" if p <= UNDECIDED else "no loop"
    if loop.agreement < LEAST_AGREEMENT and verdict == "loop":
        verdict = "undecided"
    sentences = [
        _headline(verdict, p, level, p > null.least_p(n)),
        _halves_say(loop.agreement, drawn),
        *_what_lacks(loop),
        _next(verdict),
    ]
    return dataclasses.replace(loop, verdict=verdict, reason=" ".join(sentences), p_value=p)


def _headline(verdict: Verdict, p: float, level: float, could_be_less: bool) -> str:
    near = could_be_less and 0.4 * level <= p <= 2.4 * level
    borderline = " It is borderline: another seed may say otherwise." if near else ""
    return {
        "loop": f"This is a loop (p = {p:.2g}).",
        "undecided": f"This may be a loop, or chance (p = {p:.2g}).",
        "no loop": f"No evidence of a loop (p = {p:.2g}).",
    }[verdict] + borderline


def _halves_say(agreement: float, drawn: str) -> str:
    how = "alike" if agreement >= LEAST_AGREEMENT else "differently"
    return (
        f"{drawn}, the two halves order the points {how} "
        f"(agreement {agreement:.2f}; a clear loop has {CLEAR} and more)."
    )


def _what_lacks(loop: Loop) -> list[str]:
    """Say how full the middle is, and what else takes evidence away."""
    said = []
    if loop.inside is not None:
        share = f"{100 * loop.inside:.0f} % of the points lie inside, and an even filling would hold {100 * EVEN:.0f} %"
        kind = "empty" if loop.inside <= EMPTY else "thin, not empty" if loop.inside <= THIN else "not empty"
        said.append(f"Its middle is {kind}: {share}.")
    if loop.prominence is not None and loop.prominence < 0.5:
        said.append("In the halves, other features last about as long.")
    return said


def _next(verdict: Verdict) -> str:
    return {
        "loop": "Check next that nothing else orders the points alike, such as batch, depth or cell types.",
        "undecided": "More points would decide it; so would points without what else varies.",
        "no loop": "A loop hidden behind other variation is not ruled out: look again without what else varies.",
    }[verdict]


def answer(loops: list[Loop], P: Persistence, from_points: bool) -> tuple[Verdict, str, float | None, float | None]:
    """Return verdict, reason, p-value and agreement of a whole data set: those of its first loop.

    Parameters
    ----------
    loops : as `judged` returns them, the most evidence first.
    P : the diagrams that they come from.
    from_points : whether there are points, rather than a graph or distances.

    Returns
    -------
    tuple of verdict, reason, p_value and agreement.
    """
    if loops:
        return loops[0].verdict, loops[0].reason, loops[0].p_value, loops[0].agreement
    reason = "there is no feature of degree 1."
    if len(P[1]):
        reason = f"all {len(P[1])} features of degree 1 are shorter than rounding errors."
    if not from_points:
        return "undecided", f"No loop is seen: {reason} Without points there is no test of that.", None, None
    return "no loop", f"The points go round no loop: {reason}", None, None
