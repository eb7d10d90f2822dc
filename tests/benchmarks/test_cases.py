import numpy as np
import pytest

import spectral_ph as sph
from benchmarks import cases, loop_free
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
# Share of the noiseless points within half the outer radius, where the kind has a disc or one circle in a plane.
INSIDE = {
    **dict.fromkeys(
        ["circle", "uneven_circle", "gap_circle", "tail_circle", "loop_and_clusters", "annulus", "annulus_5"], 0
    ),
    **dict.fromkeys(["gap_20", "gap_30", "gap_54", "gap_90"], 0),
    "circle_noise_10": 0.1 * np.pi / 16,
    "annulus_3": (0.25 - 0.09) / (1 - 0.09),
    "rim_2": 9 / 48,
    "rim_3": 10 / 64,
    "rim_10": 17 / 176,
    "disc_r2": 1 / 16,
    "sphere_shadow": 1 - np.sqrt(0.75),
}
LOOPS_M = {"linked_circles": 2, "torus": 2, "unequal_loops": 2}


def build(name, n=120, sigma=0.05, **settings):
    dim = 20 if name.startswith("cells") else 50
    return cases.CASES[name](n=n, ambient_dim=dim, sigma=sigma, **settings)


@pytest.fixture(params=cases.CASES)
def name(request):
    return request.param


def test_every_case_has_or_has_no_loop():
    assert sorted(cases.LOOPS + cases.LOOP_FREE) == sorted(cases.CASES)
    assert len(cases.LOOP_FREE) >= 47
    assert set(cases.VOIDS) <= set(cases.CASES)


def test_every_kind_has_a_family_and_no_family_has_loops_in_some_of_its_kinds_only():
    assert sorted(cases.FAMILIES) == sorted(cases.CASES)
    with_loops = {cases.FAMILIES[kind] for kind in cases.LOOPS}
    assert with_loops.isdisjoint(cases.FAMILIES[kind] for kind in cases.LOOP_FREE)


def test_sizes_and_kind(name):
    case = build(name, outliers=9, seed=1)
    assert case.X.shape == (129, 20 if name.startswith("cells") else 50)
    assert case.X.dtype == np.float64
    assert np.isfinite(case.X).all()
    assert case.kind == ("loop" if name in cases.LOOPS else "none")
    assert case.n_loops == (LOOPS_M.get(name, 1) if name in cases.LOOPS else 0)
    assert case.n_voids == (name in cases.VOIDS)
    assert (case.inside is not None) == (name in INSIDE)
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
    assert first.inside == again.inside
    assert not np.array_equal(first.X, build(name, seed=4, outliers=2).X)


@pytest.mark.parametrize(("name", "truth"), INSIDE.items())
def test_the_share_inside_is_the_area_of_the_inner_disc_times_its_density(name, truth):
    case = build(name, n=20_000, sigma=0.1, outliers=500, seed=0)
    assert case.inside == pytest.approx(truth, abs=0.02)
    assert build(name, n=20_000, sigma=0.0, seed=0).inside == case.inside  # neither noise nor outliers are counted


@pytest.mark.parametrize("name", loop_free.THIN_MIDDLES)
def test_middles_are_thinner_than_even_ones(name):
    """An even disc has a quarter of its points within half the radius."""
    assert INSIDE[name] < 0.2
    radius = np.linalg.norm(loop_free.SHAPES[name](20_000, np.random.default_rng(0)), axis=1)
    assert 0.99 < radius.max() <= 1


@pytest.mark.parametrize(("name", "times"), [("rim_2", 2), ("rim_3", 3), ("rim_10", 10)])
def test_a_rim_is_as_many_times_denser_than_the_centre_as_its_name_says(name, times):
    square = (loop_free.SHAPES[name](400_000, np.random.default_rng(0)) ** 2).sum(axis=1)
    # Points per area are proportional to 1 + (m - 1) r^2; two rings of equal area, centred at r^2 = .02 and .98.
    middle, rim = (square < 0.04).sum(), (square > 0.96).sum()
    assert rim / middle == pytest.approx((1 + 0.98 * (times - 1)) / (1 + 0.02 * (times - 1)), rel=0.05)


@pytest.mark.parametrize(("name", "degrees"), [("gap_20", 20), ("gap_30", 30), ("gap_54", 54), ("gap_90", 90)])
def test_a_gap_is_as_wide_as_its_name_says(name, degrees):
    angle = np.sort(build(name, n=4000, sigma=0.0).angles[:, 0] % (2 * np.pi))
    widest = np.diff(angle, append=angle[0] + 2 * np.pi).max()
    assert np.degrees(widest) == pytest.approx(degrees, abs=1)


