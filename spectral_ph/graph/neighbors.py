"""The nearest neighbours of every point: exact by blocks, or approximate with its recall measured."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spectral_ph import _check, _log
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray, Metric, RandomState, SearchName, Settings

METRICS = (
    "euclidean",
    "cosine",
    "correlation",
    "sqeuclidean",
    "manhattan",
    "cityblock",
    "chebyshev",
    "canberra",
    "braycurtis",
    "hamming",
    "precomputed",
)
"""Known metrics; a function of two rows is one too."""

EXACT_LIMIT = 1e12
"""`search="auto"` exact while n^2 d is at most this (a minute or so on two cores: n = 140,000 at d = 50)."""

EXTRA_CANDIDATES = 8
RECALL_SAMPLE = 200
BLOCK = 2**23  # entries of a block of distances: 64 MiB


@dataclass(frozen=True, eq=False, repr=False)
class Neighbors:
    """The k nearest neighbours of every point, itself not counted.

    Attributes
    ----------
    indices : (n, k) int64, nearest first, ties by index.
    distances : (n, k) float64, in the unit of the metric.
    recall : share of true neighbours found, measured on a sample; 1.0 for the exact search.
    settings : n_neighbors, metric, search, seed.
    """

    indices: IntArray
    distances: FloatArray
    recall: float
    settings: Settings = field(default_factory=dict)

    def __repr__(self) -> str:
        n, k = self.indices.shape
        return (
            f"Neighbors(n={n}, k={k}, {self.settings['metric']}, {self.settings['search']}, recall {self.recall:.3g})"
        )

    def nearest(self, n_neighbors: int) -> Neighbors:
        """Return the nearest of these: what an exact search for fewer finds, to the last bit.

        Parameters
        ----------
        n_neighbors : neighbours of each point, at most as many as here.

        Returns
        -------
        Neighbors
        """
        k = _check.n_neighbors(n_neighbors, self.indices.shape[1] + 1)
        if k == self.indices.shape[1]:
            return self
        indices, distances = self.indices[:, :k].copy(), self.distances[:, :k].copy()
        return Neighbors(indices, distances, self.recall, self.settings | {"n_neighbors": k})


def nearest_neighbors(
    X: FloatArray,
    n_neighbors: int = 15,
    metric: Metric = "euclidean",
    *,
    search: SearchName = "auto",
    random_state: RandomState = 0,
) -> Neighbors:
    """Find the nearest neighbours of every point.

    The exact search computes all distances in blocks of rows by matrix products, keeps a few more candidates than
    neighbours and ranks them by distances computed from differences; where rounding could still hide a neighbour
    the row is computed in full. So it is exact, and ties go to the smaller index. Blocks are tasks of joblib: within
    `joblib.parallel_config(backend="dask")` a cluster shares them, with the same result.

    Parameters
    ----------
    X : (n, d) array of finite numbers; (n, n) distances for metric "precomputed", inf between points that are never joined.
    n_neighbors : neighbours of each point, itself not counted; at most n - 1.
    metric : one of `METRICS`, or a function of two (d,) rows.
    search : "exact"; "nndescent" (pynndescent), whose recall is measured on a sample of points and warned about; or
        "auto": exact while n^2 d <= `EXACT_LIMIT`.
    random_state : seed of the approximate search and of its sample; the exact search does not use it.

    Returns
    -------
    Neighbors

    Raises
    ------
    InputError : for NaN, too few points, an unknown metric, a zero (constant) row under "cosine" ("correlation").
    """
    if not callable(metric):
        _check.one_of(metric, METRICS, "metric")
    _check.one_of(search, ("auto", "exact", "nndescent"), "neighbour search", "search")
    X = _check.square_distances(X)[0] if metric == "precomputed" else _check.points(X)
    n, d = X.shape
    k = _check.n_neighbors(n_neighbors, n)
    if metric == "precomputed" and search == "nndescent":
        raise _check.InputError(
            Argument("search", "nndescent"),
            " is for points, not for distances. Pass ",
            Argument("search", "exact"),
            ".",
        )
    if search == "auto":
        search = "exact" if metric == "precomputed" or float(n) ** 2 * d <= EXACT_LIMIT else "nndescent"
    settings: Settings = {"n_neighbors": k, "metric": getattr(metric, "__name__", metric), "search": search}
    if search == "nndescent":
        indices, distances, recall = _approximate(X, k, metric, random_state)
        settings["random_state"] = _check.seed_record(random_state)
        _check.warn(
            f"neighbours were searched approximately (nndescent, n = {n}), with a recall of {recall:.3f} on "
            f"{min(n, RECALL_SAMPLE)} points. To find all of them, pass ",
            Argument("search", "exact"),
            ".",
        )
        return Neighbors(indices, distances, recall, settings)
    indices, distances = _exact(X, k, metric)
    if metric == "precomputed" and not np.isfinite(distances[:, -1]).all():
        reached = np.isfinite(X).sum(axis=1) - 1
        raise _check.InputError(
            f"{int((reached < k).sum())} of the {n} points have fewer than ",
            Argument("n_neighbors", k),
            f" others at a finite distance (the fewest: {int(reached.min())}, of point {int(reached.argmin())}). An infinite "
            "distance joins nothing. Pass fewer neighbours, or drop those points.",
        )
    return Neighbors(indices, distances, 1.0, settings)


def nearest_among(
    known: FloatArray,
    X: FloatArray,
    n_neighbors: int,
    metric: Metric = "euclidean",
) -> IntArray:
    """Find the nearest of some points for each of others.

    Parameters
    ----------
    known : (m, d) points to choose from.
    X : (n, d) points; one that is among `known` finds itself first.
    n_neighbors : at most m.
    metric : one of `METRICS` but "precomputed", or a function of two (d,) rows.

    Returns
    -------
    (n, n_neighbors) int64, indices into `known`, nearest first.

    Raises
    ------
    InputError : for fewer known points than neighbours.
    """
    from sklearn.neighbors import NearestNeighbors

    k = _check.positive_int(n_neighbors, "n_neighbors")
    if k > len(known):
        raise _check.InputError(
            Argument("n_neighbors", k),
            f" needs at least {k} known points, not {len(known)}. Pass ",
            Argument("n_neighbors", len(known)),
            ".",
        )
    if metric in ("cosine", "correlation"):
        known, X, metric = unit_rows(known, str(metric)), unit_rows(X, str(metric)), "euclidean"
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(known)
    return np.asarray(search.kneighbors(X, return_distance=False), dtype=np.int64)


def unit_rows(X: FloatArray, metric: str) -> FloatArray:
    """Return rows between which half the squared Euclidean distance is the cosine (correlation) distance.

    Parameters
    ----------
    X : (n, d) points.
    metric : "cosine" or "correlation".

    Returns
    -------
    (n, d) float64 of unit rows.

    Raises
    ------
    InputError : if a row is zero (constant).
    """
    if metric == "correlation":
        X = X - X.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(X, axis=1)
    if (norms == 0).any():
        kind = "constant" if metric == "correlation" else "zero"
        raise _check.InputError(
            f"{int((norms == 0).sum())} rows of X are {kind} (first: {int(np.argmin(norms))}), so their {metric} "
            "distance is not defined. Drop them or pass ",
            Argument("metric", "euclidean"),
            ".",
        )
    return np.asarray(X / norms[:, None])


def _exact(X: FloatArray, k: int, metric: Metric) -> tuple[IntArray, FloatArray]:
    """Search block by block; each block is a task of joblib, which runs them here unless told otherwise."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    n = len(X)
    if metric in ("cosine", "correlation"):
        X = unit_rows(X, str(metric))
    step = max(16, min(n, BLOCK // n))
    starts = range(0, n, step)
    search = _by_products if metric in ("euclidean", "sqeuclidean", "cosine", "correlation") else _by_metric
    bar = tqdm(starts, desc="neighbours", delay=2.0, leave=False, disable=not _log.shows_bars())
    blocks = Parallel()(delayed(search)(X, k, metric, start, min(start + step, n)) for start in bar)
    indices, distances = (np.concatenate(part) for part in zip(*blocks, strict=True))
    if metric == "euclidean":
        np.sqrt(distances, out=distances)
    elif metric in ("cosine", "correlation"):
        distances /= 2
    return indices, distances


def _by_products(X: FloatArray, k: int, _: object, start: int, stop: int) -> tuple[IntArray, FloatArray]:
    """Return indices and squared Euclidean distances of the neighbours of the points from `start` to `stop`."""
    from spectral_ph.graph import _nearest

    n, d = X.shape
    centred = X - X.mean(axis=0)  # smaller norms, so fewer digits lost in the product
    squares = np.einsum("ij,ij->i", centred, centred)
    largest = float(squares.max())
    # Rounding of a d-term product and of the centring, several times over.
    bound = 4 * (d + 8) * np.finfo(float).eps * (squares + largest + np.sqrt(largest) * np.abs(X).max())
    score = centred[start:stop] @ centred.T
    score *= -2
    score += squares
    indices, squared = np.empty((stop - start, k), np.int64), np.empty((stop - start, k))
    m = min(k + EXTRA_CANDIDATES, n - 1)
    _nearest.nearest_in_block(score, start, X, squares, bound, k, m, indices, squared)
    return indices, squared


def _by_metric(X: FloatArray, k: int, metric: Metric, start: int, stop: int) -> tuple[IntArray, FloatArray]:
    """Return indices and distances of the neighbours of the points from `start` to `stop`, by all distances."""
    from spectral_ph.graph import _nearest

    if metric == "precomputed":
        block = X[start:stop]
    else:
        from sklearn.metrics import pairwise_distances

        block = np.ascontiguousarray(pairwise_distances(X[start:stop], X, metric=metric), dtype=np.float64)
        if not (block >= 0).all():
            name = getattr(metric, "__name__", metric)
            raise _check.InputError(
                Argument("metric", name),
                " returned NaN or a negative number for some pair of points. Pass one that returns a distance for "
                "every pair.",
            )
    indices, distances = np.empty((stop - start, k), np.int64), np.empty((stop - start, k))
    _nearest.smallest_in_block(block, start, k, indices, distances)
    return indices, distances


def _approximate(
    X: FloatArray, k: int, metric: Metric, random_state: RandomState
) -> tuple[IntArray, FloatArray, float]:
    try:
        from pynndescent import NNDescent
    except RuntimeError as error:  # in the words of numba, "cannot cache function"
        raise _check.InputError(
            "pynndescent keeps its compiled functions on disk, but neither the package nor the home folder can be written to. "
            "Set the environment variable NUMBA_CACHE_DIR to a folder that can be written to, or pass ",
            Argument("search", "exact"),
            ".",
        ) from error
    from sklearn.metrics import pairwise_distances

    rng = _check.generator(random_state)
    n = len(X)
    found = NNDescent(X, metric=metric, n_neighbors=min(k + 1, n), random_state=int(rng.integers(2**31)))
    near, far = found.neighbor_graph
    near, far = near.astype(np.int64), far.astype(np.float64)
    # The search finds the point itself too, mostly but not always in the first place.
    far[near == np.arange(n)[:, None]] = np.inf
    order = np.argsort(far, axis=1, kind="stable")[:, :k]
    indices, distances = np.take_along_axis(near, order, 1), np.take_along_axis(far, order, 1)
    if (indices < 0).any() or not np.isfinite(distances).all():
        raise _check.InputError(
            "the approximate search found fewer than ",
            Argument("n_neighbors", k),
            " for some points. Pass ",
            Argument("search", "exact"),
            ".",
        )
    sample = rng.choice(n, size=min(n, RECALL_SAMPLE), replace=False)
    block = pairwise_distances(X[sample], X, metric=metric)
    block[np.arange(len(sample)), sample] = np.inf
    true = np.argpartition(block, k - 1, axis=1)[:, :k]
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(true, indices[sample], strict=True))
    return indices, distances, hits / true.size
