"""Kernels that fill an (n, n) matrix of distances pair by pair.

Those that fill symmetric matrices walk over square tiles on and above the diagonal. They write a tile and its mirror image
together, so that the result is symmetric to the last bit and both writes stay in cache.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit_parallel, prange
from spectral_ph._types import FloatArray, IntArray

TILE = 64
CANCELLED = 1e-5  # what is left then has ten digits; few pairs are nearer, so that summing those anew costs little
SPREAD = 16  # columns that walk together: two lines of cache a vertex, and both scratch arrays stay near


@njit_parallel
def resistance_in_place(M: FloatArray, diagonal: FloatArray, shift: FloatArray) -> None:
    """Replace M by M_ii + M_jj - 2 M_ij - shift_i - shift_j, zero on the diagonal.

    M : (n, n), only the entries on and above the diagonal are read.
    diagonal : (n,) copy of the diagonal of M.
    shift : (n,) 1/d for the corrected resistance, 0 for the plain one.
    """
    n = len(M)
    tiles = (n + TILE - 1) // TILE
    for a in prange(tiles):
        rows = range(a * TILE, min(n, (a + 1) * TILE))
        for b in range(a, tiles):
            for i in rows:
                base = diagonal[i]
                for j in range(max(i + 1, b * TILE), min(n, (b + 1) * TILE)):
                    value = base + diagonal[j] - 2 * M[i, j] - (shift[i] + shift[j])
                    M[i, j] = value
                    M[j, i] = value
        for i in rows:
            M[i, i] = 0.0


@njit_parallel
def gram_in_place(G: FloatArray, diagonal: FloatArray, E: FloatArray) -> None:
    """Replace the Gram matrix of the rows of E by their squared Euclidean distances.

    G : (n, n), only the entries on and above the diagonal are read.
    diagonal : (n,) copy of the diagonal of G.
    E : (n, m), from which distances that cancel to less than `CANCELLED` of their terms are summed anew.
    """
    n, m = E.shape
    tiles = (n + TILE - 1) // TILE
    for a in prange(tiles):
        rows = range(a * TILE, min(n, (a + 1) * TILE))
        for b in range(a, tiles):
            for i in rows:
                base = diagonal[i]
                for j in range(max(i + 1, b * TILE), min(n, (b + 1) * TILE)):
                    value = base + diagonal[j] - 2 * G[i, j]
                    if value < CANCELLED * (base + diagonal[j]):
                        value = 0.0
                        for f in range(m):
                            gap = E[i, f] - E[j, f]
                            value += gap * gap
                    G[i, j] = value
                    G[j, i] = value
        for i in rows:
            G[i, i] = 0.0


@njit_parallel
def euclidean(X: FloatArray, squared: bool, out: FloatArray) -> None:
    """Write the pairwise Euclidean distances of the rows, each summed from differences in the order of the columns.

    The columns of a tile are transposed first: the innermost loop then runs over points, not over the terms of one sum,
    so that it is vectorised without reordering any addition.
    """
    n, d = X.shape
    tiles = (n + TILE - 1) // TILE
    for a in prange(tiles):
        other = np.empty((d, TILE))
        total = np.empty(TILE)
        for b in range(a, tiles):
            width = min(n, (b + 1) * TILE) - b * TILE
            for c in range(width):
                for f in range(d):
                    other[f, c] = X[b * TILE + c, f]
            for i in range(a * TILE, min(n, (a + 1) * TILE)):
                total[:] = 0.0
                for f in range(d):
                    x = X[i, f]
                    for c in range(width):
                        gap = x - other[f, c]
                        total[c] += gap * gap
                for c in range(width):
                    value = total[c] if squared else np.sqrt(total[c])
                    out[i, b * TILE + c] = value
                    out[b * TILE + c, i] = value


@njit_parallel
def spread_in_place(
    X: FloatArray, indptr: IntArray, indices: IntArray, P: FloatArray, stationary: FloatArray, times: int
) -> None:
    """Replace the symmetric X by (P^times X)', less a constant for every row.

    A column tends to a constant, which cancels in distances while they fall with every step. It is the mean in the stationary
    distribution and is taken off before each step, or its rounding would be all that is left on dense graphs.

    X : (n, n), of which only the entries on and above the diagonal are read.
    indptr, indices, P : csr arrays of the (n, n) transition probabilities; stationary : (n,), their left eigenvector.
    """
    n = len(X)
    tiles = (n + TILE - 1) // TILE
    for a in prange(tiles):
        for b in range(a, tiles):
            for i in range(a * TILE, min(n, (a + 1) * TILE)):
                for j in range(max(i + 1, b * TILE), min(n, (b + 1) * TILE)):
                    X[j, i] = X[i, j]
    for block in prange((n + SPREAD - 1) // SPREAD):
        first = block * SPREAD
        size = min(n, first + SPREAD) - first
        now, after = np.zeros((n, SPREAD)), np.empty((n, SPREAD))
        for c in range(size):
            for i in range(n):
                now[i, c] = X[first + c, i]
        mean = np.empty(SPREAD)
        for step in range(times + 1):
            mean[:] = 0.0
            for i in range(n):
                for c in range(SPREAD):
                    mean[c] += stationary[i] * now[i, c]
            for i in range(n):
                for c in range(SPREAD):
                    now[i, c] -= mean[c]
            if step == times:
                break
            for i in range(n):
                after[i, :] = 0.0
                for p in range(indptr[i], indptr[i + 1]):
                    k, share = indices[p], P[p]
                    for c in range(SPREAD):
                        after[i, c] += share * now[k, c]
            now, after = after, now
        for c in range(size):
            for i in range(n):
                X[first + c, i] = now[i, c]


@njit_parallel
def both_ways_in_place(G: FloatArray, diagonal: FloatArray) -> None:
    """Replace G, symmetric but for terms that depend on one index alone, by G_ii + G_jj - (G_ij + G_ji).

    diagonal : (n,) copy of the diagonal of G.
    """
    n = len(G)
    tiles = (n + TILE - 1) // TILE
    for a in prange(tiles):
        rows = range(a * TILE, min(n, (a + 1) * TILE))
        for b in range(a, tiles):
            for i in rows:
                base = diagonal[i]
                for j in range(max(i + 1, b * TILE), min(n, (b + 1) * TILE)):
                    value = base + diagonal[j] - (G[i, j] + G[j, i])
                    G[i, j] = value
                    G[j, i] = value
        for i in rows:
            G[i, i] = 0.0


@njit_parallel
def not_below_ends(D: FloatArray, least: FloatArray) -> None:
    """Replace D_ij by max(D_ij, least_i, least_j) off the diagonal, which becomes 0."""
    n = len(D)
    for i in prange(n):
        for j in range(n):
            D[i, j] = max(D[i, j], max(least[i], least[j]))
        D[i, i] = 0.0


@njit_parallel
def balls_meet(D: FloatArray, least: FloatArray, xi: float) -> None:
    """Replace lengths of edges by when the balls of radius (t^xi - f^xi)^(1/xi) around their ends meet.

    D : (n, n) symmetric, zero diagonal; overwritten. least : (n,) f. xi : 1, 2 or infinity.
    """
    n = len(D)
    for i in prange(n):
        for j in range(n):
            d, low, high = D[i, j], min(least[i], least[j]), max(least[i], least[j])
            value = high
            if xi == 1.0:
                value = (low + high + d) / 2
            elif xi == 2.0:
                # Beyond this the larger end is reached by the other ball before it has one of its own.
                if d * d > (high - low) * (high + low):
                    value = np.sqrt((high + low) ** 2 + d * d) / 2 * (np.sqrt((high - low) ** 2 + d * d) / d)
            else:
                value = d / 2
            D[i, j] = max(value, high)
        D[i, i] = 0.0
