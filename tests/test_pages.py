"""Every line that a page tells readers to copy runs: Python, and `spectral-ph` in blocks of the shell.

The blocks of a page run in order, in one scope and in one folder that holds what the pages speak of: `cells.h5ad`,
`points.npy` and the folder `from_seurat`. Blocks of R, of a container and of no language are shown, not run.
"""

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import cli

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs" / "howto").glob("*.md")), *sorted((ROOT / "docs" / "start").glob("*.md"))]
PAGES.append(ROOT / "README.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.M | re.S)
SHOWN = {"", "text", "r", "dockerfile", "bibtex"}
"""Languages of blocks that are not run."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder with small files under the names that the pages use."""
    anndata, pd = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    folder = tmp_path_factory.mktemp("pages")
    cells = sph.datasets.cells.cell_cycle(n_cells=240, n_genes=300, n_cycling_genes=150, random_state=0)
    counts = sp.csr_matrix(cells.counts.astype(np.float32))
    adata = anndata.AnnData(counts)
    adata.obs_names, adata.var_names = cells.cell_names, cells.gene_names
    adata.obs["batch"] = np.where(np.arange(240) < 170, "b1", "b2")
    adata.obs["donor"] = np.array(["d1", "d2", "d3", "d4"])[np.arange(240) % 4]
    adata.obsm["X_pca"] = sph.preprocess(cells.counts).X
    adata.write_h5ad(folder / "cells.h5ad")
    np.save(folder / "points.npy", adata.obsm["X_pca"])
    seurat = folder / "from_seurat"
    seurat.mkdir()
    scipy.io.mmwrite(seurat / "matrix.mtx", counts.T.astype(int), field="integer")
    pd.DataFrame([cells.gene_names, cells.gene_names, ["Gene Expression"] * 300]).T.to_csv(
        seurat / "features.tsv", sep="\t", header=False, index=False
    )
    (seurat / "barcodes.tsv").write_text("\n".join(map(str, cells.cell_names)) + "\n")
    adata.obs.to_csv(seurat / "cells.csv")
    pd.DataFrame(adata.obsm["X_pca"], index=adata.obs_names).to_csv(seurat / "pca.csv")
    return folder


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")  # of few cells
@pytest.mark.filterwarnings("ignore::UserWarning:distributed", "ignore::ResourceWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_block_of_a_page_runs(page, data, monkeypatch, tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    for entry in data.iterdir():
        os.symlink(entry, tmp_path / entry.name)
    scope = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), scope)
        elif language == "sh":
            for line in text.splitlines():
                run_line(line, monkeypatch)
        else:
            assert language in SHOWN
    plt.close("all")


def run_line(line, monkeypatch):
    """Run a line of the shell if it calls `spectral-ph`; pip and make are for the reader's own machine."""
    words = shlex.split(line, comments=True)
    if not words:
        return
    assert words[0] in ("spectral-ph", "pip", "make"), line
    if words[0] != "spectral-ph" or words[1] in ("demo", "warmup"):  # which have tests of their own, and take long
        return
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code in (0, None), line


def test_every_heading_that_a_link_names_is_there():
    """Links between pages lead to files that exist, and to headings that are in them."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target, heading in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if target.startswith("http"):
                continue
            there = page if not target else page.parent / target
            slugs = [slug(title) for title in re.findall(r"^#{1,4} (.+)$", there.read_text(encoding="utf-8"), re.M)]
            assert heading in slugs, f"{page.name}: {target}#{heading}"


def slug(title):
    """Return what a heading is called in a link."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_every_picture_says_in_words_what_it_shows():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for words in re.findall(r"!\[([^]]*)\]\(", text):
            assert len(words.split()) >= 3, f"{page.name}: {words!r}"
    cells = re.findall(r"```\{code-cell\} python\n(.*?)```", (ROOT / "docs" / "gallery.md").read_text(), re.S)
    for cell in cells:
        assert ("plt.show()" in cell) == ("alt:" in cell)
