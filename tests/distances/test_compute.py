"""The door that all distances share: what comes in, what is refused, and what is noted."""

import re

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.distances.compute import by_stage, compute, parted
from spectral_ph.graph.recipe import Recipe


def test_arguments_are_parted_into_those_of_the_graph_and_those_of_the_distance():
    given = {"n_neighbors": 7, "mode": "mutual", "passes": 2, "dtype": "float32"}
    assert parted("eff_res", given) == (Recipe(7, mode="mutual"), {"passes": 2, "dtype": "float32"})
    assert parted("core", {"n_neighbors": 7}) == (Recipe(), {"n_neighbors": 7})
    for name in ("eff_res", "core"):
        assert parted(name, {"n_neighbors": None}) == (Recipe(), {})
    assert parted("eff_res", {}, "truncated") == (Recipe(), {"steps": 1})


def test_neighbours_reach_a_distance_that_counts_them_without_a_graph():
    X = np.random.default_rng(0).standard_normal((120, 3))
    for name, default in (("core", 15), ("dtm", 15), ("umap_graph", 100)):
        assert sph.DISTANCES[name].parameters["n_neighbors"] == default
        np.testing.assert_array_equal(sph.distance_matrix(X, name), sph.distance_matrix(X, name, n_neighbors=default))
        assert (sph.distance_matrix(X, name) != sph.distance_matrix(X, name, n_neighbors=9)).any()
        np.testing.assert_array_equal(
            sph.SpectralDistance(name, n_neighbors=9).fit_transform(X), sph.distance_matrix(X, name, n_neighbors=9)
        )


@pytest.mark.filterwarnings("ignore:the graph has")
@pytest.mark.parametrize("params", [{}, {"sqrt": True}, {"solver": "spectral"}, {"dtype": "float32"}])
def test_stages_are_what_is_computed_for_each_number_of_them(params):
    X = sph.datasets.circle(100, ambient_dim=5, sigma=0.1)
    recipe, own = parted("eff_res", {"n_neighbors": 10, "steps": 1, "disconnected": "max"} | params)
    for number, D in enumerate(by_stage(X, "eff_res", 3, recipe=recipe, random_state=4, **own), start=1):
        expected = compute(X, "eff_res", recipe=recipe, random_state=4, passes=number, **own).D
        np.testing.assert_array_equal(D, expected)


def test_later_passes_take_the_neighbours_of_the_graph_made_from_points():
    X = np.random.default_rng(7).standard_normal((60, 3))
    D = sph.distance_matrix(X, n_neighbors=8, passes=2)
    np.testing.assert_array_equal(D, sph.distance_matrix(X, n_neighbors=8, passes=2, pass_neighbors=8))
    assert (sph.distance_matrix(X, n_neighbors=8, passes=2, pass_neighbors=9) != D).any()
    A = sph.neighbor_graph(X, 8)
    np.testing.assert_array_equal(D, sph.distance_matrix(graph=A, passes=2, pass_neighbors=8))
    settings = sph.persistence(X, n_neighbors=8, passes=2).settings["distance"]
    assert (settings["passes"], settings["pass_neighbors"]) == (2, 8)


def test_a_graph_gives_the_same_as_its_points():
    X = np.random.default_rng(3).standard_normal((60, 3))
    A = sph.neighbor_graph(X, 8)
    np.testing.assert_array_equal(sph.distance_matrix(X, n_neighbors=8), sph.distance_matrix(graph=A))
    np.testing.assert_array_equal(sph.distance_matrix(graph=A.toarray()), sph.distance_matrix(graph=A))


def test_distances_in_place_of_points():
    X = np.random.default_rng(4).standard_normal((60, 3))
    D = sph.distance_matrix(X, "euclidean")
    np.testing.assert_array_equal(sph.distance_matrix(D, metric="precomputed"), sph.distance_matrix(X))
    np.testing.assert_array_equal(sph.distance_matrix(D, "precomputed"), D)
    assert sph.distance_matrix(D, "precomputed") is not D


def test_float32_is_the_rounded_matrix_and_is_stated():
    X = np.random.default_rng(6).standard_normal((60, 3))
    D = sph.distance_matrix(X)
    np.testing.assert_array_equal(sph.distance_matrix(X, dtype="float32"), D.astype(np.float32))
    P = sph.persistence(X, dtype="float32")
    assert P.settings["distance"]["dtype"] == "float32 (distances rounded to 6e-8 of their size)"
    assert sph.diagram_distance(P[1], sph.persistence(X)[1]) < 1e-7 * D.max()
    Q = sph.persistence(X, dtype="float32", engine="gudhi")
    np.testing.assert_array_equal(P[1], Q[1])


