"""Persistent homology of noisy high-dimensional data with spectral distances.

>>> import spectral_ph as sph
>>> P = sph.persistence(sph.datasets.circle(200, ambient_dim=20, sigma=0.1), distance="eff_res")
>>> len(P.diagrams)
2
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spectral_ph import _interrupt  # noqa: F401  first, for Ctrl-C while the rest is imported
from spectral_ph._check import InputError, MissingExtraError, SpectralWarning, TooLargeError
from spectral_ph.cells.preprocess import preprocess
from spectral_ph.distances.compute import distance_matrix
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.graph.recipe import neighbor_graph
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.inference import ConfidenceBand, Significance, TwoSample, significance, two_sample
from spectral_ph.homology.matching import diagram_distance
from spectral_ph.loops.result import Loop, LoopResult
from spectral_ph.loops.score import detection_score, widest_gap
from spectral_ph.pipeline import confidence_band, find_loops, persistence
from spectral_ph.spectrum.decomposition import Spectrum, spectrum

if TYPE_CHECKING:
    from spectral_ph import datasets, embedding, nn, pl, plot, report, tl
    from spectral_ph.estimators import CircularCoordinates, LoopDetector, SpectralDistance, SpectralPersistence

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022  by code point, as `sorted` has it
    "CircularCoordinates",
    "ConfidenceBand",
    "DISTANCES",
    "InputError",
    "Loop",
    "LoopDetector",
    "LoopResult",
    "MissingExtraError",
    "Persistence",
    "Significance",
    "SpectralDistance",
    "SpectralPersistence",
    "SpectralWarning",
    "Spectrum",
    "TooLargeError",
    "TwoSample",
    "confidence_band",
    "datasets",
    "detection_score",
    "diagram_distance",
    "distance_matrix",
    "embedding",
    "find_loops",
    "neighbor_graph",
    "nn",
    "persistence",
    "pl",
    "plot",
    "preprocess",
    "report",
    "significance",
    "spectrum",
    "tl",
    "two_sample",
    "widest_gap",
]

# Looked up on first use: they bring scikit-learn, matplotlib or anndata, which `import spectral_ph` should not pay for.
_LAZY = {
    "CircularCoordinates": "spectral_ph.estimators",
    "LoopDetector": "spectral_ph.estimators",
    "SpectralDistance": "spectral_ph.estimators",
    "SpectralPersistence": "spectral_ph.estimators",
    "datasets": "spectral_ph.datasets",
    "embedding": "spectral_ph.embedding",
    "nn": "spectral_ph.nn",
    "pl": "spectral_ph.pl",
    "plot": "spectral_ph.plot",
    "report": "spectral_ph.report",
    "tl": "spectral_ph.tl",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'spectral_ph' has no attribute {name!r}")
    module = importlib.import_module(_LAZY[name])
    return module if _LAZY[name] == f"spectral_ph.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
