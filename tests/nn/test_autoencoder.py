"""The geometric autoencoder: scikit-learn's contract, the same bits again and after a kill, its metric, and bad input."""

import pickle
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import spectral_ph as sph
from spectral_ph.nn import GeometricAutoencoder
from tests.nn.killed import killed_fit

FAST = {"hidden": (16, 16), "epochs": 4, "batch_size": 40, "device": "cpu"}


@pytest.fixture(scope="module")
def X():
    return sph.datasets.swiss_roll(200, ambient_dim=6, sigma=0.0)


@pytest.fixture(scope="module")
def fitted(X):
    return GeometricAutoencoder(**FAST).fit(X)


def matching(sentence):
    return f"^{re.escape(sentence)}$"


def weights(model):
    return np.concatenate([p.detach().numpy().ravel() for p in model.net_.parameters()])


@parametrize_with_checks([GeometricAutoencoder(hidden=(8,), epochs=2, device="cpu")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_the_same_seed_gives_the_same_bits_and_leaves_global_state_alone(X, fitted):
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = clone(fitted).fit(X)
    np.testing.assert_array_equal(weights(again), weights(fitted))
    assert again.loss_history_ == fitted.loss_history_
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    assert (weights(clone(fitted).set_params(random_state=1).fit(X)) != weights(fitted)).any()


@pytest.mark.parametrize("epoch", [2, 4])
def test_a_killed_run_goes_on_to_the_bits_of_an_unbroken_one(X, fitted, tmp_path, epoch):
    path = killed_fit("GeometricAutoencoder", FAST, X, "autoencoder", epoch, tmp_path)
    resumed = GeometricAutoencoder(**FAST, checkpoint=path).fit(X)
    np.testing.assert_array_equal(weights(resumed), weights(fitted))
    assert resumed.loss_history_ == fitted.loss_history_


def test_early_stopping_goes_on_too(X, tmp_path):
    settings = FAST | {"epochs": 30, "patience": 2, "learning_rate": 0.03, "validation_share": 0.2}
    whole = GeometricAutoencoder(**settings).fit(X)
    stopped = whole.settings_["epochs"]["autoencoder"]
    assert 3 < stopped < 30
    path = killed_fit("GeometricAutoencoder", settings, X, "autoencoder", stopped - 1, tmp_path)
    resumed = GeometricAutoencoder(**settings, checkpoint=path).fit(X)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    least = min(whole.loss_history_, key=lambda record: record["held_out"])
    assert least["epoch"] == stopped - 2


def test_a_finished_checkpoint_is_taken_as_it_is_and_no_other_run_goes_on_with_it(X, fitted, tmp_path):
    path = tmp_path / "run.npz"
    model = GeometricAutoencoder(**FAST, checkpoint=path).fit(X)
    called = []
    again = clone(model).set_params(callback=lambda *_: called.append(1)).fit(X)
    assert called == []
    np.testing.assert_array_equal(weights(again), weights(fitted))
    sentence = (
        f"checkpoint {path} was made with lam=0.1, random_state=0; this fit has lam=0.2, random_state=1. Fit with what made "
        "it, name another file, or remove this one to begin anew."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        clone(model).set_params(lam=0.2, random_state=1).fit(X)
    sentence = (
        f"checkpoint {path} was made with other data; this fit has other data. Fit with what made it, name another file, or "
        "remove this one to begin anew."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        clone(model).fit(X[:-1])
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_checkpoint_are_refused(X, fitted, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(b"no such thing")
    sentence = (
        f"{path} is no file that spectral_ph.nn wrote, or it is damaged (ValueError). Name a checkpoint of another run, or "
        "remove it."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        GeometricAutoencoder(**FAST, checkpoint=path).fit(X)
    fitted.save(path)
    sentence = f"checkpoint {path} is a saved model, with which nothing can go on. Name another file."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        GeometricAutoencoder(**FAST, checkpoint=path).fit(X)


def test_saved_and_pickled_models_are_the_same_and_hold_no_data(X, fitted, tmp_path):
    path = tmp_path / "model.npz"
    fitted.save(path)
    for back in (GeometricAutoencoder.load(path), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(back.transform(X), fitted.transform(X))
        np.testing.assert_array_equal(back.log_det(X), fitted.log_det(X))
        assert back.get_params() == fitted.get_params() | {"hidden": back.hidden}
        assert back.settings_ == fitted.settings_
    many = np.tile(X, (20, 1))
    large = clone(fitted).set_params(epochs=1).fit(many)
    assert len(pickle.dumps(large)) < len(pickle.dumps(fitted)) + 1000
    with pytest.raises(sph.InputError, match=matching(f"{tmp_path / 'no'} is not there. Check its name.")):
        GeometricAutoencoder.load(tmp_path / "no")


def test_the_callback_sees_every_record_and_can_stop(X):
    seen = []

    def callback(epoch, record):
        seen.append((epoch, record))
        return epoch == 2

    model = GeometricAutoencoder(**FAST, callback=callback).fit(X)
    assert [epoch for epoch, _ in seen] == [1, 2]
    assert [record for _, record in seen] == model.loss_history_
    assert set(model.loss_history_[0]) == {"stage", "epoch", "loss", "share", "log_det_variance", "held_out"}
    assert model.settings_["epochs"] == {"autoencoder": 2}


def test_a_layout_in_batches_is_the_layout(X, fitted):
    alone = np.concatenate([fitted.transform(row[None]) for row in X[:20]])
    np.testing.assert_allclose(alone, fitted.transform(X)[:20], rtol=0, atol=1e-14)
    np.testing.assert_array_equal(clone(fitted).fit_transform(X), fitted.transform(X))


def test_unit_and_place_of_the_data_change_the_layout_by_rounding_only(X):
    """The net sees the same numbers, so the metric has the unit of X and the layout none."""
    model = GeometricAutoencoder(**FAST).fit(X)
    scaled = GeometricAutoencoder(**FAST).fit(1024 * X)
    np.testing.assert_allclose(scaled.transform(1024 * X), model.transform(X), atol=1e-5)
    Z = model.transform(X[:5])
    np.testing.assert_allclose(scaled.metric(Z), 1024**2 * model.metric(Z), rtol=1e-4)
    np.testing.assert_allclose(scaled.log_det(Z=Z), model.log_det(Z=Z) + 4 * np.log(1024), atol=1e-4)


def test_metric_log_det_and_indicatrices_are_those_of_the_decoder(X, fitted):
    """By finite differences of what the decoder makes."""
    Z = fitted.transform(X[:7])
    Z[3:] += 2.0  # off the data
    step = 1e-5
    J = np.stack(
        [
            (fitted.inverse_transform(Z + step * e) - fitted.inverse_transform(Z - step * e)) / (2 * step)
            for e in np.eye(2)
        ],
        axis=2,
    )
    G = J.transpose(0, 2, 1) @ J
    np.testing.assert_allclose(fitted.metric(Z), G, rtol=1e-6)
    np.testing.assert_allclose(fitted.log_det(Z=Z), np.linalg.slogdet(G)[1], rtol=1e-6)
    np.testing.assert_array_equal(fitted.log_det(X), fitted.log_det(Z=fitted.transform(X)))
    drawn = fitted.indicatrices(Z, radius=0.1)
    around = drawn.outlines - Z[:, None]
    np.testing.assert_allclose(np.einsum("mki,mij,mkj->mk", around, G, around), 0.01, rtol=1e-6)


def test_the_latent_graph_holds_lengths_under_the_metric(X, fitted):
    A = fitted.latent_graph(X, n_neighbors=5)
    assert (A != A.T).nnz == 0
    Z = fitted.transform(X)
    i, j = A.nonzero()
    G = fitted.metric((Z[i] + Z[j]) / 2)
    step = Z[i] - Z[j]
    np.testing.assert_allclose(A.data, 1 / np.sqrt(np.einsum("mi,mij,mj->m", step, G, step)), rtol=1e-9)
    P = sph.persistence(graph=A, distance="geodesic")
    assert P.n_points == 200


def test_the_regulariser_evens_out_the_areas(X):
    settings = FAST | {"epochs": 40}
    plain = GeometricAutoencoder(**settings, regularizer=None).fit(X)
    even = GeometricAutoencoder(**settings).fit(X)
    assert even.log_det(X).var() < plain.log_det(X).var() / 5
    assert "log_det_variance" not in plain.loss_history_[0]


def test_mse_is_the_loss_in_the_unit_of_the_data(X):
    model = GeometricAutoencoder(**FAST, regularizer=None, reconstruction="mse").fit(3 * X)
    record = model.loss_history_[0]
    assert record["loss"] == pytest.approx(record["share"] * 9 * X.var(axis=0).mean(), rel=1e-6)


def test_warm_up_raises_lam_linearly(X):
    model = GeometricAutoencoder(**FAST | {"warm_up": 3, "lam": 0.4}).fit(X)
    lams = [(r["loss"] - r["share"]) / r["log_det_variance"] for r in model.loss_history_]
    np.testing.assert_allclose(lams, [0.1, 0.2, 0.3, 0.4], rtol=1e-2)


BAD = [
    ({"n_components": 0}, "n_components must be a whole number of at least 1, not 0."),
    ({"lam": -1}, "lam must be between 0 and 1e+06, not -1."),
    (
        {"regularizer": "geometrical"},
        "regularizer='geometrical' is not a known regularizer; did you mean 'geometric'? Known are: geometric, topological, None.",
    ),
    (
        {"regularizer": "none"},
        "regularizer='none' is not a known regularizer; did you mean None? Known are: geometric, topological, None.",
    ),
    (
        {"regularizer": "None"},
        "regularizer='None' is not a known regularizer; did you mean None? Known are: geometric, topological, None.",
    ),
    ({"hidden": 100}, "hidden must be a tuple of the widths of the hidden layers, not 100."),
    ({"hidden": (0,)}, "hidden must be a whole number of at least 1, not 0."),
    (
        {"activation": "gelu"},
        "activation='gelu' is not a known activation; did you mean 'elu'? Known are: elu, relu, silu, tanh.",
    ),
    (
        {"reconstruction": "l1"},
        "reconstruction='l1' is not a known reconstruction. Known are: share, mse.",
    ),
    ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0."),
    ({"batch_size": 1}, "batch_size must be a whole number of at least 2, not 1."),
    ({"learning_rate": 0}, "learning_rate must be a finite number above 0, not 0."),
    ({"validation_share": 1.0}, "validation_share must be between 0 and 0.9, not 1.0."),
    ({"device": "gpu"}, "device='gpu' is not a known device; did you mean 'cpu'? Known are: auto, cpu, cuda, mps."),
    ({"callback": 1}, "callback must be a function of (epoch, record) or None, not 1."),
    (
        {"n_components": 7},
        "n_components=7 is more than the 6 columns of X, so that no area is left by the decoder. Pass n_components=6 or "
        "fewer, or regularizer=None.",
    ),
]


@pytest.mark.parametrize(("params", "sentence"), BAD, ids=lambda value: str(value)[:30])
def test_bad_arguments_get_a_sentence(X, params, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        GeometricAutoencoder(**FAST | params).fit(X)


def test_bad_points_get_a_sentence(X, fitted):
    with pytest.raises(NotFittedError, match="This GeometricAutoencoder instance is not fitted yet"):
        GeometricAutoencoder().transform(X)
    for call in ("inverse_transform", "metric", "indicatrices"):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            getattr(GeometricAutoencoder(), call)(X[:, :2])
    with pytest.raises(ValueError, match="X has 5 features, but GeometricAutoencoder is expecting 6 features as input"):
        fitted.transform(X[:, :5])
    sentence = "Z must have 2 column(s), one for each latent dimension, not 6. To encode points, call transform."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        fitted.metric(X)
    with pytest.raises(sph.InputError, match=matching("pass either points X or latent points Z.")):
        fitted.log_det(X, Z=X[:, :2])
    line = GeometricAutoencoder(1, **FAST).fit(X)
    sentence = "indicatrices are drawn in a plane, but the latent space has 1 dimension(s). Use metric(Z)."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        line.indicatrices(line.transform(X))
    copies = np.repeat(X[:100], 2, axis=0)
    sentence = (
        "100 pairs of points have one place in the latent space, so that no graph holds the length of their edge. Drop "
        "copies of points first."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        fitted.latent_graph(copies, n_neighbors=1)


def test_a_loss_that_is_not_finite_ends_with_a_sentence(X):
    sentence = (
        "the loss is nan in epoch 1 of stage 'autoencoder'. Pass a smaller learning_rate, or look for rows that are far larger "
        "than the others."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        GeometricAutoencoder(**FAST | {"learning_rate": 1e30}).fit(X)
