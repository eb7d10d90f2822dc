"""Contrastive embeddings between t-SNE and UMAP: Neg-t-SNE, NC-t-SNE and InfoNC-t-SNE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph
from spectral_ph.embedding.base import SEED_BOUND, Embedding, Watch
from spectral_ph.embedding.common import Common
from spectral_ph.embedding.critical import collapse, critical_values
from spectral_ph.embedding.descent import adam, descend
from spectral_ph.embedding.losses import Similarity, Value, choice_loss, pair_loss, partition
from spectral_ph.embedding.sampling import EARLY, WARM, Contrast, drawable, optimize, usual_epochs

LOSSES = ("neg", "nce", "infonce")
SIMILARITIES = ("cauchy", "cosine")
DENOMINATORS = ("head", "joint")

EARLY_EXAGGERATION = 4.0
"""InfoNC-t-SNE with this exaggeration looks like UMAP, as t-SNE does."""

USUAL_NEGATIVES, USUAL_TEMPERATURE = 5, 0.5

JITTER = 1e-5

ADAM_STEP = 0.05  # of points on a sphere of radius 1


def tsne_partition(n: int) -> float:
    """Return about the partition that t-SNE has for n points: 0.45 n^1.5.

    A fit to eleven data sets of 500 to 270,000 points, within a factor of 2 of each. Not 100 n, which is 9 times too
    much for 1,000 points, and for fewer than 500 points more than UMAP's value.

    Examples
    --------
    >>> round(tsne_partition(10_000))
    450000
    """
    return float(0.45 * n**1.5)


def umap_partition(n: int, n_negatives: int) -> float:
    """Return the Zbar at which Neg-t-SNE weighs its noise as UMAP does: n (n - 1) / m.

    Examples
    --------
    >>> umap_partition(101, 5)
    2020.0
    """
    return n * (n - 1) / n_negatives


class ContrastiveEmbedding(Embedding):
    """An embedding that tells edges of the graph from pairs drawn at random; between t-SNE and UMAP.

    With P the affinities, of sum 1, q the similarity of two points in the layout, m the number of negatives for each
    edge, and xi = 1 / (n (n - 1)) the probability with which the noise draws an ordered pair:

    - "neg": sum P log(1 + c / q) + m xi sum log(1 + q / c), c = m xi Zbar. It is least where q = Zbar P, so that Zbar
      takes the place of the sum of all q: a small one pushes points apart, a large one together.
    - "nce": the same with Zbar learned. It tends to the sum of all q, as in t-SNE.
    - "infonce": -log q + log(q + sum of the q of m negatives) / rho, rho = 4^s.

    The slider `s` leads from t-SNE (0) to UMAP (1) and beyond, by Zbar = Z0^(1-s) Z1^s for "neg", Z0 = `tsne_partition(n)`,
    Z1 = `umap_partition(n, m)`.

    Points move by stochastic steps, the first third of the epochs as for s = 1. The result is the same at any number of
    threads. With `n_negatives` "all" nothing is drawn, and the loss over all pairs is descended; this takes n^2 time a
    step.

    Parameters
    ----------
    n_components : dimensions of the layout, any number.
    loss : "neg", "nce" or "infonce".
    s : slider, for "neg" and "infonce".
    Z_bar : Zbar for "neg", in place of the slider.
    n_negatives : m, drawn anew for each edge that is drawn; or "all", each other point once.
    kernel : "cauchy", q = 1 / (1 + |y_i - y_j|^2), or "cosine", q = exp(cos(y_i, y_j) / temperature), whose points lie
        on a sphere. Node embeddings take the second, with many components.
    temperature : for "cosine".
    denominators : for "infonce". "head": negatives are drawn for the head of an edge, as in a softmax over a row.
        "joint": they are pairs of their own, as in the one sum of t-SNE.
    n_epochs : passes over the edges, or steps for n_negatives="all". None: 500, but 200 for more than 10,000 points.
    learning_rate : step at the beginning. None: 1 with "cauchy", temperature / 2 with "cosine"; for n_negatives="all"
        the largest that is safe. A sweep takes a tenth of it where it starts at the layout before.
    record_loss : compute the loss over all pairs every `callback_every` steps, for "infonce" with all negatives. It takes n^2
        time.
    **common : the arguments of every embedding, see `Embedding`.

    Attributes
    ----------
    embedding_, affinities_, loss_history_, critical_, settings_ : as of every embedding. `settings_` has "Z_bar", the
        Zbar that was used or learned, and "edges_never_drawn", how many had a weight below 1 / n_epochs of the largest.
    partition_ : sum of q over all ordered pairs; of more than 20,000 points, from 2,000 rows.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    TSNE, UMAP, embedding_report

    References
    ----------
    Damrich, Böhm, Hamprecht, Kobak, From t-SNE to UMAP with contrastive learning, ICLR 2023; Artemenkov, Panov, NCVis,
    WWW 2020; Böhm et al., Node embeddings via neighbor embeddings, TMLR 2025. Z0 is a fit of this package.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> model = sph.embedding.ContrastiveEmbedding(s=0.5, affinity="knn", n_epochs=50).fit(X)
    >>> model.embedding_.shape, round(model.settings_["Z_bar"])
    ((100, 2), 944)
    """

    _spread: ClassVar[float] = 1.0

    def __init__(
        self,
        n_components: int = 2,
        *,
        loss: str = "neg",
        s: float = 0.0,
        Z_bar: float | None = None,
        n_negatives: int | str = 5,
        kernel: str = "cauchy",
        temperature: float = USUAL_TEMPERATURE,
        denominators: str = "head",
        n_epochs: int | None = None,
        learning_rate: float | None = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(n_components, **common)
        self.loss = loss
        self.s = s
        self.Z_bar = Z_bar
        self.n_negatives = n_negatives
        self.kernel = kernel
        self.temperature = temperature
        self.denominators = denominators
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate

    def transform(self, X: FloatArray | Graph) -> FloatArray:
        """Place new points among the old ones, as every embedding does; with kernel "cosine" on the sphere.

        Parameters
        ----------
        X : as for every embedding.

        Returns
        -------
        (m, n_components) float64.
        """
        placed: FloatArray = super().transform(X)
        if self.kernel == "cosine":
            lengths = np.linalg.norm(placed, axis=1, keepdims=True)
            placed = placed / np.where(lengths > 0, lengths, 1.0)
        return placed

    def _check_own(self) -> None:
        _check.one_of(self.loss, LOSSES, "loss", "loss")
        _check.one_of(self.kernel, SIMILARITIES, "kernel", "kernel")
        _check.one_of(self.denominators, DENOMINATORS, "kind of denominators", "denominators")
        _check.real(self.s, "s", least=-10.0, most=10.0)
        if self.n_negatives != "all":
            _check.positive_int(self.n_negatives, "n_negatives")
        if _check.real(self.temperature, "temperature", least=1e-3, most=1e3) and self.kernel == "cauchy":
            self._needless("temperature", USUAL_TEMPERATURE, "kernel", "cosine")
        if self.loss != "infonce":
            self._needless("denominators", "head", "loss", "infonce")
        if self.loss == "nce":
            self._needless("s", 0.0, "loss", "neg")
        if self.Z_bar is not None:
            if _check.real(self.Z_bar, "Z_bar", least=0.0) in (0, np.inf):
                raise _check.InputError(Argument("Z_bar"), f" must be a finite number above 0, not {self.Z_bar!r}.")
            if self.loss != "neg":
                self._needless("Z_bar", None, "loss", "neg")
            if self.s != 0:
                raise _check.InputError(
                    Argument("s"), " and ", Argument("Z_bar"), " both set the partition. Pass one of them."
                )
        if self.n_epochs is not None:
            _check.positive_int(self.n_epochs, "n_epochs")
        if self.learning_rate is not None:
            _check.real(self.learning_rate, "learning_rate", least=0.0, most=1e9)

    def _needless(self, name: str, usual: object, other: str, value: str) -> None:
        """Refuse an argument that would not be used."""
        given = getattr(self, name)
        if given != usual:
            raise _check.InputError(
                Argument(name, given),
                " would change nothing with ",
                Argument(other, getattr(self, other)),
                ". Pass ",
                Argument(other, value),
                " or leave ",
                Argument(name),
                " out.",
            )

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        n = len(Y)
        n_epochs = self.n_epochs or usual_epochs(n)
        m = n - 1 if isinstance(self.n_negatives, str) else self.n_negatives
        plan = _Plan(
            loss=self.loss,
            similarity=Similarity(self.kernel, temperature=self.temperature),
            n_negatives=m,
            unit=m / (n * (n - 1)),
            Z=_slider(self.s, n, USUAL_NEGATIVES if m == n - 1 else m) if self.Z_bar is None else self.Z_bar,
            Z_umap=umap_partition(n, USUAL_NEGATIVES if m == n - 1 else m),
            exaggeration=EARLY_EXAGGERATION**self.s,
            denominators=self.denominators,
            warm=self._warm,
            n_epochs=n_epochs,
            learning_rate=self.learning_rate,
        )
        self.settings_ |= {"loss": self.loss, "n_negatives": self.n_negatives, "n_epochs": n_epochs}
        if plan.similarity.is_cosine:
            Y = _spherical(Y, rng)
        seed = int(rng.integers(SEED_BOUND))
        if self.kernel == "cauchy":
            self._find_critical(A, plan, seed)
        if self.n_negatives == "all":
            Y, noise = _over_all_pairs(A / A.sum(), Y, plan, watch)
        else:
            W, dropped = drawable(A, n_epochs)
            self.settings_ |= {"learning_rate": plan.step, "edges_never_drawn": dropped}
            Y, noise = _by_samples(W, Y, plan, watch, seed)
        if self.loss == "infonce":
            self.settings_["exaggeration"] = plan.exaggeration
        else:
            self.settings_["Z_bar"] = noise / plan.unit
        self.partition_ = partition(Y, plan.similarity)
        return Y

    def _find_critical(self, A: Graph, plan: _Plan, seed: int) -> None:
        """Compute the critical values, and warn of a setting at which the layout is a point."""
        n = A.shape[0]
        self.critical_ = critical_values(A, min(4, n - 1), random_state=seed)
        limit = collapse(A, self.critical_, random_state=seed)
        if self.loss == "neg" and limit * n * (n - 1) < plan.Z:
            most = f"above {limit * n * (n - 1):.4g}"
            if self.Z_bar is None:
                what, told = Argument("s", self.s), f" makes Zbar {plan.Z:.4g}, which is {most}"
            else:
                what, told = Argument("Z_bar", self.Z_bar), f" is {most}"
        elif self.loss == "infonce" and plan.exaggeration > limit:
            what = Argument("s", self.s)
            told = f" makes the exaggeration {plan.exaggeration:.4g}, which is above {limit:.4g}"
        else:
            return
        _check.warn(
            what,
            told,
            ", beyond which the layout is a point: what is left of it is unfinished shrinking. Pass a smaller one.",
        )


@dataclass(frozen=True, eq=False)
class _Plan:
    """The settings of one optimisation."""

    loss: str
    similarity: Similarity
    n_negatives: int
    unit: float  # weight of the noise per pair for each unit of Zbar
    Z: float
    Z_umap: float
    exaggeration: float
    denominators: str
    warm: bool  # whether the start is a layout that needs no other beginning
    n_epochs: int
    learning_rate: float | None

    @property
    def noise(self) -> float:
        return self.Z * self.unit

    @property
    def step(self) -> float:
        """The step of stochastic updates at the beginning."""
        usual = self.similarity.temperature / 2 if self.similarity.is_cosine else 1.0
        return (usual if self.learning_rate is None else self.learning_rate) * (WARM if self.warm else 1)

    @property
    def early_noise(self) -> float | None:
        """The noise of the first third of the epochs, if it is another: there points find their places more easily."""
        helps = self.loss == "neg" and self.Z_umap > self.Z and not self.warm
        return self.Z_umap * self.unit if helps else None

    @property
    def early_exaggeration(self) -> float | None:
        return EARLY_EXAGGERATION if self.exaggeration < EARLY_EXAGGERATION and not self.warm else None

    def value(self, P: Graph, Y: FloatArray, noise: float, exaggeration: float) -> Value:
        """Return the loss over all pairs."""
        if self.loss == "infonce":
            return choice_loss(
                P, Y, exaggeration=exaggeration, denominators=self.denominators, similarity=self.similarity
            )
        return pair_loss(P, Y, noise, self.n_negatives, self.similarity)


def _slider(s: float, n: int, n_negatives: int) -> float:
    """Return Zbar on the way from t-SNE (0) to UMAP (1)."""
    return float(tsne_partition(n) ** (1 - s) * umap_partition(n, n_negatives) ** s)


def _spherical(Y: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the rows scaled to length 1, each moved a little at random, for a row of zeros has no direction."""
    moved = Y + JITTER * rng.standard_normal(Y.shape)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True))


