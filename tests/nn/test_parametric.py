"""The parametric embedding: its losses are those over all pairs, scikit-learn's contract, the same bits after a kill, bad input."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

import spectral_ph as sph
from spectral_ph.embedding.affinities import affinities
from spectral_ph.embedding.losses import choice_loss, pair_loss
from spectral_ph.nn import ParametricEmbedding
from spectral_ph.nn.losses import choice_losses, pair_losses
from spectral_ph.nn.parametric import log_cauchy
from tests.nn.killed import killed_fit

FAST = {"affinity": "knn", "hidden": (16, 16), "epochs": 4, "batch_size": 128, "device": "cpu"}
X = sph.datasets.circle(150, ambient_dim=6, sigma=0.1)


def weights(model):
    return np.concatenate([p.detach().numpy().ravel() for p in model.net_.parameters()])


def small():
    points = np.random.default_rng(0).standard_normal((12, 3))
    P, _ = affinities(points, "knn", n_neighbors=4)
    Y = torch.from_numpy(np.random.default_rng(1).standard_normal((12, 2))).requires_grad_()
    return P, Y


def every_other(n):
    return torch.tensor([[j for j in range(n) if j != i] for i in range(n)])


def test_the_mean_over_all_draws_is_the_loss_over_all_pairs_with_its_gradient():
    """Edges by weight are the same as equal edges as often as their weight says: here all weights are whole multiples."""
    P, Y = small()
    noise, m = 0.3, 5
    others = every_other(12)
    negative = log_cauchy(Y[:, None], Y[others])
    total = torch.zeros((), dtype=torch.float64)
    for i in range(12):
        for at in range(P.indptr[i], P.indptr[i + 1]):
            total = total + P.data[at] * pair_losses(
                log_cauchy(Y[i], Y[P.indices[at]])[None], negative, float(np.log(noise)), m
            )
    twin = pair_loss(P, Y.detach().numpy(), noise, m)
    assert float(total.detach()) == pytest.approx(twin.loss, rel=1e-12)
    total.backward()
    np.testing.assert_allclose(Y.grad, twin.gradient, atol=1e-12)


def test_a_choice_among_all_is_the_loss_over_all_pairs_with_its_gradient():
    """With all others but the tail as negatives, tail and negatives are all others."""
    P, Y = small()
    total = torch.zeros((), dtype=torch.float64)
    for i in range(12):
        for at in range(P.indptr[i], P.indptr[i + 1]):
            j = P.indices[at]
            rest = [k for k in range(12) if k not in (i, j)]
            total = total + P.data[at] * choice_losses(
                log_cauchy(Y[i], Y[j])[None], log_cauchy(Y[i][None], Y[rest])[None], 4.0
            )
    twin = choice_loss(P, Y.detach().numpy(), exaggeration=4.0)
    assert float(total.detach()) == pytest.approx(twin.loss, rel=1e-12)
    total.backward()
    np.testing.assert_allclose(Y.grad, twin.gradient, atol=1e-12)


@pytest.mark.filterwarnings(
    "ignore::spectral_ph.SpectralWarning"
)  # few points: the default number of neighbours is lowered
@parametrize_with_checks([ParametricEmbedding(hidden=(8,), epochs=2, device="cpu")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("loss", ["neg", "nce", "infonce"])
def test_a_killed_run_goes_on_to_the_bits_of_an_unbroken_one(tmp_path, loss):
    params = FAST | {"loss": loss}
    before = torch.random.get_rng_state()
    whole = ParametricEmbedding(**params).fit(X)
    assert torch.equal(torch.random.get_rng_state(), before)
    path = killed_fit("ParametricEmbedding", params, X, "layout", 3, tmp_path)
    resumed = ParametricEmbedding(**params, checkpoint=path).fit(X)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert resumed.loss_history_ == whole.loss_history_
    resumed.save(path)
    back = ParametricEmbedding.load(path)
    np.testing.assert_array_equal(back.transform(X), whole.transform(X))


def test_a_circle_stays_a_loop_and_new_points_lie_on_it():
    clean = sph.datasets.circle(300, ambient_dim=5, sigma=0.02)
    model = ParametricEmbedding(**FAST | {"epochs": 30}).fit(clean[::2])
    Y = model.transform(clean[1::2])
    assert sph.detection_score(sph.persistence(Y, distance="euclidean")[1]) > 0.5


def test_digits_that_the_net_has_not_seen_lie_with_their_kind():
    data = load_digits()
    old, new = slice(0, 600), slice(600, 900)
    model = ParametricEmbedding(affinity="knn", epochs=20, batch_size=128, device="cpu").fit(data.data[old])
    judge = KNeighborsClassifier(15).fit(model.transform(data.data[old]), data.target[old])
    assert judge.score(model.transform(data.data[new]), data.target[new]) > 0.7


def test_nce_learns_its_partition():
    model = ParametricEmbedding(**FAST | {"loss": "nce"}).fit(X)
    fixed = ParametricEmbedding(**FAST).fit(X)
    assert fixed.settings_["Z_bar"] == pytest.approx(
        sph.embedding.ContrastiveEmbedding().fit(X).settings_["Z_bar"], rel=1e-6
    )
    assert model.settings_["Z_bar"] != pytest.approx(fixed.settings_["Z_bar"], rel=1e-3)


def test_a_graph_is_passed_beside_the_points():
    A = sph.neighbor_graph(X, 15)
    by_graph = ParametricEmbedding(**FAST | {"affinity": "graph"}).fit(X, graph=A)
    by_name = ParametricEmbedding(**FAST).fit(X)
    np.testing.assert_allclose(by_graph.transform(X), by_name.transform(X), atol=1e-5)


BAD = [
    ({"loss": "negs"}, {}, "loss='negs' is not a known loss; did you mean 'neg'? Known are: neg, nce, infonce."),
    ({"loss": "nce", "s": 1.0}, {}, "s=1.0 would change nothing with loss='nce', which learns the partition."),
    ({"affinity": "precomputed_distance"}, {}, "a net needs points, so affinity='precomputed_distance' is not possible. Pass a graph of the distances: neighbor_graph(D, metric='precomputed'), with affinity='graph'."),
    ({"affinity": "graph"}, {}, "affinity='graph' and a graph passed to fit go together. Pass both or none."),
    ({}, {"graph": sph.neighbor_graph(X)}, "affinity='graph' and a graph passed to fit go together. Pass both or none."),
    ({"affinity": "graph"}, {"graph": sph.neighbor_graph(X[:50])}, "graph must have a vertex for each of the 150 points."),
    ({"affinity_params": "x"}, {}, "affinity_params must be a dict of parameters by name or None, not 'x'."),
    ({"n_negatives": 0}, {}, "n_negatives must be a whole number of at least 1, not 0."),
]  # fmt: skip


@pytest.mark.parametrize(("params", "more", "sentence"), BAD, ids=lambda value: str(value)[:25])
def test_bad_arguments_get_a_sentence(params, more, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        ParametricEmbedding(**FAST | params).fit(X, **more)


def test_what_it_shares_with_the_contrastive_embedding_has_the_same_defaults():
    ours, theirs = ({**kind().get_params()} for kind in (ParametricEmbedding, sph.embedding.ContrastiveEmbedding))
    own = {"learning_rate"}  # of a net; that of a layout is one of its points
    shared = (set(ours) & set(theirs)) - own
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
    assert {"affinity", "perplexity", "n_neighbors", "affinity_params", "loss", "s", "n_negatives"} <= shared


def test_settings_are_those_of_a_clone():
    model = ParametricEmbedding(**FAST)
    np.testing.assert_array_equal(clone(model).fit_transform(X), model.fit(X).transform(X))
