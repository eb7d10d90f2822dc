"""Theorems on circular coordinates: once round the loop, the same for every labelling, the angle on a circle."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_ph import _check
from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.loops import _lift, coordinates, smoothing
from spectral_ph.loops.coordinates import (
    SPACINGS,
    CircularCoordinate,
    LiftError,
    Way,
    circular_agreement,
    circular_coordinate,
    circular_coordinates,
    to_ranks,
)
from spectral_ph.loops.cycles import representative_cycle
from tests import naive
from tests.loops.ripser_h1 import circle, distances, h1

seeds = st.integers(0, 2**32 - 1)
angles = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-10, 10))


def coordinate(D, feature, coeff=47, **options):
    return circular_coordinate(D, feature.cocycle, feature.birth, feature.death, coeff, **options)


def turns(phase, cycle):
    """How often the phase goes round along the cycle, taking each step the short way."""
    steps = np.diff(phase[np.append(cycle, cycle[0])])
    return np.angle(np.exp(1j * steps)).sum() / (2 * np.pi)


@given(seeds, st.integers(30, 90), st.floats(0, 0.25), st.sampled_from([47, 127]))
@settings(deadline=None, max_examples=30)
def test_the_phase_goes_once_round_the_loop(seed, n, sigma, coeff):
    _, D = circle(n, sigma, seed)
    feature = h1(D, coeff)[0]
    result = coordinate(D, feature, coeff)
    assert abs(turns(result.phase, representative_cycle(D, feature.edge))) == pytest.approx(1)


@pytest.mark.parametrize(("sigma", "least"), [(0.0, 0.99999), (0.1, 0.98), (0.25, 0.9)])
def test_the_phase_of_a_noisy_circle_is_its_angle(sigma, least):
    angle, D = circle(300, sigma, seed=1, dim=3)
    result = coordinate(D, h1(D)[0])
    assert circular_agreement(result.phase, angle) > least
    assert result.domain.all()
    assert (result.phase >= 0).all()
    assert (result.phase < 2 * np.pi).all()
    assert result.residual < 1e-12


def test_on_a_regular_polygon_at_birth_the_phase_advances_evenly():
    n = 24
    _, D = circle(n)
    # Rounding makes the sides differ in the last digits, and at birth the longest is just there.
    feature = h1(D)[0]
    result = coordinate(D, feature, at=0.0)
    assert result.scale == feature.birth
    assert circular_agreement(result.phase, 2 * np.pi * np.arange(n) / n) == pytest.approx(1)
    # n edges, each a turn / n.
    assert result.energy == pytest.approx(1 / n)


@given(seeds)
@settings(deadline=None, max_examples=20)
def test_relabelling_the_points_only_turns_the_circle(seed):
    _, D = circle(60, sigma=0.15, seed=seed)
    order = np.random.default_rng(seed).permutation(60)
    here, there = (coordinate(E, h1(E)[0]) for E in (D, D[np.ix_(order, order)]))
    np.testing.assert_array_equal(there.domain, here.domain[order])
    # A point outside the domain may be equally near to two of its points.
    inside = there.domain
    assert circular_agreement(there.phase[inside], here.phase[order][inside]) == pytest.approx(1)


@given(seeds, st.integers(1, 46))
@settings(deadline=None, max_examples=20)
def test_a_multiple_of_the_cocycle_gives_the_same_phase(seed, factor):
    _, D = circle(50, sigma=0.15, seed=seed)
    feature = h1(D)[0]
    one = coordinate(D, feature)
    feature.cocycle[:, 2] = feature.cocycle[:, 2] * factor % 47
    assert circular_agreement(coordinate(D, feature).phase, one.phase) == pytest.approx(1)


def test_adding_a_coboundary_changes_nothing():
    _, D = circle(40, sigma=0.1)
    feature = h1(D)[0]
    one = coordinate(D, feature)
    dense = np.zeros((40, 40), dtype=int)
    i, j, value = feature.cocycle.T
    dense[i, j], dense[j, i] = value, -value
    f = np.arange(40) == 7
    i, j = np.triu_indices(40, 1)
    feature.cocycle = np.column_stack([i, j, (dense[i, j] + f[j] - f[i]) % 47])
    two = coordinate(D, feature)
    assert circular_agreement(two.phase, one.phase) == pytest.approx(1)
    assert two.energy == pytest.approx(one.energy)


def test_rows_longer_than_the_scale_are_dropped():
    _, D = circle(40, sigma=0.05)
    feature = h1(D)[0]
    one = coordinate(D, feature, at=0.5)
    far = np.argwhere(np.triu(one.scale < D))
    extra = [row for row in far.tolist() if row not in feature.cocycle[:, :2].tolist()]
    feature.cocycle = np.vstack([feature.cocycle, [[i, j, 5] for i, j in extra]])
    np.testing.assert_array_equal(coordinate(D, feature, at=0.5).phase, one.phase)


def test_points_not_connected_to_the_loop_copy_the_nearest_phase():
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * np.arange(50) / 50
    X = np.vstack([np.column_stack([np.cos(angle), np.sin(angle)]), [5, 0] + 0.1 * rng.standard_normal((6, 2))])
    D = distances(X)
    result = coordinate(D, h1(D)[0])
    np.testing.assert_array_equal(result.domain, np.arange(56) < 50)
    np.testing.assert_array_equal(result.phase[50:], result.phase[D[50:, :50].argmin(axis=1)])


def test_a_component_on_which_the_cocycle_is_a_coboundary_is_outside_the_domain():
    angle = 2 * np.pi * np.arange(30) / 30
    X = np.vstack([np.column_stack([np.cos(angle), np.sin(angle)]), [[9, 0], [9.1, 0], [9.2, 0.1]]])
    D = distances(X)
    feature = h1(D)[0]
    one = coordinate(D, feature)
    # The coboundary of the point 31.
    feature.cocycle = np.vstack([feature.cocycle, [[30, 31, 1], [32, 31, 1]]])
    two = coordinate(D, feature)
    np.testing.assert_array_equal(two.domain, np.arange(33) < 30)
    np.testing.assert_allclose(two.phase, one.phase)


def test_each_loop_of_a_figure_eight_has_its_own_coordinate():
    angle = 2 * np.pi * np.arange(60) / 60
    left = np.column_stack([np.cos(angle) - 1, np.sin(angle)])
    right = 1.2 * np.column_stack([1 - np.cos(angle[1:]), np.sin(angle[1:])])
    D = distances(np.vstack([left, right]))
    features = h1(D)[:2]
    wound = [
        [abs(round(turns(coordinate(D, f).phase, representative_cycle(D, g.edge)))) for g in features] for f in features
    ]
    assert wound == [[1, 0], [0, 1]]


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("sparse_share", [0.0, 1.0])
def test_conjugate_gradients_agree_with_cholesky(monkeypatch, sparse_share, spacing):
    _, D = circle(200, sigma=0.15)
    feature = h1(D)[0]
    direct = [coordinate(D, feature, at=at, spacing=spacing) for at in (0.0, 0.9)]
    monkeypatch.setattr(smoothing, "LARGEST_DENSE", 0)
    monkeypatch.setattr(smoothing, "SPARSE_SHARE", sparse_share)
    iterative = [coordinate(D, feature, at=at, spacing=spacing) for at in (0.0, 0.9)]
    for a, b in zip(direct, iterative, strict=True):
        np.testing.assert_array_equal(a.domain, b.domain)
        np.testing.assert_allclose(np.exp(1j * a.phase), np.exp(1j * b.phase), atol=1e-7)
        assert b.residual < smoothing.TOLERANCE


def test_a_solver_that_stops_early_warns_and_says_so_in_the_result(monkeypatch):
    _, D = circle(100, sigma=0.1)
    monkeypatch.setattr(smoothing, "LARGEST_DENSE", 0)
    monkeypatch.setattr(smoothing, "MAX_ITERATIONS", 2)
    with pytest.warns(
        SpectralWarning, match=r"^the circular coordinate is exact only to a relative residual of .*, not"
    ):
        result = coordinate(D, h1(D)[0])
    assert result.residual > smoothing.TOLERANCE


# Spacing


def uneven_ring(n, amplitude, r=0.2):
    """Return angles of density (1 + amplitude cos) / 2 pi, their even shares, their distances along the circle, and a cocycle.

    The cocycle is 1 on the edges that cross the angle 0; it lives on edges shorter than a third of a turn.
    """
    share = 2 * np.pi * np.arange(n) / n
    angle = share.copy()
    for _ in range(60):
        angle = angle - (angle + amplitude * np.sin(angle) - share) / (1 + amplitude * np.cos(angle))
    apart = np.abs(angle[:, None] - angle)
    D = np.minimum(apart, 2 * np.pi - apart)
    i, j = np.nonzero((angle[:, None] > 4) & (angle < 2) & (r >= D))
    return angle, share, D, np.column_stack([i, j, np.ones(len(i), dtype=int)])


@pytest.mark.parametrize("iterative", [False, True])
def test_in_one_dimension_length_gives_arc_length_and_cells_an_even_share(monkeypatch, iterative):
    """Slopes go as rho^(2a - 2): 1 for a = 1, rho for a = 3/2, rho^-2 for a = 0."""
    if iterative:
        monkeypatch.setattr(smoothing, "LARGEST_DENSE", 0)
    monkeypatch.setitem(SPACINGS, "cells", Way(1.5))  # the weights alone
    angle, share, D, cocycle = uneven_ring(1200, 0.6)
    length, cells, edges = circular_coordinates(D, cocycle, 0.01, 0.2, 47, ("length", "cells", "edges"), at=0.99)
    assert circular_agreement(length.phase, angle) > 0.999
    assert circular_agreement(cells.phase, share) > 0.999
    # the integral of (1 + .6 cos)^-2
    fine = np.linspace(0, 2 * np.pi, 20001)
    slope = (1 + 0.6 * np.cos(fine)) ** -2
    flow = np.interp(angle, fine, np.cumsum(slope)) / slope.sum() * 2 * np.pi
    assert circular_agreement(edges.phase, flow) > 0.999
    assert circular_agreement(edges.phase, share) < 0.9


@pytest.mark.parametrize("amplitude", [0.3, 0.6, 0.8])
def test_cells_share_a_ring_of_known_density_evenly(amplitude):
    _, share, D, cocycle = uneven_ring(800, amplitude)
    result = circular_coordinate(D, cocycle, 0.01, 0.2, 47, at=0.99)
    assert circular_agreement(result.phase, share) > 0.995
    counts = np.histogram(result.phase, 36, (0, 2 * np.pi))[0]
    assert counts.max() < 1.6 * 800 / 36


def test_on_an_even_ring_all_spacings_are_the_same():
    n = 60
    _, D = circle(n)
    feature = h1(D)[0]
    for spacing in SPACINGS:
        assert (
            circular_agreement(coordinate(D, feature, spacing=spacing).phase, 2 * np.pi * np.arange(n) / n) > 1 - 1e-12
        )


@given(seeds, st.integers(40, 90), st.floats(0, 0.2))
@settings(deadline=None, max_examples=20)
def test_spacing_by_cells_gives_no_arc_more_than_twice_its_even_share(seed, n, sigma):
    _, D = circle(n, sigma, seed)
    phase = coordinate(D, h1(D)[0], spacing="cells").phase
    assert SPACINGS["cells"].share == 0.5
    for bins in (5, 36):
        assert np.histogram(phase, bins, (0, 2 * np.pi))[0].max() <= 2 * n / bins + 2


@given(seeds, st.integers(40, 90), st.floats(0, 0.2), st.sampled_from(sorted(SPACINGS)))
@settings(deadline=None, max_examples=20)
def test_every_spacing_goes_once_round_and_has_the_same_domain(seed, n, sigma, spacing):
    _, D = circle(n, sigma, seed)
    feature = h1(D)[0]
    plain, result = (coordinate(D, feature, spacing=s) for s in ("edges", spacing))
    assert abs(turns(result.phase, representative_cycle(D, feature.edge))) == pytest.approx(1)
    np.testing.assert_array_equal(result.domain, plain.domain)
    assert result.energy >= plain.energy * (1 - 1e-9)
    assert result.spacing == spacing


@given(seeds, st.sampled_from([0.0, 1.0, 1.5]), st.sampled_from([0.0, 0.2, 1.0]))
@settings(deadline=None, max_examples=30)
def test_smoothing_is_weighted_least_squares(seed, exponent, least):
    """A slow twin: numpy's least squares on the list of edges."""
    rng = np.random.default_rng(seed)
    n = 14
    A = np.triu(rng.random((n, n)) < 0.5, 1)
    A |= np.eye(n, k=1, dtype=bool)
    i, j = np.nonzero(A)
    A |= A.T
    values = rng.integers(-1, 2, len(i)).astype(float)
    f, domain, energy, residual = smoothing.smooth(A, [np.ones(n, dtype=bool)], i, j, values, exponent, least)
    d = np.maximum(A.sum(axis=1), least * np.median(A.sum(axis=1)))
    root = (d[i] * d[j]) ** (-exponent / 2)
    difference = np.zeros((len(i), n))
    difference[np.arange(len(i)), j] = 1
    difference[np.arange(len(i)), i] = -1
    twin = np.linalg.lstsq(root[:, None] * difference, root * values, rcond=None)[0]
    np.testing.assert_allclose(f, twin - twin.mean(), atol=1e-9)
    if domain.any():
        assert energy == pytest.approx(((values - difference @ f) ** 2).sum())
        assert residual < 1e-12


