"""Whether features of images tell the direction in which things lie. It takes arrays and needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.graph.neighbors import nearest_neighbors
from spectral_ph.homology.persistence import rips_persistence

NEIGHBORS = 10


@dataclass(frozen=True, eq=False)
class InvarianceReport:
    """What features tell of directions.

    Attributes
    ----------
    coherence : mean over objects of |mean of exp(i angle)| over their nearest neighbours: 1 where neighbours lie in one
        direction, `chance` where direction does not matter.
    chance : the same with the angles shuffled.
    orbit_spread : root mean square distance of the views of a turned object from their mean, over that of the objects from
        theirs; the mean over orbits. 0 where turning changes nothing, None without orbits.
    orbit_loop : persistence of the longest loop of an orbit over the median distance of two objects; the mean over orbits. None
        without orbits.
    """

    coherence: float
    chance: float
    orbit_spread: float | None = None
    orbit_loop: float | None = None


def invariance_report(
    features: FloatArray, angle: FloatArray, *, orbits: FloatArray | None = None, n_neighbors: int = NEIGHBORS
) -> InvarianceReport:
    """Say whether features of objects change with the direction in which they lie.

    Parameters
    ----------
    features : (n, d) features of n objects.
    angle : (n,) direction of each, in radians.
    orbits : (k, m, d) features of k objects, each turned through m angles; None: only neighbours are looked at.
    n_neighbors : nearest in feature space, an object itself not counted.

    Returns
    -------
    InvarianceReport

    Raises
    ------
    InputError : for arrays that do not fit together or hold no finite numbers, and for objects that nearly all have the same
        features.

    References
    ----------
    The measures are of this package; the question is of Nwabufo, Böhm, Berens, Kobak, 2024.

    Examples
    --------
    >>> angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    >>> ring = np.column_stack([np.cos(angle), np.sin(angle)])
    >>> report = invariance_report(ring, angle, orbits=ring[None])
    >>> round(report.coherence, 2), round(report.orbit_spread, 2)
    (0.98, 1.0)
    """
    X = _check.points(features, what="features")
    _check.distinct(X, "features")
    given = _check.numbers(angle, "angle")
    if given.shape != (len(X),):
        what = len(given) if given.ndim == 1 else f"an array of the shape {given.shape}"
        raise _check.InputError(Argument("angle"), f" must be a number for each of the {len(X)} objects, not {what}.")
    directions = np.exp(1j * _check.points(given[:, None], what="angle")[:, 0])
    turned = None if orbits is None else _turned(orbits, X.shape[1])
    near = nearest_neighbors(X, n_neighbors, search="exact").indices
    shuffled = np.random.default_rng(0).permutation(directions)
    coherence, chance = (float(np.abs(d[near].mean(axis=1)).mean()) for d in (directions, shuffled))
    if turned is None:
        return InvarianceReport(coherence, chance)
    D = pairwise_euclidean(X)
    usual = float(np.median(D[np.triu_indices(len(D), 1)]))
    if usual == 0:
        raise _check.InputError(
            "at least half of the pairs of objects have the same features, so that their median distance is 0 and no orbit can "
            "be compared with it. Drop copies first."
        )
    spreads = [_spread(orbit) for orbit in turned]
    loops = [_longest(pairwise_euclidean(orbit)) for orbit in turned]
    return InvarianceReport(coherence, chance, float(np.mean(spreads)) / _spread(X), float(np.mean(loops)) / usual)


def _turned(orbits: object, columns: int) -> FloatArray:
    """Return checked features of turned objects."""
    turned = np.asarray(_check.numbers(orbits, "orbits"), dtype=np.float64)
    if turned.ndim != 3 or turned.shape[0] < 1 or turned.shape[1] < 3 or turned.shape[2] != columns:
        raise _check.InputError(
            Argument("orbits"),
            f" must be of the shape (at least 1 object, at least 3 angles, {columns} features), not {turned.shape}.",
        )
    _check.points(turned.reshape(-1, columns), what="orbits")
    return turned


def _spread(X: FloatArray) -> float:
    """Return the root mean square distance of points from their mean."""
    return float(np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _longest(D: FloatArray) -> float:
    """Return the persistence of the longest loop under distances, 0 if there is none."""
    diagram = rips_persistence(D, 1)[1]
    return float((diagram[:, 1] - diagram[:, 0]).max(initial=0.0))
