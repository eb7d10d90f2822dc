"""Distances of the first eigenpairs alone: exact with all of them, and never too large."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.distances.coordinates import coordinates
from spectral_ph.distances.lookup import matrix, restrict

seeds = st.integers(0, 2**32 - 1)


def graph(seed, n=60):
    return sph.neighbor_graph(sph.datasets.circle(n, ambient_dim=5, sigma=0.2, random_state=seed), n_neighbors=6)


@given(seeds)
@settings(max_examples=15)  # each makes six distance matrices
def test_with_all_eigenpairs_they_are_the_exact_distances(seed):
    A = graph(seed)
    wanted = [{"steps": 1}, {"steps": 4}, {"steps": 0}, {"steps": 2, "sqrt": True}]
    for made, params in zip(coordinates(A, "eff_res", wanted, n_components=60), wanted, strict=True):
        exact = sph.distance_matrix(distance="eff_res", graph=A, **params)
        np.testing.assert_allclose(matrix(made), exact, rtol=1e-6, atol=1e-9 * exact.max())
    (made,) = coordinates(A, "diffusion", [{"t": 3}], n_components=60)
    np.testing.assert_allclose(matrix(made), sph.distance_matrix(distance="diffusion", graph=A, t=3), atol=1e-8)


def test_later_passes_come_from_the_coordinates_of_the_pass_before():
    A = graph(0)
    wanted = [{"passes": p, "steps": 1, "disconnected": "max"} for p in (3, 1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectral_ph._check.warn", lambda *parts: None)
        every = coordinates(A, "eff_res", wanted, 6, n_components=60)
        for made, params in zip(every, wanted, strict=True):
            exact = sph.distance_matrix(distance="eff_res", graph=A, pass_neighbors=6, **params)
            # Sorted, for vertices with the same neighbours are at equal distances, and rounding chooses between them.
            # The far half is between components, where both are only far.
            near = slice(0, exact.size // 2)
            np.testing.assert_allclose(
                np.sort(matrix(made).ravel())[near], np.sort(exact.ravel())[near], rtol=1e-6, atol=1e-9 * exact.max()
            )


@given(seeds, st.integers(2, 59))
@settings(max_examples=25)
def test_fewer_eigenpairs_make_no_distance_larger(seed, m):
    A = graph(seed)
    (all_of_them,) = coordinates(A, "eff_res", [{"steps": 1}], n_components=60)
    (some,) = coordinates(A, "eff_res", [{"steps": 1}], n_components=m)
    assert (matrix(some) <= matrix(all_of_them) * (1 + 1e-6) + 1e-12).all()


def test_components_are_farther_apart_than_anything_within():
    X = np.concatenate([graph_points(0), graph_points(1) + 100])
    A = sph.neighbor_graph(X, n_neighbors=6)
    apart = np.arange(80) < 40
    for name, params in (("eff_res", {"steps": 1, "disconnected": "max"}), ("diffusion", {"t": 2})):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("spectral_ph._check.warn", lambda *parts: None)
            (made,) = coordinates(A, name, [params], n_components=20)
        D = matrix(made)
        between = D[apart][:, ~apart].min()
        assert between > max(D[apart][:, apart].max(), D[~apart][:, ~apart].max())
    with pytest.raises(sph.InputError, match=r"^the graph has 2 connected components"):
        coordinates(A, "eff_res", [{"disconnected": "raise"}])


def graph_points(seed):
    return sph.datasets.circle(40, ambient_dim=3, sigma=0.1, random_state=seed)


def test_a_draw_has_the_bits_of_the_whole():
    (made,) = coordinates(graph(0), "eff_res", [{"steps": 4}], n_components=20)
    drawn = np.array([3, 8, 30, 31])
    np.testing.assert_array_equal(matrix(restrict(made, drawn)), matrix(made)[np.ix_(drawn, drawn)])
