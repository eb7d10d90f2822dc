"""The engines behind the front door. The only file that imports ripser and gudhi.

Each takes a checked matrix, symmetric to the last bit, or the edges of a sparse one, and returns diagrams in canonical order:
longest first, nothing of zero length, essential classes with death inf.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check, _log
from spectral_ph._types import Diagram, FloatArray, IntArray
from spectral_ph.homology.diagram import canonical_order
from spectral_ph.homology.rips_sparse import Edges, edges_within, rips_sparse

RIPSER_LARGEST_PRIME = 127
"""From 131 on ripser.py 0.6.15 hangs, runs out of memory, or (1009) returns cocycles that are none."""

RIPSER_SIMPLICES = 2**55
"""Above so many simplices of one dimension more than the degree, counted among all points, ripser.py 0.6.15 ends the process."""

FLOAT32_EXACT = 2**24
"""Whole numbers up to here are exact in float32, in which ripser.py stores distances."""

SPARSE_SHARE = 1 / 12
"""Share of all pairs up to which degree 2 of a matrix takes a list of edges (`python -m benchmarks.sparse --share`)."""

PATIENCE = 2.0
"""Seconds before a clock is shown."""


@dataclass(frozen=True, eq=False)
class EngineResult:
    """What an engine knows; the attributes are those of `Persistence`."""

    diagrams: list[Diagram]
    birth_edges: list[IntArray] | None = None
    cocycles: list[list[IntArray]] | None = None


def run_h1(D: FloatArray | Edges, maxdim: int, threshold: float | None, coeff: int, cocycles: bool) -> EngineResult:
    """Run our own exact engine for degrees 0 and 1 over Z/2; see `spectral_ph.homology.rips_h1`.

    Parameters
    ----------
    D : (n, n) distances, or edges.
    maxdim : 0 or 1.
    threshold : longest edge, None for the enclosing radius.
    coeff : 2.
    cocycles : also return cocycles.

    Returns
    -------
    EngineResult with birth edges.
    """
    from spectral_ph.homology.rips_h1 import rips_h1

    if isinstance(D, Edges):
        return _of_edges(D, maxdim, threshold)
    found = rips_h1(D, threshold, cocycles=cocycles, progress=True)
    diagrams = [found.h0[canonical_order(found.h0)], found.h1][: maxdim + 1]
    edges = [np.full((len(diagrams[0]), 2), -1), found.birth_edges][: maxdim + 1]
    return EngineResult(diagrams, edges, [[], found.cocycles][: maxdim + 1] if found.cocycles is not None else None)


def run_h2(D: FloatArray | Edges, maxdim: int, threshold: float | None, coeff: int, cocycles: bool) -> EngineResult:
    """Run our own exact engine for degrees up to 2 over Z/2; see `spectral_ph.homology.rips_h2`.

    Parameters
    ----------
    D : (n, n) distances, or edges.
    maxdim : 0, 1 or 2.
    threshold : longest edge, None for the enclosing radius.
    coeff : 2.
    cocycles : not available here.

    Returns
    -------
    EngineResult with birth edges in degrees 1 and 2.
    """
    from spectral_ph.homology.rips_h2 import rips_h2

    if isinstance(D, Edges):
        return _of_edges(D, maxdim, threshold)
    n = len(D)
    # Without a threshold half of the pairs are usually there; to count them would take longer than it saves.
    if threshold is not None and np.count_nonzero(threshold >= D) - n <= SPARSE_SHARE * n * (n - 1):
        return _of_edges(edges_within(D, min(threshold, float(D.max(axis=1).min()))), maxdim, None)
    found = rips_h2(D, threshold, progress=True)
    return EngineResult(found.diagrams[: maxdim + 1], found.birth_edges[: maxdim + 1])


def _of_edges(edges: Edges, maxdim: int, threshold: float | None) -> EngineResult:
    """Run the engine for sparse filtrations."""
    if threshold is not None:
        edges = edges.up_to(threshold)
    found = rips_sparse(edges, max(1, maxdim), progress=True)
    return EngineResult(found.diagrams[: maxdim + 1], found.birth_edges[: maxdim + 1])


def run_ripser(D: FloatArray | Edges, maxdim: int, threshold: float | None, coeff: int, cocycles: bool) -> EngineResult:
    """Run ripser.py on ranks of the distances instead of the distances.

    ripser.py stores float32. Replacing every edge by its place in the total order (length, i, j) keeps the filtration,
    breaks ties the same way everywhere, is exact in float32, and tells which edge each birth and death is; the float64
    lengths are put back afterwards.

    Parameters
    ----------
    D : (n, n) distances, or edges.
    maxdim : largest degree.
    threshold : longest edge, None for all.
    coeff : prime, the field Z/coeff; at most `RIPSER_LARGEST_PRIME`.
    cocycles : also return cocycles.

    Returns
    -------
    EngineResult with birth edges in degree 1.

    Raises
    ------
    InputError : for a larger prime, or more edges than float32 can number.
    """
    from ripser import ripser

    if coeff > RIPSER_LARGEST_PRIME:
        raise _check.InputError(
            _check.Argument("engine", "ripser"),
            f" computes over primes up to {RIPSER_LARGEST_PRIME}, not over ",
            _check.Argument("coeff", coeff),
            ". Pass a smaller prime, or ",
            _check.Argument("engine", "gudhi"),
            ".",
        )

    _refuse_simplices(D.n if isinstance(D, Edges) else len(D), maxdim)
    if isinstance(D, Edges):
        edges = D if threshold is None else D.up_to(threshold)
    else:
        # The enclosing radius: above it the complex is a cone.
        edges = edges_within(D, float(D.max(axis=1).min()) if threshold is None else threshold)
    if len(edges) >= FLOAT32_EXACT:
        raise _check.InputError(
            _check.Argument("engine", "ripser"),
            f" stores 32-bit numbers and cannot keep {len(edges)} edges apart (limit {FLOAT32_EXACT}). Pass ",
            _check.Argument("engine", "gudhi"),
            ", ",
            _check.Argument("engine", "h1"),
            ", or a ",
            _check.Argument("threshold"),
            ".",
        )
    n, rows, cols, lengths = edges.n, edges.i, edges.j, edges.length
    places = np.arange(1, len(edges) + 1, dtype=np.float32)
    whole = len(edges) == n * (n - 1) // 2
    if isinstance(D, Edges):
        i, j = np.concatenate([rows, cols]), np.concatenate([cols, rows])
        ranks = sp.coo_matrix((np.concatenate([places, places]), (i, j)), shape=(n, n))
    else:
        ranks = np.full((n, n), np.float32(len(edges) + 1), dtype=np.float32)
        ranks[rows, cols] = ranks[cols, rows] = places
        np.fill_diagonal(ranks, 0)
    raw = ripser(
        ranks,
        distance_matrix=True,
        maxdim=maxdim,
        thresh=np.inf if whole or isinstance(D, Edges) else float(len(edges)),
        coeff=coeff,
        do_cocycles=cocycles,
    )
    values = np.concatenate([[0.0], lengths])
    diagrams, born, kept_cocycles = [], [], []
    for k, diagram in enumerate(raw["dgms"]):
        finite = np.isfinite(diagram[:, 1])
        birth = diagram[:, 0].astype(np.int64)
        death = np.where(finite, diagram[:, 1], 0).astype(np.int64)
        exact = np.column_stack([values[birth], np.where(finite, values[death], np.inf)])
        order = canonical_order(exact)
        diagrams.append(exact[order])
        if k == 1:
            born.append(np.column_stack([rows[birth[order] - 1], cols[birth[order] - 1]]).astype(np.int64))
        else:
            born.append(np.full((len(order), 2), -1))
        if cocycles:
            kept_cocycles.append([raw["cocycles"][k][o].astype(np.int64) for o in order] if k >= 1 else [])
    return EngineResult(diagrams, born, kept_cocycles if cocycles else None)


def _refuse_simplices(n: int, maxdim: int) -> None:
    """Refuse what ripser.py cannot number."""
    if math.comb(n, maxdim + 2) >= RIPSER_SIMPLICES:
        raise _check.InputError(
            _check.Argument("engine", "ripser"),
            f" numbers the simplices of dimension {maxdim + 1} among {n} points, which are too many. Pass ",
            _check.Argument("engine", "gudhi"),
            ", a smaller ",
            _check.Argument("maxdim"),
            ", or fewer points.",
        )


def ripser_with_births(D: Any, maxdim: int, thresh: float, coeff: int, cocycles: bool) -> dict[str, Any]:
    """Run ripser.py as it is, for points that are born later than at 0: in its single precision, with its order of features.

    Parameters
    ----------
    D : (n, n) distances, dense or sparse, with the births on the diagonal. maxdim, thresh, coeff, cocycles : as for ripser.py.

    Returns
    -------
    dict with "dgms", "cocycles", "num_edges".
    """
    from ripser import ripser

    _refuse_simplices(D.shape[0], maxdim)
    found = ripser(D, maxdim, thresh, coeff, distance_matrix=True, do_cocycles=cocycles)
    return {name: found[name] for name in ("dgms", "cocycles", "num_edges")}


def run_gudhi(D: FloatArray | Edges, maxdim: int, threshold: float | None, coeff: int, cocycles: bool) -> EngineResult:
    """Run gudhi's Ripser in double precision; before degree 2 and above edges that are not needed are taken away.

    First those that one vertex dominates for good (`dominated_edges`, a tenth is left on spectral distances), then what
    gudhi's own edge collapse finds in the rest: together two to three times faster than the latter alone. Before degree 1
    edge collapse is a loss on dense data (n = 1,000 Euclidean: 119 s against 0.8 s), which is also what gudhi's rule says.

    Parameters
    ----------
    D : (n, n) distances, or edges.
    maxdim : largest degree.
    threshold : longest edge, None for all.
    coeff : prime, the field Z/coeff.
    cocycles : not available here.

    Returns
    -------
    EngineResult
    """
    from gudhi.sklearn import RipsPersistence

    given: Any = D
    if isinstance(D, Edges):
        edges = D if threshold is None else D.up_to(threshold)
        given = sp.coo_matrix((edges.length, (edges.i, edges.j)), shape=(edges.n, edges.n))
    elif maxdim >= 2:
        given, threshold = without_dominated(D, threshold)
    engine = RipsPersistence(
        homology_dimensions=list(range(maxdim + 1)),
        threshold=np.inf if threshold is None else threshold,
        input_type="distance coo_matrix" if isinstance(D, Edges) else "full distance matrix",
        homology_coeff_field=coeff,
    )
    found = watched(lambda: engine.fit_transform([given])[0], maxdim)
    raw = [np.asarray(d, dtype=np.float64).reshape(-1, 2) for d in found]
    return EngineResult([d[canonical_order(d)] for d in raw])


def most_simplices(edges: int, dimension: int) -> float:
    """Return how many simplices of a dimension a flag complex with so many edges can have at most.

    C(x, dimension + 1) for edges = C(x, 2) (Lovasz's form of the theorem of Kruskal and Katona).

    Parameters
    ----------
    edges : how many. dimension : 2 or more.

    Returns
    -------
    float
    """
    x = (1 + math.sqrt(1 + 8 * edges)) / 2
    return math.prod(max(x - k, 0.0) / (k + 1) for k in range(dimension + 1))


def watched(call: Callable[[], Any], maxdim: int) -> Any:
    """Return what a call returns; above degree 2, which may take hours, it is left to a thread and can be interrupted.

    Programs that show no progress are given a clock, if standard error is a terminal.

    Parameters
    ----------
    call : gives the interpreter free while it works. maxdim : largest degree.

    Returns
    -------
    whatever `call` returns.
    """
    if maxdim <= 2:
        return call()
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as problem:
            outcome.append((None, problem))

    from tqdm import tqdm

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    with tqdm(
        desc=f"H{maxdim}", bar_format="{desc} {elapsed}", leave=False, delay=PATIENCE, disable=not _log.shows_bars()
    ) as bar:
        while thread.is_alive():
            thread.join(0.1)
            bar.update()
    result, problem = outcome[0]
    if problem is not None:
        raise problem
    return result


TRIED_NEIGHBORS = 16
"""Nearest vertices of either end that are tried as dominating: 4, 16, 64 leave 15, 7, 5 % of a sphere's edges."""


def without_dominated(D: FloatArray, threshold: float | None) -> tuple[FloatArray, float]:
    """Return distances with the same diagrams and fewer edges, and the length up to which they have any.

    Parameters
    ----------
    D : (n, n) distances.
    threshold : longest edge, None for all.

    Returns
    -------
    D : (n, n) float64, inf for edges that are not there.
    threshold : that given, or the enclosing radius if it is less: beyond it the complex is a cone.
    """
    from spectral_ph.homology._collapse import dominated_edges

    n = len(D)
    radius = float(D.max(axis=1).min())
    longest = radius if threshold is None else min(radius, threshold)
    kept = np.array(D, dtype=np.float64)
    kept[kept > longest] = np.inf
    rows, cols = np.triu_indices(n, 1)
    there = kept[rows, cols] < np.inf
    rows, cols = rows[there], cols[there]
    order = np.argsort(-kept[rows, cols], kind="stable")
    apart = kept.copy()
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1, kind="stable")[:, : min(TRIED_NEIGHBORS, n)]
    dominated_edges(kept, rows[order], cols[order], np.ascontiguousarray(near))
    return kept, longest


