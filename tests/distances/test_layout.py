"""Distances in t-SNE and UMAP embeddings; a few small embeddings, for each takes a second."""

import re
import sys

import numba
import numpy as np
import pytest
from sklearn.decomposition import PCA

import spectral_ph as sph
from spectral_ph._numba import thread_limit
from tests.contracts import check_distance

CLUSTERS = np.vstack([np.random.default_rng(0).standard_normal((20, 4)) + shift for shift in (0, 100)])


@pytest.mark.parametrize("name", ["tsne", "umap"])
def test_contract(name):
    check_distance(name, CLUSTERS[:24])


@pytest.mark.parametrize(("name", "params"), [("tsne", {"perplexity": 5}), ("umap", {"n_neighbors": 5})])
def test_what_is_near_stays_near(name, params):
    """Two far clusters: the nearest other point of every point is of its own cluster."""
    D = sph.distance_matrix(CLUSTERS, name, **params)
    np.fill_diagonal(D, np.inf)
    np.testing.assert_array_equal(D.argmin(axis=1) // 20, np.arange(40) // 20)


@pytest.mark.parametrize(("name", "dims"), [("tsne", 1), ("tsne", 3), ("umap", 3), ("umap", 5), ("umap", 10)])
def test_distances_are_those_of_an_embedding_of_so_many_dimensions(name, dims):
    """The Gram matrix of the centred squared distances has that rank (classical scaling)."""
    params = {"perplexity": 5} if name == "tsne" else {"n_neighbors": 5}
    D = sph.distance_matrix(CLUSTERS, name, dims=dims, **params)
    J = np.eye(40) - 1 / 40
    values = np.linalg.eigvalsh(-J @ D**2 @ J / 2)[::-1]
    assert (values > 1e-9 * values[0]).sum() == dims


def test_seed_of_umap_is_used():
    D = [sph.distance_matrix(CLUSTERS, "umap", n_neighbors=5, random_state=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(D[0], D[1])
    assert (D[0] != D[2]).any()


def test_tsne_does_not_depend_on_the_number_of_threads():
    with thread_limit(1):
        one = sph.distance_matrix(CLUSTERS, "tsne", perplexity=5)
        assert numba.get_num_threads() == 1
    np.testing.assert_array_equal(one, sph.distance_matrix(CLUSTERS, "tsne", perplexity=5))


def test_facts_are_kept_with_the_result():
    P = sph.persistence(CLUSTERS, distance="tsne", perplexity=5)
    assert P.settings["distance"]["perplexity"] == 5
    assert P.settings["distance"]["dims"] == 2
    assert np.isfinite(P.settings["distance"]["kl_divergence"])


@pytest.mark.parametrize("whiten", [False, True])
def test_pca_equals_that_of_scikit_learn(whiten):
    X = np.random.default_rng(1).standard_normal((40, 6)) * np.arange(1, 7)
    Y = PCA(3, whiten=whiten, svd_solver="full").fit_transform(X)
    np.testing.assert_allclose(
        sph.distance_matrix(X, "pca", n_components=3, whiten=whiten), sph.distance_matrix(Y, "euclidean"), rtol=1e-9
    )


def test_all_principal_components_are_the_points():
    X = np.random.default_rng(2).standard_normal((30, 4))
    np.testing.assert_allclose(
        sph.distance_matrix(X, "pca", n_components=4), sph.distance_matrix(X, "euclidean"), rtol=1e-12, atol=1e-14
    )


@pytest.mark.filterwarnings("ignore:[0-9]+ points have at most")
@pytest.mark.parametrize(
    ("distance", "arguments", "sentence"),
    [
        ("tsne", {"dims": 5}, "dims of t-SNE must be 1, 2 or 3, not 5. Distance 'umap' takes more dimensions."),
        ("umap", {"dims": 8}, "dims=8 needs at least 11 points, but n_samples=10. Pass a smaller dims."),
        (
            "pca",
            {"n_components": 7},
            (
                "n_components=7 is more than the 3 principal components of 10 points in 3 dimensions. Pass "
                "n_components=3 or fewer."
            ),
        ),
        (
            "pca",
            {"n_components": 3, "whiten": True},
            "n_components=3 with whiten=True needs as many components with variance, but only 2 have any. "
            "Pass n_components=2 or whiten=False.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(distance, arguments, sentence):
    X = np.random.default_rng(3).standard_normal((10, 3))
    X[:, 2] = X[:, 0] - X[:, 1]
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(X, distance, **arguments)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    sentence = "this needs umap, which is not installed. Run: pip install 'spectral_ph[embedding]'"
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(CLUSTERS, "umap")
