"""The door to all distances: points or a graph in, an (n, n) array or implicit distances out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import FloatArray, Graph, GraphMode, RandomState, SearchMethod, Settings
from spectral_ph.distances.registry import DISTANCES, ROWS, keywords
from spectral_ph.graph.neighbors import nearest_neighbors
from spectral_ph.graph.symmetrize import graph_from_edges, undirected_edges
from spectral_ph.graph.weights import conductances

LOW_CUT = 0.4
MORE_COMPONENTS = 200
"""A truncated form takes so many eigenpairs, unless told how many, where its default number ends below `LOW_CUT`."""

INSTEAD = "use fewer points, or persistence(..., method='truncated'), which holds no matrix."
NEIGHBOR_GRAPH: Settings = {
    "n_neighbors": 15,
    "metric": "euclidean",
    "mode": "union",
    "weighted": False,
    "search": "auto",
}
"""How a neighbour graph is made unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Computed:
    """A distance matrix with what made it.

    Attributes
    ----------
    D : (n, n) float64.
    settings : all parameters by name, and the facts measured on the way.
    """

    D: FloatArray
    settings: Settings


def compute(
    X: FloatArray | None,
    distance: str,
    *,
    graph: Graph | None = None,
    n_neighbors: int = 15,
    metric: str | Callable[[FloatArray, FloatArray], float] = "euclidean",
    mode: GraphMode = "union",
    weighted: bool = False,
    search: SearchMethod = "auto",
    dtype: Literal["float64", "float32"] = "float64",
    random_state: RandomState = 0,
    **params: Any,
) -> Computed:
    """Compute a distance matrix together with its settings; `distance_matrix` is the same and returns the matrix alone.

    Parameters and errors are those of `distance_matrix`.

    Parameters
    ----------
    X : points, distances or None.
    distance : name of a row.
    graph : a ready graph in place of X.
    n_neighbors, metric, mode, weighted, search : the neighbour graph.
    dtype : how the finished matrix is kept.
    random_state : seed.
    **params : of the distance.

    Returns
    -------
    Computed
    """
    row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
    _check.parameters(row.function, params, f"distance {distance!r}")
    if (X is None) == (graph is None):
        came = "neither" if X is None else "both"
        raise _check.InputError(f"either points X or graph=A is needed, and {came} came.")
    settings: Settings = {"distance": distance}
    if "random_state" in row.parameters:
        params.setdefault("random_state", random_state)
    settings |= row.parameters | params
    if "random_state" in settings:
        settings["random_state"] = _check.seed_record(settings["random_state"])
    if row.needs != "graph" or graph is not None:
        why = f"distance {distance!r} needs none" if row.needs != "graph" else "graph=A came"
        made = {"n_neighbors": n_neighbors, "metric": metric, "mode": mode, "weighted": weighted, "search": search}
        for name, value in made.items():
            if value != NEIGHBOR_GRAPH[name]:
                raise _check.InputError(
                    f"{name} is for making a neighbour graph, and {why}; leave {name} out, or choose a distance on a graph."
                )
    if row.needs != "graph":
        if X is None:
            able = ", ".join(r.name for r in ROWS if r.needs == "graph")
            raise _check.InputError(
                f"distance {distance!r} is computed from points, and a graph came; pass one of: {able}."
            )
        if row.needs == "points":
            X = _check.points(X)
            n = len(X)
            _check.memory(8.0 * n**2, f"the distance matrix of {n} points", INSTEAD)
            _check.distinct(X)
        D, facts = row.function(X, **params)
        return _kept(D, settings | facts, dtype)
    if row.edges == "lengths" and weighted is not False:
        raise _check.InputError(
            f"weighted is about conductances, and distance {distance!r} works on the lengths of the edges; leave weighted out."
        )
    A, made_how = neighbourhood(
        X,
        graph,
        n_neighbors=n_neighbors,
        metric=metric,
        mode=mode,
        weighted=weighted,
        search=search,
        random_state=random_state,
        edges=row.edges,
    )
    _pass_neighbors(row.function, params, made_how)
    settings |= params | made_how
    if "random_state" in settings:
        settings["random_state"] = _check.seed_record(settings["random_state"])
    n = A.shape[0]
    _check.memory(8.0 * n**2, f"the distance matrix of {n} points", INSTEAD)
    D, facts = row.function(A, **params)
    return _kept(D, settings | facts, dtype)


