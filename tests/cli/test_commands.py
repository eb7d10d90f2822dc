"""The numbers of the functions, in files that are written whole."""

import json

import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import files
from spectral_ph.cells.about import about_result
from spectral_ph.cells.expression import Expression


def test_loops_writes_the_numbers_of_the_function(run, points, circle, tmp_path):
    out = tmp_path / "out"
    code, said, notes = run("loops", points, "-o", out, "--n-neighbors", 10, "--seed", 3)
    assert code == 0
    assert notes == ""
    R = sph.find_loops(circle, n_neighbors=10, random_state=3)
    record = json.loads((out / "result.json").read_text())
    assert record["verdict"] == R.verdict
    assert (record["p_value"], record["agreement"]) == (R.p_value, R.agreement)
    assert len(record["tried"]) == len(R.tried)
    assert record["reason"] == R.reason
    assert record["seed"] == 3
    assert record["settings"]["graph"]["n_neighbors"] == 10
    assert record["input"]["shape"] == [150, 5]
    assert set(record["versions"]) >= {"spectral_ph", "numpy", "ripser", "python"}
    for found, loop in zip(record["loops"], R.loops, strict=True):
        assert found["birth"] == loop.birth
        assert found["cycle"] == loop.cycle.tolist()
    cells = np.genfromtxt(out / "cells.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    np.testing.assert_array_equal(cells["phase_1"], R.loops[0].phase)
    diagram = np.genfromtxt(out / "diagram.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(diagram["death"], R.persistence.to_records()["death"])
    for name in ("diagram.png", "barcode.png", "loop.png", "phase.png"):
        assert (out / name).stat().st_size > 5000
    assert said.splitlines()[1:3] == [f"Verdict: {R.verdict}.", R.reason]
    assert said.splitlines()[-1] == (
        f"Wrote {out}/: barcode.png, cells.csv, diagram.csv, diagram.png, loop.png, phase.png, result.json"
    )


def test_persistence_prints_json_and_nothing_else(run, points, circle):
    code, said, _ = run("persistence", points, "--json", "--distance", "diffusion", "-p", "t=4", "--engine", "gudhi")
    assert code == 0
    record = json.loads(said)
    P = sph.persistence(circle, distance="diffusion", t=4, engine="gudhi")
    assert record["settings"]["distance"]["t"] == 4
    assert record["engine"] == "gudhi"
    assert record["features"] == {"H0": len(P[0]), "H1": len(P[1])}


def test_persistence_shows_the_longest_features(run, points, circle, tmp_path):
    code, said, _ = run("persistence", points, "--maxdim", 1, "-o", tmp_path / "out", "--threads", 1)
    assert code == 0
    birth, death = sph.persistence(circle)[1][0]
    assert f"  {birth:.6g}  {death:.6g}" in said
    assert (tmp_path / "out" / "diagram.csv").exists()


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".tsv.gz"])
def test_every_format_gives_the_same(run, circle, tmp_path, suffix):
    path = tmp_path / f"points{suffix}"
    if suffix == ".npy":
        np.save(path, circle)
    elif suffix == ".npz":
        np.savez(path, X=circle)
    else:
        np.savetxt(path, circle, delimiter="," if suffix == ".csv" else "\t", fmt="%.17g")
    code, said, _ = run("loops", path, "--json", "--splits", 0)
    assert code == 0
    assert json.loads(said)["loops"][0]["birth"] == sph.find_loops(circle, splits=0).loops[0].birth


def test_distances_and_graphs_are_input_too(run, circle, tmp_path):
    D = sph.distance_matrix(circle, "euclidean")
    np.save(tmp_path / "D.npy", D)
    sp.save_npz(tmp_path / "A.npz", sph.neighbor_graph(circle))
    graph = {"graph": sph.neighbor_graph(circle)}
    for arguments, call in (
        (["D.npy", "--metric", "precomputed"], {"X": D, "metric": "precomputed"}),
        (["A.npz", "--graph"], graph),
    ):
        code, said, _ = run(
            "loops", tmp_path / arguments[0], *arguments[1:], "--json", "-o", tmp_path / "o", "--overwrite", "--report"
        )
        assert code == 0
        assert json.loads(said)["loops"][0]["birth"] == sph.find_loops(**call).loops[0].birth
        assert (tmp_path / "o" / "loop.png").exists()
        assert "a flat layout of the distances" in (tmp_path / "o" / "report.html").read_text()
    code, said, _ = run("loops", tmp_path / "D.npy", "--distance", "precomputed", "--json")
    assert json.loads(said)["loops"][0]["birth"] == sph.find_loops(D, "precomputed").loops[0].birth


