"""The engine on implicit distances gives exactly what it gives on their matrix."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph._implicit import ImplicitDistances
from spectral_ph.distances.implicit import eff_res_implicit
from spectral_ph.distances.lookup import matrix
from spectral_ph.homology import rips_implicit
from spectral_ph.homology.rips_h1 import rips_h1
from spectral_ph.homology.rips_implicit import rips_h1_implicit


def implicit(n, c, seed, *, root=False, grid=False, corrected=False):
    rng = np.random.default_rng(seed)
    T = rng.integers(0, 3, (n, c)).astype(float) if grid else rng.standard_normal((n, c))
    offset = rng.integers(0, 2, n) / 4 if grid else rng.uniform(0, 0.5, n)
    correction = None
    if corrected:
        taken = sp.random_array((n, n), density=0.1, rng=rng, data_sampler=lambda size: rng.uniform(0, 0.3, size))
        upper = sp.triu(taken, 1)
        correction = sp.csr_array(upper + upper.T)
        correction.sort_indices()
    return ImplicitDistances(T, offset, correction, root)


def check_same(made, threshold=None, cocycles=False):
    found, expected = (
        rips_h1_implicit(made, threshold, cocycles=cocycles),
        rips_h1(matrix(made), threshold, cocycles=cocycles),
    )
    for name in ("h0", "h1", "birth_edges", "death_triangles"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    if cocycles:
        for a, b in zip(found.cocycles, expected.cocycles, strict=True):
            np.testing.assert_array_equal(np.unique(a, axis=0), np.unique(b, axis=0))
    return found


@settings(max_examples=40)
@given(st.integers(2, 60), st.integers(1, 4), st.integers(0, 2**32 - 1), st.booleans(), st.booleans(), st.booleans())
def test_equals_the_matrix(n, c, seed, root, grid, corrected):
    """Ties (integer grids, offsets of 0 and 1/4) and distances that are no metric (corrections) among them."""
    check_same(implicit(n, c, seed, root=root, grid=grid, corrected=corrected), cocycles=True)


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_equals_the_matrix_under_a_threshold(root, share):
    made = implicit(150, 3, 0, root=root, corrected=True)
    found = check_same(made, float(np.quantile(matrix(made), share)))
    assert np.isinf(found.h0[:, 1]).any()


def test_equals_the_matrix_over_several_blocks(monkeypatch):
    monkeypatch.setattr(rips_implicit, "BLOCK", 32)
    check_same(implicit(333, 5, 1, corrected=True))


def test_far_from_the_origin():
    """The matrix products lose most digits there; then they decide less, and nothing wrongly."""
    made = implicit(120, 3, 2)
    check_same(ImplicitDistances(made.coordinates + 1e6, made.offset))


def test_fewest_points():
    for n in (1, 2, 3):
        found = rips_h1_implicit(ImplicitDistances(np.arange(float(n))[:, None], np.zeros(n)))
        assert len(found.h0) == n
        assert len(found.h1) == 0


def test_the_noisy_circle_keeps_its_loop():
    X = sph.datasets.circle(600, ambient_dim=50, sigma=0.2)
    A = sph.neighbor_graph(X)
    found = check_same(eff_res_implicit(A, steps=1))
    birth, death = sph.persistence(graph=A, steps=1)[1][0]
    np.testing.assert_allclose(found.h1[0], [birth, death], rtol=0.1)
