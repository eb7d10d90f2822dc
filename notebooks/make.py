"""Run the notebooks and keep their outputs: the notebooks themselves are what is edited, here or in Jupyter.

python notebooks/make.py              runs all of them in place
python notebooks/make.py 01 --points 300

Those of nets need torch and are left as they are where it is not installed, which is said.

Nothing is written that would not read well: errors, warnings, paths of the machine and files that are too large are
refused. What differs from run to run (times, ids of cells, the version of Python) is left out.
"""

import argparse
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NETS = ("05", "06")
"""Those that need torch."""
POINTS = "SPECTRAL_PH_NOTEBOOK_POINTS"
LARGEST = 700_000
"""Bytes of a file; a repository page does not show much larger ones."""

PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|usr|opt|tmp|var|mnt|srv|work\w*|data)/\S|\w:\\\\?Users|site-packages"
)


def run(path, points=None):
    """Return the notebook at `path` as it is after all of its cells ran; `points` sets the size of its data."""
    notebook = nbformat.read(path, as_version=4)
    before = os.environ.get(POINTS)
    if points is not None:
        os.environ[POINTS] = str(points)
    try:
        NotebookClient(
            notebook,
            timeout=900,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": str(FOLDER)}},
        ).execute()
    finally:
        if before is None:
            os.environ.pop(POINTS, None)
        else:
            os.environ[POINTS] = before
    return notebook


def cleaned(notebook, name):
    """Return the notebook without what differs from run to run."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for place, cell in enumerate(notebook.cells):
        cell.metadata = nbformat.from_dict({})
        cell.id = f"{name[:2]}-{place:02d}"
    return notebook


def problems(notebook):
    """Return what speaks against keeping the outputs of a notebook, in sentences."""
    found = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"cell {place} was not run")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"cell {place} ended in {output.ename}: {output.evalue}")
            elif output.get("name") == "stderr":
                found.append(f"cell {place} warned: {output.text.strip()}")
            if path := PATH.search(text_of(output)):
                found.append(f"cell {place} shows a path of the machine: {path.group()!r}")
    if (size := len(nbformat.writes(notebook))) > LARGEST:
        found.append(f"the file has {size} bytes, more than {LARGEST}")
    return found


def text_of(output):
    """Return all that an output says in letters."""
    data = output.get("data", {})
    return "\n".join(
        [output.get("text", ""), *output.get("traceback", []), *(v for k, v in data.items() if k.startswith("text/"))]
    )


def main():
    """Run the notebooks that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of file names; default: all")
    parser.add_argument("--points", type=int, help="size of the data; default: what each notebook says")
    given = parser.parse_args()
    bad = 0
    for path in NOTEBOOKS:
        if given.names and not path.name.startswith(tuple(given.names)):
            continue
        if path.name.startswith(NETS) and find_spec("torch") is None:
            print(f"{path.name} was left as it is: it needs torch (pip install 'spectral_ph[nn]')", file=sys.stderr)
            continue
        notebook = cleaned(run(path, given.points), path.name)
        if found := problems(notebook):
            bad += 1
            print(f"{path.name} was left as it is:", *found, sep="\n  ", file=sys.stderr)
            continue
        nbformat.validate(notebook)
        part = path.with_suffix(".part")
        part.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        part.replace(path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
