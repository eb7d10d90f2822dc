"""Halves: how they are drawn, and what two of them see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph.verdict.candidates import candidates
from spectral_ph.verdict.halves import Halving, split_points

seeds = st.integers(0, 2**32 - 1)


def halving(X, seed=0, **fields):
    return Halving(X, np.arange(len(X)), np.random.default_rng(seed), **fields)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_what_candidates_share_changes_no_bit(metric):
    """What two halves see under one candidate does not depend on which others are looked at beside it."""
    X = sph.datasets.circle(320, ambient_dim=10, sigma=0.2, random_state=0)
    choice = candidates("auto", {"metric": metric}, 300, makes_graph=True)

    def looked_at(few):
        how = halving(X, metric=metric)
        return split_points(how, how.draw(1), few)[0]

    together = looked_at(choice)
    assert len(choice) == 7
    for c, candidate in enumerate(choice):
        by_itself = looked_at([candidate])
        np.testing.assert_array_equal(together.evidence[c], by_itself.evidence[0])
        for here, there in zip(together.seen, by_itself.seen, strict=True):
            np.testing.assert_array_equal(here[c].diagram, there[0].diagram)
            for one, other in zip(here[c].phases, there[0].phases, strict=True):
                np.testing.assert_array_equal(one, other)


def test_one_candidate_can_be_looked_at_alone():
    X = sph.datasets.circle(200, ambient_dim=5, sigma=0.1, random_state=0)
    choice = candidates("auto", {}, 100, makes_graph=True)
    how, same = halving(X), halving(X)
    every, one = split_points(how, how.draw(1), choice)[0], split_points(same, same.draw(1), choice, only=1)[0]
    np.testing.assert_array_equal(one.evidence[1], every.evidence[1])
    assert [one.seen[0][c] is None for c in range(len(choice))] == [c != 1 for c in range(len(choice))]


@given(seeds, st.integers(2, 9))
def test_groups_go_into_halves_as_a_whole(seed, number):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(60) % number)
    how = halving(np.zeros((60, 1)), seed, groups=groups)
    pairs = how.draw(5)
    assert len(pairs) == {2: 1, 3: 3}.get(number, 5)
    for first, second in pairs:
        assert set(groups[first]).isdisjoint(groups[second])
        np.testing.assert_array_equal(np.sort(np.r_[first, second]), np.arange(60))
    if number > 3:
        assert all(abs(len(first) - len(second)) <= 60 // number + 1 for first, second in pairs)
    sides = {frozenset([frozenset(first), frozenset(second)]) for first, second in pairs}
    assert number > 3 or len(sides) == len(pairs)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([0] * 150, "split_by has the same label for all points, but two groups or more are needed. Leave it out."),
        ([0] * 3, "split_by must be a list of 150 labels, one for each point, not an array of shape (3,)."),
        ([None, *"ab" * 74, "a"], "split_by has no label for 1 points. Name their group, or leave these points out."),
        (
            [0] * 140 + [1] * 10,
            "split_by leaves 10 points in a half, but 50 are needed. Join small groups, or leave it out.",
        ),
    ],
)
def test_what_does_not_divide_is_refused(labels, sentence):
    X = np.random.default_rng(0).standard_normal((150, 3))
    with pytest.raises(sph.InputError) as caught:
        sph.find_loops(X, split_by=labels)
    assert str(caught.value) == sentence


def test_the_reason_says_how_many_groups_there_were():
    X = sph.datasets.circle(200, ambient_dim=5, sigma=0.1, random_state=0)
    assert (
        " When the 2 groups are divided, in 1 way, the two halves order"
        in sph.find_loops(X, split_by=np.arange(200) % 2).reason
    )
    assert (
        " When the 5 groups are divided at random, the two halves order"
        in sph.find_loops(X, split_by=np.arange(200) % 5).reason
    )
