"""Check everything that a release rests on, each step in a clean environment: `make release-check`.

python release/check.py                 all steps; ends with 1 if one failed
python release/check.py sizes build     some steps
python release/check.py --list          says which there are, and which versions of Python were found

What each environment holds is printed where its step fails. The environments are made by uv, from the registry or the
cache that it is set up with, and thrown away.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
EXTRAS = ("cells", "data", "dask", "embedding")

QUICK = ["tests/homology/test_persistence.py", "tests/distances/test_registry.py", "tests/graph", "tests/spectrum"]
"""What is run under every version of Python: the chain, without the slow benchmarks and notebooks."""

CELLS = ["tests/files/test_annotated.py", "tests/test_tl.py"]
"""The same for the extra `cells`."""

USED = """
import spectral_ph as sph
R = sph.find_loops(sph.datasets.circle(150, ambient_dim=10, sigma=0.1), splits=2)
print(R)
assert R.loops[0].score > 0.5
"""


def uv(*arguments, **settings):
    """Run uv, and return what it printed."""
    return call([sys.executable, "-m", "uv", "--quiet", *map(str, arguments)], **settings)


def call(arguments, **settings):
    """Run a command; a failure raises with the end of what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, env=environment | settings.pop("env", {}), **settings
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))}\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


class Place:
    """An environment of its own in a temporary folder."""

    def __init__(self, folder, python=None):
        self.folder = Path(folder)
        uv("venv", *(["--python", python] if python else []), self.folder)
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def install(self, *what):
        """Install with uv; wheels only, so that a missing one is noticed here and not by a user without a compiler."""
        uv("pip", "install", "--python", self.python, "--only-binary", ":all:", *what)

    def run(self, *arguments, **settings):
        """Run this environment's Python outside of the repository, so that what is installed is what is tested."""
        settings.setdefault("cwd", self.folder)
        return call([self.python, *arguments], **settings)

    def megabytes(self):
        """Return what is installed, in MB, by the name of its folder."""
        (site,) = (
            self.folder.glob("lib/python*/site-packages") if os.name != "nt" else [self.folder / "Lib/site-packages"]
        )
        sizes = {}
        for entry in site.iterdir():
            files = [entry] if entry.is_file() else entry.rglob("*")
            sizes[entry.name] = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
        return sizes


def pythons():
    """Return the versions of Python that this machine has, by version, newest patch first."""
    found = {}
    for version in PYTHONS:
        try:
            found[version] = uv("python", "find", "--no-python-downloads", version).strip()
        except RuntimeError:
            pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
            if pyenv:
                found[version] = str(pyenv[-1])
    return found


def built():
    """Return the wheel and the source distribution, built if they are not there."""
    if not list(DIST.glob("*.whl")) or not list(DIST.glob("*.tar.gz")):
        build()
    return next(DIST.glob("*.whl")), next(DIST.glob("*.tar.gz"))


def build():
    """Build the source distribution, and the wheel from it."""
    shutil.rmtree(DIST, ignore_errors=True)
    call([sys.executable, "-m", "build", "--outdir", DIST, ROOT])  # the wheel is built from the source distribution
    wheel, source = built()
    return f"{wheel.name} {wheel.stat().st_size / 1e6:.2f} MB, {source.name} {source.stat().st_size / 1e6:.2f} MB"


def metadata():
    """Check what an index shows: that it renders, and that its links lead somewhere from there."""
    wheel, source = built()
    call([sys.executable, "-m", "twine", "check", "--strict", wheel, source])
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]
    if links:
        raise RuntimeError(f"the long description has links that lead nowhere from an index: {', '.join(links)}")
    return "twine check --strict; no relative link"


def contents():
    """Check that the wheel holds the package and nothing else, and that no file is large."""
    wheel, source = built()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
    strange = [name for name in names if not name.startswith("spectral_ph")]
    missing = {"spectral_ph/py.typed", "spectral_ph/verdict/null.json", "spectral_ph/report/style.css"} - set(names)
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    missing |= {"tests/conftest.py", "docs/conf.py", "Makefile", "constraints.txt", "CITATION.cff"} - inside
    if strange or missing:
        raise RuntimeError(f"not expected: {strange}; missing: {sorted(missing)}")
    return f"{len(names)} files, the largest {largest.filename} ({largest.file_size / 1e6:.2f} MB)"


