"""Code written for ripser.py finds the same dictionary, and for persim and gudhi the same layouts."""

import numpy as np
import pytest
import ripser as original
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import spectral_ph as sph
from spectral_ph.homology import ripser
from tests.known import octahedron, projective_plane
from tests.strategies import distance_matrices, point_sets

quiet = pytest.mark.filterwarnings("ignore::UserWarning")


def points(n=60, d=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def same(mine, theirs, cocycles=False):
    """The keys, shapes, and values up to single precision, in the order of ripser.py where births differ."""
    assert set(mine) == set(theirs)
    assert mine["num_edges"] == theirs["num_edges"]
    np.testing.assert_array_equal(mine["idx_perm"], theirs["idx_perm"])
    assert mine["r_cover"] == pytest.approx(theirs["r_cover"])
    assert len(mine["dgms"]) == len(theirs["dgms"])
    for a, b in zip(mine["dgms"], theirs["dgms"], strict=True):
        a, b = (x[np.lexsort((x[:, 1], x[:, 0]))].astype(np.float32) for x in (a, b))
        np.testing.assert_allclose(a, b, rtol=1e-6)
    if not cocycles:
        assert all(len(part) == 0 for part in mine["cocycles"])


@given(point_sets(least=5, most=20, dimensions=(2, 3)), st.sampled_from([np.inf, 0.7, 1.5]), st.sampled_from([2, 3]))
@settings(deadline=None, max_examples=20)
@quiet
def test_same_dictionary_for_points(X, thresh, coeff):
    X = np.float32(X).astype(float)
    same(ripser(X, thresh=thresh, coeff=coeff), original.ripser(X, thresh=thresh, coeff=coeff))


@given(distance_matrices(most=12), st.sampled_from([np.inf, 0.5]), st.integers(0, 3))
@settings(deadline=None, max_examples=20)
def test_same_dictionary_for_distances(D, thresh, maxdim):
    D = D.astype(np.float32).astype(float)
    arguments = {"thresh": thresh, "maxdim": maxdim, "distance_matrix": True}
    same(ripser(D, **arguments), original.ripser(D, **arguments))


@given(distance_matrices(most=12), st.sampled_from([sp.csr_matrix, sp.coo_matrix, sp.csr_array]), st.booleans())
@settings(deadline=None, max_examples=20)
def test_same_dictionary_for_sparse_distances_stored_once_or_twice(D, make, twice):
    D = D.astype(np.float32).astype(float)
    i, j = np.nonzero(np.triu(D <= 0.6, 1))
    if twice:
        i, j = np.concatenate([i, j]), np.concatenate([j, i])
    A = make(sp.coo_array((D[i, j], (i, j)), shape=D.shape))
    theirs = sp.coo_matrix((D[i, j], (i, j)), shape=D.shape)
    same(ripser(A, maxdim=2, distance_matrix=True), original.ripser(theirs, maxdim=2, distance_matrix=True))


def test_features_come_in_the_order_of_ripser():
    """What never dies is the last of degree 0, and higher degrees begin with the latest birth."""
    X = points()
    for mine, theirs in zip(ripser(X, 2)["dgms"], original.ripser(X, 2)["dgms"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
    assert np.isinf(ripser(X)["dgms"][0][-1, 1])
    assert np.isfinite(ripser(X)["dgms"][0][:-1]).all()


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine", lambda x, y: float(np.abs(x - y).max())])
def test_metrics_and_the_distances_that_come_back(metric):
    X = points(25)
    mine, theirs = ripser(X, metric=metric), original.ripser(X, metric=metric)
    same(mine, theirs)
    np.testing.assert_allclose(mine["dperm2all"], theirs["dperm2all"])


@pytest.mark.parametrize("is_matrix", [False, True])
def test_greedy_permutation(is_matrix):
    X = points(80)
    given_ = cdist(X, X) if is_matrix else X
    arguments = {"n_perm": 20, "distance_matrix": is_matrix, "do_cocycles": True}
    mine, theirs = ripser(given_, **arguments), original.ripser(given_, **arguments)
    same(mine, theirs, cocycles=True)
    assert mine["dperm2all"].shape == (20, 80)
    np.testing.assert_allclose(mine["dperm2all"], theirs["dperm2all"], atol=1e-12)
    for cocycle in mine["cocycles"][1]:
        assert np.isin(cocycle[:, :2], mine["idx_perm"]).all()


@pytest.mark.parametrize(("coeff", "maxdim"), [(2, 1), (3, 1), (2, 2), (47, 2)])
def test_a_cocycle_adds_up_to_zero_on_every_triangle_before_its_death(coeff, maxdim):
    X = points(40)
    D, found = cdist(X, X), ripser(X, maxdim, coeff=coeff, do_cocycles=True)
    assert [len(part) for part in found["cocycles"]] == [0, *(len(d) for d in found["dgms"][1:])]
    for (_, death), cocycle in zip(found["dgms"][1], found["cocycles"][1], strict=True):
        value = np.zeros_like(D)
        i, j, v = cocycle.T
        value[i, j], value[j, i] = v, -v
        near = death * (1 - 1e-6) > D
        a, b, c = np.nonzero(near[:, :, None] & near[None] & near[:, None])
        assert ((value[a, b] + value[b, c] - value[a, c]) % coeff == 0).all()
    if maxdim > 1:
        assert all(cocycle.shape[1] == 4 for cocycle in found["cocycles"][2])


def test_points_with_births_on_the_diagonal():
    D = np.array([[1.0, 3.0], [3.0, 2.0]])
    found = ripser(D, maxdim=0, distance_matrix=True)
    np.testing.assert_array_equal(found["dgms"][0], original.ripser(D, maxdim=0, distance_matrix=True)["dgms"][0])
    same(ripser(sp.csr_array(D), 0, distance_matrix=True), original.ripser(sp.csr_matrix(D), 0, distance_matrix=True))


def test_fields_and_degrees():
    for coeff, rank in ((2, 1), (3, 0)):
        assert len(ripser(projective_plane(), 2, coeff=coeff, distance_matrix=True)["dgms"][2]) == rank
    assert len(ripser(octahedron(), 3, distance_matrix=True)["dgms"]) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"X": np.ones((3, 10)), "distance_matrix": True}, "Distance matrix is not square"),
        ({"X": np.zeros((10, 2)), "n_perm": 11}, "points in greedy permutation is greater"),
        ({"X": np.zeros((10, 2)), "n_perm": -1}, "Should be a strictly positive number"),
        ({"X": sp.coo_matrix((4, 4)), "distance_matrix": True, "n_perm": 2}, "takes no sparse matrix"),
        ({"X": sp.coo_matrix((4, 4))}, "pass distance_matrix=True"),
        ({"X": np.ones(4)}, "must be a matrix of 2 dimensions"),
        ({"X": np.array([[0.0, np.nan], [np.nan, 0.0]]), "distance_matrix": True}, "NaN"),
        ({"X": np.array([[0.0, np.nan]] * 3)}, "^X contains NaN or infinity. Drop those rows or fill the gaps first.$"),
        (
            {"X": np.eye(4)[:, :2], "metric": "euclidian"},
            r"^metric='euclidian' cannot be used here \(.*such as 'euclidean', or dist",
        ),
    ],
)
def test_what_ripser_refuses_is_a_value_error_with_its_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        ripser(**arguments)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((3, 10), "has more columns than rows"), ((3, 3), "input matrix is square, but the distance_matrix")],
)
def test_what_ripser_warns_about_is_warned_about(shape, words):
    with pytest.warns(UserWarning, match=words):
        ripser(np.random.default_rng(0).random(shape))


