"""The package as a whole: what importing it brings, and that every public name is there and documented."""

import copy
import importlib
import subprocess
import sys

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.distances import DISTANCES
from spectral_ph.distances.compute import compute
from spectral_ph.graph import nearest_neighbors

HEAVY = (
    "anndata",
    "gudhi",
    "joblib",
    "matplotlib",
    "numba",
    "pandas",
    "pynndescent",
    "ripser",
    "sklearn",
    "torch",
    "tqdm",
)


def test_importing_brings_numpy_and_scipy_only():
    code = f"import sys, spectral_ph; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_there_and_documented():
    assert list(sph.__all__) == sorted(sph.__all__)
    for name in sph.__all__:
        assert name in dir(sph)
        if name != "DISTANCES":
            assert getattr(sph, name).__doc__, name


@pytest.mark.parametrize("name", ["datasets", "datasets.cells", "files", "pl", "plot", "report", "tl"])
def test_tab_completion_shows_only_what_is_for_users(name):
    module = importlib.import_module(f"spectral_ph.{name}")
    assert dir(module) == sorted(module.__all__) == module.__all__
    for shown in module.__all__:
        assert getattr(module, shown).__doc__, shown


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(sph, "persistense")


def test_results_compare_by_identity_and_can_be_keys():
    X = np.random.default_rng(0).standard_normal((30, 2))
    A = sph.neighbor_graph(X, 5)
    for value in (
        nearest_neighbors(X, 5),
        sph.spectrum(A),
        sph.persistence(X),
        compute(X, "eff_res"),
        DISTANCES["hops"],
    ):
        assert value == value
        assert value != copy.copy(value)
        assert {value: 1}[value] == 1
