"""How a file is to be read: every argument of `files.read` is an option, and what was read is said."""

import inspect
import json
import logging
import re
import warnings

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import cli, files
from spectral_ph.cli.options import READ


def test_every_argument_of_read_is_an_option():
    arguments = [name for name in inspect.signature(files.read).parameters if name != "path"]
    assert sorted(READ) == sorted(arguments)
    for command in ("loops", "persistence"):
        assert set(arguments) <= {option.name for option in cli.app.commands[command].params}


@pytest.mark.parametrize(
    ("content", "typed", "how", "note"),
    [
        (
            "0,1,2\n{}",
            ["--no-header"],
            {"header": False},
            "the first row of x.csv holds 0, 1, 2, which was taken as column names. If it is a point, pass --no-header.",
        ),
        (
            "{0}",
            ["--no-index"],
            {"index": False},
            "the first column of x.csv counts its rows (0, 1, 2, ...), and was taken as row names. If it is a coordinate, "
            "pass --no-index.",
        ),
    ],
)
def test_what_was_taken_is_a_note_and_an_option_takes_the_other(
    run, circle, tmp_path, monkeypatch, content, typed, how, note
):
    monkeypatch.chdir(tmp_path)
    numbered = "{0}" in content
    rows = [([str(i)] if numbered else []) + [repr(float(v)) for v in row[:3]] for i, row in enumerate(circle)]
    body = "".join(",".join(row) + "\n" for row in rows)
    (tmp_path / "x.csv").write_text(content.format(body))
    code, said, error = run("persistence", "x.csv", "--json")
    assert code == 0
    assert error == f"note: {note}\n"
    assert json.loads(said)["input"]["shape"] == [150, 3]
    code, said, error = run("persistence", "x.csv", "--json", *typed)
    assert (code, error) == (0, "")
    record = json.loads(said)
    table = files.read("x.csv", **how)
    assert record["input"] == {"source": table.source, "sha256": table.sha256, "shape": list(table.X.shape)}


def test_options_for_text(run, circle, tmp_path):
    rows = (";".join(repr(float(v)).replace(".", ",") for v in row) for row in circle)
    (tmp_path / "x.csv").write_bytes(("größe;b;c;d;e\n" + "\n".join(rows)).encode("latin-1"))
    options = ["--decimal", ",", "--encoding", "latin-1", "--delimiter", ";", "--header", "--no-index"]
    for given in (options, ["--encoding", "latin-1"]):
        code, said, error = run("persistence", tmp_path / "x.csv", *given)
        assert (code, error) == (0, "")
        assert said.startswith("Read x.csv (150 rows x 5, column names in the first row, decimal commas, latin-1).\n")


def test_genes_in_rows_are_turned(run, tmp_path):
    cells = sph.datasets.cells.cell_cycle(120, 200, 60)
    np.save(tmp_path / "x.npy", np.asarray(cells.counts.todense() if sp.issparse(cells.counts) else cells.counts).T)
    code, said, _ = run("persistence", tmp_path / "x.npy", "--transpose", "--preprocess", "counts", "--json")
    assert code == 0
    record = json.loads(said)
    assert record["input"]["source"] == "x.npy (120 rows x 200, transposed)"
    P = sph.persistence(sph.preprocess(cells.counts).X)
    assert record["features"] == {"H0": len(P[0]), "H1": len(P[1])}


def test_antibodies_are_left_out_unless_they_are_named(run, tmp_path, monkeypatch):
    """celltypist #62, seurat #2436, scanpy #2801."""
    monkeypatch.chdir(tmp_path)
    cells = sph.datasets.cells.cell_cycle(120, 200, 60)
    antibodies = np.random.default_rng(0).poisson(300, (120, 10))
    (tmp_path / "run").mkdir()
    scipy.io.mmwrite("run/matrix.mtx", sp.coo_array(sp.hstack([sp.csr_array(cells.counts), antibodies])).T)
    (tmp_path / "run/barcodes.tsv").write_text("".join(f"c{i}\n" for i in range(120)))
    types = ["Gene Expression"] * 200 + ["Antibody Capture"] * 10
    (tmp_path / "run/features.tsv").write_text("".join(f"E{j}\tG{j}\t{t}\n" for j, t in enumerate(types)))
    code, said, error = run("persistence", "run", "--preprocess", "counts")
    assert code == 0
    assert error == (
        "note: 10x folder run also has 10 features of type 'Antibody Capture', left out by default. Pass --feature-type "
        "'Antibody Capture' for these alone, or --feature-type all for all.\n"
    )
    lines = said.splitlines()
    assert lines[0] == "Read 10x folder run (120 cells x 200, without 10 features of type 'Antibody Capture')."
    assert f"  - {sph.preprocess(cells.counts).steps[0]}" in lines
    code, said, error = run("persistence", "run", "--preprocess", "counts", "--feature-type", "all")
    assert (code, error) == (0, "")
    assert said.startswith("Read 10x folder run (120 cells x 210).\n")


