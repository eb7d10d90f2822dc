"""Distances in a low-dimensional embedding by t-SNE, or by UMAP (extra "embedding")."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, RandomState, Settings
from spectral_ph.distances.ambient import pairwise_euclidean, principal_components
from spectral_ph.graph.affinities import log_perplexity_affinities
from spectral_ph.graph.neighbors import nearest_neighbors

INITIAL_SPREAD = 1e-4
EXAGGERATION = 12.0
EXAGGERATED_STEPS, STEPS = 250, 500
MOMENTUM = 0.8
EPOCHS = 750
MIN_DIST = 0.1

Phase: TypeAlias = tuple[int, float, float | str]
"""Steps, exaggeration and learning rate of a part of an optimisation."""


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

    References
    ----------
    van der Maaten, Hinton, JMLR 2008; settings as in Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    if _check.positive_int(dims, "dims") > 3:
        raise _check.InputError(
            Argument("dims"), f" of t-SNE must be 1, 2 or 3, not {dims}. Distance 'umap' takes more dimensions."
        )
    L, facts = log_perplexity_affinities(X, perplexity)
    L.data = np.exp(L.data)
    start = principal_components(X, dims)
    spread = float(start[:, 0].std())
    start *= INITIAL_SPREAD / spread
    phases = ((EXAGGERATED_STEPS, EXAGGERATION, "auto"), (STEPS, 1.0, "auto"))
    embedding, divergence = opentsne(L, start, phases, random_state=random_state)
    return pairwise_euclidean(embedding), {"kl_divergence": divergence} | facts


def opentsne(
    P: Graph,
    start: FloatArray,
    phases: tuple[Phase, ...],
    *,
    callback: Callable[[int, FloatArray], bool] | None = None,
    callback_every: int = 50,
    random_state: RandomState = 0,
) -> tuple[FloatArray, float]:
    """Optimise t-SNE by openTSNE, on as many threads as numba has.

    The repulsion is approximated by interpolation above 10,000 points, below that and in three dimensions by Barnes and Hut's
    tree.

    Parameters
    ----------
    P : (n, n) csr_array of affinities, of any sum.
    start : (n, d) layout, d at most 3.
    phases : (steps, exaggeration, learning rate) of each; openTSNE's gradient is a quarter of the gradient of the loss, and
        its "auto" is n over the exaggeration.
    callback : function of (step, layout before that step), called every `callback_every` steps, counted over all phases; True
        stops.
    callback_every : steps.
    random_state : seed, of the few places where openTSNE draws.

    Returns
    -------
    Y : (n, d) float64.
    divergence : Kullback and Leibler's, in nats, as openTSNE approximates it.

    References
    ----------
    Poličar, Stražar, Zupan, Journal of Statistical Software 2024 (openTSNE).
    """
    import numba
    import openTSNE

    embedding = openTSNE.TSNE(
        n_components=start.shape[1],
        n_jobs=numba.get_num_threads(),
        negative_gradient_method="bh" if start.shape[1] == 3 else "auto",  # interpolation is for one and two dimensions
        random_state=_whole_seed(random_state),
    ).prepare_initial(affinities=openTSNE.affinity.PrecomputedAffinities(P), initialization=start)
    done, stopped = 0, False

    def heard(step: int, _: float, layout: FloatArray) -> bool:
        nonlocal stopped
        assert callback is not None
        if (done + step) % callback_every == 0:  # a phase need not begin at a multiple
            stopped = callback(done + step, np.array(layout, dtype=np.float64))
        return stopped

    every = math.gcd(callback_every, *(steps for steps, _, _ in phases))
    options: Settings = {} if callback is None else {"callbacks": [heard], "callbacks_every_iters": every}
    for steps, exaggeration, rate in phases:
        if steps and not stopped:
            embedding = embedding.optimize(
                n_iter=steps, exaggeration=exaggeration, learning_rate=rate, momentum=MOMENTUM, inplace=True, **options
            )
            done += steps
    return np.array(embedding, dtype=np.float64), float(embedding.kl_divergence)


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
