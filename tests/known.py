"""Spaces and graphs whose answer is a theorem."""

import numpy as np
import scipy.sparse as sp


def path_graph(n):
    """Effective resistance |i - j|."""
    A = sp.diags_array([np.ones(n - 1), np.ones(n - 1)], offsets=[-1, 1])
    i = np.arange(n)
    return sp.csr_array(A), np.abs(i[:, None] - i[None]).astype(float)


def cycle_graph(n):
    """Effective resistance k (n - k) / n at k steps."""
    i = np.arange(n)
    A = sp.csr_array((np.ones(2 * n), (np.r_[i, (i + 1) % n], np.r_[(i + 1) % n, i])), shape=(n, n))
    k = np.abs(i[:, None] - i[None])
    return A, k * (n - k) / n


def complete_graph(n):
    """Effective resistance 2 / n."""
    off = 1.0 - np.eye(n)
    return sp.csr_array(off), 2 / n * off


def star_graph(leaves):
    """Effective resistance 1 to the centre (vertex 0), 2 between leaves: a tree."""
    n = leaves + 1
    A = np.zeros((n, n))
    A[0, 1:] = A[1:, 0] = 1
    R = np.full((n, n), 2.0)
    R[0], R[:, 0] = 1, 1
    np.fill_diagonal(R, 0)
    return sp.csr_array(A), R


def complete_bipartite_graph(a, b):
    """Effective resistance 2/b within the a side, 2/a within the b side, (a + b - 1)/(a b) across."""
    side = np.r_[np.zeros(a, bool), np.ones(b, bool)]
    across = side[:, None] != side[None]
    R = np.where(across, (a + b - 1) / (a * b), np.where(side[:, None], 2 / a, 2 / b))
    np.fill_diagonal(R, 0)
    return sp.csr_array(across.astype(float)), R


RESISTANCES = {
    "path": path_graph(9),
    "cycle": cycle_graph(10),
    "odd cycle": cycle_graph(7),
    "complete": complete_graph(8),
    "star": star_graph(6),
    "complete bipartite": complete_bipartite_graph(3, 5),
}


def polygon(n):
    """Vertices of a regular n-gon in the unit circle: one loop, born at 2 sin(pi/n), dying at 2 sin(pi ceil(n/3) / n)."""
    angle = 2 * np.pi * np.arange(n) / n
    birth, death = 2 * np.sin(np.pi / n), 2 * np.sin(np.pi * -(-n // 3) / n)
    return np.column_stack([np.cos(angle), np.sin(angle)]), birth, death


def projective_plane():
    """Distances whose Rips complex from 1 to below 2 is the projective plane: H1 = Z/2 over Z/2 and 0 over Z/3.

    The barycentric subdivision of the six-vertex triangulation is a flag complex, so a Rips complex can have its edges
    (distance 1) without filling anything else in; all other pairs are at distance 2.
    """
    faces = [
        (1, 2, 4),
        (1, 2, 6),
        (1, 3, 4),
        (1, 3, 5),
        (1, 5, 6),
        (2, 3, 5),
        (2, 3, 6),
        (2, 4, 5),
        (3, 4, 6),
        (4, 5, 6),
    ]
    edges = sorted({e for f in faces for e in ((f[0], f[1]), (f[0], f[2]), (f[1], f[2]))})
    simplices = [frozenset(s) for s in [(v,) for v in range(1, 7)] + edges + faces]
    D = np.full((len(simplices), len(simplices)), 2.0)
    for a, s in enumerate(simplices):
        for b, t in enumerate(simplices):
            if s < t or t < s:
                D[a, b] = 1.0
    np.fill_diagonal(D, 0)
    return D


def flat_torus(m):
    """Distances of an m x m grid on the flat torus (integers, many ties): two loops, one void."""
    i = np.arange(m)
    step = np.minimum((i[:, None] - i[None]) % m, (i[None] - i[:, None]) % m)
    rows, cols = np.divmod(np.arange(m * m), m)
    return np.sqrt(step[np.ix_(rows, rows)] ** 2.0 + step[np.ix_(cols, cols)] ** 2)


def octahedron():
    """Distances of the six vertices of an octahedron: H2 born at sqrt(2), dying at 2."""
    P = np.vstack([np.eye(3), -np.eye(3)])
    return np.linalg.norm(P[:, None] - P[None], axis=2)
