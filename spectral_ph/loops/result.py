"""Loop and LoopResult: what can be said about the loops of a data set, and how surely."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._types import BoolArray, FloatArray, IntArray, Settings
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.curve import closed_curve
from spectral_ph.loops.pursued import Pursued

Verdict = Literal["loop", "no loop", "undecided"]

NO_PLACE = 1.5
"""Radians of standard deviation beyond which a point has no place on a loop: the directions that the halves give it cancel to
less than a third."""

PACKAGES = ("spectral_ph", "numpy", "scipy", "scikit-learn", "numba", "ripser", "gudhi")
"""What the numbers of a result depend on; `versions` says which were there."""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on, by name."""
    return {name: metadata.version(name) for name in PACKAGES} | {"python": platform.python_version()}


@dataclass(frozen=True, eq=False, repr=False)
class Half:
    """A loop as half of the points shows it.

    Attributes
    ----------
    points : (m,) int64, ascending: the points that it was found on; the others had no part in it.
    phase : (n,) float64, radians in [0, 2 pi)
        Circular coordinate found on `points`, carried to all points by their nearest neighbours among `points`, turned, if
        need be mirrored, and spread so that it fits `Loop.phase` best: the order is the half's, the spacing that of the loop.
    agreement : 0 to 1, by ranks and where both are: the least of how well it agrees with the other half of the same split,
        and how well either agrees with the loop of all points.
    """

    points: IntArray
    phase: FloatArray
    agreement: float

    def __repr__(self) -> str:
        return f"Half({len(self.points)} of {len(self.phase)} points, agreement {self.agreement:.2f})"


