"""UMAP's true loss: its gradient is the expected update, its minimum the target, and umap-learn has the same curve."""

import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph.embedding import umap_loss
from spectral_ph.embedding.true_loss import LOG_FLOOR, curve
from tests.embedding import contrastive_twins as twins


def weighted_graph(n, rng):
    A = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.5), 1)
    A[0, 1] = 1.0
    return A + A.T


def losses_by_hand(A, Y, a, b, m):
    """Return the published and the true loss pair by pair."""
    n, mu = len(A), A / A.max()
    d = mu.sum(axis=1)
    published = true = 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                nu = 1 / (1 + a * ((Y[i] - Y[j]) ** 2).sum() ** b)
                near, far = (np.log(min(x + LOG_FLOOR, 1)) for x in (nu, 1 - nu))
                published -= mu[i, j] * near + (1 - mu[i, j]) * far
                true -= mu[i, j] * near + m * (d[i] + d[j]) / (2 * n) * far
    return published, true


@pytest.mark.parametrize("scale", [1.0, 0.01, 30.0])
def test_both_losses_are_the_sums_of_the_paper_in_any_unit_of_weights(scale):
    rng = np.random.default_rng(0)
    A, Y = weighted_graph(12, rng), rng.standard_normal((12, 2))
    found = umap_loss(sp.csr_array(scale * A), Y, a=1.577, b=0.895, n_negatives=5)
    np.testing.assert_allclose((found.published, found.true), losses_by_hand(A, Y, 1.577, 0.895, 5), rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (1.577, 0.895)])
def test_the_update_that_pushes_the_tail_descends_the_true_loss(a, b):
    """Without the 0.001 of the code and the floor in the logarithm."""
    rng = np.random.default_rng(1)
    A, Y, m, n = weighted_graph(9, rng), 2 * rng.standard_normal((9, 2)), 5, 9
    d = A.sum(axis=1)

    def loss(Y):
        power = a * (((Y[:, None] - Y[None]) ** 2).sum(axis=2) + np.eye(n)) ** b
        w = m * (d[:, None] + d) / (2 * n) * (1 - np.eye(n))
        return (A * np.log(1 + power)).sum() + (w * (np.log(1 + power) - np.log(power))).sum()

    found = umap_loss(sp.csr_array(A), Y, a=a, b=b, n_negatives=m, floor=0.0)
    np.testing.assert_allclose(found.update_with_tail, -twins.central_differences(loss, Y), rtol=1e-6, atol=1e-6)


def test_the_pushes_that_the_tail_would_get_are_those_of_the_head_in_a_regular_graph():
    """Then all degrees are equal, and leaving the tail alone halves the repulsion."""
    n, m = 12, 5
    i = np.arange(n)
    A = np.zeros((n, n))
    A[i, (i + 1) % n] = A[(i + 1) % n, i] = 1
    Y = np.random.default_rng(2).standard_normal((n, 2))
    A = sp.csr_array(A)
    np.testing.assert_allclose(
        umap_loss(A, Y, n_negatives=2 * m).update, umap_loss(A, Y, n_negatives=m).update_with_tail, rtol=1e-12
    )


def test_the_update_without_the_tail_is_no_gradient():
    """The derivative of a gradient is symmetric; that of this field is not, where degrees differ."""
    A, Y, h = sp.csr_array(weighted_graph(5, np.random.default_rng(3))), np.arange(5.0)[:, None], 1e-5
    for name, least, most in (("update", 1e-3, np.inf), ("update_with_tail", 0.0, 1e-6)):
        J = np.empty((5, 5))
        for k in range(5):
            E = np.zeros((5, 1))
            E[k] = h
            J[:, k] = (getattr(umap_loss(A, Y + E), name) - getattr(umap_loss(A, Y - E), name)).ravel() / (2 * h)
        assert least <= np.abs(J - J.T).max() / np.abs(J).max() <= most


