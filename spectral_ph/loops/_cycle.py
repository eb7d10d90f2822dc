"""Compiled part of the representative cycle: the shortest path among the edges before one edge."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_ph._numba import njit
from spectral_ph._types import BoolArray, FloatArray, IntArray


@njit
def shortest_path_before(D: Any, i: int, j: int, previous: IntArray, shortest: FloatArray, settled: BoolArray) -> bool:
    """Find the shortest path from j to i < j among the edges before i j in the order (length, i, j); return if there is one.

    D : (n, n) distances, symmetric to the last bit.
    previous : (n,), written: the vertex before each on its shortest path from j, along the path from i. Equally near
        vertices are settled by their index.
    shortest, settled : (n,) inf and False, overwritten.
    """
    n = len(D)
    birth = D[i, j]
    shortest[j] = 0.0
    u = j
    while u != i:
        row = D[u]
        near = shortest[u]
        settled[u] = True
        nearest, following = np.inf, -1
        for k in range(n):
            if settled[k]:
                continue
            length = row[k]
            if length <= birth:
                through = near + np.float64(length)
                if through < shortest[k]:
                    low, high = min(u, k), max(u, k)
                    if length < birth or low < i or (low == i and high < j):
                        shortest[k] = through
                        previous[k] = u
            if shortest[k] < nearest:
                nearest, following = shortest[k], k
        if following < 0:
            return False
        u = following
    return True
