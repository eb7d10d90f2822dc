"""The door to all distances: points or a graph in, an (n, n) array or implicit distances out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import FloatArray, Graph, GraphMode, Metric, RandomState, SearchName, Settings
from spectral_ph.distances.registry import DISTANCES, ROWS, Distance, Form, keywords
from spectral_ph.graph.neighbors import Neighbors
from spectral_ph.graph.recipe import Edges, Recipe, make_graph

USUAL = Recipe()
"""The neighbour graph unless told otherwise."""

LOW_CUT = 0.4
MORE_COMPONENTS = 200
"""A truncated form takes this many eigenpairs, unless told how many, where its default number ends below `LOW_CUT`."""


@dataclass(frozen=True, eq=False)
class Computed:
    """A distance matrix with what made it.

    Attributes
    ----------
    D : (n, n) float64.
    settings : "distance", its name with its parameters and the facts measured on the way; "graph", how the neighbour graph
        was made, where there is one; and "random_state".
    """

    D: FloatArray
    settings: Settings


def parted(distance: str, given: Settings, form: Form = "exact", also: Iterable[str] = ()) -> tuple[Recipe, Settings]:
    """Part arguments given by name into those of the neighbour graph and those of the distance.

    Parameters
    ----------
    distance : name of a row.
    given : arguments by name. `n_neighbors` is the graph's, or that of a distance that makes no graph and counts
        neighbours itself; None leaves it at its default.
    form : what the distance is computed as; what it takes for parameters that were left open is filled in.
    also : names that the caller takes itself. They are refused here, but a misspelt name may have meant one of them.

    Returns
    -------
    recipe : of the neighbour graph.
    params : of the distance, and "dtype" if it was given.

    Raises
    ------
    InputError : for an unknown distance or parameter, or a distance without that form.
    """
    row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
    function, what = _function(row, form)
    params = {name: value for name, value in given.items() if name != "n_neighbors" or value is not None}
    made = {name: params.pop(name) for name in Recipe.names() if name in params and name not in keywords(function)}
    own = {name: value for name, value in params.items() if name != "dtype" or form in ("truncated", "landmarks")}
    _check.parameters(
        function, own, what, also=(*row.parameters, *Recipe.names(), "dtype", "graph", "random_state", *also)
    )
    return Recipe(**made), row.filled(form, params)


def fitting(distance: str, given: Settings, n: int, graph: object = None) -> Settings:
    """Return arguments in which a default number of neighbours that does not fit few points is lowered, with a warning.

    Parameters
    ----------
    distance : name of a row. given : arguments by name; a number of neighbours among them is left as it is.
    n : points. graph : passed in place of points, or None.

    Returns
    -------
    dict
    """
    row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
    usual = keywords(row.function).get("n_neighbors", Recipe().n_neighbors if row.needs == "graph" else None)
    if graph is not None or given.get("n_neighbors") is not None or not isinstance(usual, int) or not 2 <= n <= usual:
        return given
    _check.warn(
        f"{n} points have at most {n - 1} neighbours each, so {n - 1} were taken in place of {usual}. To avoid this warning, "
        "pass ",
        Argument("n_neighbors", n - 1),
        " or fewer.",
    )
    return given | {"n_neighbors": n - 1}


def _function(row: Distance, form: Form) -> tuple[Callable[..., Any], str]:
    """Return what computes a form of a distance, and what a sentence calls it."""
    if form in ("exact", "verdict"):
        return row.function, f"distance {row.name!r}"
    if row.implicit is None:
        able = ", ".join(r.name for r in ROWS if r.implicit is not None)
        raise _check.InputError(f"distance {row.name!r} has no truncated form. Distances that have one are: {able}.")
    return row.implicit, f"the truncated form of distance {row.name!r}"


def compute(
    X: FloatArray | None,
    distance: str,
    *,
    graph: Graph | None = None,
    recipe: Recipe = USUAL,
    dtype: Literal["float64", "float32"] = "float64",
    random_state: RandomState = 0,
    known: Neighbors | None = None,
    sparse: bool = False,
    **params: Any,
) -> Computed:
    """Compute a distance matrix together with its settings; `distance_matrix` returns the matrix alone.

    Parameters
    ----------
    X : points, distances or None.
    distance : name of a row.
    graph : a ready graph in place of X.
    recipe : how the neighbour graph is made; refused where none is made, unless it is the usual one.
    dtype : how the finished matrix is kept.
    random_state : seed.
    known : neighbours of the points that an exact search found, as many as the recipe asks for or more; None to search.
    sparse : whether a sparse matrix of distances is handed on as it is; whoever takes it checks it.
    **params : of the distance, as `parted` returns them.

    Returns
    -------
    Computed

    Raises
    ------
    InputError, TooLargeError : as `distance_matrix`.
    """
    row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
    _one_of_both(X, graph)
    _check.seed(random_state)
    if row.needs == "graph" and graph is None:
        return _on_graph(X, None, row, recipe, dtype, random_state, params, known)
    why: tuple[object, ...] = (f"distance {distance!r} needs none.",)
    way = ", or choose a distance on a graph."
    if row.needs == "graph":
        why, way = (Argument("graph"), " was passed."), "."
    for name in recipe.changed():
        raise _check.InputError(
            Argument(name), " is for making a neighbour graph, but ", *why, " Leave ", Argument(name), " out", way
        )
    if row.needs == "graph":
        return _on_graph(X, graph, row, recipe, dtype, random_state, params)
    if X is None:
        able = ", ".join(r.name for r in ROWS if r.needs == "graph")
        raise _check.InputError(
            f"distance {distance!r} is computed from points, not from a graph. Pass one of: {able}."
        )
    if row.needs == "points":
        X = _check.points(X)
        _fits(len(X), dtype, row)
        _check.distinct(X)
    if sparse and row.needs == "distances" and _check.is_sparse(X):
        D: Any = X
        facts: Settings = {}
    else:
        D, facts = row.function(X, **_seeded(row.function, params, random_state))
    return _kept(D, _settings(row.function, row.name, params | facts, None, random_state), dtype)


BYTES = {"float64": 8.0, "float32": 12.0}
"""What a pair of points takes. All is computed in float64, so while it becomes float32 both are held."""


def _fits(n: int, dtype: str, row: Distance) -> None:
    """Refuse a matrix that there is no memory for, and an unknown type of number."""
    kept = _check.one_of(dtype, tuple(BYTES), "type of number", "dtype")
    _check.memory(BYTES[kept] * n**2, f"the distance matrix of {n} points", *_instead(row))


def _on_graph(
    X: FloatArray | None,
    graph: Graph | None,
    row: Distance,
    recipe: Recipe,
    dtype: str,
    random_state: RandomState,
    params: Settings,
    known: Neighbors | None = None,
) -> Computed:
    if row.edges == "lengths" and recipe.weighted is not False:
        raise _check.InputError(
            Argument("weighted"),
            f" is about conductances, but distance {row.name!r} works on the lengths of the edges. Leave ",
            Argument("weighted"),
            " out.",
        )
    A, made_how = neighbourhood(X, graph, recipe, random_state=random_state, edges=row.edges, known=known)
    _pass_neighbors(row.function, params, made_how)
    _fits(A.shape[0], dtype, row)
    D, facts = row.function(A, **_seeded(row.function, params, random_state))
    return _kept(D, _settings(row.function, row.name, params | facts, made_how, random_state), dtype)


def _instead(row: Distance) -> tuple[object, ...]:
    """Say what can be done where the matrix of a distance does not fit."""
    if row.implicit is None:
        return ("Use fewer points.",)
    return (
        "Use fewer points, or persistence with ",
        Argument("method", "landmarks"),
        " or, in degrees 0 and 1, ",
        Argument("method", "truncated"),
        ", which hold no matrix of all points.",
    )


def _seeded(function: Callable[..., Any], params: Settings, random_state: RandomState) -> Settings:
    """Add the seed, if the function takes one."""
    return params | ({"random_state": random_state} if "random_state" in keywords(function) else {})


def _settings(
    function: Callable[..., Any], name: str, known: Settings, made_how: Settings | None, random_state: RandomState
) -> Settings:
    """Say whose each value is: the distance's, the graph's, or everybody's."""
    distance = {"name": name} | keywords(function) | known
    distance.pop("random_state", None)
    graph = {} if made_how is None else {"graph": made_how}
    return {"distance": distance} | graph | {"random_state": _check.seed_record(random_state)}


