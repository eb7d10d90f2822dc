"""Every public name is in the reference, and its docstring says what a reader of the reference looks for."""

import doctest
import inspect
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REFERENCE = runpy.run_path(str(ROOT / "docs" / "reference.py"))
NAMES = dict(REFERENCE["names"]())
CALLED = {name: thing for name, thing in NAMES.items() if inspect.isroutine(thing) or inspect.isclass(thing)}
NEVER_RAISES = {"spectral_ph.files.holds_obs"}


def sections(thing):
    """Return the headings of a docstring."""
    return re.findall(r"^([A-Z][A-Za-z ]+)\n-{3,}$", inspect.getdoc(thing) or "", flags=re.M)


def needed(name, thing):
    """Return the sections that a public name is to have."""
    if inspect.isclass(thing):
        if issubclass(thing, Exception):
            return {"See Also", "Examples"}
        raises = {"Raises"} if hasattr(thing, "fit") else set()
        return {"See Also", "Examples", "Attributes"} | raises | ({"Parameters"} if raises else set())
    back = inspect.signature(thing).return_annotation
    returns = set() if back in (None, "None") or "Iterator" in str(back) else {"Returns"}
    has_parameters = {"Parameters"} if inspect.signature(thing).parameters else set()
    raises = set() if name in NEVER_RAISES else {"Raises"}
    return {"See Also", "Examples"} | has_parameters | returns | raises


@pytest.mark.parametrize("name", CALLED)
def test_a_public_name_says_what_it_takes_gives_and_raises_and_shows_it(name):
    thing = CALLED[name]
    assert needed(name, thing) - set(sections(thing)) == set()
    assert doctest.DocTestParser().get_examples(inspect.getdoc(thing)), "the example has no line to run"


@pytest.mark.parametrize("name", CALLED)
def test_what_to_see_also_is_there(name):
    module = name.rpartition(".")[0]
    listed = re.search(r"See Also\n-+\n(.+?)(?:\n\n|$)", inspect.getdoc(CALLED[name]), flags=re.S)[1]
    for also in re.split(r",\s*", listed.strip()):
        assert also in NAMES or f"{module}.{also}" in NAMES, also


def test_the_reference_has_a_page_for_every_module_and_a_line_for_every_name(tmp_path):
    REFERENCE["write"](tmp_path)
    pages = "\n".join(path.read_text() for path in tmp_path.iterdir())
    for name in NAMES:
        module, _, last = name.rpartition(".")
        assert f".. currentmodule:: {module}\n" in pages
        assert f"\n   {last}\n" in pages
    for command in __import__("spectral_ph.cli").cli.app.commands:
        assert f"## spectral-ph {command}\n" in pages


def test_the_gallery_draws_every_picture():
    gallery = (ROOT / "docs" / "gallery.md").read_text()
    drawn = [name for name in NAMES if name.startswith(("spectral_ph.pl.", "spectral_ph.plot."))]
    missing = [name for name in drawn if f"{name.replace('spectral_ph.', 'sph.')}(" not in gallery]
    assert missing == []
