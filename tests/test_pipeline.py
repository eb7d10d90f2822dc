"""The whole chain: loops that are there are found, in their place; results remember what made them."""

import dataclasses
import re

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph import pipeline
from spectral_ph._numba import thread_limit
from spectral_ph.loops import describe
from spectral_ph.loops.coordinates import LiftError, circular_agreement, to_ranks
from spectral_ph.loops.result import Half, Loop


@pytest.mark.parametrize("distance", ["eff_res", "diffusion"])
def test_the_loop_found_is_the_planted_one(distance):
    X, latent = sph.datasets.circle(400, ambient_dim=50, sigma=0.2, return_latent=True)
    R = sph.find_loops(X, distance)
    truth = np.arctan2(latent[:, 1], latent[:, 0])
    loop = R.loops[0]
    assert loop.score > 0.5
    assert circular_agreement(to_ranks(loop.phase), to_ranks(truth)) > 0.9
    # The cycle winds round the origin of the plane once.
    steps = np.diff(np.append(truth[loop.cycle], truth[loop.cycle[0]]))
    assert abs(round(float(((steps + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi)))) == 1


def test_euclidean_distances_lose_the_loop_that_eff_res_keeps():
    X = sph.datasets.circle(400, ambient_dim=50, sigma=0.25)
    euclidean, spectral = (sph.detection_score(sph.persistence(X, d)[1]) for d in ("euclidean", "eff_res"))
    assert spectral > euclidean + 0.3


def test_two_circles_are_two_loops():
    X = sph.datasets.linked_circles(400, ambient_dim=20, sigma=0.1)
    with pytest.warns(sph.SpectralWarning, match="2 connected components"):
        R = sph.find_loops(X, "eff_res", n_neighbors=15, passes=1)
    assert sph.detection_score(R.persistence[1], 2) > 0.7
    assert [loop.verdict for loop in R.loops] == ["loop", "loop", "no loop"]
    first, second = (set(loop.cycle.tolist()) for loop in R.loops[:2])
    assert not first & second


def test_every_loop_is_consistent():
    X = sph.datasets.torus(300, ambient_dim=5, sigma=0.05)
    R = sph.find_loops(X, "eff_res", n_loops=4, n_neighbors=15, passes=1, splits=0)
    with thread_limit(1):  # as find_loops does where there are few points; more threads round otherwise
        D = sph.distance_matrix(X, steps=1)  # for which the verdict was calibrated
    assert R.settings["distance"]["steps"] == 1
    assert [loop.persistence for loop in R.loops] == sorted((loop.persistence for loop in R.loops), reverse=True)
    for k, loop in enumerate(R.loops):
        assert (loop.birth, loop.death) == tuple(R.persistence[1][k])
        assert loop.score == sph.detection_score(R.persistence[1], k + 1)
        steps = D[loop.cycle, np.roll(loop.cycle, -1)]
        assert steps.max() == loop.birth
        assert loop.birth <= loop.scale < loop.death
        assert ((loop.phase >= 0) & (loop.phase < 2 * np.pi)).all()


@pytest.mark.filterwarnings("ignore:the graph has")
@pytest.mark.parametrize("given", [{"steps": 1}, {"steps": 4}, {"passes": 1}])
def test_find_loops_takes_the_steps_that_it_was_calibrated_for(given):
    X = sph.datasets.circle(150, ambient_dim=10, sigma=0.1)
    R = sph.find_loops(X, "eff_res", **given)
    assert R.settings["distance"]["steps"] == given.get("steps", R.settings["distance"]["steps"])
    assert R.settings["distance"]["steps"] in (1, 4)
    assert R.p_value is not None
    assert sph.find_loops(X, "eff_res", passes=2).p_value is None  # not of 150 points
    A = sph.neighbor_graph(X)
    assert sph.find_loops(graph=A, splits=0).settings["distance"]["steps"] == 1
    assert sph.find_loops(X[:60], splits=0).settings["distance"]["steps"] == 1


def test_other_steps_have_no_p_value():
    X = sph.datasets.circle(150, ambient_dim=10, sigma=0.1)
    for given, said in (({"steps": 2}, "steps=2"), ({"corrected": False}, "steps=0, corrected=False")):
        R = sph.find_loops(X, "eff_res", n_neighbors=12, passes=1, **given)
        assert R.settings["distance"]["steps"] == given.get("steps", 0)
        assert R.p_value is None
        assert f"the test is not calibrated for {said}" in R.reason


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"steps": "4"}, "steps must be a whole number of at least 0, not '4'."),
        ({"passes": None}, "passes must be a whole number of at least 1, not None."),
        (
            {"steps": 2, "corrected": False},
            (
                "corrected=False is the plain resistance, which is steps=0, but steps=2 was passed with it. Leave "
                "one of the two out."
            ),
        ),
    ],
)
def test_find_loops_refuses_what_eff_res_does(given, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.find_loops(sph.datasets.circle(150, ambient_dim=10, sigma=0.1), "eff_res", **given)


def test_same_seed_same_bits():
    X = sph.datasets.circle(200, ambient_dim=10, sigma=0.1)
    a, b = (sph.find_loops(X, random_state=1) for _ in range(2))
    np.testing.assert_array_equal(a.loops[0].phase, b.loops[0].phase)
    for x, y in zip(a.loops[0].halves, b.loops[0].halves, strict=True):
        np.testing.assert_array_equal(x.points, y.points)
        np.testing.assert_array_equal(x.phase, y.phase)
    assert a.settings == b.settings
    assert (a.tried, a.p_value, a.reason) == (b.tried, b.p_value, b.reason)


def test_no_loop_at_all_is_said_so():
    R = sph.find_loops(np.arange(60.0)[:, None], n_neighbors=2)
    assert R.verdict == "no loop"
    assert R.reason == "The points go round no loop: there is no feature of degree 1."
    assert R.loops == []


def test_rounding_makes_no_loops():
    """Equal lengths along a line differ in their last bits, which makes features of 1e-17."""
    R = sph.find_loops(np.arange(40.0)[:, None])
    assert R.verdict == "no loop"
    assert R.loops == []


def test_results_of_a_generator_are_ready_for_json():
    from spectral_ph import files

    R = sph.find_loops(sph.datasets.circle(100, ambient_dim=3, sigma=0.05), random_state=np.random.default_rng(0))
    assert '"random_state": "a Generator"' in files.to_json(R.to_dict())


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_parallel_callers_keep_their_own_warnings():
    from concurrent.futures import ThreadPoolExecutor

    X = sph.datasets.circle(60, ambient_dim=3, sigma=0.05)
    apart = np.vstack([X, X[:30] + 50])

    def count(k):
        return len(sph.persistence(apart if k % 2 else X, disconnected="max", engine="gudhi").warnings)

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(count, range(40)))
    assert counts == [k % 2 for k in range(40)]


