"""Compiled loops that find the links of all edges of a sparse filtration (`rips_sparse`); they trust their arguments.

Edges are numbered in the total order. The row of a vertex holds its neighbours in that order too, so the neighbours before an
edge are a piece from its start.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import njit, njit_part

Array = NDArray[Any]

# What the link of an edge is; `_sweep_sparse` has the same numbers, because numba would not notice an edit in another file.
EMPTY, CONE, WHOLE, PARTS = range(4)

TRIED = 4
"""Vertices of a link, the nearest first, that are tried as one that is joined to all others."""


class Graph(NamedTuple):
    """The edges in the total order, and the row of every vertex in that order."""

    i: Array  # (e,) int32, i < j
    j: Array
    start: Array  # (n + 1,) int64
    neighbour: Array  # (2 e,) int32
    edge: Array  # (2 e,) int32, number of the edge to it


class Links(NamedTuple):
    """What the link of every edge is, and the edges to one vertex of it: the apex, if it is a cone."""

    kind: Array  # (e,) int8
    at_i: Array  # (e,) int32
    at_j: Array


@njit
def count_edges(D: Array, longest: Any, counts: Array) -> None:
    """Count, for each row of a matrix, the entries behind the diagonal up to a length."""
    n = len(D)
    for i in range(n):
        row = D[i]
        total = 0
        for j in range(i + 1, n):
            total += row[j] <= longest
        counts[i] = total


@njit
def write_edges(D: Array, longest: Any, i_of: Array, j_of: Array, lengths: Array) -> None:
    """Write the pairs i < j of a matrix up to a length, row by row."""
    n = len(D)
    at = 0
    for i in range(n):
        row = D[i]
        for j in range(i + 1, n):
            if row[j] <= longest:
                i_of[at] = i
                j_of[at] = j
                lengths[at] = row[j]
                at += 1


@njit
def write_rows(i_of: Array, j_of: Array, start: Array, neighbour: Array, edge: Array) -> None:
    """Write the row of every vertex, in the order of the edges."""
    n = len(start) - 1
    for e in range(len(i_of)):
        start[i_of[e] + 1] += 1
        start[j_of[e] + 1] += 1
    for v in range(n):
        start[v + 1] += start[v]
    end = start[:n].copy()
    for e in range(len(i_of)):
        i, j = i_of[e], j_of[e]
        neighbour[end[i]] = j
        edge[end[i]] = e
        end[i] += 1
        neighbour[end[j]] = i
        edge[end[j]] = e
        end[j] += 1


@njit
def find_links(
    graph: Graph, first: int, last: int, cones: bool, mark: Array, stamp: Array, link: Array, links: Links
) -> None:
    """Say of each edge whose lower end is in first..last what its link is.

    cones : whether to try more than one vertex as an apex. mark, stamp : (n,) int32 zeros. link : (n,) int32 scratch.
    """
    start, neighbour, edge = graph.start, graph.neighbour, graph.edge
    stamp[:] = 0
    turn = np.int32(0)
    tried = TRIED if cones else 1
    for i in range(first, last):
        for q in range(start[i], start[i + 1]):
            mark[neighbour[q]] = edge[q] + 1
        for q in range(start[i], start[i + 1]):
            j, e = neighbour[q], edge[q]
            if j < i:
                continue
            # The vertices of the link, the one that came first as part of a triangle in front.
            size = 0
            for r in range(start[j], start[j + 1]):
                if edge[r] >= e:
                    break
                k = neighbour[r]
                if 0 < mark[k] <= e:
                    link[size] = r
                    size += 1
            if size == 0:
                links.kind[e] = EMPTY
                links.at_i[e] = links.at_j[e] = -1
                continue
            kind = WHOLE
            turn += 1
            for s in range(size):
                stamp[neighbour[link[s]]] = turn
            best = 0
            for attempt in range(min(tried, size)):
                # The next nearest: few are tried, so they are sought one by one.
                least = np.int64(e)
                where = attempt
                for s in range(attempt, size):
                    r = link[s]
                    later = max(np.int64(edge[r]), np.int64(mark[neighbour[r]]) - 1)
                    if later < least:
                        least = later
                        where = s
                link[attempt], link[where] = link[where], link[attempt]
                k = neighbour[link[attempt]]
                joined = 1
                for r in range(start[k], start[k + 1]):
                    if edge[r] >= e:
                        break
                    joined += stamp[neighbour[r]] == turn
                if joined == size:
                    kind = CONE
                    best = attempt
                    break
            if kind == WHOLE and in_parts(graph, e, size, stamp, turn, link):
                kind = PARTS
            r = link[best]
            links.kind[e] = kind
            links.at_j[e] = edge[r]
            links.at_i[e] = mark[neighbour[r]] - 1
        for q in range(start[i], start[i + 1]):
            mark[neighbour[q]] = 0


@njit_part
def in_parts(graph: Graph, e: int, size: int, stamp: Array, turn: Any, link: Array) -> bool:
    """Say whether the link of an edge has several parts; `stamp` of what is reached is cleared."""
    start, neighbour, edge = graph.start, graph.neighbour, graph.edge
    queue = np.empty(size, np.int32)
    queue[0] = neighbour[link[0]]
    stamp[queue[0]] = 0
    done, queued = 0, 1
    while done < queued < size:
        k = queue[done]
        done += 1
        for r in range(start[k], start[k + 1]):
            if edge[r] >= e:
                break
            x = neighbour[r]
            if stamp[x] == turn:
                stamp[x] = 0
                queue[queued] = x
                queued += 1
                if queued == size:
                    break
    return queued < size
