"""Genes that follow a phase: levels, peaks, invariances, and a slow twin by ordinary least squares."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.cells import curves, expression, genes
from spectral_ph.cells.genes import benjamini_hochberg, genes_along, phase_bins, phase_profiles
from spectral_ph.loops.result import Half, Loop


def loop(phase, halves=(), domain=None):
    n = len(phase)
    return Loop(
        birth=0.1,
        death=1.0,
        persistence=0.9,
        score=0.9,
        cycle=np.arange(3),
        phase=phase,
        domain=np.ones(n, dtype=bool) if domain is None else domain,
        scale=0.9,
        distance=np.zeros(n),
        halves=tuple(halves),
    )


def halves(phase, splits=3, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    n = len(phase)
    found = []
    for _ in range(splits):
        order = rng.permutation(n)
        found += [
            Half(np.sort(part), np.mod(phase + noise * rng.normal(size=n), 2 * np.pi), 0.9)
            for part in (order[: n // 2], order[n // 2 :])
        ]
    return found


def names(g):
    return [f"g{j}" for j in range(g)]


def slow_twin(phase, y, n_harmonics):
    """Compare the models with and without harmonics by least squares, one gene at a time."""
    columns = [np.ones_like(phase)]
    for k in range(1, n_harmonics + 1):
        columns += [np.cos(k * phase), np.sin(k * phase)]
    B = np.column_stack(columns)
    shares, p_values = [], []
    for gene in y.T:
        left = gene - B @ np.linalg.lstsq(B, gene, rcond=None)[0]
        rss, tss = left @ left, ((gene - gene.mean()) ** 2).sum()
        q, dof = 2 * n_harmonics, len(gene) - 1 - 2 * n_harmonics
        shares.append(1 - rss / tss)
        p_values.append(scipy.stats.f.sf((tss - rss) / q / (rss / dof), q, dof))
    return np.array(shares), np.array(p_values)


@pytest.mark.parametrize("n_harmonics", [1, 2, 3])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, sp.csc_array])
def test_equals_least_squares_of_each_gene(n_harmonics, kind):
    rng = np.random.default_rng(n_harmonics)
    phase = rng.uniform(0, 2 * np.pi, 150)
    y = rng.poisson(1.0 + np.outer(1 + np.cos(phase), rng.uniform(size=12)))
    found = genes_along(phase, kind(y.astype(float)), names(12), n_harmonics=n_harmonics)
    share, p = slow_twin(phase, y.astype(float), n_harmonics)
    np.testing.assert_allclose(found.r_squared, share, atol=1e-12)
    np.testing.assert_allclose(found.p_value, p, rtol=1e-8)
    np.testing.assert_array_equal(found.n_cells, (y > 0).sum(axis=0))
    np.testing.assert_allclose(found.mean, y.mean(axis=0))


def test_blocks_of_cells_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    phase, y = rng.uniform(0, 2 * np.pi, 100), rng.normal(5.0, 1.0, (100, 4))
    whole = genes_along(loop(phase, halves(phase)), y, names(4))
    for module in (curves, expression, genes):
        monkeypatch.setattr(module, "BLOCK", 7)
    for kind in (np.asarray, sp.csr_array):
        parts = genes_along(loop(phase, halves(phase)), kind(y), names(4))
        np.testing.assert_allclose(parts.p_value, whole.p_value, rtol=1e-8)
        np.testing.assert_allclose(parts.r_squared_held_out, whole.r_squared_held_out, rtol=1e-8)
        np.testing.assert_allclose(phase_profiles(phase, kind(y), [3, 1]), phase_profiles(phase, y, [3, 1]))


def test_p_values_of_each_fit_are_uniform_for_genes_that_follow_nothing():
    rng = np.random.default_rng(1)
    phase = rng.uniform(0, 2 * np.pi, 200)
    found = genes_along(phase, rng.normal(size=(200, 3000)), names(3000))
    assert scipy.stats.kstest(found.p_value, "uniform").pvalue > 0.01


@pytest.mark.parametrize("combine", ["median", "cauchy"])
def test_combined_p_values_keep_their_level(combine):
    """The median is valid whatever the dependence; Cauchy's is exact only in the tail, so it gets a tenth more."""
    rng = np.random.default_rng(2)
    phase = rng.uniform(0, 2 * np.pi, 200)
    p = genes_along(loop(phase, halves(phase, 5)), rng.normal(size=(200, 4000)), names(4000), combine=combine).p_value
    for level in (0.01, 0.05):
        error = 2 * np.sqrt(level / len(p))
        assert (p < level).mean() < level * (1.0 if combine == "median" else 1.1) + error