def _pass_neighbors(function: Callable[..., Any], params: Settings, made_how: Settings) -> None:
    """Later passes take as many neighbours as the graph that was made from points, unless told otherwise."""
    if "pass_neighbors" in keywords(function) and params.get("pass_neighbors") is None and "n_neighbors" in made_how:
        params["pass_neighbors"] = made_how["n_neighbors"]


def neighbourhood(
    X: FloatArray | None,
    graph: Graph | None,
    *,
    n_neighbors: int = 15,
    metric: str | Callable[[FloatArray, FloatArray], float] = "euclidean",
    mode: GraphMode = "union",
    weighted: bool = False,
    search: SearchMethod = "auto",
    random_state: RandomState = 0,
    edges: Literal["conductances", "lengths"] = "conductances",
) -> tuple[Graph, Settings]:
    """Return the graph that was passed, or the neighbour graph of the points, with what made it.

    Parameters
    ----------
    X, graph, n_neighbors, metric, mode, weighted, search, random_state : as for `distance_matrix`.
    edges : "conductances", or "lengths": the entries are the lengths of the edges, with a stored zero for an edge between
        duplicates; of a graph that was passed, one over its conductances.

    Returns
    -------
    A : (n, n) csr_array.
    settings : parameters and measured recall.

    Raises
    ------
    InputError : as `distance_matrix`.
    """
    if graph is not None:
        A = _check.graph(graph)
        if edges == "lengths":
            with np.errstate(over="ignore"):
                A = sp.csr_array((1 / A.data, A.indices, A.indptr), shape=A.shape)
            if not np.isfinite(A.data).all():
                raise _check.InputError(
                    "the graph has conductances so small that the length of an edge, one over it, is infinite; drop those "
                    "edges."
                )
        return A, {"graph": f"passed ({A.shape[0]} vertices, {A.nnz // 2} edges)"}
    assert X is not None
    weighted = _check.flag(weighted, "weighted")
    if metric != "precomputed":
        X = _check.points(X)
        _check.distinct(X)
    found = nearest_neighbors(X, n_neighbors, metric, method=search, random_state=random_state)
    pairs, lengths = undirected_edges(found, mode)
    weights = lengths if edges == "lengths" else conductances(lengths, weighted)
    A = graph_from_edges(pairs, weights, len(found.indices))
    settings: Settings = {"n_neighbors": n_neighbors, "metric": found.settings["metric"], "mode": mode}
    if edges == "lengths":
        return A, settings | {"search": found.settings["method"], "recall": found.recall}
    return A, settings | {"weighted": weighted, "search": found.settings["method"], "recall": found.recall}


