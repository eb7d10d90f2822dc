"""The engine for sparse filtrations: known spaces, the slow twin, the other engines, and what it does on the way."""

import re
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph import _check
from spectral_ph.homology import _sweep_sparse, rips_persistence
from spectral_ph.homology import rips_sparse as engine
from spectral_ph.homology.engines import SPARSE_SHARE
from spectral_ph.homology.rips_h2 import rips_h2
from spectral_ph.homology.rips_sparse import edges_from, edges_within, rips_sparse
from tests.contracts import same_diagrams, same_without_compilation
from tests.known import flat_torus, octahedron, projective_plane
from tests.naive import persistence_by_reduction, voids_by_reduction
from tests.strategies import distance_matrices, point_sets, seeds

FORMATS = [sp.csr_matrix, sp.csr_array, sp.coo_matrix, sp.coo_array, sp.csc_array, sp.lil_matrix]


def sparse(D, kept, make=sp.csr_array):
    """The pairs of a matrix for which `kept` is true, zeros among them."""
    i, j = np.nonzero(kept & ~np.eye(len(D), dtype=bool))
    return make(sp.coo_array((D[i, j], (i, j)), shape=D.shape))


def sphere(n, sigma=0.0, seed=0):
    return sph.distance_matrix(sph.datasets.sphere(n, ambient_dim=5, sigma=sigma, random_state=seed), "euclidean")


def diagrams(D, longest=np.inf, **given):
    return rips_sparse(edges_within(D, longest), **given).diagrams


# ------------------------------------------------------------------------------------------------------- known spaces
def test_known_spaces():
    np.testing.assert_allclose(diagrams(octahedron())[2], [[np.sqrt(2), 2]])
    over_two = diagrams(projective_plane())
    np.testing.assert_array_equal(over_two[1], [[1, 2]])
    np.testing.assert_array_equal(over_two[2], [[1, 2]])
    torus = diagrams(flat_torus(7), 1.5)
    np.testing.assert_array_equal(torus[1][:2], [[1, np.inf]] * 2)
    np.testing.assert_array_equal(torus[2], [[np.sqrt(2), np.inf]])


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_cross_polytopes_have_a_void_in_three_dimensions_only(n):
    D = np.ones((2 * n, 2 * n)) - np.eye(2 * n)
    for i in range(n):
        D[i, i + n] = D[i + n, i] = 2
    np.testing.assert_array_equal(diagrams(D)[2], [[1, 2]] if n == 3 else np.empty((0, 2)))
    np.testing.assert_array_equal(diagrams(D, 1)[2], [[1, np.inf]] if n == 3 else np.empty((0, 2)))


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 4, 5), (1, 6, 6), (9, 9, 9)])
def test_a_join_of_three_sets_has_the_product_of_their_gaps(sizes):
    part = np.repeat([0, 1, 2], sizes)
    D = np.where(part[:, None] == part, 2.0, 1.0)
    np.fill_diagonal(D, 0)
    rank = int(np.prod(np.array(sizes) - 1))
    np.testing.assert_array_equal(diagrams(D)[2], np.tile([1.0, 2.0], (rank, 1)))
    np.testing.assert_array_equal(diagrams(D, 1)[2], np.tile([1.0, np.inf], (rank, 1)))


# -------------------------------------------------------------------------------------------------- twin and other engines
@given(distance_matrices(most=9), st.sampled_from([np.inf, 0.5, 2.0]))
@settings(deadline=None, max_examples=60)
def test_same_as_reducing_every_triangle_and_tetrahedron(D, longest):
    found = diagrams(D, longest)
    same_diagrams(found, [*persistence_by_reduction(D, longest), voids_by_reduction(D, longest)])
    same_diagrams(diagrams(D, longest, maxdim=1), found[:2])


