"""Slow twins: the obvious version of every fast kernel."""

import itertools

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components


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


def resistance_after_steps(A, steps):
    """Return (p_i - p_j)' L+ (p_i - p_j), p the walk after some steps; between components twice the largest within one."""
    n, d = len(A), A.sum(axis=1)
    spread = np.linalg.matrix_power(A / d[:, None], steps)
    reached = np.linalg.matrix_power(np.eye(n) + (A > 0), n) > 0
    gap = (spread[:, None] - spread[None]).reshape(n * n, n)
    current = np.linalg.pinv(np.diag(d) - A, hermitian=True)
    R = np.einsum("ij,ij->i", gap @ current, gap).reshape(n, n)
    return np.where(reached, R, 2 * R[reached].max())


def diffusion_by_definition(A, t):
    """Return the diffusion distance from a power of the transition matrix."""
    d = A.sum(axis=1)
    P = np.linalg.matrix_power(A / d[:, None], t)
    gap = P[:, None] - P[None]
    return np.sqrt(d.sum() * (gap**2 / d).sum(axis=2))


def persistence_by_reduction(D, threshold=np.inf):
    """Return H0 and H1 over Z/2 by reducing the boundary matrix of every edge and triangle up to the threshold."""
    n = len(D)
    edges = [(D[i, j], i, j) for i in range(n) for j in range(i + 1, n) if D[i, j] <= threshold]
    edges.sort()
    place = {(i, j): e for e, (_, i, j) in enumerate(edges)}
    triangles = []
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                sides = [place.get(side) for side in ((i, j), (i, k), (j, k))]
                if None not in sides:
                    triangles.append(sorted(sides, reverse=True))
    triangles.sort()

    def pairs(columns):
        """Pivot (largest row) and number of every reduced column that is not zero."""
        reduced, out = {}, {}
        for c, column in enumerate(columns):
            column = set(column)
            while column and max(column) in reduced:
                column ^= reduced[max(column)]
            if column:
                reduced[max(column)] = column
                out[max(column)] = c
        return out

    merged = pairs([(i, j) for _, i, j in edges])
    killed = pairs(triangles)
    h0 = [(0.0, edges[merged[v]][0] if v in merged else np.inf) for v in range(n)]
    joins = set(merged.values())
    h1 = [
        (edges[e][0], edges[triangles[killed[e]][0]][0] if e in killed else np.inf)
        for e in range(len(edges))
        if e not in joins
    ]
    return tuple(
        np.array(sorted(((b, d) for b, d in bars if d > b), key=lambda bar: (bar[0] - bar[1], bar[0]))).reshape(-1, 2)
        for bars in (h0, h1)
    )


def voids_by_reduction(D, threshold=np.inf):
    """Return H2 over Z/2 by reducing the boundary matrices of every triangle and tetrahedron up to the threshold."""
    n = len(D)

    def simplices(size):
        """Return those up to the threshold, by length, then vertices; a face never comes after what it is a face of."""
        found = []
        for corners in itertools.combinations(range(n), size):
            length = max(D[i, j] for i, j in itertools.combinations(corners, 2))
            if length <= threshold:
                found.append((length, corners))
        return sorted(found)

    triangles, tetrahedra = simplices(3), simplices(4)
    edges = {corners: e for e, (_, corners) in enumerate(simplices(2))}
    place = {corners: t for t, (_, corners) in enumerate(triangles)}

    def reduce(columns):
        reduced = {}
        zero = []
        for c, column in enumerate(columns):
            column = set(column)
            while column and max(column) in reduced:
                column ^= reduced[max(column)][0]
            if column:
                reduced[max(column)] = column, c
            else:
                zero.append(c)
        return zero, {low: c for low, (_, c) in reduced.items()}

    def faces(corners, where):
        return [where[face] for face in itertools.combinations(corners, len(corners) - 1)]

    births, _ = reduce([faces(corners, edges) for _, corners in triangles])
    _, killed = reduce([faces(corners, place) for _, corners in tetrahedra])
    bars = [(triangles[t][0], tetrahedra[killed[t]][0] if t in killed else np.inf) for t in births]
    return np.array([(b, d) for b, d in bars if d > b]).reshape(-1, 2)


def is_boundary(D, edges, scale):
    """Return whether edges (i, j), i < j, are a sum over Z/2 of boundaries of triangles up to the scale."""
    n = len(D)
    reduced = {}

    def reduce(column):
        while column and max(column) in reduced:
            column = column ^ reduced[max(column)]
        return column

    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                if max(D[i, j], D[i, k], D[j, k]) <= scale:
                    column = reduce(frozenset({(i, j), (i, k), (j, k)}))
                    if column:
                        reduced[max(column)] = column
    return not reduce(frozenset(edges))


def shortest_paths_by_relaxing(lengths):
    """Return the lengths of shortest paths; infinity marks a missing edge, and a missing path."""
    D = np.array(lengths, dtype=float)
    np.fill_diagonal(D, 0)
    for k in range(len(D)):
        D = np.minimum(D, D[:, k, None] + D[None, k])
    return D


def meeting_time_by_bisection(f, g, d, xi):
    """Return the first time at which balls of radius (t^xi - f^xi)^(1/xi) and (t^xi - g^xi)^(1/xi) meet, at least f and g."""

    def radius(t, f):
        return t if np.isinf(xi) else max(t**xi - f**xi, 0.0) ** (1 / xi)

    low, high = max(f, g), max(f, g) + d
    if radius(low, f) + radius(low, g) >= d:
        return low
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if radius(middle, f) + radius(middle, g) >= d else (middle, high)
    return high


