"""Laws of the scores: without unit, without order, between 0 and 1, and known on diagrams that can be read off."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph._check import InputError
from spectral_ph.loops.score import detection_score, widest_gap

lengths = st.floats(0, 1e6, allow_subnormal=False)
bars = st.tuples(lengths, st.one_of(lengths, st.just(np.inf))).map(lambda bar: (bar[0], bar[0] + bar[1]))
diagrams = st.lists(bars, max_size=12).map(lambda rows: np.array(rows, dtype=float).reshape(-1, 2))
ratios = st.sampled_from([None, 1.0, 1.25, 2.0])
counts = st.integers(0, 5)

THREE = np.array([[0.0, 8.0], [1.0, 5.0], [2.0, 3.0]])  # persistences 8, 4, 1


@given(diagrams, counts, ratios)
def test_score_is_between_0_and_1(diagram, m, ratio):
    assert 0 <= detection_score(diagram, m, ratio) <= 1


@given(diagrams, counts, ratios, st.integers(-20, 20))
def test_score_and_gap_have_no_unit(diagram, m, ratio, power):
    # Powers of two, so that rescaling is exact.
    scaled = diagram * 2.0**power
    assert detection_score(scaled, m, ratio) == detection_score(diagram, m, ratio)
    assert widest_gap(scaled) == widest_gap(diagram)


@given(diagrams, counts, ratios, st.randoms(use_true_random=False))
def test_score_and_gap_ignore_the_order(diagram, m, ratio, random):
    order = random.sample(range(len(diagram)), len(diagram))
    assert detection_score(diagram[order], m, ratio) == detection_score(diagram, m, ratio)
    assert widest_gap(diagram[order]) == widest_gap(diagram)


@given(diagrams, counts, ratios)
def test_features_of_zero_persistence_do_not_count(diagram, m, ratio):
    more = np.vstack([diagram, [[3.0, 3.0], [0.0, 0.0]]])
    assert detection_score(more, m, ratio) == detection_score(diagram, m, ratio)
    assert widest_gap(more) == widest_gap(diagram)


@given(st.integers(1, 6), st.integers(1, 6))
def test_score_of_equal_features_is_1_at_their_number_and_0_elsewhere(m, n):
    assert detection_score(np.tile([1.0, 2.0], (n, 1)), m) == float(m == n)


@given(diagrams)
def test_score_of_no_feature_is_1_minus_the_score_of_one(diagram):
    assert detection_score(diagram, 0) == 1 - detection_score(diagram, 1)


def test_score_follows_its_formula():
    assert [detection_score(THREE, m) for m in range(5)] == [0.5, 0.5, 0.75, 1.0, 0.0]


@pytest.mark.parametrize("empty", [np.empty((0, 2)), np.empty(0), []])
def test_an_empty_diagram_shows_no_feature(empty):
    assert [detection_score(empty, m) for m in range(3)] == [1.0, 0.0, 0.0]
    assert widest_gap(empty) == 0


def test_the_filter_empties_a_diagram_without_a_feature_above_the_ratio():
    short = np.array([[1.0, 1.25], [4.0, 4.5]])
    assert detection_score(short, 1) == 0.5
    assert detection_score(short, 1, min_ratio=1.25) == 0.0
    assert detection_score(short, 0, min_ratio=1.25) == 1.0


def test_one_feature_above_the_ratio_keeps_all_the_others():
    # The longest one, of ratio 1.2, is not the one that passes.
    diagram = np.array([[10.0, 12.0], [1.0, 1.5]])
    assert detection_score(diagram, 1, min_ratio=1.25) == detection_score(diagram, 1) == 0.75


def test_a_birth_of_zero_is_an_infinite_ratio():
    assert detection_score(np.array([[0.0, 1e-9]]), 1, min_ratio=1e6) == 1.0


def test_infinite_features_stand_above_all_finite_ones_and_do_not_differ_among_themselves():
    one = np.array([[1.0, np.inf], [0.0, 9.0]])
    assert [detection_score(one, m) for m in range(4)] == [0.0, 1.0, 1.0, 0.0]
    assert widest_gap(one) == 1
    two = np.vstack([one, [5.0, np.inf]])
    assert [detection_score(two, m) for m in range(4)] == [1.0, 0.0, 1.0, 1.0]
    assert widest_gap(two) == 2


@given(diagrams)
def test_widest_gap_counts_a_part_of_the_features(diagram):
    n = int((diagram[:, 1] > diagram[:, 0]).sum())
    assert min(n, 1) <= widest_gap(diagram) <= n


def test_widest_gap_counts_the_features_above_it():
    assert widest_gap(THREE) == 1
    assert widest_gap(np.array([[0.0, 8.0], [0.0, 7.0], [0.0, 1.0]])) == 2
    # Below the last feature there is a gap to zero.
    assert widest_gap(np.array([[0.0, 8.0], [0.0, 7.0], [0.0, 6.0]])) == 3
    # Equally wide: the fewest features.
    assert widest_gap(np.array([[0.0, 4.0], [0.0, 2.0]])) == 1


@given(st.lists(st.floats(0.01, 1), max_size=10), st.integers(1, 4))
def test_features_far_above_the_rest_are_the_widest_gap(noise, m):
    diagram = np.column_stack([np.zeros(len(noise) + m), [*noise, *([10.0] * m)]])
    assert widest_gap(diagram) == m
    assert detection_score(diagram, m) >= 0.9


@pytest.mark.parametrize(
    ("diagram", "arguments", "sentence"),
    [
        (
            np.zeros((3, 3)),
            {},
            "a diagram must be an (m, 2) array of births and deaths, not an array of shape (3, 3). Pass one "
            "dimension of the result, such as P[1].",
        ),
        (
            [[0.0, 1.0], [2.0, 1.0]],
            {},
            "a diagram must hold finite births and no death before its birth, but row 1 is (2, 1). Pass "
            "births in the first column and deaths in the second.",
        ),
        (
            [[np.nan, 1.0]],
            {},
            "a diagram must hold finite births and no death before its birth, but row 0 is (nan, 1). Pass "
            "births in the first column and deaths in the second.",
        ),
        (THREE, {"n_features": -1}, "n_features must be a whole number of at least 0, not -1."),
        (THREE, {"min_ratio": 0.5}, "min_ratio must be at least 1, not 0.5."),
    ],
)
def test_errors_are_sentences(diagram, arguments, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        detection_score(diagram, **arguments)
