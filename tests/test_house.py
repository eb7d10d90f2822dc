"""The package as a whole: what importing it brings, its public names, and how long and how separate its files are."""

import ast
import copy
import importlib
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph import files
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


@pytest.mark.parametrize(
    "name", ["datasets", "datasets.cells", "embedding", "files", "nn", "pl", "plot", "report", "tl"]
)
def test_tab_completion_shows_only_what_is_for_users(name):
    module = importlib.import_module(f"spectral_ph.{name}")
    assert dir(module) == sorted(module.__all__) == module.__all__
    if name == "nn" and not find_spec("torch"):
        return
    for shown in module.__all__:
        assert getattr(module, shown).__doc__, shown


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_what_needs_torch_says_how_to_install_it():
    sentence = "this needs torch, which is not installed. Run: pip install 'spectral_ph[nn]'"
    with pytest.raises(sph.MissingExtraError, match=f"^{re.escape(sentence)}$"):
        _ = sph.nn.GeometricAutoencoder


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(sph, "persistense")
    assert not hasattr(sph.nn, "Autoencoder")


def test_results_compare_by_identity_and_can_be_keys(tmp_path):
    X = np.random.default_rng(0).standard_normal((30, 2))
    np.save(tmp_path / "X.npy", X)
    A = sph.neighbor_graph(X, 5)
    for value in (
        nearest_neighbors(X, 5),
        sph.spectrum(A),
        sph.persistence(X),
        compute(X, "eff_res"),
        DISTANCES["hops"],
        sph.find_loops(X, splits=0),
        sph.preprocess(np.ones((5, 3)) + np.eye(5, 3), n_components=1),
        sph.datasets.cells.cell_cycle(n_cells=20, n_genes=30, n_cycling_genes=10),
        files.read(tmp_path / "X.npy"),
    ):
        assert value == value
        assert value != copy.copy(value)
        assert {value: 1}[value] == 1


# What the files look like

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "spectral_ph").rglob("*.py"))
SHARED = {"_check", "_implicit", "_interrupt", "_latex", "_log", "_numba", "_numba_parts", "_types"}


def tree(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def named(file):
    return file.relative_to(ROOT).as_posix()


def length(file):
    """Return how many lines a file has beside the examples and the "see also" that tests/test_api.py asks docstrings for."""
    text = file.read_text(encoding="utf-8")
    shown = re.findall(r'^ {4}(?:See Also|Examples)\n {4}-+\n(?:(?! *"""| {4}\w+\n {4}-).*\n)*', text, flags=re.M)
    return len(text.splitlines()) - sum(block.count("\n") for block in shown)


def test_no_file_is_very_long_but_the_sweep():
    very_long = {named(file): length(file) for file in FILES if length(file) > 700}
    very_long.pop("spectral_ph/homology/_sweep_h1.py", None)
    assert very_long == {}


def test_a_long_file_says_why():
    """A file of more than 450 lines has a sentence in its docstring that starts with "Long because"."""
    reason = re.compile(r"(^|\. |\n)Long because ")
    long = [file for file in FILES if length(file) > 450]
    assert [named(file) for file in long if not reason.search(ast.get_docstring(tree(file)) or "")] == []


def code_lines(function):
    """Return how many lines a function has beside its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    return function.end_lineno - function.lineno + 1 - (first.end_lineno - first.lineno + 1 if documented else 0)


def test_no_function_is_long_but_the_sweeps():
    long = {
        f"{named(file)}: {node.name}": code_lines(node)
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "sweep" and code_lines(node) > 80
    }
    assert long == {}


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def is_module(parts):
    path = ROOT.joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").exists()


def private_names(file):
    """Return what a file takes from inside other modules: names with a leading underscore, imported or reached for.

    The modules of `SHARED` are for all, and a module of kernels is for its own layer.
    """
    package, modules, found = list(file.relative_to(ROOT).parent.parts), {"sph"}, []
    nodes = list(ast.walk(tree(file)))
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(file)} imports by a relative path"
            for alias in node.names:
                parts = [*node.module.split("."), alias.name]
                if parts[0] == "spectral_ph" and is_module(parts):
                    modules.add(alias.asname or alias.name)
                for depth, part in enumerate(parts):
                    if parts[0] != "spectral_ph" or not is_private(part) or (depth == 1 and part in SHARED):
                        continue
                    if not is_module(parts[: depth + 1]) or parts[:depth] != package:
                        found.append(".".join(parts))
    reached = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return found + [f"{n.value.id}.{n.attr}" for n in reached if n.value.id in modules and is_private(n.attr)]


def test_no_file_reaches_inside_another():
    files = [*FILES, *sorted((ROOT / "benchmarks").rglob("*.py"))]
    reached = {named(file): names for file in files if (names := private_names(file))}
    assert reached == {}
