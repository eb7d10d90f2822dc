"""Bad input is one sentence, spelled as one types it here, and exit code 2."""

import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph.cli.spelling import option


@pytest.mark.parametrize(
    ("argument", "typed"),
    [
        (Argument("n_neighbors", 14), "--n-neighbors 14"),
        (Argument("random_state", 3), "--seed 3"),
        (Argument("drop_empty", True), "--drop-empty"),
        (Argument("drop_empty", False), "no --drop-empty"),
        (Argument("use_rep", "my map"), "--use-rep 'my map'"),
        (Argument("feature_type", "Antibody Capture"), "--feature-type 'Antibody Capture'"),
        (Argument("header", True), "--header"),
        (Argument("header", False), "--no-header"),
        (Argument("index", False), "--no-index"),
        (Argument("index"), "--index"),
        (Argument("transpose", True), "--transpose"),
        (Argument("decimal", ","), "--decimal ,"),
        (Argument("encoding"), "--encoding"),
        (Argument("threshold"), "--threshold"),
        (Argument("t", 8), "--param t=8"),
        (Argument("disconnected", "max"), "--param disconnected=max"),
        (Argument("weighted", False), "--param weighted=False"),
        (Argument("mode"), "--param mode"),
        (Argument("X"), "INPUT"),
        (Argument("counts"), "INPUT"),
        (Argument("n_harmonics", 1), "n_harmonics=1"),
    ],
)
def test_an_argument_is_what_one_types(argument, typed):
    assert option(argument) == typed


def test_errors_and_notes_spell_their_arguments(run, points, monkeypatch):
    parts = ("pass ", Argument("n_neighbors", 14), ", or leave ", Argument("mode"), " out.")

    def told(*_, **__):
        _check.warn("note: ", *parts)
        raise sph.InputError(*parts)

    monkeypatch.setattr(sph, "persistence", told)
    code, said, error = run("persistence", points)
    assert (code, said) == (2, "")
    sentence = "pass --n-neighbors 14, or leave --param mode out."
    assert error == f"note: note: {sentence}\nerror: {sentence}\n"


def test_columns_that_are_not_there_are_named(run, cycling):
    path, _ = cycling
    code, _, error = run("loops", path, "--label", "stage", "--splits", 0)
    assert code == 2
    assert error == f"error: {path} has no column 'stage' in obs, which has '<b>stage', 'batch', 'true phase'.\n"
    code, _, error = run("loops", path, "--confounder", "donor", "--splits", 0)
    assert code == 2
    assert error == f"error: {path} has no column 'donor' in obs, which has '<b>stage', 'batch', 'true phase'.\n"


def test_disconnected_is_an_error_or_a_note(run, circle, tmp_path):
    X = np.vstack([circle, circle[:40] + 100])
    np.save(tmp_path / "X.npy", X)
    code, said, error = run("persistence", tmp_path / "X.npy")
    assert (code, said) == (2, "")
    assert error == (
        "error: the graph has 2 connected components (sizes 150, 40), so effective resistance between them is infinite. Raise "
        "--n-neighbors, or pass --param disconnected=max.\n"
    )
    code, _, error = run("persistence", tmp_path / "X.npy", "-p", "disconnected=max")
    assert code == 0
    assert error.startswith("note: the graph has 2 connected components (sizes 150, 40). Effective resistance between")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["loops", "points.npy", "--distance", "eff_ress"],
            "'eff_ress' is not a known distance; did you mean 'eff_res'? ",
        ),
        (["loops", "points.npy", "--param", "t8"], "--param takes NAME=VALUE, such as --param t=8, not 't8'."),
        (
            ["loops", "points.npy", "-p", "n-neighbors=3"],
            "--param n-neighbors=3 names no parameter of graph or distance. Use --n-neighbors.",
        ),
        (
            ["loops", "points.npy", "-p", "spacing=edges"],
            "--param spacing=edges names no parameter of graph or distance. Use --spacing.",
        ),
        (
            ["persistence", "points.npy", "-p", "at=0.5"],
            "--param at=0.5 names no parameter of graph or distance. Leave it out, for this command has no --at.",
        ),
        (
            ["loops", "points.npy", "-p", "X=3"],
            "--param X=3 names no parameter of graph or distance. Pass the points as INPUT.",
        ),
        (["loops", "points.npy", "-p", "t=3", "-p", "t=4"], "--param gives t twice. Leave one out."),
        (
            ["persistence", "points.npy", "--maxdim", "2", "--engine", "h1"],
            "--engine h1 computes degrees 0 to 1 over Z/2, but --maxdim 2 and --coeff 2 were asked for. Pass --engine h2.",
        ),
        (
            ["persistence", "points.npy", "-k", "500"],
            "--n-neighbors 500 needs at least 501 points (a point is not its own neighbour), but n_samples=150. Pass --n-neighbors 149 or fewer.",
        ),
        (
            ["loops", "points.npy", "--distance", "euclidean", "--metric", "precomputed"],
            "--metric is for making a neighbour graph, but distance 'euclidean' needs none. Leave --metric out",
        ),
        (["persistence", "points.npy", "--param", "t=8"], "distance 'eff_res' has no parameter 't'. It takes: "),
        (
            ["loops", "points.npy", "--report"],
            "--report needs a folder to write to. Pass --out FOLDER.",
        ),
        (
            ["loops", "points.npy", "--label", "stage"],
            "--label names a column of obs of an .h5ad, but points.npy is none. ",
        ),
        (
            ["loops", "counts.npz"],
            "the sparse matrix in counts.npz (20 rows x 9) is sparse, but coordinates are needed. Pass",
        ),
        (
            ["loops", "counts.npz", "--graph", "--preprocess", "log"],
            "--graph and --preprocess exclude each other, because a graph has no counts. Leave one out.",
        ),
        (
            ["loops", "points.npy", "-o", "taken"],
            "the folder taken is not empty. Name another one, or pass --overwrite to replace it.",
        ),
        (["loops", "point.npy"], "there is no file point.npy in "),
        (["loops", "empty.csv"], "empty.csv "),
        (
            ["persistence", "points.npy", "--engine", "rips"],
            "'rips' is not a known engine; did you mean 'ripser'? Known ",
        ),
        (["persistence", "points.npy", "--nonsense"], "No such option"),
        (["persistence"], "Missing argument 'INPUT'"),
        (["loops", "points.npy", "--threads", "0"], "Invalid value for '--threads': 0 is not in the range x>=1."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(run, points, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    sp.save_npz("counts.npz", sp.random_array((20, 9), density=0.3, rng=np.random.default_rng(0)))
    (tmp_path / "empty.csv").touch()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine")
    code, said, error = run(*arguments)
    assert code == 2
    assert said == ""
    assert error.startswith(f"error: {sentence}")
    assert error.count("\n") == 1
    assert (tmp_path / "taken" / "thesis.txt").read_text() == "mine"
