"""Every engine gives the same, known, diagram; bad matrices are refused; results convert."""

import re
import time

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.homology import engines, rips_persistence
from spectral_ph.homology.engines import most_simplices, watched
from spectral_ph.homology.persistence import ENGINES
from tests.contracts import check_engine, same_diagrams
from tests.known import flat_torus, octahedron, polygon, projective_plane
from tests.strategies import distance_matrices, point_sets

GENERAL = ("ripser", "gudhi")  # every degree and field
DEGREE_TWO = ("h2", *GENERAL)


def distances(X):
    return sph.distance_matrix(X, "euclidean")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n", [4, 5, 6, 7, 12, 25])
def test_polygon_has_one_loop(engine, n):
    X, birth, death = polygon(n)
    P = check_engine(engine, distances(X))
    # The sides differ in their last bits, so besides the loop there may be features of that length.
    np.testing.assert_allclose(P[1][0], [birth, death], rtol=1e-12)
    assert (P[1][1:, 1] - P[1][1:, 0] < 1e-12).all()
    np.testing.assert_allclose(P[0][:-1] if np.isfinite(P[0][0, 1]) else P[0][1:], [[0, birth]] * (n - 1), rtol=1e-12)


@pytest.mark.parametrize("engine", GENERAL)
def test_projective_plane_tells_the_fields_apart(engine):
    D = projective_plane()
    over_2, over_3 = (check_engine(engine, D, maxdim=2, coeff=p) for p in (2, 3))
    np.testing.assert_array_equal(over_2[1], [[1, 2]])
    np.testing.assert_array_equal(over_2[2], [[1, 2]])
    assert len(over_3[1]) == len(over_3[2]) == 0


@pytest.mark.parametrize(("engine", "coeff"), [("ripser", 127), ("gudhi", 131), ("gudhi", 32749)])
def test_large_primes_are_fields_too(engine, coeff):
    P = check_engine(engine, flat_torus(5), maxdim=2, coeff=coeff)
    same_diagrams(P, check_engine(engine, flat_torus(5), maxdim=2, coeff=3))


@pytest.mark.parametrize("engine", ENGINES)
def test_projective_plane_has_a_loop_over_the_field_of_two(engine):
    np.testing.assert_array_equal(check_engine(engine, projective_plane())[1], [[1, 2]])


@pytest.mark.parametrize("engine", DEGREE_TWO)
def test_octahedron_has_a_void(engine):
    np.testing.assert_allclose(check_engine(engine, octahedron(), maxdim=2)[2], [[np.sqrt(2), 2]])


@pytest.mark.parametrize("engine", ENGINES)
def test_flat_torus_has_two_loops(engine):
    P = check_engine(engine, flat_torus(9))
    # Every feature of this integer grid ties with its mirror image: two loops from 1 up to the distance that fills them.
    np.testing.assert_array_equal(P[1][:2, 0], [1, 1])
    assert P[1][0, 1] == P[1][1, 1] >= 3
    assert sph.widest_gap(P[1][:, :]) >= 2


@settings(max_examples=60)
@given(distance_matrices(), st.sampled_from([None, 0.3, 1.0, 2.0]))
def test_engines_agree_on_any_matrix(D, threshold):
    results = [check_engine(engine, D, threshold=threshold) for engine in ENGINES]
    for other in results[1:]:
        same_diagrams(results[0], other)


@settings(max_examples=20)
@given(point_sets(most=14), st.sampled_from([2, 3, 47]))
def test_engines_agree_in_degree_two_and_other_fields(X, coeff):
    D = distances(X)
    a, b = (check_engine(engine, D, maxdim=2, coeff=coeff) for engine in GENERAL)
    same_diagrams(a, b)


@settings(max_examples=25)
@given(point_sets(), st.integers(0, 2**32 - 1))
def test_diagrams_do_not_depend_on_the_order_of_the_points(X, seed):
    D = distances(X)
    order = np.random.default_rng(seed).permutation(len(X))
    for engine in ENGINES:
        same_diagrams(check_engine(engine, D), check_engine(engine, D[np.ix_(order, order)]))


@pytest.mark.parametrize("engine", ENGINES)
def test_degree_zero_is_the_minimum_spanning_tree(engine):
    from scipy.sparse.csgraph import minimum_spanning_tree

    D = distances(np.random.default_rng(0).standard_normal((40, 3)))
    P = check_engine(engine, D, maxdim=0)
    deaths = P[0][:, 1]
    assert np.isinf(deaths).sum() == 1
    np.testing.assert_array_equal(np.sort(deaths[np.isfinite(deaths)]), np.sort(minimum_spanning_tree(D).data))


