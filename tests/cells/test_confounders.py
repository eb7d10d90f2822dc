"""What goes with the phase: numbers by waves, labels by groups on the circle."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph._check import InputError
from spectral_ph.cells.confounders import association

PHASE = np.linspace(0, 2 * np.pi, 400, endpoint=False)


def test_a_wave_is_explained_whole_and_noise_is_not():
    rng = np.random.default_rng(0)
    wave = association(PHASE, 3 + np.cos(PHASE - 1), "depth")
    assert wave.share == pytest.approx(1)
    assert wave.p_value < 1e-100
    assert wave.kind == "numeric"
    assert wave.warning == (
        f"the phase goes with depth ({wave.rank_share:.0%} of the variance). Check whether the loop stays when depth is regressed "
        "out or kept fixed."
    )
    noise = association(PHASE, rng.normal(size=400), "depth")
    assert noise.share < 0.05
    assert noise.warning == ""


def test_p_values_of_numbers_are_uniform_under_the_null():
    rng = np.random.default_rng(1)
    p = [association(PHASE, rng.exponential(size=400), "x").p_value for _ in range(300)]
    assert scipy.stats.kstest(p, "uniform").pvalue > 0.01


def test_p_values_of_labels_are_at_least_uniform_under_the_null():
    rng = np.random.default_rng(2)
    p = [association(PHASE, rng.choice(list("abc"), 400), "x", n_permutations=39).p_value for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 2 * np.sqrt(0.05 / 200)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.12)


def test_half_a_circle_each_is_four_over_pi_squared():
    found = association(PHASE, np.repeat(["a", "b"], 200), "batch")
    assert found.share == pytest.approx(4 / np.pi**2, rel=1e-3)
    assert found.p_value == 1 / 1000
    assert found.warning.startswith("the phase goes with batch (41% of the variance)")
    assert np.isnan(found.rank_share)


@given(st.floats(0, 2 * np.pi), st.sampled_from([1, -1]))
def test_turn_and_mirror_change_nothing(turn, direction):
    rng = np.random.default_rng(3)
    phase = rng.uniform(0, 2 * np.pi, 60)
    number, label = rng.normal(size=60) + np.cos(phase), np.where(rng.uniform(size=60) < 0.5, "a", "b")
    for values in (number, label):
        a = association(phase, values, "x", n_permutations=1)
        b = association(direction * phase + turn, values, "x", n_permutations=1)
        assert a.share == pytest.approx(b.share, rel=1e-6, abs=1e-9)


def test_ranks_are_not_swayed_by_one_cell():
    values = np.cos(PHASE)
    values[7] = 1e6
    found = association(PHASE, values, "depth")
    assert found.share < 0.1
    assert found.rank_share > 0.8


def test_distance_is_compared_by_ranks():
    rng = np.random.default_rng(4)
    depth, distance = rng.exponential(size=400), rng.uniform(size=400)
    found = association(PHASE, depth, "depth", distance=distance)
    assert found.distance_correlation == pytest.approx(scipy.stats.spearmanr(depth, distance).statistic)
    assert association(PHASE, depth, "depth", distance=depth**3).distance_correlation == pytest.approx(1)
    assert np.isnan(association(PHASE, depth, "depth").distance_correlation)
    assert np.isnan(association(PHASE, depth, "depth", distance=np.ones(400)).distance_correlation)


def test_cells_without_a_value_are_left_out():
    values = np.cos(PHASE)
    values[::2] = np.nan
    a, b = association(PHASE, values, "x"), association(PHASE[1::2], values[1::2], "x")
    assert (a.share, a.n) == (b.share, 200)
    labels = np.array(["a", "b", None, np.nan] * 100, dtype=object)
    assert association(PHASE, labels, "x").n == 200


def test_one_group_and_constant_values_explain_nothing():
    assert association(PHASE, ["a"] * 400, "batch").share == 0
    assert association(PHASE, ["a"] * 400, "batch").p_value == 1
    constant = association(PHASE, np.full(400, 3.0), "depth")
    assert (constant.share, constant.p_value) == (0, 1)


@pytest.mark.parametrize(
    ("values", "distance", "sentence"),
    [
        (np.ones(9), None, "x must hold one value for each of the 400 cells, not an array of shape (9,)."),
        (np.full(400, np.nan), None, "x is known in 0 cells, but at least 10 are needed. Leave it out."),
        (
            np.ones(400),
            np.ones(3),
            "distance must hold one value for each of the 400 cells, not an array of shape (3,).",
        ),
    ],
)
def test_bad_input_is_refused_in_a_sentence(values, distance, sentence):
    with pytest.raises(InputError) as error:
        association(PHASE, values, "x", distance=distance)
    assert str(error.value) == sentence
