"""Theorems on representative cycles: born at the birth edge, never killed by a cocycle of their class."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_ph._check import InputError
from spectral_ph.loops.cycles import cocycle_value, representative_cycle
from tests import naive
from tests.loops.ripser_h1 import circle, distances, h1
from tests.strategies import distance_matrices


def hops(n):
    """Steps along a cycle graph: all ties."""
    k = np.abs(np.arange(n)[:, None] - np.arange(n))
    return np.minimum(k, n - k).astype(float)


def steps(cycle):
    return list(zip(cycle.tolist(), np.roll(cycle, -1).tolist(), strict=True))


def naive_shortest(D, edge):
    """Bellman and Ford's length of the shortest path between the ends of `edge` among the edges strictly before it."""
    n = len(D)
    before = {(i, j) for i in range(n) for j in range(i + 1, n) if (D[i, j], i, j) < (D[edge], *edge)}
    length = np.full(n, np.inf)
    length[edge[0]] = 0
    for _ in range(n):
        for i, j in before:
            length[i], length[j] = min(length[i], length[j] + D[i, j]), min(length[j], length[i] + D[i, j])
    return length[edge[1]]


# Points scattered over a small grid: many ties, some duplicates, mostly several loops.
grids = st.builds(
    lambda n, seed: distances(np.random.default_rng(seed).integers(0, 7, (n, 2)).astype(float)),
    st.integers(10, 36),
    st.integers(0, 2**32 - 1),
)


@given(st.integers(4, 40), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_the_cycle_of_a_regular_polygon_is_the_polygon(n, seed):
    order = np.random.default_rng(seed).permutation(n)
    for D in (circle(n)[1], hops(n)):
        cycle = representative_cycle(D[np.ix_(order, order)], h1(D[np.ix_(order, order)])[0].edge)
        corners = order[cycle]
        assert sorted(corners) == list(range(n))
        turn = np.diff(np.append(corners, corners[0])) % n
        assert set(turn) in ({1}, {n - 1})


@given(distance_matrices(least=3), st.data())
@settings(deadline=None)
def test_the_path_is_that_of_its_slow_twin(D, data):
    i, j = sorted(data.draw(st.lists(st.integers(0, len(D) - 1), min_size=2, max_size=2, unique=True)))
    for given_as in (D, np.asfortranarray(D), D.astype(np.float32)):
        expected = naive.path_before(given_as.astype(np.float64), i, j)
        if expected is None:
            with pytest.raises(InputError, match="no earlier edge connects"):
                representative_cycle(given_as, (i, j))
        else:
            assert representative_cycle(given_as, (j, i)).tolist() == expected


@given(grids)
@settings(deadline=None)
def test_every_other_step_comes_before_the_birth_edge(D):
    for f in h1(D):
        cycle = representative_cycle(D, f.edge)
        assert len(set(cycle.tolist())) == len(cycle) >= 3
        *others, last = [tuple(sorted(s)) for s in steps(cycle)]
        assert last == f.edge
        assert D[f.edge] == f.birth
        assert all((D[e], *e) < (D[last], *last) for e in others)


@given(grids)
@settings(deadline=None)
def test_no_path_before_the_birth_edge_is_shorter(D):
    for f in h1(D):
        cycle = representative_cycle(D, f.edge)
        assert sum(D[s] for s in steps(cycle)[:-1]) == pytest.approx(naive_shortest(D, f.edge))


@given(grids, st.sampled_from([2, 3, 47]))
@settings(deadline=None)
def test_the_cocycle_of_a_feature_is_not_zero_on_its_cycle(D, coeff):
    for f in h1(D, coeff):
        assert cocycle_value(representative_cycle(D, f.edge), f.cocycle, coeff) != 0


@given(grids)
@settings(deadline=None)
def test_a_cocycle_is_zero_on_cycles_born_before_it(D):
    features = h1(D)
    for f in features:
        for g in features:
            if (D[g.edge], *g.edge) < (D[f.edge], *f.edge):
                assert cocycle_value(representative_cycle(D, g.edge), f.cocycle, 47) == 0


@given(grids)
@settings(deadline=None)
def test_doubling_every_point_does_not_lengthen_the_cycle(D):
    both = np.arange(len(D)).repeat(2)
    doubled = D[np.ix_(both, both)]
    old, new = h1(D), h1(doubled)
    assert sorted((f.birth, f.death) for f in new) == sorted((f.birth, f.death) for f in old)
    for f in new:
        assert len(set(both[representative_cycle(doubled, f.edge)])) >= 4


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_relabelling_the_points_relabels_the_cycle(seed):
    _, D = circle(40, sigma=0.15, seed=seed)
    order = np.random.default_rng(seed).permutation(40)
    there = representative_cycle(D[np.ix_(order, order)], h1(D[np.ix_(order, order)])[0].edge)
    here = representative_cycle(D, h1(D)[0].edge)
    # All lengths differ, so there is one shortest path; where the cycle starts depends on the labels.
    assert set(map(frozenset, steps(order[there]))) == set(map(frozenset, steps(here)))


def test_the_two_loops_of_a_figure_eight_have_different_cycles():
    angle = 2 * np.pi * np.arange(40) / 40
    left = np.column_stack([np.cos(angle) - 1, np.sin(angle)])
    right = 1.1 * np.column_stack([1 - np.cos(angle[1:]), np.sin(angle[1:])])
    D = distances(np.vstack([left, right]))
    first, second = h1(D)[:2]
    cycles = [set(representative_cycle(D, f.edge).tolist()) for f in (first, second)]
    assert cycles == [set(range(40, 79)) | {0}, set(range(40))]
    for f, g in ((first, second), (second, first)):
        assert cocycle_value(representative_cycle(D, f.edge), f.cocycle, 47) != 0
        assert cocycle_value(representative_cycle(D, f.edge), g.cocycle, 47) == 0


def test_steps_of_length_zero_can_be_taken():
    # Without the edge of length 0 between the points 1 and 2 there is no path: scipy's sparse graphs would drop it.
    D = np.array([[0.0, 1, 9, 9], [1, 0, 0, 9], [9, 0, 0, 1], [9, 9, 1, 0]])
    np.testing.assert_array_equal(representative_cycle(D, (0, 3)), [0, 1, 2, 3])


def test_among_equal_lengths_only_earlier_pairs_come_before():
    D = np.ones((4, 4)) - np.eye(4)
    np.testing.assert_array_equal(representative_cycle(D, (1, 2)), [1, 0, 2])
    with pytest.raises(InputError):
        representative_cycle(D, (0, 1))


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.integers(0, 9)),
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
    st.sampled_from([2, 3, 5, 47, 32749]),
)
def test_cocycle_value_is_the_sum_over_the_steps(rows, cycle, coeff):
    table = np.zeros((10, 10), dtype=int)
    for i, j, value in rows:
        table[i, j] += value
        table[j, i] -= value
    cycle = np.array(cycle)
    assert cocycle_value(cycle, rows, coeff) == sum(table[s] for s in steps(cycle)) % coeff
    assert cocycle_value(cycle[::-1], rows, coeff) == -cocycle_value(cycle, rows, coeff) % coeff
    assert cocycle_value(np.roll(cycle, 1), rows, coeff) == cocycle_value(cycle, rows, coeff)


