"""Edges that are dominated for good: without them every diagram stays what it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.homology import rips_persistence
from spectral_ph.homology.engines import without_dominated
from tests.contracts import same_diagrams


def matrices(seed):
    """Random, whole-numbered (ties), or between points, some of them twice."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 22))
    kind = seed % 3
    if kind == 2:
        X = rng.standard_normal((n, 3))
        X[: n // 4] = X[n // 2 : n // 2 + n // 4]
        return sph.distance_matrix(X, "euclidean")
    D = rng.integers(1, 6, (n, n)).astype(float) if kind else rng.uniform(size=(n, n))
    D = np.triu(D, 1)
    return D + D.T


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 0.4, 0.8]))
@settings(deadline=None, max_examples=120)
def test_degree_two_is_that_of_ripser(seed, share):
    D = matrices(seed)
    threshold = None if share is None else share * D.max()
    same_diagrams(rips_persistence(D, 2, "gudhi", threshold), rips_persistence(D, 2, "ripser", threshold))


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_what_is_left_is_a_part_of_what_was_there(seed):
    D = matrices(seed)
    before = D.copy()
    left, longest = without_dominated(D, None)
    np.testing.assert_array_equal(D, before)
    np.testing.assert_array_equal(left, left.T)
    there = np.isfinite(left)
    np.testing.assert_array_equal(left[there], D[there])
    assert longest == D.max(axis=1).min()
    # the complexes stay connected where they were
    same_diagrams(
        [rips_persistence(D, 0, "h1")[0]],
        [rips_persistence(np.where(there, left, 10 * D.max() + 1), 0, "h1", longest)[0]],
    )


def test_most_edges_of_a_sphere_are_not_needed():
    D = sph.distance_matrix(sph.datasets.sphere(200, ambient_dim=10, sigma=0.05))
    left, longest = without_dominated(D, None)
    assert np.isfinite(left).sum() < 0.3 * (longest >= D).sum()
    assert sph.detection_score(rips_persistence(D, 2)[2]) > 0.7


def test_the_void_of_the_octahedron():
    """Six points at distance 1, opposite ones at 2: no edge of length 1 is dominated, and the void lives from 1 to 2."""
    D = np.ones((6, 6)) - np.eye(6)
    for i in range(3):
        D[i, i + 3] = D[i + 3, i] = 2
    np.testing.assert_array_equal(rips_persistence(D, 2, "gudhi")[2], [[1.0, 2.0]])
    assert np.isfinite(without_dominated(D, 1.5)[0][D == 1]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_precision(dtype):
    D = sph.distance_matrix(sph.datasets.sphere(60, ambient_dim=4, sigma=0.05)).astype(dtype)
    same_diagrams(rips_persistence(D, 2, "gudhi"), rips_persistence(D.astype(np.float64), 2, "ripser"))
