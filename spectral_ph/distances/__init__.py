"""GRAPH or SPECTRUM -> (n, n) DISTANCES: registry, decay, spectral, resistance, diffusion, ambient."""

from spectral_ph.distances.registry import DISTANCES, Computed, Distance, compute, distance_matrix

__all__ = ["DISTANCES", "Computed", "Distance", "compute", "distance_matrix"]