def compute_implicit(
    X: FloatArray | None,
    distance: str,
    *,
    graph: Graph | None = None,
    random_state: RandomState = 0,
    **params: Any,
) -> tuple[ImplicitDistances, Settings]:
    """Compute a distance without an (n, n) array.

    Parameters
    ----------
    X : (n, d) points or None.
    distance : name of a row that has an implicit form.
    graph : a ready graph in place of X.
    random_state : seed.
    **params : of the neighbour graph and of the implicit form, by name.

    Returns
    -------
    implicit : the distances; `facts` tells how far they may be off.
    settings : all parameters by name.

    Raises
    ------
    InputError : for a distance without an implicit form, or as `distance_matrix`.
    """
    row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
    if row.implicit is None:
        able = ", ".join(r.name for r in ROWS if r.implicit is not None)
        raise _check.InputError(f"distance {distance!r} has no truncated form; those that have one are: {able}.")
    if (X is None) == (graph is None):
        came = "neither" if X is None else "both"
        raise _check.InputError(f"either points X or graph=A is needed, and {came} came.")
    made = {name: params.pop(name) for name in NEIGHBOR_GRAPH if name in params}
    _check.parameters(row.implicit, params, f"the truncated form of distance {distance!r}")
    A, settings = neighbourhood(X, graph, **made, random_state=random_state)
    _pass_neighbors(row.implicit, params, settings)
    implicit = row.implicit(A, random_state=random_state, **params)
    if "n_components" not in params and implicit.facts["cut_at"] < LOW_CUT and not implicit.facts["complete"]:
        # Slow diffusion is cut off: on 10,000 pallium cells 100 eigenpairs (cut at .3) put the birth of the top loop 11 %
        # too high, 200 (cut at .43) 0.2 %.
        params["n_components"] = MORE_COMPONENTS
        implicit = row.implicit(A, random_state=random_state, **params)
    given = keywords(row.implicit) | params | {"random_state": _check.seed_record(random_state)}
    return implicit, {"distance": distance} | given | settings


def _kept(D: FloatArray, settings: Settings, dtype: str) -> Computed:
    if _check.one_of(dtype, ("float64", "float32"), "dtype") == "float32":
        D = D.astype(np.float32)
        settings["dtype"] = "float32 (distances rounded to 6e-8 of their size)"
    return Computed(D, settings)


def distance_matrix(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    *,
    graph: Graph | None = None,
    n_neighbors: int = 15,
    metric: str | Callable[[FloatArray, FloatArray], float] = "euclidean",
    mode: GraphMode = "union",
    weighted: bool = False,
    search: SearchMethod = "auto",
    dtype: Literal["float64", "float32"] = "float64",
    random_state: RandomState = 0,
    **params: Any,
) -> FloatArray:
    """Compute the distances between all points.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances for distance="precomputed", or for a graph distance with metric="precomputed".
    distance : on a graph "eff_res", "diffusion", "dpt", "eigenmaps", "potential", "geodesic" or "hops"; on points
        "euclidean", "cosine", "correlation", "pca", "fermat", "dtm", "core", "tsne_graph", "umap_graph", "tsne" or "umap";
        and "precomputed". `spectral_ph.distances.DISTANCES` has a row for each.
    graph : (n, n) symmetric sparse matrix of conductances, in place of X, for distances on a graph. To "geodesic" an edge
        is as long as one over its conductance.
    n_neighbors, metric, mode, weighted, search : how the neighbour graph is made, see `neighbor_graph` (`search` is its
        `method`); for distances on a graph made from points, and refused elsewhere.
    dtype : "float32" halves the memory of the result and rounds each distance to 6e-8 of its size; it is computed in
        float64 either way.
    random_state : seed for whatever is random in the search and in the distance.
    **params : parameters of the distance by name, for instance `t` of diffusion or `corrected` of eff_res.

    Returns
    -------
    (n, n) float64 (or float32), symmetric to the last bit, zero diagonal.

    Raises
    ------
    InputError : for bad points, an unknown distance or parameter (naming the nearest known), or a disconnected graph where
        the distance would be infinite.
    TooLargeError : if the matrix would not fit in memory; before anything is allocated.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(200, ambient_dim=10, sigma=0.1)
    >>> sph.distance_matrix(X, "eff_res", n_neighbors=10).shape
    (200, 200)
    """
    D = compute(
        X,
        distance,
        graph=graph,
        n_neighbors=n_neighbors,
        metric=metric,
        mode=mode,
        weighted=weighted,
        search=search,
        dtype=dtype,
        random_state=random_state,
        **params,
    ).D
    return D.copy() if D is X else np.ascontiguousarray(D)
