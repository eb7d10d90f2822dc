"""The estimators keep scikit-learn's contract and give the numbers of the functions."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import spectral_ph as sph

# scikit-learn's checks fit ten points in up to ten clusters: few neighbours, and components may stay apart.
SMALL = {"n_neighbors": 3, "distance_params": {"disconnected": "max"}}


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
@parametrize_with_checks(
    [
        sph.SpectralDistance(),
        sph.SpectralPersistence(),
        sph.LoopDetector(),
        sph.CircularCoordinates(),
        sph.SpectralDistance(**SMALL),
        sph.SpectralDistance("euclidean"),
        sph.SpectralDistance(metric="precomputed", **SMALL),
        sph.SpectralPersistence(**SMALL),
        # The checks pass distances where `metric` says so; elsewhere a "precomputed" estimator gets a kernel matrix.
        sph.SpectralPersistence("precomputed", metric="precomputed"),
        sph.LoopDetector(**SMALL),
        sph.LoopDetector("euclidean"),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def circle():
    return sph.datasets.circle(150, ambient_dim=10, sigma=0.1)


def test_distance_equals_function(circle):
    expected = sph.distance_matrix(circle, "diffusion", n_neighbors=10, t=4)
    found = sph.SpectralDistance("diffusion", n_neighbors=10, distance_params={"t": 4}).fit_transform(circle)
    np.testing.assert_array_equal(found, expected)


def test_persistence_equals_function(circle):
    model = sph.SpectralPersistence(n_neighbors=10).fit(circle)
    for found, expected in zip(model.diagrams_, sph.persistence(circle, n_neighbors=10), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(clone(model).fit_transform(circle), model.persistence_.to_giotto()[0])


def test_precomputed_distances_give_the_same_as_points(circle):
    D = sph.distance_matrix(circle, "euclidean")
    from_points = sph.SpectralPersistence(n_neighbors=10).fit(circle).diagrams_[1]
    from_distances = sph.SpectralPersistence(n_neighbors=10, metric="precomputed").fit(D).diagrams_[1]
    np.testing.assert_array_equal(from_points, from_distances)


def test_loop_detector_returns_cosine_and_sine_of_the_phase(circle):
    model = sph.LoopDetector()
    columns = model.fit_transform(circle)
    np.testing.assert_array_equal(model.phase_, sph.find_loops(circle).loops[0].phase)
    np.testing.assert_allclose(np.arctan2(columns[:, 1], columns[:, 0]) % (2 * np.pi), model.phase_)
    np.testing.assert_allclose((columns**2).sum(axis=1), 1)


# Defaults that do not fit


@pytest.mark.parametrize("n", [4, 10, 15])
def test_a_default_number_of_neighbours_is_lowered_with_a_warning_and_a_given_one_is_refused(n):
    X = np.random.default_rng(0).standard_normal((n, 2))
    sentence = (
        f"{n} points have at most {n - 1} neighbours each, so {n - 1} were taken in place of 15. To avoid this warning, pass "
        f"n_neighbors={n - 1} or fewer."
    )
    doors = (
        lambda **k: sph.distance_matrix(X, **k),
        lambda **k: sph.persistence(X, **k),
        lambda **k: sph.find_loops(X, splits=0, **k),
        lambda **k: sph.SpectralDistance(**k).fit(X),
        lambda **k: sph.SpectralPersistence(**k).fit(X),
        lambda **k: sph.LoopDetector(**k).fit(X),
        lambda **k: sph.CircularCoordinates(**k).fit(X),
    )
    for door in doors:
        with pytest.warns(sph.SpectralWarning) as said:
            door()
        assert [str(one.message) for one in said].count(sentence) == 1
        door(n_neighbors=n - 1)
        with pytest.raises(sph.InputError):
            door(n_neighbors=15)


def test_a_distance_that_counts_neighbours_itself_lowers_its_own_default():
    X = np.random.default_rng(0).standard_normal((40, 2))
    with pytest.warns(sph.SpectralWarning) as said:
        sph.distance_matrix(X, "umap_graph")
    assert str(said[0].message).startswith(
        "40 points have at most 39 neighbours each, so 39 were taken in place of 100."
    )
    sph.distance_matrix(X, "euclidean")


def test_estimators_join_what_falls_apart_with_a_warning():
    X = np.random.default_rng(0).standard_normal((60, 2)) + np.repeat([[0, 0], [99, 0]], 30, axis=0)
    with pytest.warns(sph.SpectralWarning, match=r"^the graph has 2 connected components"):
        D = sph.SpectralDistance().fit_transform(X)
    expected = sph.distance_matrix(X[:30], "eff_res")
    assert D.max() == pytest.approx(2 * max(expected.max(), sph.distance_matrix(X[30:], "eff_res").max()))
    with pytest.raises(sph.InputError, match=r"^the graph has 2 connected components"):
        sph.SpectralDistance(distance_params={"disconnected": "raise"}).fit(X)


# Names and tables


def test_columns_have_names_and_come_as_tables(circle):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(circle, index=[f"cell{i}" for i in range(150)], columns=[f"pc{j}" for j in range(10)])
    for model, names in (
        (sph.SpectralDistance(), [f"spectraldistance{j}" for j in range(150)]),
        (sph.LoopDetector(splits=0), ["loopdetector_cos", "loopdetector_sin"]),
        (sph.CircularCoordinates(), ["circularcoordinates_cos", "circularcoordinates_sin"]),
    ):
        out = model.set_output(transform="pandas").fit_transform(table)
        assert list(out.columns) == names == list(model.get_feature_names_out())
        assert list(out.index) == list(table.index)
        np.testing.assert_array_equal(out, clone(model).set_output(transform="default").fit_transform(circle))
    assert list(sph.SpectralPersistence().get_feature_names_out()) == ["birth", "death", "dimension"]


# New points on the loop


def test_circular_coordinates_are_the_phase_of_the_loop(circle):
    model = sph.CircularCoordinates(spacing="length", n_neighbors=12).fit(circle)
    loop = sph.find_loops(circle, spacing="length", n_neighbors=12, splits=0).loops[0]
    np.testing.assert_array_equal(model.phase_, loop.phase)
    np.testing.assert_allclose(model.transform(circle), np.column_stack([np.cos(loop.phase), np.sin(loop.phase)]))


def test_new_points_get_a_place_between_their_neighbours():
    X = sph.datasets.circle(400, ambient_dim=5, sigma=0.02, random_state=0)
    half = np.arange(400) % 2 == 0
    model = sph.CircularCoordinates(spacing="length").fit(X[half])
    place = model.transform(X[~half])
    np.testing.assert_allclose((place**2).sum(axis=1), 1)
    # By the loop of all points, up to a turn and a mirror.
    full = sph.CircularCoordinates(spacing="length").fit(X).phase_[~half]
    angle = np.arctan2(place[:, 1], place[:, 0])
    both = [np.abs(np.exp(1j * (angle - sign * full)).mean()) for sign in (1, -1)]
    assert max(both) > 0.99


def test_distances_to_the_points_of_fit_place_as_points_do():
    X = sph.datasets.circle(200, ambient_dim=5, sigma=0.05, random_state=0)
    new = sph.datasets.circle(20, ambient_dim=5, sigma=0.05, random_state=1)
    D, far = (np.linalg.norm(Y[:, None] - X[None], axis=2) for Y in (X, new))
    from_points = sph.CircularCoordinates(n_neighbors=10).fit(X)
    from_distances = sph.CircularCoordinates(n_neighbors=10, metric="precomputed").fit(D)
    np.testing.assert_allclose(from_distances.transform(far), from_points.transform(new), atol=1e-8)


def test_inside_a_pipeline_and_under_cross_validation():
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 300)
    X = np.column_stack([np.cos(angle), np.sin(angle), *rng.normal(0, 0.05, (3, 300))])
    model = make_pipeline(StandardScaler(with_std=False), sph.CircularCoordinates(), LinearRegression())
    scores = cross_val_score(model, X, np.cos(angle - 1), cv=3)
    assert scores.min() > 0.9


def test_without_a_loop_there_is_no_place():
    line = np.arange(30.0)[:, None]
    model = sph.CircularCoordinates("euclidean").fit(line)
    assert np.isnan(model.phase_).all()
    assert np.isnan(model.transform(line[:3])).all()
