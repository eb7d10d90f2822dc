"""How well two loops agree: laws first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_ph.loops.agreement import (
    Carried,
    agreements,
    carry,
    spread_like,
    tube_agreement,
    turned,
    weighted_ranks,
    winding,
)
from spectral_ph.loops.coordinates import circular_agreement, to_ranks

ANGLES = hnp.arrays(np.float64, st.integers(3, 60), elements=st.floats(0, 6.28))
seeds = st.integers(0, 2**32 - 1)


def loop(seed, n=80):
    rng = np.random.default_rng(seed)
    return Carried(rng.uniform(0, 2 * np.pi, n), rng.uniform(size=n))


@given(ANGLES)
def test_ranks_with_equal_weights_are_the_ranks(angle):
    difference = weighted_ranks(angle, np.ones(len(angle))) - to_ranks(angle)
    np.testing.assert_allclose(difference, difference[0], atol=1e-9)


@given(seeds)
def test_a_point_of_weight_two_counts_as_two_points(seed):
    rng = np.random.default_rng(seed)
    angle, weight = rng.uniform(0, 6, 20), rng.integers(1, 4, 20).astype(float)
    twice = weighted_ranks(np.repeat(angle, weight.astype(int)), np.ones(int(weight.sum())))
    np.testing.assert_allclose(np.unique(weighted_ranks(angle, weight)), np.unique(twice), atol=1e-9)


@given(seeds, st.floats(0, 6.28), st.booleans())
def test_agreement_sees_no_rotation_no_mirror_and_no_speed(seed, turn, mirror):
    a = loop(seed)
    moved = np.mod((-1 if mirror else 1) * a.phase + turn, 2 * np.pi)
    # ranks are of one cut; a uniform phase moved by a rotation has the same cyclic order
    b = Carried(moved, a.weight)
    assert tube_agreement(a, b) == pytest.approx(1.0, abs=1e-9)
    slow = Carried(a.phase + 0.8 * np.sin(a.phase), a.weight)
    assert tube_agreement(a, slow) == pytest.approx(1.0, abs=1e-9)


@given(seeds, seeds)
def test_agreement_is_symmetric_and_between_0_and_1(first, second):
    a, b = loop(first), loop(second)
    assert tube_agreement(a, b) == pytest.approx(tube_agreement(b, a), abs=1e-12)
    assert 0 <= tube_agreement(a, b) <= 1


def test_with_whole_tubes_it_is_the_circular_agreement_of_ranks():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2 * np.pi, 200)
    y = x + rng.normal(0, 0.7, 200)
    one = np.ones(200)
    expected = circular_agreement(to_ranks(x), to_ranks(np.mod(y, 2 * np.pi)))
    assert tube_agreement(Carried(x, one), Carried(np.mod(y, 2 * np.pi), one)) == pytest.approx(expected, abs=1e-9)


def test_tubes_apart_do_not_agree_and_unrelated_angles_hardly():
    a, b = loop(0), loop(1)
    left = np.arange(80) < 40
    assert tube_agreement(Carried(a.phase, left * 1.0), Carried(a.phase, ~left * 1.0)) == 0.0
    assert tube_agreement(a, b) < 0.4


@given(seeds, st.floats(-7, 7), st.booleans())
def test_turned_undoes_a_turn_and_a_mirror(seed, turn, mirror):
    a = loop(seed)
    moved = np.mod((-1 if mirror else 1) * a.phase + turn, 2 * np.pi)
    back = turned(moved, a.phase, a.weight)
    np.testing.assert_allclose(np.exp(1j * back), np.exp(1j * a.phase), atol=1e-9)
    assert ((back >= 0) & (back < 2 * np.pi)).all()


@given(seeds, st.floats(-7, 7), st.booleans())
def test_spreading_undoes_a_turn_a_mirror_and_another_speed(seed, turn, mirror):
    a = loop(seed)
    other = a.phase + 0.9 * np.sin(a.phase + 1)
    moved = np.mod((-1 if mirror else 1) * other + turn, 2 * np.pi)
    back = spread_like(moved, a.phase, a.weight)
    np.testing.assert_allclose(np.exp(1j * back), np.exp(1j * a.phase), atol=1e-6)
    assert ((back >= 0) & (back < 2 * np.pi)).all()


@given(seeds, seeds)
def test_spreading_keeps_the_cyclic_order(seed, other):
    a, b = loop(seed), loop(other)
    out = spread_like(a.phase, b.phase, a.weight)
    steps = np.angle(np.exp(1j * np.diff(out[np.argsort(a.phase)])))
    assert (steps >= -1e-9).all() or (steps <= 1e-9).all() or abs(steps).max() > 1
    assert tube_agreement(Carried(out, a.weight), a) == pytest.approx(1.0, abs=0.02)


def test_spreading_without_any_weight_counts_all_points():
    a = loop(0)
    np.testing.assert_allclose(spread_like(a.phase, a.phase, np.zeros(80)), a.phase, atol=1e-9)


def test_carrying_takes_the_circular_mean():
    near = np.array([[0, 1], [2, 2]])
    carried = carry(np.array([6.2, 0.1, 2.0]), np.array([1.0, 0.0, 1.0]), near)
    assert carried.phase[0] == pytest.approx(np.mod((6.2 - 2 * np.pi + 0.1) / 2, 2 * np.pi))
    assert carried.phase[1] == pytest.approx(2.0)
    np.testing.assert_array_equal(carried.weight, [0.5, 1.0])


def test_a_loop_without_a_phase_agrees_with_nothing():
    np.testing.assert_allclose(agreements([None, loop(0)], [loop(0)]), [[0.0], [1.0]], atol=1e-12)


@given(seeds, st.integers(-3, 3), st.integers(12, 60))
def test_a_path_winds_as_often_as_it_goes_round(seed, turns, n):
    """Round a ring of points k times, whatever the rotation, the speed, and where the density is."""
    rng = np.random.default_rng(seed)
    phase = np.sort(rng.uniform(0, 2 * np.pi, 200))
    path = np.repeat(
        np.round(np.linspace(0, 200, n, endpoint=False)).astype(int)[None], max(abs(turns), 1), axis=0
    ).ravel()
    path = path if turns > 0 else path[::-1] if turns < 0 else np.concatenate([path, path[::-1]])
    spread = np.mod(phase**3 / 40 + rng.uniform(0, 7), 2 * np.pi)  # monotone, so of the same order round the ring
    assert winding(spread if seed % 2 else phase, np.ones(200), path % 200) in (turns, -turns)
    assert winding(phase, np.ones(200), path % 200) == turns
    assert winding(phase, np.ones(200), np.array([3, 5])) == 0


def test_rings_of_a_cylinder_are_one_loop_wherever_they_are():
    """Two rings of a cylinder, at its two ends: no point is in both tubes, and either winds once round the other."""
    angle = np.tile(2 * np.pi * np.arange(40) / 40, 5)
    height = np.repeat(np.arange(5), 40)
    top, bottom = (Carried(angle, np.asarray(height == h, dtype=float), np.flatnonzero(height == h)) for h in (0, 4))
    assert tube_agreement(top, bottom) == pytest.approx(1.0, abs=1e-9)
    unknown = Carried(angle, bottom.weight)
    assert tube_agreement(top, unknown) == 0.0


def test_two_holes_of_a_square_are_two_loops():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(2000, 2))
    made = []
    for centre in ([-0.5, 0.0], [0.5, 0.0]):
        turned = X - np.array(centre)
        angle, radius = np.mod(np.arctan2(turned[:, 1], turned[:, 0]), 2 * np.pi), np.linalg.norm(turned, axis=1)
        near = np.flatnonzero(np.abs(radius - 0.3) < 0.05)
        made.append(Carried(angle, (radius < 0.4).astype(float), near[np.argsort(angle[near])]))
    assert tube_agreement(*made) < 0.1
    assert tube_agreement(made[0], made[0]) == pytest.approx(1.0)
