"""Eigenpairs of L_sym: known spectra, all solvers alike, components kept apart, signs fixed."""

import re

import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph.spectrum import degrees, laplacian, normalized_adjacency
from tests.known import complete_graph, cycle_graph, star_graph


def two_clusters(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4))
    X[: n // 4] += 100
    return sph.neighbor_graph(X, 8)


def test_spectrum_of_the_cycle_is_one_minus_cosines():
    n = 12
    values = np.sort(1 - np.cos(2 * np.pi * np.arange(n) / n))
    np.testing.assert_allclose(sph.spectrum(cycle_graph(n)[0]).values, values, atol=1e-14)


def test_spectrum_of_the_complete_graph():
    n = 7
    np.testing.assert_allclose(sph.spectrum(complete_graph(n)[0]).values, [0] + [n / (n - 1)] * (n - 1), atol=1e-14)


def test_spectrum_of_a_bipartite_graph_ends_at_two():
    np.testing.assert_allclose(sph.spectrum(star_graph(5)[0]).values, [0, 1, 1, 1, 1, 2], atol=1e-14)


@pytest.mark.parametrize("solver", ["dense", "lanczos", "lobpcg"])
def test_solvers_agree(solver):
    A = two_clusters()
    m = 12
    S = sph.spectrum(A, m, solver=solver)
    full = sph.spectrum(A, solver="dense")
    assert S.settings["solver"] == solver
    assert S.residual < (1e-6 if solver == "lobpcg" else 1e-12)
    np.testing.assert_allclose(S.values, full.values[:m], atol=1e-10)
    np.testing.assert_allclose(S.vectors.T @ S.vectors, np.eye(m), atol=1e-6 if solver == "lobpcg" else 1e-12)
    overlap = np.abs(np.sum(S.vectors * full.vectors[:, :m], axis=0))
    np.testing.assert_allclose(overlap, 1, atol=1e-6)
    L = laplacian(A)
    np.testing.assert_allclose(L @ S.vectors, S.vectors * S.values, atol=1e-6)


def test_trivial_pairs_are_exact_and_components_do_not_mix():
    A = two_clusters()
    S = sph.spectrum(A, 10)
    d = degrees(A)
    np.testing.assert_array_equal(S.values[:2], 0)
    assert (S.values[2:] > 1e-6).all()
    np.testing.assert_array_equal(S.trivial, [0, 1])
    for column, label in enumerate(S.component):
        np.testing.assert_array_equal(S.vectors[S.labels != label, column], 0)
    for column in S.trivial:
        inside = S.labels == S.component[column]
        np.testing.assert_allclose(S.vectors[inside, column], np.sqrt(d[inside] / d[inside].sum()), rtol=1e-15)


@pytest.mark.parametrize("solver", ["dense", "lanczos", "lobpcg"])
def test_same_seed_same_bits(solver):
    A = two_clusters()
    a, b = (sph.spectrum(A, 8, solver=solver, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(a.vectors, b.vectors)


def test_signs_do_not_depend_on_the_seed():
    A = two_clusters()
    a, b = (sph.spectrum(A, 8, solver="lanczos", random_state=s) for s in (0, 1))
    np.testing.assert_allclose(a.vectors, b.vectors, atol=1e-8)
    largest = np.take_along_axis(a.vectors, np.abs(a.vectors).argmax(axis=0)[None], 0)
    assert (largest > 0).all()


def test_normalized_adjacency_is_symmetric_to_the_last_bit():
    X = np.random.default_rng(1).standard_normal((80, 3))
    S = normalized_adjacency(sph.neighbor_graph(X, 6, weighted=True)).toarray()
    np.testing.assert_array_equal(S, S.T)


def test_laplacians():
    A, _ = star_graph(3)
    dense, d = A.toarray(), degrees(A)
    np.testing.assert_array_equal(laplacian(A, "unnormalized").toarray(), np.diag(d) - dense)
    np.testing.assert_allclose(laplacian(A, "rw").toarray(), np.eye(4) - dense / d[:, None])
    np.testing.assert_allclose(laplacian(A).toarray(), np.eye(4) - dense / np.sqrt(np.outer(d, d)))


@pytest.mark.parametrize(
    ("A", "arguments", "sentence"),
    [
        (
            two_clusters(),
            {"n_components": 1},
            "the graph has 2 connected components (sizes 300, 100), each with an eigenvalue 0, so "
            "n_components must be at least 2, not 1. Raise it, or raise n_neighbors until the graph is "
            "connected.",
        ),
        (
            two_clusters(),
            {"n_components": 500},
            "n_components=500 is more than the 400 eigenpairs there are. Pass 400 or fewer, or None.",
        ),
        (
            sp.csr_array((3, 3)),
            {},
            "3 of the 3 vertices have no edge (first: 0), so no walk reaches them. Drop them from the graph, or join "
            "them where it is made, by a larger n_neighbors or mode='union'.",
        ),
        (
            sp.csr_array(np.array([[0, 1.0], [2.0, 0]])),
            {},
            "the graph is not symmetric: weights differ by up to 1 from their mirror image. Pass "
            "A.maximum(A.T) for the union of both directions or A.minimum(A.T) for the mutual edges.",
        ),
        (
            sp.csr_array(np.array([[0, -1.0], [-1.0, 0]])),
            {},
            "the graph has negative weights (smallest -1). Weights are conductances, w > 0.",
        ),
        (
            np.ones((2, 3)),
            {},
            "the graph must be square, not of shape (2, 3). Pass an (n, n) adjacency matrix.",
        ),
        (
            np.array([[0, np.nan], [np.nan, 0]]),
            {},
            "the graph contains NaN or infinity among its weights. Weights are conductances, 0 < w < infinity.",
        ),
        (
            star_graph(5)[0],
            {"n_components": 2, "solver": "lobpcg"},
            (
                "solver='lobpcg' needs more than 5 n_components vertices, but the graph has 6 and n_components=2 "
                "was asked for. Pass solver='dense'."
            ),
        ),
        (
            "a graph",
            {},
            "the graph must be a scipy sparse (n, n) matrix or an array, not str.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(A, arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.spectrum(A, **arguments)


def test_a_graph_that_hangs_by_a_thread_has_orthonormal_eigenvectors():
    """Two cliques joined by 1e-15: the numerical null space mixes the trivial eigenvector with the next."""
    A = np.kron(np.eye(2), np.ones((6, 6)) - np.eye(6))
    A[0, 6] = A[6, 0] = 1e-15
    S = sph.spectrum(A)
    np.testing.assert_allclose(S.vectors.T @ S.vectors, np.eye(12), atol=1e-12)
    assert (S.values >= 0).all()
    sentence = "the graph hangs together so weakly (second eigenvalue "
    for arguments in ({"distance": "eff_res", "solver": "spectral"}, {"distance": "dpt"}):
        with pytest.raises(sph.InputError, match="^" + re.escape(sentence)):
            sph.distance_matrix(graph=A, **arguments)
    a, b = (sph.distance_matrix(graph=A, distance="diffusion", t=2, solver=m) for m in ("power", "spectral"))
    np.testing.assert_allclose(a, b, atol=1e-7)


def test_the_users_matrix_is_left_alone():
    A = sp.csr_array((np.ones(4), np.array([1, 0, 2, 1]), np.array([0, 1, 3, 4])), shape=(3, 3))
    A.data[2] = 0.0
    before = A.copy()
    with pytest.raises(sph.InputError):
        sph.spectrum(A)
    assert A.nnz == before.nnz
    np.testing.assert_array_equal(A.indices, before.indices)


def test_repr_is_one_line():
    assert re.fullmatch(
        r"Spectrum\(n=400, 5 eigenpairs, 2 components, dense, residual \d\.\de-\d\d\)",
        repr(sph.spectrum(two_clusters(), 5)),
    )