def test_a_loop_is_called_with_its_evidence():
    R = sph.find_loops(sph.datasets.circle(300, ambient_dim=20, sigma=0.1))
    assert R.verdict == R.loops[0].verdict == "loop"
    assert R.p_value <= 0.05
    assert R.agreement > 0.9
    assert re.fullmatch(
        r"This is a loop \(p = 0\.\d+\)\. When the points are split at random, the two halves order the points alike "
        r"\(agreement 0\.9\d; a clear loop has 0\.9 and more\)\. Its middle is empty: 0 % of the points lie inside, and an even "
        r"filling would hold 25 %\. Check next that nothing else .*\.",
        R.reason,
    )
    assert repr(R).startswith("LoopResult('loop', n=300, 2 loops, top: Loop(birth ")
    assert R.loops[1].verdict != "loop"
    assert R.loops[1].agreement < 0.5  # the halves agree on the loop, and not on the noise beside it
    chosen = [t for t in R.tried if t["chosen"]]
    assert len(chosen) == 1
    assert chosen[0]["evidence"] == max(t["evidence"] for t in R.tried)
    assert (R.settings["distance"]["name"], R.settings["graph"]["n_neighbors"]) == tuple(
        chosen[0][k] for k in ("distance", "n_neighbors")
    )


def test_every_loop_that_is_asked_for_is_judged():
    R = sph.find_loops(sph.datasets.blob(150, ambient_dim=5, random_state=0), "eff_res", passes=1, splits=1, n_loops=5)
    assert len(R.loops) == 5
    assert all(loop.p_value is not None for loop in R.loops)


