import itertools
import json
import sys

import numpy as np
import pytest

import spectral_ph as sph
from benchmarks import cases, quality, sweep

CIRCLE = quality.task("circle", "eff_res k=15", 0.1, 0, n=200)


def test_winding_of_a_polygon_is_how_often_it_goes_round():
    for n, times in itertools.product((5, 12), (-2, -1, 0, 1, 2)):
        turns, step = quality.winding(2 * np.pi * times * np.arange(n) / n + 0.3)
        assert turns == times
        assert step == pytest.approx(2 * np.pi * abs(times) / n)


def test_points_that_are_not_on_the_loop_are_skipped():
    assert quality.winding(np.array([0.0, np.nan, 2.1, np.nan, np.nan, 4.2])) == (1, pytest.approx(2.1))
    assert quality.winding(np.array([np.nan, np.nan])) == (0, 0.0)


def test_rank_over_two_elements_is_the_number_of_sums_that_vanish():
    rng = np.random.default_rng(0)
    for _ in range(40):
        matrix = rng.integers(-3, 4, size=(rng.integers(1, 5), rng.integers(1, 5)))
        sums = [np.array(c) @ matrix % 2 for c in itertools.product((0, 1), repeat=len(matrix))]
        kernel = sum(not s.any() for s in sums)
        assert 2 ** (len(matrix) - quality.rank_mod_2(matrix.tolist())) == kernel


def test_a_circle_with_little_noise_is_found_and_is_the_planted_one():
    result = quality.work(CIRCLE)
    assert result["h1"]["score"] > 0.9
    assert result["h1"]["score"] == result["h1"]["one"] == result["h1"]["filtered"]
    assert result["h1"]["gap"] == 1
    assert result["planted"] is True
    assert result["windings"] in ([[1]], [[-1]])
    assert result["longest_steps"][0][0] < 0.5
    assert json.loads(sweep.canonical(result)) == result


def test_two_loops_are_found_as_two():
    result = quality.work(quality.task("linked_circles", "eff_res k=15", 0.05, 0, n=300))
    assert result["planted"] is True
    assert sorted([abs(w) for w in row] for row in result["windings"]) == [[0, 1], [1, 0]]
    assert result["h1"]["score"] > 0.9 > 0.2 > result["h1"]["one"]


def test_a_loop_that_was_not_planted_is_told_apart():
    """The distances of another circle, whose order of points has nothing to do with the angles."""
    X = cases.CASES["circle"](100, 10, 0.0, 0, 0).X
    order = np.random.default_rng(0).permutation(100)
    D = sph.distance_matrix(X[order], "euclidean")
    P = sph.persistence(D, "precomputed")
    angles = cases.CASES["circle"](100, 10, 0.0, 0, 0).angles
    assert quality.found_loops(D, P, angles[order])["planted"] is True
    assert quality.found_loops(D, P, angles)["windings"] != [[1]]
    # Two turns are no turn over Z/2: the same points with every angle doubled.
    doubled = quality.found_loops(D, P, 2 * angles[order])
    assert abs(doubled["windings"][0][0]) == 2
    assert doubled["planted"] is False


def test_too_few_loops_are_not_the_planted_ones():
    result = quality.work(quality.task("torus", "euclidean", 0.0, 0, n=6, ambient_dim=3))
    assert result["planted"] is False
    assert result["h1"]["score"] == 0.0


def test_degree_two_of_a_sphere():
    result = quality.work(quality.task("sphere", "eff_res k=15", 0.0, 0, n=120, maxdim=2))
    assert result["h2"]["score"] > 0.5
    assert result["h1"]["score"] == pytest.approx(1 - result["h1"]["one"])
    assert "planted" not in result


def test_filter_empties_a_diagram_of_short_ratios():
    short = np.array([[1.0, 1.2], [1.0, 1.1]])
    told = quality.describe(short, 1)
    assert told["score"] == pytest.approx(0.5)
    assert told["filtered"] == told["one_filtered"] == 0.0


def test_infinity_is_written_as_a_word():
    assert quality.parameters("euclidean", {}, 3) == {}
    assert quality.parameters("eff_res", {"n_neighbors": 15}, 3)["disconnected"] == "max"
    assert quality.parameters("eff_res", {"n_neighbors": 15}, 3)["random_state"] == 3
    assert quality.parameters("euclidean", {"p": "inf"}, 3) == {"p": np.inf}


@pytest.mark.parametrize("name", quality.PLANS)
def test_plans_name_known_things_and_every_case_once(name):
    entries, unknown = quality.plan(name)
    assert unknown == []
    keys = [sweep.key(task) for _, task in entries]
    assert len(set(keys)) == len(keys) > 0
    assert {task["case"] for _, task in entries} <= set(cases.CASES)


def test_the_grid_is_the_papers():
    assert len(quality.SIGMAS) == 29
    np.testing.assert_allclose(quality.SIGMAS, np.linspace(0, 0.35, 29), atol=1e-12)


def test_only_and_every_take_a_part():
    entries, _ = quality.plan("paper", every=7, only="torus eff_res")
    assert {task["case"] for _, task in entries} == {"torus"}
    named = {"eff_res k=15", "eff_res k=15,steps=4", "eff_res k=100", "eff_res k=30,passes=3"}
    assert {label for label, _ in entries} == named
    assert sorted({task["sigma"] for _, task in entries}) == quality.SIGMAS[::7]


def test_an_unknown_distance_is_left_out_by_name(monkeypatch):
    monkeypatch.setitem(quality.SETTINGS, "fermat p=3", ("formaat", {"p": 3}))
    entries, unknown = quality.plan("paper", only="circle")
    assert "fermat p=3" in unknown
    assert all(label != "fermat p=3" for label, _ in entries)


def test_the_check_names_what_fell(tmp_path, monkeypatch, capsys):
    (tmp_path / "quality_quick.json").write_text(json.dumps({"rows": {"a": [0.9, 0.1, 3], "b": [0.5, 0.0, 3]}}))
    monkeypatch.setattr(quality.record, "RESULTS", tmp_path)
    assert quality.check({"a": [0.81, 0.1, 3], "b": [0.49, 0.0, 3]}) == 0
    assert capsys.readouterr().out == "2 of 2 mean scores stand\n"
    assert quality.check({"a": [0.79, 0.1, 3]}) == 2
    told = capsys.readouterr().out
    assert "fell: a: 0.900 (spread 0.100) before, 0.79 now\n" in told
    assert "fell: b: 0.500 (spread 0.000) before, none now\n" in told


def test_nothing_asked_for_is_said(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["quality.py"])
    with pytest.raises(SystemExit, match=r"^Nothing to do: pass --quick, --full, --plan NAME or --list\.$"):
        quality.main()


def test_a_part_of_a_plan_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    command = ["quality.py", "--quick", "--only", "blob_2 eff_res", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    quality.main()
    assert capsys.readouterr().out == "quick: Summary(known=0, computed=9, elsewhere=0, failed=0)\n"
    monkeypatch.setattr(sys, "argv", [*command[1:2], "--list", *command[2:]])
    quality.main()
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("quick            9 cases,     9 recorded in ")
