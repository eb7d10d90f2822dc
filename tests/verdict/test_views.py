"""What points show by themselves: of few points all distances, of many those of a draw in the graph of all."""

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.loops.coordinates import circular_agreement, to_ranks
from spectral_ph.verdict.candidates import candidates
from spectral_ph.verdict.views import see
from spectral_ph.verdict.whole import whole

EFF_RES = candidates("eff_res", {"n_neighbors": 15, "steps": 4, "passes": 1}, 500, True)


def noisy(n):
    X, latent = sph.datasets.circle(n, ambient_dim=20, sigma=0.2, random_state=0, return_latent=True)
    return X, to_ranks(np.arctan2(latent[:, 1], latent[:, 0]))


def test_a_draw_shows_every_point_a_place():
    X, truth = noisy(600)
    (view,) = see(X, EFF_RES, 0.9, 2, n_drawn=150, seed=0)
    assert view.phases[0].shape == view.tubes[0].shape == (600,)
    assert circular_agreement(to_ranks(view.phases[0]), truth) > 0.9
    steps = np.diff(np.append(truth[view.cycles[0]], truth[view.cycles[0][0]]))
    assert abs(round(float(np.angle(np.exp(1j * steps)).sum() / (2 * np.pi)))) == 1


def test_candidates_that_are_not_looked_at_are_none():
    X, _ = noisy(200)
    found = see(X, [None, *EFF_RES], 0.9, 1, 500, 0)
    assert found[0] is None
    assert found[1] is not None


def test_a_distance_without_coordinates_sees_the_draw_alone():
    X, _ = noisy(400)
    choice = candidates("euclidean", {}, 200, True)
    (view,) = see(X, choice, 0.9, 1, n_drawn=120, seed=0)
    assert view.phases[0] is None or view.phases[0].shape == (400,)
    assert len(view.diagram) < 120


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_many_points_have_a_graph_of_all_and_distances_of_a_draw(monkeypatch):
    X, _ = noisy(700)
    rng = np.random.default_rng(0)
    W = whole(X, None, EFF_RES[0], 300, rng, 0, True)
    assert W.D.shape == (300, 300)
    assert W.graph.shape == (700, 700)
    assert W.near.shape == (700, 5)
    np.testing.assert_array_equal(W.near[W.drawn][:, 0], np.arange(300))
    monkeypatch.setattr("spectral_ph.verdict.whole.GRAPH_POINTS", 500)
    W = whole(X, None, EFF_RES[0], 300, rng, 0, True)
    assert W.graph.shape == (500, 500)
    assert set(W.drawn) <= set(W.graphed)
    assert W.near.shape == (700, 5)
    small = whole(X[:200], None, EFF_RES[0], 300, rng, 0, True)
    assert (small.drawn, small.near) == (None, None)
    assert small.graph.shape == (200, 200)
