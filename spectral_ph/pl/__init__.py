"""Pictures of what `spectral_ph.tl.loops` wrote into an AnnData, with the arguments of scanpy's `pl`; Axes in and out."""

from spectral_ph.pl.expression import gene, genes
from spectral_ph.pl.results import diagram, loops, phase

__all__ = ["diagram", "gene", "genes", "loops", "phase"]


def __dir__() -> list[str]:
    return __all__
