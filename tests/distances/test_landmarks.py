"""Farthest points: the choice, the radius, the bound."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph._implicit import ImplicitDistances
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.distances.implicit import diffusion_implicit, eff_res_implicit
from spectral_ph.distances.landmarks import farthest_points
from spectral_ph.distances.lookup import matrix, restrict
from spectral_ph.homology import rips_persistence
from tests.strategies import point_sets

seeds = st.integers(0, 2**32 - 1)


def by_definition(D, m, start):
    """Return the greedy choice from a matrix of distances."""
    chosen = [start]
    while len(chosen) < m:
        nearest = D[:, chosen].min(axis=1)
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    return chosen


@given(point_sets(most=40), seeds)
@settings(max_examples=50, deadline=None)
def test_greedy_choice_radius_and_assignment(X, seed):
    rng = np.random.default_rng(seed)
    n = len(X)
    m, start = int(rng.integers(1, n + 1)), int(rng.integers(n))
    L = farthest_points(X, m, start=start)
    D = pairwise_euclidean(X)
    assert L.indices.tolist() == by_definition(pairwise_euclidean(X, squared=True), m, start)
    assert (L.assignment[L.indices] == np.arange(m)).all()
    to_landmarks = D[:, L.indices]
    assert (to_landmarks[np.arange(n), L.assignment] == to_landmarks.min(axis=1)).all()
    assert L.radius == to_landmarks.min(axis=1).max()
    assert L.bound == 2 * L.radius
    # Landmarks are at least a radius apart, so of m + 1 points two share any m balls: the radius is at most twice the best.
    among = D[np.ix_(L.indices, L.indices)] + np.where(np.eye(m), np.inf, 0)
    assert among.min() >= L.radius


def test_all_points():
    X = np.random.default_rng(0).integers(0, 3, (30, 2)).astype(float)  # duplicates
    L = farthest_points(X, 30)
    assert sorted(L.indices) == list(range(30))
    assert (L.radius, L.bound) == (0, 0)
    J = eff_res_implicit(
        sph.neighbor_graph(sph.datasets.circle(80, ambient_dim=3, sigma=0.1), 8), steps=1, n_components=20
    )
    L = farthest_points(J, 80)
    assert sorted(L.indices) == list(range(80))
    assert (L.radius, L.bound) == (0, 0)


@pytest.mark.parametrize("m", [20, 60])
def test_the_bound_holds_for_coordinates_in_every_degree(m):
    X = sph.datasets.circle(150, ambient_dim=4, sigma=0.05)
    L = farthest_points(X, m)
    assert L.least_degree == 0
    P, Q = rips_persistence(pairwise_euclidean(X)), rips_persistence(pairwise_euclidean(X[L.indices]))
    for degree in (0, 1):
        assert sph.diagram_distance(P[degree], Q[degree]) <= L.bound * (1 + 1e-12)
    assert L.bound < P[1][0, 1] - P[1][0, 0]  # it says something


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("m", [60, 200])
def test_the_bound_holds_for_implicit_distances(sigma, m):
    A = sph.neighbor_graph(sph.datasets.circle(300, ambient_dim=10, sigma=sigma), 15)
    J = eff_res_implicit(A, steps=1, sqrt=True, n_components=40)
    L = farthest_points(J, m)
    assert L.least_degree == 1
    P, Q = rips_persistence(matrix(J))[1], rips_persistence(matrix(restrict(J, L.indices)))[1]
    assert sph.diagram_distance(P, Q) <= L.bound * (1 + 1e-12)


def test_the_bound_says_something_where_the_loop_is_clear():
    A = sph.neighbor_graph(sph.datasets.circle(300, ambient_dim=10, sigma=0.05), 15)
    J = diffusion_implicit(A, t=8)
    L = farthest_points(J, 150)
    loop = rips_persistence(matrix(J))[1][0]
    assert L.bound < (loop[1] - loop[0]) / 2


@given(seeds, st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_bound_holds_for_any_offsets_and_corrections(seed, corrected):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 40))
    m = int(rng.integers(2, n + 1))
    angle = rng.uniform(0, 2 * np.pi, n)
    X = np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(size=(n, 2)) * 0.05
    correction = None
    if corrected:
        upper = np.triu(rng.normal(size=(n, n)) * 0.3 * (rng.random((n, n)) < 0.1), 1)
        correction = sp.csr_array(upper + upper.T)
    J = ImplicitDistances(X, rng.random(n) * rng.choice([0.01, 0.3]), correction, root=True)
    L = farthest_points(J, m)
    P, Q = rips_persistence(matrix(J)), rips_persistence(matrix(restrict(J, L.indices)))
    assert sph.diagram_distance(P[1], Q[1]) <= L.bound + 1e-9
    # In the metric with the root of the offset as one more coordinate it is the choice among plain points.
    plain = farthest_points(np.column_stack([np.sqrt(J.offset), X]), m)
    assert L.indices.tolist() == plain.indices.tolist()
    assert L.radius == plain.radius


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_the_root_with_offsets_is_a_metric(seed):
    rng = np.random.default_rng(seed)
    J = ImplicitDistances(rng.normal(size=(20, 3)) * 0.3, rng.random(20), root=True)
    D = matrix(J)
    assert (D[:, :, None] + D[None] >= D[:, None] * (1 - 1e-12)).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_landmarks": 31}, "n_landmarks=31 is more than the 30 points there are. Pass 30 or fewer."),
        ({"n_landmarks": 0}, "n_landmarks must be a whole number of at least 1, not 0."),
        ({"n_landmarks": 3, "start": 30}, "start=30 must be one of the 30 points, 0 to 29."),
        ({"n_landmarks": 3, "start": -1}, "start must be a whole number of at least 0, not -1."),
    ],
)
def test_refusals(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        farthest_points(np.random.default_rng(0).normal(size=(30, 2)), **arguments)
