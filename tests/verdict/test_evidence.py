"""Evidence: what it is in known cases, and that no unit of the distances changes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.verdict.evidence import evidence

seeds = st.integers(0, 2**32 - 1)


def test_evidence_of_known_tables():
    """Lengths 4, 3, .3 and 4, 2, .2."""
    diagrams = np.array([[1.0, 5.0], [1.0, 4.0], [1.0, 1.3]]), np.array([[1.0, 5.0], [2.0, 4.0], [0.0, 0.2]])
    table = np.array([[0.1, 0.8], [0.9, 0.2]])
    one, two, three = np.column_stack(evidence(table, diagrams))
    assert one == pytest.approx([0.1**2 * (0.25 + 0.5) / 2 * 0.8, 0.1, 0.375, 0.8])
    # matched crosswise; the worse of the pairs counts, and the lower relief, (3/4 + 1/2) / 2
    assert two == pytest.approx([0.8**2 * 0.9 * 0.625, 0.8, 0.9, 0.625])
    np.testing.assert_array_equal(three, 0)
    np.testing.assert_array_equal(np.column_stack(evidence(np.zeros((0, 2)), diagrams)), np.zeros((3, 4)))


@given(seeds, st.floats(0.1, 10))
def test_evidence_does_not_see_the_unit_of_the_distances(seed, unit):
    rng = np.random.default_rng(seed)
    diagrams = [np.cumsum(rng.uniform(0.1, 1, (3, 2)), axis=1) for _ in range(2)]
    diagrams = [d[np.argsort(d[:, 0] - d[:, 1])] for d in diagrams]
    table = rng.uniform(size=(3, 3))
    found = np.column_stack(evidence(table, tuple(diagrams)))
    np.testing.assert_allclose(
        np.column_stack(evidence(table, tuple(unit * d for d in diagrams))), found, rtol=1e-9, atol=1e-12
    )
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(np.column_stack(evidence(table.T, tuple(diagrams[::-1]))), found, atol=1e-12)
