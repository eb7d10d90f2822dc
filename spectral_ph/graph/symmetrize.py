"""From the neighbours of each point to pairs of points, and from pairs to a symmetric matrix."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph, GraphMode, IntArray
from spectral_ph.graph.neighbors import Neighbors


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
