"""Loop and LoopResult: what can be said about the loops of a data set, and how surely."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from spectral_ph._types import BoolArray, FloatArray, IntArray, Settings
from spectral_ph.homology.diagram import Persistence

Verdict = Literal["loop", "no loop", "undecided"]


@dataclass(frozen=True, repr=False)
class Loop:
    """One feature of degree 1, with the points that go round it.

    Attributes
    ----------
    birth, death : filtration values, in the unit of the distances; death may be inf under a threshold.
    persistence : death - birth.
    score : (p - p_next) / p, where p_next is the persistence of the next feature in the diagram: 1 when nothing follows.
    cycle : (c,) int64
        Indices of points in the order in which the loop passes them; the last joins the first. Every step is an edge no
        longer than `birth`.
    phase : (n,) float64, radians in [0, 2 pi)
        Circular coordinate of every point. Zero and direction are arbitrary.
    domain : (n,) bool
        Where the phase is computed; elsewhere (points not connected to the loop at `scale`) it is copied from the
        nearest point of the domain.
    scale : filtration value at which the coordinate was computed, birth <= scale < death.
    """

    birth: float
    death: float
    persistence: float
    score: float
    cycle: IntArray
    phase: FloatArray
    domain: BoolArray
    scale: float

    def to_dict(self) -> dict[str, Any]:
        """Return all but what is one number a point, with plain names.

        Returns
        -------
        dict, ready for JSON through `spectral_ph.files.write_json`.
        """
        names = ("birth", "death", "persistence", "score", "scale", "cycle")
        return {name: getattr(self, name) for name in names} | {"n_in_domain": int(self.domain.sum())}

    def __repr__(self) -> str:
        return (
            f"Loop(birth {self.birth:.3g}, death {self.death:.3g}, persistence {self.persistence:.3g}, "
            f"score {self.score:.2f}, cycle through {len(self.cycle)} points)"
        )


@dataclass(frozen=True, repr=False)
class LoopResult:
    """The answer to: do the points go round a loop.

    Attributes
    ----------
    verdict : "loop", "no loop" or "undecided".
    reason : one sentence that says why.
    p_value, agreement : the evidence; None where it was not computed.
    loops : the most persistent features of degree 1, longest first.
    persistence : the diagrams they come from.
    settings : all parameters, the seed among them.
    warnings : sentences that were warned about on the way.
    """

    verdict: Verdict
    reason: str
    p_value: float | None
    agreement: float | None
    loops: list[Loop]
    persistence: Persistence
    settings: Settings = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return verdict, evidence, loops, settings and warnings with plain names.

        Returns
        -------
        dict, ready for JSON through `spectral_ph.files.write_json`.
        """
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "p_value": self.p_value,
            "agreement": self.agreement,
            "loops": [loop.to_dict() for loop in self.loops],
            **self.persistence.to_dict(),
        }

    def __repr__(self) -> str:
        top = f"top: {self.loops[0]!r}" if self.loops else "no feature of degree 1"
        return f"LoopResult({self.verdict!r}, n={self.persistence.n_points}, {len(self.loops)} loops, {top})"