@pytest.mark.parametrize("seed", range(2))
def test_a_blob_is_no_loop(seed):
    R = sph.find_loops(sph.datasets.blob(300, ambient_dim=5, random_state=seed))
    assert R.verdict == "no loop"
    assert R.p_value > 0.25
    assert R.reason.startswith("No evidence of a loop (p = ")


def test_copies_of_points_are_no_evidence():
    """Every point twice, one in each half, would make any noise agree with itself."""
    X = sph.datasets.blob(150, ambient_dim=5, random_state=0)
    with pytest.warns(
        sph.SpectralWarning, match=r"^150 of 300 points are copies of others\. The halves were drawn from the 150"
    ):
        R = sph.find_loops(np.repeat(X, 2, axis=0), "eff_res", passes=1)
    assert R.verdict == "no loop"
    for half in R.loops[0].halves:
        assert (half.points % 2 == 0).all()
    once = sph.find_loops(X, "eff_res", passes=1)
    assert R.tried[0]["evidence"] == once.tried[0]["evidence"]


def test_halves_are_disjoint_and_know_the_phase():
    X, latent = sph.datasets.circle(300, ambient_dim=20, sigma=0.1, return_latent=True)
    loop = sph.find_loops(X).loops[0]
    assert len(loop.halves) == 10
    truth = to_ranks(np.arctan2(latent[:, 1], latent[:, 0]))
    for first, second in zip(loop.halves[::2], loop.halves[1::2], strict=True):
        assert not set(first.points.tolist()) & set(second.points.tolist())
        assert first.agreement == second.agreement
        assert circular_agreement(to_ranks(first.phase), truth) > 0.95
        # turned onto the phase of the whole, not only equal to it up to a rotation
        assert np.exp(1j * (first.phase - loop.phase)).mean().real > 0.9
    assert loop.spread.shape == (300,)
    assert np.median(loop.spread) < 0.8


def test_the_verdict_does_not_depend_on_how_the_phase_is_spread():
    """Halves and whole are compared without weights, as the null distribution was made."""
    X, latent = sph.datasets.circle(300, ambient_dim=20, sigma=0.15, return_latent=True)
    found = {spacing: sph.find_loops(X, splits=2, spacing=spacing) for spacing in ("cells", "length", "edges")}
    cells, edges = found["cells"], found["edges"]
    for spacing, R in found.items():
        assert R.settings["loops"]["spacing"] == spacing
        assert (R.verdict, R.p_value, R.agreement, R.tried) == (
            edges.verdict,
            edges.p_value,
            edges.agreement,
            edges.tried,
        )
        for one, other in zip(R.loops, edges.loops, strict=True):
            assert (one.p_value, one.agreement, one.birth) == (other.p_value, other.agreement, other.birth)
            assert [half.agreement for half in one.halves] == [half.agreement for half in other.halves]
            np.testing.assert_array_equal(other.phase if one.edge_phase is None else one.edge_phase, other.phase)
    assert edges.loops[0].edge_phase is None
    counts = {name: np.histogram(R.loops[0].phase, 36)[0].max() for name, R in found.items()}
    assert counts["cells"] < counts["edges"]
    truth = np.arctan2(latent[:, 1], latent[:, 0])
    assert circular_agreement(cells.loops[0].phase, truth) > 0.98
    assert sph.find_loops(X, splits=0).settings["loops"]["spacing"] == "cells"
    with pytest.raises(sph.InputError, match="spacing"):
        sph.find_loops(X, spacing="time")


def test_the_halves_that_are_shown_are_spread_as_the_phase_is():
    X = sph.datasets.circle(300, ambient_dim=20, sigma=0.1)
    for spacing in ("cells", "edges"):
        loop = sph.find_loops(X, splits=2, spacing=spacing).loops[0]
        for half in loop.halves:
            apart = np.abs(np.angle(np.exp(1j * (half.phase - loop.phase))))
            assert np.median(apart) < 0.15


