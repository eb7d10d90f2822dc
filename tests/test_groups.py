"""Loops in every group of cells: each group's result is that of its cells alone, and files give it back."""

import re

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from click.testing import CliRunner

import spectral_ph as sph
from spectral_ph import stored
from spectral_ph.cli import app
from spectral_ph.stored.groups import of_group

CYCLE, REST, FEW = "CD4+/CD8+", "B & <cells>", "few"


def simulated(n, share, seed):
    cells = sph.datasets.cells.cell_cycle(
        n_cells=n, n_genes=500, n_cycling_genes=250, cycling_share=share, random_state=seed
    )
    return cells.counts.toarray() if sp.issparse(cells.counts) else np.asarray(cells.counts), cells.gene_names


@pytest.fixture(scope="module")
def asked():
    (cycling, names), (resting, _) = simulated(200, 1.0, 0), simulated(120, 0.0, 1)
    rng = np.random.default_rng(0)
    counts = np.concatenate([cycling, resting, resting[:20]])
    groups = np.array([CYCLE] * 200 + [REST] * 120 + [FEW] * 20, dtype=object)
    order = rng.permutation(len(counts))
    adata = anndata.AnnData(sp.csr_matrix(counts[order], dtype=np.float32))
    adata.var_names, adata.obs_names = list(map(str, names)), [f"cell {k}" for k in order]
    adata.obs["type"] = pd.Categorical(groups[order], categories=[REST, CYCLE, FEW])
    adata.obsm["X_pca"] = sph.preprocess(adata.X).X
    sph.tl.loops(adata, groupby="type", splits=3)
    return adata


def summary(adata):
    return adata.uns["spectral_ph"]["groups"]["summary"].set_index("group")


def test_the_type_that_cycles_is_found_and_the_other_not(asked):
    table = summary(asked)
    assert list(table.index) == [REST, CYCLE, FEW]
    assert table["cells"].tolist() == [120, 200, 20]
    assert table.loc[CYCLE, "verdict"] == "loop"
    assert table.loc[REST, "verdict"] != "loop"
    assert table.loc[FEW, ["verdict", "reason"]].tolist() == ["not looked at", "It has fewer than 100 cells."]
    assert table.loc[CYCLE, "genes_following"] > 20
    assert len(table.loc[CYCLE, "top_genes"].split(", ")) == 5


def test_q_values_are_over_the_groups_that_have_a_p_value(asked):
    table = summary(asked)
    p, q = (table.loc[[REST, CYCLE], name] for name in ("p_value", "q_value"))
    np.testing.assert_allclose(q.loc[CYCLE], min(2 * p.min(), p.max()))
    np.testing.assert_allclose(q.loc[REST], p.max())
    assert np.isnan(table.loc[FEW, "q_value"])
    assert asked.uns["spectral_ph"]["least_q"] == pytest.approx(2 / 61, rel=0.5)
    assert asked.uns["spectral_ph"]["least_q"] <= q.min()


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_a_group_is_what_its_cells_alone_give(asked):
    for name in (CYCLE, REST):
        alone = asked[(asked.obs["type"] == name).to_numpy()].copy()
        del alone.obsm["X_pca"], alone.uns["spectral_ph"]
        alone.obs = alone.obs[[]]
        sph.tl.loops(alone, splits=3)
        one = of_group(asked, "spectral_ph", name)
        ours, theirs = (stored.read_loops(x, "spectral_ph") for x in (one, alone))
        assert (ours.verdict, ours.reason, ours.p_value) == (theirs.verdict, theirs.reason, theirs.p_value)
        assert [loop.birth for loop in ours.loops] == [loop.birth for loop in theirs.loops]
        for a, b in zip(ours.loops, theirs.loops, strict=True):
            np.testing.assert_array_equal(a.phase, b.phase)
            np.testing.assert_array_equal(a.cycle, b.cycle)
        for k in (0, 1):
            np.testing.assert_array_equal(ours.persistence[k], theirs.persistence[k])
        for table in ("genes", "confounders", "profiles"):
            if len(alone.uns["spectral_ph"][table]) == 0:
                assert len(one.uns["spectral_ph"][table]) == 0
                continue
            pd.testing.assert_frame_equal(
                one.uns["spectral_ph"][table],
                alone.uns["spectral_ph"][table],
                check_dtype=False,
                check_index_type=False,
                check_column_type=False,
            )
        assert ours.settings["graph"] == theirs.settings["graph"]
        known = [vars(stored.read_about(x, "spectral_ph").anchor) for x in (one, alone)]
        assert list(map(str, known[0].values())) == list(map(str, known[1].values()))
        assert set(alone.obs.columns) <= set(one.obs.columns)