def test_genes_that_made_the_phase_are_called_less_often_on_held_out_cells():
    """Pure noise whose phase is the angle of its first two coordinates: each half's phase, carried, means nothing."""
    rng = np.random.default_rng(3)
    y = rng.normal(size=(300, 40))
    phase = np.mod(np.arctan2(y[:, 1], y[:, 0]), 2 * np.pi)
    parts = []
    for half in halves(phase, 4, seed=5):
        carried = rng.uniform(0, 2 * np.pi, 300)
        carried[half.points] = phase[half.points]
        parts.append(Half(half.points, carried, 0.0))
    with pytest.warns(SpectralWarning):
        same = genes_along(loop(phase), y, names(40))
    other = genes_along(loop(phase, parts), y, names(40))
    assert (same.q_value[:2] < 1e-10).all()
    assert (other.q_value > 0.05).all()
    assert (other.r_squared_held_out[:2] < 0.1).all()
    assert (other.r_squared[:2] > 0.3).all()
    assert other.tests == 8
    assert same.tests == 0


def test_a_half_that_carries_one_phase_to_all_counts_as_explaining_nothing():
    rng = np.random.default_rng(10)
    phase = rng.uniform(0, 2 * np.pi, 200)
    y = 3 * np.cos(phase)[:, None] + rng.normal(size=(200, 2))
    good = halves(phase, 2)
    flat = [dataclasses.replace(half, phase=np.full(200, 1.0)) for half in good]
    assert (genes_along(loop(phase, good), y, names(2)).p_value < 1e-9).all()
    # The lower median of one good half and three that say nothing is nothing.
    found = genes_along(loop(phase, [good[0], *flat[1:]]), y, names(2))
    np.testing.assert_array_equal(found.p_value, 1)
    np.testing.assert_array_equal(found.r_squared_held_out, 0)
    assert found.tests == 4


def test_planted_genes_come_out_with_their_peaks():
    rng = np.random.default_rng(4)
    phase = rng.uniform(0, 2 * np.pi, 600)
    peaks = rng.uniform(0, 2 * np.pi, 20)
    y = rng.normal(size=(600, 200))
    y[:, :20] += 2 * np.cos(phase[:, None] - peaks)
    found = genes_along(loop(phase, halves(phase, noise=0.1)), y, names(200), n_harmonics=1)
    assert (found.q_value[:20] < 1e-6).all()
    assert (found.q_value[20:] < 0.05).sum() <= 1
    assert set(found.order()[:20]) == set(range(20))
    np.testing.assert_allclose(np.angle(np.exp(1j * (found.peak[:20] - peaks))), 0, atol=0.15)
    np.testing.assert_allclose(found.amplitude[:20], 2, atol=0.25)


def test_peak_and_amplitude_of_a_curve_with_two_harmonics():
    phase = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    y = np.exp(1.5 * np.cos(phase - 2.0)) + 0.3 * np.cos(2 * phase)
    found = genes_along(phase, y[:, None], ["sharp"], n_harmonics=2)
    columns = [np.ones_like(phase), np.cos(phase), np.sin(phase), np.cos(2 * phase), np.sin(2 * phase)]
    B = np.column_stack(columns)
    fine = np.linspace(0, 2 * np.pi, 200_001)
    wave = np.column_stack([np.ones_like(fine), np.cos(fine), np.sin(fine), np.cos(2 * fine), np.sin(2 * fine)])
    curve = wave @ np.linalg.lstsq(B, y, rcond=None)[0]
    assert found.peak[0] == pytest.approx(fine[curve.argmax()], abs=1e-4)
    assert found.amplitude[0] == pytest.approx((curve.max() - curve.min()) / 2, rel=1e-8)


