"""Multidimensional scaling: the layout whose distances come nearest to given ones."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import scipy.linalg

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, Settings
from spectral_ph.distances.compute import compute, parted
from spectral_ph.embedding.affinities import PAIRED
from spectral_ph.embedding.base import Embedding, Watch
from spectral_ph.embedding.common import Common
from spectral_ph.embedding.start import starting_layout
from spectral_ph.spectrum.eigen import fix_signs

OF_AFFINITY = {
    "eff_res": "eff_res",
    "diffusion": "diffusion",
    "graph": "eff_res",
    "precomputed_distance": "precomputed",
}
"""Which distance belongs to an affinity; "euclidean" to all others."""

CONVERGED = 1e-7
"""Share of the stress by which a step must lower it for another one to be taken."""


class MDS(Embedding):
    """Metric multidimensional scaling of any distance.

    The layout minimises the stress sum_{i<j} (|y_i - y_j| - D_ij)^2 by majorisation (SMACOF), which never raises it. All pairs
    count alike, so that large distances decide, whereas t-SNE and UMAP keep the small ones.

    Parameters
    ----------
    n_components : dimensions of the layout, in the unit of the distance.
    distance : name of any distance of `spectral_ph.DISTANCES`, on points or, for affinity "graph", on graphs. None is the one
        that belongs to the affinity: "eff_res" and "diffusion" are themselves, a "graph" has its effective resistance,
        "precomputed_distance" is what is passed, and all others are the Euclidean distance.
    affinity : what X holds, and the distance if that is None. There are no affinities: all pairs attract each other.
    perplexity : not used.
    n_neighbors : of the neighbour graph under the distance, if there is one.
    affinity_params : further parameters of the distance and of its neighbour graph by name.
    init : "spectral" is classical scaling: the first eigenvectors of the doubly centred squared distances. All others as for
        every embedding, scaled to the least stress unless it is an array.
    n_steps : at most so many steps.
    record_loss : compute the stress every `callback_every` steps.
    **common : the arguments of every embedding, see `Embedding`.

    Attributes
    ----------
    embedding_, loss_history_, settings_ : as of every embedding; the settings hold the distance, the "stress", and the
        "normalized_stress", its root over the root of the sum of the squared distances.
    affinities_, partition_, critical_ : None.

    Raises
    ------
    InputError : by `fit`, where the data or an argument cannot be used; the sentence says what to pass instead.

    See Also
    --------
    TSNE, LaplacianEigenmaps, embedding_report

    References
    ----------
    Torgerson, Psychometrika 1952 (classical scaling); de Leeuw, Mair, Journal of Statistical Software 2009 (SMACOF).

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> D = np.abs(np.arange(5.0)[:, None] - np.arange(5.0))
    >>> Y = sph.embedding.MDS(1, affinity="precomputed_distance").fit_transform(D)
    >>> np.abs(np.diff(Y[:, 0])).round(6).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        distance: str | None = None,
        n_steps: int = 500,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(n_components, **common)
        self.distance = distance
        self.n_steps = n_steps

    def _check_own(self) -> None:
        _check.positive_int(self.n_steps, "n_steps", least=0)

    def _prepare(self, data: Any, seed: int, before: Embedding | None, same: bool) -> tuple[Any, FloatArray]:
        """Return the distances in place of affinities, and the start."""
        D, made = self._dissimilarities(data, seed)
        if not np.isfinite(D).all():
            raise _check.InputError(
                f"{int(np.isinf(D).sum()) // 2} pairs of points are at an infinite distance, which no layout has. Pass a finite "
                "distance, or lay out each component by itself."
            )
        if before is not None:
            Y, start = before.embedding_.copy(), {"init": "the layout before"}
        elif isinstance(self.init, str) and self.init == "spectral":
            Y, start = classical_scaling(D, self.n_components), {"init": "spectral"}
        else:
            points = None if self.affinity in PAIRED else data
            empty: Any = D  # only its shape is asked for
            Y, start = starting_layout(empty, self.init, self.n_components, points=points, random_state=seed)
            if isinstance(self.init, str):
                Y = Y * _best_scale(D, Y)
        self.affinities_ = self.partition_ = self.critical_ = None
        self.settings_ = {
            **made,
            "start": start,
            "n_components": self.n_components,
            "random_state": _check.seed_record(self.random_state),
        }
        return D, Y

    def _dissimilarities(self, data: Any, seed: int) -> tuple[FloatArray, Settings]:
        name = self.distance or OF_AFFINITY.get(self.affinity, "euclidean")
        if self.affinity == "precomputed_distance":
            if name != "precomputed":
                raise _check.InputError(
                    Argument("affinity", "precomputed_distance"),
                    " has its distances already. Leave ",
                    Argument("distance"),
                    " out.",
                )
            return np.asarray(data), {"distance": {"name": "precomputed"}}
        given = dict(self.affinity_params or {})
        if self.affinity == "graph":
            recipe, own = parted(name, given)
            computed = compute(None, name, graph=data, recipe=recipe, random_state=seed, **own)
        else:
            from spectral_ph.distances.registry import DISTANCES

            counts = name in DISTANCES and DISTANCES[name].needs == "graph"
            recipe, own = parted(name, ({"n_neighbors": self._fitting(data)} if counts else {}) | given)
            computed = compute(data, name, recipe=recipe, random_state=seed, **own)
        return computed.D, {"distance": computed.settings["distance"], "graph": computed.settings.get("graph")}

    def _fitting(self, data: FloatArray) -> int:
        from spectral_ph.embedding.affinities import fitting_neighbors

        return fitting_neighbors(self.n_neighbors, len(data))

    def _optimize(self, A: Graph, Y: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
        from spectral_ph.embedding import _exact

        D: Any = A
        Y = np.ascontiguousarray(Y - Y.mean(axis=0))
        moved, rows = np.empty_like(Y), np.empty(len(Y))
        before, steps = np.inf, 0
        for step in range(1, self.n_steps + 1):
            _exact.majorise(D, Y, moved, rows)
            now = float(rows.sum()) / 2
            if now >= before * (1 - CONVERGED):
                break
            before, steps = now, step
            Y, moved = moved, Y
            if watch.due(step):
                layout = Y
                if watch.look(step, layout, lambda layout=layout: stress(D, layout)):  # type: ignore[misc]
                    break
        final = stress(D, Y)
        total = float((D**2).sum()) / 2
        self.settings_ |= {
            "steps": steps,
            "stress": final,
            "normalized_stress": np.sqrt(final / total) if total else 0.0,
        }
        return Y


def classical_scaling(D: FloatArray, n_components: int) -> FloatArray:
    """Return the first coordinates of classical scaling, zero where an eigenvalue is not positive.

    Parameters
    ----------
    D : (n, n) distances.
    n_components : dimensions.

    Returns
    -------
    (n, n_components) float64, centred, by decreasing eigenvalue.
    """
    n = len(D)
    G = D**2
    means = G.mean(axis=0)
    G -= means
    G -= means[:, None]
    G += means.mean()
    G *= -0.5
    m = min(n, n_components)
    values, vectors = scipy.linalg.eigh(G, subset_by_index=(n - m, n - 1), overwrite_a=True, check_finite=False)
    Y = np.zeros((n, n_components))
    Y[:, :m] = fix_signs(vectors[:, ::-1]) * np.sqrt(np.maximum(values[::-1], 0.0))
    return Y


def stress(D: FloatArray, Y: FloatArray) -> float:
    """Return the sum over pairs of (|y_i - y_j| - D_ij)^2.

    Parameters
    ----------
    D : (n, n) distances.
    Y : (n, d) layout.
    """
    from spectral_ph.embedding import _exact

    rows = np.empty(len(Y))
    _exact.majorise(D, np.ascontiguousarray(Y), np.empty_like(Y), rows)
    return float(rows.sum()) / 2


def _best_scale(D: FloatArray, Y: FloatArray) -> float:
    """Return the factor of a layout that makes its stress least."""
    from spectral_ph.distances.ambient import pairwise_euclidean

    E = pairwise_euclidean(Y)
    square = float((E**2).sum())
    return float((E * D).sum()) / square if square > 0 else 1.0
