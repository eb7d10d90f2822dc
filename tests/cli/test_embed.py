"""The command embed: the numbers of the estimator and of the report, from points, distances and graphs."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph.cli import app
from spectral_ph.cli.spelling import OF_EMBEDDINGS, OPTIONS
from spectral_ph.embedding.registry import EMBEDDINGS


def test_embed_writes_the_numbers_of_the_estimator_and_of_the_report(run, points, circle, tmp_path):
    code, said, _ = run(
        "embed", points, "--affinity", "eff_res", "-p", "n_steps=50", "-p", "early_steps=20", "-p", "steps=1", "-k", 10, "-o", tmp_path / "out"
    )  # fmt: skip
    assert code == 0
    model = E.TSNE(affinity="eff_res", n_neighbors=10, n_steps=50, early_steps=20, affinity_params={"steps": 1})
    report = E.embedding_report(circle, model.fit_transform(circle), sph.find_loops(circle))
    table = pd.read_csv(tmp_path / "out" / "embedding.csv", float_precision="round_trip")
    np.testing.assert_array_equal(table[["dimension_1", "dimension_2"]], model.embedding_)
    assert str(report) in said
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["verdict"] == report.verdict
    assert record["loops"] == report.to_records()
    assert record["recall"] == report.recall
    assert record["settings"]["affinity"]["n_neighbors"] == 10
    assert pd.read_csv(tmp_path / "out" / "loops.csv")["word"].tolist() == [row["word"] for row in report.to_records()]
    assert (tmp_path / "out" / "embedding.png").stat().st_size > 1000


@pytest.mark.parametrize("kind", ["graph", "distances"])
def test_graphs_and_distances_are_input_too(run, circle, tmp_path, kind):
    A, D = sph.neighbor_graph(circle), sph.distance_matrix(circle, "euclidean")
    if kind == "graph":
        sp.save_npz(tmp_path / "in.npz", sp.csr_matrix(A))
        arguments = [tmp_path / "in.npz", "--graph"]
        expected = E.LaplacianEigenmaps(affinity="graph").fit_transform(A)
    else:
        np.save(tmp_path / "in.npy", D)
        arguments = [tmp_path / "in.npy", "--affinity", "precomputed_distance"]
        expected = E.LaplacianEigenmaps(affinity="precomputed_distance").fit_transform(D)
    code, said, _ = run("embed", *arguments, "--embedding", "eigenmaps", "-o", tmp_path / "out", "--json")
    assert code == 0
    assert [row["word"] for row in json.loads(said)["loops"]] == ["kept"]
    table = pd.read_csv(tmp_path / "out" / "embedding.csv", float_precision="round_trip")
    np.testing.assert_array_equal(table[["dimension_1", "dimension_2"]], expected)


def test_without_a_report_nothing_is_said_of_loops(run, points):
    code, said, _ = run("embed", points, "--embedding", "eigenmaps", "--no-report", "--json")
    assert code == 0
    assert "verdict" not in json.loads(said)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--embedding", "tnse"], "--embedding tnse is not a known embedding; did you mean 'tsne'? Known are: " + ", ".join(EMBEDDINGS) + "."),
        (["--affinity", "knm"], "--affinity knm is not a known affinity; did you mean 'knn'? Known are: perplexity, knn, umap, eff_res, diffusion, graph, precomputed_distance."),
        (["-p", "rho=0"], "--param rho must be a finite number above 0, not 0."),
        (["-p", "rhoo=1"], "affinity 'perplexity' has no parameter 'rhoo'. It takes: none."),
        (["--graph", "--affinity", "knn"], "--graph says that INPUT is a graph, but --affinity is knn. Leave one of them out."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(run, points, arguments, sentence):
    code, said, error = run("embed", points, *arguments)
    assert (code, said) == (2, "")
    assert sentence in error


def test_help_and_spelling_know_every_embedding_and_argument():
    help_of = {
        option.name: option.help for option in app.commands["embed"].params if option.param_type_name == "option"
    }
    assert help_of["embedding"] == f"One of: {', '.join(EMBEDDINGS)}."
    common = {"affinity_params", "callback", "callback_every", "n_jobs", "record_loss"}
    arguments = {name for kind in EMBEDDINGS.values() for name in kind().get_params()} - common
    assert arguments - set(OPTIONS) == set(OF_EMBEDDINGS) - set(OPTIONS)
