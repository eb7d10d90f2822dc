"""Slow twins of the kernels of contrastive embeddings: the obvious version of each."""

import itertools
import math

import numpy as np

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Draws:
    """The random numbers of a head in an epoch."""

    def __init__(self, seed, epoch, head):
        self.state = mix(mix((seed + GOLDEN * (epoch + 1)) & MASK) ^ (GOLDEN * (head + 1) & MASK))

    def below(self, n):
        drawn = ((mix(self.state) >> 32) * n) >> 32
        self.state = (self.state + GOLDEN) & MASK
        return drawn

    def other(self, n, i):
        k = self.below(n - 1)
        return k + 1 if k >= i else k


def times(w, epoch):
    return math.floor((epoch + 1) * w) - math.floor(epoch * w)


class Forces:
    """q and the two forces, from the formulas of the papers."""

    def __init__(self, kind, a=1.0, b=1.0, floor=0.0, eps=1.0, temperature=0.5):
        self.kind, self.a, self.b, self.floor, self.eps, self.temperature = kind, a, b, floor, eps, temperature

    def q(self, X):
        return 1 / (self.eps + X) if self.kind == "cauchy" else math.exp((1 - X / 2) / self.temperature)

    def steepness(self, X):
        return 2 / (self.eps + X) if self.kind == "cauchy" else 1 / self.temperature

    def pull(self, X, c):
        if self.kind == "power":
            return 2 * self.a * self.b * X ** (self.b - 1) / (1 + self.a * X**self.b)
        return self.steepness(X) * (1 - self.q(X) / (self.q(X) + c))

    def push(self, X, c):
        if self.kind == "power":
            return 2 * self.b / ((self.floor + X) * (1 + self.a * X**self.b))
        if self.kind == "cauchy":
            return 2 / ((self.floor + self.eps + X) * (1 + c * (self.eps + X)))
        return self.steepness(X) * self.q(X) / (self.q(X) + c)


class Mover:
    """A copy of the points, whose rows move along edges and away from negatives."""

    def __init__(self, Y, forces):
        self.Y, self.forces = Y, forces

    def distance(self, i, other):
        return float(((self.Y[i] - other) ** 2).sum())

    def settle(self, i):
        if self.forces.kind == "cosine":
            self.Y[i] /= np.linalg.norm(self.Y[i])

    def pull(self, i, other, g, step):
        share = 2 * step * g / (1 + 4 * step * g)
        self.Y[i] += np.clip(share * (other - self.Y[i]), -8 * step, 8 * step)
        self.settle(i)

    def push(self, i, other, g, step):
        self.Y[i] += step * np.clip(g * (self.Y[i] - other), -4, 4)
        self.settle(i)


