"""Edge weights that t-SNE and UMAP work with: affinities of the nearest neighbours, as logarithms."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, IntArray, Settings
from spectral_ph.graph.neighbors import Neighbors, nearest_neighbors

LEAST_LOG = -745.0
"""No weight is below e^-745, the smallest double, beside that of the nearest neighbour."""

SIGMA_FLOOR = 1e-3
"""UMAP's sigma is at least this share of the mean distance to the neighbours."""


def perplexity_neighbors(X: FloatArray, perplexity: object) -> tuple[Neighbors, float]:
    """Return the 3 x perplexity nearest neighbours of every point.

    Parameters
    ----------
    X : (n, d) points.
    perplexity : more than 1.

    Returns
    -------
    found : the neighbours.
    perplexity : as a float.

    Raises
    ------
    InputError : for too few points, or a perplexity of another kind.
    """
    wanted, n = _check.real(perplexity, "perplexity", least=1), len(X)
    if wanted == 1 or wanted == np.inf:
        raise _check.InputError(Argument("perplexity"), f" must be a finite number above 1, not {perplexity!r}.")
    k = int(3 * wanted)
    if k >= n:
        most = (n - 1) // 3
        way = ["Pass ", Argument("perplexity", most), " or less."] if most > 1 else ["Pass more points."]
        raise _check.InputError(
            Argument("perplexity", perplexity),
            f" needs at least {k + 1} points (3 x perplexity neighbours of each), but n_samples={n}. ",
            *way,
        )
    return nearest_neighbors(X, k, search="exact"), wanted


def log_perplexity_affinities(X: FloatArray, perplexity: object) -> tuple[Graph, Settings]:
    """Return the logarithms of t-SNE's affinities, up to the constant -log(2 n).

    p_j|i is proportional to exp(-beta_i d_ij^2) over the 3 x perplexity nearest neighbours of i, with beta_i such that
    its entropy is log(perplexity); an edge holds log(p_j|i + p_i|j).

    Parameters
    ----------
    X : (n, d) points.
    perplexity : more than 1.

    Returns
    -------
    L : (n, n) csr_array, symmetric to the last bit; stored zeros are edges.
    facts : "uncalibrated", the number of points with more nearest neighbours at one distance than perplexity, if there
        are any: no bandwidth gives those the perplexity, and the tied neighbours share all their weight.

    Raises
    ------
    InputError : if there are too few points.
    """
    from spectral_ph.graph import _affinities

    found, wanted = perplexity_neighbors(X, perplexity)
    # In units of the largest distance: squares must not vanish.
    squares = (found.distances / found.distances.max()) ** 2
    beta = np.empty(len(squares))
    tied = _affinities.calibrate_perplexity(squares, wanted, beta)
    logs = np.maximum(-beta[:, None] * (squares - squares[:, :1]), LEAST_LOG)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    L = _symmetric(found.indices, logs, np.logaddexp)
    return L, {"uncalibrated": tied} if tied else {}


def log_fuzzy_union(X: FloatArray, n_neighbors: int) -> tuple[Graph, Settings]:
    """Return the logarithms of UMAP's affinities.

    v_j|i = exp(-max(0, d_ij - rho_i) / sigma_i) over the nearest neighbours of i, rho_i the smallest positive of their
    distances and sigma_i such that the v_j|i add up to log2(n_neighbors + 1); an edge holds log(v_j|i + v_i|j - v_j|i v_i|j).
    umap-learn counts a point among its own neighbours, so these are its affinities for one neighbour more. As there, sigma is
    at least `SIGMA_FLOOR` times the mean distance to the neighbours (of all points where rho = 0).

    Parameters
    ----------
    X : (n, d) points.
    n_neighbors : of each point, itself not counted.

    Returns
    -------
    L : (n, n) csr_array, symmetric to the last bit; stored zeros are edges (of affinity 1).
    facts : "uncalibrated", the number of points whose sigma is the floor, if there are any: with so many nearest
        neighbours at one distance no sigma gives log2(n_neighbors + 1).

    Raises
    ------
    InputError : if there are too few points.
    """
    from spectral_ph.graph import _affinities

    found = nearest_neighbors(X, n_neighbors, search="exact")
    distances = found.distances
    n, count = distances.shape
    rho, sigma = np.empty(n), np.empty(n)
    _affinities.calibrate_union(distances, float(np.log2(count + 1)), rho, sigma)
    floor = SIGMA_FLOOR * np.where(rho > 0, distances.mean(axis=1), distances.mean())
    low = sigma < floor
    sigma = np.where(low, floor, sigma)
    sigma[sigma == 0] = 1.0  # every neighbour of every point is a duplicate: all affinities are 1
    logs = np.maximum(-np.maximum(distances - rho[:, None], 0.0) / sigma[:, None], LEAST_LOG)
    L = _symmetric(found.indices, logs, _log_union)
    return L, {"uncalibrated": int(low.sum())} if low.any() else {}


def _log_union(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return log(e^a + e^b - e^(a + b)) for a, b <= 0; -inf stands for a weight of 0."""
    high, low = np.maximum(a, b), np.minimum(a, b)
    return np.asarray(high + np.log1p(-np.expm1(high) * np.exp(low - high)))


def _symmetric(indices: IntArray, logs: FloatArray, join: object) -> Graph:
    """Return the symmetric csr_array of join(log of i to j, log of j to i), -inf where one is not the other's neighbour."""
    assert callable(join)
    n, k = indices.shape
    rows, cols = np.repeat(np.arange(n), k), indices.ravel()
    low, high = np.minimum(rows, cols), np.maximum(rows, cols)
    keys, place = np.unique(low * n + high, return_inverse=True)
    ways = np.full((2, len(keys)), -np.inf)
    ways[(rows > cols).astype(np.int64), place] = logs.ravel()
    joined = join(ways[0], ways[1])
    i, j = np.divmod(keys, n)
    matrix = sp.csr_array(
        (np.concatenate([joined, joined]), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=(n, n)
    )
    matrix.sort_indices()
    return matrix
