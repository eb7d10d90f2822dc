"""ANY (n, n) -> DIAGRAMS: one front door, three engines, the same diagram from each."""

from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.matching import diagram_distance
from spectral_ph.homology.persistence import rips_persistence
from spectral_ph.homology.ripser_face import ripser

__all__ = ["Persistence", "diagram_distance", "rips_persistence", "ripser"]
