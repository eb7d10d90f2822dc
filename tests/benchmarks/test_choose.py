import json
import sys

import numpy as np
import pytest

from benchmarks import cases, choose, quality, record, sweep
from tests.benchmarks.made import write_records


def records(folder, score, plans=("defaults",)):
    """Records of whole plans; score(label, task) -> (score of the planted number, score of one loop, planted)."""

    def result(label, task):
        value, one, planted = score(label, task)
        held = {"score": value, "filtered": value, "one": one, "one_filtered": one}
        return {"h1": held, "h2": held} | ({} if task["case"] in cases.LOOP_FREE else {"planted": planted})

    return sweep.Records(write_records(folder, result, plans))


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(quality, "ALL", ["euclidean", "eff_res k=15", "eff_res k=30", "diffusion k=15,t=8"])


@pytest.mark.parametrize("n", [1, 5, 20, 50, 75, 200])
def test_at_most_the_stated_share_is_above_the_threshold(n):
    scores = np.random.default_rng(n).uniform(size=n)
    above = np.mean(scores > choose.threshold(scores))
    assert above <= choose.FALSE_CLAIMS
    assert above + 1 / n > choose.FALSE_CLAIMS  # and no lower one would do
    assert choose.threshold(np.ones(n)) == 1.0


def test_power_counts_what_is_above_the_threshold_and_planted(tmp_path, few):
    """Three settings of equal scores: one right, one that shows another loop, one that shouts as loudly at noise."""

    def score(label, task):
        free = task["case"] in cases.LOOP_FREE
        if label == "eff_res k=15":
            return 0.8, 0.1 if free else 0.8, True
        if label == "eff_res k=30":
            return 0.8, 0.1 if free else 0.8, task["sigma"] < 0.15
        return 0.8, 0.8, True

    found = choose.Cases(records(tmp_path / "r", score), "defaults")
    by = {label: choose.judge(found, label) for label in found.labels}
    assert by["eff_res k=15"]["power"] == 1.0
    assert by["eff_res k=15"]["score"] == pytest.approx(0.8)
    assert by["eff_res k=30"]["power"] == pytest.approx(0.5)
    assert by["eff_res k=30"]["score"] == pytest.approx(0.4)
    assert by["euclidean"]["power"] == 0.0
    assert by["euclidean"]["false > .5"] == 1.0
    assert by["eff_res k=15"]["false > .5"] == 0.0
    table = {row["distance"]: row for row in choose.best_and_default(list(by.values()))}
    assert table["eff_res"]["best setting"] == "eff_res k=15"
    assert table["eff_res"]["settings"] == 2


def test_a_short_circuit_is_not_counted_as_a_false_claim(tmp_path, few):
    found = choose.Cases(
        records(tmp_path / "r", lambda label, task: (0.8, float(task["case"] == "swiss_roll"), True)), "defaults"
    )
    assert not found.false("euclidean").any()


def test_an_incomplete_setting_is_left_out_by_name(tmp_path, few, monkeypatch, capsys):
    lost = next(t for label, t in quality.plan("defaults")[0] if label == "eff_res k=30")
    held = records(tmp_path / "r", lambda label, task: (0.8, 0.1, True))
    del held.by_key[sweep.key(lost)]
    monkeypatch.setattr(sweep, "Records", lambda folder: held)
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["choose.py"])
    choose.main()
    assert "eff_res k=30: left out, cases not recorded: 1\n" in capsys.readouterr().out
    rows = json.loads((tmp_path / "choose.json").read_text())["rows"]
    assert {r["setting"] for r in rows} == {"euclidean", "eff_res k=15", "diffusion k=15,t=8"}


def test_the_headline_is_the_default_less_the_paper(tmp_path, few, monkeypatch):
    for labels in ("BEST", "TUNED", "SPHERE_LABELS", "PASSES", "STEPS"):
        monkeypatch.setattr(quality, labels, [quality.DEFAULT])
    held = records(tmp_path / "r", lambda label, task: (0.6, 0.1, True), ("passes", "sphere"))
    table = {row["shape"]: row for row in choose.headline(held)}
    assert list(table) == ["circle", "linked_circles", "eyeglasses", "sphere H2", "torus"]
    assert table["circle"]["above eff_res"] == pytest.approx(0.6 - 0.87)
    assert table["sphere H2"]["above diffusion"] == pytest.approx(0.6 - 0.87)
    assert table["sphere H2"]["planted"] is None
    assert table["torus"]["diffusion k=15,t=8, filtered"] is None


def test_every_default_is_a_setting_of_the_plan_and_of_the_registry():
    """A changed default of a distance has to be changed here too."""
    import spectral_ph as sph
    from spectral_ph.distances.passes import check_steps
    from spectral_ph.graph.recipe import Recipe

    labels = {label for label, _ in quality.plan("defaults")[0]}
    for name, label in choose.DEFAULTS.items():
        assert label in labels
        distance, given = quality.SETTINGS[label][0], dict(quality.SETTINGS[label][1])
        assert distance == name
        parameters = sph.DISTANCES[name].parameters
        if name == "eff_res":  # whose steps are left open, for they depend on the passes
            assert given.pop("steps") == check_steps(parameters["steps"], parameters["passes"])
        for key, value in given.items():
            assert parameters.get(key, getattr(Recipe, key, None)) == (float("inf") if value == "inf" else value)
