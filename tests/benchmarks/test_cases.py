import numpy as np
import pytest

import spectral_ph as sph
from benchmarks import cases
from spectral_ph.homology.rips_h1 import rips_h1

DATASETS = {
    "circle": "circle",
    "linked_circles": "linked_circles",
    "eyeglasses": "eyeglasses",
    "torus": "torus",
    "sphere": "sphere",
    "star_tree": "tree",
    "swiss_roll": "swiss_roll",
}
EMBEDDED = [name for name in cases.CASES if not name.startswith("cells")]
LOOPS_M = {"linked_circles": 2, "torus": 2, "unequal_loops": 2}


def build(name, n=120, sigma=0.05, **settings):
    dim = 20 if name.startswith("cells") else 50
    return cases.CASES[name](n=n, ambient_dim=dim, sigma=sigma, **settings)


@pytest.fixture(params=cases.CASES)
def name(request):
    return request.param


def test_every_case_has_or_has_no_loop():
    assert sorted(cases.LOOPS + cases.LOOP_FREE) == sorted(cases.CASES)
    assert len(cases.LOOP_FREE) >= 20
    assert set(cases.VOIDS) <= set(cases.CASES)


def test_sizes_and_kind(name):
    case = build(name, outliers=9, seed=1)
    assert case.X.shape == (129, 20 if name.startswith("cells") else 50)
    assert case.X.dtype == np.float64
    assert np.isfinite(case.X).all()
    assert case.kind == ("loop" if name in cases.LOOPS else "none")
    assert case.n_loops == (LOOPS_M.get(name, 1) if name in cases.LOOPS else 0)
    assert case.n_voids == (name in cases.VOIDS)
    if case.kind == "none":
        assert case.angles is None
    else:
        assert case.angles.shape == (129, case.n_loops)
        assert np.isnan(case.angles[120:]).all()
        assert (np.isfinite(case.angles[:120]).sum(axis=0) >= 10).all()


def test_a_seed_gives_the_same_bits_and_another_one_does_not(name):
    first = build(name, seed=3, outliers=2)
    again = build(name, seed=3, outliers=2)
    np.testing.assert_array_equal(first.X, again.X)
    if first.angles is not None:
        np.testing.assert_array_equal(first.angles, again.angles)
    assert not np.array_equal(first.X, build(name, seed=4, outliers=2).X)


@pytest.mark.parametrize(("name", "function"), DATASETS.items())
def test_the_points_are_those_of_the_package(name, function):
    there = getattr(sph.datasets, function)(80, 50, 0.1, outliers=5, random_state=2)
    np.testing.assert_array_equal(build(name, 80, 0.1, outliers=5, seed=2).X, there)


@pytest.mark.parametrize("name", EMBEDDED)
def test_shape_basis_and_noise_are_streams_of_their_own(name):
    """More noise moves every point along the same vector; outliers leave the points as they are."""
    clean, little, much = (build(name, sigma=s, seed=5).X for s in (0.0, 0.1, 0.3))
    np.testing.assert_allclose((much - clean) / 3, little - clean, atol=1e-13)
    np.testing.assert_array_equal(build(name, sigma=0.1, seed=5, outliers=4).X[:-4], little)


@pytest.mark.parametrize("name", ["circle", "sphere"])
def test_a_shared_seed_puts_the_first_noise_into_the_plane_of_the_signal(name):
    d = {"circle": 2, "sphere": 3}[name]
    for shared in (True, False):
        clean, noisy = (build(name, sigma=s, seed=1, shared_seed=shared).X for s in (0.0, 1.0))
        plane = np.linalg.svd(clean, full_matrices=False)[2][:d]
        noise = (noisy - clean)[:d]
        in_plane = np.linalg.norm(noise @ plane.T, axis=1) / np.linalg.norm(noise, axis=1)
        assert (in_plane > 1 - 1e-12).all() if shared else (in_plane < 0.7).all()


def test_a_shared_seed_is_refused_for_cells():
    with pytest.raises(
        sph.InputError, match=r"^shared_seed is about embedded shapes, and cells are simulated; leave it out\.$"
    ):
        build("cells_cycle", shared_seed=True)


@pytest.mark.parametrize("name", [n for n in cases.LOOPS if n in EMBEDDED])
def test_angles_go_round_once(name):
    """In the order of the angles, neighbours are near each other in space, all the way round."""
    case = build(name, n=600, sigma=0.0, seed=0)
    for angle in case.angles.T:
        on = np.flatnonzero(np.isfinite(angle))
        way = on[np.argsort(angle[on] % (2 * np.pi))]
        steps = (np.diff(angle[way], append=angle[way[0]]) + np.pi) % (2 * np.pi) - np.pi
        assert steps.sum() == pytest.approx(2 * np.pi)
        if name not in ("torus", "annulus"):  # where the other coordinate changes at the same angle
            near = np.linalg.norm(case.X[way] - case.X[np.roll(way, -1)], axis=1)
            assert near.max() < 1.0


@pytest.mark.parametrize(
    "name", ["circle", "linked_circles", "eyeglasses", "uneven_circle", "tail_circle", "unequal_loops", "ellipse"]
)
def test_without_noise_the_planted_loops_stand_out(name):
    case = build(name, n=300, sigma=0.0, seed=0)
    h1 = rips_h1(sph.distance_matrix(case.X, "euclidean")).h1
    lengths = np.append(h1[:, 1] - h1[:, 0], [0.0, 0.0, 0.0])
    # The bottleneck of the eyeglasses closes at .7 and leaves each glass a loop, of which one is born anew.
    assert lengths[case.n_loops - 1] > (1.5 if name == "eyeglasses" else 3) * lengths[case.n_loops]


@pytest.mark.parametrize("name", ["line", "arc", "star_tree", "branching_tree", "clusters_apart"])
def test_without_noise_shapes_without_loops_have_none_that_is_long(name):
    case = build(name, n=300, sigma=0.0, seed=0)
    h1 = rips_h1(sph.distance_matrix(case.X, "euclidean")).h1
    assert not len(h1) or (h1[:, 1] - h1[:, 0]).max() < 0.3


def test_cells_have_the_structure_they_claim():
    """The first components carry far more than the later ones, which carry noise; in quiescent cells none does."""

    def prominence(name):
        share = build(name, n=300, sigma=0.05).X.var(axis=0)
        return share[:2].mean() / share[10:].mean()

    assert prominence("cells_quiescent") < 2
    for name in ("cells_cycle", "cells_clusters", "cells_trajectory"):
        assert prominence(name) > 3
