"""The call that users of ripser.py know, answered by our engines: same arguments, same dictionary.

What differs: births and deaths are those of float64 lengths (ripser.py rounds them to float32), and a cocycle of degree 1
over Z/2 may be another one of its class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._types import Diagram, FloatArray, IntArray, Metric
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.engines import ripser_with_births
from spectral_ph.homology.persistence import rips_persistence


def ripser(
    X: ArrayLike | sp.sparray | sp.spmatrix,
    maxdim: int = 1,
    thresh: float = np.inf,
    coeff: int = 2,
    distance_matrix: bool = False,
    do_cocycles: bool = False,
    metric: Metric = "euclidean",
    n_perm: int | None = None,
) -> dict[str, Any]:
    """Compute persistence diagrams as `ripser.ripser` does.

    Parameters
    ----------
    X : (n, d) points, or (n, n) distances with `distance_matrix`, dense or sparse. Of a sparse matrix the entries above the
        diagonal count, and a pair without one is never joined. Entries on the diagonal are the births of the points.
    maxdim : largest degree of homology.
    thresh : longest edge, in the unit of the distances; inf for all.
    coeff : prime p of the field Z/p.
    distance_matrix : whether X holds distances.
    do_cocycles : whether to return cocycles.
    metric : name of a metric, or a function of two rows, as for `sklearn.metrics.pairwise_distances`.
    n_perm : how many farthest points to take in place of all, from the first point on; None for all.

    Returns
    -------
    dict
        "dgms", a list over the degree of (m, 2) float64: in degree 0 by increasing death, with what never dies last, in others
        by decreasing birth. "cocycles", a list over the degree of lists of (c, degree + 2) int64, vertices and value, in the
        order of "dgms"; lists are empty unless asked for, and always in degree 0. "num_edges", how many edges there are up to
        `thresh`, or up to the enclosing radius. "dperm2all", the distances, (n, n), or (n_perm, n). "idx_perm", (n_perm,) int64,
        the points that were taken. "r_cover", the largest distance of a point from those, 0 if all were taken.

    Raises
    ------
    InputError : where ripser.py raises a ValueError (of which this is one), and for NaN and what else is no distance.

    Warns
    -----
    SpectralWarning : a UserWarning, where X is square and not said to hold distances, or has more columns than rows.

    Notes
    -----
    `choose_engine` of `rips_persistence` says which engine computes what. Cocycles of degree 1 over Z/2 are ours, all others
    those of ripser.py, and so is what points with births need.

    References
    ----------
    Tralie, Saul, Bar-On, Ripser.py: a lean persistent homology library for Python, J. Open Source Softw. 2018.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=2, sigma=0.05)
    >>> found = sph.homology.ripser(X)
    >>> len(found["dgms"]), found["num_edges"] <= 100 * 99 / 2, found["r_cover"]
    (2, True, 0.0)
    """
    given: Any = X if sp.issparse(X) else _check.numbers(X, "X")
    _check_shape(given, distance_matrix, n_perm)
    n = given.shape[0]
    chosen, r_cover = np.arange(n), 0.0
    if n_perm and n_perm < n:
        chosen, to_all, r_cover = _farthest(given, n_perm, distance_matrix, metric)
        D: Any = to_all[:, chosen]
    else:
        D = to_all = given if distance_matrix else _distances(given, metric)
    found: dict[str, Any]
    if (D.diagonal() != 0).any():
        found = ripser_with_births(D, maxdim, float(thresh), coeff, do_cocycles)
    else:
        if sp.issparse(D):
            D = sp.triu(D.tocoo(), 1)
        P = rips_persistence(D, maxdim, threshold=float(thresh), coeff=coeff, cocycles=do_cocycles)
        found = _as_ripser(P, D, float(thresh))
    if len(chosen) < n:
        found["cocycles"] = [[_renumbered(c, chosen) for c in part] for part in found["cocycles"]]
    return found | {"dperm2all": to_all, "idx_perm": chosen, "r_cover": r_cover}


def _check_shape(X: Any, distance_matrix: bool, n_perm: int | None) -> None:
    """Refuse and warn where ripser.py does, in words that code may look for."""
    if X.ndim != 2:
        raise _check.InputError(f"X must be a matrix of 2 dimensions, not an array of {X.ndim} dimensions.")
    n, d = X.shape
    if distance_matrix and n != d:
        raise _check.InputError(f"Distance matrix is not square but of shape {X.shape}.")
    if not distance_matrix and sp.issparse(X):
        raise _check.InputError(
            "sparse points were passed. If they are distances, pass ", _check.Argument("distance_matrix", True), "."
        )
    if not distance_matrix and n == d:
        _check.warn(
            "the input matrix is square, but the distance_matrix flag is off, so its rows are taken as points. If it holds "
            "distances, pass ",
            _check.Argument("distance_matrix", True),
            ".",
        )
    elif n < d:
        _check.warn(f"the input has more columns than rows ({d}, {n}). Rows are points; pass X.T if columns are.")
    if not distance_matrix and not np.isfinite(X).all():
        raise _check.InputError("X contains NaN or infinity. Drop those rows or fill the gaps first.")
    if n_perm and sp.issparse(X):
        raise _check.InputError("a greedy permutation needs all distances, so it takes no sparse matrix of them.")
    if n_perm and n_perm > n:
        raise _check.InputError(
            f"the number of points in greedy permutation is greater than the number of points: {n_perm} of {n}."
        )
    if n_perm and n_perm < 0:
        raise _check.InputError(f"n_perm is {n_perm}. Should be a strictly positive number of points, or None for all.")


def _distances(X: FloatArray, metric: Metric, rows: FloatArray | None = None) -> FloatArray:
    from sklearn.metrics import pairwise_distances

    try:
        D: FloatArray = pairwise_distances(X if rows is None else rows, None if rows is None else X, metric=metric)
    except ValueError as error:
        raise _check.InputError(
            _check.Argument("metric", metric),
            f" cannot be used here ({error}). Pass one that sklearn.metrics.pairwise_distances knows, such as 'euclidean', or "
            "distances with ",
            _check.Argument("distance_matrix", True),
            ".",
        ) from error
    return D


def _farthest(X: FloatArray, m: int, is_matrix: bool, metric: Metric) -> tuple[IntArray, FloatArray, float]:
    """Return m points, each farthest from those before it (ties: the smallest index), their distances to all, the radius."""
    chosen = np.zeros(m, dtype=np.int64)
    to_all = np.empty((m, len(X)))
    nearest = np.full(len(X), np.inf)
    for k in range(m):
        if k:
            chosen[k] = nearest.argmax()
        at = chosen[k]
        to_all[k] = X[at] if is_matrix else _distances(X, metric, X[at : at + 1])[0]
        nearest = np.minimum(nearest, to_all[k])
    # Computed row by row, a distance and its mirror image may differ in the last bit.
    square = to_all[:, chosen]
    to_all[:, chosen] = np.maximum(square, square.T)
    to_all[np.arange(m), chosen] = 0.0
    return chosen, to_all, float(nearest.max())


def _as_ripser(P: Persistence, D: Any, thresh: float) -> dict[str, Any]:
    """Return diagrams and cocycles in the order of ripser.py, and the number of edges."""
    orders = [np.lexsort((d[:, 1],) if k == 0 else (-d[:, 1], -d[:, 0])) for k, d in enumerate(P.diagrams)]
    dgms: list[Diagram] = [d[order] for d, order in zip(P.diagrams, orders, strict=True)]
    cocycles: list[list[IntArray]] = [[] for _ in dgms]
    if P.cocycles is not None:
        cocycles = [[part[o] for o in order] if part else [] for part, order in zip(P.cocycles, orders, strict=True)]
    return {"dgms": dgms, "cocycles": cocycles, "num_edges": _n_edges(D, thresh)}


def _n_edges(D: Any, thresh: float) -> int:
    """Return how many edges the filtration has, up to the enclosing radius where there is no threshold."""
    if sp.issparse(D):
        return int((thresh >= D.data).sum())
    D = np.maximum(D, D.T)  # as the filtration has it, where a distance and its mirror image differ in the last bit
    if np.isinf(thresh):
        thresh = float(D.max(axis=1).min())
    return (int(np.count_nonzero(thresh >= D)) - len(D)) // 2


def _renumbered(cocycle: IntArray, chosen: IntArray) -> IntArray:
    return np.column_stack([chosen[cocycle[:, :-1]], cocycle[:, -1]])
