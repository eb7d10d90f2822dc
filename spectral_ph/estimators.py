"""scikit-learn estimators: they store their arguments, and `fit` calls the functions.

All but one are transductive, as scikit-learn's MDS and SpectralEmbedding are: a distance, a diagram or a verdict belongs to the
set of points as a whole, so there is `fit_transform` and no `transform` of new points. `CircularCoordinates` places new points
by their neighbours.

Where a graph falls apart, distances between its parts are set to twice the largest within one, with a warning, as `find_loops`
does: an estimator has to give an answer for whatever part of the data a cross-validation hands it.

Long because every argument of a function is said, taken and stored here once more, as scikit-learn wants it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from spectral_ph import _check
from spectral_ph._types import EngineName, FloatArray, RandomState, Spacing
from spectral_ph.distances.compute import distance_matrix
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.pipeline import find_loops, persistence


class _Pointwise(BaseEstimator):  # type: ignore[misc]
    """What all share: which arguments make the distance, and that they may start from distances."""

    distance: str
    n_neighbors: int | None
    metric: str
    distance_params: dict[str, Any] | None
    random_state: RandomState

    def _points(self, X: FloatArray) -> FloatArray:
        infinite = False
        if not _check.is_sparse(X):  # which scikit-learn refuses in its own words
            shape = _check.numbers(X, "X", objects=True).shape
            # Points that are never joined are at infinity; NaN is refused later.
            infinite = "precomputed" in (self.distance, self.metric) and shape == shape[::-1]
        checked: FloatArray = validate_data(
            self, X, dtype=np.float64, ensure_min_samples=2, ensure_all_finite=not infinite
        )
        return checked

    def _arguments(self) -> dict[str, Any]:
        arguments = {"distance": self.distance, "random_state": self.random_state, **(self.distance_params or {})}
        if self.n_neighbors is not None:
            arguments["n_neighbors"] = self.n_neighbors
        if self.distance in DISTANCES and "disconnected" in DISTANCES[self.distance].parameters:
            arguments = {"disconnected": "max"} | arguments
        if self.distance in DISTANCES and DISTANCES[self.distance].needs != "graph":
            return arguments  # for which metric="precomputed" only tells scikit-learn what X holds
        return arguments | {"metric": self.metric}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = "precomputed" in (self.distance, self.metric)
        tags.input_tags.positive_only = tags.input_tags.pairwise
        tags.non_deterministic = False
        return tags


class _Columns(TransformerMixin, _Pointwise):  # type: ignore[misc]
    """What gives the points columns: they have names, and `set_output` makes a table of them."""

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : not used.

        Returns
        -------
        (columns,) text: the name of the estimator, and the number of the column or "_cos" and "_sin".
        """
        check_is_fitted(self)
        name = type(self).__name__.lower()
        ends = self._ends()
        return np.array([f"{name}{end}" for end in ends], dtype=object)

    def _ends(self) -> list[str]:
        return ["_cos", "_sin"]


