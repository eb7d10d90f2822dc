"""tl.embed and pl.embedding: the numbers of the estimators and of the report, written, read back and drawn."""

import re

import anndata
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph.embedding.registry import EMBEDDINGS, embedding_named

matplotlib.use("agg")
X = sph.datasets.circle(150, ambient_dim=10, sigma=0.1)
STEPS = {"early_steps": 20, "n_steps": 50}


def cells():
    return anndata.AnnData(obsm={"X_pca": X.copy()})


def graph():
    """Return cells with the graph that scanpy stores."""
    adata = cells()
    adata.obsp["distances"] = sph.neighbor_graph(X, 10, weighted=True)
    adata.uns["neighbors"] = {"distances_key": "distances"}
    return adata


def matching(sentence):
    return f"^{re.escape(sentence)}$"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_embed_writes_what_the_estimator_and_the_report_say(tmp_path):
    adata = cells()
    sph.tl.embed(adata, affinity="eff_res", **STEPS)
    model = E.TSNE(affinity="eff_res", **STEPS).fit(X)
    report = E.embedding_report(X, model.embedding_, sph.find_loops(X))
    np.testing.assert_array_equal(adata.obsm["X_spectral_tsne"], model.embedding_)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    for read in (adata, anndata.read_h5ad(tmp_path / "cells.h5ad")):
        about = read.uns["spectral_tsne"]
        assert about["verdict"] == report.verdict == "loop"
        assert list(about["loops"]["word"]) == [row["word"] for row in report.to_records()]
        assert about["measures"]["recall"] == report.recall
        assert about["params"]["affinity"]["affinity"] == "eff_res"
        assert about["params"]["representation"] == "obsm['X_pca']"
        ax = sph.pl.embedding(read)
        assert ax.get_title() == "tsne: data 0 kept (verdict: loop)"
        np.testing.assert_array_equal(ax.collections[0].get_offsets(), model.embedding_)


@pytest.mark.filterwarnings("ignore:no loop was called:spectral_ph.SpectralWarning")
def test_a_stored_graph_is_laid_out_and_a_stored_verdict_is_taken():
    adata = graph()
    sph.tl.loops(adata, splits=0, genes=False)
    sph.tl.embed(adata, "eigenmaps", neighbors_key="neighbors", key_added="mine")
    A = sph.neighbor_graph(X, 10)
    np.testing.assert_array_equal(adata.obsm["X_mine"], E.LaplacianEigenmaps(affinity="graph").fit_transform(A))
    assert adata.uns["mine"]["verdict"] == adata.uns["spectral_ph"]["verdict"] == "undecided"
    assert list(adata.uns["mine"]["loops"]["word"]) == ["kept"]


def test_without_a_report_nothing_is_said_of_loops():
    adata = cells()
    changed = sph.tl.embed(adata, "eigenmaps", report=False, copy=True)
    assert "verdict" not in changed.uns["spectral_eigenmaps"]
    assert "X_spectral_eigenmaps" not in adata.obsm
    assert sph.pl.embedding(changed, key="spectral_eigenmaps").get_title() == "eigenmaps"


@pytest.mark.parametrize("values", [np.arange(150.0), np.array(["a", "b$", "c"])[np.arange(150) % 3]])
def test_points_are_coloured_by_a_column(values):
    adata = cells()
    sph.tl.embed(adata, "eigenmaps", report=False)
    adata.obs["column"] = values
    ax = sph.pl.embedding(adata, key="spectral_eigenmaps", color="column")
    assert len(ax.collections) == (1 if values.dtype.kind == "f" else 3)
    assert sum(len(c.get_offsets()) for c in ax.collections) == 150


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_names_stand_for_the_estimators_with_their_defaults(name):
    model = embedding_named(name)
    assert repr(model) == f"{type(model).__name__}()"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"embedding": "tnse"}, f"embedding='tnse' is not a known embedding; did you mean 'tsne'? Known are: {', '.join(EMBEDDINGS)}."),
        ({"neighbors_key": "neighbors", "affinity": "knn"}, "neighbors_key='neighbors' is a graph, so the affinity is 'graph', not affinity='knn'. Leave one of them out."),
        ({"embedding": "eigenmaps", "rho": 3}, "'rho' is not a known parameter of LaplacianEigenmaps. Known are: affinity, affinity_params, callback, callback_every, init, n_components, n_jobs, n_neighbors, perplexity, random_state, record_loss."),
        ({"report": 3}, "report must be True or False, not 3."),
    ],
)  # fmt: skip
def test_embed_refuses_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        sph.tl.embed(graph(), **arguments)


def test_what_is_no_anndata_or_not_there_is_refused_with_a_sentence():
    with pytest.raises(sph.InputError, match=matching("tl.embed takes an AnnData, not ndarray. Pass points to an embedding, such as spectral_ph.embedding.TSNE().")):  # fmt: skip
        sph.tl.embed(X)
    adata = cells()
    with pytest.raises(sph.InputError, match=matching("uns['spectral_tsne'] and obsm['X_spectral_tsne'] hold no layout of spectral_ph.tl.embed (there is none). Run it first, or pass another key.")):  # fmt: skip
        sph.pl.embedding(adata)
    sph.tl.embed(adata, "eigenmaps", report=False)
    with pytest.raises(
        sph.InputError, match=matching("this AnnData has no column or gene 'batch' in obs or var_names, nor any other.")
    ):
        sph.pl.embedding(adata, key="spectral_eigenmaps", color="batch")
