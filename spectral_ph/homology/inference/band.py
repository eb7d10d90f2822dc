"""How far a diagram may be off: a confidence band, by resamples of the same points.

A draw of the points bounds its own diagram: every point moves to its nearest neighbour in the draw, and no birth or death
changes by more than the distances between points do. So resamples need no homology.

Diagrams of the draws by bottleneck distance were tried instead, and are worse. Where the sample has a gap already, a draw makes
it wider by less, so that the band is narrow just where it should be wide. It covered circles in little more than half of the
cases at a level of 5 %, and doubled in nine of ten (`benchmarks.inference`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spectral_ph import _check, _log
from spectral_ph._types import BoolArray, EngineName, FloatArray, IntArray, Settings
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.persistence import rips_persistence

BandKind = Literal["bootstrap", "subsample"]
KINDS = ("bootstrap", "subsample")
ROWS = 512
"""Rows of distances that are compared at a time."""
FACTOR = {"bootstrap": 1.0, "subsample": 2.0}
"""What the quantile of the resamples is taken times. A small subsample is compared with the sample instead of the shape, from
which the sample itself is away by up to as much (Fasy et al., theorem 3)."""


@dataclass(frozen=True, eq=False, repr=False)
class ConfidenceBand:
    """A persistence diagram, and how far the diagram of the shape behind the points may be from it.

    Attributes
    ----------
    persistence : Persistence of all points.
    radius : the bottleneck distance that the true diagram of each degree is within at the level, in the unit of the distances.
    level : probability of being farther away.
    kind : "bootstrap" or "subsample".
    size : points that are drawn for a resample.
    resampled : (n_resamples,) float64, how far the diagrams of each resample can be from those of the sample; `radius` is its
        quantile, for a subsample twice that.
    settings : all parameters.
    warnings : sentences.

    See Also
    --------
    confidence_band, Significance

    Examples
    --------
    >>> import spectral_ph as sph
    >>> B = sph.confidence_band(sph.datasets.circle(60, 2, 0.05), n_resamples=19, distance="euclidean")
    >>> bool(0 < B.radius < 1)
    True
    """

    persistence: Persistence
    radius: float
    level: float
    kind: BandKind
    size: int
    resampled: FloatArray
    settings: Settings = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def significant(self) -> list[BoolArray]:
        """Return for each degree which features are farther from the diagonal than the true diagram is from this one.

        Returns
        -------
        list over the degree of (m,) bool: a persistence of more than twice the radius.
        """
        return [np.asarray(diagram[:, 1] - diagram[:, 0] > 2 * self.radius) for diagram in self.persistence]

    def __repr__(self) -> str:
        parts = [f"H{k}: {int(sure.sum())} of {len(sure)}" for k, sure in enumerate(self.significant)]
        kind = f"level {self.level:g}, {len(self.resampled)} resamples"
        return f"ConfidenceBand({', '.join(parts)} beyond {2 * self.radius:.3g}, {kind})"


def confidence_band_of(
    D: FloatArray,
    maxdim: int = 1,
    engine: EngineName = "auto",
    *,
    kind: BandKind = "bootstrap",
    level: float = 0.05,
    n_resamples: int = 200,
    size: int | None = None,
    coeff: int = 2,
    rng: np.random.Generator,
) -> ConfidenceBand:
    """Compute the diagrams of a distance matrix and their confidence band; see `spectral_ph.confidence_band`.

    Parameters
    ----------
    D : (n, n) distances, as for `rips_persistence`.
    maxdim, engine, coeff : as for `rips_persistence`.
    kind, level, n_resamples, size : as for `spectral_ph.confidence_band`.
    rng : draws the resamples.

    Returns
    -------
    ConfidenceBand

    Raises
    ------
    InputError : for too few resamples to tell the level, or a size that is no part of the points.
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    level, place = check_band(kind, level, n_resamples)
    D, _ = _check.square_distances(D, float32=True)
    n = len(D)
    size = _size(kind, size, n)
    P = rips_persistence(D, maxdim, engine, coeff=coeff)
    draws = [np.unique(rng.choice(n, size, replace=kind == "bootstrap")) for _ in range(n_resamples)]
    bar = tqdm(draws, desc="resamples", delay=2.0, leave=False, disable=not _log.shows_bars())
    away = np.array(Parallel()(delayed(moved)(D, draw) for draw in bar))
    radius = FACTOR[kind] * float(np.sort(away)[place])
    about: Settings = {"kind": kind, "level": level, "n_resamples": n_resamples, "size": size}
    return ConfidenceBand(P, radius, level, kind, size, away, P.settings | {"band": about}, P.warnings)


def check_band(kind: str, level: float, n_resamples: int) -> tuple[float, int]:
    """Return the level, and which of the resamples in ascending order is its quantile; refuse too few resamples.

    Parameters
    ----------
    kind, level, n_resamples : as for `spectral_ph.confidence_band`.

    Returns
    -------
    level : float. place : int, counted from 0.
    """
    _check.one_of(kind, KINDS, "kind of confidence band", "kind")
    level = _check.real(level, "level", least=0, most=1)
    n_resamples = _check.positive_int(n_resamples, "n_resamples")
    place = math.ceil((n_resamples + 1) * (1 - level) - 1e-9) - 1
    if not 0 <= place < n_resamples:
        needed = math.ceil(1 / level - 1 - 1e-9) if 0 < level < 1 else None
        way = [_check.Argument("n_resamples", needed)] if needed else [_check.Argument("level", 0.05)]
        raise _check.InputError(
            _check.Argument("n_resamples", n_resamples),
            " cannot tell ",
            _check.Argument("level", level),
            ". Pass ",
            *way,
            " or more." if needed else ".",
        )
    return level, place


def _size(kind: str, size: int | None, n: int) -> int:
    if size is None:
        return n if kind == "bootstrap" else max(1, min(n - 1, round(n / math.log(max(n, 2)))))
    if kind == "bootstrap":
        raise _check.InputError(
            "a bootstrap draws as many points as there are, with replacement. Leave out ",
            _check.Argument("size"),
            ", or pass ",
            _check.Argument("kind", "subsample"),
            ".",
        )
    size = _check.positive_int(size, "size")
    if size >= n:
        raise _check.InputError(
            _check.Argument("size", size), f" must be less than the number of points, which is {n}."
        )
    return size


def moved(D: FloatArray, draw: IntArray) -> float:
    """Return how far the diagrams of a draw can be from those of all points.

    Parameters
    ----------
    D : (n, n) distances. draw : (m,) points.

    Returns
    -------
    float, the larger of twice the Hausdorff distance and of what a distance changes by where every point moves to the nearest one
    of the draw. The first is never the smaller one for a metric. The second bounds the diagrams for any distances.
    """
    across = D[:, draw]
    nearest = draw[across.argmin(axis=1)]
    hausdorff = float(D[np.arange(len(D)), nearest].max())
    change = 0.0
    for start in range(0, len(D), ROWS):
        rows = nearest[start : start + ROWS]
        change = max(change, float(np.abs(D[start : start + ROWS] - D[np.ix_(rows, nearest)]).max()))
    return max(2 * hausdorff, change)
