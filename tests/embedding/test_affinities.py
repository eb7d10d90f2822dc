"""The door to affinities: laws of every member, each against what it stands for, and what is refused."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits

import spectral_ph as sph
from spectral_ph.embedding import affinities as module
from spectral_ph.embedding.affinities import AFFINITIES, affinities, row_normalized
from spectral_ph.graph.affinities import log_fuzzy_union, log_perplexity_affinities

X = load_digits().data[:200:2]
D = sph.distance_matrix(X, "euclidean")
A = sph.neighbor_graph(X)


def given(name):
    """Return what an affinity takes for X."""
    return {"graph": A, "precomputed_distance": D}.get(name, X)


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("name", AFFINITIES)
def test_laws(name, normalized):
    before = given(name).copy()
    P, facts = affinities(given(name), name, normalized=normalized)
    assert isinstance(P, sp.csr_array)
    assert P.dtype == np.float64
    assert P.shape == (100, 100)
    assert (P != P.T).nnz == 0
    assert (P.data > 0).all()
    assert not P.diagonal().any()
    if normalized:
        assert P.sum() == pytest.approx(1, abs=1e-12)
    assert facts["affinity"] == name
    assert not (before != given(name)).sum()
    again = affinities(given(name), name, normalized=normalized)[0]
    assert (again != P).nnz == 0


@pytest.mark.parametrize("name", ["knn", "perplexity", "umap", "eff_res", "diffusion"])
def test_points_may_come_in_any_order(name):
    order = np.random.default_rng(0).permutation(100)
    points = X + 0.01 * np.random.default_rng(1).standard_normal(X.shape)  # without ties
    params = {"weighted": True} if name in ("eff_res", "diffusion") else {}  # vertices with the same edges would tie
    P, Q = (affinities(Z, name, params=params)[0] for Z in (points, points[order]))
    np.testing.assert_allclose(P.toarray()[np.ix_(order, order)], Q.toarray(), rtol=1e-6)


def test_each_is_what_it_stands_for():
    L, _ = log_perplexity_affinities(X, 30)
    np.testing.assert_array_equal(affinities(X, "perplexity")[0].toarray()[L.nonzero()], np.exp(L.data) / 200)
    L, _ = log_fuzzy_union(X, 15)
    np.testing.assert_array_equal(affinities(X, "umap", normalized=False)[0].data, np.exp(L.data))
    assert affinities(X, "umap", normalized=False)[0].max() == 1
    for name, plain in (("knn", A), ("graph", A), ("precomputed_distance", A)):
        assert (affinities(given(name), name, normalized=False)[0] != plain).nnz == 0
    for name, own in (("eff_res", {"disconnected": "max"}), ("diffusion", {})):
        under = sph.distance_matrix(X, name, **own)
        expected = sph.neighbor_graph(under, metric="precomputed")
        assert (affinities(X, name, normalized=False)[0] != expected).nnz == 0


def test_rows_are_normalised_before_they_are_made_symmetric():
    W = np.array([[0, 1.0, 3.0, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]])
    R = np.array([[0, 1 / 4, 3 / 4, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(row_normalized(sp.csr_array(W)).toarray(), (R + R.T) / 6)


def test_parameters_reach_the_distance_and_the_graph():
    for params in ({"t": 2}, {"n_neighbors": 8}):
        P, facts = affinities(X, "diffusion", params=params, normalized=False)
        under = sph.distance_matrix(X, "diffusion", **params)
        assert (sph.neighbor_graph(under, metric="precomputed") != P).nnz == 0
    assert facts["n_neighbors"] == 15
    assert facts["graph"]["n_neighbors"] == 8
    P, facts = affinities(X, "knn", n_neighbors=5, params={"metric": "cosine", "mode": "mutual"}, normalized=False)
    assert (sph.neighbor_graph(X, 5, "cosine", mode="mutual") != P).nnz == 0
    assert facts["metric"] == "cosine"


@pytest.mark.parametrize("name", ["eff_res", "diffusion"])
def test_many_points_need_no_matrix_and_have_nearly_the_same_neighbours(name, monkeypatch):
    points = sph.datasets.circle(300, ambient_dim=5, sigma=0.1)
    dense = affinities(points, name, normalized=False)[0]
    monkeypatch.setattr(module, "DENSE_POINTS", 100)
    implicit, facts = affinities(points, name, normalized=False)
    assert facts["distance"]["n_components"] == 100
    assert dense.multiply(implicit).nnz > 0.95 * dense.nnz


def test_a_diagonal_is_dropped_with_a_sentence():
    sentence = "2 entries on the diagonal of the graph were dropped: no point attracts itself."
    with pytest.warns(sph.SpectralWarning, match=f"^{re.escape(sentence)}$"):
        P, facts = affinities(np.ones((2, 2)), "graph", normalized=False)
    assert facts["self_loops"] == 2
    assert P.toarray().tolist() == [[0, 1], [1, 0]]


FAR = np.vstack([X, X[:6] + 1e4])


@pytest.mark.parametrize(
    ("data", "arguments", "sentence"),
    [
        (X, {"affinity": "tsne"}, "affinity='tsne' is not a known affinity. Known are: perplexity, knn, umap, eff_res, diffusion, graph, precomputed_distance."),
        (X, {"params": {"t": 3}}, "affinity 'perplexity' has no parameter 't'. It takes: none."),
        (X, {"affinity": "umap", "params": {"t": 3}}, "affinity 'umap' has no parameter 't'. It takes: none."),
        (A, {"affinity": "graph", "params": {"t": 3}}, "affinity 'graph' has no parameter 't'. It takes: none."),
        (X, {"affinity": "knn", "params": {"modes": 3}}, "'modes' is not a known parameter of affinity 'knn'; did you mean 'mode'? Known are: n_neighbors, metric, mode, weighted, search."),
        (X, {"affinity": "knn", "n_neighbors": 100}, "n_neighbors=100 needs at least 101 points (a point is not its own neighbour), but n_samples=100. Pass n_neighbors=99 or fewer."),
        (X, {"perplexity": 1}, "perplexity must be a finite number above 1, not 1."),
        (FAR, {"affinity": "eff_res", "n_neighbors": 6, "params": {"n_neighbors": 3}}, None),
        (FAR, {"affinity": "diffusion", "n_neighbors": 6, "params": {"n_neighbors": 3}}, None),
        (X[:, :3], {"affinity": "precomputed_distance"}, "X must be square, not of shape (100, 3). Pass an (n, n) matrix, or points with a distance other than 'precomputed'."),
        (D[:, :3], {"affinity": "graph"}, "the graph must be square, not of shape (100, 3). Pass an (n, n) adjacency matrix."),
    ],
)  # fmt: skip
def test_refused(data, arguments, sentence):
    pattern = f"^{re.escape(sentence)}$" if sentence else (
        r"^the neighbour graph has \d+ connected components \(sizes [\d, .]+\), so in the smallest no point has n_neighbors=(\d) "
        r"others at a finite distance\. Pass fewer neighbours, or drop the components of at most \1 points\.$"
    )  # fmt: skip
    with pytest.raises(sph.InputError, match=pattern):
        affinities(data, **arguments)


@pytest.mark.filterwarnings("ignore:the graph has 2 connected components:spectral_ph.SpectralWarning")
def test_two_large_components_have_neighbours_of_their_own():
    far = np.vstack([X, X + 1e4])
    for name in ("eff_res", "diffusion"):
        P = affinities(far, name)[0].toarray()
        assert not P[:100, 100:].any()
        np.testing.assert_allclose(P[:100, :100], P[100:, 100:], atol=1e-12)
