"""Critical values: closed forms, the sparse eigensolver against the dense one, and what is refused."""

import re

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph.embedding import critical


def cycle(n):
    A, i = np.zeros((n, n)), np.arange(n)
    A[i, (i + 1) % n] = A[(i + 1) % n, i] = 1
    return A


@pytest.mark.parametrize("n", [3, 10, 61])
def test_a_cycle(n):
    """L_P of a cycle of n edges has the eigenvalues (1 - cos(2 pi k / n)) / n, twice each."""
    c = E.critical_values(cycle(n), 2)
    l = (1 - np.cos(2 * np.pi / n)) / n  # noqa: E741
    np.testing.assert_allclose(c.rho, 1 / ((n - 1) * l), rtol=1e-9)
    np.testing.assert_allclose(c.Z_bar, n / l, rtol=1e-9)
    np.testing.assert_allclose(c.Z_bar, n * (n - 1) * c.rho)


def test_values_do_not_depend_on_the_unit_of_the_weights():
    np.testing.assert_allclose(E.critical_values(cycle(10)).rho, E.critical_values(1e3 * cycle(10)).rho, rtol=1e-9)


def test_components_never_shrink_to_a_point():
    A = np.zeros((9, 9))
    A[:4, :4], A[4:, 4:] = cycle(4), cycle(5)
    c = E.critical_values(A, 3)
    assert np.isinf(c.rho[0])
    assert np.isfinite(c.rho[1:]).all()
    assert [c.growing(rho) for rho in (0.01, 1e9)] == [3, 1]


def test_growing_counts_the_modes_that_grow():
    c = E.critical_values(cycle(10), 4)
    assert [c.growing(f * c.rho[0]) for f in (1.01, 0.99)] == [0, 2]  # eigenvalues are double
    assert c.growing(0.99 * c.rho[2]) == 4


@pytest.mark.parametrize("parts", [1, 2, 6])
def test_the_sparse_solver_equals_the_dense_one(parts, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 3)) + 100 * (np.arange(400) % parts)[:, None]
    A = sph.neighbor_graph(X, 10)
    dense = E.critical_values(A)
    monkeypatch.setattr(critical, "DENSE_LIMIT", 100)
    sparse = E.critical_values(A)
    np.testing.assert_allclose(sparse.rho, dense.rho, rtol=1e-4)
    np.testing.assert_allclose(sparse.largest, dense.largest, rtol=1e-2)


def test_row_normalised_values_are_about_one_over_those_of_the_spectrum():
    from sklearn.datasets import load_digits

    A = sph.neighbor_graph(load_digits().data[:300, ::2])
    P = E.LaplacianEigenmaps(affinity="graph").fit(A).affinities_
    mu = sph.spectrum(A, 5).values[1:]
    np.testing.assert_allclose(E.critical_values(P).rho, 1 / mu, rtol=0.12)


@pytest.mark.parametrize(
    ("A", "count", "sentence"),
    [
        (cycle(4), 4, "n_values=4 is more than the 3 that 4 vertices have. Pass n_values=3 or fewer."),
        (cycle(4), 0, "n_values must be a whole number of at least 1, not 0."),
        (np.zeros((4, 4)), 2, "the graph has no edge, so nothing holds a layout together. Pass one with edges."),
    ],
)
def test_refused(A, count, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        E.critical_values(A, count)