def test_all_spacings_at_once_are_those_one_by_one():
    _, D = circle(80, sigma=0.1)
    f = h1(D)[0]
    for one in circular_coordinates(D, f.cocycle, f.birth, f.death, 47, tuple(SPACINGS)):
        np.testing.assert_array_equal(one.phase, coordinate(D, f, spacing=one.spacing).phase)


def test_an_unknown_spacing_is_refused():
    _, D = circle(40)
    with pytest.raises(InputError, match="cell"):
        coordinate(D, h1(D)[0], spacing="cell")


def test_an_infinite_death_takes_the_threshold_instead():
    _, D = circle(40, sigma=0.05)
    f = h1(D)[0]
    result = circular_coordinate(D, f.cocycle, f.birth, np.inf, 47, threshold=f.birth + 0.5, at=0.8)
    assert result.scale == pytest.approx(f.birth + 0.4)
    assert abs(turns(result.phase, representative_cycle(D, f.edge))) == pytest.approx(1)


def test_the_scale_stays_below_a_death_next_to_the_birth():
    assert coordinates._scale(1.0, np.nextafter(1.0, 2.0), 0.9, None) == 1.0


def test_the_distances_and_the_cocycle_are_left_as_they_were():
    _, D = circle(40, sigma=0.05)
    f = h1(D)[0]
    before, rows = D.copy(), f.cocycle.copy()
    coordinate(D, f)
    np.testing.assert_array_equal(D, before)
    np.testing.assert_array_equal(f.cocycle, rows)