@given(
    distance_matrices(most=20), seeds, st.floats(0.1, 1.0), st.sampled_from(FORMATS), st.sampled_from([None, 0.3, 2.0])
)
@settings(deadline=None, max_examples=40)
def test_pairs_without_an_entry_are_never_joined_in_any_engine(D, seed, share, make, threshold):
    """As inf is in a full matrix; zeros that are stored are distances."""
    kept = np.triu(np.random.default_rng(seed).uniform(size=D.shape) < share, 1)
    kept |= kept.T
    A, full = sparse(D, kept, make), np.where(kept | np.eye(len(D), dtype=bool), D, np.inf)
    for name, maxdim in (("h1", 1), ("h2", 2), ("ripser", 2), ("gudhi", 1), ("gudhi", 2)):
        P = rips_persistence(A, maxdim, name, threshold)
        same_diagrams(P, rips_persistence(full, maxdim, name, threshold))
        assert P.settings["homology"].get("never_joined", 0) == np.triu(~kept, 1).sum()
    half = sp.triu(A.tocoo(), 1)
    same_diagrams(rips_persistence(half, 2, "h2", threshold), rips_persistence(full, 2, "h2", threshold))


@pytest.mark.parametrize("values", [None, 3, 8])
@pytest.mark.parametrize("seed", range(4))
def test_same_on_random_numbers_where_dozens_of_voids_live_at_once(seed, values):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(24, 34))
    D = rng.uniform(size=(n, n)) if values is None else rng.integers(1, values + 1, (n, n)).astype(float)
    D = np.triu(D, 1) + np.triu(D, 1).T
    same_diagrams(diagrams(D), rips_h2(D).diagrams)


@given(point_sets(least=10, most=40, dimensions=(3, 6)), st.floats(0.2, 1))
@settings(deadline=None, max_examples=40)
def test_same_as_the_engine_of_full_matrices_on_points(X, share):
    D = sph.distance_matrix(X, "euclidean")
    longest = float(np.quantile(D, share))
    same_diagrams(diagrams(D, longest), rips_h2(D, longest).diagrams)


@pytest.mark.parametrize("distance", ["eff_res", "euclidean", "dtm"])
def test_same_as_gudhi_up_to_a_threshold(distance):
    D = sph.distance_matrix(sph.datasets.sphere(300, ambient_dim=20, sigma=0.1), distance)
    longest = float(np.quantile(D, 0.08))
    P = rips_persistence(D, 2, threshold=longest)
    same_diagrams(P, rips_persistence(D, 2, "gudhi", longest))
    assert P.engine == "h2"


def test_degree_two_of_a_matrix_takes_the_list_of_edges_where_they_are_few(monkeypatch):
    from spectral_ph.homology import engines

    asked = []
    monkeypatch.setattr(engines, "rips_sparse", lambda *a, **k: asked.append(a) or rips_sparse(*a, **k))
    D = sphere(80)
    for share, times in ((0.5 * SPARSE_SHARE, 1), (2 * SPARSE_SHARE, 1), (None, 1)):
        threshold = None if share is None else float(np.quantile(D[np.triu_indices(80, 1)], share))
        rips_persistence(D, 2, threshold=threshold)
        assert len(asked) == times


@given(point_sets(least=8, most=30, dimensions=(3, 4)), seeds)
@settings(deadline=None, max_examples=25)
def test_the_order_of_the_points_does_not_matter(X, seed):
    D = sph.distance_matrix(X, "euclidean")
    order = np.random.default_rng(seed).permutation(len(X))
    longest = float(np.median(D))
    same_diagrams(diagrams(D, longest), diagrams(D[np.ix_(order, order)], longest))


def test_births_and_deaths_are_lengths_of_the_edges_that_are_named():
    D = sphere(120, 0.1)
    found = rips_sparse(edges_within(D, 1.2))
    for degree in (1, 2):
        at_birth, at_death = found.birth_edges[degree], found.death_edges[degree]
        np.testing.assert_array_equal(found.diagrams[degree][:, 0], D[at_birth[:, 0], at_birth[:, 1]])
        dead = at_death[:, 0] >= 0
        np.testing.assert_array_equal(found.diagrams[degree][dead, 1], D[at_death[dead, 0], at_death[dead, 1]])
        assert np.isinf(found.diagrams[degree][~dead, 1]).all()


