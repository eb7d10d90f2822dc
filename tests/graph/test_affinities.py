"""Affinities of t-SNE and UMAP: laws of the calibration, then openTSNE and umap-learn as oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.graph import _affinities
from spectral_ph.graph.affinities import log_fuzzy_union, log_perplexity_affinities
from spectral_ph.graph.neighbors import nearest_neighbors
from tests.naive import dense_affinities, entropy_of_weights
from tests.strategies import point_sets


@given(seed=st.integers(0, 10_000), perplexity=st.floats(1.01, 12), scale=st.sampled_from([1e-8, 1.0, 1e8]))
def test_every_row_gets_the_perplexity(seed, perplexity, scale):
    squares = np.sort(np.random.default_rng(seed).exponential(size=(5, 40)), axis=1) * scale
    beta = np.empty(5)
    assert _affinities.calibrate_perplexity(squares, perplexity, beta) == 0
    for row, b in zip(squares, beta, strict=True):
        assert entropy_of_weights(row, b) == pytest.approx(np.log(perplexity), abs=1e-9)


def test_ties_for_the_nearest_share_the_weight_and_are_counted():
    squares = np.array([[1.0, 1.0, 1.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 2.0, 2.0, 2.0, 2.0]])
    beta = np.empty(3)
    assert _affinities.calibrate_perplexity(squares, 2.5, beta) == 2
    np.testing.assert_allclose(np.exp(-beta[0] * (squares[0] - 1)), [1, 1, 1, 0, 0], atol=1e-20)
    assert entropy_of_weights(squares[1], beta[1]) == pytest.approx(np.log(2.5), abs=1e-9)
    assert beta[2] == 0
    X = np.repeat(np.array([[0.0], [1.0], [5.0]]), 5, axis=0)
    assert log_perplexity_affinities(X, 2)[1] == {"uncalibrated": 15}


@given(seed=st.integers(0, 10_000), k=st.integers(3, 20))
def test_memberships_add_up_to_the_binary_logarithm(seed, k):
    distances = np.sort(np.random.default_rng(seed).exponential(size=(5, k)), axis=1)
    rho, sigma = np.empty(5), np.empty(5)
    _affinities.calibrate_union(distances, np.log2(k), rho, sigma)
    np.testing.assert_array_equal(rho, distances[:, 0])
    total = np.exp(-(distances - rho[:, None]) / sigma[:, None]).sum(axis=1)
    np.testing.assert_allclose(total, np.log2(k), rtol=1e-9)


@given(X=point_sets())
def test_affinities_of_tsne_add_up(X):
    """Each point gives away 1 in all, so the log of p_j|i + p_i|j adds up to 2 n over both directions."""
    L, _ = log_perplexity_affinities(X, 1.5)
    assert dense_affinities(L).sum() == pytest.approx(2 * len(X), rel=1e-9)


def test_affinities_equal_those_of_opentsne():
    from openTSNE.affinity import PerplexityBasedNN

    X = np.random.default_rng(0).standard_normal((200, 5))
    theirs = PerplexityBasedNN(X, perplexity=12, method="exact").P.toarray()
    L, facts = log_perplexity_affinities(X, 12)
    assert facts == {}
    np.testing.assert_allclose(dense_affinities(L) / (2 * len(X)), theirs, atol=1e-6 * theirs.max())
    np.testing.assert_array_equal(dense_affinities(L) > 0, theirs > 0)


@pytest.mark.parametrize("copies", [1, 2, 12])
def test_affinities_equal_those_of_umap(copies):
    """umap counts a point among its own neighbours. Duplicates too: with 12 copies of each point sigma is the floor, which umap takes from means with the point itself."""
    fuzzy = pytest.importorskip("umap.umap_").fuzzy_simplicial_set
    X = np.repeat(np.random.default_rng(1).standard_normal((240 // copies, 5)), copies, axis=0)
    k, own = 14, np.arange(240)[:, None]
    found = nearest_neighbors(X, k, search="exact")
    theirs = fuzzy(
        X,
        k + 1,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=np.hstack([own, found.indices]),
        knn_dists=np.hstack([0.0 * own, found.distances]).astype(np.float32),
    )[0].toarray()
    ours = dense_affinities(log_fuzzy_union(X, k)[0])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
