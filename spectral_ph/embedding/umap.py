"""UMAP on any affinity of this house, the same at any number of threads."""

from __future__ import annotations

from typing import ClassVar, Unpack

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph
from spectral_ph.embedding.base import SEED_BOUND, Embedding, Watch
from spectral_ph.embedding.common import Common
from spectral_ph.embedding.sampling import WARM, Contrast, drawable, optimize, usual_epochs
from spectral_ph.embedding.true_loss import FLOOR, curve, umap_loss


class UMAP(Embedding):
    """UMAP: each edge pulls its ends together, and its head is pushed from some points drawn at random.

    The similarity of two points of the layout at the distance x is 1 / (1 + a x^2b). An edge of weight w, in units of the
    largest, is drawn w times an epoch, and a head then meets `n_negatives` others, which stay where they are. Two things
    differ from umap-learn. All updates of a head are made at once, with the other points as they were a moment before, so
    that the result is the same at any number of threads. And the attraction is the proximal step, which never overshoots.

    What this descends on is not the loss of the paper. See `umap_loss`. The affinity "umap" is UMAP's own graph.

    Parameters
    ----------
    n_components : dimensions of the layout.
    min_dist, spread : the curve is fitted to 1 up to `min_dist` and exp(-(x - min_dist) / spread) beyond.
    a, b : of the curve itself, in place of those two. With b = 1 no power is taken, which needs about a third of the time.
    n_negatives : for each edge that is drawn.
    n_epochs : None: 500, but 200 for more than 10,000 points.
    learning_rate : step at the beginning; it falls linearly to 0. A sweep takes a tenth of it where it starts at the
        layout before.
    record_loss : compute `umap_loss(...).sampled` every `callback_every` steps, which takes n^2 time.
    **common : the arguments of every embedding, see `Embedding`.

    Attributes
    ----------
    embedding_, affinities_, loss_history_, partition_, critical_, settings_ : as of every embedding; the partition is
        None. In `settings_`, "edges_never_drawn" counts those of weight below 1 / n_epochs, which umap-learn drops as well.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    TSNE, ContrastiveEmbedding, umap_loss, embedding_report

    References
    ----------
    McInnes, Healy, Melville, arXiv 1802.03426; Damrich, Hamprecht, NeurIPS 2021 (what it optimises).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> sph.embedding.UMAP(affinity="umap", n_epochs=50).fit_transform(X).shape
    (100, 2)
    """

    _normalized: ClassVar[bool] = False
    _spread: ClassVar[float] = 2.5

    def __init__(
        self,
        n_components: int = 2,
        *,
        min_dist: float = 0.1,
        spread: float = 1.0,
        a: float | None = None,
        b: float | None = None,
        n_negatives: int = 5,
        n_epochs: int | None = None,
        learning_rate: float = 1.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(n_components, **common)
        self.min_dist = min_dist
        self.spread = spread
        self.a = a
        self.b = b
        self.n_negatives = n_negatives
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate

    def _check_own(self) -> None:
        curve(self.a, self.b, self.min_dist, self.spread)
        _check.positive_int(self.n_negatives, "n_negatives")
        if self.n_epochs is not None:
            _check.positive_int(self.n_epochs, "n_epochs")
        _check.real(self.learning_rate, "learning_rate", least=0.0, most=1e6)

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        from spectral_ph.embedding import _gather

        a, b = curve(self.a, self.b, self.min_dist, self.spread)
        n_epochs = self.n_epochs or usual_epochs(len(Y))
        step = float(self.learning_rate) * (WARM if self._warm else 1)
        W, dropped = drawable(A, n_epochs)
        kind = _gather.CAUCHY if b == 1 else _gather.POWER
        # 1 / (1 + a X) has the odds 1 / (a X): a Cauchy kernel with eps = 0 against the noise a.
        contrast = Contrast(_gather.Kernel(kind, a, b, FLOOR, 0.0, 1.0), self.n_negatives, noise=a, tail=False)

        def loss(Y: FloatArray) -> float:
            return umap_loss(W, Y, a=a, b=b, n_negatives=self.n_negatives).sampled

        def look(epoch: int, Y: FloatArray, _: float) -> bool:
            return watch.due(epoch) and watch.look(epoch, Y, lambda: loss(Y))

        self.settings_ |= {
            "a": a,
            "b": b,
            "n_epochs": n_epochs,
            "learning_rate": step,
            "n_negatives": int(self.n_negatives),
            "edges_never_drawn": dropped,
        }
        Y, _ = optimize(
            W,
            Y,
            contrast,
            n_epochs=n_epochs,
            learning_rate=step,
            seed=int(rng.integers(SEED_BOUND)),
            look=None if watch.idle else look,
        )
        return Y
