"""What a reader sees of one run of the command line, as text: `python tests/golden/make.py` writes it beside this file.

The run is `spectral-ph loops cells.h5ad --report` on simulated cells. Four texts come of it: what is printed, the words of
the page, result.json, and the files of the folder with their first lines. Versions and checksums are left out.
"""

import json
import re
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import anndata
import numpy as np
from click.testing import CliRunner

import spectral_ph as sph
from spectral_ph import cli
from spectral_ph._numba import thread_limit

HERE = Path(__file__).parent
FILES = ("printed.txt", "page.txt", "result.json", "folder.txt")
ARGUMENTS = [
    "--use-rep",
    "X_pca",
    "--genes",
    "X",
    "--label",
    "batch",
    "--label",
    "depth",
    "--confounder",
    "batch",
    "--splits",
    "2",
    "--n-loops",
    "1",
    "--report",
    "--threads",
    "1",
]
# So many rows are kept, to keep the files small.
GENES, HEAT_MAP_GENES = 20, 3


class Words(HTMLParser):
    """The visible text of a page: a line for each element that has some, and [words] where a picture stands."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.lines, self.hidden = [], False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.hidden = tag == "style"
        if tag == "img":
            self.lines.append(f"[{dict(attributes)['alt']}]")

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        if data.strip() and not self.hidden:
            self.lines.append(data.strip())


def write_cells(path):
    """Write small simulated cells with a batch, as a scanpy user keeps them."""
    cells = sph.datasets.cells.cell_cycle(n_cells=240, n_genes=400, n_cycling_genes=150, random_state=0)
    adata = anndata.AnnData(cells.counts.astype(np.float32))
    adata.obs_names, adata.var_names = list(map(str, cells.cell_names)), list(map(str, cells.gene_names))
    adata.obs["batch"] = np.where(np.arange(240) % 3 == 0, "<a>", "b")
    adata.obs["depth"] = np.append(np.asarray(cells.counts.sum(axis=1)).ravel()[:-1], np.nan)
    adata.obsm["X_pca"] = sph.preprocess(cells.counts).X
    adata.write_h5ad(path)


def made():
    """Return the texts, by the name of the file that holds each."""
    with tempfile.TemporaryDirectory() as there:
        path, out = Path(there) / "cells.h5ad", Path(there) / "out"
        # With another number of threads rounding differs, and what is no loop may agree a little more or less.
        with thread_limit(1):
            write_cells(path)
        done = CliRunner().invoke(cli.app, ["loops", str(path), "-o", str(out), *ARGUMENTS], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        printed = done.output.replace(there, "HERE")
        page = (out / "report.html").read_text(encoding="utf-8")
        record = json.loads((out / "result.json").read_text(encoding="utf-8"))
        folder = []
        for file in sorted(out.iterdir()):
            folder.append(file.name)
            if file.suffix == ".csv":
                folder += [f"  {line}" for line in file.read_text(encoding="utf-8").splitlines()[:4]]
    words = "\n".join(Words(page).lines)
    for name, version in record.pop("versions").items():
        words = words.replace(f"\n{name}\n{version}\n", "\n").replace(f"spectral_ph {version}.", "spectral_ph.")
    words = words.replace(record["input"].pop("sha256"), "SHA")
    heat = record["gene_heatmap"]
    heat["values"] = heat["values"][:HEAT_MAP_GENES]
    record["genes"] = record["genes"][:GENES]
    compact = re.sub(r"\n\s+(?=[-\d\]n])", " ", json.dumps(record, indent=1, ensure_ascii=False))
    return dict(
        zip(FILES, (printed, words + "\n", rounded(compact) + "\n", rounded("\n".join(folder)) + "\n"), strict=True)
    )


NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")


def rounded(text):
    """Return the text with every number to nine digits."""
    return NUMBER.sub(lambda number: number[0] if len(number[0]) < 11 else f"{float(number[0]):.9g}", text)


if __name__ == "__main__":
    for name, text in made().items():
        (HERE / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode())} bytes", file=sys.stderr)
