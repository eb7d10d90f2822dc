"""The exact H1 engine: equal to its slow twin and to other engines, theorems, what its parts promise."""

import re
import sys

import numpy as np
import pytest
from gudhi.sklearn import RipsPersistence
from hypothesis import given, settings
from hypothesis import strategies as st
from ripser import ripser
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from spectral_ph import _check
from spectral_ph.homology import sweep_h1
from spectral_ph.homology.rips_h1 import rips_h1
from tests.contracts import same_without_compilation
from tests.naive import is_boundary, persistence_by_reduction
from tests.strategies import distance_matrices, seeds

twin = settings(deadline=None, max_examples=80)


def euclidean(X):
    return squareform(pdist(X))


def symmetric(A):
    D = np.maximum(A, A.T)
    np.fill_diagonal(D, 0)
    return D


def ngon(n):
    angle = 2 * np.pi * np.arange(n) / n
    return euclidean(np.column_stack([np.cos(angle), np.sin(angle)]))


def ring(n):
    """Hops along a cycle graph."""
    hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.minimum(hops, n - hops).astype(float)


def noisy_loop(n, rng):
    """Squared distances of a noisy circle: no metric, one long loop and many short ones, like effective resistance."""
    angle = rng.uniform(0, 2 * np.pi, n)
    X = np.column_stack([np.cos(angle), np.sin(angle), np.zeros((n, 3))]) + 0.15 * rng.standard_normal((n, 5))
    return euclidean(X) ** 2


def ultrametric(n, rng):
    """Heights at which pairs meet in a random binary tree."""
    D = np.zeros((n, n))
    groups = [[i] for i in range(n)]
    for height in range(1, n):
        a, b = (groups.pop(rng.integers(len(groups))) for _ in range(2))
        D[np.ix_(a, b)] = D[np.ix_(b, a)] = height
        groups.append(a + b)
    return D


