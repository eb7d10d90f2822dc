"""The confidence band: what it is by definition, that it covers a circle, and that it is the same however it is shared out."""

import re

import joblib
import numpy as np
import pytest

import spectral_ph as sph

CIRCLE = np.array([[0.0, np.sqrt(3)]])
"""Degree 1 of the Rips filtration of the circle of radius 1."""


def circle(n, seed):
    t = np.random.default_rng(seed).uniform(0, 2 * np.pi, n)
    return np.column_stack([np.cos(t), np.sin(t)])


def test_it_covers_circles_at_its_level():
    """At a level of 20 %, more than 6 misses in 15 have a chance of 2 %; the plain bootstrap misses more."""
    missed, plain = 0, 0
    for seed in range(15):
        B = sph.confidence_band(circle(60, seed), "euclidean", level=0.2, n_resamples=24, random_state=seed)
        away = sph.diagram_distance(B.persistence[1], CIRCLE)
        missed += away > B.radius[1]
        plain += away > B.radius[1] / 2
    assert missed <= 6 < plain


def test_the_radius_is_twice_the_quantile_of_the_distances_of_the_draws():
    X = circle(50, 0)
    B = sph.confidence_band(X, "euclidean", n_resamples=39, random_state=3)
    rng, D = np.random.default_rng(3), sph.distance_matrix(X, "euclidean")
    P = sph.persistence(D, "precomputed")
    by_hand = []
    for _ in range(39):
        draw = np.unique(rng.choice(50, 50, replace=True))
        Q = sph.persistence(D[np.ix_(draw, draw)], "precomputed")
        by_hand.append([sph.diagram_distance(a, b) for a, b in zip(Q, P, strict=True)])
    np.testing.assert_allclose(B.resampled, by_hand)
    # 39 resamples and the sample make 40 that could be in any order: the 38th of 39 has 5 % beyond it.
    np.testing.assert_allclose(B.radius, 2 * np.sort(by_hand, axis=0)[37])
    assert (B.size, B.kind, B.level) == (50, "bootstrap", 0.05)
    assert B.settings["band"] == {"kind": "bootstrap", "level": 0.05, "n_resamples": 39, "size": 50}
    for k, diagram in enumerate(P):
        np.testing.assert_array_equal(B.persistence[k], diagram)
        np.testing.assert_array_equal(B.significant[k], diagram[:, 1] - diagram[:, 0] > 2 * B.radius[k])


def test_a_subsample_bounds_by_the_hausdorff_distance():
    """Which no diagram of a metric moves by more than twice, and some draws reach."""
    X = circle(60, 1)
    B = sph.confidence_band(X, "euclidean", kind="subsample", n_resamples=19, size=20, random_state=5)
    rng, D = np.random.default_rng(5), sph.distance_matrix(X, "euclidean")
    P = sph.persistence(D, "precomputed")
    rng.integers(60, size=(3, 20_000))  # the triples of the triangle inequality
    for k in range(19):
        draw = np.unique(rng.choice(60, 20, replace=False))
        assert B.resampled[k] == pytest.approx(2 * D[draw].min(axis=0).max())
        Q = sph.persistence(D[np.ix_(draw, draw)], "precomputed")
        assert max(sph.diagram_distance(a, b) for a, b in zip(Q, P, strict=True)) <= B.resampled[k, 0] + 1e-12
    assert sph.confidence_band(X, "euclidean", kind="subsample", n_resamples=19).size == round(60 / np.log(60))


def test_the_seed_and_nothing_else_decides():
    X = circle(40, 2)
    bands = [sph.confidence_band(X, "euclidean", n_resamples=19, random_state=k) for k in (0, 0, 1)]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        bands.append(sph.confidence_band(X, "euclidean", n_resamples=19, random_state=0))
    np.testing.assert_array_equal(bands[0].resampled, bands[1].resampled)
    np.testing.assert_array_equal(bands[0].resampled, bands[3].resampled)
    assert (bands[0].resampled != bands[2].resampled).any()
    assert repr(bands[0]).startswith("ConfidenceBand(H0: ")


def test_all_distances_and_a_graph_have_one():
    X = circle(80, 3)
    A = sph.neighbor_graph(X, n_neighbors=15)
    bands = [
        sph.confidence_band(X, n_neighbors=15, n_resamples=19),
        sph.confidence_band(graph=A, n_resamples=19),
        sph.confidence_band(sph.distance_matrix(X, n_neighbors=15), "precomputed", n_resamples=19),
    ]
    for B in bands:
        np.testing.assert_allclose(B.radius, bands[0].radius)
        assert B.significant[1].sum() == 1
    assert bands[0].persistence.settings["distance"]["name"] == "eff_res"


def test_distances_that_are_no_metric_are_warned_of():
    D = sph.distance_matrix(circle(40, 4), "euclidean") ** 2
    with pytest.warns(sph.SpectralWarning, match=r"^the triangle inequality fails in \d+\.\d% of sampled triples"):
        B = sph.confidence_band(D, "precomputed", kind="subsample", n_resamples=19)
    assert len(B.warnings) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_resamples": 18}, "n_resamples=18 cannot tell level=0.05. Pass n_resamples=19 or more."),
        ({"level": 0.0}, "n_resamples=200 cannot tell level=0.0. Pass level=0.05."),
        (
            {"kind": "subsampel"},
            "kind='subsampel' is not a known kind of confidence band; did you mean 'subsample'? Known are: bootstrap, subsample.",
        ),
        (
            {"size": 5},
            "a bootstrap draws as many points as there are, with replacement. Leave out size, or pass kind='subsample'.",
        ),
        ({"kind": "subsample", "size": 30}, "size=30 must be less than the number of points, which is 30."),
        (
            {"n_neighbours": 5},
            "distance 'euclidean' has no parameter 'n_neighbours'; did you mean 'n_neighbors'? It takes: none.",
        ),
    ],
)
def test_errors_are_sentences(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}"):
        sph.confidence_band(circle(30, 0), "euclidean", **arguments)
