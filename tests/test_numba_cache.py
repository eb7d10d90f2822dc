"""Compiled kernels are kept on disk where that can be, and compute the same where it cannot; either is said once."""

import builtins
import importlib.util
import logging
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from numba.core import caching

import spectral_ph as sph
from spectral_ph import _log, _numba
from spectral_ph._check import InputError
from spectral_ph.graph import nearest_neighbors

NOT_KEPT = (
    "compiling kernels, and again in every process, for neither the package nor the home folder can be written to. Set the "
    "environment variable NUMBA_CACHE_DIR to a folder that can be written to, to compile once."
)
COMPILING = "compiling kernels, once per machine"
KERNELS = """
from spectral_ph._numba import njit, njit_inline, njit_parallel, prange

@njit_inline
def one(x):
    return x + 1

@njit
def next_of(x):
    return one(x)

@njit_parallel
def ahead(x):
    for i in prange(len(x)):
        x[i] += 1
"""


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """Give a function that imports a new module of kernels; nothing was said yet."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    for said in (_numba._say_compiling, _numba._say_not_kept):
        said.cache_clear()
    monkeypatch.setattr("numba.config.CACHE_DIR", "")

    def load():
        spec = importlib.util.spec_from_file_location("kernels", tmp_path / "kernels.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def run(module):
    x = np.zeros(3)
    module.ahead(x)
    return module.next_of(1), module.next_of(1.5), x.tolist()


def refuse(*_):
    raise OSError(30, "Read-only file system")


def test_compiling_is_said_once_and_only_where_nothing_was_kept(kernels, caplog):
    assert run(kernels()) == (2, 2.5, [1.0, 1.0, 1.0])
    assert caplog.messages == [COMPILING]
    _numba._say_compiling.cache_clear()
    assert run(kernels()) == (2, 2.5, [1.0, 1.0, 1.0])
    assert caplog.messages == [COMPILING]


@pytest.mark.parametrize("place", ["no folder can be written", "it fills up meanwhile", "nobody may keep anything"])
def test_without_a_folder_kernels_compute_the_same_and_it_is_said_once(kernels, caplog, monkeypatch, place):
    if place == "no folder can be written":
        monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", refuse)
        expected = [NOT_KEPT]
    elif place == "it fills up meanwhile":
        monkeypatch.setattr(caching.IndexDataCacheFile, "_save_data", refuse)
        expected = [COMPILING, NOT_KEPT]
    else:
        monkeypatch.setattr("numba.config.CACHE_LOCATOR_CLASSES", "IPythonCacheLocator")
        expected = [NOT_KEPT]
    assert run(kernels()) == (2, 2.5, [1.0, 1.0, 1.0])
    assert caplog.messages == expected


def test_what_was_compiled_before_is_read_from_a_folder_that_cannot_be_written(kernels, caplog, monkeypatch):
    run(kernels())
    caplog.clear()
    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", refuse)
    assert run(kernels()) == (2, 2.5, [1.0, 1.0, 1.0])
    assert caplog.messages == []


def test_a_damaged_file_is_compiled_again(kernels, tmp_path):
    run(kernels())
    for file in (tmp_path / "__pycache__").glob("*.nb*"):
        file.write_bytes(file.read_bytes()[:-7])
    assert run(kernels()) == (2, 2.5, [1.0, 1.0, 1.0])


def test_pynndescent_needs_a_folder(monkeypatch):
    there = builtins.__import__

    def refuse_it(name, *rest):
        if name == "pynndescent":
            raise RuntimeError("cannot cache function 'x': no locator available for file 'y'")
        return there(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse_it)
    with pytest.raises(InputError) as error:
        nearest_neighbors(np.random.default_rng(0).standard_normal((50, 2)), 5, search="nndescent")
    assert str(error.value) == (
        "pynndescent keeps its compiled functions on disk, but neither the package nor the home folder can be written to. Set "
        "the environment variable NUMBA_CACHE_DIR to a folder that can be written to, or pass search='exact'."
    )


def test_messages_are_printed_where_the_program_has_no_handlers(monkeypatch, capsys):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    _log.say(logging.WARNING, "one")
    _log.say(logging.INFO, "two")
    _log.say(_log.HINT, "three")
    assert capsys.readouterr().err == "one\n"
    monkeypatch.setattr(_log.logger, "level", _log.HINT)
    _log.logger.manager._clear_cache()
    _log.say(logging.INFO, "four")
    _log.say(_log.HINT, "five")
    _log.say(logging.DEBUG, "six")
    _log.logger.manager._clear_cache()
    assert capsys.readouterr().err == "four\nfive\n"


def test_scanpy_decides_where_only_scanpy_was_asked(caplog, capsys):
    scanpy = pytest.importorskip("scanpy")
    before, file = scanpy.settings.verbosity, scanpy.settings.logfile
    scanpy.settings.verbosity, scanpy.settings.logfile = 2, sys.stderr
    try:
        _log.say(logging.INFO, "added a phase")
        _log.say(_log.HINT, "more")
    finally:
        scanpy.settings.verbosity, scanpy.settings.logfile = before, file
    assert capsys.readouterr().err == "added a phase\n"
    assert caplog.messages == []


MOVED = """
import logging, sys
import numba
import numba.core.codegen
import numba.core.typed_passes
GONE
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
for other in ("numba", "matplotlib"):
    logging.getLogger(other).setLevel(logging.ERROR)
