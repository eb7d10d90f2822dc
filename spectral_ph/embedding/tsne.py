"""t-SNE with any exaggeration of its attraction, from t-SNE proper to Laplacian eigenmaps."""

from __future__ import annotations

from typing import ClassVar, Literal, Unpack

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph
from spectral_ph.distances.layout import Phase, opentsne
from spectral_ph.embedding.affinities import edge_arrays
from spectral_ph.embedding.base import Embedding, Watch
from spectral_ph.embedding.common import Common
from spectral_ph.embedding.critical import collapse, critical_values

EXACT_POINTS = 2000
"""Up to this many points all pairs are computed, in less time than openTSNE takes; of more openTSNE approximates."""

EARLY_EXAGGERATION = 12.0
MOMENTUM = 0.8
LONGEST_STEP = 5.0
STABLE = 2 * (1 + MOMENTUM)
"""A step with momentum is stable while rate x exaggeration x largest eigenvalue of L_P is below this."""


class TSNE(Embedding):
    """t-SNE: attraction along the affinities, repulsion of all pairs by a Cauchy kernel.

    The layout minimises

        - rho sum_ij P_ij log phi_ij + log sum_ij phi_ij,   phi_ij = 1 / (1 + |y_i - y_j|^2),

    over ordered pairs i != j. At rho = 1 it is t-SNE; with growing rho neighbours are drawn together more strongly and the layout
    comes to resemble ForceAtlas2's and then the Laplacian eigenmap. The values of rho at which it becomes a plane, a line and a
    point are in `critical_`, see `critical_values`.

    Up to `EXACT_POINTS` points, and in more than three dimensions, all pairs are computed; above that openTSNE approximates the
    repulsion.

    Parameters
    ----------
    n_components : dimensions of the layout.
    rho : exaggeration, more than 0.
    init : "spectral", "pca" or "random", scaled so that the first column has a standard deviation of 1e-4, or an array that is
        taken as it is.
    early_exaggeration : in the first phase. "auto" is 12 or half of rho_1, whichever is smaller, but at least 1 and at least rho:
        above rho_1 the layout shrinks to a point, as data without structure do at 12.
    early_steps : steps of the first phase. A sweep leaves it out of all embeddings but the first.
    n_steps : steps after it.
    learning_rate : of a quarter of the gradient, as openTSNE counts, with momentum .8 and gains. "auto" is n over the
        exaggeration, as in openTSNE, but at most half of what is stable at the collapsed layout.
    solver : "exact", "opentsne" or "auto".
    **common : the arguments of every embedding, see `Embedding`.

    Attributes
    ----------
    embedding_, affinities_, loss_history_, settings_ : as of every embedding. The affinities have the sum 1.
    partition_ : sum of phi over all ordered pairs, exact.
    critical_ : `CriticalValues` of the affinities.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    UMAP, ForceAtlas2, critical_values, embedding_report

    References
    ----------
    van der Maaten, Hinton, JMLR 2008; Böhm, Berens, Kobak, JMLR 2022 (rho); Belkina et al., Nature Communications 2019 (n over
    exaggeration); Jacobs, Neural Networks 1988 (gains). Early exaggeration "auto" and the stable step were derived here.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> sph.embedding.TSNE(rho=4, affinity="eff_res").fit_transform(X).shape
    (100, 2)
    """

    _spread: ClassVar[float] = 1e-4

    def __init__(
        self,
        n_components: int = 2,
        *,
        rho: float = 1.0,
        early_exaggeration: float | Literal["auto"] = "auto",
        early_steps: int = 250,
        n_steps: int = 500,
        learning_rate: float | Literal["auto"] = "auto",
        solver: Literal["auto", "exact", "opentsne"] = "auto",
        **common: Unpack[Common],
    ) -> None:
        super().__init__(n_components, **common)
        self.rho = rho
        self.early_exaggeration = early_exaggeration
        self.early_steps = early_steps
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.solver = solver

    def _check_own(self) -> None:
        _check.one_of(self.solver, ("auto", "exact", "opentsne"), "solver of t-SNE", "solver")
        _check.positive(self.rho, "rho")
        if self.early_exaggeration != "auto":
            _check.positive(self.early_exaggeration, "early_exaggeration")
        if self.learning_rate != "auto":
            _check.positive(self.learning_rate, "learning_rate")
        _check.positive_int(self.early_steps, "early_steps", least=0)
        _check.positive_int(self.n_steps, "n_steps", least=0)
        if self.solver == "opentsne" and self.n_components > 3:
            raise _check.InputError(
                Argument("solver", "opentsne"),
                f" takes at most 3 dimensions, not {self.n_components}. Pass ",
                Argument("solver", "exact"),
                ".",
            )

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        n, d = Y.shape
        self.critical_ = critical_values(A, min(4, n - 1), random_state=rng)
        phases = self._phases(A, rng)
        exact = self.solver == "exact" or (self.solver == "auto" and (n <= EXACT_POINTS or d > 3))
        self.settings_ |= {
            "rho": float(self.rho),
            "growing_modes": self.critical_.growing(self.rho),
            "solver": "exact" if exact else "opentsne",
            "phases": [{"steps": s, "exaggeration": e, "learning_rate": r} for s, e, r in phases],
        }
        if exact:
            layout = _descend(A, Y, phases, watch, self.rho)
        else:

            def look(step: int, layout: FloatArray) -> bool:
                return watch.look(step, layout, lambda: loss(A, layout, self.rho))

            layout, _ = opentsne(
                A,
                Y,
                phases,
                callback=None if watch.idle else look,
                callback_every=watch.every,
                random_state=rng,
            )
        self.partition_ = partition(layout)
        entropy = float((A.data * np.log(A.data)).sum())
        self.settings_["kl_divergence"] = entropy + loss(A, layout, 1.0)
        return layout

    def _phases(self, A: Graph, rng: np.random.Generator) -> tuple[Phase, ...]:
        """Return (steps, exaggeration, learning rate) of both phases, and warn where one makes the layout a point."""
        n, limit = A.shape[0], collapse(A, self.critical_, random_state=rng)
        early = self.early_exaggeration
        if early == "auto":
            early = max(min(EARLY_EXAGGERATION, limit / 2), 1.0, self.rho)
        elif early > limit and self.early_steps and not self._warm:
            _check.warn(
                Argument("early_exaggeration", float(early)),
                f" is above {limit:.4g}, beyond which the layout shrinks to a point, so it forgets its start. Pass ",
                Argument("early_exaggeration", "auto"),
                ".",
            )
        if self.rho > limit:
            _check.warn(
                Argument("rho", float(self.rho)),
                f" is above {limit:.4g}, beyond which the layout is a point: what is left of it is unfinished shrinking. Pass a "
                "smaller one.",
            )
        first = last = self.learning_rate
        if self.learning_rate == "auto":
            # In both phases a collapsed layout, or one held together by a strong attraction, feels the largest eigenvalue.
            first, last = (min(n / e, STABLE / 2 / (e * self.critical_.largest)) for e in (early, self.rho))
        late = (self.n_steps, float(self.rho), float(last))
        return (late,) if self._warm else ((self.early_steps, float(early), float(first)), late)


