"""One contract for every registered distance, and the door they share."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import spectral_ph as sph
from tests.contracts import check_distance, parameters_for
from tests.strategies import point_sets

# The graphs of hypothesis' clustered points fall apart, which warns; the bridging itself is tested in test_resistance.
pytestmark = pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
FROM_POINTS = [row.name for row in sph.DISTANCES.values() if row.needs != "distances"]
EMBEDDINGS = ("tsne", "umap")  # some seconds each: they keep the contract in test_layout, on fewer points
QUICK = [name for name in FROM_POINTS if name not in EMBEDDINGS]


@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(X=point_sets(dimensions=(2, 4)))
def test_contract(name, X):
    X = X + np.array([10.0, -10.0, 10.0, -10.0])[: X.shape[1]]  # cosine and correlation know no zero or constant rows
    check_distance(name, X)


@pytest.mark.parametrize("name", QUICK)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_permutes_with_its_points(name, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((25, 3)) + 4
    order = rng.permutation(25)
    D = sph.distance_matrix(X, name, **parameters_for(name))
    E = sph.distance_matrix(X[order], name, **parameters_for(name))
    np.testing.assert_allclose(E, D[np.ix_(order, order)], rtol=1e-6, atol=1e-6 * D.max())


@pytest.mark.parametrize("name", [name for name in QUICK if sph.DISTANCES[name].metric])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_what_is_called_a_metric_is_one(name, seed):
    X = np.random.default_rng(seed).standard_normal((20, 3))
    D = sph.distance_matrix(X, name, **parameters_for(name))
    assert (D[:, None] + D[None] - D[..., None]).min() > -1e-6 * D.max()


def test_effective_resistance_is_not_a_metric():
    """So the registry is right to say so: about one triple in a hundred breaks the triangle inequality."""
    D = sph.distance_matrix(np.random.default_rng(0).standard_normal((150, 2)), n_neighbors=10, steps=1)
    broken = (D[:, None] + D[None] - D[..., None] < -1e-12).mean()
    assert 0 < broken < 0.1


@pytest.mark.parametrize("name", FROM_POINTS)
def test_every_row_is_complete(name):
    row = sph.DISTANCES[name]
    assert row.formula
    assert row.source
    doc = row.function.__doc__
    for word in ("Parameters", "Returns", *row.parameters):
        assert word in doc


@pytest.mark.parametrize("row", sph.DISTANCES.values(), ids=lambda row: row.name)
def test_every_parameter_has_a_range_with_its_default_and_every_row_a_cost(row):
    assert row.cost
    assert list(row.ranges) == list(row.parameters)
    for name, value in row.parameters.items():
        assert value in row.ranges[name]
        assert str(row.ranges[name])


@pytest.mark.parametrize(
    ("row", "name"),
    [(row, name) for row in sph.DISTANCES.values() for name, span in row.ranges.items() if span.kind != "seed"],
    ids=lambda part: part if isinstance(part, str) else part.name,
)
def test_a_range_ends_where_the_function_refuses(row, name):
    """What lies outside is refused by the door; the upper ends that depend on the points are tested by the files."""
    span = row.ranges[name]
    outside = ["nonsense", 10.5 if span.kind == "whole" else "2"]
    if span.kind != "choice":
        outside += [span.least if span.open else span.least - 1, np.nan, True]
        if np.isfinite(span.most):
            outside.append(int(span.most + 1) if span.kind == "whole" else type(row.parameters[name])(span.most + 1))
    X = np.random.default_rng(0).standard_normal((30, 4))
    params = parameters_for(row.name)
    if name == "n_components" and "solver" in row.parameters:
        params["solver"] = "spectral"
    if name == "pass_neighbors":
        params["passes"] = 2
    for value in outside:
        assert value not in span
        with pytest.raises(sph.InputError):
            sph.distance_matrix(X, row.name, **(params | {name: value}))


def test_ranges_in_words():
    rows = sph.DISTANCES
    assert str(rows["dtm"].ranges["n_neighbors"]) == "whole, 1 to n - 1"
    assert str(rows["dtm"].ranges["p"]) == "real, from 1 or inf"
    assert str(rows["dtm"].ranges["xi"]) == "1, 2 or inf"
    assert str(rows["tsne_graph"].ranges["perplexity"]) == "real, above 1 to (n - 1) / 3"
    assert str(rows["eff_res"].ranges["n_components"]) == "whole, 1 to n or None"
    assert str(rows["eff_res"].ranges["random_state"]) == "a whole number, a Generator or None"


def test_later_passes_take_the_neighbours_of_the_graph_made_from_points():
    X = np.random.default_rng(7).standard_normal((60, 3))
    D = sph.distance_matrix(X, n_neighbors=8, passes=2)
    np.testing.assert_array_equal(D, sph.distance_matrix(X, n_neighbors=8, passes=2, pass_neighbors=8))
    assert (sph.distance_matrix(X, n_neighbors=8, passes=2, pass_neighbors=9) != D).any()
    A = sph.neighbor_graph(X, 8)
    np.testing.assert_array_equal(D, sph.distance_matrix(graph=A, passes=2, pass_neighbors=8))
    settings = sph.persistence(X, n_neighbors=8, passes=2).settings["distance"]
    assert (settings["passes"], settings["pass_neighbors"]) == (2, 8)


def test_ambient_distances_agree_with_scipy():
    X = np.random.default_rng(1).standard_normal((150, 7))
    for name in ("euclidean", "cosine", "correlation"):
        np.testing.assert_allclose(sph.distance_matrix(X, name), cdist(X, X, name), rtol=1e-12, atol=1e-14)


def test_duplicates_are_at_distance_zero():
    X = np.random.default_rng(2).standard_normal((10, 3)) * 1e6
    D = sph.distance_matrix(np.vstack([X, X]), "euclidean")
    np.testing.assert_array_equal(np.diagonal(D, 10), 0)


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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"distance": "eff_ress"},
            "'eff_ress' is not a known distance; did you mean 'eff_res'? Known are: " + ", ".join(sph.DISTANCES) + ".",
        ),
        ({}, "either points X or graph=A is needed, and neither came."),
        ({"X": np.eye(4), "graph": np.eye(4)}, "either points X or graph=A is needed, and both came."),
        (
            {"graph": np.ones((4, 4)), "distance": "euclidean"},
            "distance 'euclidean' is computed from points, and a graph came; pass one of: eff_res, diffusion, dpt, eigenmaps, "
            "potential, geodesic, hops.",
        ),
        (
            {"X": np.eye(4), "distance": "euclidean", "n_neighbors": 3},
            "n_neighbors is for making a neighbour graph, and distance 'euclidean' needs none; leave n_neighbors out, or "
            "choose a distance on a graph.",
        ),
        (
            {"X": np.eye(4), "distance": "euclidean", "metric": "precomputed"},
            "metric is for making a neighbour graph, and distance 'euclidean' needs none; leave metric out, or choose a "
            "distance on a graph.",
        ),
        (
            {"graph": np.ones((4, 4)), "weighted": True},
            "weighted is for making a neighbour graph, and graph=A came; leave weighted out, or choose a distance on a graph.",
        ),
        (
            {"X": np.eye(4) * 1j},
            "Complex data not supported: X must hold real numbers; pass its real part or its modulus.",
        ),
        (
            {"X": np.eye(4) * 1e200},
            "the largest coordinate of X is 1e+200, and squares of such numbers do not fit in double precision; pass X / "
            "1e+200.",
        ),
        (
            {"X": [[1.0, 2.0], [3.0]]},
            "X must hold numbers, and it could not be read as such (setting an array element with a sequence. The requested "
            "array has an inhomogeneous shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part.).",
        ),
        (
            {"X": np.ones((5, 2))},
            "all 5 points of X are the same point, so there is no shape to find; check the input.",
        ),
        (
            {"X": np.array([[1.0, np.nan], [0, 1], [np.nan, np.inf]])},
            "X contains NaN and infinity in 3 of its 6 entries (first in row 0); drop those rows or fill the gaps first.",
        ),
        (
            {"X": np.ones(5)},
            "X must be a 2-dimensional array (n points, d coordinates), and one of 1 dimensions came. Reshape your data with "
            "X.reshape(-1, 1) if it has a single feature or X.reshape(1, -1) if it is a single sample.",
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
        "the distance matrix of 500 points needs about 0.0 GiB of memory and 0.0 GiB are available; use fewer points, or "
        "persistence(..., method='truncated'), which holds no matrix."
    )
    for name in ("eff_res", "euclidean"):
        with pytest.raises(sph.TooLargeError, match=f"^{re.escape(sentence)}$"):
            sph.distance_matrix(X, name)
