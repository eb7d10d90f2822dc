"""Degree 2 by links of edges: known spaces, the slow twin, the other engines, and what a sweep does on the way."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph import _check
from spectral_ph.homology import _sweep_h2, rips_persistence
from spectral_ph.homology import rips_h2 as engine
from spectral_ph.homology.rips_h2 import rips_h2
from tests.contracts import check_engine, same_diagrams, same_without_compilation
from tests.known import flat_torus, octahedron, projective_plane
from tests.naive import persistence_by_reduction, voids_by_reduction
from tests.strategies import distance_matrices, point_sets


def sphere(n, sigma=0.0, seed=0):
    return sph.distance_matrix(sph.datasets.sphere(n, ambient_dim=5, sigma=sigma, random_state=seed), "euclidean")


def sorted_rows(diagram):
    return diagram[np.lexsort(diagram.T)]


# ------------------------------------------------------------------------------------------------------- known spaces
def test_octahedron_is_a_void_between_its_sides_and_its_diagonals():
    found = rips_h2(octahedron())
    np.testing.assert_allclose(found.diagrams[2], [[np.sqrt(2), 2]])
    assert len(found.diagrams[1]) == 0


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_cross_polytopes_have_a_void_in_three_dimensions_only(n):
    """The sphere of dimension n - 1: 2 n points at distance 1, opposite ones at 2."""
    D = np.ones((2 * n, 2 * n)) - np.eye(2 * n)
    for i in range(n):
        D[i, i + n] = D[i + n, i] = 2
    found = rips_h2(D).diagrams
    np.testing.assert_array_equal(found[1], [[1, 2]] if n == 2 else np.empty((0, 2)))
    np.testing.assert_array_equal(found[2], [[1, 2]] if n == 3 else np.empty((0, 2)))


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 4, 5), (1, 6, 6), (9, 9, 9)])
def test_a_join_of_three_sets_has_the_product_of_their_gaps(sizes):
    """Points at distance 1 across and 2 within three sets of a, b, c: (a - 1)(b - 1)(c - 1) voids from 1 to 2."""
    part = np.repeat([0, 1, 2], sizes)
    D = np.where(part[:, None] == part, 2.0, 1.0)
    np.fill_diagonal(D, 0)
    rank = int(np.prod(np.array(sizes) - 1))
    np.testing.assert_array_equal(rips_h2(D).diagrams[2], np.tile([1.0, 2.0], (rank, 1)))


def test_projective_plane_and_torus_over_the_field_of_two():
    found = rips_h2(projective_plane()).diagrams
    np.testing.assert_array_equal(found[1], [[1, 2]])
    np.testing.assert_array_equal(found[2], [[1, 2]])
    same_diagrams(rips_h2(flat_torus(6)).diagrams, rips_persistence(flat_torus(6), 2, "ripser"))


def test_a_sphere_has_one_void_and_a_ball_none():
    # Points on a unit sphere: the void ends where a regular tetrahedron closes it, at about the root of 8/3.
    birth, death = rips_h2(sphere(300)).diagrams[2][0]
    assert birth < 0.8
    assert 1.6 < death < 1.75
    rng = np.random.default_rng(0)
    ball = rng.standard_normal((300, 3))
    ball *= (rng.uniform(size=300) ** (1 / 3) / np.linalg.norm(ball, axis=1))[:, None]
    assert sph.detection_score(rips_h2(sph.distance_matrix(ball, "euclidean")).diagrams[2], 1) < 0.6


def test_two_spheres_apart_have_two_voids():
    X = sph.datasets.sphere(80, ambient_dim=3, sigma=0.0)
    D = sph.distance_matrix(np.concatenate([X, X + 10]), "euclidean")
    one, two = rips_h2(D[:80, :80]).diagrams[2], rips_h2(D).diagrams[2]
    # X + 10 is rounded, so the second sphere differs from the first in its last bits
    np.testing.assert_allclose(two[::2], one, rtol=1e-12)
    np.testing.assert_allclose(two[1::2], one, rtol=1e-12)


# -------------------------------------------------------------------------------------------- twin, engines and contract
@given(distance_matrices(most=9), st.sampled_from([None, 0.5, 2.0]))
@settings(deadline=None, max_examples=60)
def test_same_as_reducing_the_boundary_of_every_tetrahedron(D, threshold):
    limit = np.inf if threshold is None else threshold
    found = rips_h2(D, threshold).diagrams
    np.testing.assert_array_equal(sorted_rows(found[2]), sorted_rows(voids_by_reduction(D, limit)))
    for a, b in zip(found[:2], persistence_by_reduction(D, limit), strict=True):
        np.testing.assert_array_equal(sorted_rows(a), sorted_rows(b))


@given(distance_matrices(most=24), st.sampled_from([None, 0.3, 1.0, 2.0]))
@settings(deadline=None, max_examples=80)
def test_same_as_the_other_engines_on_any_matrix(D, threshold):
    P = check_engine("h2", D, 2, threshold)
    for other in ("ripser", "gudhi"):
        same_diagrams(P, check_engine(other, D, 2, threshold))
    same_diagrams(P.diagrams[:2], check_engine("h1", D, 1, threshold))


@pytest.mark.parametrize("values", [None, 3, 8])
@pytest.mark.parametrize("seed", range(6))
def test_same_on_random_numbers_where_dozens_of_voids_live_at_once(seed, values):
    """Independent entries: a third of the voids die in a relation with others, and the youngest must be the one."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(24, 34))
    D = rng.uniform(size=(n, n)) if values is None else rng.integers(1, values + 1, (n, n)).astype(float)
    D = np.triu(D, 1) + np.triu(D, 1).T
    same_diagrams(check_engine("h2", D, 2), check_engine("ripser", D, 2))


