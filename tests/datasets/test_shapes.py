import re

import numpy as np
import pytest

from spectral_ph import datasets
from spectral_ph._check import InputError
from spectral_ph.datasets.noise import add_noise, embed, orthonormal_basis, uniform_outliers

SHAPES = {
    "circle": 2,
    "eyeglasses": 2,
    "linked_circles": 3,
    "sphere": 3,
    "torus": 3,
    "blob": 10,
    "tree": 5,
    "swiss_roll": 3,
}


@pytest.fixture(params=SHAPES)
def name(request):
    return request.param


@pytest.fixture
def shape(name):
    return getattr(datasets, name)


def distances(X):
    return np.linalg.norm(X[:, None] - X[None], axis=2)


def test_result_has_n_plus_outliers_rows_of_float64(shape):
    X = shape(101, 10, 0.1, outliers=7)
    assert X.shape == (108, 10)
    assert X.dtype == np.float64
    assert X.flags.c_contiguous


def test_latent_has_the_dimension_of_the_shape(shape, name):
    X, latent = shape(101, 10, outliers=3, return_latent=True)
    assert X.shape == (104, 10)
    assert latent.shape == (101, SHAPES[name])


def test_embedding_is_an_isometry(shape):
    X, latent = shape(60, 10, 0.0, return_latent=True)
    np.testing.assert_allclose(distances(X), distances(latent), atol=1e-13)


def test_same_seed_gives_the_same_bits_and_another_seed_does_not(shape):
    first = shape(50, 10, random_state=3)
    np.testing.assert_array_equal(first, shape(50, 10, random_state=3))
    assert not np.array_equal(first, shape(50, 10, random_state=4))


def test_a_generator_moves_on_between_calls(shape):
    rng = np.random.default_rng(0)
    assert not np.array_equal(shape(50, 10, random_state=rng), shape(50, 10, random_state=rng))


def test_noise_and_outliers_leave_the_clean_points_as_they_are(shape):
    clean, latent = shape(50, 10, 0.0, return_latent=True)
    for sigma, outliers in ((0.0, 9), (0.1, 0), (0.2, 5)):
        X, again = shape(50, 10, sigma, outliers=outliers, return_latent=True)
        np.testing.assert_array_equal(again, latent)
        np.testing.assert_allclose(X[:50] - clean, sigma * (shape(50, 10, 1.0) - clean), atol=1e-14)


def test_the_space_around_leaves_the_shape_as_it_is(name, shape):
    extra = {"intrinsic_dim": 5} if name == "blob" else {}
    small, large = (shape(50, d, return_latent=True, **extra)[1] for d in (5, 500))
    np.testing.assert_array_equal(small, large)


def test_outliers_lie_in_the_bounding_cube_of_the_clean_points(shape):
    X = shape(50, 10, 0.0, outliers=2000)
    clean, outliers = X[:50], X[50:]
    low, high = clean.min(), clean.max()
    assert low <= outliers.min()
    assert outliers.max() <= high
    # The variance of a uniform distribution is width^2 / 12.
    assert outliers.var() == pytest.approx((high - low) ** 2 / 12, rel=0.02)


def test_an_ambient_space_smaller_than_the_shape_is_refused(name, shape):
    d = SHAPES[name]
    extra = {"intrinsic_dim": d} if name == "blob" else {}
    message = f"ambient_dim={d - 1} is too small for a shape of {d} coordinates. Pass ambient_dim={d} or more."
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        shape(20, d - 1, **extra)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be a whole number of at least 1, not 0."),
        ({"ambient_dim": 2.5}, "ambient_dim must be a whole number of at least 1, not 2.5."),
        ({"outliers": -1}, "outliers must be a whole number of at least 0, not -1."),
        ({"return_latent": 1}, "return_latent must be True or False, not 1."),
        ({"random_state": -1}, "random_state must be a non-negative int, a numpy Generator or None, not -1."),
    ],
)
def test_arguments_out_of_range_are_refused(shape, arguments, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        shape(**arguments)


def test_negative_and_infinite_noise_is_refused(shape):
    for sigma in (-0.1, np.inf, np.nan):
        with pytest.raises(InputError, match="sigma must be between 0 and"):
            shape(10, 10, sigma)


def test_circle_has_radius_one_and_equal_steps():
    X, latent = datasets.circle(100, 50, 0.0, return_latent=True)
    np.testing.assert_allclose(np.linalg.norm(latent, axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(np.roll(X, -1, axis=0) - X, axis=1), 2 * np.sin(np.pi / 100), atol=1e-14)


def test_eyeglasses_have_two_unit_arcs_and_a_bridge():
    _, latent = datasets.eyeglasses(1000, 2, return_latent=True)
    right, left, upper, lower = np.split(latent, [425, 850, 925])
    for arc, centre in ((right, 1.5), (left, -1.5)):
        np.testing.assert_allclose(np.hypot(arc[:, 0] - centre, arc[:, 1]), 1, atol=1e-14)
        np.testing.assert_allclose(np.abs(arc[[0, -1], 1]), 0.35, atol=1e-14)
        assert np.abs(arc[:, 0]).min() == pytest.approx(1.5 - np.sqrt(1 - 0.35**2))
    for segment, height in ((upper, 0.35), (lower, -0.35)):
        assert (segment[:, 1] == height).all()
        assert (segment[:, 0].min(), segment[:, 0].max()) == (-0.53, 0.53)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 999, 1001])
def test_eyeglasses_and_linked_circles_have_exactly_n_points(n):
    assert len(datasets.eyeglasses(n, 3)) == n
    assert len(datasets.linked_circles(n, 3)) == n


