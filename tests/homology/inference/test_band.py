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
    """At a level of 20 %, more than 14 misses in 40 have a chance of 1 %; half the radius misses more."""
    missed, half = 0, 0
    for seed in range(40):
        B = sph.confidence_band(circle(60, seed), "euclidean", level=0.2, n_resamples=49, random_state=seed)
        away = sph.diagram_distance(B.persistence[1], CIRCLE)
        missed += away > B.radius
        half += away > B.radius / 2
    assert missed <= 14 < half


@pytest.mark.parametrize(("kind", "factor"), [("bootstrap", 1), ("subsample", 2)])
@pytest.mark.parametrize("power", [1, 2])  # squares of distances are no metric
def test_the_radius_is_the_quantile_of_what_bounds_the_diagrams_of_draws(kind, factor, power):
    D = sph.distance_matrix(circle(50, 0), "euclidean") ** power
    B = sph.confidence_band(D, "precomputed", kind=kind, n_resamples=39, random_state=3)
    rng = np.random.default_rng(3)
    P = sph.persistence(D, "precomputed")
    bounds = []
    for _ in range(39):
        draw = np.unique(rng.choice(50, B.size, replace=kind == "bootstrap"))
        near = draw[D[:, draw].argmin(axis=1)]
        hausdorff = max(min(D[i, j] for j in draw) for i in range(50))
        change = max(abs(D[i, j] - D[near[i], near[j]]) for i in range(50) for j in range(50))
        if power == 1:
            assert change <= 2 * hausdorff + 1e-12
        bounds.append(max(2 * hausdorff, change))
        Q = sph.persistence(D[np.ix_(draw, draw)], "precomputed")
        assert max(sph.diagram_distance(a, b) for a, b in zip(Q, P, strict=True)) <= bounds[-1] + 1e-12
    np.testing.assert_allclose(B.resampled, bounds)
    # 39 resamples and the sample make 40 that could be in any order: the 38th of 39 has 5 % beyond it.
    assert B.radius == pytest.approx(factor * np.sort(bounds)[37])
    size = 50 if kind == "bootstrap" else round(50 / np.log(50))
    assert (B.size, B.kind, B.level) == (size, kind, 0.05)
    assert B.settings["band"] == {"kind": kind, "level": 0.05, "n_resamples": 39, "size": size}
    for k, diagram in enumerate(P):
        np.testing.assert_array_equal(B.persistence[k], diagram)
        np.testing.assert_array_equal(B.significant[k], diagram[:, 1] - diagram[:, 0] > 2 * B.radius)


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
    assert bands[0].persistence.settings["distance"]["name"] == "eff_res"


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
