"""Implicit distances: what they are exactly, what is proven of them, what is measured, what is refused."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph._implicit import ImplicitDistances
from spectral_ph.distances import _implicit, decay, implicit
from spectral_ph.distances.implicit import diffusion_implicit, eff_res_implicit
from spectral_ph.distances.lookup import matrix, pairs, restrict, rows
from spectral_ph.homology import rips_persistence
from tests.naive import diffusion_by_definition
from tests.strategies import point_sets

seeds = st.integers(0, 2**32 - 1)


def noisy_circle(n, sigma=0.25, ambient_dim=50):
    return sph.neighbor_graph(sph.datasets.circle(n, ambient_dim=ambient_dim, sigma=sigma), 15)


def weighted_with_self_loops(n=200):
    rng = np.random.default_rng(1)
    A = sph.neighbor_graph(rng.standard_normal((n, 4)), 8, weighted=True)
    return sp.csr_array(A + sp.diags_array(rng.uniform(0, 3, n)))


GRAPHS = {"circle": lambda: noisy_circle(300), "weighted, self-loops": weighted_with_self_loops}


def remainder(A, m, t=0, steps=1):
    """Return K of diffusion, or without t of the resistance, from all eigenpairs: the definition."""
    S = sph.spectrum(A, solver="dense")
    weights = decay.diffusion(S.values, t, S.volume) if t else np.zeros(len(S.values))
    if not t:
        weights[1:] = decay.corrected_resistance(S.values[1:], steps)
    F = (S.vectors * weights / np.sqrt(S.degrees)[:, None])[:, m:]
    return F @ F.T


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("name", GRAPHS)
def test_with_all_eigenpairs_nothing_is_left_to_estimate(name, steps):
    A = GRAPHS[name]()
    J = eff_res_implicit(A, n_components=None, steps=steps)
    D = sph.distance_matrix(graph=A, steps=steps)
    np.testing.assert_allclose(matrix(J), D, rtol=1e-9, atol=1e-12 * D.max())
    assert not J.offset.any()
    assert J.correction is None
    assert J.facts["complete"]
    assert J.facts["bound"] == 0
    root = matrix(eff_res_implicit(A, n_components=None, steps=steps, sqrt=True))
    np.testing.assert_allclose(root**2, D, rtol=1e-9, atol=1e-12 * D.max())


@pytest.mark.parametrize("t", [1, 2, 5])
def test_diffusion_with_all_eigenpairs(t):
    A = noisy_circle(200)
    J = diffusion_implicit(A, t=t, n_components=None)
    np.testing.assert_allclose(matrix(J), diffusion_by_definition(A.toarray(), t), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("m", [3, 40, 199])
@pytest.mark.parametrize("name", GRAPHS)
def test_offsets_and_corrections_are_within_their_proven_errors(name, m, steps):
    A = GRAPHS[name]()
    J = eff_res_implicit(A, n_components=m, steps=steps)
    K = remainder(A, m, steps=steps)
    tolerance = 1e-11 * np.diag(K).max() + 1e-12 / A.sum(axis=1).min()
    assert np.abs(J.offset - np.diag(K)).max() <= J.facts["offset_error"] + tolerance
    error = np.abs(matrix(J) - sph.distance_matrix(graph=A, steps=steps))
    if J.correction is not None:
        i, j = J.correction.nonzero()
        assert error[i, j].max() <= J.facts["correction_error"] + tolerance
    assert error.max() <= J.facts["bound"] + tolerance


def test_every_edge_and_the_strongest_pairs_of_two_hops_are_corrected():
    A = noisy_circle(500)
    J = eff_res_implicit(A, n_components=50, steps=1)
    corrected = J.correction.toarray() != 0
    assert (corrected == corrected.T).all()
    assert corrected[A.toarray() > 0].all()
    assert J.facts["corrected_edges"] == A.nnz // 2
    assert J.facts["corrected_two_hops"] == (J.correction.nnz - A.nnz) // 2
    d = np.asarray(A.sum(axis=1)).ravel()
    B = A.toarray() / np.sqrt(np.outer(d, d))
    strength = (B @ B) / np.sqrt(np.outer(d, d))
    np.fill_diagonal(strength, 0)
    beyond = (A.toarray() == 0) & (strength > 0)
    assert strength[beyond & corrected].min() >= strength[beyond & ~corrected].max() * (1 - 1e-12)
    per_point = 2 * J.facts["corrected_two_hops"] / 500
    assert implicit.CORRECTIONS_A_POINT / 2 < per_point < 2 * implicit.CORRECTIONS_A_POINT


def test_the_measured_error_is_the_error():
    """Against the exact matrix, on the whole rows that were sampled: n is small enough to sample all of them."""
    A = noisy_circle(60, ambient_dim=5)
    J = eff_res_implicit(A, n_components=10, steps=1)
    exact = sph.distance_matrix(graph=A, steps=1)
    error = matrix(J) - exact
    off = ~np.eye(60, dtype=bool)
    said = J.facts["error"]
    assert said["points"] == 60
    assert said["all"]["pairs"] == 60 * 59
    assert said["all"]["max"] == pytest.approx(np.abs(error).max(), rel=1e-7)
    assert said["all"]["mean"] == pytest.approx(error[off].mean(), rel=1e-6)
    assert said["edges"]["pairs"] == A.nnz
    assert said["edges"]["max"] == pytest.approx(np.abs(error[A.nonzero()]).max(), rel=1e-6)
    assert said["near"]["pairs"] == 60 * implicit.NEAR
    assert said["median"] == pytest.approx(np.median(exact[off]), rel=1e-9)
    assert said["residual"] < 1e-10


def test_a_sample_of_64_points_sees_the_size_of_the_error():
    A = noisy_circle(500)
    D = sph.distance_matrix(graph=A, steps=1)
    for root in (False, True):
        J = eff_res_implicit(A, steps=1, sqrt=root)
        error = np.abs(matrix(J) - (np.sqrt(D) if root else D))
        said = J.facts["error"]
        assert said["points"] == 64
        assert 0.5 * error.max() <= said["all"]["max"] <= error.max() * (1 + 1e-6) + 2 * J.facts["offset_error"]
        assert abs(said["all"]["mean"]) < 0.01 * said["median"]
        assert said["edges"]["max"] < 0.01 * said["median"]


@pytest.mark.parametrize("steps", [1, 4])
def test_top_loop_of_the_noisy_circle(steps):
    A = noisy_circle(1000)
    D = sph.distance_matrix(graph=A, steps=steps)
    J = eff_res_implicit(A, steps=steps)
    exact, given_ = rips_persistence(D)[1], rips_persistence(matrix(J))[1]
    np.testing.assert_allclose(given_[0], exact[0], rtol=0.1)
    assert sph.diagram_distance(exact, given_) <= np.abs(matrix(J) - D).max() * (1 + 1e-12)
    assert sph.diagram_distance(exact, given_) <= J.facts["error"]["all"]["max"]


@pytest.mark.parametrize("t", [1, 2, 3, 8])
def test_diffusion_offsets(t):
    A = noisy_circle(400, ambient_dim=10)
    J = diffusion_implicit(A, t=t, n_components=20)
    kappa = np.diag(remainder(A, 20, t))
    assert np.abs(J.offset - kappa).max() <= J.facts["offset_error"] + 1e-12 * kappa.max()
    exact = sph.distance_matrix(graph=A, distance="diffusion", t=t)
    squared = np.abs(matrix(J) ** 2 - exact**2)
    assert squared.max() <= J.facts["bound"] * (1 + 1e-9)
    assert J.facts["error"]["all"]["max"] <= np.abs(matrix(J) - exact).max() * (1 + 1e-6) + 1e-9
    if t <= 2:
        assert J.facts["offset_error"] <= 1e-12 * kappa.max()
        assert squared[J.correction.nonzero()].max() <= 1e-9 * exact.max() ** 2


def test_steps_make_what_is_cut_off_small():
    """The rest counts with (1 - mu)^(2 steps): proven and measured errors fall with every step."""
    A = noisy_circle(500)
    facts = [eff_res_implicit(A, n_components=50, steps=s).facts for s in (1, 2, 4)]
    bounds = [f["bound"] / f["error"]["median"] for f in facts]
    errors = [f["error"]["all"]["max"] / f["error"]["median"] for f in facts]
    assert bounds == sorted(bounds, reverse=True)
    assert errors == sorted(errors, reverse=True)
    assert bounds[2] < 0.2 * bounds[0]


@pytest.mark.parametrize("steps", [20, 100])
def test_many_steps_leave_nothing_to_estimate(steps):
    """What is cut off falls with the steps, and rounding along the known eigenvectors is taken off with it."""
    facts = eff_res_implicit(noisy_circle(500), n_components=50, steps=steps).facts
    assert facts["error"]["residual"] < 1e-8
    assert facts["error"]["all"]["max"] <= 1e-9 * facts["error"]["median"]


def test_the_plain_resistance_has_no_truncated_form():
    sentence = (
        "the truncated form is of the corrected resistance, so steps must be at least 1, not 0. Raise it, or pass "
        "method='exact'."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        eff_res_implicit(noisy_circle(100), steps=0)


def test_after_many_steps_diffusion_needs_no_corrections():
    J = diffusion_implicit(noisy_circle(400, ambient_dim=10), t=20, n_components=100)
    assert J.correction is None
    assert J.facts["bound"] <= 1e-5 * J.facts["error"]["median"] ** 2


@given(seeds, st.booleans(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_pair_has_the_same_bits_however_it_is_asked_for(seed, root, corrected):
    rng = np.random.default_rng(seed)
    n, c = rng.integers(2, 150), rng.integers(1, 8)
    correction = None
    if corrected:
        upper = np.triu(rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.2), 1)
        correction = sp.csr_array(upper + upper.T)
    J = ImplicitDistances(rng.normal(size=(n, c)), rng.random(n), correction, root)
    D = matrix(J)
    assert (D == D.T).all()
    assert not np.diag(D).any()
    assert (D >= 0).all()
    order = rng.permutation(n)
    assert (rows(J, order) == D[order]).all()
    i, j = rng.integers(n, size=(2, 200))
    assert (pairs(J, i, j) == D[i, j]).all()
    assert (pairs(J, j, i) == D[i, j]).all()
    assert (matrix(restrict(J, order)) == D[np.ix_(order, order)]).all()
    gap = J.coordinates[:, None] - J.coordinates
    squared = (gap**2).sum(axis=2) + J.offset[:, None] + J.offset - (0 if correction is None else correction.toarray())
    np.fill_diagonal(squared, 0)
    naive = np.maximum(squared, 0)
    np.testing.assert_allclose(D**2 if root else D, naive, rtol=1e-12, atol=1e-12)


@given(point_sets(least=12, most=40), st.integers(2, 30))
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore:the graph has")
def test_bounds_hold_on_any_graph(X, m):
    """Bipartite, complete, tiny and disconnected parts, duplicates: measures with few atoms are among these."""
    A = sph.neighbor_graph(X, 3)
    parts = sph.spectrum(A).trivial
    m = max(m, len(parts) + 1)
    J = eff_res_implicit(A, steps=1, n_components=m, disconnected="max")
    D = sph.distance_matrix(graph=A, steps=1, disconnected="max")
    labels = sph.spectrum(A).labels
    within = labels[:, None] == labels
    error = np.abs(matrix(J) - D)
    assert error[within].max() <= J.facts["bound"] + 1e-9 * D[within].max()
    assert error[(A.toarray() > 0) & within].max() <= J.facts["correction_error"] + 1e-9 * D[within].max()


@given(seeds, st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_quadrature_encloses_the_integral(seed, atoms):
    rng = np.random.default_rng(seed)
    low, high = -rng.random(), rng.random() * 0.99
    x = rng.uniform(low, high, atoms)
    weights = rng.random(atoms) / atoms
    moments = np.array([[(weights * x**k).sum() for k in range(5)]])
    for steps in (1, 2, 4):
        integral = (weights * x ** (2 * steps) / (1 - x)).sum()
        ends = np.empty((1, 2))
        _implicit.offset_bounds(moments, _implicit.Integral(low, high, steps, True), ends)
        assert ends[0, 0] <= integral * (1 + 1e-8) + 1e-10
        assert ends[0, 1] >= integral * (1 - 1e-8) - 1e-10
        if atoms <= 2 and steps == 1:
            np.testing.assert_allclose(ends[0], integral, rtol=1e-6, atol=1e-8)


def apart():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((150, 3))
    X[90:] += 50
    return sph.neighbor_graph(X, 8)


def test_disconnected_resistance():
    A = apart()
    with pytest.raises(
        sph.InputError,
        match=re.escape(
            "the graph has 2 connected components (sizes 90, 60), so effective resistance between them is infinite. Raise n_neighbors, "
            "or pass disconnected='max'."
        ),
    ):
        eff_res_implicit(A)
    with pytest.warns(
        sph.SpectralWarning,
        match=re.escape(
            "the graph has 2 connected components (sizes 90, 60). Effective resistance between them was set to a bound of "
            "twice the largest within one."
        ),
    ):
        J = eff_res_implicit(A, steps=1, n_components=60, disconnected="max")
    D = matrix(J)
    for part in (slice(0, 90), slice(90, 150)):
        exact = sph.distance_matrix(graph=A[part][:, part], steps=1)
        assert np.abs(D[part, part] - exact).max() <= J.facts["bound"]
        assert D[:90, 90:].min() >= 2 * D[part, part].max()
    assert J.facts["component_sizes"] == [90, 60]


def test_disconnected_diffusion():
    A = apart()
    for m in (60, None):
        J = diffusion_implicit(A, t=4, n_components=m)
        error = np.abs(matrix(J) ** 2 - diffusion_by_definition(A.toarray(), 4) ** 2)
        assert error.max() <= J.facts["bound"] + 1e-9
        if m:
            assert J.facts["error"]["all"]["pairs"] == 64 * 149


def test_the_same_seed_gives_the_same_bits():
    A = noisy_circle(300)
    J, again = eff_res_implicit(A, random_state=3), eff_res_implicit(A, random_state=3)
    assert (matrix(J) == matrix(again)).all()
    assert J.facts == again.facts
    assert repr(J) == f"ImplicitDistances(n=300, 99 coordinates, {J.correction.nnz // 2} corrected pairs, squared form)"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda A: eff_res_implicit(A, n_components=1),
            "n_components=1 are only the trivial eigenpairs, one for each connected component, but at least "
            "one more is needed. Pass n_components=2 or more.",
        ),
        (
            lambda A: eff_res_implicit(A, n_components=0),
            "n_components must be a whole number of at least 1, not 0.",
        ),
        (lambda A: eff_res_implicit(A, sqrt="yes"), "sqrt must be True or False, not 'yes'."),
        (lambda A: diffusion_implicit(A, t=2.5), "t must be a whole number of at least 1, not 2.5."),
        (
            lambda A: rows(eff_res_implicit(A), [0, 60]),
            "indices must be whole numbers from 0 to 59, each of a point.",
        ),
        (
            lambda A: pairs(eff_res_implicit(A), [0.5], [1]),
            "i must be whole numbers from 0 to 59, each of a point.",
        ),
        (
            lambda A: pairs(eff_res_implicit(A), [0, 1], [1]),
            "i and j must hold one point each for every pair, not 2 and 1 points. Pass arrays of equal length.",
        ),
        (
            lambda A: restrict(eff_res_implicit(A), [3, 3]),
            "indices must be different points, but some are there twice. Pass numpy.unique(indices).",
        ),
    ],
)
def test_refusals(call, sentence):
    A = noisy_circle(60, ambient_dim=5)
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        call(A)


def test_an_isolated_vertex_is_refused_as_everywhere():
    A = np.ones((4, 4)) - np.eye(4)
    A[3] = A[:, 3] = 0
    for function in (eff_res_implicit, diffusion_implicit):
        with pytest.raises(sph.InputError, match="1 of the 4 vertices have no edge"):
            function(A)
