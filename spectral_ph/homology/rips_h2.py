"""Exact persistent homology up to degree 2 of a Vietoris-Rips filtration, without enumerating tetrahedra.

Edges enter in the total order (length, i, j) with i < j. The *link* of an edge ij is the complex on the vertices k for which ik
and jk came before, with the edges kl that came before: with ij enter exactly the simplices {i, j} + s, s in the link, all of the
same length. What that changes is read off the link (its reduced homology, two degrees up):

- no vertices: two components join, or a loop is born;
- several pieces: each one beyond the first ends a loop, or gives birth to a void;
- a loop in the link: a void may die. (Voids in the link are of degree 3 and above.)

A link with a vertex that is joined to all others is a cone and changes nothing, which is most of them. On the rest a sweep keeps
for every live void a cochain, one bit a triangle, that adds up to 0 on the faces of every tetrahedron and is 1 on the void: on
the triangles ijk it is 0 at one k of each piece and spreads along the edges of the link from there. Where a tetrahedron ijkl does
not add up, the voids on which it does not are together a boundary: the youngest dies, and the others take its place.

Bits of 64 vertices are handled at once, and only voids with a triangle at i or j are looked at; the cochain of the void of a
sphere is 1 on one triangle in a hundred. Loops are kept the same way, one bit an edge, to tell whether a piece of a link
ends one.

What takes long: a void without noise that is alive up to the longest edges, where every triangle ijk is compared with all l
at once (n^4 / 64 bits over a constant of some hundreds); and very many voids that are alive together and die at the same
edges, as in a matrix of random numbers (200 points: half a minute). Many live voids also take memory: a bit for each pair of
points, at each vertex of each void.

Sources: annotations, Busaryev, Cabello, Chen, Dey and Wang, *Annotating simplices with a homology basis and its
applications*, SWAT 2012; links of edges of flag complexes, Boissonnat and Pritam, *Edge collapse and persistence of flag
complexes*, SoCG 2020; enclosing radius, Bauer, *Ripser*, J. Appl. Comput. Topol. 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check, _log
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.homology.diagram import canonical_order

if TYPE_CHECKING:
    from spectral_ph.homology._sweep_h2 import Cochains, State

BUDGET = 200_000
"""Work until Python may handle an interrupt: tenths of a second; see `_sweep_h2.sweep`."""
SLOTS = 64
"""Live loops and voids that there is room for at the start; doubled when there are more."""
SHARE = 0.7
"""Share of the free memory that the bits of triangles may take; pages are not touched before they are used."""


@dataclass(frozen=True, eq=False)
class RipsH2:
    """Degrees 0 to 2 of a Rips filtration.

    Attributes
    ----------
    diagrams : three (m, 2) float64, births and deaths in the unit of the distances, inf for what is alive at the threshold;
        sorted by decreasing persistence, then birth; zero-length bars are dropped.
    birth_edges : three (m, 2) int64, the edge i < j whose length is the birth; (-1, -1) in degree 0.
    death_edges : three (m, 2) int64, the edge i < j whose length is the death; (-1, -1) where that is inf.
    peak_bytes : most memory that the bits of triangles took.
    """

    diagrams: list[FloatArray]
    birth_edges: list[IntArray]
    death_edges: list[IntArray]
    peak_bytes: int


def rips_h2(D: FloatArray, threshold: float | None = None, *, progress: bool = False) -> RipsH2:
    """Compute exact H0, H1 and H2 over Z/2 of the Vietoris-Rips filtration of a distance matrix.

    Parameters
    ----------
    D : (n, n) float64
        Distances, already checked: exactly symmetric, zero diagonal, non-negative, finite. The triangle inequality is not
        needed.
    threshold : largest length of an edge
        None goes up to the enclosing radius min_i max_j D_ij, from where on the complex is a cone.
    progress : whether to show a progress bar, if standard error is a terminal.

    Returns
    -------
    RipsH2

    Raises
    ------
    TooLargeError : if the edges would not fit in memory, or the live voids do not on the way.

    Notes
    -----
    Memory beyond `D`: 40 bytes an edge, and n / 8 bytes for each point of each live void and each of its vertices: at most
    n^3 / 8 bytes a void (0.12 GiB for 1,000 points, 1 GiB for 2,000).

    Examples
    --------
    The octahedron has one void, from its sides to its diagonals:

    >>> import numpy as np
    >>> from spectral_ph.homology.rips_h2 import rips_h2
    >>> points = np.vstack([np.eye(3), -np.eye(3)])
    >>> rips_h2(np.linalg.norm(points[:, None] - points, axis=2)).diagrams[2].round(3)
    array([[1.414, 2.   ]])
    """
    from spectral_ph.homology import _sweep_h2

    n = len(D)
    radius = float(D.max(axis=1).min())
    longest = radius if threshold is None else min(radius, threshold)
    i, j, lengths = _edges(D, longest)
    state = _start(i, j, n)
    bar = None
    if progress and _log.shows_bars():
        from tqdm import tqdm

        bar = tqdm(total=len(i), desc="H2", unit="edge", leave=False)
    try:
        while (why := _sweep_h2.sweep(state, BUDGET)) != _sweep_h2.DONE:
            if why == _sweep_h2.FULL:
                _full(state)
            elif why != _sweep_h2.BUDGET:
                state = _grow(state, why)
            elif bar is not None:
                bar.update(int(state.reg[_sweep_h2.EDGE]) - bar.n)
    finally:
        if bar is not None:
            bar.close()
    return _result(state, lengths, n)


def _edges(D: FloatArray, longest: float) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatArray]:
    """Return the edges up to a length in the total order."""
    n = len(D)
    _check.memory(
        40.0 * n * (n - 1) / 2,
        f"the edges between {n} points",
        "Use fewer points, or ",
        _check.Argument("maxdim", 1),
        ", which needs no list of them.",
    )
    i, j = (v.astype(np.int32) for v in np.triu_indices(n, 1))
    lengths = D[i, j]
    kept = lengths <= longest
    i, j, lengths = i[kept], j[kept], lengths[kept]
    order = np.argsort(lengths, kind="stable")  # the pairs come in the order (i, j)
    return i[order], j[order], lengths[order]


def _cochains(n: int, slots: int, shape: tuple[int, ...], share: float) -> Cochains:
    """Return no births with a pool of entries of some shape, whose memory the system hands out as it is touched."""
    from spectral_ph.homology import _sweep_h2

    # No more than one for each vertex of as many births as there are triangles; of edges there may be fewer than of voids.
    most = min(2**31 - 1, n**4 // 6 + 2 * n)
    count = int(min(most, max(2, share * _check.available_memory() / (8 * int(np.prod(shape)) + 4))))
    while True:
        try:
            pool, given_back = np.empty((count, *shape), dtype=np.uint64), np.empty(count, dtype=np.int32)
            break
        except MemoryError:  # less may be had than is free: a limit on the addresses, or none that are not backed
            if count == 2:
                raise _check.TooLargeError(
                    f"there is no memory for the voids of {n} points. Pass ",
                    _check.Argument("engine", "gudhi"),
                    ", or fewer points.",
                ) from None
            count = max(2, count // 2)
    pool[0] = 0
    return _sweep_h2.Cochains(
        at=np.zeros((slots, n), dtype=np.int32),
        birth=np.full(slots, -1, dtype=np.int64),
        active=np.zeros((n, slots // 64), dtype=np.uint64),
        vertices=np.zeros((slots, (n + 63) // 64), dtype=np.uint64),
        free=np.arange(slots - 1, -1, -1, dtype=np.int32),
        pool=pool,
        free_pool=given_back,
    )


def _start(i: NDArray[np.int32], j: NDArray[np.int32], n: int) -> State:
    """Return the state before the first edge."""
    from spectral_ph.homology import _sweep_h2 as k

    words = (n + 63) // 64
    reg = np.zeros(k.N_REGISTERS, dtype=np.int64)
    near = np.zeros((n, words), dtype=np.uint64)
    own = np.arange(n)
    near[own, own >> 6] = np.uint64(1) << (own & 63).astype(np.uint64)
    reg[k.USED_ROWS] = reg[k.USED_BLOCKS] = 1  # number 0 is empty and nobody's
    reg[k.FREE_LOOPS] = reg[k.FREE_VOIDS] = SLOTS
    return k.State(
        i=i,
        j=j,
        near=near,
        parent=np.arange(n),
        loops=_cochains(n, SLOTS, (words,), 0.1 * SHARE),
        voids=_cochains(n, SLOTS, (n, words), 0.9 * SHARE),
        event=np.zeros((n + 4 * SLOTS, 3), dtype=np.int64),
        heads=np.zeros(n, dtype=np.int64),
        children=np.zeros((n, words), dtype=np.uint64),
        component=np.zeros(n, dtype=np.int64),
        queue=np.zeros(n, dtype=np.int64),
        link=np.zeros(words, dtype=np.uint64),
        rest=np.zeros(words, dtype=np.uint64),
        value=np.zeros((SLOTS, words), dtype=np.uint64),
        touched=np.zeros(SLOTS, dtype=np.int64),
        related=np.zeros(SLOTS, dtype=np.int64),
        related_loops=np.zeros(SLOTS, dtype=np.int64),
        reg=reg,
    )


def _longer(array: NDArray[Any], size: int, axis: int = 0) -> NDArray[Any]:
    """Return a copy with `size` entries along an axis, the new ones zero."""
    shape = list(array.shape)
    shape[axis] = size
    out = np.zeros(shape, dtype=array.dtype)
    out[tuple(slice(s) for s in array.shape)] = array
    return out


def _twice(c: Cochains, reg: IntArray, place: int) -> Cochains:
    """Return cochains with twice the slots, all of which are taken."""
    slots = len(c.birth)
    free = _longer(c.free, 2 * slots)
    there = int(reg[place])
    free[there : there + slots] = np.arange(2 * slots - 1, slots - 1, -1)
    reg[place] += slots
    birth = np.full(2 * slots, -1, dtype=np.int64)
    birth[:slots] = c.birth
    return c._replace(
        at=_longer(c.at, 2 * slots),
        birth=birth,
        active=_longer(c.active, 2 * slots // 64, axis=1),
        vertices=_longer(c.vertices, 2 * slots),
        free=free,
    )


def _grow(state: State, why: int) -> State:
    """Return the state with more room where the sweep ran out of it."""
    from spectral_ph.homology import _sweep_h2 as k

    if why == k.GROW_EVENTS:
        return state._replace(event=_longer(state.event, 2 * len(state.event)))
    if why == k.GROW_LOOPS:
        loops = _twice(state.loops, state.reg, k.FREE_LOOPS)
        return state._replace(loops=loops, related_loops=np.zeros(len(loops.birth), dtype=np.int64))
    voids = _twice(state.voids, state.reg, k.FREE_VOIDS)
    slots = len(voids.birth)
    return state._replace(
        voids=voids,
        value=_longer(state.value, slots),
        touched=np.zeros(slots, dtype=np.int64),
        related=np.zeros(slots, dtype=np.int64),
    )


def _full(state: State) -> None:
    """Say that the live voids do not fit."""
    from spectral_ph.homology import _sweep_h2 as k

    held = state.voids.pool.nbytes + state.loops.pool.nbytes
    loops, voids = (int((c.birth >= 0).sum()) for c in (state.loops, state.voids))
    raise _check.TooLargeError(
        f"after {int(state.reg[k.EDGE])} of {len(state.i)} edges {loops} loops and {voids} voids are alive, and "
        f"they need more than {held / 2**30:.1f} GiB of memory. Pass ",
        _check.Argument("engine", "gudhi"),
        ", a ",
        _check.Argument("threshold"),
        ", or fewer points.",
    )


def _result(state: State, lengths: FloatArray, n: int) -> RipsH2:
    """Return diagrams and edges in canonical order."""
    from spectral_ph.homology import _sweep_h2 as k

    event = state.event[: state.reg[k.N_EVENTS]]
    at_birth, at_death = np.append(lengths, 0.0), np.append(lengths, np.inf)  # the last entry is for edge -1
    ends = np.column_stack([np.append(state.i, -1), np.append(state.j, -1)]).astype(np.int64)
    diagrams, births, deaths = [], [], []
    for kind, c in ((k.TREE, None), (k.LOOP, state.loops), (k.VOID, state.voids)):
        pairs = event[event[:, 0] == kind, 1:]
        alive = np.full(n - len(pairs), -1, dtype=np.int64) if c is None else np.sort(c.birth[c.birth >= 0])
        pairs = np.concatenate([pairs, np.column_stack([alive, np.full(len(alive), -1)])])
        diagram = np.column_stack([at_birth[pairs[:, 0]], at_death[pairs[:, 1]]])
        order = canonical_order(diagram)
        diagrams.append(diagram[order])
        births.append(ends[pairs[order, 0]])
        deaths.append(ends[pairs[order, 1]])
    block = 8 * int(np.prod(state.voids.pool.shape[1:]))
    return RipsH2(diagrams, births, deaths, int(state.reg[k.USED_BLOCKS] - 1) * block)