def test_a_point_that_halves_put_anywhere_has_no_place():
    n = 30
    phase = 2 * np.pi * np.arange(n) / n
    others = np.arange(n - 1, n)  # the last point is in every half
    rng = np.random.default_rng(0)
    halves = []
    for k in range(8):
        shown = phase + 0.05 * rng.standard_normal(n)
        shown[0] += k * np.pi / 4
        halves.append(Half(others, np.mod(shown, 2 * np.pi), 0.9))
    everywhere = np.ones(n, dtype=bool)
    loop = Loop(0.1, 1.0, 0.9, 0.9, np.arange(3), phase, everywhere, 0.9, np.zeros(n), "loop", halves=tuple(halves))
    assert np.flatnonzero(np.isnan(loop.spread)).tolist() == [0, n - 1]
    assert np.nanmax(loop.spread) < 0.2
    assert loop.without_place == 2 / n
    assert loop.to_dict()["without_place"] == 2 / n
    sentence = r"^6\.7% of the points have no place on loop 1: halves of the points put"
    with pytest.warns(sph.SpectralWarning, match=sentence) as said:
        pipeline._warn_without_place([loop, dataclasses.replace(loop, verdict="no loop")])
    assert len(said) == 1
    assert dataclasses.replace(loop, halves=()).without_place is None


