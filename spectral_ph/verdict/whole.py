"""All points under the setting that was chosen: the distances that their loops are found in, and how to reach every point.

Up to a number of points all distances are taken. Of more, the neighbour graph and its spectrum are of all points, and the
distances those of a draw, as in the halves (`spectral_ph.verdict.views`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, IntArray, RandomState, Settings
from spectral_ph.distances.compute import compute, neighbourhood, parted
from spectral_ph.distances.coordinates import coordinates
from spectral_ph.distances.lookup import matrix, restrict
from spectral_ph.distances.registry import DISTANCES, keywords
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.loops.agreement import NEAR, carry_loops
from spectral_ph.loops.result import Loop
from spectral_ph.verdict.candidates import Candidate

GRAPH_POINTS = 100_000
"""Points in the neighbour graph, at most; of more points it is that of a random draw."""

MATRIX_POINTS = 4000
"""Points that a distance without coordinates is computed between, at most."""


@dataclass(frozen=True, eq=False, repr=False)
class Whole:
    """What the loops of all points are found in.

    Attributes
    ----------
    D : (m, m) distances.
    settings : as those of `Computed`.
    graph : neighbour graph of the points; None where there is none.
    graphed : the points that the graph is of; None for all.
    drawn : (m,) the points that distances were taken between; None for all.
    near : (n, k) nearest neighbours of every point among the m; None for all.
    """

    D: FloatArray
    settings: Settings
    graph: Graph | None = None
    drawn: IntArray | None = None
    near: IntArray | None = None
    graphed: IntArray | None = None

    def carried(self, loops: list[Loop]) -> list[Loop]:
        """Give loops of the points that distances were taken between a place for every point."""
        if self.drawn is None or self.near is None:
            return loops
        return carry_loops(loops, self.drawn, self.near)

    def __repr__(self) -> str:
        n = len(self.D) if self.near is None else len(self.near)
        return f"Whole({n} points, distances between {len(self.D)})"


def whole(
    X: FloatArray | None,
    graph: Graph | None,
    chosen: Candidate,
    max_points: int,
    rng: np.random.Generator,
    random_state: RandomState,
    with_graph: bool,
) -> Whole:
    """Compute the distances of all points, or of a draw, under one setting.

    Parameters
    ----------
    X : (n, d) points, (n, n) distances where the setting says so, or None.
    graph : a graph in place of X.
    chosen : the setting.
    max_points : of more points, distances are those of a random draw of this size.
    rng : draws.
    random_state : seed for whatever is random in the distance.
    with_graph : whether the neighbour graph of the points is wanted where the distances do not need it.

    Returns
    -------
    Whole

    Raises
    ------
    InputError, TooLargeError : as `compute`.
    """
    name, params = chosen
    recipe, own = parted(name, params, "verdict")
    n = _check.sized(X, graph)[1]
    row = DISTANCES[name]
    points = X is not None and graph is None and "precomputed" not in (name, recipe.metric)
    cuts = row.coordinates is not None and set(own) <= set(keywords(row.coordinates))
    if n <= max_points or not (points or cuts):
        computed = compute(X, name, graph=graph, recipe=recipe, random_state=random_state, **own)
        A = None
        if points and with_graph:
            usual = recipe if row.needs == "graph" else type(recipe)()
            A = neighbourhood(X, None, usual, random_state=random_state)[0]
        return Whole(computed.D, computed.settings, A)
    if not cuts:
        assert X is not None
        drawn = _draw(n, min(max_points, MATRIX_POINTS), rng)
        _say(n, len(drawn), "")
        computed = compute(X[drawn], name, recipe=recipe, random_state=random_state, **own)
        return Whole(computed.D, computed.settings, None, drawn, nearest_among(X[drawn], X, NEAR, recipe.metric))
    subset = np.arange(n) if n <= GRAPH_POINTS or X is None else _draw(n, GRAPH_POINTS, rng)
    A, made_how = neighbourhood(None if X is None else X[subset], graph, recipe, random_state=random_state)
    (implicit,) = coordinates(A, name, [own], made_how.get("n_neighbors"), random_state=random_state)
    among = _draw(len(subset), max_points, rng)
    of_all = "" if len(subset) == n else f" of {len(subset)} points, also drawn"
    _say(n, len(among), f" in the neighbour graph{of_all or ' of all'}")
    near = nearest_among(implicit.coordinates[among], implicit.coordinates, NEAR)
    if len(subset) < n:
        assert X is not None
        everywhere = nearest_among(X[subset[among]], X, NEAR, recipe.metric)
        everywhere[subset] = near
        near = everywhere
    settings: Settings = {
        "distance": {"name": name} | own | {"n_components": implicit.coordinates.shape[1], "drawn": len(among)},
        "graph": made_how,
        "random_state": _check.seed_record(random_state),
    }
    D = matrix(restrict(implicit, among))
    return Whole(D, settings, A, subset[among], near, subset if len(subset) < n else None)


def _draw(n: int, size: int, rng: np.random.Generator) -> IntArray:
    return np.sort(rng.choice(n, size=size, replace=False)) if size < n else np.arange(n)


def _say(n: int, drawn: int, where: str) -> None:
    _check.warn(
        f"loops were found on {drawn} of {n} points, drawn at random{',' if where else ''}{where}, and phases were carried to "
        f"the others by their {NEAR} nearest neighbours. Pass ",
        Argument("max_points", n),
        " to use all.",
    )
