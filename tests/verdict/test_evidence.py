"""Evidence: what it is in known cases, and that no unit of the distances changes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.verdict.evidence import CHANCE, COUNTS, Evidence, evidence, matched, weight_of

seeds = st.integers(0, 2**32 - 1)


def test_evidence_of_known_tables():
    """Lengths 4, 3, .3 and 4, 2, .2."""
    diagrams = np.array([[1.0, 5.0], [1.0, 4.0], [1.0, 1.3]]), np.array([[1.0, 5.0], [2.0, 4.0], [0.0, 0.2]])
    table = np.array([[0.1, 0.8], [0.9, 0.2]])
    one, two, three = np.column_stack(evidence(table, diagrams))
    assert one == pytest.approx([0.0, 0.1, 0.375, 0.8])  # halves that agree by .1 agree by chance
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


@given(seeds)
def test_a_loop_has_no_more_evidence_than_the_halves_and_all_of_it_where_it_fits(seed):
    rng = np.random.default_rng(seed)
    found = Evidence(*rng.uniform(size=(4, 3)))
    found = found._replace(total=np.array([weight_of(a) for a in found.agreement]) * found.prominence * found.relief)
    table = np.sort(rng.uniform(size=(3, 3)))[::-1, ::-1]
    fits = rng.uniform(size=3), rng.uniform(size=3)
    here = matched(found, table, fits)
    assert here.total <= found.total.max() + 1e-12
    assert here.agreement <= table.max()
    assert here.total <= weight_of(here.agreement) * here.prominence * here.relief + 1e-12
    best = matched(found, np.ones((3, 3)), (np.array([1.0, 0, 0]), np.array([1.0, 0, 0])))
    assert (best.pair, best.agreement) == ((0, 0), 1.0)
    assert best.total == pytest.approx(found.total.max())


def test_a_loop_without_partner_has_no_evidence():
    found = Evidence(*np.ones((4, 3)))
    assert matched(found, np.ones((2, 2)), (np.zeros(2), np.ones(2)))[:2] == (0.0, 0.0)
    assert matched(found, np.zeros((0, 2)), (np.zeros(0), np.ones(2))).pair is None
    # It is the partner that counts: the second loop of either half is judged by what is said of two loops.
    two = Evidence(np.array([0.9, 0.2, 0]), np.array([0.95, 0.5, 0]), np.array([1.0, 0.9, 0]), np.array([1.0, 0.9, 0]))
    second = matched(two, np.eye(2), (np.array([0.0, 1.0]), np.array([0.0, 1.0])))
    assert second.pair == (1, 1)
    assert second.total == 0  # two loops agree by a half, which chance does
    assert (second.prominence, second.relief) == (0.9, 0.9)
    two = two._replace(agreement=np.array([0.95, 0.8, 0]))
    assert matched(two, np.eye(2), (np.array([0.0, 1.0]),) * 2).total == pytest.approx(0.8**2 * 0.81)


def test_an_agreement_counts_from_chance_on_and_more_the_higher_it_is():
    assert weight_of(CHANCE) == 0
    assert weight_of(COUNTS) == COUNTS**2
    assert weight_of(1.0) == 1
    rising = [weight_of(a) for a in np.linspace(0, 1, 101)]
    assert rising == sorted(rising)
