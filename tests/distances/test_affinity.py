"""Distances from the affinities of t-SNE and UMAP."""

import re

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.graph.affinities import log_fuzzy_union, log_perplexity_affinities
from tests.naive import dense_affinities


@pytest.mark.parametrize("name", ["tsne_graph", "umap_graph"])
def test_the_largest_affinity_is_at_zero_and_strangers_at_twice_the_rest(name):
    X = np.random.default_rng(2).standard_normal((80, 3))
    params, log = (
        ({"perplexity": 5}, log_perplexity_affinities)
        if name == "tsne_graph"
        else ({"n_neighbors": 15}, log_fuzzy_union)
    )
    D = sph.distance_matrix(X, name, **params)
    affinity = dense_affinities(log(X, *params.values())[0])
    edges = affinity > 0
    np.testing.assert_allclose(D[edges], np.log(affinity.max()) - np.log(affinity[edges]), rtol=1e-9, atol=1e-12)
    assert D[edges].min() == 0
    np.testing.assert_array_equal(D[~edges & ~np.eye(80, dtype=bool)], 2 * D[edges].max())


def test_affinities_smaller_than_the_smallest_double_are_finite_distances():
    """Five points that nearly coincide, with neighbours that are 1e8 times as far."""
    rng = np.random.default_rng(3)
    X = np.vstack([1e-6 * rng.standard_normal((5, 2)), 100 + rng.standard_normal((40, 2))])
    for params in ({"distance": "tsne_graph", "perplexity": 3}, {"distance": "umap_graph", "n_neighbors": 9}):
        D = sph.distance_matrix(X, **params)
        assert np.isfinite(D).all()
        assert D.max() > 2 * 700


def test_equal_affinities_are_warned_about():
    X = np.repeat(np.array([[0.0], [1.0], [5.0]]), 2, axis=0)
    sentence = (
        "all edges of the UMAP graph have the same affinity, so every distance is 0. Raise its number of neighbours."
    )
    with pytest.warns(sph.SpectralWarning, match=f"^{re.escape(sentence)}$"):
        assert not sph.distance_matrix(X, "umap_graph", n_neighbors=1).any()


@pytest.mark.filterwarnings("ignore:[0-9]+ points have at most")
@pytest.mark.parametrize(
    ("distance", "arguments", "sentence"),
    [
        (
            "tsne_graph",
            {},
            "perplexity=30 needs at least 91 points (3 x perplexity neighbours of each), but n_samples=10. "
            "Pass perplexity=3 or less.",
        ),
        ("tsne_graph", {"perplexity": 1}, "perplexity must be a finite number above 1, not 1."),
        ("tsne_graph", {"perplexity": 0.5}, "perplexity must be at least 1, not 0.5."),
        (
            "umap_graph",
            {"n_neighbors": 100},
            "n_neighbors=100 needs at least 101 points (a point is not its own neighbour), but n_samples=10. "
            "Pass n_neighbors=9 or fewer.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(distance, arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(np.eye(10), distance, **arguments)
