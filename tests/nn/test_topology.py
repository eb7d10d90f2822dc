"""The topological term: which edges it looks at, when it is 0, and a fit with it."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import spectral_ph as sph
from spectral_ph.nn import topology


def slow_tree(D):
    """Kruskal, edge by edge."""
    part = list(range(len(D)))
    found = set()
    pairs = [(i, j) for i in range(len(D)) for j in range(i)]
    for i, j in sorted(pairs, key=lambda edge: D[edge]):
        if part[i] != part[j]:
            part = [part[i] if p == part[j] else p for p in part]
            found.add((j, i))
    return found


def distances(seed, n=30, d=3):
    return sph.distance_matrix(np.random.default_rng(seed).standard_normal((n, d)), "euclidean")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_tree_and_loop_have_the_lengths_of_the_diagrams(seed):
    D = distances(seed)
    tree = topology.tree_edges(D)
    assert {(min(e), max(e)) for e in tree.tolist()} == slow_tree(D)
    P = sph.persistence(D, distance="precomputed")
    np.testing.assert_array_equal(np.sort(D[tuple(tree.T)]), np.sort(P[0][np.isfinite(P[0][:, 1]), 1]))
    longest = P[1][np.argmax(P[1][:, 1] - P[1][:, 0])]
    np.testing.assert_array_equal(D[tuple(topology.loop_edges(D).T)], longest)


def test_points_of_one_place_are_joined_by_the_tree():
    x = np.array([0.0, 0.0, 3.0, 3.0])
    assert len(topology.tree_edges(abs(x[:, None] - x))) == 3
    assert len(topology.tree_edges(np.zeros((3, 3)))) == 2
    assert len(topology.loop_edges(np.zeros((3, 3)))) == 0


def test_the_term_is_0_where_lengths_agree_up_to_the_factor_and_only_there():
    rng = np.random.default_rng(0)
    Z = torch.tensor(rng.standard_normal((25, 2)), requires_grad=True)
    near = sph.distance_matrix(Z.detach().numpy(), "euclidean")
    scale = torch.tensor(np.log(3.0), requires_grad=True)
    assert topology.disagreement(Z, 3 * near, scale).item() < 1e-20
    away = topology.disagreement(Z, near, scale)
    away.backward()
    assert away.item() > 0.1
    assert float(scale.grad) > 0
    assert (Z.grad != 0).any()


def test_a_fit_keeps_a_loop_and_no_data(tmp_path):
    X = sph.datasets.circle(150, ambient_dim=10, sigma=0.05)
    made = {"regularizer": "topological", "hidden": (20, 20), "epochs": 15, "batch_size": 50, "device": "cpu"}
    model = sph.nn.GeometricAutoencoder(**made).fit(X)
    assert not hasattr(model, "_reference")
    found = [record["disagreement"] for record in model.loss_history_]
    assert found[-1] < 0.5 * found[0]
    model.save(tmp_path / "model.npz")
    again = sph.nn.GeometricAutoencoder.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.transform(X), model.transform(X))

    checkpoint = tmp_path / "run.npz"
    for stop in (5, 15):  # stopped after an epoch, and gone on with
        went_on = sph.nn.GeometricAutoencoder(
            **made, checkpoint=checkpoint, callback=lambda epoch, record, stop=stop: _stop(epoch, stop)
        )
        try:
            went_on.fit(X)
        except KeyboardInterrupt:
            assert not hasattr(went_on, "_reference")
    np.testing.assert_array_equal(went_on.transform(X), model.transform(X))


def _stop(epoch, at):
    if epoch == at < 15:
        raise KeyboardInterrupt


def test_an_unknown_distance_gets_a_sentence():
    X = np.random.default_rng(0).standard_normal((30, 3))
    sentence = "distance='dtm' is not a known distance. Known are: eff_res, euclidean."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.nn.GeometricAutoencoder(regularizer="topological", distance="dtm").fit(X)


def test_points_that_are_not_connected_get_a_way_out_that_an_autoencoder_has():
    X = np.random.default_rng(0).standard_normal((40, 3)) + 100 * (np.arange(40) < 20)[:, None]
    made = {"regularizer": "topological", "hidden": (4,), "epochs": 1, "device": "cpu"}
    sentence = (
        "the neighbour graph of the points has 2 connected components (sizes 20, 20), so effective resistance between them is "
        "infinite. Pass distance='euclidean', or fit each component by itself."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.nn.GeometricAutoencoder(**made).fit(X)
    assert sph.nn.GeometricAutoencoder(**made, distance="euclidean").fit(X).settings_["warnings"] == []


def test_few_points_get_a_warning_with_a_way_out_that_an_autoencoder_has():
    X = np.random.default_rng(0).standard_normal((12, 3))
    made = {"regularizer": "topological", "hidden": (4,), "epochs": 1, "device": "cpu"}
    sentence = (
        "12 points have at most 11 neighbours each, so 11 were taken in place of 15 for the effective resistance. To avoid this "
        "warning, pass distance='euclidean', which needs none."
    )
    with pytest.warns(sph.SpectralWarning, match=f"^{re.escape(sentence)}$"):
        model = sph.nn.GeometricAutoencoder(**made).fit(X)
    assert model.settings_["warnings"] == [sentence]
    assert sph.nn.GeometricAutoencoder(**made, distance="euclidean").fit(X).settings_["warnings"] == []


@pytest.mark.parametrize("n", [12, 60])
@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_reference_distances_are_shares_of_the_largest_distance(n):
    X = np.random.default_rng(0).standard_normal((n, 3))
    for name in topology.REFERENCES:
        D = sph.distance_matrix(X, name)
        np.testing.assert_array_equal(topology.reference_distances(X, name), D / D.max())


@pytest.mark.parametrize("name", topology.REFERENCES)
def test_distances_that_do_not_fit_in_memory_are_refused_before_any_is_computed(monkeypatch, name):
    def computed(*_, **__):
        raise AssertionError("something was computed")

    for door in ("compute", "neighbourhood"):
        monkeypatch.setattr(topology, door, computed)
    sentence = (
        r"the distances of 10000000 points, which the topological term compares with, would take about 745058\.1 GiB of memory, "
        r"but only [\d.]+ GiB are available\. Use fewer points, or regularizer='geometric'\."
    )
    with pytest.raises(sph.TooLargeError, match=f"^{sentence}$"):
        topology.reference_distances(np.zeros((10**7, 1)), name)
