"""Starts: eigenvectors, components side by side, principal components, random, and given."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import spectral_ph as sph
from spectral_ph.embedding.start import spectral_layout, starting_layout

X = load_digits().data[:200:2]
A = sph.neighbor_graph(X)


def ring(n):
    B, i = np.zeros((n, n)), np.arange(n)
    B[i, (i + 1) % n] = B[(i + 1) % n, i] = 1
    return sp.csr_array(B)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_columns_are_eigenvectors_of_the_walk_that_are_not_constant(d):
    Y = spectral_layout(A, d)
    walk = A.toarray() / A.sum(axis=1)[:, None]
    mu = sph.spectrum(A, d + 1).values[1:]
    np.testing.assert_allclose(walk @ Y, Y * (1 - mu), atol=1e-12)
    np.testing.assert_allclose(A.sum(axis=1) @ Y, 0, atol=1e-10)


def test_a_ring_starts_as_a_circle():
    radius = np.linalg.norm(spectral_layout(ring(40), 2), axis=1)
    np.testing.assert_allclose(radius, radius[0])


@pytest.mark.parametrize("init", ["spectral", "pca", "random"])
def test_first_column_has_the_spread_and_all_are_centred(init):
    Y, facts = starting_layout(A, init, 2, points=X, spread=1e-4)
    assert Y[:, 0].std() == pytest.approx(1e-4)
    np.testing.assert_allclose(Y.mean(axis=0), 0, atol=1e-18)
    assert facts == {"init": init}


def test_principal_components_are_those_of_scikit_learn_up_to_sign_and_scale():
    Y = starting_layout(A, "pca", 3, points=X)[0]
    Z = PCA(3, svd_solver="full").fit_transform(X)
    for c in range(3):
        assert abs(np.corrcoef(Y[:, c], Z[:, c])[0, 1]) > 1 - 1e-12


def test_random_starts_follow_the_seed():
    starts = [starting_layout(A, "random", 2, random_state=seed)[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(starts[0], starts[1])
    assert (starts[0] != starts[2]).any()


def test_an_array_is_taken_as_it_is_and_copied():
    given = np.random.default_rng(0).standard_normal((100, 2)) + 7
    Y, facts = starting_layout(A, given, 2, spread=1e-4)
    np.testing.assert_array_equal(Y, given)
    assert not np.shares_memory(Y, given)
    assert facts == {"init": "array"}


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(30, 12), (9, 9, 9), (20, 5, 2, 1, 1), (1, 1, 1), (2, 2)])
def test_components_lie_side_by_side_and_are_laid_out_each_by_itself(sizes, d):
    blocks = [ring(s) if s > 2 else sp.csr_array(np.ones((s, s)) - np.eye(s)) for s in sizes]
    B = sp.csr_array(sp.block_diag(blocks))
    Y, facts = starting_layout(B, "spectral", d)
    assert facts["component_sizes"] == list(sizes)
    ends = np.cumsum(sizes)
    boxes = [(Y[e - s : e].min(axis=0), Y[e - s : e].max(axis=0)) for s, e in zip(sizes, ends, strict=True)]
    for a, (low, high) in enumerate(boxes):
        for below, above in boxes[:a]:
            assert ((high < below) | (above < low)).any()
    for s, e, block in zip(sizes, ends, blocks, strict=True):
        part = Y[e - s : e] - Y[e - s : e].mean(axis=0)
        if s > 3:
            alone = starting_layout(block, "spectral", d)[0]
            np.testing.assert_allclose(part / part[:, 0].std(), alone, atol=1e-8)


def test_a_component_is_as_large_as_its_number_of_points():
    B = sp.csr_array(sp.block_diag([ring(80), ring(20)]))
    Y = starting_layout(B, "spectral", 2)[0]
    large, small = np.ptp(Y[:80], axis=0).max(), np.ptp(Y[80:], axis=0).max()
    assert large == pytest.approx(2 * small, rel=1e-6)


@pytest.mark.parametrize(
    ("init", "sentence"),
    [
        ("spectra", "init='spectra' is not a known start; did you mean 'spectral'? Known are: spectral, pca, random."),
        ("pca", "init='pca' is for points, not for a graph or distances. Pass init='spectral'."),
        (np.ones((3, 2)), "init must be of shape (100, 2) (n points, n_components), not (3, 2). Pass such an array, or one of: spectral, pca, random."),
    ],
)  # fmt: skip
def test_refused(init, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        starting_layout(A, init, 2)