def epoch_of_pairs(Y, A, forces, c, m, rate, repulsion, step, seed, epoch, blocks, learns=False):
    """Return the layout and the noise after an epoch of UMAP (rate None), Neg-t-SNE or NC-t-SNE."""
    n = len(Y)
    mover = Mover(Y.copy(), forces)
    for block in range(blocks):
        frozen = mover.Y.copy()
        slope = curvature = 0.0
        for i in range(block * n // blocks, (block + 1) * n // blocks):
            drawn = [j for j in range(n) if A[i, j] > 0 for _ in range(times(A[i, j], epoch))]
            if not A[i].any():
                continue
            meetings = m * len(drawn) if rate is None else times(rate, epoch)
            draws, met = Draws(seed, epoch, i), 0
            for done, j in enumerate(drawn or [None], start=1):
                if j is not None:
                    X = mover.distance(i, frozen[j])
                    f = forces.q(X) / (forces.q(X) + c) if learns else 0
                    slope, curvature = slope + 1 - f, curvature + f * (1 - f)
                    mover.pull(i, frozen[j], forces.pull(X, c), step)
                while met < meetings * done // max(len(drawn), 1):
                    met += 1
                    k = draws.below(n)
                    if k == i:
                        continue
                    X = mover.distance(i, frozen[k])
                    f = forces.q(X) / (forces.q(X) + c) if learns else 0
                    slope, curvature = slope - f, curvature + f * (1 - f)
                    mover.push(i, frozen[k], forces.push(X, c) if X > 0 else 0.0, repulsion * step)
        if learns and curvature > 0:
            c *= math.exp(-step * min(max(slope / curvature, -1), 1))
    return mover.Y, c


def epoch_of_choices(Y, A, forces, m, rho, joint, step, seed, epoch, blocks):
    """Return the layout after an epoch of InfoNC-t-SNE."""
    n = len(Y)
    mover, edges = Mover(Y.copy(), forces), np.argwhere(A > 0)
    scale = len(edges) / A.sum()
    for block in range(blocks):
        frozen = mover.Y.copy()

        def q(i, j, frozen=frozen):
            return forces.q(float(((frozen[i] - frozen[j]) ** 2).sum()))

        def strangers(draws, m, q=q):
            pairs = []
            for _ in range(m):
                h = draws.below(n)
                pairs.append((h, draws.other(n, h)))
            return sum(q(h, k) for h, k in pairs)

        for i in range(block * n // blocks, (block + 1) * n // blocks):
            drawn = [j for j in range(n) if A[i, j] > 0 for _ in range(times(A[i, j], epoch))]
            if not A[i].any():
                continue
            draws, met, meetings = Draws(seed, epoch, i), 0, times(A.sum() / n, epoch)
            for done, j in enumerate(drawn or [None], start=1):
                if j is not None:
                    X = mover.distance(i, frozen[j])
                    mine = forces.q(X)
                    if joint:
                        of_head = of_tail = strangers(draws, m)
                    else:
                        negatives = [draws.other(n, i) for _ in range(m)]
                        of_head = sum(forces.q(mover.distance(i, frozen[k])) for k in negatives)
                        for k in negatives:
                            X_k = mover.distance(i, frozen[k])
                            g = forces.q(X_k) / (mine + of_head) / rho * forces.steepness(X_k)
                            mover.push(i, frozen[k], g, step)
                        of_tail = sum(q(j, draws.other(n, j)) for _ in range(m))
                    chosen = (mine / (mine + of_head) + mine / (mine + of_tail)) / 2
                    mover.pull(i, frozen[j], (1 - chosen / rho) * forces.steepness(X), step)
                while met < meetings * done // max(len(drawn), 1):
                    met += 1
                    h, t = edges[draws.below(len(edges))]
                    if joint:
                        k = draws.other(n, i)
                        rest, places = strangers(draws, m - 1), 2 * m
                    else:
                        k, places = h, m * n / (n - 1)
                        rest = sum(q(h, draws.other(n, h)) for _ in range(m - 1))
                        if h == i:
                            continue
                    X = mover.distance(i, frozen[k])
                    mine = forces.q(X)
                    g = mine / (q(h, t) + rest + mine) * forces.steepness(X)
                    mover.push(i, frozen[k], g, A[h, t] * scale * places / rho * step)
    return mover.Y


def similarities(Y, kernel="cauchy", eps=1.0, temperature=0.5):
    """Return the (n, n) similarities with a zero diagonal."""
    if kernel == "cosine":
        U = Y / np.linalg.norm(Y, axis=1, keepdims=True)
        Q = np.exp(U @ U.T / temperature)
    else:
        Q = 1 / (eps + ((Y[:, None] - Y[None]) ** 2).sum(axis=2) + np.eye(len(Y)))
    np.fill_diagonal(Q, 0)
    return Q


def pair_loss(P, Y, c, m, **kernel):
    """Return the loss of Neg-t-SNE."""
    n = len(Y)
    Q = similarities(Y, **kernel)[~np.eye(n, dtype=bool)]
    p = P[~np.eye(n, dtype=bool)]
    return float((p * np.log(1 + c / Q)).sum() + m / (n * (n - 1)) * np.log(1 + Q / c).sum())


def choice_loss(P, Y, rho, joint, **kernel):
    """Return the loss of InfoNC-t-SNE with all negatives."""
    Q = similarities(Y, **kernel)
    edges = P > 0
    rest = np.log(Q.sum()) if joint else (P.sum(axis=1) * np.log(Q.sum(axis=1))).sum()
    return float(-(P[edges] * np.log(Q[edges])).sum() + rest / rho)


def choice_loss_of_samples(P, Y, rho, joint, m, **kernel):
    """Return the expected loss of InfoNC-t-SNE with m negatives, over all that can be drawn."""
    n, Q = len(Y), similarities(Y, **kernel)
    pairs = [(h, k) for h in range(n) for k in range(n) if h != k]
    total = 0.0
    for i, j in np.argwhere(P > 0):
        places = pairs if joint else [(i, k) for k in range(n) if k != i]
        drawn = [Q[i, j] + sum(Q[pair] for pair in chosen) for chosen in itertools.product(places, repeat=m)]
        total += P[i, j] * (-np.log(Q[i, j]) + np.log(drawn).mean() / rho)
    return float(total)


def central_differences(function, Y, h=1e-5):
    """Return the gradient of a function of the layout."""
    G = np.empty(Y.shape)
    for place in np.ndindex(Y.shape):
        E = np.zeros(Y.shape)
        E[place] = h
        G[place] = (function(Y + E) - function(Y - E)) / (2 * h)
    return G