# ------------------------------------------------------------------------------------------------------------- the door
def test_a_sparse_matrix_is_never_made_dense(monkeypatch):
    """A ring of 30,000 points of which each knows its four nearest; a matrix would have 900 million entries."""
    n = 30_000
    i = np.arange(n)
    A = sp.coo_array(
        (np.repeat([1.0, 2.0], n), (np.tile(i, 2), np.concatenate([(i + 1) % n, (i + 2) % n]))), shape=(n, n)
    )
    P = sph.persistence((A + A.T).tocsr(), "precomputed", maxdim=2)
    np.testing.assert_array_equal(P[1], [[1, np.inf]])
    assert len(P[2]) == 0
    assert P.settings["homology"]["never_joined"] == n * (n - 1) // 2 - 2 * n
    assert P.settings["distance"]["name"] == "precomputed"


def test_cocycles_of_a_sparse_matrix_come_from_ripser():
    A = sparse(flat_torus(5), flat_torus(5) <= 1.5)
    P = rips_persistence(A, cocycles=True)
    assert (P.engine, P.settings["homology"]["engine_reason"]) == (
        "ripser",
        "the one that has cocycles of a sparse matrix",
    )
    assert len(P.cocycles[1]) == len(P[1])
    sentence = "engine='h1' returns no cocycles of a sparse matrix. Pass engine='ripser', or cocycles=False."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(A, engine="h1", cocycles=True)


def stored(rows, cols, values, n=4, make=sp.coo_array):
    return make((np.array(values), (rows, cols)), shape=(n, n))


@pytest.mark.parametrize(
    ("A", "sentence"),
    [
        (
            stored([0, 1], [1, 0], [1.0, 2.0]),
            "the distance matrix is not symmetric: entries differ by up to 1 from their mirror image (largest entry 2). Pass "
            "D.maximum(D.T) or (D + D.T) / 2, whichever you mean.",
        ),
        (
            stored([0, 2], [1, 1], [1.0, 2.0]),
            "the distance matrix is not symmetric: 1 pairs are stored above the diagonal and 1 below it, and they are not the "
            "same pairs. Store each pair twice, as D.maximum(D.T) does where no distance is 0, or only above the diagonal.",
        ),
        (
            stored([0, 0], [1, 1], [1.0, 2.0]),
            "the distance matrix stores some pairs several times, and their sum would count. Pass a matrix in which each entry "
            "is stored once, such as D.tocsr() of what was made from distinct pairs.",
        ),
        (
            stored([0, 2], [1, 3], [1.0, np.nan]),
            "the distance matrix contains NaN in 1 of its 2 stored entries. Leave out the entries of pairs that are never "
            "joined.",
        ),
        (
            stored([0, 2], [1, 3], [1.0, -1.0]),
            "Negative values in data: the distance matrix has an entry -1, but distances are never negative. If these are "
            "similarities, turn them into distances first.",
        ),
        (
            stored([0, 2], [1, 2], [1.0, 1.0]),
            "the distance matrix has a non-zero diagonal (largest entry 1), but the distance of a point to itself is 0. If these "
            "are similarities, turn them into distances first. Otherwise set it to 0 by D.setdiag(0).",
        ),
        (
            sp.csr_array((3, 4)),
            "the distance matrix must be square, not of shape (3, 4). Pass an (n, n) matrix, or points with a distance other "
            "than 'precomputed'.",
        ),
    ],
)
def test_what_holds_no_distances_is_refused_with_a_sentence(A, sentence):
    for call in (lambda: rips_persistence(A), lambda: sph.persistence(A, "precomputed")):
        with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
            call()


