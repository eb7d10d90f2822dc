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
