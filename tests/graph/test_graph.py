"""The neighbour graph: pattern, weights, components."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

import spectral_ph as sph
from spectral_ph.graph import connected_components, nearest_neighbors, undirected_edges
from tests.strategies import point_sets


@given(point_sets())
def test_union_and_mutual_follow_from_the_neighbours(X):
    k = 4
    near = nearest_neighbors(X, k).indices
    directed = np.zeros((len(X), len(X)), bool)
    np.put_along_axis(directed, near, True, axis=1)
    union = sph.neighbor_graph(X, k).toarray()
    np.testing.assert_array_equal(union, (directed | directed.T).astype(float))
    mutual = sph.neighbor_graph(X, k, mode="mutual").toarray()
    np.testing.assert_array_equal(mutual, (directed & directed.T).astype(float))


@given(point_sets())
def test_edges_between_duplicates_are_kept(X):
    """Symmetrising the values instead of the pattern would drop every edge of length 0."""
    found = nearest_neighbors(X, 4)
    edges, lengths = undirected_edges(found)
    joined = {tuple(e) for e in edges}
    for i, row in enumerate(found.indices):
        assert all((min(i, j), max(i, j)) in joined for j in row)
    np.testing.assert_allclose(np.linalg.norm(X[edges[:, 0]] - X[edges[:, 1]], axis=1), lengths)


def test_weights_are_one_over_the_distance():
    X = np.random.default_rng(0).standard_normal((40, 3))
    A = sph.neighbor_graph(X, 5, weighted=True).tocoo()
    np.testing.assert_allclose(A.data, 1 / np.linalg.norm(X[A.row] - X[A.col], axis=1))
    assert abs(A - A.T).nnz == 0


def test_weighted_duplicates_are_refused():
    X = np.random.default_rng(0).standard_normal((20, 2))
    X[1] = X[0]
    sentence = (
        "1 edges join points at distance 0, so their conductance 1/distance is infinite. Merge the duplicates "
        "with numpy.unique(X, axis=0), or pass weighted=False."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.neighbor_graph(X, 5, weighted=True)


def test_components_are_ordered_by_size():
    A = sp.block_diag([np.ones((2, 2)), np.ones((4, 4)), np.ones((2, 2))], format="csr")
    parts = connected_components(sp.csr_array(A))
    np.testing.assert_array_equal(parts.sizes, [4, 2, 2])
    np.testing.assert_array_equal(parts.labels, [1, 1, 0, 0, 0, 0, 2, 2])
    assert parts.describe() == "3 connected components (sizes 4, 2, 2)"
    assert [m.tolist() for m in parts.members()] == [[2, 3, 4, 5], [0, 1], [6, 7]]
