"""Text is escaped, and numbers are as people read them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_ph.report import markup
from tests.report.made import Page


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_escaped_text_is_one_piece_of_text(text):
    page = Page(f"<p>{markup.text(text)}</p>")
    assert [tag for tag, _ in page.elements] == ["p"]
    assert page.words() == "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (True, "yes"),
        (1000, "1000"),
        (0.12345, "0.123"),
        (2.5e-7, "2.5 × 10⁻⁷"),
        (float("nan"), "–"),
        (np.inf, "∞"),
        ([1, 2], "1, 2"),
        ({"a": 1}, "a: 1"),
        ((), "none"),
    ],
)
def test_values_as_people_read_them(value, said):
    assert markup.shown(value) == said


@pytest.mark.parametrize("column", ["p_value", "q_value", "s_p_value", "p", "q"])
def test_a_probability_too_small_to_tell_from_0_is_said_to_be_small(column):
    shown = markup.table([{"gene": "A", column: p} for p in (0.0, 9e-11, 1e-10, 0.25)], "x")
    assert [cell for cell in ("&lt; 10⁻¹⁰", "1.0 × 10⁻¹⁰", "0.25") if cell not in shown] == []
    assert shown.count("&lt; 10⁻¹⁰") == 2
    assert "&lt;" not in markup.table([{"gene": "A", "amplitude": 1e-12}], "x")
