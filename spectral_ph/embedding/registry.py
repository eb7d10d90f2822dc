"""The embeddings by the names that `spectral_ph.tl.embed` and the command line know them by."""

from __future__ import annotations

from typing import Any

from spectral_ph import _check
from spectral_ph.embedding.base import Embedding
from spectral_ph.embedding.contrastive import ContrastiveEmbedding
from spectral_ph.embedding.eigenmaps import LaplacianEigenmaps
from spectral_ph.embedding.force_atlas2 import ForceAtlas2
from spectral_ph.embedding.mds import MDS
from spectral_ph.embedding.tsne import TSNE
from spectral_ph.embedding.umap import UMAP

EMBEDDINGS: dict[str, type[Embedding]] = {
    "tsne": TSNE,
    "umap": UMAP,
    "contrastive": ContrastiveEmbedding,
    "eigenmaps": LaplacianEigenmaps,
    "forceatlas2": ForceAtlas2,
    "mds": MDS,
}


def embedding_named(name: str, **params: Any) -> Embedding:
    """Return an embedding that is not fitted yet.

    Parameters
    ----------
    name : one of `EMBEDDINGS`.
    **params : its arguments by name.

    Returns
    -------
    Embedding

    Raises
    ------
    InputError : for an unknown name or argument, with the nearest known one.

    Examples
    --------
    >>> embedding_named("tsne", rho=4)
    TSNE(rho=4)
    """
    kind = EMBEDDINGS[_check.one_of(name, EMBEDDINGS, "embedding", "embedding")]
    known = kind().get_params(deep=False)
    for given in params:
        _check.one_of(given, known, f"parameter of {kind.__name__}")
    return kind(**params)