@given(hnp.arrays(np.int64, 10, elements=st.integers(0, 46)), st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_a_coboundary_is_zero_on_every_cycle(f, cycle):
    i, j = np.triu_indices(10, 1)
    assert cocycle_value(cycle, np.column_stack([i, j, f[j] - f[i]]), 47) == 0


def test_nothing_evaluates_to_zero():
    assert cocycle_value([0, 1, 2], np.empty((0, 3), dtype=int), 2) == 0
    assert cocycle_value([], [[0, 1, 1]], 2) == 0


@pytest.mark.parametrize("edge", [(-1, -1), (0, 4), (2, 2), (0.0, 1.0), (0, 1, 2)])
def test_a_birth_edge_is_a_pair_of_points(edge):
    sentence = (
        f"birth_edge must be a pair of different points between 0 and 3, not {list(edge)}. Pass a row of "
        "birth_edges[1]."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        representative_cycle(hops(4), edge)


def test_an_edge_that_joins_two_components_bears_no_loop():
    sentence = (
        "the edge (0, 1) of length 3 joins two parts that no earlier edge connects, so no loop is born there. "
        "Pass a row of birth_edges[1] together with the distances it was computed from."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        representative_cycle(np.array([[0.0, 3.0], [3.0, 0.0]]), (1, 0))


def test_cocycle_value_refuses_what_is_no_cocycle_and_no_prime():
    sentence = (
        "a cocycle must be an (m, 3) array of rows i, j, value, not an array of shape (2,). Pass one entry of "
        "P.cocycles[1], from persistence(..., cocycles=True)."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        cocycle_value([0, 1, 2], [0, 1], 3)
    sentence = "coeff must be a prime below 32768, not 4: homology is taken over the field Z/coeff."
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        cocycle_value([0, 1, 2], [[0, 1, 1]], 4)
