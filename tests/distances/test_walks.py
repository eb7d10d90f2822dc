"""Diffusion, pseudotime, potential and eigenmaps: definitions, identities, limits."""

import re

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.spectrum import degrees
from tests.naive import diffusion_by_definition
from tests.strategies import point_sets


def graph(seed=0, n=120, weighted=False):
    return sph.neighbor_graph(np.random.default_rng(seed).standard_normal((n, 3)), 7, weighted=weighted)


def apart():
    X = np.random.default_rng(1).standard_normal((90, 3))
    X[60:] += 40
    return sph.neighbor_graph(X, 7)


@pytest.mark.parametrize("t", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("A", [graph(), graph(weighted=True), apart()], ids=["connected", "weighted", "disconnected"])
def test_both_routes_equal_the_definition(A, t):
    expected = diffusion_by_definition(A.toarray(), t)
    for solver in ("power", "spectral"):
        D = sph.distance_matrix(graph=A, distance="diffusion", t=t, solver=solver)
        np.testing.assert_allclose(D, expected, rtol=1e-9, atol=1e-12)


@given(point_sets(), st.floats(0, 20))
def test_any_number_of_steps_is_a_metric(X, t):
    D = sph.distance_matrix(X, "diffusion", n_neighbors=4, t=t)
    assert (D[:, None] + D[None] - D[..., None]).min() > -1e-6 * D.max()


def test_no_steps_is_the_distance_of_the_degrees():
    A = graph()
    d = degrees(A)
    expected = np.sqrt(d.sum() * np.add.outer(1 / d, 1 / d))
    np.fill_diagonal(expected, 0)
    D = sph.distance_matrix(graph=A, distance="diffusion", t=0)
    np.testing.assert_allclose(D, expected, rtol=1e-6, atol=1e-6)


def test_many_steps_forget_the_start_within_a_component_and_never_leave_it():
    A = apart()
    D = sph.distance_matrix(graph=A, distance="diffusion", t=100_000)
    labels, d = sph.spectrum(A, 2).labels, degrees(A)
    same = labels[:, None] == labels[None]
    volumes = np.bincount(labels, weights=d)
    assert D[same].max() < 1e-3
    np.testing.assert_allclose(D[~same], np.sqrt(d.sum() * (1 / volumes).sum()), rtol=1e-6)


def test_truncated_diffusion_states_its_bound():
    A = graph(n=300)
    exact = sph.distance_matrix(graph=A, distance="diffusion", t=2)
    with pytest.warns(
        sph.SpectralWarning, match=r"^diffusion was truncated to 30 of 300 eigenpairs: squared distances are"
    ):
        P = sph.persistence(graph=A, distance="diffusion", t=2, n_components=30)
    with pytest.warns(sph.SpectralWarning):
        D = sph.distance_matrix(graph=A, distance="diffusion", t=2, n_components=30)
    gap = exact**2 - D**2
    assert gap.min() > -1e-9
    assert gap.max() <= P.settings["distance"]["truncation"]["bound_squared"]


def test_pseudotime_variants_by_definition():
    A = graph(2)
    S, d = sph.spectrum(A), degrees(A)
    U, w = S.vectors[:, 1:], (1 - S.values[1:]) / S.values[1:]
    scaled = U / np.sqrt(d)[:, None]
    rows = {"sym": U * w, "symd": scaled * w, "rw": scaled / np.linalg.norm(scaled, axis=0) * w}
    for variant, E in rows.items():
        D = sph.distance_matrix(graph=A, distance="dpt", variant=variant)
        np.testing.assert_allclose(D, np.linalg.norm(E[:, None] - E[None], axis=2), rtol=1e-7, atol=1e-10)


def test_potential_by_definition():
    A = graph(3)
    P = A.toarray() / degrees(A)[:, None]
    rows = -np.log(np.linalg.matrix_power(P, 4) + 1e-7)
    D = sph.distance_matrix(graph=A, distance="potential", t=4)
    np.testing.assert_allclose(D, np.linalg.norm(rows[:, None] - rows[None], axis=2), rtol=1e-8, atol=1e-8)


def test_eigenmaps_of_a_cycle_is_a_circle():
    from tests.known import cycle_graph

    n = 20
    chord = 2 * np.sin(np.pi * np.arange(n) / n) * np.sqrt(2 / n)
    for variant, degree in (("sym", 1), ("rw", 2)):
        D = sph.distance_matrix(graph=cycle_graph(n)[0], distance="eigenmaps", variant=variant)
        np.testing.assert_allclose(D[0], chord / np.sqrt(degree), atol=1e-12)


def test_eigenmaps_by_definition():
    """Belkin and Niyogi: L f = mu D f with f' D f = 1; and the eigenvectors of L_sym."""
    A = graph(3)
    d = degrees(A)
    L = np.diag(d) - A.toarray()
    by_variant = {
        "rw": scipy.linalg.eigh(L, np.diag(d))[1][:, 1:4],
        "sym": np.linalg.eigh(L / np.sqrt(d[:, None] * d[None]))[1][:, 1:4],
    }
    for variant, rows in by_variant.items():
        D = sph.distance_matrix(graph=A, distance="eigenmaps", n_components=3, variant=variant)
        np.testing.assert_allclose(D, np.linalg.norm(rows[:, None] - rows[None], axis=2), rtol=1e-8, atol=1e-10)
    default = sph.distance_matrix(graph=A, distance="eigenmaps", n_components=3)
    np.testing.assert_array_equal(
        default, sph.distance_matrix(graph=A, distance="eigenmaps", n_components=3, variant="rw")
    )


@pytest.mark.parametrize(
    ("distance", "arguments", "sentence"),
    [
        ("diffusion", {"t": -1}, "t must be between 0 and 1e+09, not -1."),
        (
            "diffusion",
            {"t": 0.5, "solver": "power"},
            "solver='power' needs a whole number of steps t of at least 1 and no n_components, not t=0.5 with "
            "n_components=None. Pass solver='spectral'.",
        ),
        (
            "dpt",
            {"variant": "symdd"},
            "variant='symdd' is not a known variant of dpt; did you mean 'symd'? Known are: sym, symd, rw.",
        ),
        ("potential", {"t": 0}, "t must be a whole number of at least 1, not 0."),
        (
            "eigenmaps",
            {"n_components": 120},
            (
                "n_components=120 is more than the 119 non-trivial eigenvectors there are. Pass n_components=119 "
                "or fewer."
            ),
        ),
        (
            "eigenmaps",
            {"variant": "symd"},
            "variant='symd' is not a known variant of eigenmaps; did you mean 'sym'? Known are: rw, sym.",
        ),
        ("eigenmaps", {"n_components": 0}, "n_components must be a whole number of at least 1, not 0."),
    ],
)
def test_bad_input_is_refused_with_a_sentence(distance, arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(graph=graph(), distance=distance, **arguments)


@pytest.mark.parametrize("distance", ["dpt", "eigenmaps"])
def test_disconnected_is_refused_or_bridged(distance):
    with pytest.raises(sph.InputError, match=r"^the graph has 2 connected components \(sizes 60, 30\), so "):
        sph.distance_matrix(graph=apart(), distance=distance)
    with pytest.warns(sph.SpectralWarning, match="twice the largest within one"):
        D = sph.distance_matrix(graph=apart(), distance=distance, disconnected="max")
    labels = sph.spectrum(apart(), 2).labels
    between = labels[:, None] != labels[None]
    np.testing.assert_array_equal(D[between], 2 * D[~between].max())
