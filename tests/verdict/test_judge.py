"""The verdict is about the loop that is shown: faults that were measured, each a test."""

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.loops.result import Loop
from spectral_ph.verdict import judge, null
from spectral_ph.verdict.candidates import candidates, uncalibrated


def a_loop(**fields):
    none = np.empty(0)
    usual = {"evidence": 0.9, "agreement": 0.95, "prominence": 0.9, "relief": 0.9}
    return Loop(1.0, 2.0, 1.0, 0.5, none.astype(int), none, none.astype(bool), 1.5, none, **(usual | fields))


@pytest.fixture
def known_null(monkeypatch):
    """A hundred samples of one kind, evidence .01 to 1."""
    monkeypatch.setattr(null, "table", lambda: {100: {"a": np.arange(1, 101) / 100}})


def gap(degrees, n, seed):
    """A circle of which an arc is missing, in 50 dimensions with noise of .1."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.deg2rad(360 - degrees), n)
    basis = np.linalg.qr(rng.standard_normal((50, 2)))[0]
    return np.column_stack([np.cos(angle), np.sin(angle)]) @ basis.T + 0.1 * rng.standard_normal((n, 50)), angle


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_loop_is_the_one_that_the_halves_saw(seed):
    """A circle with 30 degrees missing was called by a cycle of four points, and its own loop was not."""
    X, angle = gap(30, 400, seed)
    R = sph.find_loops(X, splits=3)
    evidence = [loop.evidence for loop in R.loops]
    assert evidence == sorted(evidence, reverse=True)
    assert all(loop.agreement >= judge.LEAST_AGREEMENT for loop in R.loops if loop.verdict == "loop")
    assert (R.verdict, R.p_value, R.reason) == (R.loops[0].verdict, R.loops[0].p_value, R.loops[0].reason)
    if R.verdict != "no loop":
        steps = np.diff(np.append(angle[R.loops[0].cycle], angle[R.loops[0].cycle[0]]))
        assert abs(round(float(np.angle(np.exp(1j * steps)).sum() / (2 * np.pi)))) == 1


def test_no_loop_is_called_on_which_the_halves_disagree(known_null):
    assert judge.judged(a_loop(evidence=1.1), 100, 0.05, "").verdict == "loop"
    odd = judge.judged(a_loop(evidence=1.1, agreement=0.59), 100, 0.05, "")
    assert (odd.verdict, odd.p_value) == ("undecided", pytest.approx(1 / 101))


def test_thirty_neighbours_of_three_hundred_points_have_no_p():
    """A filled square was called in 4 of 10 cases with 30 neighbours fixed by hand, which the choice never looks at."""
    X = np.random.default_rng(0).uniform(size=(300, 2))
    R = sph.find_loops(X, n_neighbors=30, splits=2)
    assert (R.verdict, R.p_value) == ("undecided", None)
    assert R.reason == "There is no p-value: the test is not calibrated for n_neighbors=30 on 300 points."
    fixed = sph.find_loops(X, "eff_res", n_neighbors=15, steps=1, passes=1, splits=2)
    assert fixed.p_value is not None


@pytest.mark.parametrize(
    "given", [{"n_neighbors": 15}, {"steps": 4}, {"passes": 2}, {"n_neighbors": 30}, {"passes": 1}]
)
def test_a_value_of_the_choice_fixed_by_hand_leaves_only_what_has_a_p(given):
    """Fifteen neighbours with two passes and four steps with three are left out on purpose, and must not come back."""
    found = candidates("auto", given, 500, True)
    assert found
    assert [uncalibrated(one, True, 5, 1000, 500) for one in found] == [""] * len(found)
    assert all(one[1].get(name) == value for one in found for name, value in given.items() if name in one[1])


def test_another_metric_has_no_p():
    """Directions of a flat Gaussian are a ring, and the null is of Euclidean distances."""
    X = np.random.default_rng(0).standard_normal((300, 30)) * np.r_[3, 3, np.full(28, 0.4)]
    R = sph.find_loops(X, metric="cosine", splits=2)
    assert (R.verdict, R.p_value) == ("undecided", None)
    assert R.reason == "There is no p-value: the test is not calibrated for metric='cosine' on 300 points."


def test_a_level_that_no_evidence_reaches_is_refused():
    X = np.random.default_rng(0).standard_normal((150, 3))
    least = null.least_p(150)
    with pytest.raises(sph.InputError) as caught:
        sph.find_loops(X, level=least / 2)
    assert str(caught.value) == (
        f"level={least / 2} is below {least:.2g}, the least p-value that the simulated shapes allow. "
        f"Pass level={least + 5e-3:.2f} or more."
    )


def test_without_a_feature_points_have_no_loop_and_distances_are_undecided():
    line = np.arange(120.0)[:, None]
    R = sph.find_loops(line, "euclidean", splits=0)
    assert (R.verdict, R.reason) == ("no loop", "The points go round no loop: there is no feature of degree 1.")
    R = sph.find_loops(np.abs(line - line.T), "precomputed")
    assert (R.verdict, R.reason) == (
        "undecided",
        "No loop is seen: there is no feature of degree 1. Without points there is no test of that.",
    )


def test_every_verdict_is_said_in_whole_sentences(known_null):
    said = judge.judged(a_loop(evidence=1.1, inside=0.02), 100, 0.05, "").reason
    assert said == (
        "This is a loop (p = 0.0099). When the points are split at random, the two halves order the points alike "
        "(agreement 0.95; a clear loop has 0.9 and more). Its middle is empty: 2 % of the points lie inside, and an even "
        "filling would hold 25 %. Check next that nothing else orders the points alike, such as batch, depth or cell types."
    )
    said = judge.judged(a_loop(evidence=0.49, agreement=0.25, prominence=0.2, inside=0.16), 100, 0.05, "").reason
    assert said == (
        "No evidence of a loop (p = 0.52). When the points are split at random, the two halves order the points differently "
        "(agreement 0.25; a clear loop has 0.9 and more). Its middle is thin, not empty: 16 % of the points lie inside, and an "
        "even filling would hold 25 %. In the halves, other features last about as long. A loop hidden behind other variation is "
        "not ruled out: look again without what else varies."
    )
    said = judge.judged(a_loop(evidence=0.95, inside=0.24), 100, 0.05, "").reason
    assert said.startswith(
        "This may be a loop, or chance (p = 0.069). It is borderline: another seed may say otherwise."
    )
    assert "Its middle is not empty: 24 % of the points lie inside" in said


def test_near_the_level_more_halves_are_looked_at(monkeypatch):
    """Where every sample of the null shows as much as the level asks for, the splits go on to the most there may be."""
    X = sph.datasets.circle(120, ambient_dim=5, sigma=0.2, random_state=0)
    monkeypatch.setattr(null, "least_p", lambda n: 0.01)
    monkeypatch.setattr(null, "p_value", lambda value, n: 0.06)
    assert sph.find_loops(X).settings["loops"]["splits"] == 25
    assert sph.find_loops(X, splits=5).settings["loops"]["splits"] == 5
    monkeypatch.setattr(null, "p_value", lambda value, n: 0.9)
    assert sph.find_loops(X).settings["loops"]["splits"] == 5
    # More evidence than any sample of the null has is not near the level, however few samples there are.
    monkeypatch.setattr(null, "p_value", lambda value, n: 0.01)
    R = sph.find_loops(X)
    assert R.settings["loops"]["splits"] == 5
    assert "borderline" not in R.reason