@pytest.mark.parametrize("engine", ENGINES)
def test_threshold_leaves_classes_alive(engine):
    X, birth, death = polygon(12)
    P = check_engine(engine, distances(X), threshold=(birth + death) / 2)
    np.testing.assert_allclose(P[1][0], [birth, np.inf])
    assert len(check_engine(engine, distances(X), threshold=birth / 2)[1]) == 0
    assert len(check_engine(engine, distances(X), threshold=birth / 2)[0]) == 12


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewest_points(engine, n):
    P = check_engine(engine, distances(np.arange(float(n))[:, None]) if n > 1 else np.zeros((1, 1)))
    assert len(P[0]) == n
    assert len(P[1]) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_last_bit_of_asymmetry_changes_nothing(engine):
    """gudhi 3.13's full-matrix input loses the most persistent loop of such a matrix."""
    X = sph.datasets.circle(250, ambient_dim=20, sigma=0.1)
    D = sph.distance_matrix(X)
    bent = D.copy()
    rows, cols = np.tril_indices(len(D), -1)
    bent[rows, cols] = np.nextafter(bent[rows, cols], 0)
    P = rips_persistence(bent, engine=engine)
    same_diagrams(P, rips_persistence(D, engine=engine))
    assert 0 < P.settings["homology"]["asymmetry"] < 1e-15


@pytest.mark.parametrize("engine", ENGINES)
def test_tiny_distances_keep_double_precision(engine):
    D = distances(np.random.default_rng(1).standard_normal((50, 3)))
    scale = 2.0**-60
    small, large = check_engine(engine, D * scale), check_engine(engine, D)
    for a, b in zip(small, large, strict=True):
        np.testing.assert_array_equal(a, b * scale)


def test_auto_follows_the_rule():
    D = octahedron()
    assert rips_persistence(D).engine == "h1"
    assert rips_persistence(D, coeff=3).engine == "gudhi"
    assert rips_persistence(D, maxdim=2).engine == "h2"
    assert rips_persistence(D, maxdim=2, coeff=3).engine == "gudhi"
    assert rips_persistence(D, maxdim=3).engine == "gudhi"
    assert rips_persistence(D, maxdim=3, cocycles=True).engine == "ripser"
    assert rips_persistence(D, maxdim=2, cocycles=True).engine == "ripser"
    assert rips_persistence(D, cocycles=True).engine == "h1"
    assert rips_persistence(D, cocycles=True, coeff=47).engine == "ripser"
    assert rips_persistence(D).settings["homology"]["engine_reason"] == "the fastest for degrees 0 and 1 over Z/2"


@pytest.mark.parametrize("engine", ["auto", *GENERAL])
@pytest.mark.parametrize("n", [3, 4, 5])
def test_cross_polytopes_are_spheres_of_any_dimension(engine, n):
    """2 n points at distance 1, opposite ones at 2, are a sphere of dimension n - 1."""
    D = np.ones((2 * n, 2 * n)) - np.eye(2 * n)
    for i in range(n):
        D[i, i + n] = D[i + n, i] = 2
    P = check_engine(engine, D, maxdim=4)
    for degree in range(1, 5):
        np.testing.assert_array_equal(P[degree], [[1, 2]] if degree == n - 1 else np.empty((0, 2)))
    np.testing.assert_array_equal(check_engine(engine, D, maxdim=4, threshold=1.5)[n - 1], [[1, np.inf]])


@settings(max_examples=15)
@given(point_sets(most=12), st.sampled_from([2, 3]))
def test_engines_agree_in_degree_three(X, coeff):
    D = distances(X)
    a, b = (check_engine(engine, D, maxdim=3, coeff=coeff) for engine in GENERAL)
    same_diagrams(a, b)
    same_diagrams(a.diagrams[:3], check_engine("gudhi", D, maxdim=2, coeff=coeff))


def test_above_degree_two_the_result_bounds_the_work():
    """A complete graph has the most simplices that so many edges can make."""
    P = rips_persistence(np.ones((9, 9)) - np.eye(9), 3)
    assert P.engine == "gudhi"
    assert P.settings["homology"]["most_simplices"] == pytest.approx(126)  # of 5 vertices among 9
    few = rips_persistence(flat_torus(5), 3, threshold=1.0)
    assert few.settings["homology"]["most_simplices"] == pytest.approx(most_simplices(50, 4))


