"""The record holds what the result says, each point counted once."""

import json
import re

import numpy as np
import pytest

from spectral_ph import files, report
from spectral_ph._check import InputError
from spectral_ph.cells.genes import BINS
from spectral_ph.report.record import MAX_GROUPS, as_count
from tests.report.made import everything, result


def test_the_record_is_what_the_result_says_and_has_a_json_form(tmp_path):
    R, _ = result()
    said = json.loads(files.to_json(report.record(R, **everything())))
    for name, value in json.loads(files.to_json(R.to_dict())).items():
        if name not in ("loops", "warnings"):
            assert said[name] == value
    assert said["warnings"] == ["A warning.", "Another warning."]
    for shown, made in zip(said["loops"], R.loops, strict=True):
        assert shown["birth"] == made.birth
        assert shown["n_on_loop"] == int(made.on_loop.sum())
        assert shown["median_spread"] == float(np.median(made.spread))
    assert said["seed"] == 7
    assert report.record(R)["seed"] == 7  # of the settings


def test_groups_count_each_point_of_the_domain_once():
    R, _ = result()
    stage = np.array(["a", "b", None] * 40, dtype=object)
    (label,) = report.record(R, labels={"stage": stage})["labels"]
    inside = R.loops[0].domain & np.array([s is not None for s in stage])
    assert label["missing"] == 40
    assert label["of"] == inside.sum() == sum(group["n"] for group in label["groups"])
    for group in label["groups"]:
        phase = R.loops[0].phase[inside & (stage == group["category"])]
        assert group["counts"].sum() == group["n"] == len(phase)
        mean = np.exp(1j * phase).mean()
        assert group["concentration"] == pytest.approx(abs(mean))
        assert np.exp(1j * group["mean_phase"]) == pytest.approx(mean / abs(mean))


def test_many_categories_are_put_together():
    R, _ = result()
    (label,) = report.record(R, labels={"clone": [f"c{k % 40}" for k in range(120)]})["labels"]
    assert len(label["groups"]) == MAX_GROUPS
    assert label["groups"][-1]["category"] == "29 others"
    assert sum(group["n"] for group in label["groups"]) == 118


def test_numbers_are_shown_by_quartiles_along_the_phase():
    R, _ = result()
    phase = R.loops[0].phase
    (label,) = report.record(R, labels={"itself": phase})["labels"]
    assert sum(row["n"] for row in label["bins"]) == 118
    width = 2 * np.pi / BINS
    for k, row in enumerate(label["bins"]):
        if row["n"]:
            assert k * width <= row["lower_quartile"] <= row["median"] <= row["upper_quartile"] <= (k + 1) * width


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (1.0, "100 in 100"),
        (0.996, "100 in 100"),
        (0.5, "50 in 100"),
        (0.05, "5 in 100"),
        (0.01, "1 in 100"),
        (0.0099, "1 in 100"),
        (0.0094, "9.4 in 1,000"),
        (0.004, "4 in 1,000"),
        (0.001, "1 in 1,000"),
    ],
)
def test_probabilities_are_counts(p, said):
    assert as_count(p) == said


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda R: report.record(R, labels={"x": np.zeros((2, 2))}),
            "label 'x' must hold one value for each of the 120 points, not the shape (2, 2). Pass values in "
            "the order of the points.",
        ),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        call(result()[0])