def test_splits_run_on_other_processes_with_the_same_result():
    import joblib

    X = sph.datasets.circle(120, ambient_dim=5, sigma=0.1)
    here = sph.find_loops(X, "eff_res", passes=1, splits=2)
    with joblib.parallel_config(n_jobs=2):
        there = sph.find_loops(X, "eff_res", passes=1, splits=2)
    assert here.tried[0]["evidence"] == pytest.approx(there.tried[0]["evidence"], rel=1e-9)
    for a, b in zip(here.loops[0].halves, there.loops[0].halves, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
        np.testing.assert_allclose(np.exp(1j * a.phase), np.exp(1j * b.phase), atol=1e-6)


def test_what_is_asked_for_is_kept_and_the_rest_chosen():
    X = sph.datasets.circle(300, ambient_dim=10, sigma=0.1)
    R = sph.find_loops(X, "eff_res", passes=1, steps=1)
    assert [(t["distance"], t["n_neighbors"], t["passes"]) for t in R.tried] == [("eff_res", k, 1) for k in (15, 25)]
    R = sph.find_loops(X, "diffusion", n_neighbors=12)
    assert [(t["n_neighbors"], t["t"]) for t in R.tried] == [(12, 8)]
    R = sph.find_loops(X, t=8)
    assert [(t["distance"], t["t"]) for t in R.tried] == [("diffusion", 8)]


def test_many_points_are_sampled_and_all_get_a_phase():
    X, latent = sph.datasets.circle(1300, ambient_dim=10, sigma=0.1, return_latent=True)
    sentence = (
        "^loops were found on 1000 of 1300 points, drawn at random, in the neighbour graph of all, and phases were carried to the "
        "others by their 5 nearest neighbours. Pass max_points=1300 to use all.$"
    )
    with pytest.warns(sph.SpectralWarning, match=sentence):
        R = sph.find_loops(X, "eff_res", n_neighbors=15, passes=1, steps=1, splits=2, max_points=1000)
    loop = R.loops[0]
    assert R.persistence.n_points == 1300
    assert loop.phase.shape == loop.distance.shape == loop.domain.shape == (1300,)
    assert loop.distance[loop.cycle].max() == 0
    truth = np.arctan2(latent[:, 1], latent[:, 0])
    assert circular_agreement(to_ranks(loop.phase), to_ranks(truth)) > 0.97
    steps = np.diff(np.append(truth[loop.cycle], truth[loop.cycle[0]]))
    assert abs(round(float(((steps + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi)))) == 1


CIRCLE = sph.datasets.circle(120, ambient_dim=5, sigma=0.1)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (
            lambda: sph.find_loops(sph.datasets.circle(80, ambient_dim=5, sigma=0.1)),
            "the test needs at least 100 different points, and there are 80",
        ),
        (lambda: sph.find_loops(CIRCLE, splits=0), "no halves of the points were compared (splits=0)"),
        (
            lambda: sph.find_loops(graph=sph.neighbor_graph(CIRCLE)),
            "a graph or distances were passed instead of points, so no independent halves can be drawn",
        ),
        (
            lambda: sph.find_loops(sph.distance_matrix(CIRCLE), "precomputed"),
            "a graph or distances were passed instead of points, so no independent halves can be drawn",
        ),
        (lambda: sph.find_loops(CIRCLE, "euclidean"), "the test is not calibrated for distance 'euclidean'"),
        (lambda: sph.find_loops(CIRCLE, n_neighbors=45), "the test is not calibrated for n_neighbors=45 on 120 points"),
        (lambda: sph.find_loops(CIRCLE, weighted=True), "the test is not calibrated for weighted=True on 120 points"),
        (
            lambda: sph.find_loops(CIRCLE, "eff_res", sqrt=True),
            "the test is not calibrated for sqrt=True on 120 points",
        ),
    ],
)
def test_no_p_value_without_a_calibration(call, why):
    R = call()
    assert (R.verdict, R.p_value) == ("undecided", None)
    assert R.reason == f"There is no p-value: {why}."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"distance": "euclid"}, "'euclid' is not a known distance; did you mean 'euclidean'?"),
        ({"n_neighbours": 10}, "distance 'eff_res' has no parameter 'n_neighbours'; did you mean 'n_neighbors'?"),
        ({"neighbors": 10}, "distance 'eff_res' has no parameter 'neighbors'; did you mean 'n_neighbors'?"),
        ({"k": 10}, "distance 'eff_res' has no parameter 'k'; did you mean 'n_neighbors'?"),
        ({"max_point": 2000}, "distance 'eff_res' has no parameter 'max_point'; did you mean 'max_points'?"),
        (
            {"n_pcs": 30},
            "distance 'eff_res' has no parameter 'n_pcs': the points decide how many components there are. "
            "Pass fewer columns, or reduce counts by spectral_ph.preprocess(..., n_components=30).",
        ),
        (
            {"n_neighbors": 70},
            "n_neighbors=70 needs halves of more than 70 points, but halves of 120 points have 60. Pass "
            "n_neighbors=59 or fewer, or splits=0.",
        ),
        (
            {"n_neighbors": 120},
            "n_neighbors=120 needs at least 121 points (a point is not its own neighbour), but n_samples=120. "
            "Pass n_neighbors=119 or fewer.",
        ),
        ({"splits": -1}, "splits must be a whole number of at least 0, not -1."),
        ({"level": 0.5}, "level must be between 0 and 0.25, not 0.5."),
        ({"max_points": 10}, "max_points must be a whole number of at least 1000, not 10."),
    ],
)
def test_bad_arguments_of_find_loops_are_refused(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}"):
        sph.find_loops(CIRCLE, **arguments)