class SpectralDistance(_Columns):
    """Distances between all points, for estimators that take metric="precomputed".

    Parameters
    ----------
    distance : see `spectral_ph.distance_matrix`.
    n_neighbors : of the neighbour graph, the point itself not counted; None: 15, or what the distance takes.
    metric : of the neighbour graph; "precomputed" if X holds (n, n) distances.
    distance_params : further parameters of the graph or the distance by name, for instance {"t": 8}.
    random_state : seed.

    Attributes
    ----------
    distance_matrix_ : (n, n) float64.
    n_features_in_ : number of columns of X.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    distance_matrix, SpectralPersistence

    Examples
    --------
    >>> from sklearn.cluster import DBSCAN
    >>> import spectral_ph as sph
    >>> D = sph.SpectralDistance(n_neighbors=10).fit_transform(sph.datasets.circle(100, ambient_dim=5, sigma=0.05))
    >>> DBSCAN(eps=0.05, metric="precomputed").fit_predict(D).shape
    (100,)
    """

    def __init__(
        self,
        distance: str = "eff_res",
        *,
        n_neighbors: int | None = None,
        metric: str = "euclidean",
        distance_params: dict[str, Any] | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.distance = distance
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.distance_params = distance_params
        self.random_state = random_state

    def fit(self, X: FloatArray, y: object = None) -> SpectralDistance:
        """Compute the distances.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        self
        """
        self.distance_matrix_ = distance_matrix(self._points(X), **self._arguments())
        return self

    def fit_transform(self, X: FloatArray, y: object = None) -> FloatArray:
        """Compute the distances and return them.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        (n, n) float64.
        """
        return self.fit(X).distance_matrix_

    def _ends(self) -> list[str]:
        return [str(j) for j in range(len(self.distance_matrix_))]


class SpectralPersistence(_Pointwise):
    """Persistence diagrams of a set of points.

    Parameters
    ----------
    distance : see `spectral_ph.distance_matrix`.
    n_neighbors : of the neighbour graph, the point itself not counted; None: 15, or what the distance takes.
    metric : of the neighbour graph; "precomputed" if X holds (n, n) distances.
    maxdim : largest degree of homology.
    engine : "auto", "h1", "h2", "ripser" or "gudhi".
    threshold : longest edge of the filtration, None for all.
    method : "auto", "exact", "truncated" or "landmarks".
    n_landmarks : how many, for "landmarks".
    coeff : prime p of the field Z/p.
    cocycles : also keep a cocycle for each feature of degree 1.
    distance_params : further parameters of the graph or the distance by name.
    random_state : seed.

    Attributes
    ----------
    persistence_ : Persistence.
    diagrams_ : list over the dimension of (m, 2) float64.
    n_features_in_ : number of columns of X.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    persistence, SpectralDistance

    Examples
    --------
    >>> import spectral_ph as sph
    >>> model = sph.SpectralPersistence().fit(sph.datasets.circle(100, ambient_dim=10, sigma=0.1))
    >>> len(model.persistence_)
    2
    """

    def __init__(
        self,
        distance: str = "eff_res",
        *,
        n_neighbors: int | None = None,
        metric: str = "euclidean",
        maxdim: int = 1,
        engine: EngineName = "auto",
        threshold: float | None = None,
        method: str = "auto",
        n_landmarks: int = 1000,
        coeff: int = 2,
        cocycles: bool = False,
        distance_params: dict[str, Any] | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.distance = distance
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.maxdim = maxdim
        self.engine = engine
        self.threshold = threshold
        self.method = method
        self.n_landmarks = n_landmarks
        self.coeff = coeff
        self.cocycles = cocycles
        self.distance_params = distance_params
        self.random_state = random_state

    def fit(self, X: FloatArray, y: object = None) -> SpectralPersistence:
        """Compute the diagrams.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        self
        """
        self.persistence_ = persistence(
            self._points(X),
            maxdim=self.maxdim,
            engine=self.engine,
            threshold=self.threshold,
            method=self.method,
            n_landmarks=self.n_landmarks,
            coeff=self.coeff,
            cocycles=self.cocycles,
            **self._arguments(),
        )
        self.diagrams_ = self.persistence_.diagrams
        return self

    def fit_transform(self, X: FloatArray, y: object = None) -> FloatArray:
        """Compute the diagrams and return them in giotto-tda's layout.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        (M, 3) float64 with birth, death and dimension a row.
        """
        rows: FloatArray = self.fit(X).persistence_.to_giotto()[0]
        return rows

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the columns of `fit_transform`, a row of which is a feature of the diagram and no point.

        Parameters
        ----------
        input_features : not used.

        Returns
        -------
        (3,) text.
        """
        return np.array(["birth", "death", "dimension"], dtype=object)


class LoopDetector(_Columns):
    """Whether points go round a loop, and where each point stands on the longest; see `spectral_ph.find_loops`.

    Parameters
    ----------
    distance : "auto" or a name, as for `find_loops`.
    n_neighbors : of the neighbour graph, the point itself not counted; None: chosen.
    metric : of the neighbour graph; "precomputed" if X holds (n, n) distances.
    n_loops : how many loops to describe.
    threshold : longest edge of the filtration, None for all.
    engine : "auto", "h1" or "ripser".
    at : where between birth (0) and death (1) of a loop its phase is computed.
    spacing : "cells" (default), "length" or "edges": how the phase is spread along a loop.
    splits : random splits into halves that the verdict rests on; None: five, and up to 25 near the level; 0 for none.
    split_by : (n,) group of every point, such as its donor: groups go into halves as a whole. None for halves at random.
    level : p-value up to which a loop is called.
    max_points : of more points, distances are taken between a random draw of this size, in the neighbour graph of all.
    distance_params : further parameters of the graph or the distance by name; these are not chosen but kept.
    random_state : seed.

    Attributes
    ----------
    result_ : LoopResult.
    verdict_ : "loop", "no loop" or "undecided"; the evidence is in `result_`.
    phase_ : (n,) float64, radians in [0, 2 pi), along the loop with the most evidence; NaN if there is none.
    n_features_in_ : number of columns of X.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    find_loops, CircularCoordinates

    Examples
    --------
    >>> import spectral_ph as sph
    >>> model = sph.LoopDetector(splits=0).fit(sph.datasets.circle(100, ambient_dim=10, sigma=0.1))
    >>> model.phase_.shape
    (100,)
    """

    def __init__(
        self,
        distance: str = "auto",
        *,
        n_neighbors: int | None = None,
        metric: str = "euclidean",
        n_loops: int = 3,
        threshold: float | None = None,
        engine: EngineName = "auto",
        at: float = 0.9,
        spacing: Spacing = "cells",
        splits: int | None = None,
        split_by: ArrayLike | None = None,
        level: float = 0.05,
        max_points: int = 2000,
        distance_params: dict[str, Any] | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.distance = distance
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.n_loops = n_loops
        self.threshold = threshold
        self.engine = engine
        self.at = at
        self.spacing = spacing
        self.splits = splits
        self.split_by = split_by
        self.level = level
        self.max_points = max_points
        self.distance_params = distance_params
        self.random_state = random_state

    def fit(self, X: FloatArray, y: object = None) -> LoopDetector:
        """Find the loops.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        self
        """
        X = self._points(X)
        self.result_ = find_loops(
            X,
            n_loops=self.n_loops,
            threshold=self.threshold,
            engine=self.engine,
            at=self.at,
            spacing=self.spacing,
            splits=self.splits,
            split_by=self.split_by,
            level=self.level,
            max_points=self.max_points,
            **self._arguments(),
        )
        self.verdict_ = self.result_.verdict
        self.phase_ = self.result_.loops[0].phase if self.result_.loops else np.full(len(X), np.nan)
        return self

    def fit_transform(self, X: FloatArray, y: object = None) -> FloatArray:
        """Find the loops and return the place of each point on the longest as two columns, ready for a regression.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        (n, 2) float64, cosine and sine of the phase; NaN if there is no loop.
        """
        self.fit(X)
        return np.column_stack([np.cos(self.phase_), np.sin(self.phase_)])


class CircularCoordinates(_Columns):
    """The place of each point on the longest loop, and of new points by their neighbours.

    Nothing is tested here: that there is a loop at all is for `LoopDetector` to say.

    Parameters
    ----------
    distance : "auto" or a name, as for `find_loops`.
    n_neighbors : of the neighbour graph, the point itself not counted; None: chosen.
    metric : of the neighbour graph; "precomputed" if X holds distances to the points of `fit`.
    which : which of the loops, 0 being the longest.
    at : where between birth (0) and death (1) of the loop its phase is computed.
    spacing : "cells" (default), "length" or "edges": how the phase is spread along the loop.
    max_points : of more points, the loop is found on a random draw of this size.
    placed_by : how many points of `fit` a new point is placed by: the mean of their phases, each weighted by one over its
        distance.
    distance_params : further parameters of the graph or the distance by name.
    random_state : seed.

    Attributes
    ----------
    result_ : LoopResult.
    phase_ : (n,) float64, radians in [0, 2 pi); NaN if there is no such loop.
    n_features_in_ : number of columns of X.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    LoopDetector, find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(200, ambient_dim=10, sigma=0.05)
    >>> sph.CircularCoordinates().fit(X).transform(X[:3]).shape
    (3, 2)
    """

    def __init__(
        self,
        distance: str = "auto",
        *,
        n_neighbors: int | None = None,
        metric: str = "euclidean",
        which: int = 0,
        at: float = 0.9,
        spacing: Spacing = "cells",
        max_points: int = 4000,
        placed_by: int = 5,
        distance_params: dict[str, Any] | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.distance = distance
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.which = which
        self.at = at
        self.spacing = spacing
        self.max_points = max_points
        self.placed_by = placed_by
        self.distance_params = distance_params
        self.random_state = random_state

    def fit(self, X: FloatArray, y: object = None) -> CircularCoordinates:
        """Find the loop.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        self
        """
        which = _check.positive_int(self.which, "which", least=0)
        _check.positive_int(self.placed_by, "placed_by")
        X = self._points(X)
        self.result_ = find_loops(
            X,
            n_loops=which + 1,
            at=self.at,
            spacing=self.spacing,
            splits=0,
            max_points=self.max_points,
            **self._arguments(),
        )
        loops = self.result_.loops
        self.phase_ = loops[which].phase if len(loops) > which else np.full(len(X), np.nan)
        self._known = X
        return self

    def transform(self, X: FloatArray) -> FloatArray:
        """Return the place of points on the loop as two columns, ready for a regression.

        Parameters
        ----------
        X : (m, d) points, or (m, n) distances to the points of `fit`.

        Returns
        -------
        (m, 2) float64, cosine and sine of the phase; a point of `fit` gets its own. NaN if there is no loop.
        """
        check_is_fitted(self)
        new: FloatArray = validate_data(self, X, dtype=np.float64, reset=False)
        few = min(self.placed_by, len(self.phase_))
        if "precomputed" in (self.distance, self.metric):
            near = np.argsort(new, axis=1, kind="stable")[:, :few]
            away = np.take_along_axis(new, near, axis=1)
        else:
            near = nearest_among(self._known, new, few, self.metric)
            away = np.linalg.norm(self._known[near] - new[:, None], axis=2)
        same = away <= 1e-12 * (1 + np.abs(new).max(axis=1, keepdims=True))
        with np.errstate(divide="ignore"):
            weight = np.where(same.any(axis=1, keepdims=True), same, 1 / np.where(same, 1.0, away))
        mean = np.angle((weight * np.exp(1j * self.phase_[near])).sum(axis=1))
        return np.column_stack([np.cos(mean), np.sin(mean)])

    def fit_transform(self, X: FloatArray, y: object = None) -> FloatArray:
        """Find the loop and return the place of each point on it, as `transform` does.

        Parameters
        ----------
        X : (n, d) points, or (n, n) distances.
        y : not used.

        Returns
        -------
        (n, 2) float64.
        """
        self.fit(X)
        return np.column_stack([np.cos(self.phase_), np.sin(self.phase_)])
