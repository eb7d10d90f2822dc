"""The symmetric neighbour graph: which pairs of points are joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph, GraphMode, IntArray, RandomState, SearchName
from spectral_ph.graph.neighbors import Neighbors, nearest_neighbors
from spectral_ph.graph.weights import conductances


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
    metric: str | Callable[[FloatArray, FloatArray], float] = "euclidean"
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


def undirected_edges(neighbors: Neighbors, mode: GraphMode = "union") -> tuple[IntArray, FloatArray]:
    """Return the pairs of points of which one is (both are) among the other's neighbours.

    The pattern is made symmetric, not the values: an edge of length 0 between duplicates is an edge like any other,
    which the maximum of a sparse matrix and its transpose would drop.

    Parameters
    ----------
    neighbors : the k nearest of every point.
    mode : "union" (one of the two is enough) or "mutual".

    Returns
    -------
    edges : (m, 2) int64, i < j, in lexicographic order.
    lengths : (m,) float64, in the unit of the metric.
    """
    _check.one_of(mode, ("union", "mutual"), "graph mode", "mode")
    n, k = neighbors.indices.shape
    rows, cols = np.repeat(np.arange(n), k), neighbors.indices.ravel()
    key = np.minimum(rows, cols) * n + np.maximum(rows, cols)
    unique, first, count = np.unique(key, return_index=True, return_counts=True)
    if mode == "mutual":
        unique, first = unique[count == 2], first[count == 2]
    return np.column_stack(np.divmod(unique, n)), neighbors.distances.ravel()[first]


def graph_from_edges(edges: IntArray, weights: FloatArray, n: int) -> Graph:
    """Return the symmetric csr_array with the given edges.

    Parameters
    ----------
    edges : (m, 2) int64 vertex pairs, each once.
    weights : (m,) conductances.
    n : number of vertices.

    Returns
    -------
    (n, n) csr_array, sorted indices, both directions of every edge.
    """
    i, j = edges.T
    matrix = sp.csr_array(
        (np.concatenate([weights, weights]), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=(n, n)
    )
    matrix.sort_indices()
    return matrix


def neighbor_graph(
    X: FloatArray,
    n_neighbors: int = 15,
    metric: str | Callable[[FloatArray, FloatArray], float] = "euclidean",
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
    found = nearest_neighbors(X, n_neighbors, metric, search=search, random_state=random_state)
    edges, lengths = undirected_edges(found, mode)
    return graph_from_edges(edges, conductances(lengths, _check.flag(weighted, "weighted")), len(found.indices))
