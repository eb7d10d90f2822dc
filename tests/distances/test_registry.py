"""One contract for every registered distance, and what the rows say of them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import spectral_ph as sph
from spectral_ph.distances.registry import keywords
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


def test_ambient_distances_agree_with_scipy():
    X = np.random.default_rng(1).standard_normal((150, 7))
    for name in ("euclidean", "cosine", "correlation"):
        np.testing.assert_allclose(sph.distance_matrix(X, name), cdist(X, X, name), rtol=1e-12, atol=1e-14)


def test_duplicates_are_at_distance_zero():
    X = np.random.default_rng(2).standard_normal((10, 3)) * 1e6
    D = sph.distance_matrix(np.vstack([X, X]), "euclidean")
    np.testing.assert_array_equal(np.diagonal(D, 10), 0)


def test_a_form_fills_in_what_was_left_open():
    row = sph.DISTANCES["eff_res"]
    assert row.filled("exact", {"passes": 2}) == {"passes": 2}
    assert row.filled("truncated", {"steps": None}) == {"steps": 1}
    assert row.filled("landmarks", {}) == {}
    assert row.filled("verdict", {"steps": 4}) == {"steps": 4, "disconnected": "max"}
    assert row.filled("verdict", row.settled({"corrected": False}))["steps"] == 0
    assert sph.DISTANCES["dpt"].filled("verdict", {}) == {"disconnected": "max"}
    assert sph.DISTANCES["euclidean"].filled("verdict", {}) == {}


@pytest.mark.parametrize("row", sph.DISTANCES.values(), ids=lambda row: row.name)
def test_forms_and_stages_are_of_parameters_that_the_distance_has(row):
    for form, usual in row.forms.items():
        function = row.implicit if form in ("truncated", "landmarks") else row.function
        assert set(usual) <= set(keywords(function))
    assert set(row.truncated_ranges) <= (set(keywords(row.implicit)) if row.implicit else set())
    assert (row.stages is None) == (not row.stage)
    if row.stages is not None:
        assert keywords(row.stages) == row.parameters


def test_the_truncated_form_knows_what_it_cannot_compute():
    eff_res, diffusion = sph.DISTANCES["eff_res"], sph.DISTANCES["diffusion"]
    assert eff_res.truncates({"passes": 2, "steps": 3, "sqrt": True})
    for asked in ({"steps": 0}, {"corrected": False}, {"solver": "spectral"}, {"dtype": "float32"}):
        assert not eff_res.truncates(asked)
    assert diffusion.truncates({"t": 8})
    assert not diffusion.truncates({"t": 0.5})
    assert not sph.DISTANCES["dpt"].truncates({})
