"""How far a diagram may be off: a confidence band, by diagrams of resamples of the same points."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spectral_ph import _check
from spectral_ph._types import BoolArray, EngineName, FloatArray, IntArray, Settings
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.engines import bottleneck
from spectral_ph.homology.persistence import rips_persistence

BandKind = Literal["bootstrap", "subsample"]
KINDS = ("bootstrap", "subsample")
DOUBLED = 2.0
"""A resample is compared with the sample and not with the shape, which the sample itself is away from."""
TRIPLES = 20_000
"""Triples of points on which the triangle inequality is looked at."""


@dataclass(frozen=True, eq=False, repr=False)
class ConfidenceBand:
    """A persistence diagram, and how far the diagram of the shape behind the points may be from it.

    Attributes
    ----------
    persistence : Persistence of all points.
    radius : (maxdim + 1,) float64, for each degree the bottleneck distance that the true diagram is within at the level, in the
        unit of the distances.
    level : probability of being farther away.
    kind : "bootstrap" or "subsample".
    size : points that are drawn for a resample.
    resampled : (n_resamples, maxdim + 1) float64, how far each resample was from the sample; `radius` is twice its quantile.
    settings : all parameters.
    warnings : sentences.

    See Also
    --------
    confidence_band, Significance

    Examples
    --------
    >>> import spectral_ph as sph
    >>> B = sph.confidence_band(sph.datasets.circle(60, 2, 0.05), n_resamples=19, distance="euclidean")
    >>> B.radius.shape
    (2,)
    """

    persistence: Persistence
    radius: FloatArray
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
        pairs = zip(self.persistence, self.radius, strict=True)
        return [np.asarray(diagram[:, 1] - diagram[:, 0] > 2 * radius) for diagram, radius in pairs]

    def __repr__(self) -> str:
        found = zip(self.significant, self.radius, strict=True)
        parts = [f"H{k}: {int(is_.sum())} of {len(is_)} beyond {2 * r:.3g}" for k, (is_, r) in enumerate(found)]
        return f"ConfidenceBand({', '.join(parts)}, level {self.level:g}, {len(self.resampled)} resamples)"


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
    with _check.collected() as warned:
        if kind == "subsample":
            _warn_without_triangle(D, rng)
        P = rips_persistence(D, maxdim, engine, coeff=coeff)
        draws = [np.unique(rng.choice(n, size, replace=kind == "bootstrap")) for _ in range(n_resamples)]
        bar = tqdm(draws, desc="resamples", delay=2.0, leave=False, disable=not sys.stderr.isatty())
        away = np.array(
            Parallel()(delayed(_bootstrapped if kind == "bootstrap" else _subsampled)(D, draw, P) for draw in bar)
        )
    radius = DOUBLED * np.sort(away, axis=0)[place]
    about: Settings = {"kind": kind, "level": level, "n_resamples": n_resamples, "size": size}
    return ConfidenceBand(P, radius, level, kind, size, away, P.settings | {"band": about}, tuple(warned))


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


def _bootstrapped(D: FloatArray, draw: IntArray, P: Persistence) -> list[float]:
    """Return how far the diagrams of a draw are from those of all points."""
    from spectral_ph._numba import threads_for

    homology = P.settings["homology"]
    with threads_for(len(draw)):
        found = rips_persistence(D[np.ix_(draw, draw)], homology["maxdim"], homology["engine"], coeff=homology["coeff"])
    return [bottleneck(a, b) for a, b in zip(found, P, strict=True)]


def _subsampled(D: FloatArray, draw: IntArray, P: Persistence) -> list[float]:
    """Return how far the diagrams of a draw can be from those of all points: twice the Hausdorff distance."""
    return [2.0 * float(D[draw].min(axis=0).max())] * len(P)


def _warn_without_triangle(D: FloatArray, rng: np.random.Generator) -> None:
    i, j, k = rng.integers(len(D), size=(3, TRIPLES))
    way = D[i, j] + D[j, k]
    broken = float((D[i, k] > way * (1 + 1e-6)).mean())
    if broken:
        _check.warn(
            f"the triangle inequality fails in {broken:.1%} of sampled triples, so these distances bound no diagram. Pass ",
            _check.Argument("kind", "bootstrap"),
            ", or distances that are a metric.",
        )
