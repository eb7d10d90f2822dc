"""One row for every distance, and the one door to all of them.

A row has five readers: the table in docs/theory.md, the command line, the contract tests, the benchmarks and the guide to
choosing. A new distance is a function that returns (D, facts) and a row here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import (
    FloatArray,
    Graph,
    GraphMode,
    RandomState,
    SearchMethod,
    Settings,
)
from spectral_ph.distances import affinity, ambient, density, diffusion, layout, path, resistance
from spectral_ph.distances.implicit import diffusion_implicit, eff_res_implicit
from spectral_ph.distances.passes import LARGEST_STEPS
from spectral_ph.graph.neighbors import nearest_neighbors
from spectral_ph.graph.symmetrize import graph_from_edges, undirected_edges
from spectral_ph.graph.weights import conductances


@dataclass(frozen=True)
class Range:
    """The values that a parameter may have; `value in range` and `str(range)` are what it is for.

    Attributes
    ----------
    kind : "whole" numbers, "real" numbers, "choice" among `values`, or "seed" (a whole number, a Generator or None).
    least, most : ends of the interval, both included, infinity only if in `values`.
    limit : what else bounds it from above, in words, such as "n - 1".
    values : what is allowed beside numbers; all there is for "choice".
    open : `least` itself is not allowed.
    """

    kind: Literal["whole", "real", "choice", "seed"]
    least: float = -np.inf
    most: float = np.inf
    limit: str = ""
    values: tuple[Any, ...] = ()
    open: bool = False

    def __contains__(self, value: object) -> bool:
        if any(isinstance(value, bool) == isinstance(v, bool) and value == v for v in self.values):
            return True
        if self.kind == "choice":
            return False
        if self.kind == "seed" and (value is None or isinstance(value, np.random.Generator)):
            return True
        whole = isinstance(value, (int, np.integer))
        if isinstance(value, bool) or not (whole or (self.kind == "real" and isinstance(value, (float, np.floating)))):
            return False
        number = float(value)  # type: ignore[arg-type]
        return bool(
            abs(number) < np.inf and self.least <= number <= self.most and not (self.open and number == self.least)
        )

    def __str__(self) -> str:
        others = [str(v) for v in self.values]
        if self.kind == "choice":
            return ", ".join(others[:-1]) + (" or " if others[:-1] else "") + others[-1]
        if self.kind == "seed":
            return "a whole number, a Generator or None"
        end = self.limit or ("" if self.most == np.inf else f"{self.most:g}")
        if end:
            span = f"{'above ' if self.open else ''}{self.least:g} to {end}"
        else:
            span = f"{'above' if self.open else 'from'} {self.least:g}"
        return " or ".join([f"{self.kind}, {span}", *others])


@dataclass(frozen=True, eq=False)
class Distance:
    """What the house knows about one distance.

    Attributes
    ----------
    name : how it is asked for.
    function : takes points or a graph and keyword parameters, returns (D, facts).
    needs : "points", "graph" or "distances": what the function takes.
    formula : in plain characters.
    source : where the formula is from.
    metric : whether the triangle inequality holds.
    implicit : takes a graph and returns `ImplicitDistances`, for more points than an (n, n) array can hold; or None.
    cost : flops and memory beside the result of 8 n^2 bytes and the neighbour graph; d coordinates, m edges.
    ranges : what each parameter may be.
    edges : whether the graph is to hold "conductances", or "lengths" with a stored zero for an edge of length 0.
    """

    name: str
    function: Callable[..., tuple[FloatArray, Settings]]
    needs: Literal["points", "graph", "distances"]
    formula: str
    source: str
    metric: bool
    implicit: Callable[..., ImplicitDistances] | None = None
    cost: str = ""
    ranges: dict[str, Range] = field(default_factory=dict)
    edges: Literal["conductances", "lengths"] = "conductances"

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the keyword parameters with their defaults."""
        return _keywords(self.function)


def _keywords(function: Callable[..., Any]) -> dict[str, Any]:
    return {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}


FLAG = Range("choice", values=(False, True))
SEED = Range("seed", least=0)
DISCONNECTED = Range("choice", values=("raise", "max"))
NEIGHBORS = Range("whole", 1, limit="n - 1")
PERPLEXITY = Range("real", 1, limit="(n - 1) / 3", open=True)
EFFPH = "Damrich, Berens, Kobak, NeurIPS 2024"

