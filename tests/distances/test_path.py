"""Shortest paths: on the complete graph over powers of distances, along the neighbour graph, and in hops."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import spectral_ph as sph
from tests.naive import shortest_paths_by_relaxing
from tests.strategies import point_sets


@given(X=point_sets())
def test_fermat_with_exponent_one_is_euclidean(X):
    """The triangle inequality: no path is shorter than the straight line."""
    np.testing.assert_allclose(sph.distance_matrix(X, "fermat", p=1), sph.distance_matrix(X, "euclidean"), rtol=1e-13)


def test_fermat_on_a_line_adds_up_the_steps():
    """For p > 1 the way between two points of a line leads through all between them."""
    x = np.array([0.0, 1.0, 3.0, 3.5, 7.0])
    for p in (2, 3, 5, 7, 2.5):
        along = np.concatenate([[0], np.cumsum(np.diff(x) ** p)])
        np.testing.assert_allclose(
            sph.distance_matrix(x[:, None], "fermat", p=p), np.abs(along[:, None] - along), rtol=1e-13
        )


@given(X=point_sets(), p=st.sampled_from([1.5, 2, 3, 7]))
def test_fermat_equals_its_slow_twin(X, p):
    np.testing.assert_allclose(
        sph.distance_matrix(X, "fermat", p=p), shortest_paths_by_relaxing(cdist(X, X) ** p), rtol=1e-12
    )


def test_fermat_over_several_blocks():
    X = np.random.default_rng(0).standard_normal(
        (700, 3)
    )  # more columns than a strip, and a last block that is not full
    D = sph.distance_matrix(X, "fermat")
    np.testing.assert_allclose(D, shortest_paths_by_relaxing(cdist(X, X) ** 3), rtol=1e-12)
    np.testing.assert_array_equal(D, D.T)


@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-80, 1e-3, 1e3, 1e80]))
@settings(max_examples=10)
def test_fermat_scales_with_its_power(seed, scale):
    X = np.random.default_rng(seed).standard_normal((20, 2))
    np.testing.assert_allclose(
        sph.distance_matrix(X * scale, "fermat") / scale**3, sph.distance_matrix(X, "fermat"), rtol=1e-9
    )


def test_geodesic_along_a_line_is_the_distance():
    x = np.random.default_rng(1).standard_normal(60)[:, None]
    D = sph.distance_matrix(x, "geodesic", n_neighbors=30)
    np.testing.assert_allclose(D, np.abs(x - x.T), rtol=1e-12, atol=1e-15)


def test_geodesic_on_a_regular_polygon_goes_round():
    """k sides of length 2 sin(pi / n) each, the shorter way; and as many hops."""
    n = 40
    angle = 2 * np.pi * np.arange(n) / n
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    steps = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    steps = np.minimum(steps, n - steps)
    np.testing.assert_allclose(
        sph.distance_matrix(X, "geodesic", n_neighbors=2), 2 * np.sin(np.pi / n) * steps, rtol=1e-12
    )
    np.testing.assert_array_equal(sph.distance_matrix(X, "hops", n_neighbors=2), steps)


@given(X=point_sets(), k=st.integers(1, 5), mode=st.sampled_from(["union", "mutual"]))
@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_paths_in_the_graph_equal_their_slow_twin(X, k, mode):
    A = sph.neighbor_graph(X, k, mode=mode).toarray() > 0
    for name, lengths in (("geodesic", cdist(X, X)), ("hops", np.ones(A.shape))):
        expected = shortest_paths_by_relaxing(np.where(A, lengths, np.inf))
        apart = np.isinf(expected)
        expected[apart] = 2 * expected[~apart].max()
        D = sph.distance_matrix(X, name, n_neighbors=k, mode=mode, disconnected="max")
        np.testing.assert_allclose(D, expected, rtol=1e-12, atol=1e-14)


def test_duplicates_are_joined_at_length_zero():
    """Their edge is a stored zero, which must not fall out: without it these would be two components."""
    X = np.array([[0.0], [1.0], [1.0], [2.0]])
    D = sph.distance_matrix(X, "geodesic", n_neighbors=1)
    np.testing.assert_array_equal(D, np.abs(X - X.T))


def test_an_edge_of_a_passed_graph_is_as_long_as_one_over_its_conductance():
    X = np.random.default_rng(2).standard_normal((50, 3))
    A = sph.neighbor_graph(X, 6, weighted=True)
    np.testing.assert_allclose(
        sph.distance_matrix(graph=A, distance="geodesic"), sph.distance_matrix(X, "geodesic", n_neighbors=6), rtol=1e-12
    )
    np.testing.assert_array_equal(
        sph.distance_matrix(graph=A, distance="hops"), sph.distance_matrix(X, "hops", n_neighbors=6)
    )


def test_geodesic_has_no_weights_to_report():
    P = sph.persistence(np.random.default_rng(3).standard_normal((50, 3)), distance="geodesic", n_neighbors=6)
    assert P.settings["graph"]["n_neighbors"] == 6
    assert "weighted" not in P.settings["graph"]


def test_pieces_are_put_at_twice_the_largest_distance():
    X = np.array([[0.0], [1.0], [3.0], [100.0], [101.0]])
    with pytest.warns(sph.SpectralWarning, match="^the graph has 2 connected components"):
        D = sph.distance_matrix(X, "geodesic", n_neighbors=1, disconnected="max")
    np.testing.assert_array_equal(D[:3, 3:], 6)


@pytest.mark.filterwarnings("ignore:[0-9]+ points have at most")
@pytest.mark.parametrize(
    ("distance", "arguments", "sentence"),
    [
        ("fermat", {"p": 0.5}, "p must be at least 1, not 0.5."),
        (
            "fermat",
            {"p": 1000},
            "distances between 1 and 101 to the power 1000 do not fit in double precision. Pass a smaller p, "
            "merge points that nearly coincide, or rescale the points.",
        ),
        (
            "geodesic",
            {"n_neighbors": 1},
            "the graph has 2 connected components (sizes 3, 2), so the geodesic distance between them is "
            "infinite. Raise n_neighbors, or pass disconnected='max'.",
        ),
        (
            "hops",
            {"n_neighbors": 1},
            "the graph has 2 connected components (sizes 3, 2), so the hop distance between them is infinite. "
            "Raise n_neighbors, or pass disconnected='max'.",
        ),
        (
            "geodesic",
            {"weighted": True},
            (
                "weighted is about conductances, but distance 'geodesic' works on the lengths of the edges. Leave "
                "weighted out."
            ),
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(distance, arguments, sentence):
    X = np.array([[0.0], [1.0], [3.0], [100.0], [101.0]])
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(X, distance, **arguments)


def test_an_edge_of_infinite_length_is_refused():
    A = np.array([[0, 1e-310], [1e-310, 0]])
    sentence = (
        "the graph has conductances so small that the length of an edge, one over it, is infinite. Drop those edges."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(graph=A, distance="geodesic")
