"""The whole chain: points to distances to diagrams to loops. The one file that knows all of it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from spectral_ph import _check
from spectral_ph._types import EngineName, FloatArray, Graph, ImplicitDistances, IntArray, RandomState, Settings
from spectral_ph.distances.landmarks import farthest_points
from spectral_ph.distances.lookup import matrix, restrict
from spectral_ph.distances.passes import check_steps
from spectral_ph.distances.registry import DISTANCES, NEIGHBOR_GRAPH, compute, compute_implicit, neighbourhood
from spectral_ph.distances.resistance import by_pass
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.homology.diagram import Persistence, persistence_lengths
from spectral_ph.homology.persistence import implicit_persistence, rips_persistence
from spectral_ph.homology.rips_h1 import rips_h1
from spectral_ph.loops import null
from spectral_ph.loops.agreement import Carried, Seen, agreements, carry, evidence, tube_agreement, turned
from spectral_ph.loops.coordinates import LiftError, circular_coordinate, orient
from spectral_ph.loops.cycles import cocycle_value, representative_cycle
from spectral_ph.loops.result import Half, Loop, LoopResult, Verdict
from spectral_ph.loops.score import detection_score

METHODS = ("auto", "exact", "truncated", "landmarks")
EXACT_POINTS = 20_000
"""Up to so many points `method="auto"` is exact: n^3 flops are two minutes on two cores, and the matrix 3.2 GB."""

MATRIX_SHARE = 1.5
"""Memory of the exact chain, in matrices: the distances and what the homology of typical data needs beside them."""

LIFT_PRIMES = (47, 61, 73)
"""Fields tried in turn: a cocycle over Z/p nearly always lifts to the integers, and if not it does over another p."""

ROUNDING = 1e-12
"""Features shorter than this share of the largest distance are what rounding makes of equal lengths, and no loops."""

CANDIDATES: tuple[tuple[str, Settings], ...] = (
    ("eff_res", {"n_neighbors": 15, "passes": 1}),
    ("eff_res", {"n_neighbors": 30, "passes": 1}),
    ("eff_res", {"n_neighbors": 15, "passes": 2}),
    ("eff_res", {"n_neighbors": 30, "passes": 2}),
    ("eff_res", {"n_neighbors": 30, "passes": 3}),
    ("diffusion", {"n_neighbors": 15, "t": 8}),
)
"""What `find_loops` chooses from; the null was taken over the same choice. Left out: fifteen neighbours with three passes,
which tear loops of uneven density (an annulus .99 -> .09, a circle of uneven speed .92 -> .03), and diffusion with t = 64,
which finds loops on a line (evidence .49). docs/decisions/0006-verdict.md."""

POINTS_A_NEIGHBOR = 10
"""In the choice there are at least so many points in a half for each neighbour: thirty of 150 points span a filled square."""

FEW_NEIGHBORS = 15
"""Where there are fewer points, settings with more neighbours than these are left out, and the others take fewer."""

CALIBRATED: dict[str, dict[str, tuple[float, float]]] = {
    "eff_res": {"n_neighbors": (5, 30), "passes": (1, 3), "steps": (1, 1)},
    "diffusion": {"n_neighbors": (5, 30), "t": (8, 8)},
}
"""Settings within these ranges may be fixed by hand and still get a p-value: that of the choice, which is larger."""

HALF_POINTS = 500
"""Points in a half, at most."""

LOOKED_AT = 3
"""Features of a half whose phases are compared."""

NEAR = 5
"""Neighbours that carry a phase to a point."""

UNDECIDED = 0.25
"""Up to this p-value a loop that is not called is undecided."""


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
    X : (n, d) points; (n, n) distances with distance="precomputed".
    distance : see `distance_matrix`; default "eff_res", effective resistance after four steps (one in several passes) on the
        graph of the 15 nearest neighbours; steps=1 is the corrected form of the literature.
    maxdim : largest degree of homology, 0, 1 or 2.
    engine : "auto", "h1", "h2", "ripser" or "gudhi"; the diagram is the same from each.
    threshold : longest edge of the filtration, in the unit of the distance; None for all.
    graph : (n, n) symmetric sparse matrix of conductances in place of X, for distances on a graph.
    method : "exact" holds the (n, n) distances. "truncated" (eff_res and diffusion, maxdim <= 1) holds the first
        `n_components` eigenpairs (100, or 200 where those end below an eigenvalue of .4), estimates the rest, and states
        the error; what it returns is exact for these distances. Effective resistance has one step there unless `steps` is
        given, for with four the homology takes a hundred times as long.
        "landmarks" takes `n_landmarks` farthest points (four steps, as exact), with a bound on what the others could change.
        "auto" is exact for as long as n <= `EXACT_POINTS` and the matrix fits, else truncated; `settings["method_reason"]`
        says why. Any other name is the distance's own `method`, and exact otherwise.
    n_landmarks : how many, for "landmarks".
    coeff : prime p of the field Z/p.
    cocycles : also return a cocycle for each feature of degree 1.
    random_state : seed for whatever is random in the neighbour search and the distance.
    **params : by name, of the neighbour graph (n_neighbors=15, metric, mode, weighted, search), of the distance, and dtype
        ("float32" halves the memory of the distances).

    Returns
    -------
    Persistence
        With all parameters in `settings` and what was warned about in `warnings`.

    Raises
    ------
    InputError : a sentence that says what came, what was needed and what to type.
    TooLargeError : if it would not fit in memory; before anything is allocated.

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
        n = len(X) if X is not None else np.shape(graph)[0] if graph is not None else 0
        plain = distance == "eff_res" and (params.get("corrected") is False or params.get("steps") == 0)
        way, reason = _method(method, distance, n, maxdim, engine, coeff, plain)
        chosen: Settings = {"method": way, "method_reason": reason}
        if method not in METHODS:
            params["method"] = method
        if way == "exact":
            computed = compute(X, distance, graph=graph, random_state=random_state, **params)
            P = rips_persistence(computed.D, maxdim, engine, threshold, coeff=coeff, cocycles=cocycles)
            chosen = chosen | computed.settings
        else:
            if distance == "eff_res" and way == "landmarks" and params.get("steps") is None:
                params["steps"] = check_steps(
                    None, params.get("passes", 1)
                )  # as exact: few points are left for the homology
            implicit, settings = compute_implicit(X, distance, graph=graph, random_state=random_state, **params)
            chosen = settings | chosen | implicit.facts
            if way == "truncated":
                _warn_truncated(implicit)
                P = implicit_persistence(implicit, threshold, cocycles=cocycles)
            else:
                P, facts = _on_landmarks(implicit, n_landmarks, maxdim, engine, threshold, coeff, cocycles)
                chosen = chosen | facts
    return dataclasses.replace(P, settings=chosen | P.settings, warnings=tuple(warned))


def _method(method: str, distance: str, n: int, maxdim: int, engine: str, coeff: int, plain: bool) -> tuple[str, str]:
    """Return "exact", "truncated" or "landmarks", and why; the plain resistance has only the first."""
    if method in ("truncated", "landmarks"):
        if method == "truncated" and (maxdim > 1 or coeff != 2 or engine not in ("auto", "h1")):
            raise _check.InputError(
                f"method='truncated' computes degrees 0 and 1 over Z/2 with engine 'h1', and maxdim={maxdim}, coeff={coeff}, "
                f"engine={engine!r} came; pass method='landmarks', or method='exact'."
            )
        return method, "asked for"
    if method != "auto":
        return "exact", "asked for"
    if n <= EXACT_POINTS and MATRIX_SHARE * 8.0 * n**2 <= _check.available_memory():
        return "exact", f"{n} points are at most {EXACT_POINTS} and their matrix fits in memory"
    row = DISTANCES.get(distance)
    if row is None or row.implicit is None or plain or maxdim > 1 or coeff != 2 or engine not in ("auto", "h1"):
        return "exact", "nothing else computes what is asked for"
    return "truncated", f"{n} points are more than {EXACT_POINTS}, or their matrix does not fit in memory"


def _warn_truncated(implicit: ImplicitDistances) -> None:
    facts = implicit.facts
    if facts.get("complete"):
        return
    error = facts["error"]
    _check.warn(
        f"distances were computed from {facts['n_components']} of {len(implicit)} eigenpairs and an estimate of the rest: on "
        f"{error['all']['pairs']} sampled pairs they are off by at most {error['all']['max']:.2g}, on edges of the graph by at "
        f"most {error['edges']['max']:.2g} (median distance {error['median']:.2g}), and births and deaths by about as much."
        + (" Effective resistance has one step here (pass steps)." if facts.get("steps") == 1 else "")
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
    _check.memory(8.0 * m**2, f"the distances between {m} landmarks", "use fewer of them (n_landmarks).")
    P = rips_persistence(
        matrix(restrict(implicit, chosen.indices)), maxdim, engine, threshold, coeff=coeff, cocycles=cocycles
    )
    unit = "births and deaths" if implicit.root else "the roots of births and deaths"
    _check.warn(
        f"{m} of {len(implicit)} points were used as landmarks: {unit} in degree {chosen.least_degree} and above move by at "
        f"most {chosen.bound:.2g} beside the truncation."
    )
    facts: Settings = {
        "n_landmarks": m,
        "covering_radius": chosen.radius,
        "landmark_bound": chosen.bound,
        "landmark_bound_of": unit,
        "landmark_least_degree": chosen.least_degree,
    }
    return _renumbered(P, chosen.indices, len(implicit)), facts


def find_loops(
    X: FloatArray | None = None,
    distance: str = "auto",
    *,
    graph: Graph | None = None,
    n_loops: int = 3,
    threshold: float | None = None,
    engine: EngineName = "auto",
    at: float = 0.9,
    splits: int = 5,
    level: float = 0.05,
    max_points: int = 4000,
    random_state: RandomState = 0,
    **params: Any,
) -> LoopResult:
    """Say whether points go round a loop: a verdict with its evidence, which points, and where each point stands.

    The points that differ (no copy of another) are split at random into two halves, several times. Each half finds its loops
    alone; a loop that is there is found by both, so that the phase of one tells the phase of the other (agreement), and it is
    longer-lived than what else there is (prominence) and than its birth (relief). The evidence is agreement squared times
    prominence times relief, the median over the splits. Which settings are used is decided by the same evidence, without any
    truth, and the null distribution is that of the whole procedure, the choice included.

    Parameters
    ----------
    X : (n, d) points; (n, n) distances with distance="precomputed".
    distance : "auto": the setting of `CANDIDATES` with the most evidence. A name: that distance (see `distance_matrix`);
        for "eff_res" and "diffusion" what is left open of n_neighbors, passes and t is still chosen. Effective resistance has
        one step here unless `steps` is given, for that is what the p-value was calibrated with.
    graph : (n, n) symmetric sparse matrix of conductances in place of X.
    n_loops : how many of the most persistent features to describe.
    threshold : longest edge of the filtration; None for all.
    engine : "h1" (ours, cocycles over Z/2), "ripser" (over Z/47, slow from some thousand points on), or "auto": ours, and
        ripser where a cocycle over Z/2 has no integer lift (`settings["lift_failed"]` says so).
    at : where between birth (0) and death (1) of a loop its circular coordinate is computed.
    splits : how many random splits into halves of at most `HALF_POINTS` points; 0 for none, and then no verdict. They are
        tasks of joblib, so `joblib.parallel_config(n_jobs=...)` shares them out, with the same result.
    level : p-value up to which a loop is called.
    max_points : of more points, loops are found on so many, drawn at random, and phases carried to the others by their
        nearest neighbours among them.
    random_state : seed of the splits, the draw, and whatever is random in the distance.
    **params : of the neighbour graph and of the distance, by name: these are not chosen but kept.

    Returns
    -------
    LoopResult
        `verdict` is "loop" for p <= `level`; "undecided" for p up to `UNDECIDED`, or where there is no p-value (few points,
        a graph or distances in place of points, settings for which no null was calibrated: `reason` says which); else "no
        loop", which means that loop-free shapes often show as much, not that a loop is ruled out.

    Raises
    ------
    InputError : a sentence that says what came, what was needed and what to type.
    TooLargeError : if it would not fit in memory.

    Notes
    -----
    The null hypothesis and what it assumes: see `spectral_ph.loops.null.p_value`. An eff_res graph in several components is
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
    n_loops = _check.positive_int(n_loops, "n_loops")
    _check.one_of(engine, ("auto", "h1", "ripser"), "engine of find_loops")
    at = _check.real(at, "at", least=0, most=np.nextafter(1.0, 0.0))
    splits = _check.positive_int(splits, "splits", least=0)
    level = _check.real(level, "level", least=0, most=UNDECIDED)
    max_points = _check.positive_int(max_points, "max_points", least=2 * HALF_POINTS)
    if distance != "auto":
        _check.one_of(distance, DISTANCES, "distance")
    from_points = graph is None and distance != "precomputed" and params.get("metric", "euclidean") != "precomputed"
    if X is not None and from_points:
        X = _check.points(X)
        _check.distinct(X)
    n = len(X) if X is not None else np.shape(graph)[0] if graph is not None else 0
    # A copy in the other half would let one half see what the other saw.
    alone = np.arange(n)
    if X is not None and from_points and splits:
        alone = np.sort(np.unique(X, axis=0, return_index=True)[1])
    m = len(alone)
    looks = from_points and splits and m >= null.LEAST_POINTS
    k = _check.positive_int(params.get("n_neighbors", 1), "n_neighbors")
    half = min(m // 2, HALF_POINTS)
    if looks and half <= k < n:
        raise _check.InputError(
            f"n_neighbors={k} needs halves of more than {k} points, and those of n_samples={m} have {half}; pass "
            f"n_neighbors={half - 1} or fewer, or splits=0."
        )
    looks = looks and k < n
    choice = _candidates(distance, params, half, graph is None)
    rng = _check.generator(random_state)
    tried: list[Settings] = []
    halves: list[_Split] = []
    with _check.collected() as warned:
        best = 0
        if m < n:
            _check.warn(f"{n - m} of {n} points are copies of others; the halves were drawn from the {m} that differ.")
        if X is not None and looks:
            halves = _splits(X, alone, choice, splits, at, params.get("metric", "euclidean"), rng)
            best = _choose(choice, halves, tried)
        name, chosen = choice[best]
        subset = None
        if from_points and n > max_points and X is not None:
            subset = np.sort(rng.choice(n, size=max_points, replace=False))
            _check.warn(
                f"loops were found on {max_points} of {n} points, drawn at random, and phases carried to the others by their "
                f"{NEAR} nearest neighbours; pass max_points={n} to use all."
            )
        Y = X if subset is None or X is None else X[subset]
        computed = compute(Y, name, graph=graph, random_state=random_state, **chosen)
        P, loops, failed = _loops(computed.D, threshold, engine, n_loops, at)
    settings = computed.settings | P.settings | {"n_loops": n_loops, "at": at, "splits": splits, "level": level}
    settings["random_state"] = _check.seed_record(random_state)
    if failed:
        settings["lift_failed"] = failed
    if subset is not None and X is not None:
        settings["max_points"] = max_points
        P, loops = _spread_out(P, loops, subset, X, params.get("metric", "euclidean"))
    P = dataclasses.replace(P, settings=settings, warnings=tuple(warned))
    why_not = _uncalibrated(name, chosen, from_points, splits, m)
    loops = [_judged(k, loop, halves, best, m, level, why_not) for k, loop in enumerate(loops)]
    if not loops:
        many = f"; {len(P[1])} are shorter than rounding errors" if len(P[1]) else ""
        reason = f"The filtration has no feature of degree 1 at all{many}, so the points go round no loop."
        return LoopResult("no loop", reason, None, None, loops, P, settings, tuple(warned), tuple(tried))
    top = loops[0]
    return LoopResult(
        top.verdict, top.reason, top.p_value, top.agreement, loops, P, settings, tuple(warned), tuple(tried)
    )


Candidate = tuple[str, Settings]


def _candidates(distance: str, params: dict[str, Any], half: int, makes_graph: bool) -> list[Candidate]:
    """Return the settings to choose from: those of `CANDIDATES` that agree with what was asked for, or that alone.

    Effective resistance has one step unless it is asked for otherwise, for that is what the null was made with.
    """
    if not makes_graph or half < null.LEAST_POINTS // 2 or distance not in ("auto", *CALIBRATED):
        name = "eff_res" if distance == "auto" else distance
        return [(name, _joined(name, params))]
    found: list[Candidate] = []
    for name, open_settings in CANDIDATES:
        takes = {*NEIGHBOR_GRAPH, *DISTANCES[name].parameters}
        if distance not in ("auto", name) or not set(params) <= takes | {"dtype"}:
            continue
        k, most = open_settings["n_neighbors"], max(half // POINTS_A_NEIGHBOR, 2)
        if k > max(most, FEW_NEIGHBORS):
            continue
        candidate = (name, _joined(name, {**open_settings, "n_neighbors": min(k, most)} | params))
        if candidate not in found:
            found.append(candidate)
    if not found:
        name = "eff_res" if distance == "auto" else distance
        found = [(name, _joined(name, params))]  # whose door says what is wrong with them
    return found


def _joined(name: str, params: dict[str, Any]) -> Settings:
    joined = ({"disconnected": "max"} if "disconnected" in DISTANCES[name].parameters else {}) | params
    if name == "eff_res":
        if "passes" in params:
            joined["passes"] = _check.positive_int(params["passes"], "passes")
        if params.get("corrected") is not False:  # which is no step
            given = params.get("steps")
            joined["steps"] = 1 if given is None else check_steps(given, 1)
    return joined


def _uncalibrated(name: str, chosen: Settings, from_points: bool, splits: int, n: int) -> str:
    """Return why there is no p-value, or nothing."""
    if not splits:
        return "no halves were looked at (splits=0)"
    if not from_points:
        return "a graph or distances came in place of points, so halves of them would not be independent"
    if n < null.LEAST_POINTS:
        return f"{n} points are fewer than the {null.LEAST_POINTS} that the test was calibrated for"
    ranges = CALIBRATED.get(name)
    if ranges is None:
        return f"the test was not calibrated for distance {name!r}"
    free = {"disconnected", "metric", "search", "dtype", "random_state", *ranges}
    for key, value in chosen.items():
        if key in ranges and (value is None or not ranges[key][0] <= value <= ranges[key][1]):
            return f"the test was not calibrated for {key}={value!r}"
        if key not in free and value != {**NEIGHBOR_GRAPH, **DISTANCES[name].parameters}.get(key):
            return f"the test was not calibrated for {key}={value!r}"
    return ""


@dataclasses.dataclass(frozen=True)
class _Split:
    """Two halves of the points and what they saw, for each candidate.

    `near[h]` are the neighbours in half h of all n points, which carry its phases; `tables[c]` the agreements between the
    halves at the points of both, `evidence[c]` as `loops.agreement.evidence`.
    """

    points: tuple[IntArray, IntArray]
    near: tuple[IntArray, IntArray]
    seen: tuple[list[Seen], list[Seen]]
    tables: list[FloatArray]
    evidence: list[FloatArray]

    def carried(self, half: int, c: int, to: IntArray | None = None) -> list[Carried | None]:
        """Return the loops of a half under candidate c at all points or some, None where one has no phase."""
        near = self.near[half] if to is None else self.near[half][to]
        seen = self.seen[half][c]
        return [
            None if phase is None else carry(phase, tube, near)
            for phase, tube in zip(seen.phases, seen.tubes, strict=True)
        ]


Metric = str | Callable[[FloatArray, FloatArray], float]


def _splits(
    X: FloatArray,
    alone: IntArray,
    choice: list[Candidate],
    splits: int,
    at: float,
    metric: Metric,
    rng: np.random.Generator,
) -> list[_Split]:
    from joblib import Parallel, delayed
    from tqdm import tqdm

    size = min(len(alone) // 2, HALF_POINTS)
    drawn = [alone[rng.permutation(len(alone))[: 2 * size]] for _ in range(splits)]
    seeds = rng.integers(2**31, size=splits).tolist()
    bar = tqdm(
        zip(drawn, seeds, strict=True),
        desc="halves",
        total=splits,
        delay=2.0,
        leave=False,
        disable=not sys.stderr.isatty(),
    )
    found: list[_Split] = Parallel()(delayed(_split)(X, order, choice, at, metric, seed) for order, seed in bar)
    return found


def _split(X: FloatArray, order: IntArray, choice: list[Candidate], at: float, metric: Metric, seed: int) -> _Split:
    size = len(order) // 2
    points = np.sort(order[:size]), np.sort(order[size:])
    seen = _seen(X[points[0]], choice, at, seed), _seen(X[points[1]], choice, at, seed)
    near = nearest_among(X[points[0]], X, NEAR, metric), nearest_among(X[points[1]], X, NEAR, metric)
    split = _Split(points, near, seen, [], [])
    both = np.concatenate(points)
    for c in range(len(choice)):
        split.tables.append(agreements(split.carried(0, c, both), split.carried(1, c, both)))
        split.evidence.append(evidence(split.tables[c], (seen[0][c].diagram, seen[1][c].diagram), LOOKED_AT))
    return split


def _seen(X: FloatArray, choice: list[Candidate], at: float, seed: int) -> list[Seen]:
    """Return what one half shows under every candidate; passes on the same graph are computed once."""
    found: dict[int, Seen] = {}
    shared: dict[str, list[int]] = {}
    for c, (name, params) in enumerate(choice):
        same = {key: value for key, value in params.items() if key != "passes"} if name == "eff_res" else params
        shared.setdefault(f"{name} {sorted(same.items(), key=str)}", []).append(c)
    for members in shared.values():
        wanted = {int(choice[c][1].get("passes", 1)): c for c in members}
        name, params = choice[members[0]]
        with _check.unheard() as said:
            usual = {*NEIGHBOR_GRAPH, "passes", "steps", "disconnected"}
            if name == "eff_res" and len(wanted) > 1 and "steps" in params and {*params} <= usual:
                made = {key: params[key] for key in NEIGHBOR_GRAPH if key in params}
                A, _ = neighbourhood(X, None, **made, random_state=seed)
                matrices = by_pass(
                    A, max(wanted), params["n_neighbors"], params["steps"], disconnected=params["disconnected"]
                )
                for number, (D, _) in enumerate(matrices, start=1):
                    if number in wanted:
                        found[wanted[number]] = _half_of(D, at, tuple(said))
            else:
                for c in members:
                    D = compute(X, name, random_state=seed, **choice[c][1]).D
                    found[c] = _half_of(D, at, tuple(said))
    return [found[c] for c in range(len(choice))]


def _half_of(D: FloatArray, at: float, said: tuple[str, ...]) -> Seen:
    # The engine itself: cocycles of all features, which the front door would give, cost more than the sweep.
    engine = rips_h1(D, cocycles=LOOKED_AT)
    assert engine.cocycles is not None
    edges = [np.empty((0, 2), dtype=np.int64), engine.birth_edges]
    about: Settings = {"coeff": 2, "threshold": None}
    P = Persistence([engine.h0, engine.h1], len(D), "h1", about, (), edges, [[], engine.cocycles])
    phases: list[FloatArray | None] = []
    tubes = []
    lengths = persistence_lengths(P[1])
    for k in range(min(LOOKED_AT, int((lengths > ROUNDING * float(D.max())).sum()))):
        try:
            loop = _one_loop(D, P, k, at)
        except LiftError:
            # Rare, and the splits outvote it; ripser.py over another prime would cost more than the split.
            phases.append(None)
            tubes.append(np.zeros(len(D)))
            said = (*said, "a cocycle had no integer lift")
            continue
        phases.append(loop.phase)
        tubes.append((loop.distance <= (loop.birth + loop.death) / 2).astype(np.float64))
    return Seen(P[1], phases, tubes, said)


def _choose(choice: list[Candidate], halves: list[_Split], tried: list[Settings]) -> int:
    """Return the candidate with the most evidence, the first of equals, and note what every one showed."""
    totals = [float(np.median([split.evidence[c][:, 0].max() for split in halves])) for c in range(len(choice))]
    best = int(np.argmax(totals))
    for c, (name, params) in enumerate(choice):
        tops = [split.evidence[c][np.argmax(split.evidence[c][:, 0])] for split in halves]
        lifts = sum("a cocycle had no integer lift" in half[c].facts for split in halves for half in split.seen)
        tried.append(
            {
                "distance": name,
                **{key: getattr(value, "__name__", value) for key, value in params.items()},
                "evidence": totals[c],
                "agreement": float(np.median([t[1] for t in tops])),
                "prominence": float(np.median([t[2] for t in tops])),
                "relief": float(np.median([t[3] for t in tops])),
                "chosen": c == best,
            }
            | ({"lift_failed": lifts} if lifts else {})
        )
    return best


def _judged(k: int, loop: Loop, halves: list[_Split], best: int, n: int, level: float, why_not: str) -> Loop:
    """Give a loop its halves, its evidence and its verdict."""
    fields: dict[str, Any] = {}
    value = gap = relief = 0.0
    if halves:
        # For the (k + 1)st loop, the evidence that there are at least so many.
        rows = [split.evidence[best][k:] for split in halves if k < LOOKED_AT]
        value = float(np.median([r[:, 0].max(initial=0.0) for r in rows])) if rows else 0.0
        gap, relief = (float(np.median([r[np.argmax(r[:, 0]), c] for r in rows])) if rows else 0.0 for c in (2, 3))
        shown = [_halves_of(loop, split, best) for split in halves]
        fields["agreement"] = float(np.median([pair[0].agreement if pair else 0.0 for pair in shown]))
        fields["halves"] = tuple(half for pair in shown for half in pair)
    if why_not:
        return dataclasses.replace(loop, reason=f"There is no p-value: {why_not}.", **fields)
    p = null.p_value(value, min(n, 2 * HALF_POINTS))
    said = (
        f"independent halves of the points agree on the phase along it by {fields['agreement']:.2f} of 1, it stands out "
        f"from the next feature by {gap:.2f} and from its birth by {relief:.2f} of 1, and loop-free shapes show as much in "
        f"p = {p:.2g} of cases"
    )
    verdict: Verdict = "loop" if p <= level else "undecided" if p <= UNDECIDED else "no loop"
    begin = {
        "loop": "This is a loop: ",
        "undecided": "This may be a loop or chance: ",
        "no loop": "Nothing here tells it from chance: ",
    }[verdict]
    return dataclasses.replace(loop, verdict=verdict, reason=f"{begin}{said}.", p_value=p, **fields)


def _halves_of(loop: Loop, split: _Split, best: int) -> list[Half]:
    """Return the pair of loops, one of each half, that fits a loop of the whole best; nothing if no pair does."""
    whole = Carried(loop.phase, (loop.distance <= _middle(loop)).astype(np.float64))
    first, second = split.carried(0, best), split.carried(1, best)
    table = split.tables[best]
    fits = [[0.0 if x is None else tube_agreement(whole, x) for x in half] for half in (first, second)]
    pairs = [
        (i, j) for i in range(len(first)) for j in range(len(second)) if first[i] is not None and second[j] is not None
    ]
    if not pairs:
        return []
    i, j = max(pairs, key=lambda ij: fits[0][ij[0]] * fits[1][ij[1]])
    made = []
    for points, carried in zip(split.points, (first[i], second[j]), strict=True):
        assert carried is not None
        phase = turned(carried.phase, loop.phase, whole.weight * carried.weight)
        # Without the fit, a feature of noise would be credited with the halves' agreement on the loop beside it.
        made.append(Half(points, phase, float(min(table[i, j], fits[0][i], fits[1][j]))))
    return made


def _middle(loop: Loop) -> float:
    return (loop.birth + loop.death) / 2 if np.isfinite(loop.death) else loop.scale


def _spread_out(
    P: Persistence, loops: list[Loop], subset: IntArray, X: FloatArray, metric: Metric
) -> tuple[Persistence, list[Loop]]:
    """Give what was found on some of the points indices among all, and every point a phase."""
    near = nearest_among(X[subset], X, NEAR, metric)
    own = np.full(len(X), -1)
    own[subset] = np.arange(len(subset))
    taken = own >= 0
    moved = []
    for loop in loops:
        phase = carry(loop.phase, np.ones(len(subset)), near).phase
        distance, domain = loop.distance[near].mean(axis=1), loop.domain[near[:, 0]]
        phase[taken], distance[taken], domain[taken] = (
            loop.phase[own[taken]],
            loop.distance[own[taken]],
            loop.domain[own[taken]],
        )
        moved.append(dataclasses.replace(loop, cycle=subset[loop.cycle], phase=phase, domain=domain, distance=distance))
    return _renumbered(P, subset, len(X)), moved


def _renumbered(P: Persistence, indices: IntArray, n: int) -> Persistence:
    """Return diagrams of some points with indices among all n."""
    edges = P.birth_edges
    if edges is not None:
        edges = [np.where(e >= 0, np.sort(indices[e], axis=1), -1) for e in edges]
    cochains = P.cocycles
    if cochains is not None:
        cochains = [[np.column_stack([indices[c[:, :2]], c[:, 2]]) for c in part] for part in cochains]
    return dataclasses.replace(P, n_points=n, birth_edges=edges, cocycles=cochains)


def _loops(
    D: FloatArray, threshold: float | None, engine: EngineName, n_loops: int, at: float
) -> tuple[Persistence, list[Loop], list[str]]:
    """Return the diagrams, the longest loops, and over which fields no cocycle could be lifted to the integers.

    Our own engine gives cocycles over Z/2, which nearly always lift by directing their edges; if not, ripser.py gives
    them over larger primes, at its own cost.
    """
    ways: list[tuple[EngineName, int]] = [("ripser", p) for p in LIFT_PRIMES]
    if engine != "ripser":
        ways = [("h1", 2), *(ways if engine == "auto" else [])]
    failed: list[str] = []
    while True:
        name, coeff = ways[len(failed)]
        P = rips_persistence(D, 1, name, threshold, coeff=coeff, cocycles=True)
        try:
            return P, _describe(D, P, n_loops, at), failed
        except LiftError:
            failed.append(f"{name}, Z/{coeff}")
            if len(failed) == len(ways):
                raise


def _describe(D: FloatArray, P: Persistence, n_loops: int, at: float) -> list[Loop]:
    """Give the longest features of degree 1 their cycle and phase."""
    rounding = ROUNDING * float(D.max())
    return [_one_loop(D, P, k, at) for k in range(min(n_loops, int((persistence_lengths(P[1]) > rounding).sum())))]


def _one_loop(D: FloatArray, P: Persistence, k: int, at: float) -> Loop:
    assert P.birth_edges is not None
    assert P.cocycles is not None
    birth, death = map(float, P[1][k])
    cycle = representative_cycle(D, P.birth_edges[1][k])
    cocycle, coeff = P.cocycles[1][k], P.settings["coeff"]
    where: Settings = {"at": at, "threshold": P.settings["threshold"]}
    if coeff == 2:
        cocycle, coeff = orient(D, cocycle, birth, death, **where), LIFT_PRIMES[0]
        if cocycle_value(cycle, cocycle, coeff) not in (1, coeff - 1):
            raise LiftError("the directed cocycle winds more than once; compute it over another prime.")
    circular = circular_coordinate(D, cocycle, birth, death, coeff, **where)
    return Loop(
        birth,
        death,
        float(persistence_lengths(P[1])[k]),
        detection_score(P[1], k + 1),
        cycle,
        circular.phase,
        circular.domain,
        circular.scale,
        np.asarray(D[:, cycle].min(axis=1), dtype=np.float64),
    )