def test_rounding_and_types_are_as_in_a_full_matrix():
    D = sphere(60)
    bent = sparse(D, D < 1)
    bent.data[3] = np.nextafter(bent.data[3], 9)
    P = rips_persistence(bent, 2)
    assert 0 < P.settings["homology"]["asymmetry"] < 1e-15
    single = sparse(D, D < 1).astype(np.float32)
    same_diagrams(rips_persistence(single, 2), rips_persistence(single.astype(np.float64), 2))
    for whole in (np.int32, np.uint8, bool):
        kept = sparse(np.ones_like(D), D < 0.7).astype(whole)
        np.testing.assert_array_equal(np.unique(rips_persistence(kept, 2)[1]), [1, np.inf])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewest_points_and_no_edges(n):
    P = rips_persistence(sp.csr_array((n, n)), 2)
    np.testing.assert_array_equal(P[0], [[0, np.inf]] * n)
    assert [len(d) for d in P] == [n, 0, 0]


# --------------------------------------------------------------------------------------------------------- on the way
def test_tables_grow_when_more_is_alive_than_there_is_room_for(monkeypatch):
    """Every reason to stop is met, in the middle of an edge too, and the diagrams are the same."""
    D = sph.distance_matrix(sph.datasets.sphere(120, ambient_dim=50, sigma=0.35), "euclidean")
    expected, reasons, sets = rips_h2(D).diagrams, set(), engine._sets

    def watched(state, why):
        reasons.add(why)
        return grow(state, why)

    grow = engine._grow
    monkeypatch.setattr(engine, "_grow", watched)
    monkeypatch.setattr(engine, "NODES", 2)
    monkeypatch.setattr(engine, "_sets", lambda births: sets(min(births, 8)))
    same_diagrams(diagrams(D), expected)
    assert reasons == {_sweep_sparse.GROW_LOOPS, _sweep_sparse.GROW_VOIDS, _sweep_sparse.GROW_NODES}


def test_what_does_not_fit_is_said_with_a_way_out(monkeypatch):
    A = sparse(sphere(100), sphere(100) < 1)
    monkeypatch.setattr(_check, "available_memory", lambda: 1000)
    sentence = (
        f"the homology of 100 points with {A.nnz // 2} edges would take about 0.0 GiB of memory, but only 0.0 GiB are "
        "available. Pass a smaller threshold, or fewer points."
    )
    with pytest.raises(_check.TooLargeError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(A, 2)
    monkeypatch.undo()
    monkeypatch.setattr(engine, "MOST_EDGES", 10)
    sentence = (
        f"{A.nnz // 2} edges between 100 points are more than the 10 that the engine for sparse filtrations numbers. Pass a smaller "
        "threshold."
    )
    with pytest.raises(_check.TooLargeError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(A, 2)


def test_threads_change_nothing():
    D = sphere(400, 0.05)
    edges = edges_within(D, 0.7)
    one, two = (rips_sparse(edges, n_threads=k) for k in (1, 2))
    for name in ("diagrams", "birth_edges", "death_edges"):
        for a, b in zip(getattr(one, name), getattr(two, name), strict=True):
            np.testing.assert_array_equal(a, b)


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    edges = edges_within(sphere(40), np.inf)
    monkeypatch.setattr(engine, "BUDGET", 50)
    rips_sparse(edges, progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    rips_sparse(edges, progress=True)
    assert "H2" in capsys.readouterr().err


def test_edges_come_in_any_order():
    D = flat_torus(5)
    i, j = np.triu_indices(25, 1)
    order = np.random.default_rng(0).permutation(len(i))
    mixed, straight = edges_from(i[order], j[order], D[i, j][order], 25), edges_within(D, np.inf)
    for name in ("i", "j", "length"):
        np.testing.assert_array_equal(getattr(mixed, name), getattr(straight, name))
    assert repr(straight.up_to(1.0)) == "Edges(n=25, 50 edges)"


def test_same_without_compilation():
    code = """
import numpy as np
from spectral_ph.homology.rips_sparse import edges_within, rips_sparse
rng = np.random.default_rng(0)
X = rng.standard_normal((26, 3))
X /= np.linalg.norm(X, axis=1)[:, None]
D = np.linalg.norm(X[:, None] - X, axis=2)
found = rips_sparse(edges_within(np.maximum(D, D.T), np.inf))
print([d.tolist() for d in found.diagrams], [e.tolist() for e in found.birth_edges], [e.tolist() for e in found.death_edges])
"""

    same_without_compilation(code)
