"""Slow twins: the obvious version of every fast kernel."""

import numpy as np


def nearest_by_sorting(X, k):
    """Return indices and distances of the k nearest of each point, ties by index, the point itself left out."""
    n, d = X.shape
    indices, distances = np.empty((n, k), np.int64), np.empty((n, k))
    for i in range(n):
        squares = np.zeros(n)
        for f in range(d):  # in the order of the coordinates, as the kernel adds them
            squares += (X[i, f] - X[:, f]) ** 2
        order = [j for j in np.lexsort((np.arange(n), squares)) if j != i][:k]
        indices[i], distances[i] = order, np.sqrt(squares[order])
    return indices, distances


def resistance_by_pseudo_inverse(A, corrected=True):
    """Return the (corrected) effective resistance from numpy's pseudo-inverse, one component after the other."""
    n, d = len(A), A.sum(axis=1)
    reached = np.linalg.matrix_power(np.eye(n) + (A > 0), n) > 0
    R = np.zeros((n, n))
    for first in {int(np.flatnonzero(row)[0]) for row in reached}:
        part = np.flatnonzero(reached[first])
        B = A[np.ix_(part, part)]
        L = np.linalg.pinv(np.diag(B.sum(axis=1)) - B, hermitian=True)
        R[np.ix_(part, part)] = np.add.outer(np.diag(L), np.diag(L)) - 2 * L
    R[~reached] = 2 * R[reached].max()
    if corrected:
        loops = np.diag(A) / d**2
        R = R - np.add.outer(1 / d, 1 / d) + 2 * A / np.outer(d, d) - np.add.outer(loops, loops)
    np.fill_diagonal(R, 0)
    return R


def diffusion_by_definition(A, t):
    """Return the diffusion distance from a power of the transition matrix."""
    d = A.sum(axis=1)
    P = np.linalg.matrix_power(A / d[:, None], t)
    gap = P[:, None] - P[None]
    return np.sqrt(d.sum() * (gap**2 / d).sum(axis=2))