def _by_samples(W: Graph, Y: FloatArray, plan: _Plan, watch: Watch, seed: int) -> tuple[FloatArray, float]:
    """Return the layout by stochastic steps, and the noise at the end."""
    from spectral_ph.embedding import _gather

    kind = _gather.COSINE if plan.similarity.is_cosine else _gather.CAUCHY
    contrast = Contrast(
        _gather.Kernel(kind, 1.0, 1.0, 0.0, plan.similarity.eps, plan.similarity.temperature),
        plan.n_negatives,
        choice=plan.loss == "infonce",
        noise=plan.noise,
        early_noise=plan.early_noise,
        learns=plan.loss == "nce",
        exaggeration=plan.exaggeration,
        early_exaggeration=plan.early_exaggeration,
        joint=plan.denominators == "joint",
    )
    P = W / W.sum() if watch.record else W

    def look(epoch: int, Y: FloatArray, noise: float) -> bool:
        return watch.due(epoch) and watch.look(epoch, Y, lambda: plan.value(P, Y, noise, plan.exaggeration).loss)

    return optimize(
        W,
        Y,
        contrast,
        n_epochs=plan.n_epochs,
        learning_rate=plan.step,
        seed=seed,
        look=None if watch.idle else look,
    )


def _over_all_pairs(P: Graph, Y: FloatArray, plan: _Plan, watch: Watch) -> tuple[FloatArray, float]:
    """Return the layout by gradient descent with every other point as a negative, and the noise at the end."""
    noise = plan.noise
    value = Value(np.nan, np.zeros(Y.shape))
    heaviest = float(P.sum(axis=1).max())

    def gradient(number: int, Y: FloatArray) -> FloatArray:
        nonlocal noise, value
        early = EARLY * number < plan.n_epochs
        now = plan.early_noise if early and plan.early_noise is not None else noise
        rho = plan.early_exaggeration if early and plan.early_exaggeration is not None else plan.exaggeration
        value = plan.value(P, Y, now, rho)
        if plan.loss == "nce":
            noise *= float(np.exp(-np.clip(value.slope / value.curvature, -1, 1)))
        if plan.similarity.is_cosine:
            return value.gradient
        return value.gradient * (_safe_step(heaviest, plan, now) if plan.learning_rate is None else plan.learning_rate)

    def look(step: int, Y: FloatArray) -> bool:
        return watch.due(step) and watch.look(step, Y, lambda: plan.value(P, Y, noise, plan.exaggeration).loss)

    seen = None if watch.idle else look
    if plan.similarity.is_cosine:
        step = ADAM_STEP if plan.learning_rate is None else plan.learning_rate
        Y = adam(Y, gradient, plan.n_epochs, step, seen)
        return Y / np.linalg.norm(Y, axis=1, keepdims=True), noise
    return descend(Y, gradient, plan.n_epochs, 1.0, seen), noise


def _safe_step(heaviest: float, plan: _Plan, noise: float) -> float:
    """Return a step that neither the attraction nor the repulsion of points on top of each other turns into a swing.

    The attraction has a second derivative of at most 8 times the heaviest row of P, times c / (1 + c) where there is noise;
    the repulsion of at most 4 / (1 + c).
    """
    if plan.loss == "infonce":
        return 1 / (2 * heaviest)
    return min((1 + noise) / (2 * heaviest * noise), (1 + noise) / 4)
