"""Checks that no other test reaches through a public door."""

import pickle
import re

import pytest

from spectral_ph import InputError, MissingExtraError, _check


def test_a_missing_extra_is_refused_with_the_install_line():
    sentence = "this needs no_such_module, which is not installed. Run: pip install 'spectral_ph[cells]'"
    with pytest.raises(MissingExtraError, match=f"^{re.escape(sentence)}$") as caught:
        _check.need("no_such_module", "cells")
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, ImportError)


def test_a_sentence_spells_its_arguments_as_the_door_does():
    way = _check.Argument("n_neighbors", 14)
    error = _check.InputError("pass ", way, " or fewer, or leave ", _check.Argument("mode"), " out.")
    assert str(error) == "pass n_neighbors=14 or fewer, or leave mode out."
    shell = error.spelled(lambda a: f"--{a.name}" if a.value is ... else f"--{a.name} {a.value}")
    assert shell == "pass --n_neighbors 14 or fewer, or leave --mode out."
    back = pickle.loads(pickle.dumps(error))
    assert str(back) == str(error)
    assert isinstance(back, ValueError)


def test_a_warning_is_collected_as_text_and_shown_in_parts():
    with _check.collected() as texts, pytest.warns(_check.SpectralWarning, match="^pass level=0.1$") as caught:
        _check.warn("pass ", _check.Argument("level", 0.1))
    assert texts == ["pass level=0.1"]
    assert caught[0].message.spelled(lambda a: f"--{a.name}") == "pass --level"
