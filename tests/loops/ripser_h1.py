"""H1 with cocycles and birth edges straight from ripser, so that tests of `loops` do not depend on our engines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ripser import ripser
from scipy.spatial.distance import pdist, squareform


@dataclass
class Feature:
    birth: float
    death: float
    edge: tuple[int, int]
    cocycle: np.ndarray


def h1(D, coeff=47):
    """Features of degree 1, longest first.

    ripser is given the ranks of the edges in the order (length, i, j) in place of their lengths: then ties are broken
    as everywhere in the package, births name their edge, and float32 loses nothing.
    """
    i, j = np.triu_indices(len(D), 1)
    order = np.lexsort((j, i, D[i, j]))
    ranks = np.zeros(D.shape)
    ranks[i[order], j[order]] = np.arange(1, len(order) + 1)
    result = ripser(ranks + ranks.T, distance_matrix=True, coeff=coeff, do_cocycles=True)
    features = []
    for bar, cocycle in zip(result["dgms"][1].astype(int), result["cocycles"][1], strict=True):
        (b, d) = order[bar - 1]
        birth, death = D[i[b], j[b]], D[i[d], j[d]]
        if death > birth:
            features.append(Feature(birth, death, (int(i[b]), int(j[b])), cocycle.astype(np.int64)))
    return sorted(features, key=lambda f: f.birth - f.death)


def circle(n, sigma=0.0, seed=0, dim=2):
    """Return the true angles and the distances of `n` equidistant points on the unit circle with noise."""
    angle = 2 * np.pi * np.arange(n) / n
    X = np.zeros((n, dim))
    X[:, 0], X[:, 1] = np.cos(angle), np.sin(angle)
    return angle, distances(X + sigma * np.random.default_rng(seed).standard_normal(X.shape))


def distances(X):
    return squareform(pdist(X))
