"""The universal null: what does not change it, what it is by hand, and that it is uniform where nothing is to be found."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.homology.inference.universal import LAW_ERROR, holm


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.integers(1, 30))
def test_neither_unit_nor_order_changes_it(seed, unit, m):
    rng = np.random.default_rng(seed)
    births = rng.uniform(0.5, 1.5, m)
    diagram = np.column_stack([births, births * rng.uniform(1.05, 4, m)])
    found = sph.significance(diagram)
    np.testing.assert_allclose(sph.significance(unit * diagram).p_values, found.p_values, rtol=1e-9)
    order = rng.permutation(m)
    for name in ("p_values", "family_wise", "q_values"):
        np.testing.assert_allclose(
            getattr(sph.significance(diagram[order]), name), getattr(found, name)[order], rtol=1e-9
        )
    # The larger death / birth is, the more it surprises.
    np.testing.assert_array_equal(np.argsort(-found.p_values), np.argsort(diagram[:, 1] / diagram[:, 0]))
    # A rate of errors among many is never dearer than no error at all, and neither is cheaper than one by itself.
    assert (found.p_values <= found.q_values).all()
    assert (found.q_values <= found.family_wise * (1 + 1e-12)).all()
    assert (found.family_wise <= 1).all()


def test_two_features_by_hand():
    """log log(death / birth) of 1 and -1 has the mean 0, so l is 1 and -1 less 0.5772."""
    diagram = np.column_stack([np.ones(2), np.exp(np.exp([1.0, -1.0]))])
    found = sph.significance(diagram)
    by_hand = [np.exp(-np.exp(1 - 0.5772156649015329)), np.exp(-np.exp(-1 - 0.5772156649015329))]
    assert by_hand == pytest.approx([0.217359, 0.813386], abs=1e-6)
    assert found.p_values == pytest.approx(by_hand, rel=1e-12)
    assert found.family_wise == pytest.approx([2 * by_hand[0], by_hand[1]])
    assert found.q_values == pytest.approx([2 * by_hand[0], by_hand[1]])
    assert not found.significant.any()


def test_features_that_are_alike_have_the_value_of_the_formula():
    """l is minus Euler's constant for each, so p = exp(-exp(-0.5772))."""
    found = sph.significance(np.tile([1.0, 2.0], (5, 1)))
    assert found.p_values == pytest.approx(np.full(5, np.exp(-np.exp(-np.euler_gamma))))


def test_holm_by_hand():
    assert holm(np.array([0.03, 0.01, 0.04])) == pytest.approx([0.06, 0.03, 0.06])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])
    assert holm(np.empty(0)).shape == (0,)


@pytest.mark.parametrize("d", [2, 5])
def test_it_is_uniform_on_poisson_clouds(d):
    """Up to the error that is stated, and the fluctuation of so many features; and nothing is claimed."""
    p = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.random((rng.poisson(400), d))
        found = sph.significance(sph.persistence(X, "euclidean"))
        assert not found.significant.any()
        p.append(found.p_values)
    p = np.sort(np.concatenate(p))
    steps = np.arange(len(p) + 1) / len(p)
    kolmogorov = max((steps[1:] - p).max(), (p - steps[:-1]).max())
    assert kolmogorov < LAW_ERROR + 1.36 / np.sqrt(len(p))


def test_a_loop_is_found_and_said_in_every_form():
    P = sph.persistence(sph.datasets.circle(200, 2, 0.05, random_state=0), "euclidean")
    found = sph.significance(P)
    assert found.significant.tolist() == [True] + [False] * (len(P[1]) - 1)
    table = found.to_records()
    np.testing.assert_array_equal(table["birth"], P[1][:, 0])
    np.testing.assert_array_equal(table["significant"], found.significant)
    assert repr(found).startswith(f"Significance(H1, 1 of {len(P[1])} features at a level of 0.05, smallest p ")
    assert 0 < sph.significance(P[1][:0]).error == LAW_ERROR
    # The error falls with the number of features that the mean is estimated from.
    assert found.error < sph.significance(P[1][:4]).error


def test_what_is_alive_at_the_end_has_an_upper_bound():
    D = sph.distance_matrix(sph.datasets.circle(200, 2, 0.05, random_state=0), "euclidean")
    whole = sph.significance(sph.persistence(D, "precomputed"))
    cut = sph.significance(sph.persistence(D, "precomputed", threshold=1.0))
    assert (whole.unfinished, cut.unfinished) == (0, 1)
    assert whole.p_values[0] < cut.p_values[0] < 0.01


def test_other_distances_are_warned_of():
    P = sph.persistence(np.random.default_rng(0).random((60, 2)), "eff_res")
    with pytest.warns(sph.SpectralWarning, match=r"it is not proven for distance 'eff_res'") as said:
        found = sph.significance(P)
    assert found.warnings == (str(said[0].message),)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: sph.significance(np.ones((3, 3))),
            "P must be a diagram, an (m, 2) array of births and deaths, not an array of shape (3, 3). Pass one degree of the "
            "result, for instance P[1].",
        ),
        (
            lambda: sph.significance([[0.0, 1.0], [1.0, 2.0]]),
            "births must be above 0 for the universal law, which is about death / birth, but one is 0. Pass a diagram of "
            "degree 1 or more.",
        ),
        (
            lambda: sph.significance([[1.0, 2.0]], dimension=0),
            "dimension=0 has births of 0 only, and the law is about death / birth. Pass dimension=1.",
        ),
        (
            lambda: sph.significance(sph.persistence(np.eye(4), "euclidean"), dimension=2),
            "dimension 2 was asked for, but the result has the dimensions 0 to 1. Compute it with maxdim=2.",
        ),
        (
            lambda: sph.significance([[1.0, 2.0]], "universa"),
            "kind='universa' is not a known kind of significance; did you mean 'universal'? Known are: universal.",
        ),
        (lambda: sph.significance([[1.0, 2.0]], level=2), "level must be between 0 and 1, not 2."),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        call()
