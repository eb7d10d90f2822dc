"""The permutation test of diagrams: exact where all divisions are looked at, and by its definition."""

import re
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph


def one(birth, death):
    return np.array([[birth, death]])


def naive_loss(D, labels, exponent):
    """The joint loss by its definition."""
    loss = 0.0
    for name in set(labels):
        of = [k for k, label in enumerate(labels) if label == name]
        loss += sum(D[i, j] ** exponent for i in of for j in of) / (2 * len(of) * (len(of) - 1))
    return loss


@settings(max_examples=15)
@given(
    st.lists(st.floats(0.1, 5), min_size=6, max_size=6),
    st.sampled_from([list("aabbbb"), list("aaabbb"), list("aabbcc")]),
    st.sampled_from([1.0, 2.0]),
)
def test_the_exact_p_is_the_share_of_all_divisions(lengths, labels, exponent):
    found = sph.two_sample([one(1.0, 1.0 + x) for x in lengths], labels, exponent=exponent)
    there = naive_loss(found.distances, labels, exponent)
    assert found.loss == pytest.approx(there)
    assert found.exact
    losses = np.array([naive_loss(found.distances, each, exponent) for each in set(permutations(labels))])
    np.testing.assert_allclose(np.sort(found.permuted), np.sort(losses))
    assert found.p_value == np.mean(losses <= there * (1 + 1e-9))
    assert found.p_value >= found.least


def test_two_groups_apart_by_hand():
    """Of the 6 divisions of 4 into 2 and 2, the given one and its mirror have the least loss."""
    found = sph.two_sample([one(1, 2), one(1, 2.2), one(1, 5), one(1, 5.2)], [True, True, False, False])
    # The diagrams of a group are .2 apart, and each of its ordered pairs counts a quarter.
    assert found.loss == pytest.approx(0.2 * 2 / 4 * 2)
    assert (found.p_value, found.least) == (pytest.approx(2 / 6), pytest.approx(2 / 6))
    assert found.groups == {"False": 2, "True": 2}
    assert repr(found) == "TwoSample(p 0.33 of 2 False and 2 True, 6 all divisions)"


def test_random_divisions_have_the_seed_and_never_a_p_of_zero():
    rng = np.random.default_rng(0)
    diagrams = [one(1, 2 + x) for x in rng.random(10)] + [one(1, 6 + x) for x in rng.random(10)]
    calls = [sph.two_sample(diagrams, [0] * 10 + [1] * 10, n_permutations=99, random_state=k) for k in (1, 1, 2)]
    assert [found.p_value for found in calls] == [0.01] * 3
    assert not calls[0].exact
    np.testing.assert_array_equal(calls[0].permuted, calls[1].permuted)
    assert (calls[0].permuted != calls[2].permuted).any()


def rings(seeds, inner):
    out = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        t, r = rng.uniform(0, 2 * np.pi, 60), np.sqrt(rng.uniform(inner**2, 1, 60))
        out.append(sph.persistence(np.column_stack([r * np.cos(t), r * np.sin(t)]), "euclidean"))
    return out


def test_it_holds_its_level_and_finds_a_circle_against_an_annulus():
    """Of 20 tests of circles against circles, more than 5 with p <= .1 have a chance of 1 %; the annulus is always found."""
    circles = rings(range(160), 1.0)
    labels = ["a"] * 4 + ["b"] * 4
    p = [sph.two_sample(circles[8 * k : 8 * k + 8], labels).p_value for k in range(20)]
    assert sum(value <= 0.1 for value in p) <= 5
    thick = rings(range(1000, 1004), 0.5)
    assert sph.two_sample([*circles[:4], *thick], labels).p_value == pytest.approx(2 / 70)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: sph.two_sample([one(1, 2)] * 3, ["a", "a", "b"]),
            "two groups of at least two diagrams are needed to compare them, but there are 2 of a, 1 of b. Pass more diagrams, "
            "or leave out the groups of one.",
        ),
        (
            lambda: sph.two_sample([one(1, 2)] * 4, ["a", "a", "b"]),
            "labels must hold one label for each of the 4 diagrams, not the shape (3,).",
        ),
        (
            lambda: sph.two_sample([one(1, 2)] * 4, ["a", "a", None, "b"]),
            "1 of the 4 diagrams have no label. Leave these diagrams out.",
        ),
        (
            lambda: sph.two_sample([one(1, 2), one(1, 2), one(1, 2), one(1, np.inf)], list("aabb")),
            "the diagrams have between 0 and 1 features that never die, so some are infinitely far from each other. Compute "
            "them without a threshold, or leave those features out of all.",
        ),
        (
            lambda: sph.two_sample([one(1, 2)] * 4, list("aabb"), exponent=0),
            "exponent must be a finite number above 0, not 0.",
        ),
        (
            lambda: sph.two_sample([np.ones(3)] * 4, list("aabb")),
            "diagram 0 must be a diagram, an (m, 2) array of births and deaths, not an array of shape (3,). Pass one degree of "
            "the result, for instance P[1].",
        ),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        call()
