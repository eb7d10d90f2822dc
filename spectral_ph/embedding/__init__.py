"""CONSUMERS of graph, spectrum and distances: layouts of the points in few dimensions, and what they keep."""

from spectral_ph.embedding.critical import CriticalValues, critical_values
from spectral_ph.embedding.eigenmaps import LaplacianEigenmaps
from spectral_ph.embedding.tsne import TSNE

__all__ = ["TSNE", "CriticalValues", "LaplacianEigenmaps", "critical_values"]


def __dir__() -> list[str]:
    return __all__
