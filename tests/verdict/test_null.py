"""The null distribution and its p-value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.verdict import null


def test_p_values_follow_the_definition(monkeypatch):
    kinds = {"a": np.array([0.0, 0.1, 0.2, 0.3]), "b": np.array([0.0, 0.0, 0.0, 0.9])}
    monkeypatch.setattr(null, "table", lambda: {100: kinds, 400: {"a": np.zeros(9)}})
    # 2 of 8 reach .3 (a .3, b .9): (1 + 2) / 9, more than half of (1 + 1) / 5
    assert null.p_value(0.3, 150) == pytest.approx(3 / 9)
    # 1 of 8 reaches .9: 2 / 9; kind b (1 + 1) / 5 / 2
    assert null.p_value(0.9, 399) == pytest.approx(2 / 9)
    assert null.p_value(1.0, 100) == pytest.approx(1 / 9)
    assert null.p_value(0.5, 400) == pytest.approx(1 / 10)
    assert null.p_value(0.5, 50) == null.p_value(0.5, 100)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(100, 5000))
def test_more_evidence_never_has_a_larger_p(x, y, n):
    low, high = sorted((x, y))
    assert 0 < null.p_value(high, n) <= null.p_value(low, n) <= 1


def test_the_null_holds_every_size_and_only_shares():
    for n, kinds in null.table().items():
        assert n >= null.LEAST_POINTS
        for values in kinds.values():
            assert (np.diff(values) >= 0).all()
            assert values[0] >= 0
            assert values[-1] <= 1
