"""The neighbour graph: the recipe that says how it is made, and the graph made by it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph, GraphMode, Metric, RandomState, SearchName, Settings
from spectral_ph.graph.neighbors import Neighbors, nearest_neighbors
from spectral_ph.graph.symmetrize import graph_from_edges, undirected_edges
from spectral_ph.graph.weights import conductances

Edges = Literal["conductances", "lengths"]


@dataclass(frozen=True)
class Recipe:
    """How a neighbour graph is made from points. Its defaults are those of every door; recipes compare by value.

    Attributes
    ----------
    n_neighbors : neighbours of each point, itself not counted.
    metric : one of `spectral_ph.graph.METRICS`, or a function of two rows.
    mode : "union" joins i and j if either is among the other's neighbours, "mutual" if both are.
    weighted : False: all edges have conductance 1. True: 1 / distance.
    search : how neighbours are searched, "auto", "exact" or "nndescent"; see `spectral_ph.graph.nearest_neighbors`.
    """

    n_neighbors: int = 15
    metric: Metric = "euclidean"
    mode: GraphMode = "union"
    weighted: bool = False
    search: SearchName = "auto"

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the arguments."""
        return tuple(field.name for field in fields(cls))

    def changed(self) -> tuple[str, ...]:
        """Return the names of the arguments that are not at their default."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)


def make_graph(
    X: FloatArray,
    recipe: Recipe,
    *,
    random_state: RandomState = 0,
    edges: Edges = "conductances",
    known: Neighbors | None = None,
) -> tuple[Graph, Settings]:
    """Make the neighbour graph of points.

    Parameters
    ----------
    X : (n, d) points, or (n, n) distances where `recipe.metric` is "precomputed".
    recipe : how the graph is made.
    random_state : seed of the approximate search.
    edges : "conductances", or "lengths": the entries are the lengths of the edges, with a stored zero for an edge between
        duplicates.
    known : at least as many neighbours of the same points under the same metric, so that nothing is searched; default None.

    Returns
    -------
    A : (n, n) csr_array of float64, symmetric to the last bit, nothing on the diagonal.
    settings : the recipe as it was followed, and the measured "recall" of the search.

    Raises
    ------
    InputError : for bad points, more neighbours than points, unknown names, or weighted=True with duplicates.
    """
    weighted = _check.flag(recipe.weighted, "weighted")
    _check.seed(random_state)
    if known is None:
        known = nearest_neighbors(X, recipe.n_neighbors, recipe.metric, search=recipe.search, random_state=random_state)
    else:
        known = known.nearest(recipe.n_neighbors)
    pairs, lengths = undirected_edges(known, recipe.mode)
    weights = lengths if edges == "lengths" else conductances(lengths, weighted)
    settings: Settings = {
        "n_neighbors": recipe.n_neighbors,
        "metric": known.settings["metric"],
        "mode": recipe.mode,
        "weighted": weighted,
        "search": known.settings["search"],
        "recall": known.recall,
    }
    if edges == "lengths":
        del settings["weighted"]
    return graph_from_edges(pairs, weights, len(known.indices)), settings


def neighbor_graph(
    X: FloatArray,
    n_neighbors: int = 15,
    metric: Metric = "euclidean",
    *,
    mode: GraphMode = "union",
    weighted: bool = False,
    search: SearchName = "auto",
    random_state: RandomState = 0,
) -> Graph:
    """Build the symmetric k-nearest-neighbour graph of a set of points.

    Parameters
    ----------
    X : (n, d) points, or (n, n) distances with metric="precomputed".
    n_neighbors : neighbours of each point, itself not counted.
    metric : see `spectral_ph.graph.nearest_neighbors`.
    mode : "union" joins i and j if either is among the other's neighbours, "mutual" if both are.
    weighted : False: all edges have conductance 1. True: 1 / distance.
    search : how neighbours are searched, "auto", "exact" or "nndescent".
    random_state : seed of the approximate search.

    Returns
    -------
    (n, n) csr_array of float64 conductances, symmetric to the last bit, nothing on the diagonal.

    Raises
    ------
    InputError : for bad points, more neighbours than points, unknown names, or weighted=True with duplicates.

    See Also
    --------
    spectrum, distance_matrix

    References
    ----------
    Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087), section 4.

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> sph.neighbor_graph(np.array([[0.0], [1.0], [3.0]]), n_neighbors=1).toarray()
    array([[0., 1., 0.],
           [1., 0., 1.],
           [0., 1., 0.]])
    """
    recipe = Recipe(n_neighbors, metric, mode, weighted, search)
    return make_graph(X, recipe, random_state=random_state)[0]
