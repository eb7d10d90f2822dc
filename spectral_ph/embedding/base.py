"""What all embeddings share: their arguments, affinities, start, a watch over the optimisation, and the place of new points."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._numba import thread_limit, threads_for
from spectral_ph._types import FloatArray, Graph, RandomState, Settings
from spectral_ph.embedding.affinities import AFFINITIES, PAIRED, USUAL_NEIGHBORS, affinities, check_params
from spectral_ph.embedding.common import Callback, show_common
from spectral_ph.embedding.start import STARTS, starting_layout
from spectral_ph.graph.components import connected_components

SEED_BOUND = 2**31

CARRIERS = USUAL_NEIGHBORS
"""A new point lies at the mean of its nearest neighbours, at most this many."""

BLOCK = 2**22  # distances of new points to old ones that are held at a time: 32 MiB


class Watch:
    """What is done on the way through an optimisation: the callback is called, and losses are recorded.

    Parameters
    ----------
    callback : see `Callback`; None for none.
    every : steps between two calls.
    record : whether losses are recorded.

    Attributes
    ----------
    history : list of (step, loss).
    stopped : the step at which the callback asked to stop, or None.
    """

    def __init__(self, callback: Callback | None, every: int, record: bool) -> None:
        self.callback = callback
        self.every = every
        self.record = record
        self.history: list[tuple[int, float]] = []
        self.stopped: int | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody looks, so that an optimiser need not stop on its way."""
        return self.callback is None and not self.record

    def due(self, step: int) -> bool:
        """Return whether `step` (counted from 1) is one at which somebody looks."""
        return not self.idle and step % self.every == 0

    def look(self, step: int, Y: FloatArray, loss: Callable[[], float]) -> bool:
        """Record the loss and call the callback.

        Parameters
        ----------
        step : number of steps that are done.
        Y : (n, d) layout.
        loss : computes the loss; called only if losses are recorded.

        Returns
        -------
        bool
            Whether to stop.
        """
        value = None
        if self.record:
            value = float(loss())
            self.history.append((step, value))
        if self.callback is not None and self.callback(step, value, Y.copy()) is True:
            self.stopped = step
            return True
        return False


