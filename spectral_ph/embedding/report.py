"""Which loops of the data a layout keeps, fills, tears or loses, which it invents, and what it keeps of the distances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._numba import thread_limit
from spectral_ph._types import FloatArray, RandomState, Settings
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.distances.compute import compute, parted
from spectral_ph.embedding.affinities import USUAL_NEIGHBORS, fitting_neighbors
from spectral_ph.graph.neighbors import nearest_neighbors
from spectral_ph.homology.diagram import persistence_lengths
from spectral_ph.loops.agreement import Carried, Seen, agreements, seen
from spectral_ph.loops.result import LoopResult
from spectral_ph.loops.score import detection_score, widest_gap

Fate = Literal["kept", "filled", "torn", "lost"]

LEAST_SCORE, LEAST_LAYOUT_SCORE = 0.3, 0.5
"""Features above the widest gap of a diagram count as loops if the gap is at least this share of the least of them. Of a noisy
circle (50 dimensions, sigma .25 to .4) under effective resistance it is .5 and more, of a Gaussian blob .05. Of a Gaussian blob
in the plane, as a layout may be, it is up to .4."""

LEAST_SIZE = 0.02
"""Of the root mean square distance. A smaller feature is no loop. A noisy circle has .06 or more, a noisy tree and an arc have
up to .003, where a tiny feature may stand out among tinier ones."""

SAME, RELATED = 0.7, 0.5
"""From these agreements on a loop of the layout is a loop of the data, or at least not invented; shuffled points agree to .1."""

LEAST_HOLE = 0.2
"""Of the layout's radius: a smaller hole is no hole, for a layout of a blob has some of .18."""

AT = 0.9
LOOKED_AT = 5
"""Features of each diagram that get a phase, so that a partner may be one that does not stand out."""

ARCS = 24
TORN_STEP, NEAR_STEP = 0.25, 0.6


@dataclass(frozen=True, eq=False, repr=False)
class LoopFate:
    """What became of a loop of the data in a layout.

    Attributes
    ----------
    persistence : of the loop, in the unit of the data's distance.
    agreement : 0 to 1, with the loop of the layout that agrees best.
    hole : persistence of that loop of the layout over the layout's radius (root mean square distance from the mean).
    word : "kept": a loop of the layout agrees and has a hole. "filled": the points go round in the layout, but there is no hole.
        "torn": the points lie in order along a line that is open at one place. "lost": none of these.
    """

    persistence: float
    agreement: float
    hole: float
    word: Fate

    def __repr__(self) -> str:
        return f"LoopFate({self.word}, agreement {self.agreement:.2f}, hole {self.hole:.2f})"


