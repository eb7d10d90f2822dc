"""How lengths of rows slow training down, and what they tell."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn

import spectral_ph as sph
from benchmarks.neural_norms import class_contrasted, sphere_data
from spectral_ph.nn import GradScale, cut_initialize, norm_report, norm_weights
from spectral_ph.nn.networks import built, perceptron, torch_generator

STEPS = (96, 385, 869, 1547)
"""At norms 1 to 4, as printed by the reference code of Draganov, Vadgama, Damrich et al., 2025."""


def steps_to_agree(norm, p, n=500, d=20, lr=10.0, seed=0):
    """Return how many steps of gradient descent on the mean cosine bring pairs of rows to a cosine of .999; norms never fall."""
    generator = torch.Generator().manual_seed(seed)
    A, B = (
        nn.functional.normalize(torch.randn(n, d, generator=generator, dtype=torch.float64), dim=1) * norm
        for _ in range(2)
    )
    A.requires_grad_(), B.requires_grad_()
    scale = GradScale(p)
    before = torch.full((2 * n,), norm, dtype=torch.float64)
    for step in range(2000):
        cosine = nn.functional.cosine_similarity(scale(A), scale(B), dim=1).mean()
        if cosine > 0.999:
            return step
        a, b = torch.autograd.grad(-cosine, (A, B))
        with torch.no_grad():
            A -= lr * a
            B -= lr * b
            now = torch.cat([A, B]).norm(dim=1)
            assert (now >= before * (1 - 1e-12)).all()
            before = now
    raise AssertionError("not in 2,000 steps")


def test_steps_at_power_0_are_those_of_the_reference():
    found = [steps_to_agree(norm, 0) for norm in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, STEPS, rtol=0.03)
    assert np.polyfit(np.log([1, 2, 3, 4]), np.log(found), 1)[0] == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("p", [1, 2])
def test_steps_grow_as_the_norm_to_the_power_2_less_p(p):
    found = [steps_to_agree(norm, p) for norm in (1, 2, 3, 4)]
    assert np.polyfit(np.log([1, 2, 3, 4]), np.log(found), 1)[0] == pytest.approx(2 - p, abs=0.05)


def test_grad_scale_changes_no_value():
    Z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    for p in (0, 1, 2, -1):
        np.testing.assert_allclose(GradScale(p)(Z), Z, rtol=1e-6)


@pytest.mark.parametrize("p", [-10, -1, 0, 1, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_grad_scale_changes_no_value_of_rows_of_any_length_and_its_gradients_are_numbers(p, dtype):
    """A power of a length that is 0, tiny or huge is infinite or more than a number can hold."""
    lengths = torch.tensor([0.0, 1e-30, 1e-6, 1.0, 1e6, 1e15], dtype=dtype)
    Z = (lengths[:, None] * torch.tensor([[0.6, 0.8]], dtype=dtype)).requires_grad_()
    rows = GradScale(p)(Z)
    assert torch.equal(rows, Z)
    rows.sum().backward()
    assert not Z.grad.isnan().any()
    assert torch.equal(Z.grad[0], torch.full((2,), float(p == 0), dtype=dtype))
    np.testing.assert_allclose(Z.grad[3], 1.0, rtol=1e-6)


def test_classes_are_the_same_however_labels_are_written():
    rng = np.random.default_rng(0)
    Z, kind = rng.standard_normal((60, 3)), rng.integers(0, 3, 60)
    numbers, text, mixed = (
        norm_report(Z, Z, labels) for labels in (kind, kind.astype(str), np.array([0, "1", 2.5], dtype=object)[kind])
    )
    assert numbers.class_norms == text.class_norms == mixed.class_norms
    assert numbers.accuracy == text.accuracy


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_cut_net_without_biases_shrinks_by_the_power_of_its_layers(layers):
    def make():
        return perceptron([6] + [20] * (layers - 1) + [4], "relu", bias=False)

    X = torch.randn(10, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole, cut = (built(make, torch_generator(0)).double() for _ in range(2))
    assert cut_initialize(cut, 3) is cut
    np.testing.assert_allclose((whole(X) / cut(X)).detach(), 3.0**layers, rtol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_norms_are_small_where_the_embedding_is_sparse_and_wrong(seed):
    _, labels, seen = sphere_data(seed)
    _, Z = class_contrasted(seen, labels, seed)
    report = norm_report(Z, Z / np.linalg.norm(Z, axis=1, keepdims=True), labels)
    assert report.spearman < -0.6
    assert report.accuracy[-1] > report.accuracy[0]
    assert len(report.class_norms) == len(report.accuracy) == 4


def test_weights_by_equal_norms_are_half_the_distances():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    D = sph.distance_matrix(X, "euclidean")
    np.testing.assert_array_equal(norm_weights(np.eye(30), D), D / 2)
    np.testing.assert_array_equal(norm_weights(X, D, strength=0.0), D / 2)


def test_no_edge_comes_before_its_ends_and_short_rows_come_last():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((40, 3))
    D = sph.distance_matrix(Z, "euclidean")
    E = norm_weights(Z, D, strength=1.0)
    np.testing.assert_array_equal(E, E.T)
    late = E - D / 2 + np.diag(np.full(40, np.nan))
    mean = np.nanmean(late, axis=1)
    assert mean[np.linalg.norm(Z, axis=1).argmin()] > mean[np.linalg.norm(Z, axis=1).argmax()]
    assert (E >= D / 2).all()


def test_bad_input_gets_a_sentence():
    X = np.random.default_rng(0).standard_normal((20, 2))
    for call, sentence in (
        (lambda: norm_report(X, X[1:]), "X must be of the 20 rows of Z, not of 19."),
        (lambda: norm_report(X, X, np.zeros(3)), "labels must be of the 20 rows of Z, not of 3."),
        (lambda: norm_weights(X, np.zeros((3, 3))), "D must be of the 20 rows of Z, not of 3."),
        (
            lambda: norm_report(X * (np.arange(20) > 0)[:, None], X),
            "1 rows of Z have length 0 (first: 0), so they have no direction. Drop them.",
        ),
        (lambda: cut_initialize(nn.Linear(1, 1), 0), "c must be a finite number above 0, not 0."),
        (lambda: GradScale("1"), "p must be a number, not '1'."),
        (lambda: GradScale(11), "p must be between -10 and 10, not 11."),
        (
            lambda: GradScale(1)(torch.ones(3)),
            "Z must be a (b, d) tensor of floating numbers, not torch.float32 of the shape (3,).",
        ),
        (
            lambda: GradScale(1)(torch.ones(3, 2, dtype=int)),
            "Z must be a (b, d) tensor of floating numbers, not torch.int64 of the shape (3, 2).",
        ),
        (lambda: GradScale(1)(X), "Z must be a (b, d) tensor of floating numbers, not ndarray."),
        (
            lambda: norm_report(X, X, [None, "a"] * 10),
            "labels has no label for 10 rows (first: 0). Name their class, or drop these rows.",
        ),
        (
            lambda: norm_report(X, X, X),
            "labels must be one label for each row of Z, not an array of the shape (20, 2).",
        ),
    ):
        with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
            call()
