"""Minus the logarithm of the affinities that t-SNE and UMAP work with."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph, Settings
from spectral_ph.graph.affinities import log_fuzzy_union, log_perplexity_affinities


def _minus_log(L: Graph, what: str) -> FloatArray:
    """Return max(L) - L on the edges, twice the largest of that on all other pairs, 0 on the diagonal."""
    n = L.shape[0]
    values = L.data.max() - L.data
    largest = float(values.max())
    if largest == 0 and L.nnz < n * (n - 1):
        _check.warn(
            f"all edges of {what} have the same affinity, so every distance is 0. Raise its number of neighbours."
        )
    D = np.full((n, n), 2 * largest)
    D[np.repeat(np.arange(n), np.diff(L.indptr)), L.indices] = values
    np.fill_diagonal(D, 0.0)
    return D


def tsne_graph(X: FloatArray, *, perplexity: float = 30) -> tuple[FloatArray, Settings]:
    """Minus the logarithm of t-SNE's affinities, shifted so that the smallest is 0; non-edges at twice the largest.

    Not to be confused with "tsne", the distance in the embedding that t-SNE makes from them.

    Parameters
    ----------
    X : (n, d) points.
    perplexity : effective number of neighbours, more than 1; 3 x perplexity of them, found exactly, have an affinity.

    Returns
    -------
    D : (n, n) float64 without unit, symmetric to the last bit.
    facts : "uncalibrated", see `log_perplexity_affinities`.

    Raises
    ------
    InputError : for too few points.

    References
    ----------
    van der Maaten, Hinton, JMLR 2008; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    L, facts = log_perplexity_affinities(X, perplexity)
    return _minus_log(L, "the t-SNE graph"), facts


def umap_graph(X: FloatArray, *, n_neighbors: int = 100) -> tuple[FloatArray, Settings]:
    """Minus the logarithm of UMAP's affinities, shifted so that the smallest is 0; non-edges at twice the largest.

    Not to be confused with "umap", the distance in the embedding that UMAP makes from them.

    Parameters
    ----------
    X : (n, d) points.
    n_neighbors : of each point, itself not counted (umap-learn counts it). With few, most pairs are non-edges and no loop of a
        noisy circle is seen: of the planted loops 0, 4, 42 and 67 % with 15, 30, 50 and 100 (docs/decisions/0005).

    Returns
    -------
    D : (n, n) float64 without unit, symmetric to the last bit.
    facts : "uncalibrated", see `log_fuzzy_union`.

    Raises
    ------
    InputError : for too few points.

    References
    ----------
    McInnes, Healy, Melville, arXiv 1802.03426; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    L, facts = log_fuzzy_union(X, n_neighbors)
    return _minus_log(L, "the UMAP graph"), facts
