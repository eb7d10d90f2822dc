"""Distance to measure and core distance: theorems, slow twins, gudhi as oracle."""

import re

import gudhi
import numpy as np
import pytest
from gudhi.point_cloud.dtm import DistanceToMeasure
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import spectral_ph as sph
from spectral_ph.distances.density import core, dtm
from tests.naive import meeting_time_by_bisection, nearest_by_sorting
from tests.strategies import point_sets

ORDERS = st.sampled_from([1, 1.5, 2, np.inf])
XI = st.sampled_from([1, 2, np.inf])


@settings(max_examples=30)
@given(X=point_sets(most=14), k=st.integers(1, 5), p=ORDERS, xi=XI)
def test_edges_come_when_the_balls_meet(X, k, p, xi):
    distances = nearest_by_sorting(X, k)[1]
    f = distances.max(axis=1) if np.isinf(p) else (distances**p).mean(axis=1) ** (1 / p)
    d = cdist(X, X)
    expected = [
        [0.0 if i == j else meeting_time_by_bisection(f[i], f[j], d[i, j], xi) for j in range(len(X))]
        for i in range(len(X))
    ]
    # Where one ball holds the other point only just, the time grows with the root of the rounding.
    np.testing.assert_allclose(sph.distance_matrix(X, "dtm", n_neighbors=k, p=p, xi=xi), expected, rtol=1e-7, atol=1e-7)


@given(X=point_sets(), k=st.integers(1, 5), p=ORDERS, xi=XI)
def test_no_edge_comes_before_its_ends(X, k, p, xi):
    D, facts = dtm(X, n_neighbors=k, p=p, xi=xi, vertex_births=True)
    f = facts["vertex_births"]
    np.testing.assert_array_equal(np.triu(D, 1) >= np.triu(np.maximum.outer(f, f), 1), True)


@given(X=point_sets(most=14, dimensions=(2, 3)), k=st.integers(1, 4), xi=XI)
def test_births_of_points_change_nothing_above_degree_zero(X, k, xi):
    D, facts = dtm(X, n_neighbors=k, xi=xi, vertex_births=True)
    n = len(D)

    def diagrams(births):
        tree = gudhi.SimplexTree()
        for i in range(n):
            tree.insert([i], births[i])
            for j in range(i):
                tree.insert([j, i], D[i, j])
        tree.expansion(3)
        tree.compute_persistence(homology_coeff_field=2)
        return [np.sort(tree.persistence_intervals_in_dimension(q), axis=0) for q in range(3)]

    with_births, without = diagrams(facts["vertex_births"]), diagrams(np.zeros(n))
    for q in (1, 2):
        np.testing.assert_array_equal(with_births[q], without[q])
    assert len(without[0]) == 0 or without[0][:, 0].max() == 0  # while in degree 0 they do


def test_births_of_points_show_in_degree_zero():
    X = np.random.default_rng(0).standard_normal((12, 2))
    _, facts = dtm(X, n_neighbors=3, vertex_births=True)
    assert (facts["vertex_births"] > 0).all()
    assert dtm(X, n_neighbors=3)[1] == {}


@given(X=point_sets(), k=st.integers(1, 5))
def test_gudhi_counts_the_point_itself(X, k):
    """So its k + 1 are our k, and the mean is over one more, which is 0."""
    _, facts = dtm(X, n_neighbors=k, p=2, vertex_births=True)
    theirs = DistanceToMeasure(k + 1, q=2).fit_transform(X)
    np.testing.assert_allclose(np.sqrt(k / (k + 1)) * facts["vertex_births"], theirs, rtol=1e-6, atol=1e-9)


def test_an_edge_is_half_its_length_where_f_is_zero():
    """Two duplicates each, so the nearest neighbour of every point is at distance 0."""
    X = np.repeat(np.random.default_rng(1).standard_normal((10, 2)), 2, axis=0)
    for xi in (1, 2, np.inf):
        np.testing.assert_allclose(dtm(X, n_neighbors=1, xi=xi)[0], cdist(X, X) / 2, rtol=1e-12)


@given(X=point_sets(), k=st.integers(1, 5))
def test_core_distance_equals_its_definition(X, k):
    c = nearest_by_sorting(X, k)[1][:, -1]
    expected = np.maximum(cdist(X, X), np.maximum.outer(c, c))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(core(X, n_neighbors=k)[0], expected, rtol=1e-12)


def test_with_infinite_exponents_dtm_is_the_core_distance_but_for_the_half():
    X = np.random.default_rng(2).standard_normal((40, 3))
    c = nearest_by_sorting(X, 5)[1][:, -1]
    expected = np.maximum(cdist(X, X) / 2, np.maximum.outer(c, c))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(dtm(X, n_neighbors=5, p=np.inf, xi=np.inf)[0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"n_neighbors": 6},
            "n_neighbors=6 needs at least 7 points (a point is not its own neighbour), but n_samples=6. Pass "
            "n_neighbors=5 or fewer.",
        ),
        ({"n_neighbors": 0}, "n_neighbors must be a whole number of at least 1, not 0."),
        ({"n_neighbors": 2, "p": 0.5}, "p must be at least 1, not 0.5."),
        ({"n_neighbors": 2, "xi": 3}, "xi must be 1, 2 or inf (float('inf')), not 3."),
        ({"n_neighbors": 2, "vertex_births": 1}, "vertex_births must be True or False, not 1."),
    ],
)
def test_bad_input_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(np.eye(6), "dtm", **arguments)