def bottleneck(a: Diagram, b: Diagram) -> float:
    """Return the bottleneck distance of two diagrams, exactly, by gudhi.

    Not by Hera: with the same exactness it is 3 to 15 times slower (300 to 4,000 features), and it returns 0 for
    distances below 1e-10 or so, which is where effective resistance lives.

    Parameters
    ----------
    a, b : (m, 2) diagrams; essential classes are matched with essential classes.

    Returns
    -------
    float, in the unit of the diagrams; inf if they differ in the number of essential classes.
    """
    import gudhi

    distance = float(gudhi.bottleneck_distance(a, b))
    return distance if distance > np.finfo(float).tiny else 0.0  # gudhi's tolerance, which it returns instead of 0


def wasserstein(a: Diagram, b: Diagram, order: float, internal_p: float, delta: float) -> float:
    """Return the Wasserstein distance of two diagrams by Hera, an auction that ends within a relative error.

    Parameters
    ----------
    a, b : (m, 2) diagrams; essential classes are matched with essential classes.
    order : exponent, at least 1.
    internal_p : norm in the plane.
    delta : relative error, above 0.

    Returns
    -------
    float, in the unit of the diagrams; inf if they differ in the number of essential classes.
    """
    from gudhi import hera

    return float(hera.wasserstein_distance(a, b, order=order, internal_p=internal_p, delta=delta))
