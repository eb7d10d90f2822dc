"""ForceAtlas2: forces are minus the gradient of the energy, and layouts with a closed form."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph.embedding.force_atlas2 import energy, forces
from tests import naive

X = load_digits().data[:200:2]
A = sph.neighbor_graph(X, 15, weighted=True)


def layout(d):
    return np.random.default_rng(d).standard_normal((100, d))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_forces_are_minus_the_gradient_of_the_energy(d):
    Y, h = layout(d), 1e-5
    exact, measured = forces(A, Y), np.zeros((100, d))
    for index in np.ndindex(Y.shape):
        moved, values = Y.copy(), []
        for step in (-2 * h, -h, h, 2 * h):
            moved[index] = Y[index] + step
            values.append(energy(A, moved))
        measured[index] = -(values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    assert np.abs(exact - measured).max() < 1e-6 * np.abs(exact).max()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_forces_equal_their_slow_twin(d):
    Y = layout(d)
    Y[3] = Y[4]  # in one place: no repulsion between these two
    np.testing.assert_allclose(forces(A, Y), naive.atlas_forces(A.toarray(), Y), rtol=1e-9, atol=1e-8)


def test_two_vertices_stand_where_attraction_and_repulsion_are_equal():
    """W r = 2 (1 + 1)(1 + 1) / r."""
    Y = E.ForceAtlas2(1, affinity="graph").fit_transform(np.array([[0, 2.0], [2.0, 0]]))
    assert abs(Y[0, 0] - Y[1, 0]) == pytest.approx(2, rel=1e-6)


def test_the_start_is_scaled_to_the_least_energy():
    model = E.ForceAtlas2(affinity="graph", n_steps=0).fit(A)
    at = [energy(model.affinities_, s * model.embedding_) for s in (0.97, 1.0, 1.03)]
    assert at[1] < min(at[0], at[2])


def test_a_ring_becomes_a_circle():
    i = np.arange(40)
    R = np.zeros((40, 40))
    for s in (1, 2):
        R[i, (i + s) % 40] = R[(i + s) % 40, i] = 1
    Y = E.ForceAtlas2(affinity="graph").fit_transform(R)
    radius = np.linalg.norm(Y, axis=1)
    assert radius.std() < 1e-3 * radius.mean()


def test_forces_vanish_and_the_energy_falls():
    model = E.ForceAtlas2(affinity="graph", record_loss=True, callback_every=250, n_steps=2000).fit(A)
    assert (np.diff(model.loss_history_[:4, 1]) < 0).all()
    start = E.ForceAtlas2(affinity="graph", n_steps=0).fit_transform(A)
    assert np.abs(forces(A, model.embedding_)).max() < 0.02 * np.abs(forces(A, start)).max()
