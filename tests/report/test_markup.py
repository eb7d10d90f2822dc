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