KINDS = {
    "gaussian": lambda n, rng: euclidean(rng.standard_normal((n, 3))),
    "grid": lambda n, rng: euclidean(rng.integers(0, 4, (n, 2)).astype(float)),
    "clustered": lambda n, rng: euclidean(rng.standard_normal((n, 2)) + 30 * rng.integers(0, 3, (n, 1))),
    "duplicated": lambda n, rng: euclidean(rng.standard_normal((n, 2))[rng.integers(0, n // 2 + 1, n)]),
    "random": lambda n, rng: symmetric(rng.uniform(size=(n, n))),
    "integers": lambda n, rng: symmetric(rng.integers(0, 5, (n, n)).astype(float)),
    "graph": lambda n, rng: symmetric(rng.integers(1, 3, (n, n)).astype(float)),
    "loop": noisy_loop,
    "ngon": lambda n, rng: ngon(n),
}


def sorted_rows(diagram):
    return diagram[np.lexsort((diagram[:, 1], diagram[:, 0]))]


def gudhi(D, threshold=np.inf):
    both = RipsPersistence(
        homology_dimensions=[0, 1], threshold=threshold, input_type="full distance matrix", homology_coeff_field=2
    ).fit_transform([D])[0]
    return [sorted_rows(d[d[:, 1] > d[:, 0]]) for d in both]


# --- the slow twin -----------------------------------------------------------------------------------------------------


@twin
@given(distance_matrices(most=11), st.none() | st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_equals_boundary_reduction(D, threshold):
    found = rips_h1(D, threshold)
    h0, h1 = persistence_by_reduction(D, np.inf if threshold is None else threshold)
    assert np.array_equal(found.h0, h0)
    assert np.array_equal(found.h1, h1)


@twin
@given(seeds, st.sampled_from(sorted(KINDS)), st.integers(2, 13), st.booleans())
def test_equals_boundary_reduction_on_shapes(seed, kind, n, cut):
    rng = np.random.default_rng(seed)
    D = KINDS[kind](n, rng)
    threshold = float(rng.choice(D[np.triu_indices(n, 1)])) if cut else None
    found = rips_h1(D, threshold)
    h0, h1 = persistence_by_reduction(D, np.inf if threshold is None else threshold)
    assert np.array_equal(found.h0, h0)
    assert np.array_equal(found.h1, h1)


# --- other engines -----------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(seeds, st.sampled_from(sorted(KINDS)), st.integers(14, 90), st.booleans())
def test_equals_gudhi_to_the_last_bit(seed, kind, n, cut):
    rng = np.random.default_rng(seed)
    D = KINDS[kind](n, rng)
    threshold = float(np.quantile(D, 0.4)) if cut else None
    found = rips_h1(D, threshold)
    h0, h1 = gudhi(D, np.inf if threshold is None else threshold)
    assert np.array_equal(sorted_rows(found.h0), h0)
    assert np.array_equal(sorted_rows(found.h1), h1)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_equals_ripser_to_its_precision(kind):
    # Halves up to 15 are exact in ripser's float32, so that rounding cannot change an order.
    D = np.round(KINDS[kind](60, np.random.default_rng(3)) * 2) / 2
    found = rips_h1(D)
    h0, h1 = ripser(D, maxdim=1, distance_matrix=True)["dgms"]
    assert np.array_equal(sorted_rows(found.h0), sorted_rows(h0[h0[:, 1] > h0[:, 0]]))
    assert np.array_equal(sorted_rows(found.h1), sorted_rows(h1))


@pytest.mark.parametrize("kind", ["gaussian", "loop", "integers"])
def test_larger_matrices_equal_gudhi(kind):
    D = KINDS[kind](400 if kind != "integers" else 150, np.random.default_rng(5))
    found = rips_h1(D)
    h0, h1 = gudhi(D)
    assert np.array_equal(sorted_rows(found.h0), h0)
    assert np.array_equal(sorted_rows(found.h1), h1)


# --- theorems ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5, 6, 7, 30, 31, 32, 300, 400])
def test_regular_polygon_has_one_loop(n):
    """Born at the side, dying when three points span the circle; nothing else."""
    h1 = rips_h1(ngon(n)).h1
    assert h1[:1] == pytest.approx(2 * np.sin(np.pi * np.array([[1, np.ceil(n / 3)]]) / n))
    assert (h1[1:, 1] - h1[1:, 0] < 1e-12).all()  # ties broken by rounding


@pytest.mark.parametrize("n", [4, 5, 9, 10, 100, 301])
def test_cycle_graph_has_one_loop_exactly(n):
    """Hops are integers, so every length is tied n-fold; the cycle fills at a third of its length (Adamaszek 2013)."""
    assert rips_h1(ring(n)).h1.tolist() == [[1, np.ceil(n / 3)]]


@pytest.mark.parametrize(("n", "copies"), [(12, 20), (9, 50)])
def test_copies_of_points_change_nothing(n, copies):
    D = np.kron(ring(n), np.ones((copies, copies)))
    mixed = np.random.default_rng(n).permutation(len(D))
    found = rips_h1(D[np.ix_(mixed, mixed)])
    assert found.h1.tolist() == [[1, np.ceil(n / 3)]]
    assert found.h0.tolist() == [[0, np.inf], *([[0, 1]] * (n - 1))]


@pytest.mark.parametrize(("a", "b"), [(4, 4), (7, 11), (12, 25)])
def test_torus_grid_has_two_loops(a, b):
    """With the maximum metric the Rips complex of a product is the product of Rips complexes (Adamaszek, Adams 2017)."""
    D = np.maximum(np.kron(ring(a), np.ones((b, b))), np.kron(np.ones((a, a)), ring(b)))
    assert rips_h1(D).h1.tolist() == [[1, np.ceil(b / 3)], [1, np.ceil(a / 3)]]


def test_projective_plane_has_a_loop_over_z2():
    """Barycentric subdivision of the 6-vertex projective plane, a flag complex."""
    triangles = [
        {0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {0, 4, 5}, {0, 5, 1}, {1, 2, 4}, {2, 3, 5}, {3, 4, 1}, {4, 5, 2}, {5, 1, 3},
    ]  # fmt: skip
    faces = {frozenset(s) for t in triangles for s in [t, *({a, b} for a in t for b in t if a < b), *({a} for a in t)]}
    faces = sorted(faces, key=sorted)
    assert len(faces) == 6 + 15 + 10
    D = np.array([[0.0 if a == b else 1.0 if a < b or b < a else 2.0 for b in faces] for a in faces])
    assert rips_h1(D).h1.tolist() == [[1, 2]]


def test_complete_bipartite_graph_has_a_loop_for_every_edge_beside_a_tree():
    """More loops live at once than one word of bits holds."""
    side = np.repeat([0, 1], [11, 14])
    D = symmetric(np.where(np.equal.outer(side, side), 2.0, 1.0))
    assert rips_h1(D).h1.tolist() == [[1, 2]] * (10 * 13)
    assert rips_h1(D, 1.5).h1.tolist() == [[1, np.inf]] * (10 * 13)


@given(seeds, st.integers(2, 60))
@settings(deadline=None, max_examples=20)
def test_ultrametric_has_no_loop(seed, n):
    D = ultrametric(n, np.random.default_rng(seed))
    found = rips_h1(D)
    assert found.h1.shape == (0, 2)
    assert found.h0.tolist() == [[0, np.inf], *([0, h] for h in range(n - 1, 0, -1))]


@pytest.mark.parametrize("n", [1, 2, 3, 50])
@pytest.mark.parametrize("value", [0.0, 2.5])
def test_constant_matrix(n, value):
    found = rips_h1(value * (1 - np.eye(n)), cocycles=True, classes=True)
    assert found.h0.tolist() == [[0, np.inf], *([[0, value]] * (n - 1) if value > 0 else [])]
    assert found.h1.shape == (0, 2)
    assert found.birth_edges.shape == (0, 2)
    assert found.death_triangles.shape == (0, 3)
    assert found.cocycles == []
    assert found.classes.evaluate(np.arange(n), value).tolist() == []


# --- threshold ---------------------------------------------------------------------------------------------------------


def test_threshold_keeps_edges_of_its_length_and_loops_alive_are_essential():
    D = ring(12)  # born at 1, dying at 4
    assert rips_h1(D, 4.0).h1.tolist() == [[1, 4]]
    for threshold in (1.0, 3.0, np.nextafter(4.0, 0)):
        found = rips_h1(D, threshold, cocycles=True)
        assert found.h1.tolist() == [[1, np.inf]]
        assert found.death_triangles.tolist() == [[-1, -1, -1]]
        assert (D[found.cocycles[0][:, 0], found.cocycles[0][:, 1]] <= threshold).all()
    below = rips_h1(D, np.nextafter(1.0, 0))
    assert below.h1.shape == (0, 2)
    assert below.h0.tolist() == [[0, np.inf]] * 12
    assert rips_h1(D, np.inf).h1.tolist() == [[1, 4]]


def test_threshold_between_two_float32_numbers():
    D = ring(12).astype(np.float32)
    assert rips_h1(D, float(np.nextafter(4.0, 0))).h1.tolist() == [[1, np.inf]]
    assert rips_h1(D, float(np.nextafter(4.0, 5))).h1.tolist() == [[1, 4]]


# --- the parts of the result -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_float32_gives_the_diagram_of_the_rounded_distances(kind):
    D = KINDS[kind](70, np.random.default_rng(8)).astype(np.float32)
    single, double = rips_h1(D), rips_h1(D.astype(np.float64))
    assert single.h1.dtype == np.float64
    assert np.array_equal(single.h1, double.h1)
    assert np.array_equal(single.h0, double.h0)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_simplices_have_the_lengths_of_their_bars(kind):
    D = KINDS[kind](60, np.random.default_rng(1))
    threshold = float(np.quantile(D, 0.3))
    for found in (rips_h1(D), rips_h1(D, threshold)):
        i, j = found.birth_edges.T
        assert (i < j).all()
        assert np.array_equal(D[i, j], found.h1[:, 0])
        a, b, c = found.death_triangles.T
        dead = np.isfinite(found.h1[:, 1])
        assert (found.death_triangles[~dead] == -1).all()
        assert ((a < b) & (b < c))[dead].all()
        assert np.array_equal(np.maximum(D[a, b], np.maximum(D[a, c], D[b, c]))[dead], found.h1[dead, 1])
        length = found.h1[:, 1] - found.h1[:, 0]
        order = np.lexsort((found.h1[:, 0], found.h1[:, 0] - found.h1[:, 1]))
        assert np.array_equal(order, np.arange(len(order)))
        assert (length > 0).all()


def fundamental_cycle(D, i, j):
    """Vertices of the path from i to j in the minimum spanning tree; lengths must not tie."""
    tree = minimum_spanning_tree(D)
    before = breadth_first_order(tree, i, directed=False)[1]
    path = [j]
    while path[-1] != i:
        path.append(int(before[path[-1]]))
    return path


@pytest.mark.parametrize("kind", ["gaussian", "random", "loop", "clustered"])
@pytest.mark.parametrize("cut", [False, True])
def test_cocycles(kind, cut):
    """Closed on every triangle before the death, one on the cycle of the own birth edge, zero on older ones'."""
    D = KINDS[kind](40, np.random.default_rng(2))
    found = rips_h1(D, float(np.quantile(D, 0.25)) if cut else None, cocycles=True)
    assert len(found.cocycles) == len(found.h1) > 0
    i, j, k = np.array([(a, b, c) for a in range(40) for b in range(a + 1, 40) for c in range(b + 1, 40)]).T
    for feature, (birth, death) in enumerate(found.h1):
        rows = found.cocycles[feature]
        assert (rows[:, 0] < rows[:, 1]).all()
        assert (rows[:, 2] == 1).all()
        value = np.zeros(D.shape, dtype=int)
        value[rows[:, 0], rows[:, 1]] = value[rows[:, 1], rows[:, 0]] = 1
        assert (D[value == 1] < death).all()
        limit = death if np.isfinite(death) else np.nextafter(np.quantile(D, 0.25), np.inf)
        filled = np.maximum(D[i, j], np.maximum(D[i, k], D[j, k])) < limit
        assert ((value[i, j] + value[i, k] + value[j, k])[filled] % 2 == 0).all()
        for other in range(feature + 1):
            path = fundamental_cycle(D, *found.birth_edges[other])
            if found.h1[other, 0] <= birth and found.h1[other, 1] >= death:
                assert value[path, np.roll(path, -1)].sum() % 2 == (other == feature)


@pytest.mark.parametrize("kind", ["gaussian", "random", "loop"])
def test_feature_stands_for_the_cycle_of_its_birth_edge(kind):
    D = KINDS[kind](60, np.random.default_rng(4))
    found = rips_h1(D, classes=True)
    for feature, (birth, death) in enumerate(found.h1):
        path = fundamental_cycle(D, *found.birth_edges[feature])
        for scale in (birth, (birth + death) / 2, np.nextafter(death, 0)):
            assert found.classes.evaluate(path, scale).tolist() == [feature]
        after = found.classes.evaluate(path, death)
        assert feature not in after
        assert (found.h1[after, 0] <= birth).all()
        assert (found.h1[after, 1] > death).all()


@settings(deadline=None, max_examples=60)
@given(distance_matrices(least=4, most=9), seeds)
def test_a_cycle_evaluates_to_nothing_exactly_if_it_is_a_boundary(D, seed):
    rng = np.random.default_rng(seed)
    n = len(D)
    walk = rng.permutation(n)[: rng.integers(3, n + 1)]
    edges = np.sort(np.column_stack([walk, np.roll(walk, -1)]), axis=1)
    scale = float(D[edges[:, 0], edges[:, 1]].max())
    found = rips_h1(D, classes=True)
    alive = found.classes.evaluate(walk, scale)
    assert (len(alive) == 0) == is_boundary(D, [tuple(map(int, e)) for e in edges], scale)
    assert ((found.h1[alive, 0] <= scale) & (scale < found.h1[alive, 1])).all()
    assert np.array_equal(found.classes.evaluate(edges, scale), alive)
    twice = np.concatenate([edges, edges])
    assert found.classes.evaluate(twice, scale).tolist() == []


@pytest.mark.parametrize(
    ("cycle", "scale", "sentence"),
    [
        ([0, 1, 12], 9.0, "cycle has vertices outside 0 ... 11."),
        (
            [[0, 1], [1, 2]],
            9.0,
            "the edges form no cycle: some vertex has an odd number of them. Close the walk first.",
        ),
        (
            [0, 4, 8],
            3.0,
            "the cycle has an edge of length 4, which is not in the complex at scale 3. Raise scale.",
        ),
        (
            [0.0, 1.0, 2.0],
            9.0,
            "cycle must hold whole numbers, (c,) vertices of a closed walk or (c, 2) edges, not an array of "
            "shape (3,) and type float64.",
        ),
    ],
)
def test_bad_cycles(cycle, scale, sentence):
    classes = rips_h1(ring(12), classes=True).classes
    assert repr(classes).startswith("H1Classes(n=12, features: 1, labelled edges: ")
    with pytest.raises(_check.InputError, match=f"^{re.escape(sentence)}$"):
        classes.evaluate(cycle, scale)


# --- how it runs -------------------------------------------------------------------------------------------------------


def assert_same(a, b):
    for name in ("h0", "h1", "birth_edges", "death_triangles"):
        assert np.array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("kind", ["gaussian", "loop", "integers"])
def test_threads_and_pauses_change_nothing(kind, monkeypatch):
    D = KINDS[kind](150, np.random.default_rng(6))
    before = D.copy()
    one = rips_h1(D, n_threads=1)
    assert_same(one, rips_h1(D, n_threads=3))
    monkeypatch.setattr(sweep_h1, "BUDGET", 1)
    assert_same(one, rips_h1(D, progress=True, cocycles=True))
    assert np.array_equal(D, before)


@pytest.mark.parametrize("dense", [0, 10**9])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_bits_and_lists_give_the_same(kind, dense, monkeypatch):
    monkeypatch.setattr(sweep_h1, "DENSE", dense)
    for seed in range(3):
        D = KINDS[kind](50 + 30 * seed, np.random.default_rng(seed))
        found = rips_h1(D)
        h0, h1 = gudhi(D)
        assert np.array_equal(sorted_rows(found.h0), h0)
        assert np.array_equal(sorted_rows(found.h1), h1)


def test_layout_of_memory_does_not_matter():
    D = KINDS["gaussian"](50, np.random.default_rng(9))
    wide = np.zeros((50, 100))
    wide[:, ::2] = D
    for other in (np.asfortranarray(D), wide[:, ::2]):
        assert_same(rips_h1(D), rips_h1(other))


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    D = KINDS["loop"](80, np.random.default_rng(6))
    monkeypatch.setattr(sweep_h1, "BUDGET", 10)
    rips_h1(D, progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    rips_h1(D, progress=True)
    assert "H1" in capsys.readouterr().err


def test_memory_is_asked_for_before_it_is_used(monkeypatch):
    monkeypatch.setattr(_check, "available_memory", lambda: 1000)
    with pytest.raises(
        _check.TooLargeError,
        match=r"^finding the loops of 40 points would take about .* GiB of memory, but only .* GiB are available\. Use fewer points, or float32 distances\.$",
    ):
        rips_h1(ring(40))


def test_same_without_compilation():
    """The kernels are Python that numba happens to compile."""
    code = """
import sys
import numpy as np
from spectral_ph.homology.rips_h1 import rips_h1
rng = np.random.default_rng(0)
angle = rng.uniform(0, 2 * np.pi, 30)
X = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.2 * rng.standard_normal((30, 2))
D = np.linalg.norm(X[:, None] - X, axis=2)
D = np.maximum(D, D.T)
found = rips_h1(D)
print(found.h1.tolist(), found.birth_edges.tolist(), found.death_triangles.tolist())
"""

    same_without_compilation(code)
