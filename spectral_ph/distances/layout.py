"""Distances in a low-dimensional embedding by t-SNE or UMAP (extra "embedding")."""

from __future__ import annotations

import warnings

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, RandomState, Settings
from spectral_ph.distances.ambient import pairwise_euclidean, principal_components
from spectral_ph.graph.affinities import log_perplexity_affinities
from spectral_ph.graph.neighbors import nearest_neighbors

INITIAL_SPREAD = 1e-4
EXAGGERATION = 12.0
EXAGGERATED_STEPS, STEPS = 250, 500
EPOCHS = 750
MIN_DIST = 0.1


def tsne(
    X: FloatArray, *, perplexity: float = 30, dims: int = 2, random_state: RandomState = 0
) -> tuple[FloatArray, Settings]:
    """Euclidean distance in a t-SNE embedding (openTSNE).

    Affinities are those of `tsne_graph`, from exact neighbours. The embedding starts at the first principal components, of
    which the first is scaled to a standard deviation of 1e-4, and takes 250 steps with affinities exaggerated 12 times
    and 500 without. Not to be confused with "tsne_graph", which needs no embedding.

    Parameters
    ----------
    X : (n, d) points.
    perplexity : effective number of neighbours, more than 1.
    dims : dimensions of the embedding, 1 to 3 and at most d; openTSNE takes no more.
    random_state : seed, of the few places where openTSNE draws.

    Returns
    -------
    D : (n, n) float64, in the unit of the embedding, symmetric to the last bit.
    facts : "kl_divergence" that was reached, and "uncalibrated" as for `tsne_graph`.

    Raises
    ------
    InputError : for too few points or other dims.
    MissingExtraError : without openTSNE.

    References
    ----------
    van der Maaten, Hinton, JMLR 2008; settings as in Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    _check.need("openTSNE", "embedding")
    import numba
    import openTSNE

    if _check.positive_int(dims, "dims") > 3:
        raise _check.InputError(
            Argument("dims"), f" of t-SNE must be 1, 2 or 3, not {dims}. Distance 'umap' takes more dimensions."
        )
    L, facts = log_perplexity_affinities(X, perplexity)
    L.data = np.exp(L.data)
    start = principal_components(X, dims)
    spread = float(start[:, 0].std())
    start *= INITIAL_SPREAD / spread
    embedding = openTSNE.TSNE(
        n_components=dims,
        early_exaggeration=EXAGGERATION,
        early_exaggeration_iter=EXAGGERATED_STEPS,
        n_iter=STEPS,
        n_jobs=numba.get_num_threads(),
        negative_gradient_method="bh" if dims == 3 else "auto",  # interpolation is for one and two dimensions
        random_state=_whole_seed(random_state),
    ).fit(affinities=openTSNE.affinity.PrecomputedAffinities(L), initialization=start)
    facts = {"kl_divergence": float(embedding.kl_divergence)} | facts
    return pairwise_euclidean(np.asarray(embedding, dtype=np.float64)), facts


def umap(
    X: FloatArray, *, n_neighbors: int = 15, dims: int = 2, random_state: RandomState = 0
) -> tuple[FloatArray, Settings]:
    """Euclidean distance in a UMAP embedding (umap-learn), 750 epochs, min_dist 0.1, from exact neighbours.

    Not to be confused with "umap_graph", which needs no embedding.

    Parameters
    ----------
    X : (n, d) points.
    n_neighbors : of each point, itself not counted; umap-learn counts it, so its own is one more.
    dims : dimensions of the embedding, at most n - 3 (its start is spectral).
    random_state : seed; umap-learn then runs on one thread.

    Returns
    -------
    D : (n, n) float64, in the unit of the embedding, symmetric to the last bit.
    facts : "library_warnings", what umap-learn warned about, if it did.

    Raises
    ------
    InputError : for too few points.
    MissingExtraError : without umap-learn.

    References
    ----------
    McInnes, Healy, Melville, arXiv 1802.03426; settings as in Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # it says that tensorflow is not there, which is not needed
        umap_learn = _check.need("umap", "embedding")
    n, dims = len(X), _check.positive_int(dims, "dims")
    if dims > n - 3:
        raise _check.InputError(
            Argument("dims", dims),
            f" needs at least {dims + 3} points, but n_samples={n}. Pass a smaller ",
            Argument("dims"),
            ".",
        )
    found = nearest_neighbors(X, n_neighbors, search="exact")
    own = np.arange(n)[:, None]
    knn = (
        np.hstack([own, found.indices]).astype(np.int32),
        np.hstack([np.zeros((n, 1)), found.distances]).astype(np.float32),
        None,
    )
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        embedding = umap_learn.UMAP(
            n_neighbors=knn[0].shape[1],
            n_components=dims,
            n_epochs=EPOCHS,
            min_dist=MIN_DIST,
            precomputed_knn=knn,
            n_jobs=1,
            random_state=_whole_seed(random_state),
        ).fit_transform(X)
    # That there is no search index for new points concerns nobody here, nor what libraries plan to change.
    said = [
        str(w.message) for w in heard if issubclass(w.category, UserWarning) and "precomputed_knn" not in str(w.message)
    ]
    if not np.isfinite(embedding).all():
        raise _check.InputError(
            "umap-learn returned an embedding that is not finite. Pass another ",
            Argument("n_neighbors"),
            ", or fewer ",
            Argument("dims"),
            ".",
        )
    for text in said:
        _check.warn(f"umap-learn warned: {text}")
    return pairwise_euclidean(np.asarray(embedding, dtype=np.float64)), {"library_warnings": said} if said else {}


def _whole_seed(random_state: RandomState) -> int:
    return int(_check.generator(random_state).integers(2**31))