def test_linked_circles_pass_through_each_others_centres():
    _, latent = datasets.linked_circles(200, 3, return_latent=True)
    first, second = latent[:100], latent[100:]
    assert (first[:, 2] == 0).all()
    assert (second[:, 1] == 0).all()
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(second - [1, 0, 0], axis=1), 1, atol=1e-15)
    assert np.linalg.norm(first - [1, 0, 0], axis=1).min() < 1e-15
    assert np.linalg.norm(second, axis=1).min() < 1e-15


def test_sphere_is_uniform_in_area():
    _, latent = datasets.sphere(100_000, 3, 0.0, return_latent=True)
    np.testing.assert_allclose(np.linalg.norm(latent, axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(latent.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(latent.T @ latent / len(latent), np.eye(3) / 3, atol=0.01)
    # Archimedes: each coordinate is uniform on [-1, 1], so its fourth moment is 1/5.
    np.testing.assert_allclose((latent**4).mean(axis=0), 0.2, atol=0.01)


def test_torus_has_its_radii_and_is_uniform_in_area():
    _, latent = datasets.torus(100_000, 3, 0.0, return_latent=True)
    from_axis = np.hypot(latent[:, 0], latent[:, 1])
    np.testing.assert_allclose((from_axis - 2) ** 2 + latent[:, 2] ** 2, 1, atol=1e-13)
    # cos v has density (2 + cos v) / (4 pi): mean 1/4, and cos^2 v has mean 1/2.
    assert (from_axis - 2).mean() == pytest.approx(1 / 4, abs=0.01)
    assert ((from_axis - 2) ** 2).mean() == pytest.approx(1 / 2, abs=0.01)
    np.testing.assert_allclose(latent.mean(axis=0), 0, atol=0.03)


def test_blob_is_standard_gaussian_in_its_own_dimension():
    X = datasets.blob(50_000, 10, 0.0)
    np.testing.assert_allclose(np.cov(X.T), np.eye(10), atol=0.03)
    X, latent = datasets.blob(2000, 10, 0.0, intrinsic_dim=2, return_latent=True)
    assert latent.shape == (2000, 2)
    assert np.linalg.matrix_rank(X) == 2
    with pytest.raises(InputError, match=re.escape("intrinsic_dim must be a whole number of at least 1, not 0.")):
        datasets.blob(10, 10, intrinsic_dim=0)


def test_tree_is_five_orthogonal_branches_of_length_one():
    _, latent = datasets.tree(10_000, 5, return_latent=True)
    assert (np.count_nonzero(latent, axis=1) == 1).all()
    assert latent.min() == 0
    assert latent.max() < 1
    np.testing.assert_allclose(latent.mean(axis=0), 1 / 10, atol=0.01)


def test_swiss_roll_is_a_spiral_uniform_in_area():
    _, latent = datasets.swiss_roll(100_000, 3, return_latent=True)
    radius = np.hypot(latent[:, 0], latent[:, 1])
    t = 1.5 * np.pi * radius
    np.testing.assert_allclose(latent[:, 0], radius * np.cos(t), atol=1e-10)
    np.testing.assert_allclose(latent[:, 1], radius * np.sin(t), atol=1e-10)
    assert radius.min() >= 1
    assert radius.max() <= 3
    length = 0.5 * (t * np.sqrt(1 + t**2) + np.arcsinh(t))
    for along in (length, latent[:, 2]):
        uniform = (along - along.min()) / np.ptp(along)
        assert uniform.mean() == pytest.approx(1 / 2, abs=0.01)
        assert uniform.var() == pytest.approx(1 / 12, abs=0.01)


def test_basis_is_orthonormal():
    for dim, ambient in ((1, 1), (3, 50), (50, 50)):
        basis = orthonormal_basis(dim, ambient, np.random.default_rng(0))
        assert basis.shape == (ambient, dim)
        np.testing.assert_allclose(basis.T @ basis, np.eye(dim), atol=1e-14)


def test_basis_is_uniformly_distributed():
    rng = np.random.default_rng(0)
    bases = np.array([orthonormal_basis(2, 3, rng) for _ in range(20_000)])
    np.testing.assert_allclose(bases.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose((bases**2).mean(axis=0), 1 / 3, atol=0.02)


def test_embedding_keeps_inner_products():
    latent = np.random.default_rng(0).standard_normal((20, 3))
    X = embed(latent, 30, np.random.default_rng(1))
    np.testing.assert_allclose(X @ X.T, latent @ latent.T, atol=1e-13)


def test_noise_has_the_variance_asked_for_in_every_coordinate():
    noise = add_noise(np.zeros((50_000, 4)), 0.3, np.random.default_rng(0))
    np.testing.assert_allclose(np.cov(noise.T), 0.09 * np.eye(4), atol=0.003)


def test_noise_knows_nothing_of_the_signal_plane():
    # With one seed for basis and noise the first rows of the noise would be the basis itself.
    clean, latent = datasets.circle(1000, 50, 0.0, return_latent=True)
    noise = datasets.circle(1000, 50, 1.0) - clean
    basis = np.linalg.lstsq(latent, clean, rcond=None)[0]
    assert (noise[:2] @ basis.T).std() < 3
    assert ((noise @ basis.T) ** 2).mean() == pytest.approx(1, abs=0.1)


def test_outliers_are_none_when_none_are_asked_for():
    assert uniform_outliers(np.ones((3, 4)), 0, np.random.default_rng(0)).shape == (0, 4)


def test_public_names_are_sorted_and_there():
    assert datasets.__all__ == sorted(datasets.__all__)
    assert set(SHAPES) < set(datasets.__all__)