class Embedding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The common part of all embeddings; its subclasses store their own arguments and optimise.

    A subclass has in its `__init__` its own arguments and `**common: Unpack[Common]`, which it hands on, and in its docstring an
    entry "**common". Users and scikit-learn then see all arguments in both. It checks its own in `_check_own`, and lays the
    points out in `_optimize`, where it may set `partition_` and `critical_` and add to `settings_`.

    Parameters
    ----------
    n_components : dimensions of the layout.
    affinity : "perplexity", "knn", "umap", "eff_res" or "diffusion", of points; "graph", X is an (n, n) symmetric matrix of
        weights; "precomputed_distance", X is (n, n) distances. See `affinities`.
    perplexity : effective number of neighbours for "perplexity". The default is lowered, with a warning, where there are too few
        points for it; any other number is refused.
    n_neighbors : neighbours of each point, itself not counted, for the other affinities of points or distances; likewise.
    affinity_params : further parameters of the affinity by name, for instance {"t": 16} for "diffusion".
    init : "spectral", "pca", "random", or an (n, n_components) array that is taken as it is. See `starting_layout`.
    n_jobs : threads of the optimisation; None: as many as numba has, and one for up to 1,000 points, where threads mostly wait
        for each other. The result has the same bits at any number.
    random_state : seed of whatever is random.
    callback : function of (step, loss, layout), called every `callback_every` steps; the loss is None unless `record_loss`.
        The optimisation stops where it returns True.
    callback_every : steps.
    record_loss : compute the loss every `callback_every` steps.

    Attributes
    ----------
    embedding_ : (n, n_components) float64.
    affinities_ : (n, n) csr_array, symmetric.
    loss_history_ : (m, 2) float64, step and loss; empty unless record_loss.
    partition_ : sum of the kernel over all ordered pairs that the method works with, or None.
    critical_ : `CriticalValues` of the affinities, or None.
    settings_ : dict, what was used, "warnings" among it.
    n_features_in_ : number of columns of X.
    """

    _spread: ClassVar[float] = 1.0
    """Standard deviation of the first column at the start, unless an array was given."""
    _normalized: ClassVar[bool] = True
    """Whether the affinities have the sum 1; False for the weights as they are made."""

    embedding_: FloatArray
    affinities_: Any
    _warm: bool
    """Whether the start is the layout of another embedding of the same points."""

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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Put the common arguments where `**common` stands: scikit-learn reads the signature, and users the docstring."""
        super().__init_subclass__(**kwargs)
        show_common(cls, Embedding)

    @abstractmethod
    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        """Return the (n, d) layout, from the affinities and the start `Y`, which may be written to."""

    def _check_own(self) -> None:
        """Refuse bad arguments of a subclass, before anything is computed."""

    def fit(self, X: FloatArray | Graph, y: object = None) -> Embedding:
        """Lay out the points.

        Parameters
        ----------
        X : (n, d) points. For affinity "graph" an (n, n) symmetric matrix of weights, sparse or dense. For
            "precomputed_distance" (n, n) distances.
        y : not used.

        Returns
        -------
        self

        Raises
        ------
        InputError, ValueError : for bad points, weights, distances or arguments, fewer points than neighbours, or a step size at
            which numbers become infinite.
        TooLargeError : if an (n, n) array that the method needs would not fit in memory.
        """
        return self._fit(X, None, False)

    def fit_after(self, before: Embedding, X: FloatArray | Graph, *, same_affinities: bool = True) -> Embedding:
        """Lay out the points, starting where another embedding of the same points ended; what `sweep` does.

        Parameters
        ----------
        before : a fitted embedding; its layout takes the place of `init`.
        X : as for `fit`.
        same_affinities : take those of `before`, and do not compute them again.

        Returns
        -------
        self

        Raises
        ------
        NotFittedError : if `before` is not fitted. InputError, ValueError, TooLargeError : as `fit`; and for a layout of another
            number of points or dimensions.
        """
        check_is_fitted(before, "embedding_")
        return self._fit(X, before, same_affinities)

    def _fit(self, X: FloatArray | Graph, before: Embedding | None, same: bool) -> Embedding:
        self._check_arguments()
        data = self._read(X)
        wanted = (data.shape[0], self.n_components)
        if before is not None and before.embedding_.shape != wanted:
            raise _check.InputError(
                Argument("before"),
                f" has a layout of the shape {before.embedding_.shape}, but this one is to be of the shape {wanted}. Pass an "
                "embedding of the same points in as many dimensions.",
            )
        self._warm = before is not None
        with _check.collected() as heard:
            rng = _check.generator(self.random_state)
            watch = Watch(self.callback, self.callback_every, self.record_loss)
            # One BLAS thread: the last bits of a matrix product depend on how many there are.
            small = threads_for(data.shape[0]) if self.n_jobs is None else thread_limit(self.n_jobs)
            with small, threadpool_limits(limits=1, user_api="blas"):
                A, Y = self._prepare(data, int(rng.integers(SEED_BOUND)), before, same)
                layout = self._optimize(A, Y, watch, rng)
        if not np.isfinite(layout).all():
            raise _check.InputError(
                "the optimisation left numbers that are not finite. Pass ",
                Argument("init", "spectral"),
                ", or lower what was given of the step size.",
            )
        if watch.stopped is not None:
            self.settings_["stopped_at"] = watch.stopped
        self.settings_["warnings"] = list(heard)
        self.loss_history_ = np.array(watch.history, dtype=np.float64).reshape(-1, 2)
        self.embedding_ = np.ascontiguousarray(layout, dtype=np.float64)
        self._points = None if self.affinity in PAIRED else data
        return self

    def fit_transform(self, X: FloatArray | Graph, y: object = None) -> FloatArray:
        """Lay out the points and return the layout.

        Parameters
        ----------
        X : as for `fit`.
        y : not used.

        Returns
        -------
        (n, n_components) float64.

        Raises
        ------
        InputError, ValueError, TooLargeError : as `fit`.
        """
        layout: FloatArray = self.fit(X).embedding_
        return layout

    def transform(self, X: FloatArray | Graph) -> FloatArray:
        """Place new points among the old ones, which stay where they are.

        A new point lies at the mean of its nearest neighbours among the old points, weighted by one over the distance, so
        that a copy of an old point lies where that one does. Neighbours are Euclidean ones whatever the affinity, unless
        `affinity_params` has a metric. No new point sees another, so a point has the same place alone and in a batch.

        Parameters
        ----------
        X : (m, d) points. For affinity "precomputed_distance" (m, n) distances to the old points. For "graph" (m, n) weights
            of edges to the old points, sparse or dense: the place is the weighted mean over all of them.

        Returns
        -------
        (m, n_components) float64.

        Raises
        ------
        InputError : for a point without an edge to an old one.
        """
        check_is_fitted(self, "embedding_")
        if self.affinity == "graph":
            return self._place_by_weights(X)
        checked: FloatArray = validate_data(
            self, X, dtype=np.float64, reset=False, ensure_all_finite=self.affinity != "precomputed_distance"
        )
        placed = np.empty((len(checked), self.embedding_.shape[1]))
        step = max(1, BLOCK // len(self.embedding_))
        for start in range(0, len(checked), step):
            block = checked[start : start + step]
            placed[start : start + step] = _weighted_means(self._distances(block), self.embedding_)
        return placed

    def _check_arguments(self) -> None:
        _check.positive_int(self.n_components, "n_components")
        _check.one_of(self.affinity, AFFINITIES, "affinity", "affinity")
        if isinstance(self.init, str):
            _check.one_of(self.init, STARTS, "start", "init")
        check_params(self.affinity_params)
        if self.n_jobs is not None:
            _check.positive_int(self.n_jobs, "n_jobs")
        _check.seed(self.random_state)
        if self.callback is not None and not callable(self.callback):
            raise _check.InputError(
                Argument("callback"), f" must be a function of (step, loss, layout) or None, not {self.callback!r}."
            )
        _check.positive_int(self.callback_every, "callback_every")
        _check.flag(self.record_loss, "record_loss")
        self._check_own()

    def _read(self, X: FloatArray | Graph) -> Any:
        """Return checked points, graph or distances."""
        if self.affinity == "graph":
            A = _check.graph(X)
            self.n_features_in_ = A.shape[0]
            return A
        if self.affinity == "precomputed_distance":
            checked = validate_data(self, X, dtype=np.float64, ensure_min_samples=2, ensure_all_finite=False)
            return _check.square_distances(checked, "X")[0]
        checked = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        points = _check.points(checked)
        _check.distinct(points)
        return points

    def _prepare(self, data: Any, seed: int, before: Embedding | None, same: bool) -> tuple[Any, FloatArray]:
        """Return the affinities and the start, and write down what made them."""
        self.partition_: float | None = None
        self.critical_: Any = None
        if before is not None and same:
            A, facts = before.affinities_, before.settings_["affinity"]
        else:
            A, facts = affinities(
                data,
                self.affinity,
                perplexity=self.perplexity,
                n_neighbors=self.n_neighbors,
                params=self.affinity_params,
                normalized=self._normalized,
                random_state=seed,
            )
            self._warn_of_components(A)
        points = None if self.affinity in PAIRED else data
        init = self.init if before is None else before.embedding_
        Y, start = starting_layout(A, init, self.n_components, points=points, spread=self._spread, random_state=seed)
        if before is not None:
            start = {"init": "the layout before"}
        self.affinities_ = A
        self.settings_: Settings = {
            "affinity": facts,
            "start": start,
            "n_components": self.n_components,
            "random_state": _check.seed_record(self.random_state),
        }
        return A, Y

    def _warn_of_components(self, A: Graph) -> None:
        parts = connected_components(A)
        alone = int((parts.sizes == 1).sum())
        if len(parts) == 1:
            return
        isolated = f", {alone} of them vertices without an edge" if alone else ""
        _check.warn(
            f"the graph of affinities has {parts.describe()}{isolated}. Nothing holds them together, so how they lie to each "
            "other says nothing about the data. With a spectral start each is laid out by itself, side by side. Raise ",
            Argument("n_neighbors"),
            " or ",
            Argument("perplexity"),
            " to join them.",
        )

    def _distances(self, block: FloatArray) -> FloatArray:
        """Return (b, n) distances of new points to the old ones, each from differences, so that no batch changes a bit."""
        from scipy.spatial.distance import cdist

        if self.affinity == "precomputed_distance":
            if np.isnan(block).any() or (block < 0).any():
                raise _check.InputError("distances of new points to old ones must be 0 or more, without NaN.")
            return block
        metric = (self.affinity_params or {}).get("metric", "euclidean")
        D: FloatArray = cdist(block, self._points, "cityblock" if metric == "manhattan" else metric)
        return D

    def _place_by_weights(self, X: FloatArray | Graph) -> FloatArray:
        W = sp.csr_array(X, dtype=np.float64)
        n = len(self.embedding_)
        if W.ndim != 2 or W.shape[1] != n:
            raise _check.InputError(
                Argument("X"), f" must be (m, {n}) weights of edges from new points to the {n} old ones, not {W.shape}."
            )
        if not np.isfinite(W.data).all() or (W.data < 0).any():
            raise _check.InputError("weights of edges to old points must be finite and not negative.")
        W.sum_duplicates()
        total = np.asarray(W.sum(axis=1)).ravel()
        if (total == 0).any():
            first = int(np.flatnonzero(total == 0)[0])
            raise _check.InputError(
                f"{int((total == 0).sum())} new points have no edge to an old one (first in row {first}), so they have no "
                "place. Drop those rows."
            )
        placed: FloatArray = np.asarray(W @ self.embedding_) / total[:, None]
        return placed

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.affinity in PAIRED
        tags.input_tags.positive_only = self.affinity in PAIRED
        tags.input_tags.sparse = self.affinity == "graph"
        tags.non_deterministic = False
        return tags


def _weighted_means(D: FloatArray, Y: FloatArray) -> FloatArray:
    """Return for each row of (b, n) distances the mean of its nearest points of Y, weighted by one over the distance."""
    b, n = D.shape
    k = min(CARRIERS, n)
    near = np.argsort(D, axis=1, kind="stable")[:, :k]
    d = np.take_along_axis(D, near, 1)
    if np.isinf(d[:, 0]).any():
        first = int(np.flatnonzero(np.isinf(d[:, 0]))[0])
        raise _check.InputError(f"the new point in row {first} is infinitely far from all old ones. Drop it.")
    copies = d[:, 0] == 0
    # The nearest has weight 1: one over a tiny distance is too large a number.
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(np.isinf(d), 0.0, d[:, :1] / d)
    weights[copies] = d[copies] == 0
    total = np.zeros((b, Y.shape[1]))
    mass = np.zeros(b)
    for c in range(k):  # in one order for every row, alone or in a batch
        total += weights[:, c : c + 1] * Y[near[:, c]]
        mass += weights[:, c]
    placed: FloatArray = total / mass[:, None]
    return placed
