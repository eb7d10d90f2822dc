"""MDS: distances of points in the plane come back exactly, the stress never rises, and any distance can be laid out."""

import re

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph._numba import thread_limit
from spectral_ph.embedding import _exact
from spectral_ph.embedding.mds import classical_scaling, stress
from tests import naive

X = np.random.default_rng(0).standard_normal((40, 2))
NOISY = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)


@pytest.mark.parametrize("init", ["spectral", "random"])
def test_distances_in_the_plane_come_back(init):
    D = squareform(pdist(X))
    seeds = range(1 if init == "spectral" else 4)  # a random start may end in a local minimum
    models = [E.MDS(affinity="precomputed_distance", init=init, random_state=s, n_steps=2000).fit(D) for s in seeds]
    best = min(models, key=lambda m: m.settings_["stress"])
    np.testing.assert_allclose(pdist(best.embedding_), pdist(X), atol=1e-2)


def test_classical_scaling_of_euclidean_distances_is_pca():
    D = squareform(pdist(NOISY))
    Y = classical_scaling(D, 3)
    U, s, _ = np.linalg.svd(NOISY - NOISY.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(Y), np.abs(U[:, :3] * s[:3]), atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_step_goes_down_the_gradient_of_the_stress(d):
    """By 1 / 2n of it, for centred points (de Leeuw); the stress is over pairs i < j."""
    D, h = squareform(pdist(NOISY[:20])), 1e-4
    Y = np.random.default_rng(2).standard_normal((20, d))
    Y -= Y.mean(axis=0)
    moved, slope = np.empty_like(Y), np.empty_like(Y)
    _exact.majorise(D, Y, moved, np.empty(20))
    for index in np.ndindex(Y.shape):
        nudge = np.zeros_like(Y)
        nudge[index] = h
        low, less, more, high = (stress(D, Y + k * nudge) for k in (-2, -1, 1, 2))
        slope[index] = (low - 8 * less + 8 * more - high) / (12 * h)
    assert np.abs(2 * 20 * (Y - moved) - slope).max() < 1e-6 * np.abs(slope).max()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_step_equals_its_slow_twin_and_never_raises_the_stress(d):
    D = squareform(pdist(NOISY[:30]))
    Y = np.random.default_rng(1).standard_normal((30, d))
    Y -= Y.mean(axis=0)
    for _ in range(3):
        out, rows = np.empty_like(Y), np.empty(30)
        _exact.majorise(D, Y, out, rows)
        expected, before = naive.majorise(D, Y)
        np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-12)
        assert stress(D, Y) == pytest.approx(before)
        assert stress(D, out) < before
        Y = out


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        (E.MDS(), NOISY, lambda: sph.distance_matrix(NOISY, "euclidean")),
        (E.MDS(affinity="eff_res", n_neighbors=10), NOISY, lambda: sph.distance_matrix(NOISY, "eff_res", n_neighbors=10)),
        (E.MDS(affinity="diffusion", affinity_params={"t": 2}), NOISY, lambda: sph.distance_matrix(NOISY, "diffusion", t=2)),
        (E.MDS(distance="geodesic"), NOISY, lambda: sph.distance_matrix(NOISY, "geodesic")),
        (E.MDS(distance="fermat", affinity_params={"p": 2}), NOISY, lambda: sph.distance_matrix(NOISY, "fermat", p=2)),
        (E.MDS(affinity="graph"), sph.neighbor_graph(NOISY), lambda: sph.distance_matrix(NOISY, "eff_res")),
        (E.MDS(affinity="graph", distance="hops"), sph.neighbor_graph(NOISY), lambda: sph.distance_matrix(NOISY, "hops")),
    ],
)  # fmt: skip
def test_any_distance_is_laid_out_as_the_matrix_is(model, data, expected):
    with thread_limit(1):  # as embeddings compute their distances; more threads round otherwise
        expected = expected()
    direct = E.MDS(affinity="precomputed_distance").fit(expected)
    np.testing.assert_array_equal(model.fit_transform(data), direct.embedding_)
    assert model.settings_["stress"] == pytest.approx(stress(expected, model.embedding_))


def test_distances_that_are_passed_have_no_other_name():
    sentence = "affinity='precomputed_distance' has its distances already. Leave distance out."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        E.MDS(affinity="precomputed_distance", distance="hops").fit(squareform(pdist(X)))