def test_settings_hold_every_parameter():
    P = sph.persistence(sph.datasets.circle(100, ambient_dim=3), "diffusion", t=3, n_neighbors=8, random_state=5)
    assert list(P.settings) == ["distance", "graph", "homology", "random_state"]
    assert {"name": "diffusion", "t": 3, "solver": "auto"}.items() <= P.settings["distance"].items()
    graph = {
        "n_neighbors": 8,
        "metric": "euclidean",
        "mode": "union",
        "weighted": False,
        "search": "exact",
        "recall": 1.0,
    }
    assert P.settings["graph"] == graph
    assert {"method": "exact", "engine": "h1", "maxdim": 1, "coeff": 2, "threshold": None}.items() <= P.settings[
        "homology"
    ].items()
    assert P.settings["random_state"] == 5
    R = sph.find_loops(sph.datasets.circle(100, ambient_dim=3), splits=0)
    assert list(R.settings) == ["distance", "graph", "homology", "loops", "random_state"]
    assert R.settings["loops"] == {"n_loops": 3, "at": 0.9, "spacing": "cells", "splits": 0, "level": 0.05}
    A = sph.neighbor_graph(sph.datasets.circle(100, ambient_dim=3))
    passed = {"passed": True, "vertices": 100, "edges": A.nnz // 2}
    assert sph.persistence(graph=A).settings["graph"] == passed
    assert "graph" not in sph.persistence(sph.datasets.circle(100), "euclidean").settings
    near = repr(sph.persistence(sph.datasets.circle(100), "core", n_neighbors=7))
    assert near.endswith("core k=7, engine h1)")
    assert P.warnings == ()


def test_threshold_leaves_a_loop_without_death_and_still_gives_its_phase():
    X, latent = sph.datasets.circle(200, ambient_dim=5, sigma=0.02, return_latent=True)
    birth, death = sph.persistence(X, "euclidean")[1][0]
    R = sph.find_loops(X, "euclidean", threshold=(birth + death) / 2, n_loops=1)
    assert R.loops[0].death == np.inf
    assert R.loops[0].score == 1.0
    assert R.to_dict()["loops"][0]["death"] == np.inf
    truth = np.arctan2(latent[:, 1], latent[:, 0])
    assert circular_agreement(to_ranks(R.loops[0].phase), to_ranks(truth)) > 0.98


def test_another_prime_is_tried_when_a_lift_fails(monkeypatch):
    real = describe.circular_coordinates

    def fails_over_47(D, cocycle, birth, death, coeff, spacings, **more):
        if coeff == 47:
            raise LiftError("no lift")
        return real(D, cocycle, birth, death, coeff, spacings, **more)

    monkeypatch.setattr(describe, "circular_coordinates", fails_over_47)
    R = sph.find_loops(sph.datasets.circle(150, ambient_dim=5, sigma=0.1), splits=0)
    assert (R.persistence.engine, R.settings["homology"]["coeff"]) == ("ripser", 61)
    assert R.settings["loops"]["lift_failed"] == ["h1, Z/2", "ripser, Z/47"]


def test_warnings_are_raised_once_and_kept():
    X = np.vstack(
        [sph.datasets.circle(100, ambient_dim=3, sigma=0.05), 50 + np.random.default_rng(0).uniform(size=(30, 3))]
    )
    with pytest.warns(sph.SpectralWarning) as caught:
        R = sph.find_loops(X, "eff_res", n_neighbors=15, passes=1, splits=2)
    assert [str(w.message) for w in caught] == list(R.warnings)
    assert R.warnings[0].startswith("the graph has 2 connected components (sizes 100, 30)")
    assert dataclasses.asdict(R)["warnings"] == R.warnings


def test_truncated_says_how_far_it_may_be_off():
    X = sph.datasets.circle(500, ambient_dim=50, sigma=0.2)
    exact = sph.persistence(X, steps=1)
    with pytest.warns(
        sph.SpectralWarning, match=r"^distances were computed from 60 of 500 eigenpairs and an estimate of the"
    ):
        P = sph.persistence(X, method="truncated", n_components=60)
    assert P.settings["homology"]["method"] == "truncated"
    assert P.settings["distance"]["n_components"] == 60
    np.testing.assert_allclose(P[1][0], exact[1][0], rtol=0.1)
    assert P.settings["distance"]["steps"] == 1
    assert P.warnings[-1].endswith("The truncated form takes steps=1.")
    with pytest.warns(sph.SpectralWarning, match=r"by about as much\.$"):
        four = sph.persistence(X, method="truncated", n_components=60, steps=4)
    np.testing.assert_allclose(four[1][0], sph.persistence(X)[1][0], rtol=0.1)
    D = sph.distance_matrix(X, steps=1)
    stated = P.settings["distance"]["error"]["all"]["max"]
    assert sph.diagram_distance(P[1], exact[1]) <= 2 * stated
    assert stated < np.median(D)
    assert exact.settings["homology"]["method"] == "exact"
    assert exact.settings["homology"]["method_reason"] == "500 points are at most 20000 and their matrix fits in memory"


def test_slow_spectra_get_more_eigenpairs(monkeypatch):
    from spectral_ph.distances import compute

    X = sph.datasets.circle(600, ambient_dim=3, sigma=0.0)
    for limit, expected in ((0.0, 100), (1.9, 200)):
        monkeypatch.setattr(compute, "LOW_CUT", limit)
        with pytest.warns(sph.SpectralWarning, match=f"^distances were computed from {expected} of 600"):
            P = sph.persistence(X, method="truncated")
        assert P.settings["distance"]["n_components"] == expected


def test_auto_truncates_when_there_are_too_many_points(monkeypatch):
    monkeypatch.setattr(pipeline, "EXACT_POINTS", 300)
    X = sph.datasets.circle(301, ambient_dim=20, sigma=0.1)
    with pytest.warns(sph.SpectralWarning, match="^distances were computed from 100 of 301"):
        P = sph.persistence(X)
    assert (P.settings["homology"]["method"], P.engine) == ("truncated", "h1")
    assert (
        P.settings["homology"]["method_reason"]
        == "301 points are more than 300, or their matrix does not fit in memory"
    )
    assert sph.persistence(X[:300]).settings["homology"]["method"] == "exact"
    assert (
        sph.persistence(X, "euclidean").settings["homology"]["method_reason"]
        == "nothing else computes what is asked for"
    )
    assert sph.persistence(X, engine="gudhi").settings["homology"]["method"] == "exact"


def test_landmarks_state_their_bound():
    X = sph.datasets.circle(400, ambient_dim=10, sigma=0.05)
    exact = sph.persistence(X, sqrt=True)
    with pytest.warns(
        sph.SpectralWarning,
        match=r"^150 of 400 points were used as landmarks\. Beside the truncation, births and deaths in degree 0",
    ):
        P = sph.persistence(X, method="landmarks", n_landmarks=150, n_components=400, sqrt=True)
    assert P.n_points == 400
    assert sph.diagram_distance(P[1], exact[1]) <= P.settings["homology"]["landmark_bound"]
    D = sph.distance_matrix(X, sqrt=True)
    i, j = P.birth_edges[1].T
    np.testing.assert_allclose(D[i, j], P[1][:, 0], rtol=1e-6)


def test_landmarks_reach_degree_two():
    X = sph.datasets.sphere(400, ambient_dim=5, sigma=0.0)
    with pytest.warns(sph.SpectralWarning):
        P = sph.persistence(X, method="landmarks", n_landmarks=120, maxdim=2)
    assert sph.detection_score(P[2]) > 0.8


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"method": "truncated", "maxdim": 2},
            "method='truncated' computes degrees 0 and 1 over Z/2 with engine 'h1', not maxdim=2, coeff=2 and "
            "engine='auto'. Pass method='landmarks' or method='exact'.",
        ),
        (
            {"method": "truncated", "distance": "dpt"},
            "distance 'dpt' has no truncated form. Distances that have one are: eff_res, diffusion.",
        ),
        ({"method": "landmarks", "n_landmarks": 0}, "n_landmarks must be a whole number of at least 1, not 0."),
        (
            {"method": "truncated", "corrected": False},
            "the truncated form of distance 'eff_res' has no parameter 'corrected'. It takes: "
            "passes, pass_neighbors, steps, n_components, sqrt, disconnected, random_state.",
        ),
        (
            {"method": "exct"},
            (
                "method='exct' is not a known method of persistence; did you mean 'exact'? Known are: auto, "
                "exact, truncated, landmarks."
            ),
        ),
        (
            {"method": "spectral"},
            (
                "'spectral' is not a way that persistence works but a solver of distance 'eff_res'. Pass "
                "solver='spectral'."
            ),
        ),
        (
            {"max_dim": 2},
            "distance 'eff_res' has no parameter 'max_dim'; did you mean 'maxdim'? It takes: passes, pass_neighbors, "
            "steps, corrected, sqrt, solver, n_components, disconnected, random_state.",
        ),
        (
            {"method": "power", "distance": "diffusion"},
            ("'power' is not a way that persistence works but a solver of distance 'diffusion'. Pass solver='power'."),
        ),
    ],
)
def test_bad_methods_are_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.persistence(sph.datasets.circle(100, ambient_dim=5, sigma=0.05), **arguments)
