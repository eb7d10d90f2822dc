"""The whole chain: points to distances to diagrams to loops. The one file that knows all of it.

Long because each of its functions says what all steps of the chain take.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import EngineName, FloatArray, Graph, RandomState, Settings, Spacing
from spectral_ph.cells.expression import Expression
from spectral_ph.cells.pursuit import check_values, start_columns
from spectral_ph.cells.pursuit import pursue as pursue_loop
from spectral_ph.distances.compute import compute, compute_implicit, fitting, parted
from spectral_ph.distances.landmarks import farthest_points
from spectral_ph.distances.lookup import matrix, restrict
from spectral_ph.distances.registry import DISTANCES, Distance, Form
from spectral_ph.graph.recipe import Recipe
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.inference.band import BandKind, ConfidenceBand, check_band, confidence_band_of
from spectral_ph.homology.persistence import implicit_persistence, rips_persistence
from spectral_ph.loops.coordinates import SPACINGS
from spectral_ph.loops.describe import further, longest_loops
from spectral_ph.loops.pursued import Pursued
from spectral_ph.loops.result import NO_PLACE, Loop, LoopResult
from spectral_ph.verdict import LOOKED_FOR, MOST_SPLITS, SPLITS, examine, judge_loops, null
from spectral_ph.verdict.asked import groups_of, halves_have_neighbors, least_half, level_is_possible, without_copies
from spectral_ph.verdict.candidates import candidates, uncalibrated
from spectral_ph.verdict.halves import HOMOLOGY_POINTS, Halving, half_size
from spectral_ph.verdict.judge import UNDECIDED, Examined, answer, judged
from spectral_ph.verdict.whole import whole

METHODS = ("auto", "exact", "truncated", "landmarks")
EXACT_POINTS = 20_000
"""Up to this many points `method="auto"` is exact: n^3 flops are two minutes on two cores, and the matrix 3.2 GB."""

FEW_WITHOUT_PLACE = 0.05
"""Up to this share of points without a place on a loop is no cause for a warning; the result says it in any case."""

MATRIX_SHARE = 1.5
"""Memory of the exact chain, in matrices: the distances and what the homology of typical data needs beside them."""


def persistence(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    maxdim: int = 1,
    engine: EngineName = "auto",
    threshold: float | None = None,
    *,
    graph: Graph | None = None,
    method: str = "auto",
    n_landmarks: int = 1000,
    coeff: int = 2,
    cocycles: bool = False,
    random_state: RandomState = 0,
    **params: Any,
) -> Persistence:
    """Compute the persistence diagrams of a set of points under a distance.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances with distance="precomputed", where inf stands between points that are never joined. They
        may be sparse: a pair without an entry is never joined, and no dense matrix is made of them.
    distance : see `distance_matrix`; default "eff_res", effective resistance after four steps (one in several passes) on the
        graph of the 15 nearest neighbours; steps=1 is the corrected form of the literature.
    maxdim : largest degree of homology; from 3 on by gudhi, where few points may take hours.
    engine : "auto", "h1", "h2", "ripser" or "gudhi"; the diagram is the same from each.
    threshold : longest edge of the filtration, in the unit of the distance; None for all.
    graph : (n, n) symmetric sparse matrix of conductances in place of X, for distances on a graph.
    method : "exact" holds the (n, n) distances. "truncated" (eff_res and diffusion, maxdim <= 1) holds the first
        `n_components` eigenpairs (100, or 200 where those end below an eigenvalue of 0.4), estimates the rest, and states
        the error; what it returns is exact for these distances. Effective resistance has one step there unless `steps` is
        given, for with four the homology takes a hundred times as long.
        "landmarks" takes `n_landmarks` farthest points (four steps, as exact), with a bound on what the others could change.
        "auto" is exact for as long as n <= `EXACT_POINTS` and the matrix fits, else truncated;
        `settings["homology"]["method_reason"]` says why.
    n_landmarks : how many, for "landmarks".
    coeff : prime p of the field Z/p.
    cocycles : also return a cocycle for each feature of degree 1.
    random_state : seed for whatever is random in the neighbour search and the distance.
    **params : by name, of the neighbour graph (n_neighbors=15, metric, mode, weighted, search), of the distance, and dtype
        ("float32" halves the memory of the distances).

    Returns
    -------
    Persistence
        With all parameters in `settings`, which say whose each is ("distance", "graph", "homology"), and what was warned
        about in `warnings`.

    Raises
    ------
    InputError : a sentence that says what was wrong, what is needed and what to type.
    TooLargeError : if it would not fit in memory; before anything is allocated.

    See Also
    --------
    find_loops, distance_matrix, Persistence, SpectralPersistence

    References
    ----------
    Damrich, Berens, Kobak, Persistent homology for high-dimensional data based on spectral methods, NeurIPS 2024
    (arXiv 2311.03087).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(200, ambient_dim=20, sigma=0.1)
    >>> P = sph.persistence(X, distance="eff_res")
    >>> sph.detection_score(P[1]) > 0.9
    True
    """
    with _check.collected() as warned:
        X, n = _sized(X, graph, distance, params)
        _check.seed(random_state)
        row = DISTANCES[_check.one_of(distance, DISTANCES, "distance")]
        params = fitting(distance, params, n, graph)
        form, reason = _form(method, row, params, n, maxdim, engine, coeff)
        recipe, own = parted(distance, params, form, also=inspect.signature(persistence).parameters)
        facts: Settings = {"method": form, "method_reason": reason}
        if form == "exact":
            computed = compute(X, distance, graph=graph, recipe=recipe, random_state=random_state, sparse=True, **own)
            P = rips_persistence(computed.D, maxdim, engine, threshold, coeff=coeff, cocycles=cocycles)
            settings = computed.settings
        else:
            implicit, settings = compute_implicit(
                X, distance, graph=graph, recipe=recipe, random_state=random_state, **own
            )
            if form == "truncated":
                _warn_truncated(implicit, {name: value for name, value in own.items() if params.get(name) is None})
                P = implicit_persistence(implicit, threshold, cocycles=cocycles)
            else:
                P, bound = _on_landmarks(implicit, n_landmarks, maxdim, engine, threshold, coeff, cocycles)
                facts |= bound
        seed = settings.pop("random_state")
    settings |= {"homology": facts | P.settings["homology"], "random_state": seed}
    return dataclasses.replace(P, settings=settings, warnings=tuple(warned))


def _form(
    method: str, row: Distance, params: Settings, n: int, maxdim: int, engine: str, coeff: int
) -> tuple[Form, str]:
    """Return what the distance is computed as, "exact", "truncated" or "landmarks", and why."""
    if method not in METHODS and method in getattr(row.ranges.get("solver"), "values", ()):
        raise _check.InputError(
            f"{method!r} is not a way that persistence works but a solver of distance {row.name!r}. Pass ",
            Argument("solver", method),
            ".",
        )
    _check.one_of(method, METHODS, "method of persistence", "method")
    without_matrix = maxdim <= 1 and coeff == 2 and engine in ("auto", "h1")
    if method == "truncated" and not without_matrix:
        raise _check.InputError(
            Argument("method", "truncated"),
            " computes degrees 0 and 1 over Z/2 with engine 'h1', not ",
            Argument("maxdim", maxdim),
            ", ",
            Argument("coeff", coeff),
            " and ",
            Argument("engine", engine),
            ". Pass ",
            Argument("method", "landmarks"),
            " or ",
            Argument("method", "exact"),
            ".",
        )
    if method == "truncated":
        return "truncated", "asked for"
    if method == "landmarks":
        return "landmarks", "asked for"
    if method != "auto":
        return "exact", "asked for"
    if n <= EXACT_POINTS and MATRIX_SHARE * 8.0 * n**2 <= _check.available_memory():
        return "exact", f"{n} points are at most {EXACT_POINTS} and their matrix fits in memory"
    own = {name: value for name, value in params.items() if name not in Recipe.names()}
    if not without_matrix or not row.truncates(own):
        return "exact", "nothing else computes what is asked for"
    return "truncated", f"{n} points are more than {EXACT_POINTS}, or their matrix does not fit in memory"


def _warn_truncated(implicit: ImplicitDistances, filled: Settings) -> None:
    """Say how far the distances may be off, and which parameters the truncated form filled in."""
    facts = implicit.facts
    if facts.get("complete"):
        return
    error = facts["error"]
    _check.warn(
        f"distances were computed from {facts['n_components']} of {len(implicit)} eigenpairs and an estimate of "
        f"the rest. On {error['all']['pairs']} sampled pairs they are off by at most {error['all']['max']:.2g}, on "
        f"edges of the graph by at most {error['edges']['max']:.2g} (median distance {error['median']:.2g}), and "
        "births and deaths by about as much.",
        *(
            part
            for name, value in filled.items()
            for part in (" The truncated form takes ", Argument(name, value), ".")
        ),
    )


def _on_landmarks(
    implicit: ImplicitDistances,
    n_landmarks: int,
    maxdim: int,
    engine: EngineName,
    threshold: float | None,
    coeff: int,
    cocycles: bool,
) -> tuple[Persistence, Settings]:
    """Return the diagrams of some of the points, with indices among all of them, and the bound."""
    chosen = farthest_points(implicit, _check.positive_int(n_landmarks, "n_landmarks"))
    m = len(chosen.indices)
    _check.memory(8.0 * m**2, f"the distances between {m} landmarks", "Use a smaller ", Argument("n_landmarks"), ".")
    P = rips_persistence(
        matrix(restrict(implicit, chosen.indices)), maxdim, engine, threshold, coeff=coeff, cocycles=cocycles
    )
    unit = "births and deaths" if implicit.root else "the roots of births and deaths"
    _check.warn(
        f"{m} of {len(implicit)} points were used as landmarks. Beside the truncation, {unit} in degree "
        f"{chosen.least_degree} and above move by at most {chosen.bound:.2g}."
    )
    facts: Settings = {
        "n_landmarks": m,
        "covering_radius": chosen.radius,
        "landmark_bound": chosen.bound,
        "landmark_bound_of": unit,
        "landmark_least_degree": chosen.least_degree,
    }
    return P.renumbered(chosen.indices, len(implicit)), facts


def confidence_band(
    X: FloatArray | None = None,
    distance: str = "eff_res",
    maxdim: int = 1,
    engine: EngineName = "auto",
    *,
    graph: Graph | None = None,
    kind: BandKind = "bootstrap",
    level: float = 0.05,
    n_resamples: int = 200,
    size: int | None = None,
    coeff: int = 2,
    random_state: RandomState = 0,
    **params: Any,
) -> ConfidenceBand:
    """Compute persistence diagrams, and how far the diagram of the shape behind the points may be from them.

    Points are resampled. Each draw bounds how far its diagrams are from those of all points, and a quantile of these bounds is
    the radius of the band. A feature farther than that from the diagonal is significant.

    Parameters
    ----------
    X, distance, maxdim, engine, graph, coeff : as for `persistence`. Distances are computed once, between all points, and
        resamples take theirs from there: those of a graph are not computed anew.
    kind : "bootstrap" (default): n points with replacement. "subsample": `size` points without, and twice the quantile.
    level : probability that the true diagram is outside of the band.
    n_resamples : how many, at least 1 / level - 1. They are tasks of joblib, so `joblib.parallel_config(n_jobs=...)` shares
        them out, with the same result.
    size : points of a subsample; default n / log n.
    random_state : seed of the resamples, and of whatever is random in the distance.
    **params : of the neighbour graph and of the distance, by name.

    Returns
    -------
    ConfidenceBand, with the diagrams in `persistence`, the `radius`, and what is `significant` in each degree.

    Raises
    ------
    InputError : a sentence that says what was wrong, what is needed and what to type.
    TooLargeError : if the distances would not fit in memory.

    See Also
    --------
    ConfidenceBand, significance, find_loops

    Notes
    -----
    What it assumes: the points are independent draws from the shape itself, densely enough. Noise that fills space is part of
    what is drawn from, so the band is about that and not about a shape without noise. "subsample" is the method of Fasy et al.,
    proven for metrics as `size` grows slower than n / log n, and far wider than need be. The bootstrap is not proven; it covers
    circles at its level with a fifth to an eighth of that radius (docs/benchmarks/inference.md). For distances of a graph the
    band tells how much depends on which points are there, and not how much the graph would change.

    References
    ----------
    Fasy, Lecci, Rinaldo, Wasserman, Balakrishnan, Singh, Confidence sets for persistence diagrams, Ann. Statist. 42, 2014.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> B = sph.confidence_band(sph.datasets.circle(200, 2, 0.0), distance="euclidean", n_resamples=40)
    >>> B.significant[1].sum(), bool(0 < B.radius < 1)
    (np.int64(1), True)
    """
    check_band(kind, level, n_resamples)
    rng = _check.generator(random_state)
    with _check.collected() as warned:
        X, n = _sized(X, graph, distance, params)
        _check.one_of(distance, DISTANCES, "distance")
        params = fitting(distance, params, n, graph)
        recipe, own = parted(distance, params, "exact", also=inspect.signature(confidence_band).parameters)
        computed = compute(X, distance, graph=graph, recipe=recipe, random_state=random_state, **own)
        band = confidence_band_of(
            computed.D,
            maxdim,
            engine,
            kind=kind,
            level=level,
            n_resamples=n_resamples,
            size=size,
            coeff=coeff,
            rng=rng,
        )
    settings = computed.settings | band.settings
    P = dataclasses.replace(band.persistence, settings=computed.settings | band.persistence.settings)
    return dataclasses.replace(band, persistence=P, settings=settings, warnings=tuple(warned))


def find_loops(
    X: FloatArray | None = None,
    distance: str = "auto",
    *,
    graph: Graph | None = None,
    n_loops: int = 3,
    threshold: float | None = None,
    engine: EngineName = "auto",
    at: float = 0.9,
    spacing: Spacing = "cells",
    splits: int | None = None,
    split_by: ArrayLike | None = None,
    level: float = 0.05,
    max_points: int = 2000,
    features: Any = None,
    pursue: Literal["auto"] | bool = "auto",
    start_genes: Sequence[str] | None = None,
    random_state: RandomState = 0,
    **params: Any,
) -> LoopResult:
    """Say whether points go round a loop: a verdict with its evidence, which points, and where each point stands.

    The points that differ (no copy of another) are split at random into two halves, several times. Each half finds its loops
    alone. A loop that is there is found by both, so that the phase of one tells the phase of the other (agreement), and it is
    longer-lived than what else there is (prominence) and than its birth (relief). A loop of all points is judged by the halves
    that saw that loop. Its evidence is agreement squared (nothing up to 0.5) times prominence times relief, the
    median over the splits, times the square of how empty its middle is. Which settings are used is decided by the evidence of
    the halves, without any truth, and the null distribution is that of the whole procedure, the choice included.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances with distance="precomputed".
    distance : "auto": the setting of `CANDIDATES` with the most evidence. A name: that distance (see `distance_matrix`);
        for "eff_res" and "diffusion" what is left open of n_neighbors, steps, passes and t is still chosen. Where nothing is
        chosen, effective resistance has one step here unless `steps` is given.
    graph : (n, n) symmetric sparse matrix of conductances in place of X.
    n_loops : how many loops to return, those with the most evidence, and without evidence the most persistent features.
    threshold : longest edge of the filtration; None for all.
    engine : "h1" (ours, cocycles over Z/2), "ripser" (over Z/47, slow from some thousand points on), or "auto": ours, and
        ripser where a cocycle over Z/2 has no integer lift (`settings["loops"]["lift_failed"]` says so).
    at : where between birth (0) and death (1) of a loop its circular coordinate is computed.
    spacing : how the phase is spread along a loop. "cells" (default): equal steps hold about equally many points, and none
        more than twice its even share. "length": equal steps are about equally long. "edges": as least squares without
        weights has it, which gives most points one phase where the density is uneven. The verdict does not depend on it.
    splits : how many splits into halves of at most `HALF_POINTS` points. None (default): `SPLITS`, and up to `MOST_SPLITS`
        where p is near the level, so that the seed does not decide. 0: none, and then no verdict. They are tasks of joblib, so
        `joblib.parallel_config(n_jobs=...)` shares them out, with the same result.
    split_by : (n,) labels, such as the donor, the batch or the block of time of every point: whole groups go into halves, which
        is the stronger claim. With two or three groups every division is used once. None (default): points at random.
    level : p-value up to which a loop is called.
    max_points : of more points, the neighbour graph and its spectrum are still of all, up to `GRAPH_POINTS`, and distances are
        taken between a random draw of this size. Phases are carried to the others by their nearest neighbours in the draw.
    features : (n, g) array, sparse array, table of pandas or `Expression`, what the points were made of, such as the expression
        of all genes; whole numbers are taken for counts, and scaled. In it a loop that other variation hides is pursued.
        Default: none.
    pursue : look for a loop in the features that follow a guessed phase. "auto" (default): where there are `features` and
        halves, and no loop was called. True: also where one was called. False: never. It is exploration: `pursued` of the
        result has no p-value, and the verdict does not depend on it.
    start_genes : names of features in whose components phases are guessed, such as a known list. Default: all features.
    random_state : seed of the splits, the draw, and whatever is random in the distance.
    **params : of the neighbour graph and of the distance, by name: these are not chosen but kept.

    Returns
    -------
    LoopResult
        `verdict` is "loop" for p <= `level` and an agreement of at least `LEAST_AGREEMENT`; "undecided" for p up to
        `UNDECIDED`, or where there is no p-value (few points, a graph or distances in place of points, settings that the choice
        does not hold: `reason` says which); else "no loop", which means that loop-free shapes often show as much, not that a
        loop is ruled out.

    Raises
    ------
    InputError : a sentence that says what was wrong, what is needed and what to type.
    TooLargeError : if it would not fit in memory.

    See Also
    --------
    persistence, LoopResult, LoopDetector, spectral_ph.tl.loops

    Notes
    -----
    The null hypothesis and what it assumes: see `spectral_ph.verdict.null.p_value`. An eff_res graph in several components is
    joined by disconnected="max" here, unless told otherwise, with a warning.

    References
    ----------
    Circular coordinates: de Silva, Morozov, Vejdemo-Johansson, Discrete Comput. Geom. 2011. The test is our own
    (docs/decisions/0006-verdict.md).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> R = sph.find_loops(sph.datasets.circle(200, ambient_dim=20, sigma=0.1), n_loops=1)
    >>> R.verdict, R.loops[0].phase.shape
    ('loop', (200,))
    """
    from spectral_ph._numba import threads_for

    n_loops = _check.positive_int(n_loops, "n_loops")
    _check.one_of(engine, ("auto", "h1", "ripser"), "engine of find_loops")
    at = _check.real(at, "at", least=0, most=np.nextafter(1.0, 0.0))
    _check.one_of(spacing, SPACINGS, "spacing")
    most_splits = MOST_SPLITS if splits is None else 0
    splits = SPLITS if splits is None else _check.positive_int(splits, "splits", least=0)
    level = _check.real(level, "level", least=0, most=UNDECIDED)
    max_points = _check.positive_int(max_points, "max_points", least=2 * HOMOLOGY_POINTS)
    _check.one_of(distance, ("auto", *DISTANCES), "distance")
    params = {name: value for name, value in params.items() if name != "n_neighbors" or value is not None}
    metric = params.get("metric", "euclidean")
    X, points, n = _points(X, graph, distance, params)
    groups = None if split_by is None else groups_of(split_by, n, points is not None)
    rng = _check.generator(random_state)
    with _check.collected() as warned:
        expression = _features(features, pursue, start_genes, n)
        distinct = np.arange(n) if points is None or not splits else without_copies(points)
        m = len(distinct)
        params = fitting("eff_res" if distance == "auto" else distance, params, n, graph)
        how, pairs, half = None, [], half_size(m)
        if points is not None and splits and m >= null.LEAST_POINTS:
            how = Halving(points, distinct, rng, at, metric, groups)
            pairs = how.draw(splits)
            half = least_half(pairs)
            how = how if halves_have_neighbors(params, half, n, m) else None
        choice = candidates(distance, params, half, graph is None)
        parted(*choice[0], "verdict", also=inspect.signature(find_loops).parameters)  # refuses unknown names
        examined = Examined(choice, halves=[], best=0, tried=())
        if how is not None:
            level_is_possible(level, 2 * half, choice, m)
            examined = examine(how, choice, pairs)
        with threads_for(min(n, max_points)):
            everything = whole(X, graph, examined.chosen, max_points, rng, random_state, how is not None)
            P, loops, failed = longest_loops(everything.D, threshold, engine, n_loops, at, spacing)
        about: Settings = {"n_loops": n_loops, "at": at, "spacing": spacing, "splits": splits, "level": level}
        if failed:
            about["lift_failed"] = failed
        more_loops = functools.partial(further, everything.D, P, n_loops, LOOKED_FOR, at, spacing)
        if everything.drawn is not None:
            about["max_points"] = max_points
            P = P.renumbered(everything.drawn, n)
        why_not = uncalibrated(examined.chosen, points is not None, splits, m, half)
        if how is not None:
            kept: Settings = {"n_loops": n_loops, "level": level, "why_not": why_not, "most_splits": most_splits}
            loops = everything.carried(loops)
            loops = judge_loops(how, loops, everything, examined, lambda: everything.carried(more_loops()), **kept)
            about["splits"] = len(examined.halves)
        else:
            loops = [judged(loop, 2 * half, level, why_not) for loop in everything.carried(loops)]
        _warn_without_place(loops)
        verdict = answer(loops, P, points is not None)
        wanted = expression if pursue is True or verdict[0] != "loop" else None
        pursued = _pursued(wanted, how, splits, rng, start_genes)
    seed = everything.settings.pop("random_state")
    settings = everything.settings | P.settings | {"loops": about, "random_state": seed}
    P = dataclasses.replace(P, settings=settings, warnings=tuple(warned))
    return LoopResult(*verdict, loops, P, settings, P.warnings, examined.tried, pursued)


def _pursued(
    expression: Expression | None,
    how: Halving | None,
    splits: int,
    rng: np.random.Generator,
    start_genes: Sequence[str] | None,
) -> Pursued | None:
    """Pursue a loop in some features, where there are any and halves are compared."""
    if expression is None:
        return None
    if how is None:
        _check.warn("no loop was pursued, for that takes halves of the points, and none were compared.")
        return None
    return pursue_loop(expression, how, splits, int(rng.integers(2**31)), start_genes)


def _features(features: Any, pursue: object, start_genes: Sequence[str] | None, n: int) -> Expression | None:
    """Return what a loop is pursued in, or None; refuse what cannot be before anything long is computed."""
    if pursue != "auto" and not isinstance(pursue, (bool, np.bool_)):
        raise _check.InputError(Argument("pursue"), f' must be "auto", True or False, not {pursue!r}.')
    if features is None:
        if pursue is True or start_genes is not None:
            raise _check.InputError(
                Argument("pursue", True) if pursue is True else Argument("start_genes"),
                " needs the features that the points were made of, such as the expression of all genes. Pass ",
                Argument("features"),
                ".",
            )
        return None
    if pursue is False:
        return None
    expression = features if isinstance(features, Expression) else _named(features)
    if expression.values is None:
        return None
    if expression.shape[0] != n:
        raise _check.InputError(
            Argument("features"),
            f" has {expression.shape[0]} rows, but there are {n} points. Pass a row for each point.",
        )
    if start_genes is not None:
        start_columns(expression.names, start_genes)
    try:
        check_values(expression)
    except _check.InputError as refused:
        if pursue is True:
            raise
        _check.warn("no loop will be pursued: ", *refused.args)
        return None
    return expression


def _named(features: Any) -> Expression:
    """Return a table of features with the names of its columns, or their numbers."""
    shape = tuple(getattr(features, "shape", ()))
    names = getattr(features, "columns", range(shape[-1] if shape else 0))
    return Expression.of(features, list(map(str, names)), where="features")


def _points(
    X: FloatArray | None, graph: Graph | None, distance: str, params: Settings
) -> tuple[FloatArray | None, FloatArray | None, int]:
    """Return X, the same if it is points that can be split into halves, and how many there are."""
    X, n = _sized(X, graph, distance, params)
    if X is None or graph is not None or "precomputed" in (distance, params.get("metric")):
        return X, None, n
    points = _check.points(X)
    _check.distinct(points)
    return points, points, n


def _sized(X: FloatArray | None, graph: Graph | None, distance: str, params: Settings) -> tuple[FloatArray | None, int]:
    """Return X as an array, and how many points there are; refuse what is none before anything asks for its length."""
    return _check.sized(X, graph, "the distance matrix" if "precomputed" in (distance, params.get("metric")) else "X")


def _warn_without_place(loops: list[Loop]) -> None:
    """Say of each loop that is called how many points the halves do not agree where to put, if they are not a few."""
    for k, loop in enumerate(loops, start=1):
        share = loop.without_place
        if loop.verdict == "loop" and share is not None and share > FEW_WITHOUT_PLACE:
            _check.warn(
                f"{share:.1%} of the points have no place on loop {k}: halves of the points put them more than {NO_PLACE} "
                "radians apart, so their phase says nothing."
            )