def entropy_of_weights(squares, beta):
    """Return the entropy of weights proportional to exp(-beta squares)."""
    w = np.exp(-beta * (squares - squares.min()))
    w = w[w > 0] / w.sum()
    return -(w * np.log(w)).sum()


def dense_affinities(L):
    """Return affinities whose logarithms are stored: exp of the stored entries, 0 elsewhere."""
    A = np.zeros(L.shape)
    A[np.repeat(np.arange(L.shape[0]), np.diff(L.indptr)), L.indices] = np.exp(L.data)
    return A


def directions_by_double_cover(A, i, j):
    """Return signs of the edges i -> j such that triangles sum to zero, as components of the double cover, or None.

    The two copies of what is coloured are the families of half-edges; a family hangs together where the far ends of its
    half-edges do. Of two colours the one that holds the first family is 1.
    """
    e = len(i)
    towards, away = np.concatenate([j, i]), np.concatenate([i, j])
    family = np.full(2 * e, -1)
    families = 0
    for v in range(len(A)):
        members = np.flatnonzero(towards == v)
        _, part = connected_components(sp.csr_array(A[np.ix_(away[members], away[members])]), directed=False)
        family[members] = families + part
        families += int(part.max(initial=-1)) + 1
    first, second = family[:e], family[e:]
    ends = (np.concatenate([first, first + families]), np.concatenate([second + families, second]))
    cover = sp.coo_array((np.ones(2 * e), ends), shape=(2 * families, 2 * families))
    _, label = connected_components(cover, directed=False)
    if (label[:families] == label[families:]).any():
        return None
    return np.where(label[:families] < label[families:], 1, -1)[first]


def triangle_sums(A, i, j, values, edges):
    """Return what the cochain sums to round every triangle at some of its edges."""
    n = len(A)
    dense = np.zeros((n, n), dtype=int)
    np.add.at(dense, (i, j), values)
    np.add.at(dense, (j, i), -values)
    return [values[e] + dense[j[e], k] + dense[k, i[e]] for e in edges for k in range(n) if A[i[e], k] and A[j[e], k]]


def path_before(D, i, j):
    """Return the shortest path from i to j > i among the edges before i j, or None; of equals settled first by index."""
    n = len(D)
    before = np.array([[(D[a, b], min(a, b), max(a, b)) < (D[i, j], i, j) for b in range(n)] for a in range(n)])
    shortest, previous, left = np.full(n, np.inf), np.full(n, -1), set(range(n))
    shortest[j] = 0
    while left:
        u = min(left, key=lambda v: (shortest[v], v))
        if np.isinf(shortest[u]):
            return None
        if u == i:
            break
        left.remove(u)
        for v in left:
            if before[u, v] and shortest[u] + D[u, v] < shortest[v]:
                shortest[v], previous[v] = shortest[u] + D[u, v], u
    path = [i]
    while path[-1] != j:
        path.append(int(previous[path[-1]]))
    return path


def tsne_forces(P, Y):
    """Return t-SNE's sums over all other points, one pair at a time: attraction, repulsion times Z, and phi."""
    n, d = Y.shape
    attraction, repulsion, mass = np.zeros((n, d)), np.zeros((n, d)), np.zeros(n)
    for i, j in itertools.permutations(range(n), 2):
        phi = 1 / (1 + ((Y[i] - Y[j]) ** 2).sum())
        attraction[i] += P[i, j] * phi * (Y[i] - Y[j])
        repulsion[i] += phi**2 * (Y[i] - Y[j])
        mass[i] += phi
    return attraction, repulsion, mass


def momentum_step(gradient, Y, update, gains, rate, momentum, most):
    """Return layout, last step and gains after a step of openTSNE's optimiser; all (n, d)."""
    flipped = np.sign(update) != np.sign(gradient)
    gains = np.where(flipped, gains + 0.2, gains * 0.8 + 0.01)
    update = momentum * update - rate * gains * gradient
    length = np.linalg.norm(update, axis=1, keepdims=True)
    update = np.where(length > most, update * most / np.maximum(length, 1e-300), update)
    Y = Y + update
    return Y - Y.mean(axis=0), update, gains


def atlas_forces(A, Y):
    """Return ForceAtlas2's forces, one pair at a time."""
    mass = (A > 0).sum(axis=1) + 1
    force = np.zeros_like(Y)
    for i, j in itertools.permutations(range(len(Y)), 2):
        apart = Y[i] - Y[j]
        force[i] -= A[i, j] * apart
        if apart.any():
            force[i] += 2 * mass[i] * mass[j] * apart / (apart**2).sum()
    return force


def majorise(D, Y):
    """Return the Guttman transform of a layout, and its stress before it."""
    n = len(Y)
    B, stress = np.zeros((n, n)), 0.0
    for i, j in itertools.permutations(range(n), 2):
        length = np.linalg.norm(Y[i] - Y[j])
        stress += (length - D[i, j]) ** 2 / 2
        if length > 0:
            B[i, j] = -D[i, j] / length
    B -= np.diag(B.sum(axis=1))
    return B @ Y / n, stress