def by_stage(
    X: FloatArray,
    distance: str,
    last: int,
    *,
    recipe: Recipe = USUAL,
    dtype: Literal["float64", "float32"] = "float64",
    random_state: RandomState = 0,
    known: Neighbors | None = None,
    **params: Any,
) -> Iterator[FloatArray]:
    """Yield what `compute` returns for each number of stages of a distance; the neighbour graph is made once.

    Parameters
    ----------
    X : (n, d) points.
    distance : name of a row that has stages.
    last : the largest number of stages.
    recipe, dtype, random_state, known, **params : as for `compute`; what `params` say of the number of stages does not count.

    Yields
    ------
    (n, n) distances, which the next stage reads.

    Raises
    ------
    InputError : as `distance_matrix`.
    """
    row = DISTANCES[distance]
    assert row.stages is not None
    A, made_how = neighbourhood(X, None, recipe, random_state=random_state, edges=row.edges, known=known)
    params[row.stage] = last
    _pass_neighbors(row.function, params, made_how)
    for D, _ in row.stages(A, **_seeded(row.function, params, random_state)):
        yield _kept(D, {"distance": {}}, dtype).D


def _one_of_both(X: FloatArray | None, graph: Graph | None) -> None:
    if (X is None) == (graph is None):
        rest = "=A: neither was passed." if X is None else "=A, not both."
        raise _check.InputError("pass either points X or ", Argument("graph"), rest)