@pytest.mark.filterwarnings("ignore:[0-9]+ points have at most")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"distance": "eff_ress"},
            "'eff_ress' is not a known distance; did you mean 'eff_res'? Known are: " + ", ".join(sph.DISTANCES) + ".",
        ),
        ({}, "pass either points X or graph=A: neither was passed."),
        ({"X": np.eye(4), "graph": np.eye(4)}, "pass either points X or graph=A, not both."),
        (
            {"graph": np.ones((4, 4)), "distance": "euclidean"},
            "distance 'euclidean' is computed from points, not from a graph. Pass one of: eff_res, diffusion, "
            "dpt, eigenmaps, potential, geodesic, hops.",
        ),
        (
            {"X": np.eye(4), "distance": "euclidean", "n_neighbors": 3},
            "n_neighbors is for making a neighbour graph, but distance 'euclidean' needs none. Leave "
            "n_neighbors out, or choose a distance on a graph.",
        ),
        (
            {"X": np.eye(4), "distance": "euclidean", "metric": "precomputed"},
            "metric is for making a neighbour graph, but distance 'euclidean' needs none. Leave metric out, "
            "or choose a distance on a graph.",
        ),
        (
            {"graph": np.ones((4, 4)), "weighted": True},
            "weighted is for making a neighbour graph, but graph was passed. Leave weighted out.",
        ),
        (
            {"X": np.eye(4) * 1j},
            "Complex data not supported: X must hold real numbers. Pass its real part or its modulus.",
        ),
        (
            {"X": np.eye(4) * 1e200},
            "the largest coordinate of X is 1e+200, and squares of such numbers do not fit in double "
            "precision. Divide all coordinates by 1e+200.",
        ),
        (
            {"X": [[1.0, 2.0], [3.0]]},
            "X must hold numbers, but it could not be read as such (setting an array element with a sequence. "
            "The requested array has an inhomogeneous shape after 1 dimensions. The detected shape was (2,) + "
            "inhomogeneous part.).",
        ),
        (
            {"X": np.ones((5, 2))},
            "all 5 points of X are the same point, so there is no shape to find. Check the input.",
        ),
        (
            {"X": np.array([[1.0, np.nan], [0, 1], [np.nan, np.inf]])},
            (
                "X contains NaN and infinity in 3 of its 6 entries (first in row 0). Drop those rows or fill the "
                "gaps first."
            ),
        ),
        (
            {"X": np.ones(5)},
            "X must be a 2-dimensional array (n points, d coordinates), not one of 1 dimensions. Reshape your "
            "data with X.reshape(-1, 1) if it has a single feature or X.reshape(1, -1) if it is a single "
            "sample.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(**arguments)


def test_too_large_is_refused_before_anything_is_allocated(monkeypatch):
    from spectral_ph import _check

    monkeypatch.setattr(_check, "available_memory", lambda: 2**20)
    X = np.random.default_rng(5).standard_normal((500, 2))
    sentence = (
        "the distance matrix of 500 points would take about 0.0 GiB of memory, but only 0.0 GiB are "
        "available. Use fewer points"
    )
    ways = {
        "eff_res": ", or persistence with method='landmarks' or, in degrees 0 and 1, method='truncated', which hold no "
        "matrix of all points.",
        "euclidean": ".",  # which has no other form
        "geodesic": ".",
    }
    for name, way in ways.items():
        with pytest.raises(sph.TooLargeError, match=f"^{re.escape(sentence + way)}$"):
            sph.distance_matrix(X, name)


@pytest.mark.parametrize("distance", ["euclidean", "hops"])
def test_both_matrices_are_asked_for_where_one_becomes_the_other(distance, monkeypatch):
    """In float32 the result is small, and on the way to it the float64 matrix is held as well."""
    from spectral_ph import _check

    X = np.random.default_rng(0).standard_normal((60, 3))
    monkeypatch.setattr(_check, "available_memory", lambda: 10 * 60**2)
    assert sph.distance_matrix(X, distance=distance).dtype == np.float64
    with pytest.raises(sph.TooLargeError, match=r"^the distance matrix of 60 points would take about "):
        sph.distance_matrix(X, distance=distance, dtype="float32")