def source():
    """Run the tests of the unpacked source distribution on the package that is installed from it."""
    _, archive = built()
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        (unpacked,) = Path(folder).glob("spectral_ph-*")
        place = Place(Path(folder) / "venv", pythons().get("3.11"))
        uv(
            "pip",
            "install",
            "--python",
            place.python,
            "-c",
            unpacked / "constraints.txt",
            f"{unpacked}[cells,data,test]",
        )
        told = place.run("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", cwd=unpacked)
    return told.strip().splitlines()[-1]


def tried(python, resolution):
    """Install the wheel with one resolution of its dependencies, and run the chain, then the extra `cells`."""
    wheel, archive = built()
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        (unpacked,) = Path(folder).glob("spectral_ph-*")
        shutil.rmtree(unpacked / "spectral_ph")  # so that the wheel is what is tested
        place = Place(Path(folder) / "venv", python)
        place.install("--resolution", resolution, f"spectral_ph @ {wheel.as_uri()}")
        place.run("-c", USED)
        place.install("pytest>=8.3", "hypothesis>=6.100")
        options = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default"]
        first = place.run(*options, *QUICK, cwd=unpacked).strip().splitlines()[-1]
        place.install("--resolution", resolution, f"spectral_ph[cells] @ {wheel.as_uri()}")
        second = place.run(*options, *CELLS, cwd=unpacked).strip().splitlines()[-1]
        versions = place.run(
            "-c",
            "import numpy, scipy, numba, sklearn, anndata; print(numpy.__version__, scipy.__version__, "
            "numba.__version__, sklearn.__version__, anndata.__version__)",
        ).split()
    named = ", ".join(
        f"{n} {v}" for n, v in zip(("numpy", "scipy", "numba", "scikit-learn", "anndata"), versions, strict=True)
    )
    return f"core {first}; cells {second} ({named})"


def sizes():
    """Measure what the core and each extra bring, and record it for the page on installing."""
    sys.path.insert(0, str(ROOT))
    from benchmarks import record

    wheel, _ = built()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        core = Place(Path(folder) / "core")
        core.install(wheel)
        base = core.megabytes()
        rows.append(row("(core)", "everything that works on points", base))
        says = {
            "cells": "AnnData, and .h5ad, .zarr, .loom and 10x files",
            "data": "public sets of data",
            "dask": "clusters",
            "embedding": "the distance and the layout of umap-learn",
        }
        for extra in EXTRAS:
            place = Place(Path(folder) / extra)
            place.install(f"spectral_ph[{extra}] @ {wheel.as_uri()}")
            more = {name: size for name, size in place.megabytes().items() if name not in base}
            rows.append(row(extra, says[extra], more))
    record.write("sizes", rows)
    return ", ".join(f"{row['extra']} {row['MB']}" for row in rows)


def row(extra, brings, found):
    """Return a line of the table of sizes."""
    largest = sorted(((size, name) for name, size in found.items() if not name.endswith(".dist-info")), reverse=True)
    parts = ", ".join(f"{name.removesuffix('.libs')} {size:.0f}" for size, name in largest[:5] if size >= 1)
    return {"extra": extra, "for": brings, "MB": round(sum(found.values())), "the largest": parts}


def steps():
    """Return all steps by name."""
    found = {"build": build, "metadata": metadata, "contents": contents, "sizes": sizes}
    for version, python in pythons().items():
        found[f"newest-{version}"] = lambda python=python: tried(python, "highest")
    first = next(iter(pythons().values()), None)
    if first:
        found["lowest"] = lambda: tried(first, "lowest-direct")
    return found | {"source": source}


def main():
    """Run the steps that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="steps; default: all")
    parser.add_argument("--list", action="store_true", help="say which steps there are, and end")
    given = parser.parse_args()
    there = steps()
    if given.list:
        print(*there, sep="\n")
        return
    unknown = set(given.names) - set(there)
    if unknown:
        parser.error(f"no step is called {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    bad = 0
    for name in given.names or there:
        start = time.monotonic()
        try:
            said, word = there[name](), "passed"
        except Exception as error:  # each step reports, so that one run tells all that is wrong
            said, word, bad = str(error), "FAILED", bad + 1
        print(f"{word}  {name:<12} {time.monotonic() - start:5.0f} s  {said}", flush=True)
    for version in PYTHONS:
        if version not in pythons():
            print(f"not tried: Python {version}, which this machine does not have")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