@dataclass(frozen=True, eq=False, repr=False)
class InventedLoop:
    """A loop of a layout that no loop of the data agrees with.

    Attributes
    ----------
    hole : its persistence over the layout's radius.
    score : detection score of the layout's loops.
    agreement : with the loop of the data that agrees best.
    """

    hole: float
    score: float
    agreement: float

    def __repr__(self) -> str:
        return f"InventedLoop(hole {self.hole:.2f}, score {self.score:.2f}, agreement {self.agreement:.2f})"


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingReport:
    """What a layout keeps of the data. Printed, it is a table.

    Attributes
    ----------
    loops : of the data, longest first, with their fate in the layout.
    invented : loops of the layout without a partner in the data.
    data_score, layout_score : detection scores of the loops of both, 0 to 1.
    verdict : "loop", "no loop" or "undecided", of the data; "not computed" without a LoopResult.
    recall : share of the nearest neighbours of a point in the data that are among as many nearest in the layout.
    trustworthiness : 1 where no neighbour in the layout is far in the data (Venna, Kaski 2001).
    spearman, distance_correlation : rank correlation, and Pearson's, of the distances of all pairs in data and layout, Euclidean
        ones unless distances were passed.
    settings : distance, n_neighbors, how many points, random_state.

    See Also
    --------
    embedding_report

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> report = sph.embedding.embedding_report(X, X[:, :2])
    >>> 0 <= report.recall <= 1
    True
    """

    loops: tuple[LoopFate, ...]
    invented: tuple[InventedLoop, ...]
    data_score: float
    layout_score: float
    verdict: str
    recall: float
    trustworthiness: float
    spearman: float
    distance_correlation: float
    settings: Settings = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Share of the loops of data and layout that are in both, 0 to 1; 1 if there are none in either.

        With it the report is a scorer: `scoring=lambda model, X, y=None: embedding_report(X, model.embedding_).score`.
        """
        of_all = len(self.loops) + len(self.invented)
        return sum(loop.word == "kept" for loop in self.loops) / of_all if of_all else 1.0

    def measures(self) -> dict[str, float]:
        """Return the numbers that are of the layout as a whole, none of a single loop, for instance to compare layouts.

        Returns
        -------
        dict of floats, by the names of the attributes: recall, trustworthiness, spearman, distance_correlation, data_score,
        layout_score and score.

        Examples
        --------
        >>> import spectral_ph as sph
        >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
        >>> measures = sph.embedding.embedding_report(X, X[:, :2]).measures()
        >>> measures["recall"] > 0.5, len(measures)
        (True, 7)
        """
        names = ("recall", "trustworthiness", "spearman", "distance_correlation", "data_score", "layout_score", "score")
        return {name: float(getattr(self, name)) for name in names}

    def to_records(self) -> list[dict[str, Any]]:
        """Return a row for each loop of the data and each invented one, ready for pandas.DataFrame."""
        rows: list[dict[str, Any]] = [
            {"loop": f"data {k}", "word": x.word, "agreement": x.agreement, "hole": x.hole}
            for k, x in enumerate(self.loops)
        ]
        return rows + [
            {"loop": f"layout {k}", "word": "invented", "agreement": x.agreement, "hole": x.hole}
            for k, x in enumerate(self.invented)
        ]

    def __repr__(self) -> str:
        words = [x.word for x in self.loops] + ["invented"] * len(self.invented)
        return f"EmbeddingReport({', '.join(words) or 'no loops'}; recall {self.recall:.2f}; verdict: {self.verdict})"

    def __str__(self) -> str:
        lines = [f"{'loop':<10}{'':<10}{'agreement':>10}{'hole':>8}"]
        lines += [
            f"{row['loop']:<10}{row['word']:<10}{row['agreement']:>10.2f}{row['hole']:>8.2f}"
            for row in self.to_records()
        ]
        if len(lines) == 1:
            lines = ["no loop stands out in the data or in the layout"]
        lines.append(
            f"recall {self.recall:.3f}, trustworthiness {self.trustworthiness:.3f}, Spearman {self.spearman:.3f}, "
            f"distance correlation {self.distance_correlation:.3f}"
        )
        lines.append(f"verdict: {self.verdict}. A ring in a layout is no evidence of a loop in the data.")
        return "\n".join(lines)


def embedding_report(
    X: FloatArray,
    Y: FloatArray,
    loops: LoopResult | None = None,
    *,
    distance: str = "eff_res",
    n_neighbors: int = USUAL_NEIGHBORS,
    n_loops: int = 3,
    max_points: int = 2000,
    random_state: RandomState = 0,
) -> EmbeddingReport:
    """Compare the loops of a layout with those of the data, and say how well it keeps neighbours and distances.

    Loops of the data are those of persistent homology under `distance`, loops of the layout those under the Euclidean distance.
    They are loops of the same points, so their agreement is computed as that of two halves of the data is: where both tubes are,
    one angle tells the other. Only features that stand out above the widest gap of their diagram, and are not tiny, count as
    loops, but the partner of a loop of the data may be any of the longest `LOOKED_AT` features of the layout.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances for distance="precomputed".
    Y : (n, m) layout of the same points.
    loops : what `find_loops` says of the data. Its verdict is shown, and where it is "no loop" every loop of the layout is
        invented.
    distance : of the data, by name.
    n_neighbors : of the neighbour graph under that distance, if it has one, and for the recall and the trustworthiness.
    n_loops : at most so many loops of data and layout count.
    max_points : of more points a random draw of this size is compared.
    random_state : seed of the draw.

    Returns
    -------
    EmbeddingReport

    Raises
    ------
    InputError : for bad points, another number of points in the layout, unknown names or too many neighbours.

    See Also
    --------
    EmbeddingReport, spectral_ph.find_loops

    References
    ----------
    Venna, Kaski, ICANN 2001 (trustworthiness).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(200, ambient_dim=10, sigma=0.1)
    >>> sph.embedding.embedding_report(X, X[:, :2]).loops
    (LoopFate(kept, agreement 0.99, hole 0.77),)
    """
    pairwise = distance == "precomputed"
    X, Y = _check.square_distances(X, "X")[0] if pairwise else _check.points(X), _check.points(Y, what="Y")
    if len(X) != len(Y):
        raise _check.InputError(
            Argument("Y"), f" must have a row for each of the {len(X)} points, not {len(Y)}. Pass the layout of X."
        )
    if not pairwise:
        _check.distinct(X)
    _check.distinct(Y, "Y")
    _check.positive_int(n_loops, "n_loops")
    if loops is not None and not isinstance(loops, LoopResult):
        raise _check.InputError(Argument("loops"), f" must be a result of find_loops or None, not {loops!r}.")
    if len(X) > _check.positive_int(max_points, "max_points", least=10):
        drawn = np.sort(_check.generator(random_state).choice(len(X), max_points, replace=False))
        X, Y = X[np.ix_(drawn, drawn)] if pairwise else X[drawn], Y[drawn]
    k = fitting_neighbors(n_neighbors, len(X))
    recipe, own = parted(distance, {"n_neighbors": k} if _counts(distance) else {})
    with thread_limit(1):
        D = compute(X, distance, recipe=recipe, random_state=random_state, **own).D
        data = seen(D, AT, LOOKED_AT)
        among = pairwise_euclidean(Y)
        layout = seen(among, AT, LOOKED_AT)
        data_count, data_score = _prominent(data, D, n_loops, LEAST_SCORE)
        layout_count, layout_score = _prominent(layout, among, n_loops, LEAST_LAYOUT_SCORE)
        recall, trust, spearman, pearson = _measures(X, Y, among, k, pairwise)
    table = agreements(_carried(data), _carried(layout))
    radius = float(np.sqrt(((Y - Y.mean(axis=0)) ** 2).sum(axis=1).mean()))
    if loops is not None and loops.verdict == "no loop":
        data_count = 0
    return EmbeddingReport(
        tuple(_fate(data, layout, Y, table, radius, i) for i in range(data_count)),
        _invented(layout, layout_count, layout_score, table[:data_count], radius),
        data_score,
        layout_score,
        "not computed" if loops is None else loops.verdict,
        recall,
        trust,
        spearman,
        pearson,
        {
            "distance": distance,
            "n_neighbors": k,
            "points": len(X),
            "random_state": _check.seed_record(random_state),
        },
    )


def _counts(distance: str) -> bool:
    from spectral_ph.distances.registry import DISTANCES

    return DISTANCES[_check.one_of(distance, DISTANCES, "distance", "distance")].needs == "graph"


def _carried(whose: Seen) -> list[Carried | None]:
    return [
        None if phase is None else Carried(phase, tube) for phase, tube in zip(whose.phases, whose.tubes, strict=True)
    ]


def _prominent(whose: Seen, D: FloatArray, most: int, least: float) -> tuple[int, float]:
    """Return how many features stand out among the others and are not tiny, and how clearly."""
    count = widest_gap(whose.diagram)
    score = detection_score(whose.diagram, count) if count else 0.0
    if score < least:
        return 0, score
    size = LEAST_SIZE * float(np.sqrt((D**2).mean()))
    large = int((persistence_lengths(whose.diagram) >= size).sum())
    return min(count, most, large, len(whose.phases)), score


def _fate(data: Seen, layout: Seen, Y: FloatArray, table: FloatArray, radius: float, i: int) -> LoopFate:
    """Return what became of feature i of the data."""
    row = table[i]
    partner = int(row.argmax()) if len(row) else -1
    agreement = float(row[partner]) if len(row) else 0.0
    hole = float(persistence_lengths(layout.diagram)[partner]) / radius if len(row) else 0.0
    word: Fate = "lost"
    if agreement >= SAME and hole >= LEAST_HOLE:
        word = "kept"
    elif (phase := data.phases[i]) is not None:
        word = _order(phase[data.tubes[i] > 0], Y[data.tubes[i] > 0])
    return LoopFate(float(persistence_lengths(data.diagram)[i]), agreement, hole, word)


def _order(phase: FloatArray, Y: FloatArray) -> Fate:
    """Return "filled" where points go round in a layout by their phase, "torn" where they do so but for one place.

    The points are cut into arcs of equally many by their phase. Where the layout keeps the order, the means of consecutive arcs
    are near to each other beside those of any two; a tear is a step between consecutive ones that is a large part of all.
    """
    if len(phase) < 2 * ARCS:
        return "lost"
    arcs = np.array_split(np.argsort(phase, kind="stable"), ARCS)
    means = np.array([Y[arc].mean(axis=0) for arc in arcs])
    steps = np.linalg.norm(means - np.roll(means, -1, axis=0), axis=1)
    usual = pairwise_euclidean(means)[np.triu_indices(ARCS, 1)].mean()
    longest = int(steps.argmax())
    others = np.delete(steps, longest)
    if others.mean() > NEAR_STEP * usual:
        return "lost"
    return "torn" if steps[longest] > TORN_STEP * steps.sum() else "filled"


def _invented(layout: Seen, count: int, score: float, table: FloatArray, radius: float) -> tuple[InventedLoop, ...]:
    lengths = persistence_lengths(layout.diagram)
    found = []
    for j in range(count):
        best = float(table[:, j].max(initial=0.0))
        if best < RELATED:
            found.append(InventedLoop(float(lengths[j]) / radius, score, best))
    return tuple(found)


def _measures(
    X: FloatArray, Y: FloatArray, among: FloatArray, k: int, pairwise: bool
) -> tuple[float, float, float, float]:
    """Return recall, trustworthiness, and the rank and linear correlation of all distances."""
    from scipy.stats import rankdata
    from sklearn.manifold import trustworthiness

    metric = "precomputed" if pairwise else "euclidean"
    near = [nearest_neighbors(Z, k, m, search="exact").indices for Z, m in ((X, metric), (Y, "euclidean"))]
    recall = float(np.mean([len(np.intersect1d(a, b)) for a, b in zip(*near, strict=True)]) / k)
    trust = float(trustworthiness(X, Y, n_neighbors=k, metric=metric)) if 2 * k < len(X) else float("nan")
    upper = np.triu_indices(len(X), 1)
    a, b = (X if pairwise else pairwise_euclidean(X))[upper], among[upper]
    return recall, trust, _correlation(rankdata(a), rankdata(b)), _correlation(a, b)


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float(a @ b) / scale if scale > 0 else float("nan")