import numpy as np
import spectral_ph as sph
from typing import NamedTuple
from spectral_ph._numba import borrow, njit, njit_inline, njit_part, refer

class Pair(NamedTuple):
    a: np.ndarray
    b: np.ndarray

class Nested(NamedTuple):
    pair: Pair
    c: np.ndarray

@njit_inline
def next_of(x):
    return x + 1

@njit_part
def scaled(nested, k):
    return next_of(nested.pair.a[k]) / 3

@njit
def by_address(nested):
    nested = refer(nested)
    for k in range(len(nested.c)):
        nested.c[k] = scaled(nested, k) + nested.pair.b[k]

@njit
def borrowed(nested):
    nested = borrow(nested)
    for k in range(len(nested.c)):
        nested.c[k] += scaled(nested, k)

nested = Nested(Pair(np.arange(3.0), np.full(3, 0.1)), np.zeros(3))
by_address(nested)
borrowed(nested)
print(nested.c.tolist())
print(sph.persistence(POINTS, distance="euclidean")[1].tolist() if numba.config.DISABLE_JIT else "compiled")
"""
GONE = [
    "del numba.core.codegen.JITCodeLibrary",
    "del numba.core.typed_passes.NativeLowering",
    "sys.modules['spectral_ph._numba_parts'] = None",
]


@pytest.mark.slow
@pytest.mark.parametrize("interpreted", [False, True], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("gone", GONE)
def test_a_numba_whose_inside_has_moved_gives_the_same_bits_and_says_so(gone, interpreted, tmp_path):
    if interpreted and gone != GONE[-1]:
        pytest.skip("the three are one way from here on")
    points = sph.datasets.circle(30, sigma=0.1, random_state=0)
    (tmp_path / "moved.py").write_text(MOVED.replace("GONE", gone).replace("POINTS", f"np.array({points.tolist()})"))
    done = subprocess.run(
        [sys.executable, tmp_path / "moved.py"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": str(int(interpreted))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    up = np.arange(1.0, 4.0) / 3
    assert done.stdout.splitlines() == [
        str((up + 0.1 + up).tolist()),
        str(sph.persistence(points, distance="euclidean")[1].tolist()) if interpreted else "compiled",
    ]
    said = [line for line in done.stderr.splitlines() if "for names inside it have moved" in line]
    assert len(said) == 1
    assert said[0].startswith(f"spectral_ph compiling takes longer with numba {numba.__version__}, for")
    assert len(list(tmp_path.rglob("*.nbi"))) == (0 if interpreted else 2)
