"""Several passes of effective resistance: what a pass is, dense and truncated, and what is refused."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph._implicit import ImplicitDistances
from spectral_ph.distances.implicit import eff_res_implicit
from spectral_ph.distances.lookup import matrix
from spectral_ph.distances.passes import graph_under, graph_under_implicit
from spectral_ph.distances.resistance import by_pass


@pytest.fixture(scope="module")
def noisy():
    return sph.datasets.circle(300, ambient_dim=30, sigma=0.25, random_state=0)


def test_a_pass_is_the_distance_on_the_graph_of_the_distance_before(noisy):
    """Slow twin: three calls, each with the neighbours of the last one's matrix."""
    D = sph.distance_matrix(noisy, n_neighbors=12, steps=1)
    for passes in (2, 3):
        nearest = np.argsort(D + np.diag(np.full(len(D), np.inf)), axis=1, kind="stable")[:, :12]
        A = np.zeros_like(D)
        A[np.arange(len(D))[:, None], nearest] = 1
        D = sph.distance_matrix(graph=np.maximum(A, A.T), steps=1)
        np.testing.assert_array_equal(sph.distance_matrix(noisy, n_neighbors=12, passes=passes), D)


def test_one_pass_is_the_default_and_every_pass_can_be_had(noisy):
    A = sph.neighbor_graph(noisy, 10)
    matrices = [D.copy() for D, _ in by_pass(A, passes=3, pass_neighbors=10, steps=1)]
    for passes, D in enumerate(matrices, start=1):
        np.testing.assert_array_equal(sph.distance_matrix(noisy, n_neighbors=10, passes=passes, steps=1), D)
    np.testing.assert_array_equal(sph.distance_matrix(noisy, n_neighbors=10, steps=1), matrices[0])


def test_steps_left_open_are_four_in_one_pass_and_one_in_several(noisy):
    for passes, steps in ((1, 4), (2, 1), (3, 1)):
        P = sph.persistence(noisy, passes=passes)
        assert P.settings["distance"]["steps"] == steps
        np.testing.assert_array_equal(
            sph.distance_matrix(noisy, passes=passes), sph.distance_matrix(noisy, passes=passes, steps=steps)
        )
    assert sph.persistence(noisy, corrected=False).settings["distance"]["steps"] == 0


def test_the_root_is_taken_at_the_end(noisy):
    squared = sph.distance_matrix(noisy, passes=2)
    np.testing.assert_array_equal(sph.distance_matrix(noisy, passes=2, sqrt=True), np.sqrt(squared))


def test_passes_are_equivariant_under_a_relabelling(noisy):
    """No two of these distances are equal, so that no tie is broken by an index."""
    order = np.random.default_rng(3).permutation(len(noisy))
    D = sph.distance_matrix(noisy, passes=3)
    np.testing.assert_allclose(sph.distance_matrix(noisy[order], passes=3), D[np.ix_(order, order)], rtol=1e-9)


def test_what_a_pass_did_to_the_graph_is_in_the_settings(noisy):
    P = sph.persistence(noisy, passes=3, n_neighbors=12)
    graphs = P.settings["distance"]["pass_graphs"]
    assert P.settings["distance"]["passes"] == 3
    assert P.settings["distance"]["pass_neighbors"] == 12
    assert len(graphs) == 2
    assert all(12 * len(noisy) / 2 <= g["edges"] <= 12 * len(noisy) for g in graphs)
    assert all(0 < g["kept"] < 1 for g in graphs)


def test_passes_find_the_loop_in_more_noise():
    """METHODS: three passes at k = 30 score .78 at sigma = .35, one pass .25 (means of three seeds)."""
    one, three = (
        np.mean(
            [
                sph.detection_score(
                    sph.persistence(
                        sph.datasets.circle(1000, ambient_dim=50, sigma=0.3, random_state=seed),
                        n_neighbors=30,
                        passes=p,
                        steps=1,
                    )[1]
                )
                for seed in range(2)
            ]
        )
        for p in (1, 3)
    )
    assert three > 0.9
    assert three > one + 0.1


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=25)
def test_neighbours_without_a_matrix_are_those_of_the_matrix(seed, root, tied):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(5, 60)), 4
    rows = rng.integers(0, 3, (n, 3)).astype(float) if tied else rng.standard_normal((n, 3))
    implicit = ImplicitDistances(rows, np.zeros(n) if tied else rng.uniform(0, 0.1, n), root=root)
    difference = graph_under_implicit(implicit, k) - graph_under(matrix(implicit), k)
    assert abs(difference).sum() == 0


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_the_truncated_form_takes_passes_too(noisy):
    A = sph.neighbor_graph(noisy, 15)
    whole = matrix(eff_res_implicit(A, passes=3, pass_neighbors=15, n_components=None))
    np.testing.assert_allclose(whole, sph.distance_matrix(noisy, passes=3), rtol=1e-7, atol=1e-12)
    P = sph.persistence(noisy, method="truncated", passes=3, n_components=80)
    exact = sph.persistence(noisy, passes=3)
    np.testing.assert_allclose(P[1][0], exact[1][0], atol=0.05 * exact[1][0, 1])
    assert [g["edges"] for g in P.settings["distance"]["pass_graphs"]] == pytest.approx(
        [g["edges"] for g in exact.settings["distance"]["pass_graphs"]], rel=0.02
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"passes": 0}, "passes must be a whole number of at least 1, not 0."),
        (
            {"passes": 2, "pass_neighbors": 300},
            "n_neighbors=300 needs at least 301 points (a point is not its own neighbour), but n_samples=300. "
            "Pass n_neighbors=299 or fewer.",
        ),
    ],
)
def test_refusals(noisy, arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(noisy, **arguments)


def test_a_graph_needs_the_number_of_neighbours(noisy):
    sentence = (
        "passes=2 makes new neighbour graphs, but the graph that was passed does not tell of how many "
        "neighbours. Pass pass_neighbors=15, or another number."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.distance_matrix(graph=sph.neighbor_graph(noisy), passes=2)


def test_a_pass_that_falls_apart_says_which():
    """Two clouds joined by one bridge: their own points are nearer under the resistance than across it."""
    rng = np.random.default_rng(0)
    A = np.zeros((40, 40))
    for half in (slice(0, 20), slice(20, 40)):
        A[half, half] = rng.uniform(size=(20, 20)) < 0.7
    A = np.maximum(A, A.T) * (1 - np.eye(40))
    A[0, 20] = A[20, 0] = 1
    sentence = "in pass 2 the graph has 2 connected components (sizes 20, 20), so effective resistance between them is infinite"
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}"):
        sph.distance_matrix(graph=A, passes=2, pass_neighbors=5)
    with pytest.warns(sph.SpectralWarning, match="2 connected components"):
        D = sph.distance_matrix(graph=A, passes=2, pass_neighbors=5, disconnected="max")
    assert np.isfinite(D).all()
