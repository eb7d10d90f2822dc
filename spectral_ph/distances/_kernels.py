"""Kernels of the distances. Called from this layer only.

Those that fill symmetric (n, n) matrices walk over square tiles on and above the diagonal and write a tile and its mirror
image together, so that the result is symmetric to the last bit and both writes stay in cache. Those of the implicit
distances follow walks of a few steps from each point through the graph, in scratch vectors that are cleared by their lists.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit, njit_parallel, prange
from spectral_ph._types import BoolArray, FloatArray, IntArray

TILE = 64
CANCELLED = 1e-5  # what is left then has ten digits; few pairs are nearer, so that summing those anew costs little
CHUNK = 128  # rows that share one set of scratch vectors, so that clearing those costs little beside the rows
NODES = 2  # of the quadrature beside the one that is held at an end
LENGTH = 2 * NODES + 1  # moments that it takes
ROUNDING = 1e-13  # of a measure of mass 1; moments are right to about 1e-15, and less mass than this is not there


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
def add_on_edges(D: FloatArray, indptr: IntArray, indices: IntArray, weights: FloatArray, degrees: FloatArray) -> None:
    """Add 2 A_ij / (d_i d_j) on the edges and subtract A_ii / d_i^2 + A_jj / d_j^2 everywhere a self-loop asks for it."""
    n = len(D)
    loop = np.zeros(n)
    for i in prange(n):
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            if j == i:
                loop[i] = weights[p] / (degrees[i] * degrees[i])
            else:
                D[i, j] += 2 * weights[p] / (degrees[i] * degrees[j])
    if loop.any():
        for i in prange(n):
            for j in range(n):
                if i != j:
                    D[i, j] -= loop[i] + loop[j]


SPREAD = 16  # columns that walk together: two lines of cache a vertex, and both scratch arrays stay near


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
def implicit_rows(
    T: FloatArray,
    kappa: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    correction: FloatArray,
    root: bool,
    queries: IntArray,
    out: FloatArray,
) -> None:
    """Write whole rows of implicit distances; the bits of an entry do not depend on the other queries.

    T : (n, c) coordinates; kappa : (n,) offsets; indptr, indices, correction : symmetric csr arrays, sorted.
    queries : (b,) rows that are wanted.
    out : (b, n), written.
    """
    n, width = T.shape
    for b in prange((n + TILE - 1) // TILE):
        first = b * TILE
        size = min(n, first + TILE) - first
        other = np.empty((width, TILE))  # transposed as in `euclidean`, for the same reason
        total = np.empty(TILE)
        for c in range(size):
            for f in range(width):
                other[f, c] = T[first + c, f]
        for q in range(len(queries)):
            i = queries[q]
            total[:] = 0.0
            for f in range(width):
                x = T[i, f]
                for c in range(size):
                    gap = x - other[f, c]
                    total[c] += gap * gap
            for c in range(size):
                out[q, first + c] = total[c] + (kappa[i] + kappa[first + c])
    for q in prange(len(queries)):
        i = queries[q]
        for p in range(indptr[i], indptr[i + 1]):
            out[q, indices[p]] -= correction[p]
        for j in range(n):
            value = max(out[q, j], 0.0)
            out[q, j] = np.sqrt(value) if root else value
        out[q, i] = 0.0


@njit_parallel
def implicit_pairs(
    T: FloatArray,
    kappa: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    correction: FloatArray,
    root: bool,
    left: IntArray,
    right: IntArray,
    out: FloatArray,
) -> None:
    """Write the implicit distances of pairs, the same bits as `implicit_rows`.

    left, right : (b,) points; out : (b,), written; the rest as in `implicit_rows`.
    """
    for q in prange(len(left)):
        i, j = left[q], right[q]
        value = 0.0
        if i != j:
            for f in range(T.shape[1]):
                gap = T[i, f] - T[j, f]
                value += gap * gap
            value = value + (kappa[i] + kappa[j])
            p = indptr[i] + np.searchsorted(indices[indptr[i] : indptr[i + 1]], j)
            if p < indptr[i + 1] and indices[p] == j:
                value -= correction[p]
            value = max(value, 0.0)
        out[q] = np.sqrt(value) if root else value


@njit
def _two_steps(
    i: int,
    indptr: IntArray,
    indices: IntArray,
    S: FloatArray,
    one: FloatArray,
    two: FloatArray,
    reached: IntArray,
) -> int:
    """Write S e_i and S^2 e_i into vectors of zeros; list where the second is not zero, return how many those are."""
    count = 0
    for p in range(indptr[i], indptr[i + 1]):
        one[indices[p]] = S[p]
        for q in range(indptr[indices[p]], indptr[indices[p] + 1]):
            share = S[p] * S[q]
            if share > 0.0:  # weights may underflow, and a point must not be listed twice
                j = indices[q]
                if two[j] == 0.0:
                    reached[count] = j
                    count += 1
                two[j] += share
    return count


@njit
def _clear(i: int, indptr: IntArray, indices: IntArray, one: FloatArray, two: FloatArray, reached: IntArray) -> None:
    for p in range(indptr[i], indptr[i + 1]):
        one[indices[p]] = 0.0
    for j in reached:
        two[j] = 0.0


@njit_parallel
def return_moments(indptr: IntArray, indices: IntArray, S: FloatArray, out: FloatArray) -> None:
    """Write (S^k)_ii for k = 0 to 4, each row from S e_i and S^2 e_i alone.

    indptr, indices, S : csr arrays of a symmetric (n, n) matrix of positive entries.
    out : (n, 5), written.
    """
    n = len(out)
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        one, two, reached = np.zeros(n), np.zeros(n), np.empty(n, np.int64)
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            count = _two_steps(i, indptr, indices, S, one, two, reached)
            out[i, 0], out[i, 1], out[i, 2] = 1.0, one[i], two[i]
            out[i, 3] = out[i, 4] = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                out[i, 3] += S[p] * two[indices[p]]
            for j in reached[:count]:
                out[i, 4] += two[j] * two[j]
            _clear(i, indptr, indices, one, two, reached[:count])


@njit_parallel
def links(
    indptr: IntArray,
    indices: IntArray,
    S: FloatArray,
    degrees: FloatArray,
    rows: IntArray,
    begin: IntArray,
    out: FloatArray,
) -> None:
    """Write (S^2)_ij / sqrt(d_i d_j) of pairs of two hops j > i that are no edges; the rest of `out` is left alone.

    indptr, indices, S : csr arrays; degrees : (n,); rows : (b,) points i; begin : (b,) where each writes in `out`.
    """
    n = len(degrees)
    for r in prange(len(rows)):
        one, two, reached = np.zeros(n), np.zeros(n), np.empty(n, np.int64)
        i = rows[r]
        place = begin[r]
        count = _two_steps(i, indptr, indices, S, one, two, reached)
        for j in reached[:count]:
            if j > i and one[j] == 0.0:
                out[place] = two[j] / np.sqrt(degrees[i] * degrees[j])
                place += 1


@njit
def _radau(moments: FloatArray, low: float, high: float, work: FloatArray) -> tuple[float, float]:
    """Bound the integral of x^2 / (1 - x) over a positive measure on [low, high] from its moments 0 to 4.

    Gauss-Radau rules with one node held at an end: all derivatives of the integrand from the second on are positive, so
    the rule with a node at `low` is never above the integral and the one with a node at `high` never below it.

    moments : (5,) of a measure of mass at most 1; work : (6, 8) scratch.
    """
    before, now, after, alpha, beta = work[0], work[1], work[2], work[3], work[4]
    if moments[0] <= ROUNDING:
        return 0.0, 0.0
    for k in range(LENGTH):
        before[k] = 0.0
        now[k] = moments[k]
    alpha[0] = now[1] / now[0]
    beta[0] = now[0]
    order = NODES
    for k in range(1, NODES + 1):  # the Chebyshev algorithm: moments to recurrence coefficients
        for a in range(k, LENGTH - k):
            after[a] = now[a + 1] - alpha[k - 1] * now[a] - beta[k - 1] * before[a]
        if after[k] <= ROUNDING:
            order = k  # so few atoms: the Gauss rule is the measure itself
            beta[k] = 0.0
            break
        beta[k] = after[k] / now[k - 1]
        if k < NODES:
            alpha[k] = after[k + 1] / after[k] - now[k] / now[k - 1]
        before, now, after = now, after, before
    trivial = moments[0] * max(low * low / (1 - low), high * high / (1 - high))
    bounds = work[5]
    for side in range(2):
        end = low if side == 0 else high
        last = alpha[order - 1]
        tail = 0.0
        if beta[order] > 0.0:
            ratio = 1 / (end - alpha[0])  # of consecutive orthogonal polynomials at the end
            for k in range(1, order):
                ratio = 1 / (end - alpha[k] - beta[k] * ratio)
            tail = beta[order] / (1 - (end - beta[order] * ratio))
        fraction = 1 - last - tail
        for k in range(order - 1, 0, -1):
            fraction = 1 - alpha[k - 1] - beta[k] / fraction
        bounds[side] = min(max(beta[0] / fraction - moments[0] - moments[1], 0.0), trivial)
    return bounds[0], max(bounds[0], bounds[1])


@njit
def _power_bounds(moments: FloatArray, low: float, high: float, steps: int) -> tuple[float, float]:
    """Bound the integral of x^(2 steps) from the moments 0 to 4."""
    if steps <= NODES:
        return max(moments[2 * steps], 0.0), max(moments[2 * steps], 0.0)
    last, before = max(moments[2 * NODES], 0.0), moments[2 * NODES - 2]
    # Even moments are log-convex, and each is at most the one before times the largest square.
    largest = max(low * low, high * high)
    if last <= 0.0 or before <= ROUNDING:
        return 0.0, max(before, 0.0) * largest ** (steps - NODES + 1)
    return last * min(last / before, largest) ** (steps - NODES), last * largest ** (steps - NODES)


@njit
def _bounds(
    moments: FloatArray, low: float, high: float, steps: int, summed: bool, work: FloatArray
) -> tuple[float, float]:
    """Bound the integral of x^(2 steps), or of x^(2 steps) / (1 - x) if `summed`; see `_radau`."""
    if not summed:
        return _power_bounds(moments, low, high, steps)
    if steps == 1:
        return _radau(moments, low, high, work)
    # 1 / (1 - x) grows with x. Cruder than quadrature, of what so many steps have made small.
    lower, upper = _power_bounds(moments, low, high, steps)
    return lower / (1 - low), upper / (1 - high)


@njit_parallel
def offset_bounds(moments: FloatArray, low: float, high: float, steps: int, summed: bool, out: FloatArray) -> None:
    """Write lower and upper bounds of the integrals of many measures.

    moments : (n, 5); low, high, steps, summed : see `_bounds`; out : (n, 2), written.
    """
    for i in prange(len(moments)):
        work = np.empty((6, 8))
        out[i, 0], out[i, 1] = _bounds(moments[i], low, high, steps, summed, work)


@njit_parallel
def near_corrections(
    indptr: IntArray,
    indices: IntArray,
    S: FloatArray,
    U: FloatArray,
    values: FloatArray,
    degrees: FloatArray,
    moments: FloatArray,
    kappa: FloatArray,
    low: float,
    high: float,
    steps: int,
    summed: bool,
    scale: float,
    share: float,
    threshold: float,
    rows: IntArray,
    begin: IntArray,
    columns: IntArray,
    corrections: FloatArray,
    widths: FloatArray,
    is_edge: BoolArray,
    counts: IntArray,
) -> None:
    """Write c_ij = kappa_i + kappa_j - rest_ij for j > i on edges, and on pairs of two hops whose link is strong.

    rest_ij is the integral over the measure that b = e_i / sqrt(d_i) - e_j / sqrt(d_j) puts on the eigenvalues of S that
    were cut off, from its moments 0 to 4: walks of up to four steps, less what the known eigenpairs carry. S^3 e_i is
    computed only where a pair asks for it: the ends of three steps are many, those beside the few j are not.

    indptr, indices, S : csr arrays of S; U : (n, m) eigenvectors; values : (m,) eigenvalues of S; degrees : (n,).
    moments : (n, 5), of e_i, cut off; kappa : (n,); low, high, steps, summed : see `_bounds`; scale : factor of rest.
    share : where between its bounds rest is taken, 0 to 1.
    threshold : pairs of two hops have a correction if (S^2)_ij / sqrt(d_i d_j) is above it.
    rows : (b,) points i; begin : (b,) where the space of each begins in the four arrays that are written.
    counts : (b,) how many entries each row has written.
    """
    n, m = U.shape
    for chunk in prange((len(rows) + CHUNK - 1) // CHUNK):
        one, two, three = np.zeros(n), np.zeros(n), np.zeros(n)
        reached, known_three = np.empty(n, np.int64), np.empty(n, np.int64)
        mu, work = np.empty(5), np.empty((6, 8))
        for r in range(chunk * CHUNK, min(len(rows), (chunk + 1) * CHUNK)):
            i = rows[r]
            count = _two_steps(i, indptr, indices, S, one, two, reached)
            n1 = indptr[i + 1] - indptr[i]
            n3 = 0
            found = begin[r]
            for a in range(n1 + count):
                j = indices[indptr[i] + a] if a < n1 else reached[a - n1]
                if j <= i or (a >= n1 and (one[j] > 0.0 or two[j] <= threshold * np.sqrt(degrees[i] * degrees[j]))):
                    continue
                m0, m1, m2, m3, m4 = 0.0, one[j], two[j], 0.0, 0.0
                for p in range(indptr[j], indptr[j + 1]):
                    k = indices[p]
                    m3 += S[p] * two[k]
                    if three[k] == 0.0:
                        for q in range(indptr[k], indptr[k + 1]):
                            three[k] += S[q] * two[indices[q]]
                        known_three[n3] = k
                        n3 += three[k] > 0.0
                    m4 += S[p] * three[k]
                for e in range(m):
                    x = values[e]
                    known = U[i, e] * U[j, e]
                    m0 -= known
                    known *= x
                    m1 -= known
                    known *= x
                    m2 -= known
                    known *= x
                    m3 -= known
                    m4 -= known * x
                # The measure is scaled to a mass of at most 1, which is what `_bounds` compares its rounding with.
                mass = 1 / degrees[i] + 1 / degrees[j]
                wi, wj = 1 / (degrees[i] * mass), 1 / (degrees[j] * mass)
                cross = 2 * np.sqrt(wi * wj)
                mu[0] = wi * moments[i, 0] + wj * moments[j, 0] - cross * m0
                mu[1] = wi * moments[i, 1] + wj * moments[j, 1] - cross * m1
                mu[2] = wi * moments[i, 2] + wj * moments[j, 2] - cross * m2
                mu[3] = wi * moments[i, 3] + wj * moments[j, 3] - cross * m3
                mu[4] = wi * moments[i, 4] + wj * moments[j, 4] - cross * m4
                lower, upper = _bounds(mu, low, high, steps, summed, work)
                columns[found] = j
                rest = scale * mass * (lower + share * (upper - lower))
                corrections[found] = kappa[i] + kappa[j] - rest
                widths[found] = scale * mass * (upper - lower)
                is_edge[found] = a < n1
                found += 1
            counts[r] = found - begin[r]
            for k in known_three[:n3]:
                three[k] = 0.0
            _clear(i, indptr, indices, one, two, reached[:count])


@njit_parallel
def draw_nearer(
    T: FloatArray, extra: FloatArray, landmark: int, number: int, nearest: FloatArray, assignment: IntArray
) -> None:
    """Move points to a new landmark where it is strictly nearer than theirs, in the rows of T and one coordinate more.

    T : (n, c); extra : (n,); landmark : the new one, `number` its place in the order of choice.
    nearest : (n,) squared distance to the landmark in `assignment`; both are updated. That of a landmark itself becomes
    -1, so that it is never chosen again, duplicates or not.
    """
    n, width = T.shape
    for block in prange((n + CHUNK - 1) // CHUNK):
        for i in range(block * CHUNK, min(n, (block + 1) * CHUNK)):
            if nearest[i] < 0.0:
                continue
            gap = extra[i] - extra[landmark]
            value = gap * gap
            for f in range(width):
                gap = T[i, f] - T[landmark, f]
                value += gap * gap
                if value >= nearest[i]:
                    break
            if value < nearest[i] or i == landmark:
                nearest[i] = -1.0 if i == landmark else value
                assignment[i] = number


BLOCK = 64  # intermediate points that are tried at a time in shortest paths on the complete graph
COLUMNS = 512  # of a row that stay in the fastest cache meanwhile


@njit
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


@njit
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


@njit
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
