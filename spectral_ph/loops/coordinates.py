"""Circular coordinates: an angle for every point, from a cocycle of degree 1.

A cocycle over Z/p is lifted to the integers and smoothed: a function f on the points is sought whose differences
f_j - f_i are nearest to the cocycle in the sense of least squares. What is left of the cocycle then is small on every
edge, so that f modulo 1 advances slowly along the edges and still turns once where the loop does. The phase is 2 pi f.

How fast it advances depends on the weights of the squares. f is a flow round the loop: it is steep where little conducts.
Where the points are rho dense, a cross-section holds about rho^2 edges. So with equal weights f is steep where points are
rare, as rho^-2, and nearly all of them share one phase. Weights (d_i d_j)^-a, d the degree at that scale, make it
rho^(2 a - 2): the arc length with a = 1, and an even share of the points with a = 3/2 (`SPACINGS`). At a thin place that
leaves a short steep piece, for a ring is no line, so the last spacing is then drawn half-way to the ranks.

Source: de Silva, Morozov, Vejdemo-Johansson, Persistent cohomology and circular coordinates, Discrete Comput. Geom. 45,
2011; sections 2 and 3. Weights against uneven density: compare Paik, Kim, arXiv 2301.12742; these are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import BoolArray, FloatArray, IntArray, Spacing
from spectral_ph.loops.cycles import cocycle_rows
from spectral_ph.loops.smoothing import TOLERANCE, smooth

TRIANGLES_TESTED = 2**21
SAME_PHASE = 1e-8


class Way(NamedTuple):
    """How a phase is spread: the exponent a of the weights, and what is done where that is not enough.

    Degrees below `least` times the median count as that: a few points with a handful of edges would outweigh all others.
    `share` is how far the phase is then drawn to its ranks, 0 to 1: no arc holds more than 1 / `share` times its even share.
    """

    exponent: float
    least: float = 0.0
    share: float = 0.0


SPACINGS: dict[Spacing, Way] = {"cells": Way(1.5, 0.2, 0.5), "length": Way(1.0), "edges": Way(0.0)}
"""Evenly over points, over arc length, or as least squares without weights has it (docs/decisions/0008-phase.md)."""


class LiftError(_check.InputError):
    """The cocycle over Z/coeff is not the reduction of an integer cocycle that has the least residues as its values."""


@dataclass(frozen=True, eq=False, repr=False)
class CircularCoordinate:
    """An angle for every point, along one loop.

    Attributes
    ----------
    phase : (n,) float64, radians in [0, 2 pi). Zero and direction are arbitrary.
    domain : (n,) bool
        Points of those connected components, at `scale`, in which the loop lies. Elsewhere the phase is copied from the
        nearest point of the domain.
    scale : the filtration value at which the coordinate was computed, in the unit of the distances.
    coeff : the prime whose cocycle was lifted.
    energy : square sum of the smoothed cocycle over the edges, without weights, in turns squared; least for
        spacing="edges". A coordinate that goes round exists only if it is positive.
    residual : |L f - b| / |b| of the normal equations that were solved; about 1e-15 for the direct solver.
    spacing : how the phase is spread, a key of `SPACINGS`.
    """

    phase: FloatArray
    domain: BoolArray
    scale: float
    coeff: int
    energy: float
    residual: float
    spacing: Spacing

    def __repr__(self) -> str:
        return (
            f"CircularCoordinate(n={len(self.phase)}, {int(self.domain.sum())} in the domain, scale {self.scale:.3g}, "
            f"lifted from Z/{self.coeff}, spaced by {self.spacing}, residual {self.residual:.1g})"
        )


def circular_coordinate(
    D: FloatArray,
    cocycle: ArrayLike,
    birth: float,
    death: float,
    coeff: int,
    *,
    at: float = 0.9,
    threshold: float | None = None,
    spacing: Spacing = "cells",
) -> CircularCoordinate:
    """Return the circular coordinate of one feature of degree 1.

    Parameters
    ----------
    D : (n, n), distances: symmetric to the last bit, non-negative.
    cocycle : (m, 3) int, rows i, j, value in Z/coeff: the value on the edge i -> j, the negative on j -> i. A cocycle
        on every scale from birth to death (tested on two million triangles at most); rows for edges longer than the
        scale are dropped. A multiple of a cocycle gives the same phase: the multiple with the smallest values is lifted.
    birth, death : of the feature, in the unit of `D`; death may be inf, then `threshold` is needed.
    coeff : the prime p of the field Z/p over which the cocycle was computed.
    at : where between birth (0) and death (1) the complex is taken, 0 <= at < 1. Default 0.9: late complexes have many
        edges, so that the noise of single points averages out.
    threshold : the largest length that the diagram was computed to; it takes the place of an infinite death.
    spacing : how the phase is spread along the loop. "cells" (default): equal steps hold about equally many points, and
        none more than twice its even share. "length": equal steps are about equally long. "edges": as least squares
        without weights has it, which crosses thin places in large steps.

    Returns
    -------
    CircularCoordinate

    Raises
    ------
    LiftError : the lifted values do not sum to zero round some triangle, so another prime is needed.
    InputError : an argument is out of range, or at that scale the values are no cocycle, or a coboundary, which
        describes no loop.
    TooLargeError : the graph at that scale does not fit in memory.

    Warns
    -----
    SpectralWarning : the iterative solver stopped before it reached a residual of 1e-10.

    Notes
    -----
    With A the graph of the edges no longer than the scale, d its degrees and w_ij = A_ij (d_i d_j)^-a, f solves L f = b: L is
    the Laplacian of w, and b_j the sum of w times the cocycle over the edges i -> j. These are the normal equations of
    min sum w_ij (a_ij - f_j + f_i)^2, and the phase is 2 pi f modulo 2 pi. With spacing="cells" a is 3/2, degrees below a
    fifth of the median count as that, and the phase is the mean of 2 pi f and its ranks. The equations are solved for each
    component by Cholesky's method, above 2,000 points by conjugate gradients.
    """
    return circular_coordinates(D, cocycle, birth, death, coeff, (spacing,), at=at, threshold=threshold)[0]


def circular_coordinates(
    D: FloatArray,
    cocycle: ArrayLike,
    birth: float,
    death: float,
    coeff: int,
    spacings: Sequence[Spacing],
    *,
    at: float = 0.9,
    threshold: float | None = None,
) -> list[CircularCoordinate]:
    """Return the circular coordinate of one feature under several spacings; the cocycle is lifted once.

    Parameters
    ----------
    D, cocycle, birth, death, coeff, at, threshold : as for `circular_coordinate`.
    spacings : keys of `SPACINGS`.

    Returns
    -------
    list of CircularCoordinate, one for each spacing.

    Raises
    ------
    LiftError, InputError, TooLargeError : as `circular_coordinate`.
    """
    coeff = _check.prime(coeff)
    for spacing in spacings:
        _check.one_of(spacing, SPACINGS, "spacing")
    scale = _scale(birth, death, at, threshold)
    n = len(D)
    rows = cocycle_rows(cocycle)
    if len(rows) and not 0 <= rows[:, :2].min() <= rows[:, :2].max() < n:
        raise _check.InputError(
            f"the cocycle names points from {rows[:, :2].min()} to {rows[:, :2].max()}, but the distances are "
            f"between {n} points. Pass the distances that the cocycle was computed from."
        )
    # One byte an edge for the graph, eight for its Laplacian.
    _check.memory(9.0 * n**2, f"the circular coordinate of {n} points", "Compute it on a subset of the points.")
    A = _graph_at(D, scale)
    rows = rows[A[rows[:, 0], rows[:, 1]] & (rows[:, 2] % coeff != 0)]
    if len(rows) == 0:
        raise _trivial(scale)
    i, j = rows[:, 0], rows[:, 1]
    values = _lift(rows[:, 2], coeff)
    _check_triangles(A, i, j, values, coeff)
    components = _components(A, i)
    found = []
    for spacing in spacings:
        way = SPACINGS[spacing]
        f, domain, energy, residual = smooth(A, components, i, j, values, way.exponent, way.least)
        if not domain.any():
            raise _trivial(scale)
        if residual > TOLERANCE:
            _check.warn(
                f"the circular coordinate is exact only to a relative residual of {residual:.1g}, not {TOLERANCE:g}, "
                "because its solver stopped early. A larger ",
                Argument("at"),
                " makes the graph denser and the equations easier.",
            )
        phase = 2 * np.pi * np.mod(f, 1.0)
        phase[phase >= 2 * np.pi] = 0.0  # a tiny negative f is 1.0 modulo 1
        if way.share:
            # Both rise once round the circle, so their mean does too: the order and the winding stay.
            phase[domain] = (1 - way.share) * phase[domain] + way.share * _ranks(phase[domain])
        phase[~domain] = phase[domain][D[np.ix_(~domain, domain)].argmin(axis=1)]
        found.append(CircularCoordinate(phase, domain, scale, coeff, energy, residual, spacing))
    return found


def orient(
    D: FloatArray, cocycle: ArrayLike, birth: float, death: float, *, at: float = 0.9, threshold: float | None = None
) -> IntArray:
    """Lift a cocycle over Z/2 to the integers by giving each of its edges a direction.

    An integer cocycle whose values are 0 and +-1 and whose reduction is the given one is sought, on the complex at the
    scale at which `circular_coordinate` works. In a triangle with two edges of the cocycle, i j and k j, their values must
    cancel, so both run towards j or both away from it. Hence the neighbours of j in the cocycle that hang together in the
    graph share a sign towards j, each edge has opposite signs towards its two ends, and what is left is a colouring
    with two colours; it exists or not, and where it exists every triangle sums to zero.

    Parameters
    ----------
    D : (n, n), distances.
    cocycle : (m, 3) int, rows i, j, 1: a cocycle over Z/2 on every scale from birth to death.
    birth, death, at, threshold : as for `circular_coordinate`.

    Returns
    -------
    (c, 3) int64, rows i, j, +1 or -1: the value on i -> j. Where the edges fall into families that share no triangle, the
    direction of each family is arbitrary, so check the value on a cycle of the class.

    Raises
    ------
    LiftError : if there is no such colouring.
    InputError : if no edge of the cocycle is in the complex.
    TooLargeError : if the graph at that scale does not fit in memory.
    """
    from spectral_ph.loops import _lift as kernels

    scale = _scale(birth, death, at, threshold)
    rows = cocycle_rows(cocycle)
    n = len(D)
    _check.memory(1.0 * n**2, f"the complex of {n} points at one scale", "Compute it on a subset of the points.")
    A = _graph_at(D, scale)
    rows = rows[A[rows[:, 0], rows[:, 1]]]
    if len(rows) == 0:
        raise _trivial(scale)
    i, j = np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])
    sign = np.empty(len(rows), dtype=np.int64)
    if not kernels.directions(A, i, j, sign):
        raise LiftError(
            "the cocycle over Z/2 has no integer lift with values 0 and +-1 at this scale. Compute it over "
            "another prime: pass ",
            Argument("engine", "ripser"),
            " and ",
            Argument("coeff", 47),
            ".",
        )
    return np.column_stack([i, j, sign])


def _graph_at(D: FloatArray, scale: float) -> BoolArray:
    """Return which pairs are at most `scale` apart."""
    # As a float64 scalar it is compared in double precision whatever D is; a Python float would be rounded to float32.
    A = np.less_equal(D, np.float64(scale))
    np.fill_diagonal(A, False)
    return A


def circular_agreement(a: ArrayLike, b: ArrayLike) -> float:
    """Return how well two circular coordinates of the same points agree, up to rotation and direction.

    It is the larger of |mean exp(i(a - b))| and |mean exp(i(a + b))|: 1 if one is a rotation or reflection of the
    other, about 1 / sqrt(n) if they are unrelated and evenly spread. Two concentrated coordinates agree whatever they
    mean, so pass them through `to_ranks` first.

    Parameters
    ----------
    a, b : (n,), radians.

    Returns
    -------
    float in [0, 1].

    Raises
    ------
    InputError : `a` and `b` are not equally many finite angles, at least one.
    """
    a, b = _angles(a, "a"), _angles(b, "b")
    if len(a) != len(b):
        raise _check.InputError(
            f"a and b must be angles of the same points, not {len(a)} and {len(b)} angles. Pass two phases of "
            "equal length."
        )
    # Rounding can pass 1 in the last digit.
    return float(min(1.0, max(abs(np.exp(1j * (a - b)).mean()), abs(np.exp(1j * (a + b)).mean()))))


def to_ranks(angle: ArrayLike) -> FloatArray:
    """Spread angles evenly over the circle, keeping their cyclic order.

    Parameters
    ----------
    angle : (n,), radians.

    Returns
    -------
    (n,) float64, radians in [0, 2 pi) : 2 pi rank / n, rank counting from 0 at the angle 0; equal angles share the
        mean of their ranks, so that the result does not depend on the order of the points.

    Raises
    ------
    InputError : `angle` is not one or more finite numbers.

    Examples
    --------
    >>> to_ranks([3.0, 0.1, 3.0, 6.0]) / np.pi
    array([0.75, 0.  , 0.75, 1.5 ])
    """
    angle = np.mod(_angles(angle, "angle"), 2 * np.pi)
    _, inverse, counts = np.unique(angle, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(2 * np.pi * ranks[inverse] / len(angle), dtype=np.float64)


def _ranks(phase: FloatArray) -> FloatArray:
    """Return `to_ranks`, where points that only rounding tells apart share a rank too."""
    order = np.argsort(phase, kind="stable")
    group = np.empty(len(phase))
    group[order] = np.cumsum(np.diff(phase[order], prepend=phase[order[0]]) > SAME_PHASE)
    return to_ranks(2 * np.pi * group / (group.max() + 1))


def _scale(birth: float, death: float, at: float, threshold: float | None) -> float:
    """Return the filtration value at which the complex is taken, birth <= scale < death."""
    birth, death = _check.real(birth, "birth", least=0.0), _check.real(death, "death")
    at = _check.real(at, "at", least=0.0, most=1.0)
    if at == 1.0:
        raise _check.InputError(
            Argument("at"),
            " must be less than 1, because the loop is filled in at its death. Pass ",
            Argument("at", 0.9),
            ".",
        )
    if not birth < death:
        raise _check.InputError(f"a feature must die after its birth, but birth is {birth:g} and death is {death:g}.")
    if np.isfinite(death):
        # In a very short interval rounding can reach the death itself.
        return float(min(birth + at * (death - birth), np.nextafter(death, birth)))
    if threshold is None or not np.isfinite(threshold):
        raise _check.InputError(
            "a feature that never dies needs the largest length that its diagram was computed to. Pass it as ",
            Argument("threshold"),
            ".",
        )
    return birth + at * (_check.real(threshold, "threshold", least=birth) - birth)


def _lift(values: IntArray, p: int) -> FloatArray:
    """Return the integers in (-p/2, p/2] of that multiple of `values` whose absolute sum is smallest.

    A multiple of a cocycle is as good over Z/p, but its integers would go round the circle several times. The generator
    that is sought has 1 among its values, so the inverses of the values that occur are tried; (m,) in, (m,) out.
    """
    occurring, inverse, counts = np.unique(values % p, return_inverse=True, return_counts=True)
    best, smallest = occurring, np.inf
    for value in occurring.tolist():
        residues = occurring * pow(value, -1, p) % p
        lifted = np.where(2 * residues > p, residues - p, residues)
        if (total := float(np.abs(lifted) @ counts)) < smallest:
            best, smallest = lifted, total
    return best[inverse].astype(np.float64)


def _check_triangles(A: BoolArray, i: IntArray, j: IntArray, values: FloatArray, p: int) -> None:
    """Raise LiftError unless the lifted values sum to zero round every triangle of the graph `A`.

    Modulo p they do for a cocycle. Three values below p/3 cannot reach p, so only triangles at an edge of at least
    p/3 can fail: with p = 47 there is hardly ever one to look at. Whether they are one is tested at these edges and at as
    many others as make TRIANGLES_TESTED triangles.
    """
    from spectral_ph.loops import _lift as kernels

    n, m = len(A), len(values)
    sample = np.linspace(0, m - 1, min(m, max(1, TRIANGLES_TESTED // n))).astype(np.int64)
    edges = np.union1d(np.flatnonzero(np.abs(values) * 3 >= p), sample)
    ends = np.ascontiguousarray(i), np.ascontiguousarray(j)
    found = kernels.triangles(A, *ends, values.astype(np.int64), edges, p, np.zeros((n, n), dtype=np.int32))
    if found == 2:
        raise _check.InputError(
            f"the values do not sum to zero modulo {p} round a triangle of the complex at this scale, so they "
            "are not a cocycle. Pass the cocycle, birth, death and coeff of one feature, with the distances "
            "they come from."
        )
    if found == 1:
        raise LiftError(
            f"the cocycle over Z/{p} does not lift to the integers, as happens for single primes. Compute the "
            "persistence with another prime, for example ",
            Argument("coeff", 47 if p != 47 else 53),
            ".",
        )


def _components(A: BoolArray, start: IntArray) -> list[BoolArray]:
    """Return the connected components of the graph `A` that hold a point of `start`, each as an (n,) mask."""
    found: list[BoolArray] = []
    left = np.ones(len(A), dtype=bool)
    for s in np.unique(start).tolist():
        if not left[s]:
            continue
        component = np.zeros(len(A), dtype=bool)
        frontier = np.array([s])
        while len(frontier):
            component[frontier] = True
            frontier = np.flatnonzero(A[frontier].any(axis=0) & ~component)
        left &= ~component
        found.append(component)
    return found


def _trivial(scale: float) -> _check.InputError:
    return _check.InputError(
        f"the cocycle describes no loop at scale {scale:g}: there it is zero or a coboundary. Pass the birth, "
        "death and cocycle of one and the same feature."
    )


def _angles(angle: ArrayLike, name: str) -> FloatArray:
    array: FloatArray = np.asarray(_check.numbers(angle, name), dtype=np.float64)
    if array.ndim != 1 or len(array) == 0 or not np.isfinite(array).all():
        raise _check.InputError(
            Argument(name),
            f" must hold one finite angle in radians for each point, not an array of shape {array.shape} with "
            f"{int((~np.isfinite(array)).sum())} non-finite entries.",
        )
    return array
