"""Kernels: each file is closed under calls, copies of a helper stay equal, and borrowed arrays are the arrays."""

import ast
import gc
import inspect
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import spectral_ph
from spectral_ph._numba import borrow, njit
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


def test_borrowed_arrays_are_the_arrays_and_nobody_loses_or_gains_a_reference():
    a, b, c = np.arange(3.0), np.ones((3, 2)), np.zeros(3)
    nested = Nested(Pair(a, b), c, 2.0)
    doubled(nested)
    gc.collect()
    before = [sys.getrefcount(x) for x in (a, b, c)]
    for _ in range(5):
        doubled(nested)
    gc.collect()
    assert [sys.getrefcount(x) for x in (a, b, c)] == before
    assert c.tolist() == [2.0, 4.0, 6.0]
