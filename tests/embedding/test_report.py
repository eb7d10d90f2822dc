"""The report: a layout for each word, verdicts, measures against scikit-learn and scipy, and what is refused."""

import re

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness
from sklearn.model_selection import GridSearchCV

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph.embedding.report import embedding_report

rng = np.random.default_rng(0)
X = rng.permutation(sph.datasets.circle(400, ambient_dim=20, sigma=0.1))  # which come in the order of the circle
ANGLE = np.arctan2(X[:, 1], X[:, 0])
RING = np.column_stack([np.cos(ANGLE), np.sin(ANGLE)])
BLOB = sph.datasets.blob(400, ambient_dim=20)
LAYOUTS = {
    "kept": RING,
    "filled": RING * np.sqrt(rng.random(400))[:, None],
    "torn": np.column_stack([np.mod(ANGLE, 2 * np.pi), 0.1 * rng.standard_normal(400)]),
    "lost": rng.standard_normal((400, 2)),
}


@pytest.mark.parametrize("word", LAYOUTS)
def test_each_fate(word):
    report = embedding_report(X, LAYOUTS[word])
    assert [loop.word for loop in report.loops] == [word]
    assert report.invented == ()
    assert report.score == (word == "kept")
    assert (report.loops[0].agreement > 0.85) == (word == "kept")
    assert (report.loops[0].hole > 1) == (word == "kept")


def test_a_ring_of_points_in_any_other_order_is_invented_and_the_loop_lost():
    report = embedding_report(X, RING[rng.permutation(400)])
    assert [loop.word for loop in report.loops] == ["lost"]
    assert report.loops[0].agreement < 0.15
    assert len(report.invented) == 1
    assert report.invented[0].agreement < 0.15
    assert report.layout_score > 0.5
    assert report.score == 0


def test_a_ring_of_a_blob_is_invented_and_a_blob_of_a_blob_is_no_loss():
    report = embedding_report(BLOB, RING)
    assert report.loops == ()
    assert len(report.invented) == 1
    report = embedding_report(BLOB, BLOB[:, :2])
    assert (report.loops, report.invented, report.score) == ((), (), 1.0)


def test_an_arc_has_no_loop():
    """Its diagram has a few tiny features, of which some stand out among the others."""
    arc = X[np.mod(ANGLE, 2 * np.pi) < np.pi]
    report = embedding_report(arc, E.LaplacianEigenmaps().fit_transform(arc))
    assert (report.loops, report.invented) == ((), ())


def test_two_loops_are_told_apart():
    rings = np.vstack([RING[:200], RING[:200] + np.array([4.0, 0.0])])
    noisy = np.hstack([rings, 0.01 * rng.standard_normal((400, 3))])
    half = rings.copy()
    half[200:] = [4.0, 0.0] + 0.3 * rng.standard_normal((200, 2))
    both = embedding_report(noisy, rings, distance="euclidean")
    assert [loop.word for loop in both.loops] == ["kept", "kept"]
    one = embedding_report(noisy, half, distance="euclidean")
    assert sorted(loop.word for loop in one.loops) == ["kept", "lost"]
    assert one.score == 0.5


def test_the_agreement_does_not_change_with_a_turn_a_mirror_or_a_scale():
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    a, b = (embedding_report(X, Y).loops[0] for Y in (RING, 7 * RING @ turn + 3))
    assert (a.word, a.agreement) == (b.word, pytest.approx(b.agreement, abs=0.02))
    assert a.hole == pytest.approx(b.hole, rel=1e-9)


def test_the_verdict_is_shown_and_no_loop_makes_every_ring_invented():
    assert embedding_report(X, RING).verdict == "not computed"
    assert "verdict: not computed. A ring in a layout is no evidence of a loop in the data." in str(
        embedding_report(X, RING)
    )
    found = sph.find_loops(BLOB, splits=3)
    report = embedding_report(BLOB, RING, found)
    assert report.verdict == found.verdict != "loop"
    denied = sph.find_loops(sph.datasets.blob(200, ambient_dim=50), splits=5)
    assert denied.verdict == "no loop"
    report = embedding_report(X, RING, denied)
    assert report.loops == ()
    assert len(report.invented) == 1
    assert "verdict: no loop." in str(report)


def test_measures_are_those_of_scikit_learn_and_scipy():
    Y = X[:, :2] + 0.1 * X[:, 2:4]
    report = embedding_report(X, Y, n_neighbors=10)
    assert report.trustworthiness == pytest.approx(trustworthiness(X, Y, n_neighbors=10))
    assert report.spearman == pytest.approx(spearmanr(pdist(X), pdist(Y))[0])
    assert report.distance_correlation == pytest.approx(np.corrcoef(pdist(X), pdist(Y))[0, 1])
    near = [np.argsort(np.linalg.norm(Z[:, None] - Z, axis=2), axis=1, kind="stable")[:, 1:11] for Z in (X, Y)]
    assert report.recall == pytest.approx(np.mean([len(set(a) & set(b)) for a, b in zip(*near, strict=True)]) / 10)


def test_the_table_and_the_line():
    report = embedding_report(X, RING[rng.permutation(400)])
    rows = report.to_records()
    assert [(row["loop"], row["word"]) for row in rows] == [("data 0", "lost"), ("layout 0", "invented")]
    assert re.fullmatch(r"EmbeddingReport\(lost, invented; recall 0\.\d\d; verdict: not computed\)", repr(report))
    assert len(str(report).splitlines()) == 5


def test_many_points_are_drawn_from():
    a, b, c = (embedding_report(X, RING, max_points=200, random_state=s) for s in (0, 0, 1))
    assert a.settings["points"] == 200
    assert a.recall == b.recall != c.recall


def test_it_scores_a_search():
    model = E.LaplacianEigenmaps()
    search = GridSearchCV(
        model,
        {"affinity": ["knn", "eff_res"]},
        scoring=lambda m, Z, y=None: embedding_report(Z, m.fit_transform(Z)).score,
        cv=2,
        error_score="raise",
    )
    assert search.fit(X).best_score_ == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((X, RING[:10]), "Y must have a row for each of the 400 points, not 10. Pass the layout of X."),
        (
            (X, np.zeros((400, 2))),
            "all 400 points of Y are the same point, so there is no shape to find. Check the input.",
        ),
        ((X, RING, 3), "loops must be a result of find_loops or None, not 3."),
    ],
)
def test_refused(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        embedding_report(*arguments)
