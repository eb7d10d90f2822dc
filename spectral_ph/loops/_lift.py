"""Compiled parts of the lift of a cocycle to the integers: directions for its edges, and the test on triangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import njit, njit_part
from spectral_ph._types import BoolArray, IntArray


@njit_part
def _sorted_by(keys: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return the places of the keys 0 to n - 1 in increasing order, equal ones as they come, and where each key starts."""
    start = np.zeros(n + 1, dtype=np.int64)
    for key in keys:
        start[key + 1] += 1
    for key in range(n):
        start[key + 1] += start[key]
    at = np.empty(n, dtype=np.int64)
    for key in range(n):
        at[key] = start[key]
    order = np.empty(len(keys), dtype=np.int64)
    for h in range(len(keys)):
        order[at[keys[h]]] = h
        at[keys[h]] += 1
    return order, start


@njit_part
def _families(A: BoolArray, towards: IntArray, away: IntArray, family: IntArray) -> int:
    """Write to which family each half-edge belongs, and return how many there are.

    Half-edges that run towards the same vertex are of one family where the vertices that they come from hang together in
    the graph `A`, without that vertex. Families are numbered by the vertex, then by their first half-edge.
    """
    order, start = _sorted_by(towards, len(A))
    waiting = np.empty(len(towards), dtype=np.int64)
    left = np.empty(len(towards), dtype=np.int64)
    count = 0
    for v in range(len(A)):
        rest = start[v + 1] - start[v]
        for at in range(rest):
            left[at] = order[start[v] + at]
        while rest:
            # Those that are left stay in their order, so the next family begins with the first of them.
            waiting[0], n_waiting = left[0], 1
            family[left[0]] = count
            rest -= 1
            for at in range(rest):
                left[at] = left[at + 1]
            while n_waiting and rest:
                n_waiting -= 1
                near = A[away[waiting[n_waiting]]]
                kept = 0
                for at in range(rest):
                    h = left[at]
                    if near[away[h]]:
                        family[h] = count
                        waiting[n_waiting] = h
                        n_waiting += 1
                    else:
                        left[kept] = h
                        kept += 1
                rest = kept
            count += 1
    return count


@njit
def directions(A: BoolArray, i: IntArray, j: IntArray, sign: IntArray) -> bool:
    """Give every edge of a cocycle over Z/2 a direction such that all triangles sum to zero; return whether there is one.

    A : (n, n) graph, symmetric without diagonal.
    i, j : (e,) ends of the edges where the cocycle is 1, all of them in the graph.
    sign : (e,), written: the value on i -> j, 1 or -1. In each part that can be turned as a whole, the family with the
        smallest number has the sign 1 towards its vertex.
    """
    e = len(i)
    # Half-edges h and h + e (mod 2 e) are the two ends of one edge.
    towards, away = np.empty(2 * e, dtype=np.int64), np.empty(2 * e, dtype=np.int64)
    for h in range(e):
        towards[h], away[h] = j[h], i[h]
        towards[h + e], away[h + e] = i[h], j[h]
    family = np.empty(2 * e, dtype=np.int64)
    count = _families(A, towards, away, family)
    order, start = _sorted_by(family, count)
    colour = np.zeros(count, dtype=np.int64)
    waiting = np.empty(count, dtype=np.int64)
    for first in range(count):
        if colour[first]:
            continue
        colour[first], waiting[0], n_waiting = 1, first, 1
        while n_waiting:
            n_waiting -= 1
            f = waiting[n_waiting]
            for at in range(start[f], start[f + 1]):
                h = order[at]
                other = family[h + e if h < e else h - e]
                if colour[other] == 0:
                    colour[other] = -colour[f]
                    waiting[n_waiting] = other
                    n_waiting += 1
                elif colour[other] == colour[f]:
                    return False
    for h in range(e):
        sign[h] = colour[family[h]]
    return True


@njit
def triangles(
    A: BoolArray, i: IntArray, j: IntArray, values: IntArray, edges: IntArray, p: int, dense: NDArray[np.int32]
) -> int:
    """Return what the triangles at some edges sum to: 0 if all to zero, 1 if all to zero modulo p, else 2.

    A : (n, n) graph, symmetric without diagonal.
    i, j, values : (m,), the value on i -> j, its negative on j -> i, zero on the edges not listed.
    edges : which of these edges are looked at, in all their triangles.
    dense : (n, n) zeros, overwritten by the values as rows of a matrix, for loops over whole rows take a tenth of the time of
        those over the few entries that are not zero. Pages that stay zero are never touched.
    """
    n = len(A)
    for e in range(len(i)):
        dense[i[e], j[e]] += values[e]
        dense[j[e], i[e]] -= values[e]
    found = 0
    for e in edges:
        near_i, near_j, on_i, on_j = A[i[e]], A[j[e]], dense[i[e]], dense[j[e]]
        value = np.int32(values[e])
        unequal = False
        for k in range(n):
            unequal |= near_i[k] & near_j[k] & (np.int32(on_i[k] - on_j[k]) != value)
        if unequal:
            found = 1
            for k in range(n):
                if near_i[k] and near_j[k] and (value + on_j[k] - on_i[k]) % p:
                    return 2
    return found
