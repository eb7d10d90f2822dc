"""The report about an AnnData says what the report about the result itself says."""

import json
import re

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import report, stored
from spectral_ph._check import InputError
from spectral_ph.cells.about import about_result
from spectral_ph.cells.expression import Expression
from spectral_ph.files import to_json

pytestmark = pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")


@pytest.fixture(scope="module")
def cells():
    simulated = sph.datasets.cells.cell_cycle(n_cells=240, n_genes=300, n_cycling_genes=150, random_state=0)
    adata = anndata.AnnData(sp.csr_matrix(simulated.counts, dtype=np.float32))
    adata.var_names = list(map(str, simulated.gene_names))
    adata.obsm["X_pca"] = sph.preprocess(simulated.counts).X
    adata.obs["batch"] = pd.Categorical([None if k % 7 == 0 else "ab"[k % 2] for k in range(240)])
    adata.obs["score"] = np.arange(240.0)
    sph.tl.loops(adata, splits=2)
    return adata


def content(adata, tmp_path, **options):
    report.from_anndata(adata, tmp_path / "report.html", **options)
    return (tmp_path / "report.html").read_text()


def test_it_is_the_record_of_the_result_itself(cells):
    """All but what only the halves knew, which are not stored."""
    R = sph.find_loops(cells.obsm["X_pca"], splits=2)
    R, about = about_result(
        R, Expression.of(cells.X, cells.var_names), properties={"batch": stored.read_column(cells, "batch")}
    )
    direct = report.record(R, about=about, things="cells")
    again = report.record(
        stored.read_loops(cells, "spectral_ph"), about=stored.read_about(cells, "spectral_ph"), things="cells"
    )
    for name in (
        "verdict",
        "p_value",
        "agreement",
        "reason",
        "genes",
        "gene_test",
        "gene_heatmap",
        "confounders",
        "confounders_note",
        "anchor",
    ):
        assert json.loads(to_json(again[name])) == json.loads(to_json(direct[name])), name
    assert again["tried"] == json.loads(to_json(direct["tried"]))
    for name in ("graph", "loops"):
        assert json.loads(to_json(again["settings"][name])) == json.loads(to_json(direct["settings"][name])), name
    shown = direct["loops"][R.shown[0]]
    assert {
        name: again["loops"][0][name] for name in ("verdict", "p_value", "birth", "death", "score", "n_on_loop")
    } == {name: shown[name] for name in ("verdict", "p_value", "birth", "death", "score", "n_on_loop")}


@pytest.mark.parametrize("form", ["as it is", "h5ad", "zarr"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_one_call_makes_the_page_also_after_a_file(cells, tmp_path, form):
    if form != "as it is":
        getattr(cells, f"write_{form}")(tmp_path / f"cells.{form}")
        cells = getattr(anndata, f"read_{form}")(tmp_path / f"cells.{form}")
    text = content(cells, tmp_path, labels=["batch", "score"])
    assert "<h1>Is there a loop in these cells?</h1>" in text
    assert cells.uns["spectral_ph"]["reason"] in text.replace("&#x27;", "'")
    assert "obsm[&#x27;X_pca&#x27;], coloured by phase" in text
    for word in (
        "Genes that follow the loop",
        cells.uns["spectral_ph"]["genes"].index[0],
        "library size",
        "35 cells have no batch",
    ):
        assert word in text
    assert "cells with a phase" not in text


def test_a_layout_is_chosen_by_name_or_left_out(cells, tmp_path):
    other = cells.copy()
    other.obsm["X_mine"] = other.obsm["X_pca"][:, ::-1]
    assert "obsm[&#x27;X_mine&#x27;], coloured by phase" in content(other, tmp_path, basis="mine")
    del other.obsm["X_pca"]
    assert "coloured by phase" not in content(other, tmp_path)


@pytest.mark.parametrize(
    "options", [{"genes": False}, {"splits": 0}, {"genes": False, "anchor": False, "confounders": []}]
)
def test_whatever_was_left_out_leaves_a_page(tmp_path, options):
    adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(120, ambient_dim=5, sigma=0.05)})
    sph.tl.loops(adata, **{"splits": 1} | options)
    assert "<h2" in content(adata, tmp_path)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda a, p: report.from_anndata(a, p, labels=["stage"]),
            "this AnnData has no column 'stage' in obs, only ",
        ),
        (
            lambda a, p: report.from_anndata(a, p, labels="batch"),
            "labels takes a list of columns, not 'batch'. Pass labels=['batch'].",
        ),
        (lambda a, p: report.from_anndata(a, p, basis="tsne"), "obsm has no layout 'tsne'. It has 'X_pca'."),
        (
            lambda a, p: report.from_anndata(a, p, key="other"),
            "uns['other'] holds no result of spectral_ph.tl.loops (there is 'spectral_ph'). Run it first, or pass another key.",
        ),
        (
            lambda a, p: report.from_anndata(sph.persistence(a.obsm["X_pca"][:50]), p),
            "from_anndata takes an AnnData, not Persistence. Pass a LoopResult to spectral_ph.report.write_report.",
        ),
        (
            lambda a, p: report.write_report(p, a),
            "this is an AnnData, but the report is about a LoopResult. Pass the AnnData to spectral_ph.report.from_anndata, once "
            "spectral_ph.tl.loops has seen it.",
        ),
    ],
)
def test_what_cannot_be_shown_is_a_sentence_and_no_file(cells, tmp_path, call, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}"):
        call(cells, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