def test_columns_are_of_the_own_group_and_empty_elsewhere(asked):
    few = (asked.obs["type"] == FEW).to_numpy()
    assert asked.obs["spectral_ph_phase"].isna().to_numpy()[few].all()
    assert not asked.obs["spectral_ph_phase"].isna().to_numpy()[~few].any()
    assert (asked.obs["spectral_ph_cycle"].to_numpy()[few] == -1).all()
    assert asked.obs["spectral_ph_on_loop"].dtype == bool
    expected = asked.obs["type"].astype(str).where(~few, "")
    np.testing.assert_array_equal(asked.obs["spectral_ph_group"].astype(str), expected)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_files_give_it_back_and_pages_and_pictures_take_a_group(asked, tmp_path, ending):
    import matplotlib

    matplotlib.use("Agg")
    path = tmp_path / f"cells.{ending}"
    getattr(asked, f"write_{ending}")(path)
    back = getattr(anndata, f"read_{ending}")(path)
    pd.testing.assert_frame_equal(
        summary(back), summary(asked), check_dtype=False, check_index_type=False, check_column_type=False
    )
    for draw in (sph.pl.loops, sph.pl.phase, sph.pl.diagram, sph.pl.genes):
        assert draw(back, group=CYCLE, return_fig=True) is not None
    sph.report.from_anndata(back, tmp_path / "all.html")
    sph.report.from_anndata(back, tmp_path / "one.html", group=CYCLE)
    page = (tmp_path / "all.html").read_text()
    assert "A loop was found in 1 of 2 groups of type: CD4+/CD8+." in page
    assert "B &amp; &lt;cells&gt;" in page
    assert "<cells>" not in page
    assert "Yes: the cells go round a loop." in (tmp_path / "one.html").read_text()


def test_asking_again_leaves_nothing_behind(asked):
    adata = asked.copy()
    with pytest.warns(sph.SpectralWarning):
        sph.tl.loops(adata, splits=0, genes=False, anchor=False)
    assert "spectral_ph_group" not in adata.obs
    assert "groups" not in adata.uns["spectral_ph"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda a: sph.pl.phase(a),
            "uns['spectral_ph'] holds a result for each group of 'type'. Name one with group: 'B & <cells>', 'CD4+/CD8+'.",
        ),
        (
            lambda a: sph.pl.phase(a, group="CD4"),
            "group='CD4' is not a known group with a result; did you mean 'CD4+/CD8+'? Known are: B & <cells>, CD4+/CD8+.",
        ),
        (
            lambda a: sph.tl.loops(a, groupby="typ"),
            "this AnnData has no column 'typ' in obs, only ",
        ),
        (
            lambda a: sph.tl.loops(a, groupby="type", min_cells=500),
            "no group of 'type' has the 500 cells of min_cells (cells in each: 'B & <cells>' 120, 'CD4+/CD8+' 200, 'few' 20). Pass "
            "a smaller number, or another column.",
        ),
        (
            lambda a: sph.tl.loops(a, groupby="type", genes=["no such gene"]),
            "no group of 'type' could be looked at. 'B & <cells>': there is no gene 'no such gene' among the 500 names",
        ),
        (
            lambda a: sph.tl.loops(a, groupby="type", neighbors_key="neighbors"),
            "neighbors_key names a graph of all cells, of which a group holds a torn part. Leave it out, or pass use_rep.",
        ),
    ],
)
def test_errors_are_sentences_and_nothing_is_written(asked, call, sentence):
    before = list(asked.obs.columns)
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}"):
        call(asked)
    assert list(asked.obs.columns) == before


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_the_command_line_gives_the_same(asked, tmp_path):
    plain = asked.copy()
    plain.obs, plain.uns = plain.obs[["type"]], {}
    plain.write_h5ad(tmp_path / "cells.h5ad")
    options = ["--groupby", "type", "--splits", "3", "-o", str(tmp_path / "out"), "--report", "--write-h5ad"]
    done = CliRunner().invoke(app, ["loops", str(tmp_path / "cells.h5ad"), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "The smallest q-value that one group alone could have is" in done.output
    table = pd.read_csv(tmp_path / "out" / "groups.csv", index_col="group", float_precision="round_trip")
    np.testing.assert_array_equal(table["p_value"], summary(asked)["p_value"])
    back = anndata.read_h5ad(tmp_path / "out" / "cells.h5ad")
    np.testing.assert_array_equal(back.obs["spectral_ph_phase"], asked.obs["spectral_ph_phase"])
    assert (tmp_path / "out" / "report.html").exists()
    for more, sentence in (
        (["--graph"], "without --graph. Leave it out."),
        (["--preprocess", "none"], "without --preprocess."),
    ):
        done = CliRunner().invoke(app, ["loops", str(tmp_path / "cells.h5ad"), "--groupby", "type", *more])
        assert sentence in str(done.exception)
