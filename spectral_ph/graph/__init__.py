"""POINTS -> NEIGHBOUR GRAPH: neighbors, weights, symmetrize, recipe, affinities, components."""

from spectral_ph.graph.components import Components, connected_components
from spectral_ph.graph.neighbors import METRICS, Neighbors, nearest_neighbors
from spectral_ph.graph.recipe import Recipe, make_graph, neighbor_graph
from spectral_ph.graph.symmetrize import graph_from_edges, undirected_edges
from spectral_ph.graph.weights import conductances

__all__ = [
    "METRICS",
    "Components",
    "Neighbors",
    "Recipe",
    "conductances",
    "connected_components",
    "graph_from_edges",
    "make_graph",
    "nearest_neighbors",
    "neighbor_graph",
    "undirected_edges",
]
