"""Checks that no other test reaches through a public door."""

import re

import pytest

from spectral_ph import InputError, MissingExtraError, _check


def test_a_missing_extra_is_refused_with_the_install_line():
    sentence = "no_such_module is not installed, and this needs it; run: pip install 'spectral_ph[cells]'"
    with pytest.raises(MissingExtraError, match=f"^{re.escape(sentence)}$") as caught:
        _check.need("no_such_module", "cells")
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, ImportError)
