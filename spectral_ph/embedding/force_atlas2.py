"""ForceAtlas2: the layout of a graph by springs and a repulsion that falls as one over the distance."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph
from spectral_ph.embedding.affinities import edge_arrays
from spectral_ph.embedding.base import Embedding, Watch
from spectral_ph.embedding.common import Common

JITTER = 1e-3
"""Of the spread of the start, is added to it: the repulsion of points in one place is not defined."""

LEAST_EFFICIENCY = 0.05
LARGEST_TOLERANCE = 10.0
FASTEST_RISE = 0.5


class ForceAtlas2(Embedding):
    """ForceAtlas2: attraction A_ij (y_j - y_i), repulsion 2 (d_i + 1)(d_j + 1)(y_i - y_j) / |y_i - y_j|^2, without gravity.

    d_i is the number of edges of a vertex. The forces are minus the gradient of

        1/2 sum_{i<j} A_ij |y_i - y_j|^2 - sum_{i<j} (d_i + 1)(d_j + 1) log |y_i - y_j|^2,

    and a point moves the less, the more its force swings from step to step. Not to be confused with t-SNE of a large
    exaggeration, which it resembles: its repulsion has no bound near a point and reaches farther. All pairs are computed, so a
    step of n points takes n^2 operations. Weights are taken as they are made, and not divided by their sum.

    Parameters
    ----------
    n_components : dimensions of the layout.
    init : "spectral", "pca" or "random", scaled to the size that has the least energy, or an array that is taken as it is. A
        thousandth of the spread of the start is added as noise, for points in one place would not come apart.
    n_steps : steps.
    jitter_tolerance : how much swing is allowed; a smaller number is slower and more precise.
    record_loss : compute the energy every `callback_every` steps.
    **common : the arguments of every embedding, see `Embedding`.

    Attributes
    ----------
    embedding_, affinities_, loss_history_, partition_, critical_, settings_ : as of every embedding; the partition is None.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    TSNE, LaplacianEigenmaps, embedding_report

    References
    ----------
    Jacomy, Venturini, Heymann, Bastian, PLOS ONE 2014; in the attraction-repulsion spectrum: Böhm, Berens, Kobak, JMLR 2022.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> sph.embedding.ForceAtlas2(affinity="knn").fit_transform(X).shape
    (100, 2)
    """

    _normalized = False

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_steps: int = 750,
        jitter_tolerance: float = 1.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(n_components, **common)
        self.n_steps = n_steps
        self.jitter_tolerance = jitter_tolerance

    def _check_own(self) -> None:
        _check.positive_int(self.n_steps, "n_steps", least=0)
        _check.positive(self.jitter_tolerance, "jitter_tolerance")

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        from spectral_ph.embedding import _exact

        mass, arrays = masses(A), edge_arrays(A)
        if isinstance(self.init, str):
            Y *= _best_scale(A, Y)
        Y += JITTER * Y.std() * rng.standard_normal(Y.shape)
        self.settings_ |= {"n_steps": self.n_steps, "jitter_tolerance": float(self.jitter_tolerance)}
        T = np.ascontiguousarray(Y.T)
        force, before = np.zeros_like(T), np.zeros_like(T)
        speed, efficiency = 1.0, 1.0
        for step in range(1, self.n_steps + 1):
            force, before = before, force
            _exact.atlas_forces(*arrays, mass, T, force)
            swing = mass * np.sqrt(((force - before) ** 2).sum(axis=0))
            traction = float((mass * np.sqrt(((force + before) ** 2).sum(axis=0))).sum()) / 2
            speed, efficiency = self._speed(float(swing.sum()), traction, len(A.indptr) - 1, speed, efficiency)
            T += force * (speed / (1 + np.sqrt(speed * swing)))
            if watch.due(step):
                layout = np.ascontiguousarray(T.T)
                if watch.look(step, layout, lambda layout=layout: energy(A, layout)):  # type: ignore[misc]
                    break
        T -= T.mean(axis=1, keepdims=True)
        return np.ascontiguousarray(T.T)

    def _speed(self, swing: float, traction: float, n: int, speed: float, efficiency: float) -> tuple[float, float]:
        """Return the speed of all points, and how efficient it has been; after Gephi's implementation by the authors."""
        usual = 0.05 * np.sqrt(n)
        tolerance = self.jitter_tolerance * max(np.sqrt(usual), min(LARGEST_TOLERANCE, usual * traction / n**2))
        if swing > 2 * traction:
            efficiency = efficiency * 0.5 if efficiency > LEAST_EFFICIENCY else efficiency
            tolerance = max(tolerance, self.jitter_tolerance)
        goal = tolerance * efficiency * traction / swing if swing > 0 else np.inf
        if swing > tolerance * traction:
            efficiency = efficiency * 0.7 if efficiency > LEAST_EFFICIENCY else efficiency
        elif speed < 1000:
            efficiency *= 1.3
        return float(speed + min(goal - speed, FASTEST_RISE * speed)), efficiency


def masses(A: Graph) -> FloatArray:
    """Return the number of edges of every vertex, plus 1.

    Parameters
    ----------
    A : (n, n) csr_array.

    Returns
    -------
    (n,) float64.
    """
    return np.asarray(np.diff(A.indptr) + 1.0, dtype=np.float64)


def forces(A: Graph, Y: FloatArray) -> FloatArray:
    """Return ForceAtlas2's forces, minus the gradient of `energy`.

    Parameters
    ----------
    A : (n, n) csr_array, symmetric weights.
    Y : (n, d) layout.

    Returns
    -------
    (n, d) float64.
    """
    from spectral_ph.embedding import _exact

    T = np.ascontiguousarray(Y.T)
    out = np.empty_like(T)
    _exact.atlas_forces(*edge_arrays(A), masses(A), T, out)
    return np.ascontiguousarray(out.T)


def energy(A: Graph, Y: FloatArray) -> float:
    """Return 1/2 sum_{i<j} A_ij |y_i - y_j|^2 - sum_{i<j} (d_i + 1)(d_j + 1) log |y_i - y_j|^2; coinciding pairs do not count.

    Parameters
    ----------
    A : (n, n) csr_array, symmetric weights.
    Y : (n, d) layout.
    """
    from spectral_ph.embedding import _exact

    logs = np.empty(len(Y))
    _exact.atlas_energy(masses(A), np.ascontiguousarray(Y.T), logs)
    return _stretch(A, Y) / 4 - float(logs.sum()) / 2


def _stretch(A: Graph, Y: FloatArray) -> float:
    """Return the sum of A_ij |y_i - y_j|^2 over ordered pairs."""
    i = np.repeat(np.arange(len(Y)), np.diff(A.indptr))
    return float((A.data * ((Y[i] - Y[A.indices]) ** 2).sum(axis=1)).sum())


def _best_scale(A: Graph, Y: FloatArray) -> float:
    """Return the factor of the layout at which its energy is least: the forces along it then cancel."""
    mass, stretch = masses(A), _stretch(A, Y)
    return float(np.sqrt(2 * (mass.sum() ** 2 - (mass**2).sum()) / stretch)) if stretch > 0 else 1.0
