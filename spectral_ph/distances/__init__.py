"""GRAPH or SPECTRUM -> (n, n) DISTANCES: registry (the table), compute (the door), and a file for each kind."""

from spectral_ph.distances.compute import Computed, distance_matrix
from spectral_ph.distances.registry import DISTANCES, Distance

__all__ = ["DISTANCES", "Computed", "Distance", "distance_matrix"]