def _pass_neighbors(function: Callable[..., Any], params: Settings, made_how: Settings) -> None:
    """Later passes take as many neighbours as the graph that was made from points, unless told otherwise."""
    if "pass_neighbors" in keywords(function) and params.get("pass_neighbors") is None and "n_neighbors" in made_how:
        params["pass_neighbors"] = made_how["n_neighbors"]


def neighbourhood(
    X: FloatArray | None,
    graph: Graph | None,
    recipe: Recipe = USUAL,
    *,
    random_state: RandomState = 0,
    edges: Edges = "conductances",
    known: Neighbors | None = None,
) -> tuple[Graph, Settings]:
    """Return the graph that was passed, or the neighbour graph of the points, with what made it.

    Parameters
    ----------
    X, graph, random_state : as for `distance_matrix`.
    recipe : how the graph of the points is made.
    edges : "conductances", or "lengths": the entries are the lengths of the edges, with a stored zero for an edge between
        duplicates; of a graph that was passed, one over its conductances.
    known : as for `compute`.

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
                    "the graph has conductances so small that the length of an edge, one over it, is infinite. "
                    "Drop those edges."
                )
        return A, {"passed": True, "vertices": A.shape[0], "edges": A.nnz // 2}
    assert X is not None
    if recipe.metric != "precomputed":
        X = _check.points(X)
        _check.distinct(X)
    return make_graph(X, recipe, random_state=random_state, edges=edges, known=known)


def compute_implicit(
    X: FloatArray | None,
    distance: str,
    *,
    graph: Graph | None = None,
    recipe: Recipe = USUAL,
    random_state: RandomState = 0,
    **params: Any,
) -> tuple[ImplicitDistances, Settings]:
    """Compute a distance without an (n, n) array.

    Parameters
    ----------
    X : (n, d) points or None.
    distance : name of a row that has an implicit form.
    graph : a ready graph in place of X.
    recipe : how the neighbour graph of the points is made.
    random_state : seed.
    **params : of the implicit form, as `parted` returns them.

    Returns
    -------
    implicit : the distances; `facts` tells how far they may be off.
    settings : as those of `Computed`.

    Raises
    ------
    InputError : for a distance without an implicit form, or as `distance_matrix`.
    """
    row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
    function, _ = _function(row, "truncated")
    _one_of_both(X, graph)
    A, made_how = neighbourhood(X, graph, recipe, random_state=random_state)
    _pass_neighbors(function, params, made_how)
    implicit = function(A, random_state=random_state, **params)
    if "n_components" not in params and implicit.facts["cut_at"] < LOW_CUT and not implicit.facts["complete"]:
        # Slow diffusion is cut off: on 10,000 pallium cells 100 eigenpairs (cut at 0.3) put the birth of the top loop 11 %
        # too high, 200 (cut at 0.43) 0.2 %.
        params["n_components"] = MORE_COMPONENTS
        implicit = function(A, random_state=random_state, **params)
    return implicit, _settings(function, distance, params | implicit.facts, made_how, random_state)


def _kept(D: FloatArray, settings: Settings, dtype: str) -> Computed:
    if _check.one_of(dtype, tuple(BYTES), "type of number", "dtype") == "float32":
        D = D.astype(np.float32)
        settings["distance"]["dtype"] = "float32 (distances rounded to 6e-8 of their size)"
    return Computed(D, settings)


def distance_matrix(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    *,
    graph: Graph | None = None,
    n_neighbors: int | None = None,
    metric: Metric = "euclidean",
    mode: GraphMode = "union",
    weighted: bool = False,
    search: SearchName = "auto",
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
    n_neighbors : neighbours of each point in the neighbour graph, itself not counted; None is 15, or with a warning what few
        points have. To a distance that makes no graph but counts neighbours (`dtm`, `core`, `umap_graph`, `umap`) it is their
        number, and None is its own default.
    metric, mode, weighted, search : how the neighbour graph is made, see `neighbor_graph`; for distances on a graph made
        from points, and refused elsewhere.
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

    See Also
    --------
    persistence, neighbor_graph, SpectralDistance, DISTANCES

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(200, ambient_dim=10, sigma=0.1)
    >>> sph.distance_matrix(X, "eff_res", n_neighbors=10).shape
    (200, 200)
    """
    given = {"n_neighbors": n_neighbors, "metric": metric, "mode": mode, "weighted": weighted, "search": search}
    n = _check.sized(X, graph)[1]
    recipe, own = parted(distance, fitting(distance, given | params, n, graph), also=("distance",))
    D = compute(X, distance, graph=graph, recipe=recipe, dtype=dtype, random_state=random_state, **own).D
    return D.copy() if D is X else np.ascontiguousarray(D)
