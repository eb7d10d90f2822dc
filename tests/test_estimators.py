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
