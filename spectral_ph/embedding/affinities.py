"""POINTS, GRAPH or DISTANCES -> AFFINITIES: the one door to what an embedding attracts along."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, IntArray, RandomState, Settings
from spectral_ph.distances.compute import compute, compute_implicit, parted
from spectral_ph.distances.passes import graph_under, graph_under_implicit
from spectral_ph.graph.affinities import log_fuzzy_union, log_perplexity_affinities
from spectral_ph.graph.components import connected_components
from spectral_ph.graph.recipe import Recipe, make_graph

AffinityName = Literal["perplexity", "knn", "umap", "eff_res", "diffusion", "graph", "precomputed_distance"]
AFFINITIES: tuple[str, ...] = get_args(AffinityName)
PAIRED = ("graph", "precomputed_distance")
"""Affinities for which X holds a number for every pair of points."""

USUAL_PERPLEXITY, USUAL_NEIGHBORS = 30, 15
"""Defaults of every embedding. They are lowered, with a warning, where there are too few points for them."""

DENSE_POINTS = 4000
"""Up to this many points "eff_res" and "diffusion" are (n, n) arrays; of more points no such array is made."""


def affinities(
    X: FloatArray | Graph,
    affinity: str = "perplexity",
    *,
    perplexity: float = USUAL_PERPLEXITY,
    n_neighbors: int = USUAL_NEIGHBORS,
    params: Settings | None = None,
    normalized: bool = True,
    random_state: RandomState = 0,
) -> tuple[Graph, Settings]:
    """Return the affinities of points, of a graph or of distances.

    Parameters
    ----------
    X : (n, d) points. For "graph" an (n, n) symmetric matrix of weights, sparse or dense. For "precomputed_distance" an
        (n, n) array of distances.
    affinity : which affinities.
        "perplexity": those of t-SNE, to the 3 x perplexity nearest neighbours.
        "umap": UMAP's fuzzy union, to the n_neighbors nearest neighbours.
        "knn": 1 for each pair of which one is among the n_neighbors nearest neighbours of the other.
        "eff_res", "diffusion": as "knn", with neighbours under that distance on the neighbour graph of the points.
        "precomputed_distance": as "knn", with neighbours under the distances that are passed.
        "graph": the weights that are passed.
    perplexity : for "perplexity". The default is lowered where there are too few points.
    n_neighbors : for all others but "graph"; a point is not counted. The default is lowered where there are too few points.
    params : further parameters by name. For "knn" those of the neighbour graph: metric, mode, weighted, search. For "eff_res"
        and "diffusion" those of the distance and of the neighbour graph, whose n_neighbors is the same number unless given.
    normalized : True: each row is divided by its sum, and the mean P of that matrix and its mirror image has the sum 1.
        t-SNE's affinities are of this kind as they come, and UMAP's are divided by their sum. False: the weights as
        described above.
    random_state : seed of an approximate search.

    Returns
    -------
    P : (n, n) csr_array of float64, symmetric to the last bit, nothing on the diagonal, no stored zeros.
    facts : "affinity" and what made it; "self_loops", the number of dropped entries on the diagonal, if there were any.

    Raises
    ------
    InputError : for bad points, distances or weights, unknown names, or more neighbours than points.

    References
    ----------
    van der Maaten, Hinton, JMLR 2008; McInnes, Healy, Melville, arXiv 1802.03426; Böhm et al., TMLR 2025 (rows to sum 1).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P, _ = affinities(sph.datasets.circle(100, ambient_dim=5, sigma=0.05), "eff_res", n_neighbors=10)
    >>> round(float(P.sum()), 12)
    1.0
    """
    _check.one_of(affinity, AFFINITIES, "affinity", "affinity")
    given = dict(params or {})
    facts: Settings = {"affinity": affinity}
    if affinity == "graph":
        _refuse(given, affinity)
        A = _check.graph(X)
        loops = int(np.count_nonzero(A.diagonal()))
        if loops:
            _check.warn(f"{loops} entries on the diagonal of the graph were dropped: no point attracts itself.")
            A = _without_diagonal(A)
            facts["self_loops"] = loops
        return (row_normalized(A) if normalized else A), facts
    X = _check.square_distances(X, "X")[0] if affinity == "precomputed_distance" else _check.points(X)
    if affinity != "precomputed_distance":
        _check.distinct(X)
    if affinity == "perplexity":
        _refuse(given, affinity)
        wanted = fitting_perplexity(perplexity, len(X))
        A, more = log_perplexity_affinities(X, wanted)
        A.data = np.exp(A.data) / (2 * len(X))
        A.eliminate_zeros()
        return A, facts | {"perplexity": wanted} | more
    k = fitting_neighbors(n_neighbors, len(X))
    facts["n_neighbors"] = k
    if affinity == "umap":
        _refuse(given, affinity)
        A, more = log_fuzzy_union(X, k)
        A.data = np.exp(A.data)
        A.eliminate_zeros()
        if normalized:
            A.data /= A.data.sum()
        return A, facts | more
    if affinity == "precomputed_distance":
        _refuse(given, affinity)
        A = graph_under(X, k)
    elif affinity == "knn":
        for name in given:
            _check.one_of(name, Recipe.names(), "parameter of affinity 'knn'")
        A, more = make_graph(X, Recipe(**({"n_neighbors": k} | given)), random_state=random_state)
        facts |= more
    else:
        A, more = _under(X, affinity, k, given, random_state)
        facts |= more
    return (row_normalized(A) if normalized else A), facts


def check_params(params: object) -> None:
    """Refuse what are no parameters by name; for the argument `affinity_params` of estimators.

    Parameters
    ----------
    params : what was passed.

    Raises
    ------
    InputError : unless they are a dict or None.
    """
    if params is not None and not isinstance(params, dict):
        raise _check.InputError(
            Argument("affinity_params"), f" must be a dict of parameters by name or None, not {params!r}."
        )


def row_normalized(A: Graph) -> Graph:
    """Return P = (R + R') / 2m, R the weights divided by the sum of their row, m the number of vertices that have an edge.

    Parameters
    ----------
    A : (n, n) symmetric csr_array of positive weights, nothing on the diagonal.

    Returns
    -------
    (n, n) csr_array, symmetric to the last bit, of sum 1.
    """
    d = np.asarray(A.sum(axis=1)).ravel()
    n = A.shape[0]
    i = np.repeat(np.arange(n), np.diff(A.indptr))
    # One sum of two shares is the same bits for (i, j) as for (j, i).
    data = A.data * (1 / d[i] + 1 / d[A.indices]) / (2 * np.count_nonzero(d))
    return sp.csr_array((data, A.indices.copy(), A.indptr.copy()), shape=A.shape)


def edge_arrays(A: Graph) -> tuple[IntArray, IntArray, FloatArray]:
    """Return a graph as kernels take it.

    Parameters
    ----------
    A : (n, n) csr_array with m stored entries.

    Returns
    -------
    indptr : (n + 1,) int64, where each row begins.
    indices : (m,) int64, columns.
    weights : (m,) float64.
    """
    return A.indptr.astype(np.int64), A.indices.astype(np.int64), A.data


def fitting_perplexity(perplexity: float, n: int) -> float:
    """Return the perplexity, or, for the default with too few points, the largest that there are points for.

    Parameters
    ----------
    perplexity : as it was given.
    n : number of points.
    """
    most = (n - 1) / 3
    if perplexity != USUAL_PERPLEXITY or most >= USUAL_PERPLEXITY or most <= 1:
        return perplexity
    _check.warn(
        f"The default of {USUAL_PERPLEXITY} for ",
        Argument("perplexity"),
        f" needs {3 * USUAL_PERPLEXITY + 1} points, but there are {n}, so it was lowered to {most:.4g}.",
    )
    return most


def fitting_neighbors(n_neighbors: object, n: int) -> int:
    """Return the number of neighbours, or, for the default with too few points, all others.

    Parameters
    ----------
    n_neighbors : as it was given.
    n : number of points.

    Raises
    ------
    InputError : for another number that is too large.
    """
    if n_neighbors != USUAL_NEIGHBORS or not 1 < n <= USUAL_NEIGHBORS:
        return _check.n_neighbors(n_neighbors, n)
    _check.warn(
        f"The default of {USUAL_NEIGHBORS} for ",
        Argument("n_neighbors"),
        f" needs {USUAL_NEIGHBORS + 1} points, but there are {n}, so it was lowered to {n - 1}.",
    )
    return n - 1


def _under(X: FloatArray, distance: str, k: int, given: Settings, random_state: RandomState) -> tuple[Graph, Settings]:
    """Return the graph of the k nearest neighbours under a distance on the neighbour graph of the points."""
    dense = len(X) <= DENSE_POINTS
    usual: dict[str, Any] = {"disconnected": "max"} if distance == "eff_res" else {}
    recipe, own = parted(distance, {"n_neighbors": k} | usual | given, "exact" if dense else "truncated")
    A, made = make_graph(X, recipe, random_state=random_state)
    parts = connected_components(A)
    if parts.sizes.min() <= k:
        raise _check.InputError(
            f"the neighbour graph has {parts.describe()}, so in the smallest no point has ",
            Argument("n_neighbors", k),
            f" others at a finite distance. Pass fewer neighbours, or drop the components of at most {k} points.",
        )
    if dense:
        computed = compute(None, distance, graph=A, random_state=random_state, **own)
        return graph_under(computed.D, k), {"distance": computed.settings["distance"], "graph": made}
    implicit, settings = compute_implicit(None, distance, graph=A, random_state=random_state, **own)
    return graph_under_implicit(implicit, k), {"distance": settings["distance"], "graph": made}


def _without_diagonal(A: Graph) -> Graph:
    kept = sp.coo_array(A)
    i, j = kept.coords
    off = i != j
    return sp.csr_array((kept.data[off], (i[off], j[off])), shape=A.shape)


def _refuse(given: Settings, affinity: str) -> None:
    _check.parameters(_nothing, given, f"affinity {affinity!r}")


def _nothing() -> None:
    """Take no parameter."""
