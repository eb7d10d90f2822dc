"""Kernels of the shortest paths: from all points of a complete graph, and from all vertices of a sparse one."""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit_parallel, njit_part, prange
from spectral_ph._types import FloatArray, IntArray

BLOCK = 64  # intermediate points that are tried at a time in shortest paths on the complete graph
COLUMNS = 512  # of a row that stay in the fastest cache meanwhile
TILE = 64  # of a matrix that is made symmetric


@njit_part
def _close(panel: FloatArray, first: int, size: int) -> None:
    """Shortest paths among the points of a block through each other, in place."""
    for k in range(size):
        for i in range(size):
            step = panel[i, first + k]
            for j in range(first, first + size):
                value = step + panel[k, j]
                panel[i, j] = value if value < panel[i, j] else panel[i, j]


@njit_parallel
def shortest_paths_dense(D: FloatArray) -> None:
    """Replace lengths of the edges of the complete graph by lengths of shortest paths (Floyd, Warshall, by blocks).

    Only entries above the diagonal are computed; the others are their mirror image, so the result is symmetric to the
    last bit. The order of all additions is fixed, whatever the number of threads.

    D : (n, n) symmetric, zero diagonal; overwritten.
    """
    n = len(D)
    strips = (n + COLUMNS - 1) // COLUMNS
    for first in range(0, n, BLOCK):
        size = min(BLOCK, n - first)
        panel = np.empty((size, n))
        for k in prange(size):
            for j in range(n):
                panel[k, j] = D[first + k, j] if j > first + k else D[j, first + k]
        _close(panel, first, size)
        inner = panel[:, first : first + size].copy()
        for s in prange(strips):
            for a in range(s * COLUMNS, min(n, (s + 1) * COLUMNS)):
                if a < first or a >= first + size:
                    for k in range(size):
                        through = panel[k, a]
                        for i in range(size):
                            value = inner[i, k] + through
                            panel[i, a] = value if value < panel[i, a] else panel[i, a]
        for i in prange(n):
            if first <= i < first + size:
                D[i, i + 1 :] = panel[i - first, i + 1 :]
                continue
            for start in range(i + 1, n, COLUMNS):
                stop = min(n, start + COLUMNS)
                row = D[i, start:stop]
                for k in range(size):
                    step = panel[k, i]
                    other = panel[k, start:stop]
                    for j in range(stop - start):
                        value = step + other[j]
                        row[j] = value if value < row[j] else row[j]
    for i in prange(n):
        for j in range(i):
            D[i, j] = D[j, i]


@njit_part
def _lift(keys: FloatArray, heap: IntArray, place: IntArray, at: int) -> None:
    vertex = heap[at]
    while at > 0:
        parent = (at - 1) // 2
        if keys[heap[parent]] <= keys[vertex]:
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at] = vertex
    place[vertex] = at


@njit_part
def _sink(keys: FloatArray, heap: IntArray, place: IntArray, size: int) -> None:
    vertex, at = heap[0], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[heap[child + 1]] < keys[heap[child]]:
            child += 1
        if keys[vertex] <= keys[heap[child]]:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at] = vertex
    place[vertex] = at


@njit_parallel
def shortest_paths_sparse(indptr: IntArray, indices: IntArray, lengths: FloatArray, out: FloatArray) -> None:
    """Write the lengths of shortest paths from every vertex (Dijkstra); infinity where there is none.

    indptr, indices, lengths : csr arrays of a symmetric graph; lengths may be 0.
    out : (n, n), written; the two directions may differ in the last bits.
    """
    n = len(out)
    for source in prange(n):
        keys = out[source]
        keys[:] = np.inf
        heap, place = np.empty(n, np.int64), np.full(n, -1, np.int64)  # place: -1 not met yet, -2 settled
        keys[source] = 0.0
        heap[0], place[source] = source, 0
        size = 1
        while size > 0:
            vertex = heap[0]
            place[vertex] = -2
            size -= 1
            if size > 0:
                heap[0] = heap[size]
                place[heap[0]] = 0
                _sink(keys, heap, place, size)
            for p in range(indptr[vertex], indptr[vertex + 1]):
                j = indices[p]
                value = keys[vertex] + lengths[p]
                if value < keys[j]:
                    keys[j] = value
                    if place[j] < 0:
                        heap[size], place[j] = j, size
                        size += 1
                    _lift(keys, heap, place, place[j])


@njit_parallel
def smaller_of_both(D: FloatArray) -> None:
    """Make D symmetric to the last bit: each pair gets the smaller of its two entries."""
    n = len(D)
    tiles = (n + TILE - 1) // TILE
    for a in prange(tiles):
        for b in range(a, tiles):
            for i in range(a * TILE, min(n, (a + 1) * TILE)):
                for j in range(max(i + 1, b * TILE), min(n, (b + 1) * TILE)):
                    value = min(D[i, j], D[j, i])
                    D[i, j] = value
                    D[j, i] = value