def test_zarr_has_labels_and_confounders_as_h5ad_has(run, cycling, tmp_path):
    anndata = pytest.importorskip("anndata")
    path, _ = cycling
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the format that anndata will write next
        anndata.read_h5ad(path).write_zarr(tmp_path / "cells.zarr")
    records = []
    for name in ("cells.h5ad", "cells.zarr"):
        code, said, _ = run("loops", tmp_path / name, "--label", "batch", "--genes", "X", "--splits", 0, "--json")
        assert code == 0
        record = json.loads(said)
        assert record["input"].pop("source").endswith(f"of {name} (200 cells x 30)")
        del record["input"]["sha256"]
        records.append(record)
    assert records[0] == records[1]


# The same input gives the same answer at every door


@pytest.mark.parametrize("values", ["counts", "dense counts", "logs", "linear"])
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("form", ["h5ad", "zarr"])
def test_genes_are_prepared_as_tl_loops_prepares_them(run, tmp_path, values, form):
    anndata = pytest.importorskip("anndata")
    cells = sph.datasets.cells.cell_cycle(200, 300, 150, cycling_share=0.9)
    X = cells.counts.astype(np.float32)
    X = {
        "counts": sp.csr_matrix(X),
        "dense counts": X.toarray(),
        "logs": sp.csr_matrix(X).log1p(),
        "linear": sp.csr_matrix(X * 0.7),
    }[values]
    adata = anndata.AnnData(X)
    adata.var_names = cells.gene_names
    path = tmp_path / f"cells.{form}"
    getattr(adata, f"write_{form}")(path)
    code, said, notes = run("loops", path, "--splits", 1, "-o", tmp_path / "out", "--write-h5ad")
    assert code == 0, notes
    sph.tl.loops(adata, splits=1)
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["preparation"] == adata.uns["spectral_ph"]["params"]["preparation"].tolist()
    written = anndata.read_h5ad(tmp_path / "out" / "cells.h5ad")
    np.testing.assert_array_equal(written.obs["spectral_ph_phase"], adata.obs["spectral_ph_phase"])
    for name in ("genes", "confounders", "loops"):
        assert written.uns["spectral_ph"][name].equals(adata.uns["spectral_ph"][name]), name
    assert list(written.var_names) == list(adata.var_names)
    assert ("too large for logarithms" in notes) == (values == "linear")
    # As they are on request.
    code, said, _ = run("persistence", path, "--use-rep", "X", "--preprocess", "none", "--json")
    assert code == 2 if sp.issparse(X) else json.loads(said)["preparation"] == []


def test_whole_numbers_that_nobody_calls_genes_are_coordinates_with_a_note(run, tmp_path):
    counts = np.random.default_rng(0).poisson(3, (80, 60))
    np.save(tmp_path / "x.npy", counts)
    code, said, notes = run("persistence", tmp_path / "x.npy", "--json")
    assert code == 0
    assert notes == (
        "note: x.npy (80 rows x 60) holds whole numbers only, as counts are, and they were taken as coordinates. Pass "
        "--preprocess counts to prepare them, or --preprocess none if they are coordinates.\n"
    )
    assert json.loads(said)["preparation"] == []
    for choice in ("none", "counts"):
        code, _, notes = run("persistence", tmp_path / "x.npy", "--json", "--preprocess", choice)
        assert (code, notes) == (0, "")
    np.save(tmp_path / "d.npy", np.abs(np.subtract.outer(np.arange(60), np.arange(60))))
    assert run("persistence", tmp_path / "d.npy", "--metric", "precomputed", "--json")[2] == ""


def test_missing_labels_are_empty_cells_of_the_table(run, cycling, tmp_path):
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    path, _ = cycling
    adata = anndata.read_h5ad(path)
    gaps = np.arange(200) % 9 == 0
    columns = {
        "flag": pandas.array([None if gap else True for gap in gaps], dtype="boolean"),
        "word": pandas.Categorical([None if gap else "a" for gap in gaps]),
        "number": pandas.array([None if gap else 7 for gap in gaps], dtype="Int64"),
        "text": pandas.array([None if gap else "b" for gap in gaps], dtype="string"),
    }
    for name, values in columns.items():
        adata.obs[name] = values
    with anndata.settings.override(allow_write_nullable_strings=True):
        adata.write_h5ad(path)
    options = [part for name in columns for part in ("--label", name)]
    code, _, notes = run("loops", path, "--splits", 0, "-o", tmp_path / "out", *options)
    assert code == 0, notes
    text = (tmp_path / "out" / "cells.csv").read_text()
    assert "NA" not in text
    table = pandas.read_csv(tmp_path / "out" / "cells.csv")
    for name, value in {"flag": True, "word": "a", "number": 7, "text": "b"}.items():
        np.testing.assert_array_equal(table[f"label_{name}"].isna(), gaps)
        assert set(table[f"label_{name}"][~gaps]) == {value}