def test_two_points_rest_at_their_target():
    """mu = 1, d = 1 and m (d + d) / 2n = m / 2: nu = 1 / (1 + m / 2)."""
    A, m = sp.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]])), 5
    targets = umap_loss(A, np.array([[0.0], [1.0]]), n_negatives=m).targets
    nu = 1 / (1 + m / 2)
    np.testing.assert_allclose(targets.toarray(), [[0, nu], [nu, 0]])
    rest = np.sqrt(1 / nu - 1)  # with a = b = 1
    found = umap_loss(A, np.array([[0.0], [rest]]), a=1.0, b=1.0, n_negatives=m, floor=0.0)
    np.testing.assert_allclose(found.update_with_tail, 0, atol=1e-12)


def test_targets_are_less_binary_than_the_weights():
    A = sph.neighbor_graph(sph.datasets.circle(100, ambient_dim=5, sigma=0.1))
    found = umap_loss(A, sph.datasets.circle(100, ambient_dim=2, sigma=0.0))
    assert found.targets.nnz == A.nnz
    assert (found.targets - found.targets.T).nnz == 0
    assert found.targets.data.min() > 0
    assert found.targets.data.max() < 1


def test_points_far_apart_are_better_by_the_published_loss_and_worse_by_the_true_one():
    A = sph.neighbor_graph(sph.datasets.circle(600, ambient_dim=2, sigma=0.0), 5)
    ring = 4 * sph.datasets.circle(600, ambient_dim=2, sigma=0.0)
    here, apart = umap_loss(A, ring), umap_loss(A, 1e6 * ring)
    assert here.published > apart.published
    assert here.true < apart.true


def test_edges_that_are_never_drawn_can_be_left_out():
    A = sp.csr_array(np.array([[0, 1, 0.005], [1, 0, 1], [0.005, 1, 0]]))
    Y = np.array([[0.0], [1.0], [3.0]])
    assert umap_loss(A, Y).dropped == 0
    found = umap_loss(A, Y, n_epochs=100)
    without = sp.csr_array(np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]))
    assert (found.dropped, found.true) == (1, umap_loss(without, Y).true)
    assert A.nnz == 6


def test_points_on_top_of_each_other_have_a_finite_loss_and_no_direction():
    A = sp.csr_array(np.ones((4, 4)) - np.eye(4))
    found = umap_loss(A, np.zeros((4, 2)))
    assert np.isfinite([found.published, found.true]).all()
    np.testing.assert_array_equal(found.update, 0)


@pytest.mark.filterwarnings("ignore::ImportWarning")
@pytest.mark.parametrize(("min_dist", "spread"), [(0.1, 1.0), (0.0, 1.0), (0.5, 2.0), (0.99, 1.0)])
def test_the_curve_is_that_of_umap_learn(min_dist, spread):
    umap_ = pytest.importorskip("umap.umap_")
    np.testing.assert_allclose(curve(None, None, min_dist, spread), umap_.find_ab_params(spread, min_dist), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"a": 1.0}, "UMAP's curve needs a and b both. Pass the other too, or neither."),
        ({"a": 0.0, "b": 1.0}, "a must be a finite number above 0, not 0.0."),
        ({"spread": 0.0}, "spread must be a finite number above 0, not 0.0."),
        ({"min_dist": 2.0}, "min_dist must be between 0 and 1, not 2.0."),
        ({"n_negatives": 0}, "n_negatives must be a whole number of at least 1, not 0."),
    ],
)
def test_bad_arguments(arguments, sentence):
    A = sp.csr_array(np.ones((3, 3)) - np.eye(3))
    with pytest.raises(sph.InputError) as error:
        umap_loss(A, np.arange(3.0)[:, None], **arguments)
    assert str(error.value) == sentence


def test_a_graph_and_a_layout_of_different_points():
    A = sp.csr_array(np.ones((3, 3)) - np.eye(3))
    with pytest.raises(sph.InputError) as error:
        umap_loss(A, np.zeros((4, 2)))
    assert str(error.value) == "the graph has 3 vertices, but Y has 4 rows. Pass the layout of these vertices."
    with pytest.raises(sph.InputError) as error:
        umap_loss(sp.csr_array((3, 3)), np.zeros((3, 2)))
    assert str(error.value) == "the graph has no edge, so there is no loss. Pass a graph with edges."