def test_long_work_of_others_shows_a_clock_and_passes_on_what_goes_wrong(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(engines, "PATIENCE", 0)
    assert watched(lambda: time.sleep(0.2) or 7, 3) == 7
    assert "H3 00:0" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        watched(lambda: 1 / 0, 3)


def test_cocycles_are_cocycles_and_see_their_cycle():
    from spectral_ph.loops.cycles import cocycle_value, representative_cycle

    D = sph.distance_matrix(sph.datasets.circle(120, ambient_dim=5, sigma=0.15), "euclidean")
    P = rips_persistence(D, coeff=47, cocycles=True)
    for (birth, death), edge, cocycle in zip(P[1][:4], P.birth_edges[1], P.cocycles[1], strict=False):
        value = np.zeros_like(D)
        i, j, v = cocycle.T
        value[i, j], value[j, i] = v, -v
        scale = (birth + death) / 2
        near = scale >= D
        a, b, c = np.nonzero(near[:, :, None] & near[None] & near[:, None])
        assert ((value[a, b] + value[b, c] + value[c, a]) % 47 == 0).all()
        assert cocycle_value(representative_cycle(D, edge), cocycle, 47) != 0


def square(**change):
    D = np.ones((4, 4)) - np.eye(4)
    for (i, j), value in change.get("entries", {}).items():
        D[i, j] = value
    return D


@pytest.mark.parametrize(
    ("D", "sentence"),
    [
        (
            np.ones((3, 4)),
            "the distance matrix must be square, not of shape (3, 4). Pass an (n, n) matrix, or points with a "
            "distance other than 'precomputed'.",
        ),
        (
            square(entries={(0, 1): 2.0}),
            "the distance matrix is not symmetric: entries differ by up to 1 from their mirror image (largest "
            "entry 2). Pass (D + D.T) / 2 or numpy.maximum(D, D.T), whichever you mean.",
        ),
        (
            square(entries={(2, 1): -1.0, (1, 2): -1.0}),
            "Negative values in data: the distance matrix has -1 at (1, 2), but distances are never negative. "
            "If these are similarities, turn them into distances first.",
        ),
        (
            np.ones((4, 4)),
            "the distance matrix has a non-zero diagonal (largest entry 1), but the distance of a point to "
            "itself is 0. If these are similarities, turn them into distances first. Otherwise set it with "
            "numpy.fill_diagonal(D, 0).",
        ),
        (
            square(entries={(1, 2): np.nan, (3, 0): np.inf}),
            "the distance matrix contains NaN in 1 of its 16 entries (first in row 1). Drop those rows or fill the "
            "gaps first.",
        ),
        (
            square(entries={(3, 0): np.inf}),
            "the distance matrix is not symmetric: entries differ by up to inf from their mirror image (largest "
            "entry 1). Pass (D + D.T) / 2 or numpy.maximum(D, D.T), whichever you mean.",
        ),
        (
            square(entries={(2, 1): -np.inf, (1, 2): -np.inf}),
            "Negative values in data: the distance matrix has -inf at (1, 2), but distances are never negative. "
            "If these are similarities, turn them into distances first.",
        ),
        (
            np.empty((0, 0)),
            "the distance matrix has 0 sample(s), but a minimum of 1 is required.",
        ),
        (
            np.array([["a", "b"], ["c", "d"]]),
            "the distance matrix must hold numbers, not text (<U1). Convert it by .astype(float) if numbers are what "
            "it means.",
        ),
    ],
)
def test_what_is_no_distance_matrix_is_refused_with_a_sentence(D, sentence):
    for call in (lambda: rips_persistence(D), lambda: sph.persistence(D, distance="precomputed")):
        with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
            call()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"engine": "ripper"},
            "'ripper' is not a known engine; did you mean 'ripser'? Known are: auto, h1, h2, ripser, gudhi.",
        ),
        (
            {"engine": "h2", "maxdim": 3},
            (
                "engine='h2' computes degrees 0 to 2 over Z/2, but maxdim=3 and coeff=2 were asked for. Pass "
                "engine='gudhi'."
            ),
        ),
        ({"maxdim": -1}, "maxdim must be a whole number of at least 0, not -1."),
        (
            {"coeff": 4},
            "coeff must be a prime below 32768, not 4: homology is taken over the field Z/coeff.",
        ),
        ({"threshold": -1.0}, "threshold must be at least 0, not -1.0."),
        ({"threshold": "1"}, "threshold must be a number, not '1'."),
        (
            {"engine": "h1", "maxdim": 2},
            (
                "engine='h1' computes degrees 0 to 1 over Z/2, but maxdim=2 and coeff=2 were asked for. Pass "
                "engine='h2'."
            ),
        ),
        (
            {"engine": "h2", "maxdim": 2, "coeff": 3},
            (
                "engine='h2' computes degrees 0 to 2 over Z/2, but maxdim=2 and coeff=3 were asked for. Pass "
                "engine='gudhi'."
            ),
        ),
        (
            {"engine": "h2", "cocycles": True},
            "engine='h2' returns no cocycles. Pass engine='ripser', or cocycles=False.",
        ),
        (
            {"engine": "ripser", "coeff": 131},
            (
                "engine='ripser' computes over primes up to 127, not over coeff=131. Pass a smaller prime, or "
                "engine='gudhi'."
            ),
        ),
        (
            {"engine": "gudhi", "cocycles": True},
            "engine='gudhi' returns no cocycles. Pass engine='ripser', or cocycles=False.",
        ),
    ],
)
def test_bad_arguments_are_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(square(), **arguments)


