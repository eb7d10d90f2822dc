"""How a file is to be read: every argument of `files.read` is an option, and what was read is said."""

import inspect
import json
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