ROWS = (
    Distance(
        "eff_res",
        resistance.eff_res,
        "graph",
        "(p_i - p_j)' L+ (p_i - p_j), p_i = row i of P^steps; steps = 1: R_ij - 1/d_i - 1/d_j + 2 A_ij/(d_i d_j), "
        "R_ij = L+_ii + L+_jj - 2 L+_ij; w(mu) = |1 - mu|^steps/sqrt(mu), squared",
        f"von Luxburg, Radl, Hein, NeurIPS 2010; {EFFPH}",
        False,
        eff_res_implicit,
        cost="n^3 + 8 steps m n flops a pass, no second matrix",
        ranges={
            "passes": Range("whole", 1),
            "pass_neighbors": Range("whole", 1, limit="n - 1", values=(None,)),
            "steps": Range("whole", 0, LARGEST_STEPS, values=(None,)),
            "corrected": FLAG,
            "sqrt": FLAG,
            "method": Range("choice", values=("exact", "spectral")),
            "n_components": Range("whole", 1, limit="n", values=(None,)),
            "disconnected": DISCONNECTED,
            "random_state": SEED,
        },
    ),
    Distance(
        "diffusion",
        diffusion.diffusion,
        "graph",
        "sqrt(vol sum_k (P^t_ik - P^t_jk)^2 / d_k); w(mu) = sqrt(vol) |1 - mu|^t",
        "Coifman, Lafon, Appl. Comput. Harmon. Anal. 2006",
        True,
        diffusion_implicit,
        cost="(1 + log2 t) n^3 flops by powers, 40 n^2 bytes",
        ranges={
            "t": Range("real", 0, diffusion.LARGEST_T),
            "method": Range("choice", values=("auto", "power", "spectral")),
            "n_components": Range("whole", 1, limit="n", values=(None,)),
            "random_state": SEED,
        },
    ),
    Distance(
        "dpt",
        diffusion.dpt,
        "graph",
        "w(mu) = (1 - mu)/mu",
        "Haghverdi et al., Nature Methods 2016",
        True,
        cost="all eigenpairs, about 9 n^3 flops, 24 n^2 bytes",
        ranges={
            "variant": Range("choice", values=("sym", "symd", "rw")),
            "disconnected": DISCONNECTED,
            "random_state": SEED,
        },
    ),
    Distance(
        "eigenmaps",
        diffusion.eigenmaps,
        "graph",
        "w(mu) = 1 on the first m non-trivial eigenpairs",
        "Belkin, Niyogi, Neural Computation 2003",
        True,
        cost="m eigenpairs, then m n^2 flops",
        ranges={
            "n_components": Range("whole", 1, limit="n - 1"),
            "variant": Range("choice", values=("rw", "sym")),
            "disconnected": DISCONNECTED,
            "random_state": SEED,
        },
    ),
    Distance(
        "potential",
        diffusion.potential,
        "graph",
        "|| log(P^t_i + 1e-7) - log(P^t_j + 1e-7) ||",
        "Moon et al., Nature Biotechnology 2019",
        True,
        cost="(1 + log2 t) n^3 flops, 32 n^2 bytes",
        ranges={"t": Range("whole", 1)},
    ),
    Distance(
        "geodesic",
        path.geodesic,
        "graph",
        "length of the shortest path along edges of length || x_i - x_j ||",
        f"Tenenbaum, de Silva, Langford, Science 2000; {EFFPH}",
        True,
        cost="n (m + n) log n flops",
        ranges={"disconnected": DISCONNECTED},
        edges="lengths",
    ),
    Distance(
        "hops",
        path.hops,
        "graph",
        "smallest number of edges from i to j",
        EFFPH,
        True,
        cost="n (m + n) log n flops",
        ranges={"disconnected": DISCONNECTED},
    ),
    Distance("euclidean", ambient.euclidean, "points", "|| x_i - x_j ||", "-", True, cost="d n^2 flops"),
    Distance(
        "cosine",
        ambient.cosine,
        "points",
        "1 - <x_i, x_j> / (|x_i| |x_j|)",
        "-",
        False,
        cost="d n^2 flops, 8 n d bytes",
    ),
    Distance(
        "correlation",
        ambient.correlation,
        "points",
        "cosine of the centred rows",
        "-",
        False,
        cost="d n^2 flops, 8 n d bytes",
    ),
    Distance(
        "pca",
        ambient.pca,
        "points",
        "|| y_i - y_j ||, y the first principal components, each over its standard deviation if whitened",
        "Pearson, Philosophical Magazine 1901",
        True,
        cost="about 6 n d min(n, d) + n_components n^2 flops, 24 n d bytes",
        ranges={"n_components": Range("whole", 1, limit="min(n, d)"), "whiten": FLAG},
    ),
    Distance(
        "fermat",
        path.fermat,
        "points",
        "min over paths from i to j of the sum of || x_a - x_b ||^p",
        f"Groisman, Jonckheere, Sapienza, Bernoulli 2022; {EFFPH}",
        True,
        cost="n^3 flops, no second matrix",
        ranges={"p": Range("real", 1)},
    ),
    Distance(
        "dtm",
        density.dtm,
        "points",
        "first t with d_ij <= r_i + r_j, r = (t^xi - f^xi)^(1/xi), and t >= f; f = (mean of d^p to k neighbours)^(1/p)",
        f"Anai et al., DTM-based filtrations, 2019; {EFFPH}",
        True,
        cost="d n^2 flops, 16 n k bytes",
        ranges={
            "k": NEIGHBORS,
            "p": Range("real", 1, values=(np.inf,)),
            "xi": Range("choice", values=(1, 2, np.inf)),
            "vertex_births": FLAG,
        },
    ),
    Distance(
        "core",
        density.core,
        "points",
        "max(|| x_i - x_j ||, c_i, c_j), c the distance to the k-th neighbour",
        f"Campello, Moulavi, Zimek, Sander, ACM TKDD 2015; {EFFPH}",
        True,
        cost="d n^2 flops, 16 n k bytes",
        ranges={"k": NEIGHBORS},
    ),
    Distance(
        "tsne_graph",
        affinity.tsne_graph,
        "points",
        "c - log(p_j|i + p_i|j), p_j|i ~ exp(-beta_i d_ij^2) of the given perplexity; non-edges twice the largest",
        f"van der Maaten, Hinton, JMLR 2008; {EFFPH}",
        False,
        cost="d n^2 flops, about 200 n perplexity bytes",
        ranges={"perplexity": PERPLEXITY},
    ),
    Distance(
        "umap_graph",
        affinity.umap_graph,
        "points",
        "c - log(v_j|i + v_i|j - v_j|i v_i|j), v_j|i = exp(-(d_ij - rho_i)/sigma_i); non-edges twice the largest",
        f"McInnes, Healy, Melville, arXiv 1802.03426; {EFFPH}",
        False,
        cost="d n^2 flops, about 70 n k bytes",
        ranges={"k": NEIGHBORS},
    ),
    Distance(
        "tsne",
        layout.tsne,
        "points",
        "|| y_i - y_j ||, y the t-SNE embedding",
        f"van der Maaten, Hinton, JMLR 2008; {EFFPH}",
        True,
        cost="d n^2 + 750 (n log n + n perplexity) flops, about 200 n perplexity bytes",
        ranges={"perplexity": PERPLEXITY, "dims": Range("whole", 1, 3, limit="3 (and d)"), "random_state": SEED},
    ),
    Distance(
        "umap",
        layout.umap,
        "points",
        "|| y_i - y_j ||, y the UMAP embedding",
        f"McInnes, Healy, Melville, arXiv 1802.03426; {EFFPH}",
        True,
        cost="d n^2 + 750 n k flops, about 100 n k bytes",
        ranges={"k": NEIGHBORS, "dims": Range("whole", 1, limit="n - 3"), "random_state": SEED},
    ),
    Distance("precomputed", ambient.precomputed, "distances", "D as it came", "-", False, cost="n^2 comparisons"),
)
DISTANCES = {row.name: row for row in ROWS}
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
    if "pass_neighbors" in _keywords(function) and params.get("pass_neighbors") is None and "n_neighbors" in made_how:
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
    given = _keywords(row.implicit) | params | {"random_state": _check.seed_record(random_state)}
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
