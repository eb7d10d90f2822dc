"""What every net has: sentences for what are no points and for files that cannot be, before anything long is computed."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

torch = pytest.importorskip("torch")

import spectral_ph as sph
from spectral_ph.nn import GeometricAutoencoder, ParametricEmbedding, TSimCNE, autoencoder, parametric

X = sph.datasets.circle(60, ambient_dim=4, sigma=0.1)
OF_POINTS = [
    GeometricAutoencoder(hidden=(4,), epochs=1, device="cpu", regularizer="topological"),
    ParametricEmbedding(hidden=(4,), epochs=1, device="cpu", affinity="knn"),
]
HELD = np.where(np.arange(240).reshape(60, 4) == 13, np.nan, X)
NO_POINTS = [
    (HELD, "X contains NaN in 1 of its 240 entries (first in row 3). Drop those rows or fill the gaps first."),
    (X[:, 0], "X must be a 2-dimensional array (n points, d coordinates), not one of 1 dimensions. Reshape your data with X.reshape(-1, 1) if it has a single feature or X.reshape(1, -1) if it is a single sample."),
    (X + 1j, "Complex data not supported: X must hold real numbers. Pass its real part or its modulus."),
    (X.astype(str), f"X must hold numbers, not text ({X.astype(str).dtype}). Convert it by .astype(float) if numbers are what it means."),
    ("points.csv", "X is a path or text ('points.csv'), not an array. Read a file with spectral_ph.files.read, whose result holds the array."),
    (sp.csr_array(X), "Sparse data was passed: X must be a dense (n, d) array. Reduce it first (spectral_ph.preprocess turns counts into principal components), or pass X.toarray() if it fits in memory."),
]  # fmt: skip


def named(model):
    return type(model).__name__


def matching(sentence):
    return f"^{re.escape(sentence)}$"


@pytest.mark.parametrize("model", OF_POINTS, ids=named)
@pytest.mark.parametrize(("given", "sentence"), NO_POINTS, ids=lambda value: str(value)[:15])
def test_what_are_no_points_gets_a_sentence_when_it_is_fitted_and_later(model, given, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        model.fit(given)
    fitted = clone(model).fit(X)
    with pytest.raises(sph.InputError, match=matching(sentence)):
        fitted.transform(given)


def test_columns_keep_their_names_and_objects_that_are_numbers_are_numbers():
    import pandas as pd

    table = pd.DataFrame(X, columns=list("abcd"))
    model = clone(OF_POINTS[1]).fit(table)
    assert list(model.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(model.transform(table), clone(model).fit_transform(X.astype(object)))
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        model.transform(table[list("badc")])


@pytest.fixture
def nothing_long(monkeypatch):
    """Fail where distances or affinities are computed."""

    def long(*_, **__):
        raise AssertionError("something long was computed")

    monkeypatch.setattr(parametric, "affinities", long)
    monkeypatch.setattr(autoencoder.topology, "reference_distances", long)


def fits(checkpoint, **more):
    """Yield a fit of every net with a checkpoint."""
    for model in OF_POINTS:
        yield lambda model=model: type(model)(**model.get_params() | {"checkpoint": checkpoint} | more).fit(X)
    images = np.zeros((4, 8, 8))
    yield lambda: TSimCNE(epochs=(1, 1, 1), device="cpu", checkpoint=checkpoint, **more).fit(images)


def test_a_checkpoint_that_cannot_be_gets_a_sentence_at_once(nothing_long, monkeypatch, tmp_path):
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"no such thing")
    missing = tmp_path / "none" / "run.npz"
    cases = [
        (3, "checkpoint must be the path of a file or None, not 3."),
        (tmp_path, f"checkpoint {str(tmp_path)!r} is a folder. Name a file in it."),
        ("", "checkpoint '' is a folder. Name a file in it."),
        (missing, f"checkpoint {missing} cannot be written: there is no folder 'none'. Make it first."),
        (damaged / "run.npz", f"checkpoint {damaged / 'run.npz'} cannot be written: there is no folder 'damaged.npz'. Make it first."),
        (damaged, f"{damaged} is no file that spectral_ph.nn wrote, or it is damaged (ValueError). Name a checkpoint of another run, or remove it."),
    ]  # fmt: skip
    for checkpoint, sentence in cases:
        for fit in fits(checkpoint):
            with pytest.raises(sph.InputError, match=matching(sentence)):
                fit()
    monkeypatch.setattr(parametric.files.os, "access", lambda *_: False)
    path = tmp_path / "run.npz"
    sentence = (
        f"checkpoint {path} cannot be written: no file can be made in the folder {tmp_path.name!r}. Name a file in a folder "
        "that can be written to."
    )
    for fit in fits(path):
        with pytest.raises(sph.InputError, match=matching(sentence)):
            fit()
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_checkpoint_of_other_settings_is_refused_at_once(request, tmp_path):
    path = tmp_path / "run.npz"
    settings = {"hidden": (4,), "epochs": 1, "device": "cpu", "affinity": "knn", "checkpoint": path}
    ParametricEmbedding(**settings).fit(X)
    request.getfixturevalue("nothing_long")
    sentence = (
        f"checkpoint {path} was made with n_negatives=5; this fit has n_negatives=6. Fit with what made it, name another file, "
        "or remove this one to begin anew."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        ParametricEmbedding(**settings, n_negatives=6).fit(X)
    with pytest.raises(AssertionError, match="something long was computed"):
        ParametricEmbedding(**settings).fit(X)


def test_a_model_is_saved_to_and_loaded_from_files_only(tmp_path):
    model = clone(OF_POINTS[1]).fit(X)
    for call in (model.save, ParametricEmbedding.load):
        for path, sentence in (
            (3, "path must be the path of a file, not 3."),
            (tmp_path, f"path {str(tmp_path)!r} is a folder. Name a file in it."),
        ):
            with pytest.raises(sph.InputError, match=matching(sentence)):
                call(path)


def test_a_loaded_model_has_no_arguments_that_no_file_can_hold(tmp_path):
    given = {"hidden": (4,), "epochs": 1, "device": "cpu", "affinity": "knn"}
    made = given | {"affinity_params": {"mode": "mutual"}, "random_state": np.random.default_rng(0)}
    model = ParametricEmbedding(**made).fit(X)
    model.save(tmp_path / "model.npz")
    back = ParametricEmbedding.load(tmp_path / "model.npz")
    assert back.affinity_params is None
    assert back.random_state is None
    np.testing.assert_array_equal(back.transform(X), model.transform(X))
