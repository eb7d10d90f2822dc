"""Zero and direction of a cell-cycle phase."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph._check import InputError
from spectral_ph.cells.anchor import G2M_GENES, S_GENES, anchor_phase, known_genes, shared_variation

N = 300


def groups(phase, s=2.2, g2m=4.0, noise=0.5, seed=0, genes=5):
    rng = np.random.default_rng(seed)
    waves = [np.cos(phase - peak)[:, None] * rng.uniform(1, 3, genes) for peak in (s, g2m)]
    return [wave + noise * rng.normal(size=wave.shape) + 7.0 for wave in waves]


def apart(a, b):
    return np.abs(np.angle(np.exp(1j * (np.asarray(a) - b))))


@given(st.floats(0, 2 * np.pi), st.sampled_from([1, -1]), st.integers(0, 3))
def test_the_anchored_phase_does_not_depend_on_the_free_one(turn, direction, seed):
    truth = np.random.default_rng(seed).uniform(0, 2 * np.pi, N)
    s, g2m = groups(truth, seed=seed)
    free = anchor_phase(truth, s, g2m)
    turned = anchor_phase(direction * truth + turn, s, g2m)
    assert free.anchored
    assert turned.anchored
    assert turned.direction == direction
    assert apart(turned.apply(direction * truth + turn), free.apply(truth)).max() < 1e-6
    assert turned.s_peak == pytest.approx(free.s_peak)


def test_zero_is_half_way_from_g2m_to_s_and_the_phase_goes_up_from_s_to_g2m():
    truth = np.linspace(0, 2 * np.pi, N, endpoint=False)
    anchor = anchor_phase(truth, *groups(truth, s=2.0, g2m=4.0, noise=0.0))
    assert anchor.s_peak == pytest.approx(np.pi - 1.0)
    assert anchor.g2m_peak == pytest.approx(np.pi + 1.0)
    assert anchor.s_peak + anchor.g2m_peak == pytest.approx(2 * np.pi)
    # The middle of 4 and 2 + 2 pi.
    assert anchor.apply([3.0 + np.pi + 1e-9])[0] == pytest.approx(0, abs=1e-6)
    assert (anchor.apply(truth) >= 0).all()
    assert (anchor.apply(truth) < 2 * np.pi).all()
    assert anchor.s_r_squared == pytest.approx(1)
    assert repr(anchor) == (
        "Anchor(anchored: 5 S genes and 5 G2/M genes follow the phase (waves explain 100% and 100% of the variance of their means). "
        "The phase goes up from S to G2/M, and its zero is half-way from the G2/M peak to the S peak.)"
    )


def test_one_strong_gene_does_not_decide():
    truth = np.linspace(0, 2 * np.pi, N, endpoint=False)
    s, g2m = groups(truth, noise=0.0)
    s[:, 0] = 1e4 * np.cos(truth - 5.0)
    assert apart(anchor_phase(truth, s, g2m).s_peak, anchor_phase(truth, s[:, 1:], g2m).s_peak) < 0.3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda phase, s, g2m: (s[:, :2], g2m),
            "zero and direction of the phase are arbitrary: 2 of the known S genes vary in the data, but 3 are needed.",
        ),
        (
            lambda phase, s, g2m: (s, 0 * g2m),
            "zero and direction of the phase are arbitrary: 0 of the known G2/M genes vary in the data, but 3 are needed.",
        ),
        (
            lambda phase, s, g2m: (s, np.cos(phase - 2.2 - np.pi)[:, None] + np.zeros(4)),
            "zero and direction of the phase are arbitrary: the peaks of S and G2/M genes nearly stand opposite each other (180 degrees), which gives no direction.",
        ),
        (
            lambda phase, s, g2m: (s, s),
            "zero and direction of the phase are arbitrary: the peaks of S and G2/M genes nearly coincide (0 degrees), which gives no direction.",
        ),
        (
            lambda phase, s, g2m: (np.cos(7 * phase)[:, None] + np.zeros(5), g2m),
            "zero and direction of the phase are arbitrary: the mean of 5 known S genes does not follow the phase (a wave explains 0.0% of its variance, p = 1).",
        ),
    ],
)
def test_the_phase_stays_free_and_the_reason_is_said(change, sentence):
    phase = np.linspace(0, 2 * np.pi, N, endpoint=False)
    anchor = anchor_phase(phase, *change(phase, *groups(phase, noise=0.0)))
    assert not anchor.anchored
    assert anchor.reason == sentence
    np.testing.assert_array_equal(anchor.apply(phase), phase)
    assert (anchor.direction, anchor.shift) == (1, 0.0)


def test_genes_of_noise_do_not_anchor():
    """At the level .01 and with a share of .05 needed of both groups, one of 200 at most."""
    rng = np.random.default_rng(0)
    anchored = 0
    for _ in range(200):
        phase = rng.uniform(0, 2 * np.pi, N)
        anchored += anchor_phase(phase, rng.normal(size=(N, 5)), rng.normal(size=(N, 5))).anchored
    assert anchored <= 1


def test_known_genes_are_found_in_human_and_in_mouse():
    assert list(known_genes(["ACTB", "PCNA", "MCM5"], S_GENES)) == [1, 2]
    assert list(known_genes(["Pcna", "Actb", "Mcm5", "PCNA"], S_GENES)) == [0, 2]
    assert len(known_genes([], S_GENES)) == 0
    assert not set(S_GENES) & set(G2M_GENES)
    assert len(set(S_GENES)) == len(set(G2M_GENES)) == 20


@pytest.mark.parametrize(
    ("s", "sentence"),
    [
        (
            np.ones((9, 3)),
            "s_expression must be an array of 10 cells by genes, one cell for each phase, not an array of shape (9, 3).",
        ),
        (
            np.full((10, 3), np.inf),
            "s_expression contains NaN or infinity. Drop those cells or genes, or fill the gaps first.",
        ),
    ],
)
def test_bad_expression_is_refused(s, sentence):
    with pytest.raises(InputError) as error:
        anchor_phase(np.arange(10.0), s, np.ones((10, 3)))
    assert str(error.value) == sentence


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_shared_variation_sees_neither_unit_nor_offset(seed, unit, offset):
    rng = np.random.default_rng(seed)
    genes = rng.standard_normal((60, 1)) + rng.standard_normal((60, 7))
    beside = rng.standard_normal(60)
    found = shared_variation(genes, beside)
    assert 0 <= found <= 1
    assert shared_variation(unit * genes + offset, unit * beside + offset) == pytest.approx(found, abs=1e-9)


def test_what_all_genes_share_is_not_counted():
    rng = np.random.default_rng(0)
    depth, cycle = rng.standard_normal((2, 1000))
    noise = rng.standard_normal((1000, 12))
    assert shared_variation(depth[:, None] + noise, depth) < 0.2
    assert shared_variation(depth[:, None] + cycle[:, None] + noise, depth) > 0.8
    assert np.isnan(shared_variation(noise[:, :5], depth))
