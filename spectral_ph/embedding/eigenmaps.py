"""Laplacian eigenmaps: the layout that t-SNE has in the limit of infinite exaggeration."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph
from spectral_ph.embedding.base import Embedding, Watch


class LaplacianEigenmaps(Embedding):
    """The first eigenvectors of the random walk on the affinities that are not constant.

    The layout minimises sum_ij P_ij |y_i - y_j|^2 under the constraint that its columns are orthogonal to each other and to the
    constant, each point counted by its degree. There is no repulsion between single points. The first column has the standard
    deviation 1 and the others the same unit. The components of a graph that has several lie side by side.

    Not to be confused with the distance "eigenmaps", which takes more eigenvectors and is no layout.

    Parameters
    ----------
    init : "spectral", for the start is the result; anything else is refused.
    callback : not called, for there are no steps.
    callback_every : not used.
    record_loss : nothing is recorded.
    **common : the arguments of every embedding, see `Embedding`.

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

    def _check_own(self) -> None:
        if not isinstance(self.init, str) or self.init != "spectral":
            raise _check.InputError(
                "Laplacian eigenmaps are the spectral start itself, so nothing is left of another one. Leave ",
                Argument("init"),
                " out.",
            )

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        return Y
