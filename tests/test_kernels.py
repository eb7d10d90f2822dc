"""Kernels: each file is closed under calls, copies of a helper stay equal, and borrowed arrays are the arrays."""

import ast
import gc
import inspect
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import spectral_ph
from spectral_ph._numba import borrow, njit, njit_part, refer
from spectral_ph.homology import _births, _sweep_h1

PACKAGE = Path(spectral_ph.__file__).parent
FILES = sorted(path for path in PACKAGE.glob("*/_*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_kernel_calls_kernels_of_its_own_file_only(path):
    """Numba's cache on disk would not notice an edit in another file.

    Records (named tuples, with a capital) may come from one: their fields are part of a kernel's signature.
    """
    imported = {
        node.module
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and node.module.startswith("spectral_ph")
        and not all(alias.name[0].isupper() for alias in node.names)
    }
    assert imported <= {"spectral_ph._numba", "spectral_ph._types"}


def source(kernel):
    return inspect.getsource(getattr(kernel, "py_func", kernel))


@pytest.mark.parametrize("name", ["before", "count_below"])
def test_helpers_of_births_and_sweep_are_the_same_word_for_word(name):
    assert source(getattr(_births, name)) == source(getattr(_sweep_h1, name))


class Pair(NamedTuple):
    a: np.ndarray
    b: np.ndarray


class Nested(NamedTuple):
    pair: Pair
    c: np.ndarray
    scale: float


@njit
def doubled(nested):
    nested = borrow(nested)
    for k in range(len(nested.c)):
        nested.c[k] = nested.scale * (nested.pair.a[k] + nested.pair.b[k, 0])


@njit_part
def scaled(nested, k):
    return nested.scale * nested.pair.a[k]


@njit
def doubled_by_reference(nested):
    nested = refer(nested)
    pair = nested.pair
    for k in range(len(nested.c)):
        nested.c[k] = scaled(nested, k) + nested.scale * pair.b[k, 0]


@pytest.mark.parametrize("kernel", [doubled, doubled_by_reference])
def test_what_is_borrowed_or_passed_by_its_address_is_itself_and_nobody_loses_or_gains_a_reference(kernel):
    a, b, c = np.arange(3.0), np.ones((3, 2)), np.zeros(3)
    nested = Nested(Pair(a, b), c, 2.0)
    kernel(nested)
    gc.collect()
    before = [sys.getrefcount(x) for x in (a, b, c)]
    for _ in range(5):
        kernel(nested)
    gc.collect()
    assert [sys.getrefcount(x) for x in (a, b, c)] == before
    assert c.tolist() == [2.0, 4.0, 6.0]


def decorated(path):
    """Return how each function of a file of kernels is compiled, and which functions are called there."""
    tree = ast.parse(path.read_text())
    how = {
        f.name: d.id
        for f in tree.body
        if isinstance(f, ast.FunctionDef)
        for d in f.decorator_list
        if isinstance(d, ast.Name)
    }
    return how, {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_only_kernels_call_has_no_entry_from_python(path):
    """Each entry would be compiled by itself, and again in every caller."""
    how, called = decorated(path)
    parts = {name for name, way in how.items() if way in ("njit_part", "njit_inline")}
    assert parts == set(how) & called


WARM = """
import inspect, sys, warnings
from numba.core.dispatcher import Dispatcher
import spectral_ph as sph
from spectral_ph.cli.warmup import calls

def compiled():
    return {
        (name, kernel.py_func.__qualname__): sorted(map(str, kernel.signatures))
        for name, module in sys.modules.items() if name.startswith("spectral_ph.")
        for attribute, value in vars(module).items()
        for kernel in [value, *(cell.cell_contents for cell in (value.__closure__ or () if inspect.isfunction(value) else ()))]
        if isinstance(kernel, Dispatcher) and not kernel.targetoptions.get("no_cpython_wrapper")
    }

done = list(calls())
warnings.simplefilter("ignore")
before = compiled()
assert len(done) == 7 and len(before) > 20, done
missing = {k[1] for k, kinds in before.items() if not kinds and "embedding" not in k[0]}
assert missing <= {"refill"}, missing  # where a table is full, which few points do not bring about
sph.find_loops(sph.datasets.torus(350, random_state=1), splits=1)
sph.find_loops(sph.datasets.circle(1100, random_state=1), splits=1)
after = compiled()
assert before == after, {k for k in after if after[k] != before.get(k)}
"""


@pytest.mark.slow
def test_after_warmup_finding_loops_compiles_nothing():
    done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
