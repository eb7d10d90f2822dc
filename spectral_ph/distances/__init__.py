"""GRAPH or SPECTRUM -> (n, n) DISTANCES."""
