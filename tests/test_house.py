"""The package as a whole: what importing it brings, and that every public name is there and documented."""

import subprocess
import sys

import spectral_ph as sph

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


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(sph, "persistense")