def _turns(name, points):
    if name == "helix_open":
        return points[:, 2] / 3
    inner, gap, _ = loop_free.SPIRAL
    return (np.hypot(points[:, 0], points[:, 1]) - inner) / gap


@pytest.mark.parametrize("name", ["spiral", "roll_loose", "helix_open"])
@pytest.mark.parametrize(("n", "seed"), [(150, 0), (150, 1), (150, 2), (400, 0)])
def test_no_neighbours_are_found_across_a_wide_gap(name, n, seed):
    """What lies across a gap is one turn away."""
    rng = np.random.default_rng(seed)
    points = loop_free.SHAPES[name](n, rng)
    turns = _turns(name, points)
    assert np.ptp(turns) > 1.2
    noisy = np.pad(points, ((0, 0), (0, 50 - points.shape[1]))) + 0.1 * rng.standard_normal((n, 50))
    i, j = sph.neighbor_graph(noisy, 15).nonzero()
    assert np.abs(turns[i] - turns[j]).max() < 0.75


def test_windows_of_a_series_share_all_but_two_of_their_values():
    for name in ("walk_delay", "ar_delay", "trend_delay"):
        windows = loop_free.SHAPES[name](200, np.random.default_rng(0))
        assert windows.shape == (200, loop_free.WINDOW)
        np.testing.assert_array_equal(windows[1:, :-1], windows[:-1, 1:])
        assert len(np.unique(windows)) == 200 + loop_free.WINDOW - 1


def test_an_autoregressive_series_remembers_nine_tenths():
    series = loop_free.SHAPES["ar_delay"](100_000, np.random.default_rng(0))[:, 0]
    assert series.std() == pytest.approx(1, abs=0.03)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("dim", [2, 3])
def test_a_lattice_has_its_nodes_one_apart(dim):
    points = loop_free.SHAPES[f"lattice_{dim}"](500, np.random.default_rng(0))
    nodes = np.round(points)
    assert len(np.unique(nodes, axis=0)) == 500
    assert (points - nodes).std() == pytest.approx(0.1, abs=0.01)
    assert np.ptp(nodes, axis=0).max() < 500 ** (1 / dim)


def test_a_flat_gaussian_fills_its_space():
    for dim in (30, 50):
        spread = (
            build("gaussian_flat", n=4000, sigma=0.0).X if dim == 50 else cases.CASES["gaussian_flat"](4000, 30, 0.0).X
        )
        deviations = np.sqrt(np.linalg.eigvalsh(np.cov(spread.T)))[::-1]
        np.testing.assert_allclose(deviations[:2], 3, rtol=0.05)
        np.testing.assert_allclose(deviations[2:], 0.4, rtol=0.15)


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("ellipse_filled", 2 * np.pi),
        ("half_disc", np.pi / 2),
        ("triangle", np.sqrt(3)),
        ("l_shape", 3.0),
        ("cross", 3.75),
    ],
)
def test_plane_regions_are_filled_evenly(name, area):
    """In small squares of a grid that lie inside, the number of points follows the area, up to its Poisson noise."""
    points = loop_free.SHAPES[name](100_000, np.random.default_rng(0))
    side = 0.125
    _, count = np.unique(np.floor(points / side), axis=0, return_counts=True)
    expected = 100_000 * side**2 / area
    full = count[count > 0.95 * expected - 4 * np.sqrt(expected)]
    assert len(full) * side**2 > 0.6 * area
    assert full.max() < expected + 5 * np.sqrt(expected)
    assert np.median(full) == pytest.approx(expected, rel=0.05)


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
        # Elsewhere another coordinate changes at the same angle, or the gap is wide.
        if cases.FAMILIES[name] != "bands" and name not in ("torus", "gap_90"):
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
    """The first components carry far more than the later ones, which carry noise; where all cells express alike, none does."""

    def prominence(name):
        share = build(name, n=200, sigma=0.05).X.var(axis=0)
        return share[:3] / share[10:].mean()

    assert prominence("cells_quiescent")[:2].mean() < 2
    assert prominence("cells_depth")[:2].mean() < 2.5  # normalisation leaves a little of the depth in the first
    for name in ("cells_cycle", "cells_clusters", "cells_trajectory", "cells_donors", "cells_batches"):
        assert prominence(name)[:2].mean() > 3
    first, second, third = prominence("cells_two_programmes")
    assert second > first / 2  # a sheet of two directions
    assert second > 3 * third