def _descend(A: Graph, Y: FloatArray, phases: tuple[Phase, ...], watch: Watch, rho: float) -> FloatArray:
    """Return the layout after gradient descent with momentum and gains over all pairs."""
    from spectral_ph.embedding import _exact

    arrays = edge_arrays(A)
    Y = np.ascontiguousarray(Y.T)
    n = Y.shape[1]
    pull, push, update = np.empty_like(Y), np.empty_like(Y), np.zeros_like(Y)
    mass = np.empty(n)
    done = 0
    for steps, exaggeration, rate in phases:
        assert isinstance(rate, float)
        update[:], gains = 0.0, np.ones_like(Y)
        for _ in range(steps):
            _exact.attraction(*arrays, Y, pull)
            _exact.repulsion(Y, push, mass)
            pull *= exaggeration
            push /= mass.sum()
            pull -= push
            _exact.momentum_step(pull, Y, update, gains, rate, MOMENTUM, LONGEST_STEP)
            done += 1
            if watch.due(done):
                layout = np.ascontiguousarray(Y.T)
                if watch.look(done, layout, lambda layout=layout: loss(A, layout, rho)):  # type: ignore[misc]
                    return layout
    return np.ascontiguousarray(Y.T)


def gradient(A: Graph, Y: FloatArray, rho: float = 1.0) -> FloatArray:
    """Return the gradient of the loss, 4 sum_j (rho P_ij phi_ij - phi_ij^2 / Z) (y_i - y_j).

    Parameters
    ----------
    A : (n, n) csr_array, symmetric affinities of sum 1.
    Y : (n, d) layout.
    rho : exaggeration.

    Returns
    -------
    (n, d) float64.
    """
    from spectral_ph.embedding import _exact

    T = np.ascontiguousarray(Y.T)
    pull, push, mass = np.empty_like(T), np.empty_like(T), np.empty(len(Y))
    _exact.attraction(*edge_arrays(A), T, pull)
    _exact.repulsion(T, push, mass)
    return np.asarray(4 * (rho * pull - push / mass.sum()).T)


def loss(A: Graph, Y: FloatArray, rho: float = 1.0) -> float:
    """Return - rho sum P_ij log phi_ij + log Z, over all pairs.

    Parameters
    ----------
    A : (n, n) csr_array, symmetric affinities of sum 1.
    Y : (n, d) layout.
    rho : exaggeration.
    """
    from spectral_ph.embedding import _exact

    logs = np.empty(len(Y))
    _exact.log_kernels(*edge_arrays(A), np.ascontiguousarray(Y.T), logs)
    return float(np.log(partition(Y)) - rho * logs.sum())


def partition(Y: FloatArray) -> float:
    """Return Z, the sum of 1 / (1 + |y_i - y_j|^2) over all ordered pairs of different points.

    Parameters
    ----------
    Y : (n, d) layout.
    """
    from spectral_ph.embedding import _exact

    T = np.ascontiguousarray(Y.T)
    mass = np.empty(len(Y))
    _exact.repulsion(T, np.empty_like(T), mass)
    return float(mass.sum())