@given(st.floats(0, 2 * np.pi), st.sampled_from([1, -1]), st.sampled_from([1, 2]))
def test_a_turned_or_mirrored_phase_changes_only_the_peaks(turn, direction, n_harmonics):
    rng = np.random.default_rng(5)
    phase = rng.uniform(0, 2 * np.pi, 80)
    y = rng.normal(size=(80, 5)) + np.cos(phase)[:, None]
    a = genes_along(phase, y, names(5), n_harmonics=n_harmonics)
    b = genes_along(direction * phase + turn, y, names(5), n_harmonics=n_harmonics)
    for field in ("r_squared", "amplitude", "p_value", "q_value"):
        np.testing.assert_allclose(getattr(a, field), getattr(b, field), rtol=1e-6, err_msg=field)
    np.testing.assert_allclose(np.exp(1j * (direction * a.peak + turn)), np.exp(1j * b.peak), atol=1e-5)


def test_scale_and_offset_of_a_gene_do_not_change_its_test():
    rng = np.random.default_rng(6)
    phase, y = rng.uniform(0, 2 * np.pi, 90), rng.normal(size=(90, 3))
    a, b = genes_along(phase, y, names(3)), genes_along(phase, 1e3 * y + 1e6, names(3))
    np.testing.assert_allclose(a.p_value, b.p_value, rtol=1e-5)
    np.testing.assert_allclose(1e3 * a.amplitude, b.amplitude, rtol=1e-5)


def test_cells_outside_of_the_domain_have_no_say():
    rng = np.random.default_rng(7)
    phase, y = rng.uniform(0, 2 * np.pi, 120), rng.normal(size=(120, 4))
    domain = np.arange(120) < 90
    inside = genes_along(loop(phase[:90], halves(phase[:90], 1)), y[:90], names(4))
    with_others = [dataclasses.replace(h, phase=np.r_[h.phase, phase[90:]]) for h in halves(phase[:90], 1)]
    found = genes_along(loop(phase, with_others, domain), y, names(4))
    np.testing.assert_allclose(found.p_value, inside.p_value)
    np.testing.assert_allclose(found.mean, inside.mean)


def test_constant_and_rare_genes_are_not_tested():
    rng = np.random.default_rng(8)
    phase = rng.uniform(0, 2 * np.pi, 100)
    y = np.zeros((100, 4))
    y[:, 1] = 1e6 + 0.1  # its mean is not exact
    y[:9, 2] = 1.0
    y[:10, 3] = 1.0
    for kind in (np.asarray, sp.csr_array):
        found = genes_along(phase, kind(y), names(4))
        np.testing.assert_array_equal(np.isfinite(found.p_value), [False, False, False, True])
        np.testing.assert_array_equal(np.isfinite(found.q_value), [False, False, False, True])
        np.testing.assert_array_equal(found.order(), [3])


def test_shuffled_cells_reach_small_p_values_as_often_as_they_should():
    rng = np.random.default_rng(9)
    phase = rng.uniform(0, 2 * np.pi, 200)
    y = rng.normal(size=(200, 300)) + 3 * np.cos(phase)[:, None]
    found = genes_along(phase, y, names(300), n_permutations=20)
    assert (found.p_value < 1e-6).all()
    # The genes share a wave, so the shuffles and not the genes are what is independent.
    assert 0.0 < found.permuted_share < 0.2
    assert found.permuted_share == genes_along(phase, y, names(300), n_permutations=20).permuted_share


@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 1)))
def test_benjamini_hochberg_calls_what_its_rule_calls(p):
    q, m = benjamini_hochberg(p), len(p)
    for level in (0.05, 0.5):
        order = np.sort(p)
        below = np.flatnonzero(order <= level * np.arange(1, m + 1) / m * (1 + 1e-12))
        called = p <= order[below[-1]] if len(below) else np.zeros(m, dtype=bool)
        np.testing.assert_array_equal(q <= level * (1 + 1e-9), called)


def test_genes_not_tested_do_not_count_in_the_rate():
    q = benjamini_hochberg([0.04, np.nan, 0.01])
    np.testing.assert_allclose(q, [0.04, np.nan, 0.02])