@dataclass(frozen=True, eq=False, repr=False)
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
        Circular coordinate of every point, spread along the loop as `spacing` of `find_loops` says. Zero and direction are
        arbitrary.
    domain : (n,) bool
        Where the phase is computed; elsewhere (points not connected to the loop at `scale`) it is copied from the
        nearest point of the domain.
    scale : filtration value at which the coordinate was computed, birth <= scale < death.
    distance : (n,) float64
        Distance of every point to the nearest point of the cycle, in the unit of the distances.
    verdict : "loop", "no loop" or "undecided", of this loop.
    reason : sentences that say why.
    p_value : how often loop-free shapes reach as much evidence; None where it was not computed.
    agreement : of the phases found on two halves of the points, 0 to 1, and at most what either half agrees with the loop of
        all points; median over the splits. None where not computed.
    evidence : what p_value is the tail of, 0 to 1: agreement squared (nothing up to 0.5) times prominence times relief, times the
        square of how empty the middle is; median over the splits. None where not computed.
    prominence, relief : how far the loop stands out from the next feature of the halves, and from its own birth, 0 to 1.
    inside : share of the points within its rim that lie inside the loop, nearer to its middle than half-way to the rim. An even
        filling holds 0.25. None for a graph or distances.
    inside_range : its 95 % interval.
    core : density of the points in the core of the loop, nearer to its middle than 0.3 of the way to the rim, over that of an
        even filling: 0 for an empty core, and from 0.45 on the middle counts as full. None for a graph or distances.
    halves : the loop as each half of each split shows it, two a split; empty where no half was looked at.
    edge_phase : (n,) float64, the phase with spacing="edges", by whose order halves are compared with the loop; its zero and
        direction are its own. None where it is `phase`, or where the loop was read from a file.

    See Also
    --------
    LoopResult, find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> loop = R.loops[0]
    >>> loop.phase.shape, loop.birth < loop.death
    ((100,), True)
    """

    birth: float
    death: float
    persistence: float
    score: float
    cycle: IntArray
    phase: FloatArray
    domain: BoolArray
    scale: float
    distance: FloatArray
    verdict: Verdict = "undecided"
    reason: str = ""
    p_value: float | None = None
    agreement: float | None = None
    evidence: float | None = None
    prominence: float | None = None
    relief: float | None = None
    inside: float | None = None
    inside_range: tuple[float, float] | None = None
    core: float | None = None
    halves: tuple[Half, ...] = ()
    edge_phase: FloatArray | None = None

    @property
    def on_loop(self) -> BoolArray:
        """Return which points lie within `birth` of the cycle, (n,) bool: strictly on it, as near as its points are."""
        return np.asarray(self.distance <= self.birth)

    @property
    def places(self) -> IntArray:
        """Return the place of each point on the cycle, (n,) int64 counted from 0, -1 for points that it does not pass."""
        place = np.full(len(self.phase), -1, dtype=np.int64)
        place[self.cycle] = np.arange(len(self.cycle))
        return place

    @property
    def spread(self) -> FloatArray | None:
        """Return the circular standard deviation of each point's phase over the halves that did not hold it.

        Returns
        -------
        (n,) float64 in radians, up to `NO_PLACE`. NaN for a point that has no place on the loop, as the halves disagree by
        more, or that was in every half. None without halves.
        """
        if not self.halves:
            return None
        total, count = np.zeros(len(self.phase), dtype=complex), np.zeros(len(self.phase))
        for half in self.halves:
            apart = np.ones(len(self.phase), dtype=bool)
            apart[half.points] = False
            total[apart] += np.exp(1j * (half.phase - self.phase)[apart])
            count[apart] += 1
        with np.errstate(invalid="ignore", divide="ignore"):
            # About the phase itself, not about the mean of the halves: a common shift is uncertainty too.
            length = np.clip((total / count).real, 1e-12, 1.0)
            spread = np.sqrt(-2 * np.log(length))
        spread[spread > NO_PLACE] = np.nan
        return np.asarray(spread)

    @property
    def without_place(self) -> float | None:
        """Return the share of points in the domain that have no place on the loop, as `spread` says; None without halves."""
        spread = self.spread
        return None if spread is None else float(np.isnan(spread[self.domain]).mean())

    def curve(self, layout: ArrayLike, n_points: int = 200) -> FloatArray:
        """Return the loop as a smooth closed curve through the points in any coordinates, for drawing.

        Every coordinate is fitted by waves along the loop; see `spectral_ph.loops.curve.closed_curve`.

        Parameters
        ----------
        layout : (n, d), coordinates of the points, such as two principal components or a UMAP; any unit.
        n_points : how many points of the curve. Default 200.

        Returns
        -------
        (n_points, d) float64, in the direction of the phase; the last point joins the first.

        Raises
        ------
        InputError : `layout` is not a finite array with one row for each point.

        Examples
        --------
        >>> import spectral_ph as sph
        >>> X = sph.datasets.circle(200, ambient_dim=2, sigma=0.1)
        >>> sph.find_loops(X, splits=0).loops[0].curve(X).shape
        (200, 2)
        """
        where = _check.points(layout, least=1, what="layout")
        if len(where) != len(self.phase):
            raise _check.InputError(
                _check.Argument("layout"),
                f" must have one row for each of the {len(self.phase)} points, not {len(where)} rows. Pass "
                "coordinates of the points that the loop was found on, in the same order.",
            )
        n_points = _check.positive_int(n_points, "n_points", least=3)
        return closed_curve(self.phase[self.domain], where[self.domain], n_points)

    def to_dict(self) -> dict[str, Any]:
        """Return all but what is one number a point, with plain names.

        Returns
        -------
        dict, ready for JSON through `spectral_ph.files.write_json`.
        """
        names = (
            "verdict",
            "reason",
            "p_value",
            "agreement",
            "evidence",
            "prominence",
            "relief",
            "inside",
            "inside_range",
            "core",
            "birth",
            "death",
            "persistence",
            "score",
            "scale",
            "cycle",
        )
        return {name: getattr(self, name) for name in names} | {
            "n_in_domain": int(self.domain.sum()),
            "without_place": self.without_place,
        }

    def __repr__(self) -> str:
        return (
            f"Loop(birth {self.birth:.3g}, death {self.death:.3g}, persistence {self.persistence:.3g}, "
            f"score {self.score:.2f}, cycle through {len(self.cycle)} points)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class LoopResult:
    """The answer to: do the points go round a loop.

    Attributes
    ----------
    verdict : "loop", "no loop" or "undecided".
    reason : sentences that say why.
    p_value, agreement : of the first loop; None where they were not computed.
    loops : features of degree 1, those with the most evidence first, and among equals the most persistent.
    persistence : the diagrams they come from.
    settings : all parameters, the seed among them.
    warnings : sentences that were warned about on the way.
    tried : every setting that halves of the points were looked at under, one dict each: the parameters by name, the
        "evidence", the "agreement", "prominence" and "relief" behind it (medians over the splits), and whether it was "chosen".
        One dict where a single setting was asked for; empty where no half was looked at.
    pursued : the loop as it is seen in chosen features alone; None where it was not pursued. The verdict does not depend on it.

    See Also
    --------
    find_loops, Loop, spectral_ph.plot.loop

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> R.verdict, len(R.loops[0].phase)
    ('undecided', 100)
    """

    verdict: Verdict
    reason: str
    p_value: float | None
    agreement: float | None
    loops: list[Loop]
    persistence: Persistence
    settings: Settings = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    tried: tuple[Settings, ...] = ()
    pursued: Pursued | None = None

    @property
    def shown(self) -> list[int]:
        """Return which loops are shown by every door: those that are called, or the first if none is.

        Returns
        -------
        list of int, indices into `loops`; empty if there is none.
        """
        called = [k for k, loop in enumerate(self.loops) if loop.verdict == "loop"]
        return called or list(range(len(self.loops)))[:1]

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
            "tried": [dict(t) for t in self.tried],
            "pursued": None if self.pursued is None else self.pursued.to_dict(),
            **self.persistence.to_dict(),
        }

    def __repr__(self) -> str:
        top = f"top: {self.loops[0]!r}" if self.loops else "no feature of degree 1"
        return f"LoopResult({self.verdict!r}, n={self.persistence.n_points}, {len(self.loops)} loops, {top})"
