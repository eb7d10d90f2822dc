"""CONSUMERS of graph, spectrum and distances: layouts of the points in few dimensions, and what they keep."""

from spectral_ph.embedding.eigenmaps import LaplacianEigenmaps

__all__ = ["LaplacianEigenmaps"]


def __dir__() -> list[str]:
    return __all__
