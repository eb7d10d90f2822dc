"""POINTS -> NEIGHBOUR GRAPH: neighbors, symmetrize, weights, affinities, components."""

from spectral_ph.graph.components import Components, connected_components
from spectral_ph.graph.neighbors import METRICS, Neighbors, nearest_neighbors
from spectral_ph.graph.symmetrize import graph_from_edges, neighbor_graph, undirected_edges
from spectral_ph.graph.weights import conductances

__all__ = [
    "METRICS",
    "Components",
    "Neighbors",
    "conductances",
    "connected_components",
    "graph_from_edges",
    "nearest_neighbors",
    "neighbor_graph",
    "undirected_edges",
]
