"""Distances that keep sparse points away: the distance to measure and the core distance (mutual reachability)."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Settings
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.graph.neighbors import nearest_neighbors

XI = (1, 2, np.inf)


def dtm(
    X: FloatArray, *, n_neighbors: int = 15, p: float = 2, xi: float = 1, vertex_births: bool = False
) -> tuple[FloatArray, Settings]:
    """Edges of the filtration by distance to measure: balls around points that start late where points are sparse.

    The distance to measure of a point is f = (mean over its nearest neighbours of d^p)^(1/p), their largest distance
    for p = inf. Its ball has radius (t^xi - f^xi)^(1/xi) at time t, and is not there before t = f. The edge ij comes when both
    balls are there and meet, at the time

        max(f_i, f_j, (f_i + f_j + d_ij) / 2)                                     for xi = 1
        sqrt(((f_i + f_j)^2 + d_ij^2) ((f_i - f_j)^2 + d_ij^2)) / (2 d_ij)        for xi = 2, max(f_i, f_j) if the one ball
                                                                      holds the other point, d_ij^2 <= |f_i^2 - f_j^2|
        max(f_i, f_j, d_ij / 2)                                                   for xi = inf

    These are times of balls, so without f they are half the distances. The point itself is not among its neighbours; Anai
    et al. count it, so their f of k + 1 points is (k / (k + 1))^(1/p) times the one of k neighbours here.

    The point i itself comes at f_i, but the diagonal of a matrix of distances is 0. That changes the births in degree 0
    and nothing above: no edge comes before its ends, so at each time the complex with points at 0 is the one with points
    at f and some isolated points more, and those have no homology of degree 1 or higher.

    Parameters
    ----------
    X : (n, d) points.
    n_neighbors : neighbours that count, the point itself not among them.
    p : exponent of the mean, at least 1 or inf.
    xi : exponent of the growth of the balls: 1, 2 or inf.
    vertex_births : also return f.

    Returns
    -------
    D : (n, n) float64, in the unit of X, symmetric to the last bit; off the diagonal at least f of both points.
    facts : "vertex_births", (n,) float64 f, if asked for.

    Raises
    ------
    InputError : for fewer points than n_neighbors + 1, p < 1, or another xi.

    References
    ----------
    Anai et al., DTM-based filtrations, 2019; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    from spectral_ph.distances import _pairwise

    p = _check.real(p, "p", least=1)
    if _check.real(xi, "xi") not in XI:
        raise _check.InputError(Argument("xi"), f" must be 1, 2 or inf (float('inf')), not {xi!r}.")
    vertex_births = _check.flag(vertex_births, "vertex_births")
    f = _distance_to_measure(nearest_neighbors(X, n_neighbors, search="exact").distances, p)
    D = pairwise_euclidean(X)
    _pairwise.balls_meet(D, f, float(xi))
    return D, {"vertex_births": f} if vertex_births else {}


def _distance_to_measure(distances: FloatArray, p: float) -> FloatArray:
    """Return the mean of order p of each row; scaled by its largest entry, so that no power overflows."""
    largest = distances.max(axis=1)
    if p == np.inf:
        return np.asarray(largest)
    scale = np.where(largest > 0, largest, 1.0)
    return np.asarray(scale * np.mean((distances / scale[:, None]) ** p, axis=1) ** (1 / p))


def core(X: FloatArray, *, n_neighbors: int = 15) -> tuple[FloatArray, Settings]:
    """Core distance (mutual reachability): the largest of d_ij and of the distances of i and j to the last of their neighbours.

    Parameters
    ----------
    X : (n, d) points.
    n_neighbors : which neighbour is the last, the point itself not counted.

    Returns
    -------
    D : (n, n) float64, in the unit of X, symmetric to the last bit.
    facts : nothing to report.

    Raises
    ------
    InputError : for fewer points than n_neighbors + 1.

    References
    ----------
    Campello, Moulavi, Zimek, Sander, ACM TKDD 2015 (HDBSCAN); Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    from spectral_ph.distances import _pairwise

    reach = nearest_neighbors(X, n_neighbors, search="exact").distances[:, -1].copy()
    D = pairwise_euclidean(X)
    _pairwise.not_below_ends(D, reach)
    return D, {}
