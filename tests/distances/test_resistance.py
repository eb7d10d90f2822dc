"""Effective resistance: theorems, four ways to compute it, what is left out, what is refused."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

import spectral_ph as sph
from spectral_ph.distances.resistance import solve_pair
from spectral_ph.spectrum import degrees, laplacian
from tests.known import RESISTANCES
from tests.naive import resistance_after_steps, resistance_by_pseudo_inverse
from tests.strategies import point_sets


@pytest.mark.parametrize("solver", ["exact", "spectral"])
@pytest.mark.parametrize("name", RESISTANCES)
def test_theorems(name, solver):
    A, R = RESISTANCES[name]
    np.testing.assert_allclose(sph.distance_matrix(graph=A, corrected=False, solver=solver), R, rtol=1e-13, atol=1e-14)


def test_series_and_parallel_conductances():
    """Conductances 2 and 3 in series: 1/2 + 1/3; a second path of conductance 1 beside them: 1 / (6/5 + 1)."""
    A = np.array([[0, 2.0, 1.0], [2.0, 0, 3.0], [1.0, 3.0, 0]])
    R = sph.distance_matrix(graph=A, corrected=False)
    assert R[0, 2] == pytest.approx(1 / (6 / 5 + 1), rel=1e-14)


def inputs():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 4))
    duplicated = X.copy()
    duplicated[100:130] = X[:30]
    apart = X.copy()
    apart[150:] += 50
    looped = sph.neighbor_graph(X, 6) + sp.diags_array(rng.uniform(0, 3, 200))
    return {
        "connected": sph.neighbor_graph(X, 8),
        "weighted": sph.neighbor_graph(X, 8, weighted=True),
        "duplicated": sph.neighbor_graph(duplicated, 8),
        "disconnected": sph.neighbor_graph(apart, 8),
        "disconnected, weighted": sph.neighbor_graph(apart, 8, weighted=True),
        "self-loops": sp.csr_array(looped),
    }


@pytest.mark.parametrize("steps", [1, 0])
@pytest.mark.parametrize("name", inputs())
@pytest.mark.filterwarnings("ignore:the graph has 2 connected components")
def test_cholesky_spectrum_and_pseudo_inverse_agree(name, steps):
    A = inputs()[name]
    expected = resistance_by_pseudo_inverse(A.toarray(), corrected=steps == 1)
    off = ~np.eye(len(expected), dtype=bool)
    for solver in ("exact", "spectral"):
        D = sph.distance_matrix(graph=A, steps=steps, solver=solver, disconnected="max")
        assert np.abs(D / np.where(off, expected, 1) - 1)[off].max() < 1e-12


@pytest.mark.parametrize("steps", [2, 3, 4, 8])
@pytest.mark.parametrize("name", inputs())
@pytest.mark.filterwarnings("ignore:the graph has 2 connected components")
def test_steps_by_cholesky_by_the_spectrum_and_by_definition(name, steps):
    """Slow twin: the pseudo-inverse between the rows of a power of the transition matrix."""
    A = inputs()[name]
    expected = resistance_after_steps(A.toarray(), steps)
    for solver in ("exact", "spectral"):
        D = sph.distance_matrix(graph=A, steps=steps, solver=solver, disconnected="max")
        np.testing.assert_allclose(D, expected, rtol=1e-8, atol=1e-12 * expected.max())
        np.testing.assert_array_equal(D, D.T)
        np.testing.assert_array_equal(np.diagonal(D), 0)


def test_a_step_takes_one_diffusion_distance_off():
    """R^(s) - R^(s+1) = d_s^2 / vol + the odd term between them, so that the sum begins two terms later."""
    A = inputs()["connected"]
    d = degrees(A)
    S = sph.spectrum(A)
    E = S.vectors / np.sqrt(d)[:, None]
    squares = (E[:, None] - E[None]) ** 2
    for steps in (0, 1, 2, 5):
        gap = sph.distance_matrix(graph=A, steps=steps) - sph.distance_matrix(graph=A, steps=steps + 1)
        terms = squares @ ((1 - S.values) ** (2 * steps) + (1 - S.values) ** (2 * steps + 1))
        np.testing.assert_allclose(gap, terms, rtol=1e-9, atol=1e-13)


def test_on_the_complete_graph_a_step_is_a_factor():
    """All non-trivial eigenvalues are n / (n - 1), so every step multiplies by (1 / (n - 1))^2; the plain one is 2 / n."""
    for n, most in ((7, 8), (200, 4)):
        A = np.ones((n, n)) - np.eye(n)
        for steps in range(most + 1):
            R = sph.distance_matrix(graph=A, steps=steps)
            np.testing.assert_allclose(R[~np.eye(n, dtype=bool)], 2 / n / (n - 1.0) ** (2 * steps), rtol=1e-9)


def test_steps_keep_their_digits_on_dense_graphs():
    """Distances fall to 1e-12 of the resistances there, and rounding with them: a row tends to a constant, which is taken off."""
    X = sph.datasets.circle(200, ambient_dim=20, sigma=0.1)
    A = sph.neighbor_graph(X, 150)
    exact, spectral = (sph.distance_matrix(graph=A, steps=4, solver=m) for m in ("exact", "spectral"))
    assert exact.max() < 1e-6 * sph.distance_matrix(graph=A, steps=0).max()
    np.testing.assert_allclose(exact, spectral, rtol=1e-4, atol=1e-12 * spectral.max())


def test_where_rounding_shows_it_is_said():
    """Two clusters that hang together by a thread: within one the distances are 1e-13 of those between them."""
    B = sph.neighbor_graph(np.random.default_rng(0).standard_normal((40, 3)), 8).toarray()
    A = np.kron(np.eye(2), B)
    A[0, 40] = A[40, 0] = 1e-9
    with pytest.warns(
        sph.SpectralWarning,
        match=r"^after 4 steps effective resistance is as low as .* for a tenth of the pairs, and rounding is about .*\. Pass "
        r"fewer steps, or solver='spectral'\.$",
    ):
        sph.distance_matrix(graph=A)


def test_corrected_false_is_no_step():
    A = inputs()["weighted"]
    np.testing.assert_array_equal(sph.distance_matrix(graph=A, corrected=False), sph.distance_matrix(graph=A, steps=0))


@given(point_sets())
def test_root_is_a_metric(X):
    """The root of any of these resistances is a Euclidean distance, so it keeps the triangle inequality."""
    A = sph.neighbor_graph(X, 3)
    A = A + sph.neighbor_graph(X, len(X) - 1) * 0.25  # connected, with two sizes of weights
    for steps in (0, 1, 4):
        D = sph.distance_matrix(graph=A, steps=steps, sqrt=True)
        assert (D[:, None] + D[None] - D[..., None]).min() > -1e-7


def test_corrected_is_the_sum_of_squared_diffusion_distances():
    """d_eff = (1/vol) sum over t >= 2 of d_(t/2)^2: the correction takes off the terms of t = 0 and 1."""
    A = sph.neighbor_graph(np.random.default_rng(2).standard_normal((60, 2)), 8)
    d = degrees(A)
    S = sph.spectrum(A)
    E = S.vectors / np.sqrt(d)[:, None]
    squares = (E[:, None] - E[None]) ** 2

    def term(t):  # d_(t/2)^2 / vol, with the sign that odd powers have beyond mu = 1
        return squares @ ((1 - S.values) ** t)

    total = sum(term(t) for t in range(2, 6000))
    np.testing.assert_allclose(sph.distance_matrix(graph=A, steps=1), total, rtol=1e-9, atol=1e-15)
    off = ~np.eye(60, dtype=bool)
    np.testing.assert_allclose(term(0)[off], np.add.outer(1 / d, 1 / d)[off])
    np.testing.assert_allclose(term(1)[off], -2 * (A.toarray() / np.outer(d, d))[off], atol=1e-15)


def test_plain_resistance_tends_to_the_degrees():
    """Why the correction is needed: on a dense graph R_ij is 1/d_i + 1/d_j, whatever the shape."""
    A = sph.neighbor_graph(np.random.default_rng(3).standard_normal((400, 10)), 60)
    d = degrees(A)
    ends = np.add.outer(1 / d, 1 / d)
    R = sph.distance_matrix(graph=A, corrected=False)
    off = ~np.eye(400, dtype=bool)
    assert np.abs(R / ends - 1)[off].mean() < 0.05


def test_root_option():
    A = inputs()["connected"]
    np.testing.assert_array_equal(sph.distance_matrix(graph=A, sqrt=True), np.sqrt(sph.distance_matrix(graph=A)))


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_truncated_error_is_stated_and_true(steps):
    A = inputs()["connected"]
    exact = sph.distance_matrix(graph=A, steps=steps)
    with pytest.warns(
        sph.SpectralWarning, match=r"^eff_res was truncated to 40 of 200 eigenpairs\. On 32 sampled pairs it is"
    ):
        P = sph.persistence(graph=A, solver="spectral", n_components=40, steps=steps)
    with pytest.warns(sph.SpectralWarning):
        D = sph.distance_matrix(graph=A, solver="spectral", n_components=40, steps=steps)
    error = P.settings["distance"]["truncation"]
    gap = exact - D
    assert gap.min() > -1e-12
    assert gap.max() <= error["bound"]
    assert error["sampled_mean"] <= error["sampled_max"] <= gap.max() + 1e-9
    assert error["sampled_mean"] == pytest.approx(gap[np.triu_indices(200, 1)].mean(), rel=0.3)
    assert P.warnings[0].startswith("eff_res was truncated")


def test_sampled_solve_is_exact():
    A = inputs()["weighted"]
    R = resistance_by_pseudo_inverse(A.toarray(), corrected=False)
    L, d = laplacian(A, "unnormalized"), degrees(A)
    for i, j in [(0, 1), (5, 190), (17, 40)]:
        assert solve_pair(L, d, i, j) == pytest.approx(R[i, j], rel=1e-9)


@pytest.mark.filterwarnings("ignore:the graph has 2 connected components")
def test_between_components_is_twice_the_largest_then_corrected():
    A = inputs()["disconnected"]
    R = sph.distance_matrix(graph=A, corrected=False, disconnected="max")
    d, labels = degrees(A), sph.spectrum(A, 2).labels
    apart = labels[:, None] != labels[None]
    assert np.unique(R[apart]).size == 1
    assert R[apart][0] == 2 * R[~apart].max()
    corrected = sph.distance_matrix(graph=A, steps=1, disconnected="max")
    np.testing.assert_allclose(corrected[apart], (R - np.add.outer(1 / d, 1 / d))[apart], rtol=1e-12)
    later = sph.distance_matrix(graph=A, steps=4, disconnected="max")
    assert (later[apart] == 2 * later[~apart].max()).all()


def test_disconnected_is_refused_by_default():
    sentence = (
        "the graph has 2 connected components (sizes 150, 50), so effective resistance between them is "
        "infinite. Raise n_neighbors, or pass disconnected='max'."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(graph=inputs()["disconnected"])


def test_disconnected_max_warns_and_is_reported():
    with pytest.warns(
        sph.SpectralWarning,
        match=r"^the graph has 2 connected components \(sizes 150, 50\)\. Effective resistance between them was set to twice",
    ):
        P = sph.persistence(graph=inputs()["disconnected"], disconnected="max")
    assert P.settings["distance"]["component_sizes"] == [150, 50]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"n_components": 5},
            "n_components is for solver='spectral', not for solver='exact'. Pass solver='spectral', or leave "
            "n_components out.",
        ),
        ({"corrected": 1}, "corrected must be True or False, not 1."),
        ({"steps": -1}, "steps must be a whole number of at least 0, not -1."),
        (
            {"steps": 1001},
            "steps must be at most 1000, not 1001. After that many only the slowest eigenvectors are left, "
            "which distance='eigenmaps' gives at once.",
        ),
        (
            {"steps": 2, "corrected": False},
            (
                "corrected=False is the plain resistance, which is steps=0, but steps=2 was passed with it. Leave "
                "one of the two out."
            ),
        ),
        (
            {"disconnected": "maxx"},
            "disconnected='maxx' is not a known treatment of disconnected graphs; did you mean 'max'? Known "
            "are: raise, max.",
        ),
        (
            {"corected": True},
            "distance 'eff_res' has no parameter 'corected'; did you mean 'corrected'? It takes: passes, pass_neighbors, "
            "steps, corrected, sqrt, solver, "
            "n_components, disconnected, random_state.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(graph=inputs()["connected"], **arguments)


def test_conductances_beyond_double_precision_are_refused():
    A = np.diag([1.0, 1e-30, 1.0], 1) + np.diag([1.0, 1e-30, 1.0], -1)
    sentence = (
        "the Laplacian of the graph is singular in double precision, because its conductances span 1e-30 to "
        "1. Pass weighted=False, or drop edges of negligible weight."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(graph=A)


def test_a_large_factorisation_has_one_thread_under_openblas(monkeypatch):
    """With two threads OpenBLAS 0.3.30 ends the process at n = 16,000 on AVX-512."""
    import scipy.linalg
    from threadpoolctl import threadpool_info

    from spectral_ph.distances import resistance

    real, seen = scipy.linalg.lapack.dpotrf, []

    def watched(*arguments, **options):
        seen.append([pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"])
        return real(*arguments, **options)

    A = sph.neighbor_graph(np.random.default_rng(0).standard_normal((60, 3)), 8)
    expected = sph.distance_matrix(graph=A)
    monkeypatch.setattr(scipy.linalg.lapack, "dpotrf", watched)
    monkeypatch.setattr(resistance, "LARGEST_THREADED", 50)
    np.testing.assert_allclose(sph.distance_matrix(graph=A), expected, rtol=1e-12, atol=1e-15)
    assert len(seen) == 1
    assert all(n == 1 for n in seen[0])


def test_several_passes_ask_for_the_matrices_that_they_hold(monkeypatch):
    """Two matrices and the search for neighbours: one matrix would fit here."""
    from spectral_ph import _check

    X = np.random.default_rng(0).standard_normal((60, 2))
    monkeypatch.setattr(_check, "available_memory", lambda: 10 * 60**2)
    sph.distance_matrix(X, "eff_res", n_neighbors=20)
    with pytest.raises(sph.TooLargeError) as error:
        sph.distance_matrix(X, "eff_res", n_neighbors=20, passes=2)
    assert str(error.value) == (
        "effective resistance of 60 points in 2 passes would take about 0.0 GiB of memory, but only 0.0 GiB are available. Use "
        "fewer points, or passes=1."
    )
