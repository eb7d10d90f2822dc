"""The universal null: what does not change it, and what it is for features that are alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.homology.inference import universal_evidence


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.integers(2, 30))
def test_neither_unit_nor_order_changes_it(seed, unit, m):
    rng = np.random.default_rng(seed)
    births = rng.uniform(0.5, 1.5, m)
    diagram = np.column_stack([births, births * rng.uniform(1.05, 4, m)])
    found = universal_evidence(diagram)
    np.testing.assert_allclose(universal_evidence(unit * diagram), found, rtol=1e-9, atol=1e-9)
    order = rng.permutation(m)
    np.testing.assert_allclose(universal_evidence(diagram[order]), found[order], rtol=1e-12)
    # The larger death / birth is, the more it surprises.
    np.testing.assert_array_equal(np.argsort(found), np.argsort(diagram[:, 1] / diagram[:, 0]))


def test_features_that_are_alike_have_the_value_of_the_formula():
    """l is minus Euler's constant for each, so p = exp(-exp(-0.5772)), and there are m of them."""
    alike = np.tile([1.0, 2.0], (5, 1))
    expected = np.exp(-np.euler_gamma) / np.log(10) - np.log10(5)
    assert universal_evidence(alike) == pytest.approx(np.full(5, expected))


def test_one_feature_has_nothing_to_be_compared_with():
    assert universal_evidence(np.array([[1.0, 9.0]])).tolist() == [0.0]
    assert universal_evidence(np.zeros((0, 2))).shape == (0,)
