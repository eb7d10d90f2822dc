"""Farthest points: a few of many points, and a proven bound on what persistent homology loses with the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.distances.lookup import pairs, restrict, rows

LANDMARK_ROWS = 256


@dataclass(frozen=True, eq=False, repr=False)
class Landmarks:
    """Some of n points that stand for all of them.

    Attributes
    ----------
    indices : (m,) int64, the landmarks in the order of choice: the first k of them are the landmarks for m = k.
    assignment : (n,) int64, the place in `indices` of the landmark that each point is assigned to, its nearest.
    radius : the largest distance of a point from its landmark, the covering radius; see `farthest_points` for the metric.
    bound : proven bound on the bottleneck distance between the Rips diagrams of all points and of the landmarks, when
        lengths of edges are in the metric (the root of implicit distances, whether they themselves are roots or not).
    least_degree : the bound holds for diagrams of this degree and above: 0, or 1 for implicit distances with an offset.
    """

    indices: IntArray
    assignment: IntArray
    radius: float
    bound: float
    least_degree: int

    def __repr__(self) -> str:
        m, n = len(self.indices), len(self.assignment)
        return f"Landmarks({m} of {n}, radius {self.radius:.4g}, bound {self.bound:.4g} from H{self.least_degree} on)"


def farthest_points(points: ImplicitDistances | FloatArray, n_landmarks: int, *, start: int = 0) -> Landmarks:
    """Choose landmarks one by one, each the point farthest from those before (ties: the smallest index).

    The covering radius is at most twice the smallest that m points can have (Gonzalez 1985). O(n m) time, O(n + m c)
    memory beside the points; the same for the same `start`.

    Parameters
    ----------
    points : (n, c) coordinates, in the Euclidean metric; or implicit distances, then in that of their coordinates with the
        root of the offset as one more: |t_i - t_j|^2 + (sqrt kappa_i - sqrt kappa_j)^2.
    n_landmarks : how many, at most n.
    start : the first landmark.

    Returns
    -------
    Landmarks
        With the distances among the landmarks from `restrict(points, landmarks.indices)`.

    Raises
    ------
    InputError : for numbers that are out of range, or coordinates that are not finite numbers.

    Notes
    -----
    *Coordinates.* The bottleneck distance in every degree is at most 2 radius: pair every point x with its landmark l(x).
    By the triangle inequality |d(x, y) - d(l(x), l(y))| <= 2 radius for all x, y, so the simplices of length r of one side
    have length at most r + 2 radius on the other, both ways, and that interleaves the two filtrations (Chazal, de Silva,
    Oudot, Persistence stability for geometric complexes, 2014, Theorem 5.2 with Proposition 4.2; the argument needs no
    metric, only the bound on the difference).

    *Implicit distances.* With offsets d(x, y)^2 = |t_x - t_y|^2 + kappa_x + kappa_y for x != y is again a Euclidean metric
    (each point has an axis of its own), but no two points are nearer than their offsets, so in d the covering radius
    stays large when the loops have long been served well. What counts is that for l(x) != l(y)

        |d(x, y) - d(l(x), l(y))| <= rho_x + rho_y,   rho_x^2 = |t_x - t_l(x)|^2 + (sqrt kappa_x - sqrt kappa_l(x))^2,

    for d(x, y) is the norm of (|t_x - t_y|, sqrt kappa_x, sqrt kappa_y), and (a, b, 0) + (a', 0, b') has at most the sum of
    the norms. Points of one landmark l are compared with copies of l that are s_l = sqrt(2 kappa_l) apart, with the
    same result. Copies that are no farther apart than l from every other landmark change no homology in degree 1 and
    above: before length s_l each is alone, from then on any two have the same neighbours. Where s_l is more, it is
    lowered by what it exceeds, g_l. The bound is 2 radius + max g_l, for degrees of at least 1.

    *Corrections* are on few pairs, so the difference is evaluated for each pair that has one; a pair of landmarks that
    has one also stands for pairs that have none, so its share is added. With corrections d need not be a metric, and the
    bound is proven all the same, but corrections make it larger.
    """
    implicit = points if isinstance(points, ImplicitDistances) else None
    if implicit is None:
        X = _check.points(points)
        implicit = ImplicitDistances(X, np.zeros(len(X)))
    n = len(implicit)
    m = _check.positive_int(n_landmarks, "n_landmarks")
    if m > n:
        raise _check.InputError(
            Argument("n_landmarks", m), f" is more than the {n} points there are. Pass {n} or fewer."
        )
    first = _check.positive_int(start, "start", least=0)
    if first >= n:
        raise _check.InputError(Argument("start", first), f" must be one of the {n} points, 0 to {n - 1}.")
    from spectral_ph.distances import _implicit

    extra = np.sqrt(implicit.offset)
    nearest, assignment = np.full(n, np.inf), np.zeros(n, np.int64)
    indices = np.empty(m, np.int64)
    for number in range(m):
        indices[number] = first if number == 0 else int(nearest.argmax())
        _implicit.draw_nearer(implicit.coordinates, extra, int(indices[number]), number, nearest, assignment)
    radius = float(np.sqrt(max(nearest.max(), 0.0)))
    if not implicit.offset.any() and implicit.correction is None:
        return Landmarks(indices, assignment, radius, 2 * radius, 0)
    return Landmarks(indices, assignment, radius, _bound(implicit, indices, assignment, radius), 1)


def _bound(implicit: ImplicitDistances, indices: IntArray, assignment: IntArray, radius: float) -> float:
    """Return the bound of `farthest_points` for offsets and corrections."""
    if len(indices) == len(implicit):
        return 0.0
    metric = ImplicitDistances(implicit.coordinates, implicit.offset, implicit.correction, root=True)
    chosen = restrict(metric, indices)
    shared = np.bincount(assignment, minlength=len(indices)) > 1
    spread = np.where(shared, np.sqrt(2 * chosen.offset), 0.0)
    nearest = np.full(len(indices), np.inf)
    for begin in range(0, len(indices), LANDMARK_ROWS):
        block = np.arange(begin, min(len(indices), begin + LANDMARK_ROWS))
        D = rows(chosen, block)
        D[np.arange(len(block)), block] = np.inf
        nearest[block] = D.min(axis=1)
    lowered = float(np.maximum(spread - nearest, 0.0).max())
    difference = 2 * radius
    if metric.correction is not None and chosen.correction is not None:
        i, j = (index.astype(np.int64) for index in chosen.correction.nonzero())
        stands = shared[i] | shared[j]
        plain = ImplicitDistances(chosen.coordinates, chosen.offset, root=True)
        share = np.abs(pairs(plain, i, j) - pairs(chosen, i, j))[stands]
        difference += float(share.max(initial=0.0))
        i, j = (index.astype(np.int64) for index in metric.correction.nonzero())
        at_i, at_j = assignment[i], assignment[j]
        there = np.where(at_i == at_j, spread[at_i], pairs(chosen, at_i, at_j))
        difference = max(difference, float(np.abs(pairs(metric, i, j) - there).max(initial=0.0)))
    return difference + lowered
