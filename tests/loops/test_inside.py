"""The share of points inside a loop: what it is on known shapes, and what does not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.loops.inside import EVEN, Inside, emptiness, inside, smoothed

seeds = st.integers(0, 2**32 - 1)


def ring(n, inner, rng, power=1.0):
    """Points between the radii `inner` and 1, evenly in area with power 1."""
    radius = (inner**2 + (1 - inner**2) * rng.uniform(size=n) ** (1 / power)) ** 0.5
    angle = rng.uniform(0, 2 * np.pi, n)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), angle


@pytest.mark.parametrize(
    ("inner", "power", "truth"), [(0.0, 1.0, 0.25), (0.3, 1.0, 0.176), (0.5, 1.0, 0.0), (0.0, 2.0, 1 / 16)]
)
def test_known_shares(inner, power, truth):
    X, angle = ring(20_000, inner, np.random.default_rng(0), power)
    found = inside(X, angle)
    assert found.share == pytest.approx(truth, abs=0.02)
    assert found.low <= found.share <= found.high
    assert found.high - found.low < 0.02


@given(seeds, st.floats(0.1, 10), st.floats(0, 2 * np.pi))
def test_neither_place_nor_size_nor_direction_change_it(seed, size, turn):
    rng = np.random.default_rng(seed)
    X, angle = ring(300, 0.2, rng)
    basis = np.linalg.qr(rng.standard_normal((7, 2)))[0]
    moved = size * X @ basis.T + rng.standard_normal(7)
    assert inside(moved, angle).share == pytest.approx(inside(X, angle).share, abs=0.02)
    assert inside(X, np.mod(angle + turn, 2 * np.pi)).share == pytest.approx(inside(X, angle).share, abs=0.02)


def test_an_outline_that_is_no_circle_counts_in_its_own_shape():
    X, angle = ring(5000, 0.0, np.random.default_rng(0))
    assert inside(X * [3.0, 1.0], angle).share == pytest.approx(0.25, abs=0.04)


def test_noise_is_taken_off_where_it_is_large():
    """A circle with noise of .3 in 50 dimensions has points far inside it, which their neighbours know better."""
    X, latent = sph.datasets.circle(1000, 50, 0.3, random_state=0, return_latent=True)
    angle = np.arctan2(latent[:, 1], latent[:, 0])
    assert inside(X, angle).share > 0.06
    A = sph.neighbor_graph(X, n_neighbors=30)
    everybody = np.arange(1000)
    assert inside(smoothed(X, A, everybody, angle), angle).share < 0.04
    clean = latent @ np.linalg.qr(np.random.default_rng(0).standard_normal((50, 2)))[0].T
    np.testing.assert_allclose(smoothed(clean, sph.neighbor_graph(clean), everybody, angle), clean, atol=1e-9)


def test_emptiness_falls_from_one_to_zero():
    assert [emptiness(Inside(s, 0, 1)) for s in (0.0, EVEN / 2, EVEN, 0.6)] == [1.0, 0.5, 0.0, 0.0]
