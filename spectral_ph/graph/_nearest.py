"""Selection of the nearest points from blocks of scores. Called from this layer only."""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit_parallel, njit_part, prange
from spectral_ph._types import FloatArray, IntArray


@njit_part
def _sift_down(values: FloatArray, indices: IntArray, size: int) -> None:
    """Restore the heap order, largest (value, index) on top, after its top was replaced."""
    at = 0
    value, index = values[0], indices[0]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            values[right] > values[child] or (values[right] == values[child] and indices[right] > indices[child])
        ):
            child = right
        if values[child] < value or (values[child] == value and indices[child] < index):
            break
        values[at], indices[at] = values[child], indices[child]
        at = child
    values[at], indices[at] = value, index


@njit_part
def _smallest(row: FloatArray, skip: int, values: FloatArray, indices: IntArray) -> None:
    """Fill the heap with the len(values) smallest (value, index) of the row, `skip` left out."""
    m = len(values)
    values[:] = np.inf
    indices[:] = len(row)
    top = np.inf
    for j in range(len(row)):
        # Indices come in increasing order, so an equal value never displaces an earlier one.
        if row[j] < top and j != skip:
            values[0], indices[0] = row[j], j
            _sift_down(values, indices, m)
            top = values[0]


@njit_part
def _sort_pairs(values: FloatArray, indices: IntArray) -> None:
    """Sort by (value, index) in place; insertion sort, for there are few."""
    for a in range(1, len(values)):
        value, index = values[a], indices[a]
        b = a - 1
        while b >= 0 and (values[b] > value or (values[b] == value and indices[b] > index)):
            values[b + 1], indices[b + 1] = values[b], indices[b]
            b -= 1
        values[b + 1], indices[b + 1] = value, index


@njit_part
def _squared(x: FloatArray, y: FloatArray) -> float:
    total = 0.0
    for f in range(len(x)):
        gap = x[f] - y[f]
        total += gap * gap
    return total


@njit_parallel
def nearest_in_block(
    score: FloatArray,
    start: int,
    X: FloatArray,
    squares: FloatArray,
    bound: FloatArray,
    k: int,
    m: int,
    indices: IntArray,
    squared: FloatArray,
) -> int:
    """Write the k nearest of each row of a block; return for how many rows all distances had to be computed.

    score : (b, n), |x_j|^2 - 2 <x_i, x_j> by a matrix product, i = start + row, off by at most bound[i].
    indices, squared : (b, k), written.
    m : candidates kept by score, at least k. Their distances are then computed by differences, and if a point outside
        could still be nearer than the k-th (ties, duplicates, coordinates of large norm) the whole row is.
    """
    b, n = score.shape
    rescans = 0
    for r in prange(b):
        i = start + r
        values, near = np.empty(m), np.empty(m, np.int64)
        _smallest(score[r], i, values, near)
        outside = values[0] + squares[i] - bound[i]
        for c in range(m):
            values[c] = _squared(X[i], X[near[c]])
        _sort_pairs(values, near)
        if m < n - 1 and outside <= values[k - 1]:
            rescans += 1
            row = np.empty(n)
            for j in range(n):
                row[j] = _squared(X[i], X[j])
            values, near = np.empty(k), np.empty(k, np.int64)
            _smallest(row, i, values, near)
            _sort_pairs(values, near)
        for c in range(k):  # not by slices, whose error would have to be compiled
            indices[r, c] = near[c]
            squared[r, c] = values[c]
    return rescans


@njit_parallel
def smallest_in_block(block: FloatArray, start: int, k: int, indices: IntArray, distances: FloatArray) -> None:
    """Write the k smallest entries of each row of a block of distances, ties by index, the point itself left out."""
    for r in prange(len(block)):
        i = start + r
        _smallest(block[r], i, distances[r], indices[r])
        _sort_pairs(distances[r], indices[r])
