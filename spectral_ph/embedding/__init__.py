"""CONSUMERS of graph, spectrum and distances: layouts of the points in few dimensions, and what they keep."""

from spectral_ph.embedding.contrastive import ContrastiveEmbedding
from spectral_ph.embedding.critical import CriticalValues, critical_values
from spectral_ph.embedding.eigenmaps import LaplacianEigenmaps
from spectral_ph.embedding.force_atlas2 import ForceAtlas2
from spectral_ph.embedding.mds import MDS
from spectral_ph.embedding.report import EmbeddingReport, embedding_report
from spectral_ph.embedding.sweep import sweep
from spectral_ph.embedding.true_loss import UMAPLoss, umap_loss
from spectral_ph.embedding.tsne import TSNE
from spectral_ph.embedding.umap import UMAP

__all__ = [  # noqa: RUF022 - by the alphabet, as they are shown
    "ContrastiveEmbedding",
    "CriticalValues",
    "EmbeddingReport",
    "ForceAtlas2",
    "LaplacianEigenmaps",
    "MDS",
    "TSNE",
    "UMAP",
    "UMAPLoss",
    "critical_values",
    "embedding_report",
    "sweep",
    "umap_loss",
]


def __dir__() -> list[str]:
    return __all__
