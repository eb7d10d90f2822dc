"""The share of points inside a loop: what it is on known shapes, and what does not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.loops.inside import CORE, FULL, Inside, _turned, emptiness, inside, smoothed

seeds = st.integers(0, 2**32 - 1)


def ring(n, inner, rng, power=1.0):
    """Points between the radii `inner` and 1, evenly in area with power 1."""
    radius = (inner**2 + (1 - inner**2) * rng.uniform(size=n) ** (1 / power)) ** 0.5
    angle = rng.uniform(0, 2 * np.pi, n)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), angle


def everybody(X):
    return np.ones(len(X), dtype=bool)


@pytest.mark.parametrize(
    ("inner", "power", "truth", "core"),
    [(0.0, 1.0, 0.25, 1.0), (0.3, 1.0, 0.176, 0.0), (0.5, 1.0, 0.0, 0.0), (0.0, 2.0, 1 / 16, CORE**2)],
)
def test_known_shares(inner, power, truth, core):
    X, angle = ring(20_000, inner, np.random.default_rng(0), power)
    found = inside(X, angle, everybody(X))
    assert found.share == pytest.approx(truth, abs=0.02)
    assert found.core == pytest.approx(core, abs=0.06)
    assert found.low <= found.share <= found.high
    assert found.high - found.low < 0.02


@given(seeds, st.floats(0.1, 10), st.floats(0, 2 * np.pi))
def test_neither_place_nor_size_nor_direction_change_it(seed, size, turn):
    rng = np.random.default_rng(seed)
    X, angle = ring(300, 0.2, rng)
    basis = np.linalg.qr(rng.standard_normal((7, 2)))[0]
    moved = size * X @ basis.T + rng.standard_normal(7)
    assert inside(moved, angle, everybody(X)).share == pytest.approx(inside(X, angle, everybody(X)).share, abs=0.02)
    assert inside(X, np.mod(angle + turn, 2 * np.pi), everybody(X)).share == pytest.approx(
        inside(X, angle, everybody(X)).share, abs=0.02
    )


def test_an_outline_that_is_no_circle_counts_in_its_own_shape():
    X, angle = ring(5000, 0.0, np.random.default_rng(0))
    assert inside(X * [3.0, 1.0], angle, everybody(X)).share == pytest.approx(0.25, abs=0.04)


def test_noise_is_taken_off_where_it_is_large():
    """A circle with noise of .3 in 50 dimensions has points far inside it, which their neighbours know better."""
    X, latent = sph.datasets.circle(1000, 50, 0.3, random_state=0, return_latent=True)
    angle = np.arctan2(latent[:, 1], latent[:, 0])
    assert inside(X, angle, everybody(X)).share > 0.06
    A = sph.neighbor_graph(X, n_neighbors=30)
    points, near = np.arange(1000), everybody(X)
    assert inside(smoothed(X, A, points, angle, near), angle, near).share < 0.04
    clean = latent @ np.linalg.qr(np.random.default_rng(0).standard_normal((50, 2)))[0].T
    np.testing.assert_allclose(smoothed(clean, sph.neighbor_graph(clean), points, angle, near), clean, atol=1e-9)


def test_emptiness_falls_from_one_to_zero():
    cores = (0.0, FULL / 2, FULL, 1.0, 4.0)
    assert [emptiness(Inside(0.1, 0, 1, core)) for core in cores] == [1.0, 0.5, 0.0, 0.0, 0.0]


def test_a_tail_moves_neither_middle_nor_count():
    """A ring, and as many points again on a line that begins at its rim: they all have the phase of where it begins."""
    rng = np.random.default_rng(0)
    X, angle = ring(2000, 0.3, rng)
    tail = np.column_stack([rng.uniform(1, 6, 2000), np.zeros(2000)])
    both, phase = np.concatenate([X, tail]), np.concatenate([angle, rng.normal(0, 1e-3, 2000) % (2 * np.pi)])
    near = np.arange(4000) < 2000
    alone = inside(X, angle, everybody(X))
    together = inside(both, phase, near)
    assert together.share == pytest.approx(alone.share, abs=0.01)
    assert together.core == pytest.approx(alone.core, abs=0.01)


def test_the_core_tells_a_rim_from_a_wide_ring():
    """A disc three times as dense at its rim holds 16 % inside, a ring whose hole has .3 of its radius 18 %."""
    rng = np.random.default_rng(0)
    turn, mass = rng.uniform(0, 2 * np.pi, 20_000), rng.uniform(size=20_000)
    rim = np.sqrt((np.sqrt(1 + 8 * mass) - 1) / 2)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    wide, angle = ring(20_000, 0.3, rng)
    dense, empty = inside(rim, turn, everybody(rim)), inside(wide, angle, everybody(wide))
    assert dense.share < empty.share
    assert dense.core == pytest.approx(0.55, abs=0.05)
    assert empty.core < 0.05
    assert emptiness(dense) < 0.05 < 0.9 < emptiness(empty)


@given(seeds, st.floats(0, 6))
def test_a_cylinder_is_seen_along_its_axis(seed, height):
    """Also if the points near the loop rise and fall by chance, as they do on a long cylinder where the loop was found."""
    rng = np.random.default_rng(seed)
    angle, z = rng.uniform(0, 2 * np.pi, 1000), rng.uniform(-0.5, 0.5, 1000)
    basis = np.linalg.qr(rng.standard_normal((8, 3)))[0]
    X = np.column_stack([np.cos(angle), np.sin(angle), height * z]) @ basis.T
    near = np.abs(height * z - 0.3 * np.cos(angle)) < 0.6
    found = inside(X, angle, near)
    assert found.core == 0
    assert found.share < 0.15


@given(seeds, st.integers(3, 40), st.floats(1e-3, 1e3))
def test_the_plane_is_the_same_from_either_system(seed, n, ridge):
    """More points than directions and fewer are solved differently; directions without points change nothing."""
    rng = np.random.default_rng(seed)
    left, plane = rng.standard_normal((n, n)), np.linalg.qr(rng.standard_normal((n, 2)))[0]
    wide = _turned(np.vstack([plane, np.zeros((1, 2))]), np.column_stack([left, np.zeros(n)]), ridge)
    np.testing.assert_allclose(np.abs(wide[:n]), np.abs(_turned(plane, left, ridge)), atol=1e-8)
    np.testing.assert_allclose(wide[n], 0.0, atol=1e-12)
