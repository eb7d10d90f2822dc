"""Pictures of what `spectral_ph.tl` wrote into an AnnData, with the arguments of scanpy's `pl`; Axes in and out."""

from spectral_ph.pl.conditions import compare
from spectral_ph.pl.expression import gene, genes
from spectral_ph.pl.layouts import embedding
from spectral_ph.pl.results import diagram, loops, phase
from spectral_ph.plot import phase_map

__all__ = ["compare", "diagram", "embedding", "gene", "genes", "loops", "phase"]

phase_map()  # so that matplotlib and scanpy know the colours of a phase by name


def __dir__() -> list[str]:
    return __all__
