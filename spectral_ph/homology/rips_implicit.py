"""Degree-1 persistent homology of implicit distances, without an (n, n) array.

The engine is that of `rips_h1`, on distances that are computed when they are asked for. Births are the costly part: every
pair has to be ruled out by a point of its lune. A block of rows of squared distances comes from one matrix product; where it
rules a pair out by more than its rounding error it is believed, and every other comparison is made on distances computed
anew, each always with the same bits. So the diagram is exactly that of the implicit distances.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check, _log
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import FloatArray
from spectral_ph.homology.rips_h1 import RipsH1, lengths_of, result, spanning_tree
from spectral_ph.homology.sweep_h1 import run

if TYPE_CHECKING:
    from spectral_ph.homology._sweep_h1 import Implicit

N_NEAREST = 24
BLOCK = 128


def rips_h1_implicit(
    implicit: ImplicitDistances, threshold: float | None = None, *, cocycles: bool = False, progress: bool = False
) -> RipsH1:
    """Compute exact H0 and H1 over Z/2 of the Vietoris-Rips filtration of implicit distances.

    Parameters
    ----------
    implicit : distances between n points.
    threshold : largest length of an edge, in the unit of the distances; None for all.
    cocycles : whether to return a cocycle over Z/2 for each loop.
    progress : whether to show a bar, if standard error is a terminal.

    Returns
    -------
    RipsH1

    Raises
    ------
    TooLargeError : if the next piece of working memory is not to be had.

    Notes
    -----
    About 4 n^2 c flops of matrix products for c coordinates, and n c more for every row that the sweep has to see. Memory
    beside the coordinates: two blocks of 128 rows for each thread, and what the sweep visits.
    """
    n, c = implicit.coordinates.shape
    if n < 2:
        none = np.empty((0, 2), dtype=np.int32)
        return result(np.zeros((n, n)), n, none, none, None, cocycles, False)
    _check.memory(
        8.0 * n * (2 * c + 4 * BLOCK + 6 * N_NEAREST),
        f"the loops of {n} points with implicit distances",
        "Use fewer points or fewer coordinates.",
    )
    D = _arrays(implicit)
    centred = implicit.coordinates - implicit.coordinates.mean(
        axis=0
    )  # smaller norms, so fewer digits lost in products
    norms = np.einsum("ij,ij->i", centred, centred) + implicit.offset
    # Rounding of a product of c terms and of what is added to it, many times over.
    slack = 64 * (c + 8) * float(np.finfo(float).eps) * float(norms.max() + (D.taken.max() if len(D.taken) else 0.0))
    near, near_square, sure, largest = _near(D, centred, norms, slack, progress)
    # A bound of the enclosing radius: from the radius on the complex is a cone, and more edges change nothing.
    square_reach = float(largest.min()) + 2 * slack
    reach = float(np.sqrt(square_reach)) if implicit.root else square_reach
    if threshold is not None and threshold < reach:
        reach, square_reach = threshold, threshold**2 if implicit.root else threshold
    edges = _relative_neighbours(D, centred, norms, slack, square_reach, (near, near_square, sure), progress)
    lengths = lengths_of(D, edges)
    kept = lengths <= reach
    edges, lengths = edges[kept], lengths[kept]
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0], lengths))]
    joins = spanning_tree(edges, n)
    births = edges[~joins]
    state = run(D, births, np.float64(reach), near, near_square, cocycles, progress)
    return result(D, n, edges[joins], births, state, cocycles, False)


def _arrays(implicit: ImplicitDistances) -> Implicit:
    from spectral_ph.homology._sweep_h1 import Implicit

    C, n = implicit.correction, len(implicit)
    start, neighbour, taken = np.zeros(n + 1, np.int64), np.empty(0, np.int64), np.empty(0)
    if C is not None:
        start, neighbour, taken = C.indptr.astype(np.int64), C.indices.astype(np.int64), C.data.astype(np.float64)
    T = np.ascontiguousarray(implicit.coordinates)
    return Implicit(T, T.T.copy(), implicit.offset, start, neighbour, taken, np.array([implicit.root]))


def _blocks(n: int, name: str, progress: bool) -> list[int]:
    from tqdm import tqdm

    starts = range(0, n, BLOCK)
    bar: list[int] = tqdm(starts, desc=name, delay=2.0, leave=False, disable=not (progress and _log.shows_bars()))
    return bar


def _products(centred: FloatArray, start: int) -> FloatArray:
    block: FloatArray = centred[start : start + BLOCK] @ centred.T
    block *= -2
    return block


def _near(
    D: Implicit, centred: FloatArray, norms: FloatArray, slack: float, progress: bool
) -> tuple[NDArray[np.int32], FloatArray, FloatArray, FloatArray]:
    """Return points near every point, their squared forms in increasing order, below which none is missing, the largest."""
    from spectral_ph.homology import _sweep_h1

    n = len(norms)
    m = min(N_NEAREST, n - 1)
    near, near_square, sure, largest = np.empty((n, m), np.int32), np.empty((n, m)), np.empty(n), np.empty(n)
    half = BLOCK // 2
    with ThreadPoolExecutor(2) as pool:
        for start in _blocks(n, "near points", progress):
            block = _products(centred, start)
            parts = [(block[:half], start), (block[half:], start + half)]
            jobs = [
                pool.submit(_sweep_h1.implicit_nearest, D, b, s, norms, slack, near, near_square, sure, largest)
                for b, s in parts
            ]
            for job in jobs:
                job.result()
    return near, near_square, sure, largest


def _relative_neighbours(
    D: Implicit,
    centred: FloatArray,
    norms: FloatArray,
    slack: float,
    square_reach: float,
    nearest: tuple[NDArray[np.int32], FloatArray, FloatArray],
    progress: bool,
) -> NDArray[np.int32]:
    """Return the edges with an empty lune, (e, 2) with i < j."""
    from spectral_ph.homology import _sweep_h1

    n = len(norms)
    near, near_square, sure = nearest
    by_rank, by_rank_square = near.T.copy(), near_square.T.copy()

    def work(block: FloatArray, start: int) -> NDArray[np.int32]:
        survivors = np.empty(n, dtype=np.int32)
        size = 64 * len(block)
        i, j = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
        while True:
            found = _sweep_h1.implicit_rng(
                D, block.copy(), start, norms, slack, square_reach, near, sure, by_rank, by_rank_square, survivors, i, j
            )
            if found <= size:
                return np.column_stack([i[:found], j[:found]])
            size = found
            i, j = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)

    half = BLOCK // 2
    edges = []
    with ThreadPoolExecutor(2) as pool:
        for start in _blocks(n, "relative neighbours", progress):
            block = _products(centred, start)
            jobs = [pool.submit(work, block[:half], start), pool.submit(work, block[half:], start + half)]
            edges += [job.result() for job in jobs]
    return np.concatenate(edges)
