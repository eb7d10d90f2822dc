"""Exact persistent homology up to degree 2 of a Vietoris-Rips filtration with few edges, without a matrix.

Edges enter in the total order (length, i, j) with i < j. As in `rips_h2`, all that an edge ij changes is read off its link,
the complex on the vertices k for which ik and jk came before, with the edges kl that came before. What the link is does not
depend on what happened on the way, so it is found for all edges at first, by several threads:

- no vertices: two components join, or a loop is born;
- a cone (a vertex is joined to all others): nothing changes;
- one part: a void may die, where two parts or a loop in it meet;
- several parts: each one beyond the first ends a loop, or gives birth to a void.

Then a sweep keeps labels, as `rips_h1` does. The label of an edge is the set of live loops that it is homologous to modulo
the minimum spanning tree. It is the sum of the labels of two edges before it, so degree 1 costs a constant time an edge, and
only links of several parts are looked at. The label of a triangle is a set of live voids in the same way: 0 at one vertex of
every part of a link, and along the edges of the link what the tetrahedra ask. Where a tetrahedron does not add up, the sum is a
relation, and its youngest birth dies. Few triangles have a label that is not empty, and they are in lists at their edges. At a
link that is a cone, the lists of two edges are read; every other link is compared only if it has such a triangle.

So the cost is that of the links: for each edge the neighbours of its ends that came before. It does not depend on how many
pairs of points there are.

Sources: those of `rips_h1` and `rips_h2`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check, _log
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.homology.diagram import canonical_order

if TYPE_CHECKING:
    from spectral_ph.homology._links import Graph, Links
    from spectral_ph.homology._sweep_sparse import Sets, State

BUDGET = 500_000
"""Work until Python may handle an interrupt: tenths of a second; see `_sweep_sparse.sweep`."""
BLOCKS = 32
"""Pieces into which the search of links is cut, at least; threads take them in turn."""
NODES = 1024
"""Triangles with a label that there is room for at the start, three times over, beside those of one edge."""
MOST_EDGES = 2**30
"""More edges would need numbers of 64 bits, and so twice the memory."""


@dataclass(frozen=True, eq=False, repr=False)
class Edges:
    """The edges of a filtration in the total order.

    Attributes
    ----------
    i, j : (e,) int32, the ends, i < j.
    length : (e,) float64, not decreasing; where it is equal, (i, j) increases.
    n : number of points.
    """

    i: NDArray[np.int32]
    j: NDArray[np.int32]
    length: FloatArray
    n: int

    def __len__(self) -> int:
        return len(self.i)

    def __repr__(self) -> str:
        return f"Edges(n={self.n}, {len(self)} edges)"

    def up_to(self, longest: float) -> Edges:
        """Return those of at most a length."""
        count = int(np.searchsorted(self.length, longest, side="right"))
        return Edges(self.i[:count], self.j[:count], self.length[:count], self.n)


@dataclass(frozen=True, eq=False)
class RipsSparse:
    """Degrees 0 to 2 of a Rips filtration, or 0 and 1.

    Attributes
    ----------
    diagrams : (m, 2) float64 for each degree, births and deaths in the unit of the lengths, inf for what never dies; sorted by
        decreasing persistence, then birth; zero-length bars are dropped.
    birth_edges : (m, 2) int64 for each degree, the edge i < j whose length is the birth; (-1, -1) in degree 0.
    death_edges : (m, 2) int64 for each degree, the edge i < j whose length is the death; (-1, -1) where that is inf.
    """

    diagrams: list[FloatArray]
    birth_edges: list[IntArray]
    death_edges: list[IntArray]


def edges_within(D: FloatArray, longest: float) -> Edges:
    """Return the edges of a distance matrix up to a length.

    Parameters
    ----------
    D : (n, n) float64 or float32, symmetric. longest : in the unit of D.

    Returns
    -------
    Edges
    """
    from spectral_ph.homology import _links

    n = len(D)
    D = D.T if D.flags.f_contiguous else np.ascontiguousarray(D)
    counts = np.empty(n, dtype=np.int64)
    _links.count_edges(D, longest, counts)
    size = int(counts.sum())
    _room_for(size, n)
    i, j, length = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size)
    _links.write_edges(D, longest, i, j, length)
    return _sorted(i, j, length, n)


def edges_from(i: IntArray, j: IntArray, length: FloatArray, n: int) -> Edges:
    """Return edges, given in any order, in the total order.

    Parameters
    ----------
    i, j : (e,) ends, i < j, no edge twice. length : (e,). n : number of points.

    Returns
    -------
    Edges
    """
    _room_for(len(i), n)
    key = i.astype(np.int64) * n + j
    if (np.diff(key) < 0).any():
        rows = np.argsort(key)
        i, j, length = i[rows], j[rows], length[rows]
    return _sorted(i.astype(np.int32), j.astype(np.int32), length, n)


def _sorted(i: NDArray[np.int32], j: NDArray[np.int32], length: FloatArray, n: int) -> Edges:
    order = np.argsort(length, kind="stable")  # the pairs come in the order (i, j)
    return Edges(i[order], j[order], length[order], n)


def _room_for(size: int, n: int) -> None:
    """Refuse more edges than fit."""
    if size >= MOST_EDGES:
        raise _check.TooLargeError(
            f"{size} edges between {n} points are more than the {MOST_EDGES} that the engine for sparse filtrations numbers. "
            "Pass a smaller ",
            _check.Argument("threshold"),
            ".",
        )
    _check.memory(
        90.0 * size + 100.0 * n,
        f"the homology of {n} points with {size} edges",
        "Pass a smaller ",
        _check.Argument("threshold"),
        ", or fewer points.",
    )


def rips_sparse(edges: Edges, maxdim: int = 2, *, n_threads: int | None = None, progress: bool = False) -> RipsSparse:
    """Compute exact H0, H1 and H2 over Z/2 of the flag filtration of some edges.

    Parameters
    ----------
    edges : in the total order; pairs that are not among them are never joined.
    maxdim : 1 or 2.
    n_threads : threads for the links of edges; None takes numba's number. The sweep runs on one. The result does not depend
        on it.
    progress : whether to show a progress bar, if standard error is a terminal.

    Returns
    -------
    RipsSparse

    Raises
    ------
    TooLargeError : if the next piece of working memory is not to be had.

    Notes
    -----
    Memory: about 60 bytes an edge, 12 for each of the three edges of a triangle whose label is not empty, and the sets of births.

    Examples
    --------
    The sides of an octahedron without its diagonals enclose a void that is never filled:

    >>> import numpy as np
    >>> from spectral_ph.homology.rips_sparse import edges_from, rips_sparse
    >>> i, j = np.array([(i, j) for i in range(6) for j in range(i + 1, 6) if j != i + 3]).T
    >>> rips_sparse(edges_from(i, j, np.ones(12), 6)).diagrams[2]
    array([[ 1., inf]])
    """
    from spectral_ph.homology import _sweep_sparse as k

    graph = _graph(edges)
    bar = None
    if progress and _log.shows_bars():
        from tqdm import tqdm

        bar = tqdm(total=2 * len(edges), desc=f"H{maxdim}", unit="edge", leave=False)
    try:
        links = _links_of(graph, edges.n, maxdim > 1, _workers(n_threads), bar)
        state = _start(graph, links, edges.n, maxdim)
        while (why := k.sweep(state, BUDGET)) != k.DONE:
            if why != k.BUDGET:
                state = _grow(state, why)
            if bar is not None:
                bar.update(len(edges) + int(state.reg[k.EDGE]) - bar.n)
    finally:
        if bar is not None:
            bar.close()
    return _result(state, edges, maxdim)


def _workers(n_threads: int | None) -> int:
    if n_threads is not None:
        return max(1, n_threads)
    import numba

    return int(numba.get_num_threads())


def _graph(edges: Edges) -> Graph:
    from spectral_ph.homology import _links

    start = np.zeros(edges.n + 1, dtype=np.int64)
    neighbour, edge = np.empty(2 * len(edges), np.int32), np.empty(2 * len(edges), np.int32)
    _links.write_rows(edges.i, edges.j, start, neighbour, edge)
    return _links.Graph(edges.i, edges.j, start, neighbour, edge)


def _pieces(graph: Graph, n: int) -> Iterator[tuple[int, int, int]]:
    """Yield rows first..last with about equally many edges, and how many those are."""
    lower = np.concatenate([[0], np.cumsum(np.bincount(graph.i, minlength=n))])
    cuts = np.searchsorted(lower, np.linspace(0, lower[-1], BLOCKS + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], cuts, [n]]))
    for first, last in itertools.pairwise(bounds):
        yield int(first), int(last), int(lower[last] - lower[first])


def _links_of(graph: Graph, n: int, cones: bool, workers: int, bar: Any) -> Links:
    """Return what the link of every edge is.

    Threads of Python over kernels without the interpreter lock, not prange: two callers at once are allowed, and an interrupt is
    served between pieces.
    """
    from spectral_ph.homology import _links

    size = len(graph.i)
    links = _links.Links(np.empty(size, np.int8), np.empty(size, np.int32), np.empty(size, np.int32))

    def work(piece: tuple[int, int, int]) -> int:
        first, last, count = piece
        mark, stamp, link = (np.zeros(n, np.int32) for _ in range(3))
        _links.find_links(graph, first, last, cones, mark, stamp, link, links)
        return count

    pieces = list(_pieces(graph, n))
    if workers == 1 or size < 2000:
        for piece in pieces:
            done = work(piece)
            if bar is not None:
                bar.update(done)
        return links
    with ThreadPoolExecutor(min(workers, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(work, piece) for piece in pieces]
        try:
            for future in futures:
                done = future.result()
                if bar is not None:
                    bar.update(done)
        finally:
            for future in futures:
                future.cancel()
    return links


def _sets(births: int) -> Sets:
    """Return room for a number of births."""
    from spectral_ph.homology import _sweep_sparse as k

    keys = np.random.default_rng(0).integers(0, 2**64, births, dtype=np.uint64)
    reg = np.zeros(k.N_SET_REGISTERS, dtype=np.int64)
    reg[k.N_IDS] = reg[k.HOLDERS_USED] = 1
    ids = 4 * births
    return k.Sets(
        root=np.zeros(ids, np.int32),
        hash=np.zeros(ids, np.uint64),
        at=np.zeros(ids, np.int64),
        size=np.zeros(ids, np.int32),
        room=np.zeros(ids, np.int32),
        table=np.zeros(1 << (2 * ids).bit_length(), np.int32),
        pool=np.zeros(4 * births, np.int32),
        holders=np.zeros(births, np.int32),
        holder_id=np.zeros(4 * births, np.int32),
        holder_next=np.zeros(4 * births, np.int32),
        birth=np.zeros(births, np.int32),
        death=np.zeros(births, np.int32),
        key=keys,
        one=np.zeros(births, np.int32),
        two=np.zeros(births, np.int32),
        relation=np.zeros(births, np.int32),
        reg=reg,
    )


def _start(graph: Graph, links: Links, n: int, maxdim: int) -> State:
    """Return the state before the first edge."""
    from spectral_ph.homology import _sweep_sparse as k

    size = len(graph.i)
    widest = int(np.diff(graph.start).max(initial=0))
    reg = np.zeros(k.N_REGISTERS, dtype=np.int64)
    reg[k.NODES_USED] = 1
    reg[k.PARTS_EDGE] = -1
    reg[k.DEGREE] = maxdim
    reg[k.WIDEST] = widest
    nodes = 3 * widest + NODES if maxdim > 1 else 1

    def ints(count: int) -> NDArray[np.int32]:
        return np.zeros(count, dtype=np.int32)

    return k.State(
        graph=graph,
        links=links,
        parent=np.arange(n, dtype=np.int32),
        joins=np.zeros(size, dtype=np.bool_),
        loops=_sets(256),
        voids=_sets(256 + 2 * widest if maxdim > 1 else 1),
        loop_of=ints(size),
        head=ints(size),
        node_vertex=ints(nodes),
        node_id=ints(nodes),
        node_next=ints(nodes),
        crowd=np.zeros(n, dtype=np.int64),
        to_i=ints(n),
        to_j=ints(n),
        place=ints(n),
        vertex=ints(n),
        label=ints(2 * n),
        from_i=ints(n),
        from_j=ints(n),
        touched=ints(2 * n),
        outcome=ints(n),
        reg=reg,
    )


def _longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return a copy with `size` entries, the new ones zero."""
    _check.memory(
        size * array.itemsize,
        "the next step of the sweep over the edges",
        "Pass a smaller ",
        _check.Argument("threshold"),
        ", or fewer points.",
    )
    out = np.zeros(size, dtype=array.dtype)
    out[: len(array)] = array
    return out


