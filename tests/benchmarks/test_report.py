import json
import re
import sys
from pathlib import Path

import pytest

from benchmarks import paper as published
from benchmarks import quality, report
from tests.benchmarks.made import write_records


@pytest.fixture(autouse=True)
def own_style():
    """The report sets matplotlib's defaults for its process; the tests after it keep theirs."""
    import matplotlib

    with matplotlib.rc_context():
        yield


def write(folder, score, plans=quality.PLANS, skip=()):
    """Records of whole plans with made-up scores, score(label, task) -> unfiltered and filtered."""

    def result(label, task):
        value, filtered = score(label, task)
        held = {"features": 1, "score": value, "filtered": filtered, "one": value, "one_filtered": filtered, "gap": 1}
        return {"h1": held, "h2": held, "planted": value > 0.5}

    return write_records(folder, result, plans, skip)


def line(label, task):
    value = 1 - 2 * task["sigma"] + 0.03 * (task["seed"] - 1)
    return max(value, 0), max(value - 0.1, 0)


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["report.py", *map(str, arguments)])
    report.main()


@pytest.fixture
def paper(tmp_path):
    """A made-up reading of the paper's figures: our filtered line, a tenth higher, with one impossible jump."""
    rows = ["figure,series,sigma,score,partly_hidden"]
    for sigma in quality.SIGMAS:
        value = 1 - 2 * sigma if sigma != 0.1 else 0.0
        rows += [f"Fig6a,euclidean,{sigma},{value},0", f"Fig7e linked circles (2 loops),eff_res,{sigma},{value},0"]
    (tmp_path / "effph_curves.csv").write_text("\n".join(rows))
    rows = ["distance,ambient_dim,sigma,mean_score_3seeds"]
    rows += [f"euclidean,{d},{s},{max(0.9 - 2 * s, 0) + 0.05}" for d in quality.DIMENSIONS for s in quality.SIGMAS]
    (tmp_path / "effph_circle_by_dimension.csv").write_text("\n".join(rows))
    return tmp_path


def test_a_jump_of_one_reading_is_taken_out(paper):
    curve = published.curves(paper)["circle", "euclidean"]
    assert len(curve) == 29
    assert curve[0.1] == pytest.approx(0.8, abs=0.03)
    assert curve[0.2] == pytest.approx(0.6)


@pytest.fixture
def few(monkeypatch):
    """Fewer settings, so that the figures are drawn quickly."""
    monkeypatch.setattr(quality, "BEST", ["euclidean", "eff_res k=15"])
    monkeypatch.setattr(quality, "TUNED", ["eff_res k=15", "eff_res k=100"])


def test_the_area_is_the_mean_over_the_grid_and_the_paper_stands_beside_it(tmp_path, paper, few, monkeypatch):
    folder = write(tmp_path / "records", line, ["paper"])
    run(monkeypatch, "--folder", folder, "--out", tmp_path / "out", "--reference", paper)
    rows = json.loads((tmp_path / "out" / "quality.json").read_text())["rows"]
    (found,) = [r for r in rows if (r["plan"], r["case"]) == ("paper", "circle") and r["setting"] == "euclidean"]
    assert found["auc"] == pytest.approx(1 - 2 * 0.175)
    assert found["auc_range"] == pytest.approx(0.06)
    assert found["auc_filtered"] == pytest.approx(1 - 2 * 0.175 - 0.1)
    assert found["difference"] == pytest.approx(-0.1, abs=0.002)
    assert found["missing"] == found["failed"] == 0
    text = (tmp_path / "out" / "quality.md").read_text()
    assert "| linked_circles H1 | eff_res | eff_res k=15 | 0.649" in text
    for name in ("circle", "linked_circles", "eyeglasses", "torus"):
        assert (tmp_path / "out" / f"quality_{name}.png").stat().st_size > 10_000


def test_the_heat_map_tells_the_mean_difference(tmp_path, paper, monkeypatch):
    folder = write(tmp_path / "records", lambda label, task: (1.0, max(0.9 - 2 * task["sigma"], 0)), ["dimension"])
    run(monkeypatch, "--folder", folder, "--out", tmp_path / "out", "--reference", paper)
    told = json.loads((tmp_path / "out" / "quality.json").read_text())["dimension_difference"]
    assert told == {"euclidean": pytest.approx(0.05)}


def test_an_unfinished_grid_has_no_area_and_says_what_is_missing(tmp_path, few, monkeypatch, capsys):
    skip = {("euclidean", 0.1, 1), ("euclidean", 0.2, 0)}
    folder = write(tmp_path / "records", line, ["paper"], skip)
    run(monkeypatch, "--folder", folder, "--out", tmp_path / "out", "--reference", tmp_path / "nowhere")
    rows = json.loads((tmp_path / "out" / "quality.json").read_text())["rows"]
    (found,) = [r for r in rows if (r["plan"], r["case"]) == ("paper", "circle") and r["setting"] == "euclidean"]
    assert found["auc"] is None
    assert found["missing"] == 2
    assert (
        f"{tmp_path / 'nowhere' / 'effph_curves.csv'} is not there, so the paper's curves are left out"
        in capsys.readouterr().out
    )


def test_every_plan_has_its_figure(tmp_path, monkeypatch):
    whole = quality.plan
    monkeypatch.setattr(quality, "plan", lambda name: whole(name, every=5))
    folder = write(tmp_path / "records", line)
    run(monkeypatch, "--folder", folder, "--out", tmp_path / "out", "--reference", tmp_path)
    names = {path.stem.removeprefix("quality_") for path in (tmp_path / "out").glob("*.png")}
    assert names >= {
        "circle", "linked_circles", "eyeglasses", "torus", "dimension", "passes", "loop_free", "shapes", "outliers",
        "sensitivity", "sphere_1000", "circle_shared_seed", "circle_embedding",
    }  # fmt: skip


def test_a_plan_that_has_hardly_begun_is_left_out_with_a_sentence(tmp_path, few, monkeypatch, capsys):
    """The paper's plan shares its cases at d = 50 with the plan of all dimensions."""
    folder = write(tmp_path / "records", line, ["paper"])
    run(monkeypatch, "--folder", folder, "--out", tmp_path / "out", "--reference", tmp_path)
    said = capsys.readouterr().out
    assert re.search(r"^dimension: \d+ of 3480 cases are recorded; left out until a third is$", said, flags=re.M)
    assert not (tmp_path / "out" / "quality_dimension.png").exists()


def test_an_empty_folder_is_said(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"has no record of any plan; run: python -m benchmarks\.quality --full$"):
        run(monkeypatch, "--folder", tmp_path, "--out", tmp_path / "out", "--reference", tmp_path)


def test_nothing_of_the_paper_is_in_the_project():
    root = Path(report.__file__).parents[1]
    assert not [p for part in ("benchmarks", "docs", "spectral_ph", "tests") for p in (root / part).rglob("effph*.csv")]
