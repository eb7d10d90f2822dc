"""CONSUMERS that need torch, behind the extra `[nn]`: autoencoders, contrastive maps of images, parametric embeddings, norms.

Importing this brings no torch: a name is looked up on its first use, and says then how to install what is missing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spectral_ph import _check

if TYPE_CHECKING:
    from spectral_ph.nn.augment import Augmentation
    from spectral_ph.nn.autoencoder import GeometricAutoencoder
    from spectral_ph.nn.geometry import Indicatrices
    from spectral_ph.nn.images import TSimCNE
    from spectral_ph.nn.invariance import InvarianceReport, invariance_report
    from spectral_ph.nn.norms import GradScale, NormReport, cut_initialize, norm_report, norm_weights
    from spectral_ph.nn.parametric import ParametricEmbedding

_WHERE = {
    "Augmentation": "augment",
    "GeometricAutoencoder": "autoencoder",
    "GradScale": "norms",
    "Indicatrices": "geometry",
    "InvarianceReport": "invariance",
    "NormReport": "norms",
    "ParametricEmbedding": "parametric",
    "TSimCNE": "images",
    "cut_initialize": "norms",
    "invariance_report": "invariance",
    "norm_report": "norms",
    "norm_weights": "norms",
}

__all__ = [
    "Augmentation",
    "GeometricAutoencoder",
    "GradScale",
    "Indicatrices",
    "InvarianceReport",
    "NormReport",
    "ParametricEmbedding",
    "TSimCNE",
    "cut_initialize",
    "invariance_report",
    "norm_report",
    "norm_weights",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'spectral_ph.nn' has no attribute {name!r}")
    _check.need("torch", "nn")
    return getattr(importlib.import_module(f"spectral_ph.nn.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
