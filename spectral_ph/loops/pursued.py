"""Pursued: the loop that is seen in chosen features alone, which other variation hides in all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from spectral_ph._types import FloatArray, IntArray, Settings


@dataclass(frozen=True, eq=False, repr=False)
class Pursued:
    """What loop pursuit found: features that follow a loop, and the loop as it is seen in these alone.

    It is exploration and no test: there is no p-value, and the verdict of the result does not depend on it.

    Attributes
    ----------
    evidence : 0 to 1, made as that of a loop (`Loop.evidence`), but prominence, relief and core are those of the halves that had
        no part in the choice of features. 0 where the halves do not see the loop of all points.
    agreement, prominence, relief, core : what it is made of, medians over the halves; 0 (and NaN for `core`) where they saw none.
    genes : (m,) int64, the features that the loop of all points is seen in, as indices of the columns; those that most of the
        halves chose first, and among equals those that the phase explains most of.
    names : (m,) their names.
    share : (m,) float64, in which share of the choices on halves each was chosen.
    explained : (m,) float64, share of each one's variance between points of one type that two waves of the phase explain.
    layout : (n, c) float64, every point in the principal components of these features; the loop is seen best in the first two.
        Unit: that of the features. Empty where no loop was found.
    phase : (n,) float64, radians in [0, 2 pi) along the loop in this layout, equally many points in every arc. Zero and direction
        are arbitrary. Empty where no loop was found.
    types : how many groups of points had their own means taken out; 1 where there are none.
    reason : sentences that say what was found.
    settings : how it was looked for, by name.
    """

    evidence: float
    agreement: float
    prominence: float
    relief: float
    core: float
    genes: IntArray
    names: tuple[str, ...]
    share: FloatArray
    explained: FloatArray
    layout: FloatArray
    phase: FloatArray
    types: int
    reason: str
    settings: Settings = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return all but what is one number a point, with plain names.

        Returns
        -------
        dict, ready for JSON through `spectral_ph.files.write_json`.
        """
        numbers = {
            name: getattr(self, name) for name in ("evidence", "agreement", "prominence", "relief", "core", "types")
        }
        return numbers | {"reason": self.reason, "genes": self.gene_rows(), "settings": dict(self.settings)}

    def gene_rows(self) -> list[dict[str, Any]]:
        """Return a row for each chosen feature: its name, the share of the halves that chose it, and what the phase explains.

        Returns
        -------
        list of dict with "gene", "share" and "explained".
        """
        return [
            {"gene": name, "share": float(share), "explained": float(explained)}
            for name, share, explained in zip(self.names, self.share, self.explained, strict=True)
        ]

    def __repr__(self) -> str:
        return f"Pursued(evidence {self.evidence:.2f}, {len(self.genes)} features, {self.types} types)"
