"""Conditions are compared by donor: exact divisions, known answers, and nothing claimed where donors differ by themselves."""

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.cells.conditions import compare_conditions


def cells(donors, stopped=(), n=60, seed=0, spread=0.0):
    """Phases of n cells of each donor; of those in `stopped` half stand within .3 of a phase of 2."""
    rng = np.random.default_rng(seed)
    phase, who = [], []
    for donor in donors:
        theta = rng.uniform(0, 2 * np.pi, n)
        if donor in stopped:
            theta[: n // 2] = 2 + 0.3 * rng.standard_normal(n // 2)
        theta += spread * rng.standard_normal() * np.sin(theta)
        phase.append(theta % (2 * np.pi))
        who += [donor] * n
    return np.concatenate(phase), np.array(who)


def compared(donors, stopped, second, on=None, **more):
    phase, who = cells(donors, stopped, **more)
    drug = np.where(np.isin(who, list(second)), "drug", "control")
    return compare_conditions(phase, np.ones(len(phase), bool) if on is None else on(who), drug, who)


def test_a_stop_in_one_phase_is_found_with_three_donors_a_side():
    found = compared("abcdef", "def", "def")
    assert found.conditions == ("control", "drug")
    # Half of the cells stand where they would be a tenth of the time.
    assert found.moved == pytest.approx(0.4, abs=0.1)
    assert found.moved_by_chance < 0.3
    assert found.phases[found.difference.argmax()] == pytest.approx(2, abs=0.3)
    assert found.low[found.difference.argmax()] > 0
    # Of 20 divisions of six donors, the given one and its mirror differ most.
    assert found.p_density == pytest.approx(0.1)
    assert found.least_p == pytest.approx(0.1)
    assert "p = 0.1 for where they stand" in found.reason
    assert "0.1 is the smallest that 3 and 3 donors allow" in found.reason
    assert compared("abcdefgh", "efgh", "efgh").p_density == pytest.approx(2 / 70)


@pytest.mark.parametrize("donors", [3, 4, 5])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_what_moves_by_chance_is_the_effect_less_what_a_division_mixes(donors, seed):
    """Donors that are alike within a side: with k of d exchanged, the sides differ by the share |1 - 2k/d| of the effect."""
    rng = np.random.default_rng(seed)
    sides = rng.uniform(0, 2 * np.pi, 40), 2 + 0.5 * rng.standard_normal(40)
    phase = np.concatenate([np.tile(side, donors) for side in sides])
    drug = np.repeat(["control", "drug"], 40 * donors)
    found = compare_conditions(phase, np.ones(len(phase), bool), drug, np.repeat(np.arange(2 * donors), 40))
    shares = [abs(1 - 2 * sum(d < donors for d in c) / donors) for c in combinations(range(2 * donors), donors)]
    assert found.moved > 0.2
    assert found.moved_by_chance == pytest.approx(np.median(shares) * found.moved, abs=1e-12)
    # With three donors a side that are alike, the effect is three times what moves by chance, and never more.
    assert np.median(shares) == pytest.approx({3: 1 / 3, 4: 0, 5: 1 / 5}[donors])


def test_too_few_donors_get_no_p_value_but_effects():
    found = compared("abcd", "cd", "cd")
    assert found.p_density is None
    assert found.p_share is None
    assert "There is no p-value: 2 and 2 donors are too few, and at least 3 a side are needed." in found.reason
    assert found.moved > 0.25


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_p_is_the_share_of_all_divisions_and_a_turn_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    phase, who = cells("abcdefg", seed=seed, n=20)
    drug = np.where(np.isin(who, list("abc")), "x", "y")
    on = rng.random(len(who)) < 0.7
    found = compare_conditions(phase, on, drug, who)
    share = np.array([on[who == d].mean() for d in found.donors])
    gaps = [abs(share[list(c)].mean() - np.delete(share, list(c)).mean()) for c in combinations(range(7), 4)]
    there = abs(share[found.condition == 1].mean() - share[found.condition == 0].mean())
    assert found.p_share == pytest.approx(np.mean(np.array(gaps) >= there * (1 - 1e-9)))
    turned = compare_conditions((-phase + 1) % (2 * np.pi), on, drug, who)
    assert turned.p_density == pytest.approx(found.p_density)
    # Sides are symmetric.
    swapped = compare_conditions(phase, on, np.where(drug == "x", "y", "x"), who)
    assert swapped.p_density == pytest.approx(found.p_density)
    assert swapped.share_difference == pytest.approx(-found.share_difference)
    assert swapped.share_interval == pytest.approx([-x for x in reversed(found.share_interval)])


def test_donors_that_differ_by_themselves_are_not_taken_for_the_condition():
    """Many cells of donors that differ would convince a test of cells; of 40 tests more than 9 below .1 have a chance of 1 %."""
    p = [compared("abcdefgh", "", "efgh", seed=seed, n=100, spread=0.8).p_density for seed in range(40)]
    assert sum(value <= 0.1 for value in p) <= 9


def test_the_share_on_the_loop_with_its_interval():
    rng = np.random.default_rng(0)
    found = compared(
        "abcdefgh", "", "efgh", on=lambda who: rng.random(len(who)) < np.where(np.isin(who, list("efgh")), 0.3, 0.8)
    )
    assert found.share_difference == pytest.approx(-0.5, abs=0.1)
    assert found.share_interval[0] < -0.5 < found.share_interval[1] < 0
    assert found.p_share == pytest.approx(2 / 70)


def test_donors_with_both_conditions_are_compared_with_themselves():
    phase, who = cells("abcde", n=120, seed=3, spread=0.8)
    drug = np.where(np.arange(len(who)) % 2 == 0, "no", "yes")
    phase = phase.copy()
    stop = (drug == "yes") & (np.arange(len(who)) % 4 == 1)
    phase[stop] = 2 + 0.3 * np.random.default_rng(1).standard_normal(stop.sum())
    found = compare_conditions(phase, np.ones(len(phase), bool), drug, who)
    assert found.paired
    assert len(found.donors) == 10
    assert found.p_density == found.least_p == pytest.approx(2 / 2**5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"condition": ["x"] * 120},
            "two conditions are compared, but there are 1 ('x'). Name two with between.",
        ),
        (
            {"donor": ["a"] * 60 + ["b"] * 60},
            "condition 'x' has 1 donor(s) with at least 20 cells that have a phase, but two are needed to know how donors differ. "
            "Cells of one donor cannot stand in for donors.",
        ),
        (
            {"donor": ["a"] * 30 + ["b"] * 30 + ["a"] * 30 + ["c"] * 30},
            "some donors have both conditions ('a') and others one. Leave out one kind: donors are compared with themselves, or "
            "with others.",
        ),
        ({"donor": ["a"]}, "donor must hold one label for each of the 120 cells, not the shape (1,)."),
    ],
)
def test_errors_are_sentences(change, sentence):
    given = {"condition": ["x"] * 60 + ["y"] * 60, "donor": list("abcd") * 30} | change
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        compare_conditions(np.linspace(0, 6, 120), np.ones(120, bool), **given)


def test_donors_with_few_cells_are_left_out_with_a_warning():
    phase, who = cells("abcdef")
    kept = (who != "f") | (np.cumsum(who == "f") <= 10)
    drug = np.where(np.isin(who, list("def")), "drug", "control")
    with pytest.warns(SpectralWarning, match=r"fewer than 20 cells that have a phase were left out: 'f' in 'drug'"):
        found = compare_conditions(phase[kept], np.ones(kept.sum(), bool), drug[kept], who[kept])
    assert found.donors == ("a", "b", "c", "d", "e")
