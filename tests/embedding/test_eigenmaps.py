"""Laplacian eigenmaps: the limit of t-SNE, and what they minimise."""

import numpy as np
import pytest
import scipy.linalg

import spectral_ph as sph
from spectral_ph import embedding as E

X = sph.datasets.circle(150, ambient_dim=10, sigma=0.1)


@pytest.mark.parametrize("affinity", ["perplexity", "knn", "umap", "eff_res", "diffusion"])
def test_no_other_columns_have_a_smaller_sum_of_squares_along_the_affinities(affinity):
    model = E.LaplacianEigenmaps(affinity=affinity).fit(X)
    P, Y = model.affinities_.toarray(), model.embedding_
    D = np.diag(P.sum(axis=1))
    Y = Y - D.sum(axis=0) @ Y / D.sum()  # the layout has its mean at 0, each point counted once
    values = scipy.linalg.eigh(D - P, D, eigvals_only=True)
    quotient = np.einsum("ic,ij,jc->c", Y, D - P, Y) / np.einsum("ic,ij,jc->c", Y, D, Y)
    np.testing.assert_allclose(quotient, values[1:3], rtol=1e-8)
    assert abs(Y[:, 0] @ D @ Y[:, 1]) < 1e-10


def test_the_start_of_tsne_is_the_eigenmap():
    start = E.TSNE(affinity="knn", early_steps=0, n_steps=0).fit_transform(X)
    np.testing.assert_allclose(start / 1e-4, E.LaplacianEigenmaps(affinity="knn").fit_transform(X), rtol=1e-9)


def test_a_circle_in_noise_is_laid_out_as_a_circle():
    Y = E.LaplacianEigenmaps(affinity="eff_res").fit_transform(sph.datasets.circle(300, ambient_dim=10, sigma=0.1))
    radius = np.linalg.norm(Y, axis=1)
    assert radius.min() > 0.5 * radius.mean()
