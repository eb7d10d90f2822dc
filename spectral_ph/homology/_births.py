"""Kernels that find the births of loops in a matrix of distances; see `rips_h1` for what a lune is. They trust their arguments.

Edges are compared in the total order (length, i, j) with i < j everywhere. Along one row v of the distances that is the
order (length, k): the pairs (k, v) with k < v come before the pairs (v, k) with k > v, each in the order of k.

The births of implicit distances are found in `_sweep_h1`, because they need the same computed lengths as the sweep.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import njit, njit_part

Array = NDArray[Any]


# `before` and `count_below` also stand in `_sweep_h1`, word for word, because a kernel may only call kernels of its own file (see
# `_numba`). With the rest of either file they would make one of 1,500 lines.


@njit_part
def before(x: Any, a: int, b: int, d: Any, i: int, j: int) -> bool:
    """Say whether the edge ab of length x comes before the edge ij of length d; i < j, while a and b may stand in any order."""
    if x != d:
        return x < d
    if a > b:
        a, b = b, a
    return a < i or (a == i and b < j)


@njit_part
def count_below(row: Array, x: Any) -> int:
    """Count the entries below x: a loop over a whole array without branches, which LLVM vectorises."""
    count = 0
    for k in range(len(row)):
        count += row[k] < x
    return count


@njit_part
def count_within(row_a: Array, row_b: Array, x: Any) -> int:
    """Count the places that hold at most x in both rows."""
    count = 0
    for k in range(len(row_a)):
        count += (row_a[k] <= x) & (row_b[k] <= x)
    return count


@njit_part
def places(keep: Array, count: int, index: Array) -> int:
    """Write the places among the first `count` that are marked, eight at a time, and return their number."""
    words = keep.view(np.uint64)
    found = 0
    for w in range((count + 7) >> 3):
        if words[w] != 0:
            for q in range(8 * w, min(8 * w + 8, count)):
                index[found] = q
                found += keep[q]
    return found


@njit_part
def mark_below(row: Array, x: Any, keep: Array) -> None:
    """Mark the entries below x."""
    for k in range(len(row)):
        keep[k] = row[k] < x


@njit_part
def guess(row: Array, m: int, least: Array) -> Any:
    """Return a length that about 3 m entries of a row are below, from every 16th entry; `least` is scratch of m places."""
    rank = min(m, max(2, 3 * m // 16))
    least[:rank] = np.inf
    for k in range(0, len(row), 16):
        x = row[k]
        if x < least[rank - 1]:
            q = rank - 1
            while q > 0 and least[q - 1] > x:
                least[q] = least[q - 1]
                q -= 1
            least[q] = x
    return least[rank - 1]


@njit
def nearest(
    D: Array, start: int, stop: int, near: Array, near_length: Array, largest: Array, keep: Array, index: Array
) -> None:
    """Write for the rows start..stop the first neighbours in the order (length, k), and the largest length of the row.

    `keep` (uint8, of a length divisible by 8) and `index` are scratch.
    """
    n = D.shape[0]
    m = near.shape[1]
    block = 512
    half = D.dtype.type(0.5)
    for i in range(start, stop):
        row = D[i]
        most = row[0]
        for first in range(0, n, block):
            piece = row[first : first + block]
            # Few pieces hold a new largest, and counting is vectorised (a maximum is not).
            if count_below(piece, most) < len(piece):
                for x in piece:
                    most = max(most, x)
        largest[i] = most
        # A bound with few more than m entries below it, to be bisected from one that a sample of the row suggests.
        low = most - most
        high = most
        bound = guess(row, m, near_length[i])
        count = n
        for _ in range(20):
            below = count_below(row, bound)
            if below <= m:
                low = bound
            else:
                high = bound
                count = below
                if below <= 4 * m:
                    break
            bound = low + (high - low) * half
        if count < n:
            mark_below(row, high, keep)
            count = places(keep, n, index)
        else:
            for k in range(n):
                index[k] = k
        size = 0
        for c in range(count):
            k = index[c]
            x = row[k]
            if k == i or (size == m and not x < near_length[i, m - 1]):
                continue
            q = size if size < m else m - 1
            while q > 0 and near_length[i, q - 1] > x:
                near_length[i, q] = near_length[i, q - 1]
                near[i, q] = near[i, q - 1]
                q -= 1
            near_length[i, q] = x
            near[i, q] = k
            size = min(m, size + 1)


@njit_part
def empty_lune(D: Array, i: int, j: int, near: Array, near_length: Array) -> bool:
    """Say whether no k has both ik and jk before ij (i < j)."""
    n = D.shape[0]
    m = near.shape[1]
    d = D[i, j]
    Di = D[i]
    Dj = D[j]
    for side in range(2):
        a, other = (i, Dj) if side == 0 else (j, Di)
        b = j if side == 0 else i
        for q in range(m):
            k = near[a, q]
            if not before(near_length[a, q], a, k, d, i, j):
                return True  # every vertex nearer than this one has been tried
            if k != b and before(other[k], b, k, d, i, j):
                return False
    block = 256
    for first in range(0, n, block):
        last = min(first + block, n)
        if count_within(Di[first:last], Dj[first:last], d) == 0:
            continue
        for k in range(first, last):
            if k != i and k != j and before(Di[k], i, k, d, i, j) and before(Dj[k], j, k, d, i, j):
                return False
    return True


@njit_part
def mark(row: Array, a: Array, to_a: Any, b: Array, to_b: Any, radius: Any, keep: Array) -> None:
    """Mark the j up to `radius` for which neither of two witnesses a, b (their rows and lengths) is in the lune."""
    for j in range(len(row)):
        d = row[j]
        keep[j] = (d <= radius) & ((a[j] >= d) | (to_a >= d)) & ((b[j] >= d) | (to_b >= d))


@njit
def rng_rows(
    D: Array,
    start: int,
    stop: int,
    radius: Any,
    near: Array,
    near_length: Array,
    by_rank: Array,
    by_rank_length: Array,
    keep: Array,
    survivors: Array,
    out_i: Array,
    out_j: Array,
) -> int:
    """Write the edges i < j up to `radius` with an empty lune of the rows start..stop, and return their number.

    `by_rank` is `near` transposed, `keep` (uint8, of a length divisible by 8) and `survivors` are scratch. Edges that
    `out_i` has no room for are only counted.
    """
    n = D.shape[0]
    m = by_rank.shape[0]
    found = 0
    for i in range(start, stop):
        row = D[i]
        # The nearest two of i are the first witnesses: their rows are read in one go, which is vectorised. (Gathering the
        # witnesses of j for all pairs at once was 1.4 to 3.7 times slower.)
        first = min(1, m - 1)
        mark(
            row[i + 1 :],
            D[near[i, 0], i + 1 :],
            near_length[i, 0],
            D[near[i, first], i + 1 :],
            near_length[i, first],
            radius,
            keep,
        )
        count = places(keep, n - i - 1, survivors)
        for s in range(count):
            survivors[s] += i + 1
        # Then the neighbours of j, because then only row i is read; survivors are kept without a branch.
        for q in range(m):
            kept = 0
            for s in range(count):
                j = survivors[s]
                d = row[j]
                survivors[kept] = j
                kept += (row[by_rank[q, j]] >= d) | (by_rank_length[q, j] >= d)
            count = kept
        for s in range(count):
            j = survivors[s]
            if empty_lune(D, i, j, near, near_length):
                if found < len(out_i):
                    out_i[found] = i
                    out_j[found] = j
                found += 1
    return found
