"""GRAPH -> LAPLACIAN -> EIGENPAIRS: laplacian, eigen, decomposition."""

from spectral_ph.spectrum.decomposition import Spectrum, spectrum
from spectral_ph.spectrum.laplacian import degrees, laplacian, normalized_adjacency

__all__ = ["Spectrum", "degrees", "laplacian", "normalized_adjacency", "spectrum"]
