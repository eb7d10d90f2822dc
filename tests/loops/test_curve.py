"""The loop as a smooth closed curve: laws first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_ph._check import InputError
from spectral_ph.loops.curve import closed_curve, harmonics
from tests.cells.test_genes import loop

seeds = st.integers(0, 2**32 - 1)


def noisy_ring(seed, n=300, sigma=0.1):
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, n)
    return phase, np.column_stack([np.cos(phase), np.sin(phase)]) + sigma * rng.standard_normal((n, 2))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_through_a_noisy_circle_it_is_the_circle(seed):
    phase, X = noisy_ring(seed)
    curve = closed_curve(phase, X, 100)
    np.testing.assert_allclose(np.linalg.norm(curve, axis=1), 1.0, atol=0.1)
    angle = np.unwrap(np.arctan2(curve[:, 1], curve[:, 0]))
    assert angle[-1] - angle[0] == pytest.approx(2 * np.pi * 0.99, abs=0.2)


@given(seeds, st.floats(0, 6.28), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_curve_is_the_same_wherever_the_phase_begins_and_whichever_way_it_runs(seed, turn, mirror):
    phase, X = noisy_ring(seed, 120)
    here = closed_curve(phase, X, 240)
    there = closed_curve(np.mod((-1 if mirror else 1) * phase + turn, 2 * np.pi), X, 240)
    # The same curve, sampled from another of its points: no point of one is far from the other.
    apart = np.linalg.norm(here[:, None] - there, axis=2)
    step = np.linalg.norm(np.diff(here, axis=0), axis=1).max()
    assert apart.min(axis=1).max() < step


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_it_depends_on_the_order_alone_and_moves_with_the_layout(seed):
    phase, X = noisy_ring(seed, 100)
    curve = closed_curve(phase, X, 50)
    np.testing.assert_allclose(closed_curve(phase + 0.5 * np.sin(phase), X, 50), curve, atol=1e-9)
    rng = np.random.default_rng(seed)
    M = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    np.testing.assert_allclose(closed_curve(phase, 3 * X @ M + 1, 50), 3 * curve @ M + 1, atol=1e-9)


def test_a_curve_of_few_waves_is_found_again():
    phase = 2 * np.pi * (np.arange(200) + 0.5) / 200
    X = harmonics(phase, 3) @ np.random.default_rng(0).standard_normal((6, 4))
    curve = closed_curve(phase, X, 2000)
    assert np.linalg.norm(X[:, None] - curve, axis=2).min(axis=1).max() < 0.1 * np.linalg.norm(X.std(axis=0))


def test_an_arc_with_few_points_is_not_cut_short():
    rng = np.random.default_rng(0)
    angle = np.concatenate([rng.uniform(0, np.pi, 950), rng.uniform(np.pi, 2 * np.pi, 50)])
    X = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.03 * rng.standard_normal((1000, 2))
    np.testing.assert_allclose(np.linalg.norm(closed_curve(angle, X, 100), axis=1), 1.0, atol=0.1)


def test_few_points_or_phases_still_give_a_closed_curve():
    X = np.random.default_rng(0).standard_normal((6, 3))
    for n in (3, 4, 6):
        assert np.isfinite(closed_curve(np.arange(n), X[:n], 10)).all()
    np.testing.assert_allclose(closed_curve(np.zeros(6), X, 5), np.tile(X.mean(axis=0), (5, 1)))


def test_only_points_of_the_domain_count_and_any_number_of_coordinates_will_do():
    phase, X = noisy_ring(0)
    domain = np.arange(300) < 250
    far = np.where(domain[:, None], X, 100.0)
    one = loop(phase, domain=domain)
    np.testing.assert_array_equal(one.curve(far), one.curve(X))
    assert one.curve(np.hstack([X, X, X]), n_points=17).shape == (17, 6)


def test_a_layout_of_other_points_is_refused():
    phase, X = noisy_ring(0)
    with pytest.raises(InputError, match=r"^layout must have one row for each of the 300 points, not 299 rows\. Pass"):
        loop(phase).curve(X[:-1])
    with pytest.raises(InputError, match="layout"):
        loop(phase).curve(np.full((300, 2), np.nan))