@pytest.mark.parametrize(
    ("engine", "maxdim", "way"),
    [
        ("h1", 1, "Pass fewer points."),
        ("gudhi", 1, "Pass fewer points, a threshold, or engine='h1'."),
        ("gudhi", 2, "Pass fewer points, a threshold, or maxdim=1."),
    ],
)
def test_too_large_is_refused_before_anything_is_allocated(monkeypatch, engine, maxdim, way):
    """The ways out are other than what was asked for."""
    from spectral_ph import _check

    monkeypatch.setattr(_check, "available_memory", lambda: 10)
    sentence = (
        f"persistent homology of 4 points with engine '{engine}' would take about 0.0 GiB of memory, but only 0.0 GiB "
        f"are available. {way}"
    )
    with pytest.raises(sph.TooLargeError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(square(), maxdim, engine)


@pytest.mark.parametrize(("engine", "pairs"), [("ripser", 32), ("gudhi", 8)])
def test_memory_is_asked_for_by_edges_where_edges_take_it(monkeypatch, engine, pairs):
    """A threshold that leaves few edges makes room, and without one each edge counts."""
    from spectral_ph import _check

    D = np.abs(np.subtract.outer(np.arange(40.0), np.arange(40.0)))
    monkeypatch.setattr(_check, "available_memory", lambda: pairs * 40**2 + 160 * 39)
    rips_persistence(D, 1, engine, threshold=1.0)  # 39 edges
    with pytest.raises(sph.TooLargeError, match=r"^persistent homology of 40 points with engine "):
        rips_persistence(D, 1, engine, threshold=2.0)


def test_more_edges_than_float32_can_number_are_refused(monkeypatch):
    monkeypatch.setattr(engines, "FLOAT32_EXACT", 5)
    sentence = (
        "engine='ripser' stores 32-bit numbers and cannot keep 6 edges apart (limit 5). Pass engine='gudhi', "
        "engine='h1', or a threshold."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(square(), engine="ripser")


def test_more_simplices_than_ripser_can_number_are_refused():
    """It would end the process: with 50,000 points in degree 2, whatever the number of edges."""
    sentence = (
        "engine='ripser' numbers the simplices of dimension 3 among 50000 points, which are too many. Pass engine='gudhi', a "
        "smaller maxdim, or fewer points."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        rips_persistence(sp.csr_array((50_000, 50_000)), 2, "ripser")


def test_result_converts_to_the_layouts_of_others():
    X, birth, death = polygon(6)
    P = rips_persistence(distances(X), engine="gudhi")
    records = P.to_records()
    assert records.dtype.names == ("dimension", "birth", "death", "persistence")
    assert len(records) == len(P[0]) + len(P[1])
    loops = records[records["dimension"] == 1]
    np.testing.assert_allclose(loops["persistence"][0], death - birth)
    assert P.to_giotto().shape == (1, len(records), 3)
    np.testing.assert_array_equal(P.to_giotto()[0, :, 2], records["dimension"])
    assert P.to_gudhi()[0] == (0, (0.0, np.inf))
    assert [k for k, _ in P.to_gudhi()] == records["dimension"].tolist()


def test_repr_says_what_it_is_in_one_line():
    X = sph.datasets.circle(100, ambient_dim=3, sigma=0.0)
    assert re.fullmatch(
        r"Persistence\(n=100, H0: 100, H1: \d+, longest H1 0\.\d+, eff_res k=15, engine gudhi\)",
        repr(sph.persistence(X, engine="gudhi")),
    )