# What is said, and what else is written


def test_quiet_and_verbose(run, points, tmp_path, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    np.savetxt(
        tmp_path / "n.csv",
        np.column_stack([np.arange(60), np.random.default_rng(0).normal(size=(60, 3))]),
        delimiter=",",
    )
    code, said, notes = run("persistence", tmp_path / "n.csv")
    assert (code, notes.count("\n"), notes[:6]) == (0, 1, "note: ")
    assert run("persistence", tmp_path / "n.csv", "--quiet") == (0, said, "")
    code, said, notes = run("loops", points, "--splits", 0, "--verbose", "-o", tmp_path / "out")
    assert code == 0
    assert re.fullmatch(
        rf"reading {re.escape(str(points))}\n"
        r"    finished \(0:00:\d\d\): points\.npy \(150 rows x 5\)\n"
        r"finding loops of 150 rows\n"
        r"    finished \(0:00:\d\d\)\n"
        rf"writing {re.escape(str(tmp_path / 'out'))}\n"
        r"    finished \(0:00:\d\d\)\n",
        notes,
    )
    assert run("loops", points, "--splits", 0) == (0, said[: said.index("Wrote")], "")
    assert run("loops", points, "--quiet", "--verbose") == (
        2,
        "",
        "error: --quiet and --verbose exclude each other. Leave one out.\n",
    )


def test_points_become_an_anndata_too(run, points, circle, tmp_path):
    anndata = pytest.importorskip("anndata")
    code, _, notes = run("loops", points, "--splits", 0, "-o", tmp_path / "out", "--write-h5ad")
    assert (code, notes) == (0, "")
    adata = anndata.read_h5ad(tmp_path / "out" / "cells.h5ad")
    np.testing.assert_array_equal(adata.obsm["X_points"], circle)
    R = sph.find_loops(circle, splits=0)
    np.testing.assert_array_equal(adata.obs["spectral_ph_phase"], R.loops[0].phase)
    assert adata.uns["spectral_ph"]["verdict"] == R.verdict


def test_cells_that_anndata_cannot_write_do_not_take_the_rest_along(run, points, tmp_path, monkeypatch):
    anndata = pytest.importorskip("anndata")

    def refuse(*_, **__):
        raise TypeError("no such type")

    monkeypatch.setattr(anndata.AnnData, "write_h5ad", refuse)
    code, _, notes = run("loops", points, "--splits", 0, "-o", tmp_path / "out", "--write-h5ad")
    assert code == 0
    assert notes == (
        "note: cells.h5ad was not written, for anndata cannot write what else these cells hold (no such type).\n"
    )
    assert (tmp_path / "out" / "result.json").exists()


def test_a_folder_is_needed_to_write_cells_to(run, points):
    assert run("loops", points, "--write-h5ad") == (
        2,
        "",
        "error: --write-h5ad needs a folder to write to. Pass --out FOLDER.\n",
    )


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([], "obsm[&#x27;X_umap&#x27;]"),
        (["--basis", "mine"], "obsm[&#x27;X_mine&#x27;]"),
        (["--basis", "X_pca"], "obsm[&#x27;X_pca&#x27;]"),
    ],
)
def test_points_are_drawn_on_a_layout_of_the_file(run, circle, tmp_path, options, name):
    anndata = pytest.importorskip("anndata")
    layouts = {"X_umap": circle[:, :2], "X_mine": circle[:, 2:4]}
    anndata.AnnData(obsm={"X_pca": circle} | layouts).write_h5ad(tmp_path / "cells.h5ad")
    code, _, notes = run(
        "loops", tmp_path / "cells.h5ad", "--splits", 0, "-o", tmp_path / "out", "--report", "--genes", "none", *options
    )
    assert (code, notes) == (0, "")
    assert f"on {name}, coloured by phase" in (tmp_path / "out" / "report.html").read_text()
    assert run("loops", tmp_path / "cells.h5ad", "--basis", "tsne") == (
        2,
        "",
        f"error: --basis tsne is no layout of {tmp_path / 'cells.h5ad'}, which has 'X_mine', 'X_pca', 'X_umap' in obsm. Name "
        "another, or leave it out.\n",
    )
