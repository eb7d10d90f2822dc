"""The neighbour search is exact, ties by index, and says so when it is not."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from spectral_ph import InputError, SpectralWarning
from spectral_ph.graph import METRICS, nearest_neighbors, neighbors
from tests.naive import nearest_by_sorting
from tests.strategies import point_sets


@given(point_sets())
def test_equals_sorting_all_distances(X):
    k = 4
    indices, distances = nearest_by_sorting(X, k)
    found = nearest_neighbors(X, k)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.distances, distances)


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_exact_far_from_the_origin(offset):
    """The matrix product loses all digits there; the guard sees it and computes the rows in full."""
    X = np.random.default_rng(0).standard_normal((200, 3)) + offset
    indices, distances = nearest_by_sorting(X, 7)
    found = nearest_neighbors(X, 7)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.distances, distances)


def test_exact_with_many_ties():
    X = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), axis=-1).reshape(-1, 2)
    X = np.vstack([X, X[:40]])
    indices, _ = nearest_by_sorting(X, 10)
    np.testing.assert_array_equal(nearest_neighbors(X, 10).indices, indices)


@pytest.mark.parametrize("metric", [m for m in METRICS if m != "precomputed"])
def test_every_metric_agrees_with_scipy(metric):
    X = np.random.default_rng(1).uniform(0.1, 1, (60, 5))
    name = "cityblock" if metric == "manhattan" else metric
    D = cdist(X, X, name)
    np.fill_diagonal(D, np.inf)
    found = nearest_neighbors(X, 6, metric)
    np.testing.assert_allclose(found.distances, np.sort(D, axis=1)[:, :6], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(np.take_along_axis(D, found.indices, 1), found.distances, rtol=1e-9, atol=1e-15)


def test_a_function_is_a_metric():
    X = np.random.default_rng(2).standard_normal((30, 2))
    found = nearest_neighbors(X, 3, lambda x, y: float(np.abs(x - y).max()))
    np.testing.assert_allclose(found.distances, nearest_neighbors(X, 3, "chebyshev").distances)


def test_precomputed_distances_give_the_same_neighbours():
    X = np.random.default_rng(3).standard_normal((50, 3))
    a, b = nearest_neighbors(X, 5), nearest_neighbors(cdist(X, X), 5, "precomputed")
    np.testing.assert_array_equal(a.indices, b.indices)


def test_approximate_search_states_its_recall():
    X = np.random.default_rng(4).standard_normal((400, 3))
    with pytest.warns(
        SpectralWarning,
        match=r"searched approximately \(nndescent, n = 400\), with a recall of \d\.\d+ on 200 points\.",
    ):
        found = nearest_neighbors(X, 10, search="nndescent")
    exact = nearest_neighbors(X, 10)
    shared = np.mean([len(np.intersect1d(a, b)) for a, b in zip(found.indices, exact.indices, strict=True)]) / 10
    assert abs(shared - found.recall) < 0.05
    assert found.recall > 0.9
    assert (found.indices != np.arange(400)[:, None]).all()
    assert exact.recall == 1.0


def test_approximate_search_of_distances_is_refused():
    sentence = "search='nndescent' is for points, not for distances. Pass search='exact'."
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        nearest_neighbors(np.ones((5, 5)) - np.eye(5), 2, "precomputed", search="nndescent")


def test_auto_is_exact_up_to_the_limit(monkeypatch):
    X = np.random.default_rng(5).standard_normal((100, 2))
    monkeypatch.setattr(neighbors, "EXACT_LIMIT", 100**2 * 2)
    assert nearest_neighbors(X, 5).settings["search"] == "exact"
    monkeypatch.setattr(neighbors, "EXACT_LIMIT", 100**2 * 2 - 1)
    with pytest.warns(SpectralWarning):
        assert nearest_neighbors(X, 5).settings["search"] == "nndescent"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"n_neighbors": 20},
            "n_neighbors=20 needs at least 21 points (a point is not its own neighbour), but n_samples=20. "
            "Pass n_neighbors=19 or fewer.",
        ),
        ({"n_neighbors": 0}, "n_neighbors must be a whole number of at least 1, not 0."),
        ({"n_neighbors": 2.5}, "n_neighbors must be a whole number of at least 1, not 2.5."),
        (
            {"metric": "euclidian"},
            "'euclidian' is not a known metric; did you mean 'euclidean'? Known are: euclidean, cosine, correlation, "
            "sqeuclidean, manhattan, cityblock, chebyshev, canberra, braycurtis, hamming, precomputed.",
        ),
        (
            {"search": "exakt"},
            (
                "search='exakt' is not a known neighbour search; did you mean 'exact'? Known are: auto, exact, "
                "nndescent."
            ),
        ),
        (
            {"metric": "precomputed"},
            "the distance matrix must be square, not of shape (20, 2). Pass an (n, n) matrix, or points with "
            "a distance other than 'precomputed'.",
        ),
        (
            {"metric": "cosine"},
            (
                "1 rows of X are zero (first: 3), so their cosine distance is not defined. Drop them or pass "
                "metric='euclidean'."
            ),
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(arguments, sentence):
    X = np.random.default_rng(6).standard_normal((20, 2))
    X[3] = 0
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        nearest_neighbors(X, **arguments)


@pytest.mark.parametrize("value", [np.nan, -1.0])
def test_a_metric_that_is_none_is_refused(value):
    sentence = (
        "metric='broken' returned NaN or a negative number for some pair of points. Pass one that returns a "
        "distance for every pair."
    )

    def broken(x, y):
        return value if x[0] < y[0] else 1.0

    X = np.random.default_rng(7).standard_normal((20, 2))
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        nearest_neighbors(X, 3, broken)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of distributed's own dependencies
def test_a_cluster_of_two_processes_gives_the_same(monkeypatch):
    distributed = pytest.importorskip("distributed")
    import joblib

    X = np.random.default_rng(8).standard_normal((300, 4))
    here = nearest_neighbors(X, 6)
    # Blocks of 64 MiB would hold all points; small ones are what a large set has.
    monkeypatch.setattr(neighbors, "BLOCK", 300 * 40)
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        with joblib.parallel_config(backend="dask"):
            there = nearest_neighbors(X, 6)
        assert len(client.scheduler_info()["workers"]) == 2
    np.testing.assert_array_equal(here.indices, there.indices)
    np.testing.assert_array_equal(here.distances, there.distances)


@given(point_sets(), st.sampled_from(["euclidean", "cosine", "manhattan"]), st.data())
@settings(deadline=None)
def test_the_nearest_of_more_neighbors_are_what_a_search_for_fewer_finds(X, metric, data):
    assume(metric != "cosine" or np.linalg.norm(X, axis=1).all())
    k = data.draw(st.integers(1, len(X) - 1))
    more = nearest_neighbors(X, data.draw(st.integers(k, len(X) - 1)), metric).nearest(k)
    fewer = nearest_neighbors(X, k, metric)
    np.testing.assert_array_equal(more.indices, fewer.indices)
    np.testing.assert_array_equal(more.distances, fewer.distances)
    assert more.settings == fewer.settings