def test_the_result_prints_in_one_line():
    _, D = circle(12)
    assert re.fullmatch(
        r"CircularCoordinate\(n=12, 12 in the domain, scale 1\.\d+, lifted from Z/47, spaced by cells, residual \S+\)",
        repr(coordinate(D, h1(D)[0])),
    )


# A triangle whose three edges are there: 1 + 1 + 1 is 0 in Z/3 and not in Z.
TRIANGLE = np.ones((3, 3)) - np.eye(3)
ROUND = np.array([[0, 1, 1], [1, 2, 1], [2, 0, 1]])


def test_a_cocycle_that_does_not_lift_asks_for_another_prime():
    sentence = (
        "the cocycle over Z/3 does not lift to the integers, as happens for single primes. Compute the "
        "persistence with another prime, for example coeff=47."
    )
    with pytest.raises(LiftError, match=f"^{re.escape(sentence)}$"):
        circular_coordinate(TRIANGLE, ROUND, 1.0, 2.0, 3)


def test_values_that_are_no_cocycle_are_refused():
    sentence = (
        "the values do not sum to zero modulo 47 round a triangle of the complex at this scale, so they are "
        "not a cocycle. Pass the cocycle, birth, death and coeff of one feature, with the distances they come "
        "from."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$") as caught:
        circular_coordinate(TRIANGLE, ROUND, 1.0, 2.0, 47)
    assert not isinstance(caught.value, LiftError)


def test_a_cocycle_of_another_scale_is_refused():
    _, D = circle(40, sigma=0.05)
    f = h1(D)[0]
    with pytest.raises(InputError):
        circular_coordinate(D, f.cocycle, f.birth, 1.5 * f.death, 47)


@given(seeds, st.sampled_from([2, 3, 5]))
@settings(deadline=None, max_examples=40)
def test_lifting_fails_exactly_if_some_triangle_does_not_sum_to_zero(seed, p):
    # A coboundary modulo p is a cocycle; its least residues often do not lift.
    rng = np.random.default_rng(seed)
    n = 12
    A = np.triu(rng.random((n, n)) < 0.7, 1)
    i, j = np.nonzero(A)
    A |= A.T
    f = rng.integers(0, p, n)
    residues = (f[j] - f[i]) % p
    values = np.where(2 * residues > p, residues - p, residues)
    dense = np.zeros((n, n), dtype=int)
    dense[i, j], dense[j, i] = values, -values
    lifts = all(
        dense[a, b] + dense[b, c] + dense[c, a] == 0
        for a in range(n)
        for b in range(n)
        for c in range(n)
        if A[a, b] and A[b, c] and A[c, a]
    )
    if lifts:
        coordinates._check_triangles(A, i, j, values.astype(float), p)
    else:
        with pytest.raises(LiftError):
            coordinates._check_triangles(A, i, j, values.astype(float), p)


def random_graph(rng, n):
    """Return a graph and the edges i < j of some of its pairs, or all of those of a cut (a coboundary over Z/2)."""
    A = np.triu(rng.random((n, n)) < rng.choice([0.2, 0.5, 0.9]), 1)
    i, j = np.nonzero(A)
    side = rng.integers(0, 2, n)
    # Of a cut the edges are a cocycle; some edges beside it are mostly none, and then there may be no colouring.
    taken = side[i] != side[j]
    if rng.random() < 0.3:
        taken ^= rng.random(len(i)) < 0.1
    return A | A.T, i[taken], j[taken]


@given(seeds, st.integers(2, 14))
@settings(deadline=None)
def test_the_directions_of_a_cocycle_are_those_of_their_slow_twin(seed, n):
    A, i, j = random_graph(np.random.default_rng(seed), n)
    sign = np.zeros(len(i), dtype=np.int64)
    expected = naive.directions_by_double_cover(A, i, j)
    assert _lift.directions(A, i, j, sign) == (expected is not None)
    if expected is not None:
        np.testing.assert_array_equal(sign, expected)


@given(seeds, st.integers(3, 12), st.sampled_from([2, 3, 5, 47]))
@settings(deadline=None)
def test_the_sums_round_triangles_are_those_of_their_slow_twin(seed, n, p):
    rng = np.random.default_rng(seed)
    A, i, j = random_graph(rng, n)
    f = rng.integers(0, p, n)
    values = rng.choice([f[j] - f[i], (f[j] - f[i]) % p, rng.integers(-p, p, len(i))])
    edges = np.flatnonzero(rng.random(len(i)) < 0.7)
    sums = naive.triangle_sums(A, i, j, values, edges)
    expected = 2 if any(s % p for s in sums) else 1 if any(sums) else 0
    assert _lift.triangles(A, i, j, values, edges, p, np.zeros(A.shape, dtype=np.int32)) == expected


SQUARE = np.array([[0.0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (
            ([[0, 9, 1]], 1.0, 2.0, 47),
            {},
            "the cocycle names points from 0 to 9, but the distances are between 4 points. Pass the distances "
            "that the cocycle was computed from.",
        ),
        (
            (np.empty((0, 3)), 1.0, 2.0, 47),
            {},
            "the cocycle describes no loop at scale 1.9: there it is zero or a coboundary. Pass the birth, "
            "death and cocycle of one and the same feature.",
        ),
        (
            ([[0, 1, 1], [0, 3, 1]], 1.0, 2.0, 47),
            {},
            "the cocycle describes no loop at scale 1.9: there it is zero or a coboundary. Pass the birth, "
            "death and cocycle of one and the same feature.",
        ),
        (
            ([[0, 1, 1]], 1.0, np.inf, 47),
            {},
            (
                "a feature that never dies needs the largest length that its diagram was computed to. Pass it as "
                "threshold."
            ),
        ),
        (([[0, 1, 1]], 1.0, np.inf, 47), {"threshold": 0.5}, "threshold must be at least 1, not 0.5."),
        (
            ([[0, 1, 1]], 1.0, 2.0, 47),
            {"at": 1},
            "at must be less than 1, because the loop is filled in at its death. Pass at=0.9.",
        ),
        (([[0, 1, 1]], 1.0, 2.0, 47), {"at": -0.1}, "at must be between 0 and 1, not -0.1."),
        (
            ([[0, 1, 1]], 2.0, 2.0, 47),
            {},
            "a feature must die after its birth, but birth is 2 and death is 2.",
        ),
        (
            ([[0, 1, 1]], 1.0, 2.0, 46),
            {},
            "coeff must be a prime below 32768, not 46: homology is taken over the field Z/coeff.",
        ),
    ],
)
def test_errors_are_sentences(arguments, options, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        circular_coordinate(SQUARE, *arguments, **options)


def test_too_large_is_said_before_it_is_tried(monkeypatch):
    monkeypatch.setattr(_check, "available_memory", lambda: 100)
    with pytest.raises(
        _check.TooLargeError, match=r"^the circular coordinate of 4 points would take about 0\.0 GiB of memory"
    ):
        circular_coordinate(SQUARE, [[0, 1, 1]], 1.0, 2.0, 47)


def test_the_square_is_the_smallest_loop():
    result = circular_coordinate(SQUARE, [[0, 1, 1]], 1.0, 2.0, 47)
    assert isinstance(result, CircularCoordinate)
    assert abs(turns(result.phase, [0, 1, 2, 3])) == pytest.approx(1)
    assert result.energy == pytest.approx(1 / 4)


@given(angles, st.floats(-10, 10), st.sampled_from([1, -1]))
def test_agreement_is_1_for_rotations_and_reflections(a, shift, sign):
    assert circular_agreement(a, sign * a + shift) == pytest.approx(1)


@given(angles, seeds)
def test_agreement_is_symmetric_and_between_0_and_1(a, seed):
    b = np.random.default_rng(seed).uniform(0, 7, len(a))
    assert circular_agreement(a, b) == pytest.approx(circular_agreement(b, a))
    assert 0 <= circular_agreement(a, b) <= 1


def test_agreement_of_the_even_circle_with_its_double_is_0():
    a = 2 * np.pi * np.arange(50) / 50
    assert circular_agreement(a, 2 * a) == pytest.approx(0, abs=1e-12)


@given(angles)
def test_ranks_keep_the_order_and_are_spread_evenly(a):
    ranks = to_ranks(a)
    wrapped = np.mod(a, 2 * np.pi)
    assert ((ranks >= 0) & (ranks < 2 * np.pi)).all()
    np.testing.assert_array_equal(ranks[:, None] < ranks, wrapped[:, None] < wrapped)
    assert ranks.sum() == pytest.approx(np.pi * (len(a) - 1))


@given(angles, st.randoms(use_true_random=False))
def test_ranks_go_with_their_points(a, random):
    order = random.sample(range(len(a)), len(a))
    np.testing.assert_array_equal(to_ranks(a[order]), to_ranks(a)[order])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ([0.0, 1.0], [0.0]),
            "a and b must be angles of the same points, not 2 and 1 angles. Pass two phases of equal length.",
        ),
        (
            ([], []),
            "a must hold one finite angle in radians for each point, not an array of shape (0,) with 0 "
            "non-finite entries.",
        ),
        (
            ([0.0, 1.0], [0.0, np.nan]),
            "b must hold one finite angle in radians for each point, not an array of shape (2,) with 1 "
            "non-finite entries.",
        ),
    ],
)
def test_angles_are_checked(arguments, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        circular_agreement(*arguments)
