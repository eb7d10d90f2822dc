"""Edges that a flag filtration does not need: each is dominated by one vertex from its own length on.

A file of its own, so that an edit does not make numba compile the H1 engine again.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit
from spectral_ph._types import FloatArray, IntArray


@njit
def dominated_edges(D: FloatArray, rows: IntArray, cols: IntArray, near: IntArray) -> int:
    """Set edges that are dominated for good to infinity, longest first; return how many.

    An edge ij of length t goes if some k has d_ik <= t and d_jk <= t, and for every x that is a common neighbour of i and j
    at a length s = max(t, d_ix, d_jx) < inf, d_kx <= s. Then k dominates ij in every complex that holds it, those complexes
    collapse onto what is left without it (Boissonnat, Pritam, Edge collapse and persistence of flag complexes, SoCG 2020),
    and as the inclusions commute the diagrams stay the same. Each step looks at what the ones before have left.

    Parameters
    ----------
    D : (n, n), symmetric; changed in place.
    rows, cols : (e,) the edges, longest first.
    near : (n, q) the q nearest of every vertex, tried first as k.

    Returns
    -------
    int
    """
    n, q = len(D), near.shape[1]
    gone = 0
    for e in range(len(rows)):
        i, j = rows[e], cols[e]
        t = D[i, j]
        a, b = D[i], D[j]
        for trial in range(2 * q):
            k = near[i, trial // 2] if trial % 2 == 0 else near[j, trial // 2]
            if (k == i) | (k == j) | (a[k] > t) | (b[k] > t):
                continue
            c = D[k]
            holds = True
            for x in range(n):
                s = max(t, max(a[x], b[x]))
                if s < np.inf and c[x] > s and x != i and x != j and x != k:
                    holds = False
                    break
            if holds:
                D[i, j] = D[j, i] = np.inf
                gone += 1
                break
    return gone
