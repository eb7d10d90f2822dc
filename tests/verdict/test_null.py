"""The null distribution and its p-value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.verdict import null


def test_p_is_the_tail_of_the_worst_kind(monkeypatch):
    calm, wild = np.linspace(0, 0.1, 99), np.sort(np.r_[np.zeros(89), np.full(10, 0.5)])
    monkeypatch.setattr(null, "table", lambda: {100: {"calm": calm, "wild": wild}})
    assert null.p_value(0.4, 100) == pytest.approx(11 / 100)
    assert null.p_value(0.6, 100) == pytest.approx(1 / 100)
    assert null.least_p(100) == pytest.approx(1 / 100)


def test_kinds_of_few_samples_are_pooled(monkeypatch):
    few = {str(k): np.full(10, 0.1 * k) for k in range(5)}
    monkeypatch.setattr(null, "table", lambda: {100: few})
    # 10 of 50 reach .4
    assert null.p_value(0.4, 100) == pytest.approx(11 / 51)


def test_between_two_sizes_the_larger_p_of_both_counts(monkeypatch):
    """Critical evidence does not fall evenly with the number of points: .241, .324, .261, .216 at 100, 200, 400, 1,000."""
    low, high = np.zeros(99), np.full(99, 0.5)
    monkeypatch.setattr(null, "table", lambda: {100: {"a": low}, 200: {"a": high}, 400: {"a": low}, 800: {"a": low}})
    assert null.p_value(0.3, 100) == pytest.approx(0.01)
    for n in (101, 150, 199, 200, 201, 399):
        assert null.p_value(0.3, n) == 1.0
    assert null.p_value(0.3, 400) == null.p_value(0.3, 10_000) == null.p_value(0.3, 50) == pytest.approx(0.01)


def test_from_the_largest_size_on_no_less_evidence_is_needed_than_at_the_one_before(monkeypatch):
    monkeypatch.setattr(null, "table", lambda: {1000: {"a": np.full(99, 0.1)}, 4000: {"a": np.zeros(49)}})
    for n in (1001, 4000, 100_000):
        assert null.p_value(0.05, n) == 1.0
        assert null.p_value(0.2, n) == null.least_p(n) == pytest.approx(0.02)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(100, 5000))
def test_more_evidence_never_has_a_larger_p(x, y, n):
    low, high = sorted((x, y))
    assert 0 < null.least_p(n) <= null.p_value(high, n) <= null.p_value(low, n) <= 1


def test_the_null_holds_every_size_and_only_shares():
    for n, kinds in null.table().items():
        assert n >= null.LEAST_POINTS
        for values in kinds.values():
            assert (np.diff(values) >= 0).all()
            assert values[0] >= 0
            assert values[-1] <= 1
