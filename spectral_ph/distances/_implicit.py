"""Kernels of the implicit distances: their rows and pairs, their offsets and corrections, and landmarks among them.

Offsets and corrections follow walks of a few steps from each point through the graph, in scratch vectors that are cleared by
the lists of what they reached.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spectral_ph._numba import njit_parallel, njit_part, prange
from spectral_ph._types import BoolArray, FloatArray, IntArray

TILE = 64  # points whose coordinates are transposed together
CHUNK = 128  # rows that share one set of scratch vectors, so that clearing those costs little beside the rows
NODES = 2  # of the quadrature beside the one that is held at an end
LENGTH = 2 * NODES + 1  # moments that it takes
ROUNDING = 1e-13  # of a measure of mass 1; moments are right to about 1e-15, and less mass than this is not there


class Walk(NamedTuple):
    """A step on the graph: S = D^-1/2 A D^-1/2."""

    indptr: IntArray  # csr arrays of S
    indices: IntArray
    S: FloatArray
    degrees: FloatArray  # (n,)


class Steps(NamedTuple):
    """Where one, two and three steps from a point lead."""

    one: FloatArray  # (n,) S e_i
    two: FloatArray  # (n,) S^2 e_i
    three: FloatArray  # (n,) S^3 e_i, where it was asked for


class Known(NamedTuple):
    """The eigenpairs of S that are known, and what they leave of every point."""

    vectors: FloatArray  # (n, m)
    values: FloatArray  # (m,)
    moments: FloatArray  # (n, 5), moments 0 to 4 of e_i on the eigenvalues that were cut off


class Integral(NamedTuple):
    """What is integrated over a measure on [low, high]: x^(2 steps), or x^(2 steps) / (1 - x) if `summed`."""

    low: float
    high: float
    steps: int
    summed: bool


class Corrections(NamedTuple):
    """Room for the corrections of a block of points; each point fills the beginning of its own part."""

    columns: IntArray  # (room,) the other point
    values: FloatArray  # (room,)
    widths: FloatArray  # (room,) how far apart their bounds are
    is_edge: BoolArray  # (room,)
    counts: IntArray  # (b,) how many entries each point has filled


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


@njit_part
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


@njit_part
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


@njit_part
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


@njit_part
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


@njit_part
def _bounds(moments: FloatArray, integral: Integral, work: FloatArray) -> tuple[float, float]:
    """Bound the integral over a measure from its moments 0 to 4; see `_radau`."""
    low, high, steps, summed = integral
    if not summed:
        return _power_bounds(moments, low, high, steps)
    if steps == 1:
        return _radau(moments, low, high, work)
    # 1 / (1 - x) grows with x. Cruder than quadrature, of what so many steps have made small.
    lower, upper = _power_bounds(moments, low, high, steps)
    return lower / (1 - low), upper / (1 - high)


@njit_parallel
def offset_bounds(moments: FloatArray, integral: Integral, out: FloatArray) -> None:
    """Write lower and upper bounds of the integrals over many measures.

    moments : (n, 5); out : (n, 2), written.
    """
    for i in prange(len(moments)):
        work = np.empty((6, 8))
        out[i, 0], out[i, 1] = _bounds(moments[i], integral, work)


@njit_part
def _cross_moments(
    i: int, j: int, walk: Walk, known: Known, steps: Steps, ends_of_three: IntArray, count: int, out: FloatArray
) -> int:
    """Write the entries ij of S^k for k = 0 to 4, less what the known eigenpairs carry.

    S^3 e_i is computed only where a pair asks for it: the ends of three steps are many, those beside the few j are not.
    They are listed in `ends_of_three`, which holds `count` of them; return how many it holds now.
    """
    indptr, indices, S = walk.indptr, walk.indices, walk.S
    two, three = steps.two, steps.three
    m0, m1, m2, m3, m4 = 0.0, steps.one[j], two[j], 0.0, 0.0
    for p in range(indptr[j], indptr[j + 1]):
        k = indices[p]
        m3 += S[p] * two[k]
        if three[k] == 0.0:
            for q in range(indptr[k], indptr[k + 1]):
                three[k] += S[q] * two[indices[q]]
            ends_of_three[count] = k
            count += three[k] > 0.0
        m4 += S[p] * three[k]
    U, values = known.vectors, known.values
    for e in range(len(values)):
        x = values[e]
        part = U[i, e] * U[j, e]
        m0 -= part
        part *= x
        m1 -= part
        part *= x
        m2 -= part
        part *= x
        m3 -= part
        m4 -= part * x
    out[0], out[1], out[2], out[3], out[4] = m0, m1, m2, m3, m4
    return count


@njit_parallel
def near_corrections(
    walk: Walk,
    known: Known,
    integral: Integral,
    kappa: FloatArray,
    scale: float,
    share: float,
    threshold: float,
    rows: IntArray,
    begin: IntArray,
    out: Corrections,
) -> None:
    """Write c_ij = kappa_i + kappa_j - rest_ij for j > i on edges, and on pairs of two hops whose link is strong.

    rest_ij is the integral over the measure that b = e_i / sqrt(d_i) - e_j / sqrt(d_j) puts on the eigenvalues of S that
    were cut off, from its moments 0 to 4: walks of up to four steps, less what the known eigenpairs carry.

    kappa : (n,) offsets; scale : factor of rest; share : where between its bounds rest is taken, 0 to 1.
    threshold : pairs of two hops have a correction if (S^2)_ij / sqrt(d_i d_j) is above it.
    rows : (b,) points i; begin : (b,) where the space of each begins in `out`, which is written.
    """
    indptr, indices, degrees, moments = walk.indptr, walk.indices, walk.degrees, known.moments
    columns, corrections, widths, is_edge, counts = out  # numba loses what is written to `out.counts` inside a prange
    n = len(degrees)
    for chunk in prange((len(rows) + CHUNK - 1) // CHUNK):
        one, two, three = np.zeros(n), np.zeros(n), np.zeros(n)
        reached, ends_of_three = np.empty(n, np.int64), np.empty(n, np.int64)
        cross, mu, work = np.empty(5), np.empty(5), np.empty((6, 8))
        for r in range(chunk * CHUNK, min(len(rows), (chunk + 1) * CHUNK)):
            i = rows[r]
            count = _two_steps(i, indptr, indices, walk.S, one, two, reached)
            n1 = indptr[i + 1] - indptr[i]
            n3 = 0
            found = begin[r]
            for a in range(n1 + count):
                j = indices[indptr[i] + a] if a < n1 else reached[a - n1]
                if j <= i or (a >= n1 and (one[j] > 0.0 or two[j] <= threshold * np.sqrt(degrees[i] * degrees[j]))):
                    continue
                n3 = _cross_moments(i, j, walk, known, Steps(one, two, three), ends_of_three, n3, cross)
                # The measure is scaled to a mass of at most 1, which is what `_bounds` compares its rounding with.
                mass = 1 / degrees[i] + 1 / degrees[j]
                wi, wj = 1 / (degrees[i] * mass), 1 / (degrees[j] * mass)
                both = 2 * np.sqrt(wi * wj)
                for k in range(LENGTH):
                    mu[k] = wi * moments[i, k] + wj * moments[j, k] - both * cross[k]
                lower, upper = _bounds(mu, integral, work)
                rest = scale * mass * (lower + share * (upper - lower))
                columns[found] = j
                corrections[found] = kappa[i] + kappa[j] - rest
                widths[found] = scale * mass * (upper - lower)
                is_edge[found] = a < n1
                found += 1
            counts[r] = found - begin[r]
            for k in ends_of_three[:n3]:
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