# ------------------------------------------------------------------------------------------------------ what takes diagrams
def test_pictures_of_persim_take_our_diagrams():
    persim = pytest.importorskip("persim")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    X = points()
    P = sph.persistence(X, "euclidean")
    for diagrams in (ripser(X)["dgms"], P.diagrams):
        _, ax = plt.subplots()
        persim.plot_diagrams(diagrams, ax=ax)
        drawn = sum(len(c.get_offsets()) for c in ax.collections)
        assert drawn == sum(map(len, diagrams))
        plt.close("all")
    assert persim.bottleneck(P[1], ripser(X)["dgms"][1]) == pytest.approx(0, abs=1e-12)


def test_representations_of_gudhi_take_our_diagrams():
    from gudhi.representations import Landscape, PersistenceImage
    from gudhi.representations.preprocessing import DiagramSelector

    X = points()
    loops = sph.persistence(X, "euclidean")[1]
    assert Landscape(resolution=20).fit_transform([loops]).shape == (1, 100)
    assert PersistenceImage(resolution=[5, 5]).fit_transform([loops]).sum() > 0
    finite = DiagramSelector(use=True, point_type="finite").fit_transform([sph.persistence(X, "euclidean")[0]])[0]
    assert len(finite) == len(X) - 1


def test_gudhi_reads_its_own_layout(monkeypatch):
    import gudhi
    from gudhi import persistence_graphical_tools

    monkeypatch.setattr(persistence_graphical_tools, "_gudhi_matplotlib_use_tex", False)

    P = sph.persistence(points(), "euclidean")
    tree = gudhi.RipsComplex(distance_matrix=sph.distance_matrix(points(), "euclidean")).create_simplex_tree(
        max_dimension=2
    )
    theirs = [(k, bar) for k, bar in tree.persistence(homology_coeff_field=2, min_persistence=0) if k < 2]
    assert sorted(P.to_gudhi()) == sorted(theirs)
    ax = gudhi.plot_persistence_barcode(P.to_gudhi())
    assert ax is not None


def test_layout_of_giotto():
    rows = sph.persistence(points(), "euclidean").to_giotto()
    assert rows.dtype == np.float64
    assert rows.ndim == 3
    assert rows.shape[::2] == (1, 3)
    assert set(rows[0, :, 2]) == {0, 1}
    assert (np.diff(rows[0, :, 2]) >= 0).all()