def _more(s: Sets, widest: int) -> Sets:
    """Return sets with twice the room for whatever an edge may fill by half, and always for the births of all of them."""
    from spectral_ph.homology import _sweep_sparse as k

    def twice(*names: str) -> Sets:
        return s._replace(**{name: _longer(getattr(s, name), 2 * len(getattr(s, name))) for name in names})

    s = twice("pool", "holder_id", "holder_next")
    if 2 * (s.reg[k.N_BIRTHS] + widest) >= len(s.birth):
        s = twice("holders", "birth", "death", "one", "two", "relation")
        more = np.random.default_rng(len(s.key)).integers(0, 2**64, len(s.birth) - len(s.key), dtype=np.uint64)
        s = s._replace(key=np.concatenate([s.key, more]))
    if 2 * (s.reg[k.N_IDS] + 3 * widest) >= len(s.root):
        s = twice("root", "hash", "at", "size", "room")
        s = s._replace(table=np.zeros(2 * len(s.table), dtype=np.int32))
        k.refill(s)
    return s


def _grow(state: State, why: int) -> State:
    """Return the state with more room where the sweep ran out of it."""
    from spectral_ph.homology import _sweep_sparse as k

    if why == k.GROW_LOOPS:
        return state._replace(loops=_more(state.loops, 1))
    if why == k.GROW_VOIDS:
        return state._replace(voids=_more(state.voids, int(state.reg[k.WIDEST])))
    size = 2 * len(state.node_id)
    vertices, ids, following = (_longer(x, size) for x in (state.node_vertex, state.node_id, state.node_next))
    return state._replace(node_vertex=vertices, node_id=ids, node_next=following)


def _result(state: State, edges: Edges, maxdim: int) -> RipsSparse:
    """Return diagrams and edges in canonical order."""
    from spectral_ph.homology import _sweep_sparse as k

    joins = np.flatnonzero(state.joins)
    alive = np.full(edges.n - len(joins), -1)
    pairs = [(np.full(edges.n, -1), np.concatenate([joins, alive]))]
    for s in (state.loops, state.voids)[:maxdim]:
        count = s.reg[k.N_BIRTHS]
        pairs.append((s.birth[:count], s.death[:count]))
    at_birth, at_death = np.append(edges.length, 0.0), np.append(edges.length, np.inf)  # the last entry is for edge -1
    ends = np.column_stack([np.append(edges.i, -1), np.append(edges.j, -1)]).astype(np.int64)
    diagrams, births, deaths = [], [], []
    for birth, death in pairs:
        diagram = np.column_stack([at_birth[birth], at_death[death]])
        order = canonical_order(diagram)
        diagrams.append(diagram[order])
        births.append(ends[birth[order]])
        deaths.append(ends[death[order]])
    return RipsSparse(diagrams, births, deaths)
