"""Persistent homology of noisy high-dimensional data with spectral distances."""