def test_single_precision_is_taken_as_it_is():
    D = sphere(70, 0.1).astype(np.float32)
    same_diagrams(rips_persistence(D, 2), rips_persistence(D.astype(np.float64), 2, "gudhi"))


@given(point_sets(least=10, most=40, dimensions=(3, 6)))
@settings(deadline=None, max_examples=60)
def test_same_as_the_other_engines_on_points(X):
    D = sph.distance_matrix(X, "euclidean")
    same_diagrams(check_engine("h2", D, 2), check_engine("ripser", D, 2))


@pytest.mark.parametrize("n", [63, 64, 65, 130])
@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.5])
def test_words_of_64_vertices(n, sigma):
    D = sphere(n, sigma)
    same_diagrams(check_engine("h2", D, 2), check_engine("gudhi", D, 2))


@pytest.mark.parametrize("distance", ["eff_res", "diffusion", "fermat", "dtm"])
def test_same_as_gudhi_on_distances_of_this_package(distance):
    X = sph.datasets.sphere(200, ambient_dim=20, sigma=0.1)
    D = sph.distance_matrix(X, distance)
    same_diagrams(check_engine("h2", D, 2), check_engine("gudhi", D, 2))


@given(point_sets(least=8, most=30, dimensions=(3, 4)), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_the_order_of_the_points_does_not_matter(X, seed):
    D = sph.distance_matrix(X, "euclidean")
    order = np.random.default_rng(seed).permutation(len(X))
    same_diagrams(rips_h2(D).diagrams, rips_h2(D[np.ix_(order, order)]).diagrams)


def test_births_and_deaths_are_lengths_of_the_edges_that_are_named():
    D = sphere(120, 0.1)
    found = rips_h2(D)
    for degree in (1, 2):
        births, deaths = (
            D[edges[degree][:, 0], edges[degree][:, 1]] for edges in (found.birth_edges, found.death_edges)
        )
        np.testing.assert_array_equal(found.diagrams[degree], np.column_stack([births, deaths]))
    i, j = found.death_edges[0][:-1].T if found.death_edges[0][-1, 0] < 0 else found.death_edges[0][1:].T
    assert len(i) == 119
    np.testing.assert_array_equal(np.sort(D[i, j]), np.sort(found.diagrams[0][np.isfinite(found.diagrams[0][:, 1]), 1]))


def test_a_threshold_leaves_the_void_alive():
    D = sphere(100)
    (birth, death), *_ = rips_h2(D).diagrams[2]
    found = rips_h2(D, (birth + death) / 2)
    np.testing.assert_array_equal(found.diagrams[2][0], [birth, np.inf])
    np.testing.assert_array_equal(found.death_edges[2][0], [-1, -1])


# --------------------------------------------------------------------------------------------------------- on the way
def test_tables_grow_when_more_is_alive_than_there_is_room_for(monkeypatch):
    """Euclidean noise has hundreds of loops and voids alive at once."""
    D = sph.distance_matrix(sph.datasets.sphere(400, ambient_dim=50, sigma=0.35), "euclidean")
    reasons = []

    def watched(state, why):
        reasons.append(why)
        return grow(state, why)

    grow = engine._grow
    monkeypatch.setattr(engine, "_grow", watched)
    P = rips_h2(D)
    assert {_sweep_h2.GROW_LOOPS, _sweep_h2.GROW_VOIDS, _sweep_h2.GROW_EVENTS} == set(reasons)
    same_diagrams(P.diagrams, rips_persistence(D, 2, "gudhi"))


def test_what_does_not_fit_is_said_with_a_way_out(monkeypatch):
    D = sphere(100)
    monkeypatch.setattr(_check, "available_memory", lambda: 1_000_000)
    monkeypatch.setattr(engine, "SHARE", 0.02)
    with pytest.raises(
        _check.TooLargeError,
        match=r"^after \d+ of \d+ edges \d+ loops and 1 voids are alive, and they need more than 0\.0 GiB of memory. Pass "
        r"engine='gudhi', a threshold, or fewer points\.$",
    ):
        rips_h2(D)
    with pytest.raises(_check.TooLargeError, match=r"^after \d+ of"):
        rips_persistence(D, 2, "h2")
    monkeypatch.setattr(_check, "available_memory", lambda: 10_000_000)
    monkeypatch.setattr(engine, "SHARE", 0.002)
    with pytest.warns(sph.SpectralWarning, match=r"^engine 'h2' gave up and 'gudhi' took over: after \d+ of"):
        P = rips_persistence(D, 2)
    assert P.engine == "gudhi"
    assert P.settings["homology"]["engine_reason"].startswith("'h2' gave up: after")
    monkeypatch.undo()
    same_diagrams(P, rips_persistence(D, 2))


def test_the_list_of_edges_is_asked_for_before_it_is_made(monkeypatch):
    D = sphere(100)
    monkeypatch.setattr(_check, "available_memory", lambda: 1000)
    sentence = (
        "the edges between 100 points would take about 0.0 GiB of memory, but only 0.0 GiB are available. Use "
        "fewer points, or maxdim=1, which needs no list of them."
    )
    with pytest.raises(_check.TooLargeError, match=f"^{re.escape(sentence)}$"):
        rips_h2(D)


def test_cochains_stay_sparse():
    """Every triangle of a void's cochain has six bits, two in the block of each vertex; a few in a hundred are set."""
    n = 200
    D = sphere(n)
    i, j, _ = engine._edges(D, 1.5)
    state = engine._start(i, j, n)
    while _sweep_h2.sweep(state, 1000) != _sweep_h2.DONE:
        pass
    assert (state.voids.birth >= 0).sum() == 1
    bits = np.bitwise_count(state.voids.pool[1 : state.reg[_sweep_h2.USED_BLOCKS]]).sum()
    near = (D <= 1.5) & ~np.eye(n, dtype=bool)
    triangles = np.trace(near.astype(float) @ near @ near) / 6
    assert 0 < bits / 6 < 0.05 * triangles


def test_at_most_half_of_the_triangles_on_a_new_edge_are_set():
    """Their sum is a coboundary, so the smaller half says the same."""
    D = np.triu(np.random.default_rng(0).uniform(size=(40, 40)), 1)
    i, j, _ = engine._edges(D + D.T, np.inf)
    state = engine._start(i, j, 40)
    seen = 0
    while (why := _sweep_h2.sweep(state, 1)) != _sweep_h2.DONE:
        if why != _sweep_h2.BUDGET:
            state = engine._grow(state, why)
            continue
        e = state.reg[_sweep_h2.EDGE] - 1
        a, b = state.i[e], state.j[e]
        whole = np.bitwise_count(state.link).sum()
        for slot in np.flatnonzero(state.voids.birth >= 0):
            ones = np.bitwise_count(state.voids.pool[state.voids.at[slot, a], b]).sum()
            assert 2 * ones <= whole
            seen += ones > 0
    assert seen > 100


def test_less_memory_than_is_free_is_made_do_with(monkeypatch):
    """A limit on addresses refuses what is free; half of it is asked for, and half of that."""
    D, asked, empty = sphere(60), [], np.empty

    def limited(shape, dtype=float):
        if np.prod(shape) > 200_000:
            asked.append(shape)
            raise MemoryError
        return empty(shape, dtype)

    expected = rips_h2(D).diagrams
    monkeypatch.setattr(engine.np, "empty", limited)
    same_diagrams(rips_h2(D).diagrams, expected)
    assert len(asked) > 2


def test_an_interrupt_is_served_on_the_way():
    """Work is counted, not edges: a matrix of random numbers has few edges and hundreds of live voids."""
    rng = np.random.default_rng(0)
    D = np.triu(rng.uniform(size=(60, 60)), 1)
    i, j, _ = engine._edges(D + D.T, np.inf)
    state = engine._start(i, j, 60)
    calls = 0
    while (why := _sweep_h2.sweep(state, 5_000)) != _sweep_h2.DONE:
        if why != _sweep_h2.BUDGET:
            state = engine._grow(state, why)
        calls += 1
    assert calls > 20


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    monkeypatch.setattr(engine, "BUDGET", 50)
    rips_h2(octahedron(), progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    rips_h2(sphere(40), progress=True)
    assert "H2" in capsys.readouterr().err


def test_same_without_compilation():
    code = """
import numpy as np
from spectral_ph.homology.rips_h2 import rips_h2
rng = np.random.default_rng(0)
X = rng.standard_normal((26, 3))
X /= np.linalg.norm(X, axis=1)[:, None]
D = np.linalg.norm(X[:, None] - X, axis=2)
found = rips_h2(np.maximum(D, D.T))
print([d.tolist() for d in found.diagrams], [e.tolist() for e in found.birth_edges], [e.tolist() for e in found.death_edges])
"""

    same_without_compilation(code)
