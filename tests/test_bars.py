"""Bars are drawn for people who watch: on a terminal, and where warnings are shown."""

import ast
import io
import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import spectral_ph as sph
from spectral_ph import _log, cli

FILES = sorted(Path(sph.__file__).parent.rglob("*.py"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watched(monkeypatch):
    """Make a terminal of standard error. It is done within a test, for pytest puts its own in place as a test begins."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def found():
    return sph.persistence(sph.datasets.circle(40, sigma=0.1), distance="euclidean", engine="h1")


def test_a_terminal_shows_a_bar(monkeypatch):
    terminal = watched(monkeypatch)
    found()
    assert "H1" in terminal.getvalue()


@pytest.mark.parametrize("who", ["the logger", "the program", "scanpy"])
def test_none_where_only_errors_are_asked_for(monkeypatch, who):
    terminal = watched(monkeypatch)
    if who == "the logger":
        monkeypatch.setattr(_log.logger, "level", logging.ERROR)
    elif who == "the program":
        monkeypatch.setattr(logging.getLogger(), "level", logging.ERROR)
    else:
        asked = SimpleNamespace(settings=SimpleNamespace(verbosity=0))
        monkeypatch.setitem(sys.modules, "scanpy", asked)
    _log.logger.manager._clear_cache()
    try:
        found()
    finally:
        monkeypatch.undo()
        _log.logger.manager._clear_cache()
    assert terminal.getvalue() == ""


def test_none_where_there_is_no_terminal(monkeypatch):
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert not _log.shows_bars()
        found()
        assert stream is None or stream.getvalue() == ""


@pytest.mark.parametrize(("option", "bar"), [((), True), (("--quiet",), False)])
def test_none_under_quiet(monkeypatch, tmp_path, option, bar):
    terminal = watched(monkeypatch)
    (tmp_path / "points.csv").write_text(
        "\n".join(",".join(map(str, row)) for row in sph.datasets.circle(40, sigma=0.1))
    )
    arguments = [
        "persistence",
        tmp_path / "points.csv",
        "--distance",
        "euclidean",
        "--engine",
        "h1",
        "--no-header",
        *option,
    ]
    monkeypatch.setattr(sys, "argv", ["spectral-ph", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0
    assert ("H1" in terminal.getvalue()) == bar


def bars(tree):
    """Return the calls of tqdm, and which of them stand where bars are asked for."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "tqdm"]
    asked = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "_log.shows_bars()" in ast.unparse(n.test)]
    inside = {id(n) for block in asked for n in ast.walk(block)}
    return [(c, id(c) in inside or any("_log.shows_bars()" in ast.unparse(k.value) for k in c.keywords)) for c in calls]


def test_every_bar_asks():
    seen = 0
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        if file.name != "_log.py":
            assert "isatty" not in text, file
        for call, asked in bars(ast.parse(text)):
            seen += 1
            assert asked, f"{file}:{call.lineno}"
    assert seen >= 12
