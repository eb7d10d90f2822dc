"""Laplacian eigenmaps: the layout that t-SNE has in the limit of infinite exaggeration."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, RandomState
from spectral_ph.embedding.base import Callback, Embedding, Watch


class LaplacianEigenmaps(Embedding):
    """The first eigenvectors of the random walk on the affinities that are not constant.

    The layout minimises sum_ij P_ij |y_i - y_j|^2 under the constraint that its columns are orthogonal to each other and to the
    constant, each point counted by its degree. There is no repulsion between single points. The first column has the standard
    deviation 1 and the others the same unit. The components of a graph that has several lie side by side.

    Not to be confused with the distance "eigenmaps", which takes more eigenvectors and is no layout.

    Parameters
    ----------
    n_components, affinity, perplexity, n_neighbors, affinity_params, n_jobs, random_state : as for every embedding, see
        `spectral_ph.embedding.base.Embedding`.
    init : "spectral", for the start is the result; anything else is refused.
    callback, callback_every, record_loss : taken as by every embedding. There are no steps, so nothing is called or recorded.

    Attributes
    ----------
    embedding_, affinities_, loss_history_, partition_, critical_, settings_ : as of every embedding; the partition is None.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    TSNE, critical_values, embedding_report

    References
    ----------
    Belkin, Niyogi, Neural Computation 2003; as a limit of t-SNE: Böhm, Berens, Kobak, JMLR 2022.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> sph.embedding.LaplacianEigenmaps(affinity="knn").fit_transform(X).shape
    (100, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        affinity: str = "perplexity",
        perplexity: float = 30,
        n_neighbors: int = 15,
        affinity_params: dict[str, Any] | None = None,
        init: str | FloatArray = "spectral",
        n_jobs: int | None = None,
        random_state: RandomState = 0,
        callback: Callback | None = None,
        callback_every: int = 50,
        record_loss: bool = False,
    ) -> None:
        self.n_components = n_components
        self.affinity = affinity
        self.perplexity = perplexity
        self.n_neighbors = n_neighbors
        self.affinity_params = affinity_params
        self.init = init
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.callback = callback
        self.callback_every = callback_every
        self.record_loss = record_loss

    def _check_own(self) -> None:
        if not isinstance(self.init, str) or self.init != "spectral":
            raise _check.InputError(
                "Laplacian eigenmaps are the spectral start itself, so nothing is left of another one. Leave ",
                Argument("init"),
                " out.",
            )

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        return Y