def test_counts_are_prepared_on_request(run, tmp_path):
    cells = sph.datasets.cells.cell_cycle(200, 300, 100)
    sp.save_npz(tmp_path / "counts.npz", cells.counts)
    code, said, _ = run(
        "loops", tmp_path / "counts.npz", "--preprocess", "counts", "-o", tmp_path / "out", "--splits", 0
    )
    assert code == 0
    assert "  - Took log(1 + x)." in said
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["preparation"][1] == "Took log(1 + x)."
    assert record["loops"][0]["birth"] == sph.find_loops(sph.preprocess(cells.counts).X, splits=0).loops[0].birth


def test_h5ad_names_its_cells(run, circle, tmp_path):
    anndata = pytest.importorskip("anndata")
    adata = anndata.AnnData(obsm={"X_pca": circle})
    adata.obs_names = [f"cell {i}" for i in range(150)]
    adata.write_h5ad(tmp_path / "cells.h5ad")
    code, said, _ = run("loops", tmp_path / "cells.h5ad", "--use-rep", "X_pca", "-o", tmp_path / "out", "--splits", 0)
    assert code == 0
    assert said.startswith("Read obsm['X_pca'] of cells.h5ad (150 cells x 5")
    assert (tmp_path / "out" / "cells.csv").read_text().splitlines()[1].startswith('"cell 0",')


def test_a_report_of_cells_from_counts_to_genes(run, cycling, tmp_path):
    path, cells = cycling
    out = tmp_path / "out"
    options = [
        "--genes",
        "X",
        "--label",
        "<b>stage",
        "--label",
        "true phase",
        "--confounder",
        "batch",
        "--splits",
        1,
    ]
    code, said, _ = run("loops", path, "-o", out, "--report", *options)
    assert code == 0
    assert (
        "confounders.csv, diagram.csv, diagram.png, genes.csv, loop.png, phase.png, report.html, result.json"
        in said.splitlines()[-1]
    )
    page, record = (out / "report.html").read_text(), json.loads((out / "result.json").read_text())
    assert "<h1>Is there a loop in cells.h5ad?</h1>" in page
    assert "<b>" not in page
    assert "&lt;b&gt;stage" in page
    assert record["input"]["sha256"] in page
    assert [label["name"] for label in record["labels"]] == ["<b>stage", "true phase"]
    assert [row["name"] for row in record["confounders"]] == ["library size", "batch"]
    # The same through Python.
    R = sph.find_loops(sph.preprocess(cells.counts).X, splits=1)
    turned, about = about_result(R, Expression.of(cells.counts, cells.gene_names))
    names = about.gene_columns()["gene"]
    assert [row["gene"] for row in record["genes"]] == names[: len(about.following)].tolist()
    written = np.genfromtxt(out / "genes.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert [name.strip('"') for name in written["gene"]] == names.tolist()
    table = np.genfromtxt(out / "cells.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    np.testing.assert_array_equal(table["phase_1"], turned.loops[0].phase)


def test_demo_finds_the_planted_loop(run, tmp_path):
    code, said, _ = run("demo", "-o", tmp_path / "demo", "--cells", 300, "--genes", 600)
    assert code == 0
    record = json.loads((tmp_path / "demo" / "result.json").read_text())
    assert record["agreement_with_true_order"] > 0.8
    assert record["loops"][0]["score"] > record["score_under_euclidean_distance"]
    assert "their true order round the cycle is known" in said


def test_interruption_leaves_nothing_behind(run, points, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_csv", interrupt)
    code, _, error = run("loops", points, "-o", tmp_path / "out")
    assert code == 130
    assert error.strip() == "interrupted; nothing was written"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["points.npy"]


def test_split_by_names_a_column_of_obs(run, cycling, points):
    path, _ = cycling
    code, out, _ = run("loops", path, "--use-rep", "X_pca", "--split-by", "batch")
    assert code == 0
    assert " When the 2 groups are divided, in 1 way, the two halves order" in out
    code, _, err = run("loops", points, "--split-by", "batch")
    assert code != 0
    assert f"--split-by names a column of obs of an .h5ad, but {points} is none. Leave it out." in err