def test_profiles_are_means_in_intervals():
    phase = np.array([0.1, 0.2, 3.2, 6.2])
    y = np.array([[1.0, 10.0], [3.0, 0.0], [5.0, 2.0], [7.0, 4.0]])
    found = phase_profiles(phase, sp.csr_array(y), [1, 0], bins=3)
    np.testing.assert_array_equal(found, [[5, 2, 4], [2, 5, 7]])
    without = phase_profiles(phase, y, [0], bins=4, cells=np.array([True, False, True, True]))
    np.testing.assert_array_equal(without, [[1, 5, 7]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.integers(3, 40))
@settings(deadline=None, max_examples=30)
def test_no_interval_is_empty_and_all_hold_equally_many_cells(seed, n, bins):
    rng = np.random.default_rng(seed)
    phase = rng.vonmises(0, 20, n)
    cells = rng.random(n) < 0.8
    place, middle = phase_bins(phase, bins, cells=cells)
    np.testing.assert_array_equal(place >= 0, cells)
    counts = np.bincount(place[cells], minlength=len(middle))
    assert len(middle) == len(counts) == min(bins, cells.sum())
    if cells.any():
        assert counts.min() >= 1
        assert counts.max() - counts.min() <= 1
        assert (np.diff(middle) >= 0).all()
        assert (np.diff(place[cells][np.argsort(np.mod(phase[cells], 2 * np.pi), kind="stable")]) >= 0).all()


def test_repr_and_columns():
    phase = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    found = genes_along(loop(phase, halves(phase, 1)), np.cos(phase)[:, None] + np.zeros((50, 2)), ["a", "b"])
    assert repr(found) == "PeriodicGenes(2 genes, 2 tested, 2 at a false-discovery rate of 0.05; 2 halves, median)"
    columns = found.to_columns()
    assert list(columns) == [
        "gene",
        "p_value",
        "q_value",
        "amplitude",
        "r_squared",
        "peak",
        "mean",
        "n_cells",
        "r_squared_held_out",
    ]
    assert {len(values) for values in columns.values()} == {2}


PHASE = np.linspace(0, 2 * np.pi, 20, endpoint=False)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (
            (PHASE, np.ones((19, 2)), ["a", "b"]),
            {},
            "expression has 19 cells, but the phase has 20. Pass the rows that the phase stands for.",
        ),
        (
            (PHASE, np.ones((20, 2)), ["a"]),
            {},
            "expression has 2 genes, but there are 1 names. Pass one name for each column.",
        ),
        (
            (PHASE, [1.0, 2.0], ["a"]),
            {},
            "expression must be an array of n cells by g genes, not list of shape ().",
        ),
        (
            (PHASE, np.full((20, 1), np.nan), ["a"]),
            {},
            (
                "expression contains NaN or infinity (among cells 0 to 19). Drop those cells or genes, or fill "
                "the gaps first."
            ),
        ),
        (
            (PHASE * np.nan, np.ones((20, 1)), ["a"]),
            {},
            (
                "phase must hold one finite angle in radians for each cell, not an array of shape (20,) with 20 "
                "non-finite entries. Leave out cells without a phase."
            ),
        ),
        (
            (PHASE[:6], np.ones((6, 1)), ["a"]),
            {},
            "a curve with 2 harmonic(s) needs more than 6 cells, not 6. Pass more cells, or n_harmonics=1.",
        ),
        (
            (np.zeros(20), np.ones((20, 1)), ["a"]),
            {},
            (
                "the phase takes too few different values among 20 cells for a curve with 2 harmonic(s). Pass "
                "n_harmonics=1, or more cells."
            ),
        ),
        (
            (PHASE, np.ones((20, 1)), ["a"]),
            {"combine": "mean"},
            "'mean' is not a known way to combine p-values; did you mean 'median'? Known are: median, cauchy.",
        ),
        (
            (PHASE, np.ones((20, 1)), ["a"]),
            {"cells": [0, 1]},
            "cells must be 20 values True or False, one for each cell, not int64 of shape (2,). Pass a mask.",
        ),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, options, sentence):
    with pytest.raises(InputError) as error:
        genes_along(*arguments, **options)
    assert str(error.value) == sentence


def test_a_loop_without_halves_says_what_its_p_values_are():
    with pytest.warns(SpectralWarning) as warned:
        found = genes_along(loop(PHASE), np.cos(PHASE)[:, None], ["a"])
    assert str(warned[0].message) == (
        "the loop holds no halves, so genes were tested on the very cells that its phase was found on, and "
        "the p-values are too small. To have halves, find the loop with splits=1 or more."
    )
    assert found.combine is None
    assert found.r_squared_held_out is None
