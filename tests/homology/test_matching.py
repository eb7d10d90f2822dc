"""Distances between diagrams: known values, a metric, stability."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from tests.strategies import point_sets

EMPTY = np.empty((0, 2))


def test_known_values():
    a, b = np.array([[0.0, 4.0], [1.0, 2.0]]), np.array([[0.0, 5.0]])
    assert sph.diagram_distance(a, b) == pytest.approx(1.0)
    assert sph.diagram_distance(a, b, "wasserstein") == pytest.approx(1.5, rel=1e-3)
    assert sph.diagram_distance(a, b, "wasserstein", order=2) == pytest.approx(np.sqrt(1.25), rel=1e-3)
    assert sph.diagram_distance(a, EMPTY) == pytest.approx(2.0)
    assert sph.diagram_distance(EMPTY, EMPTY) == 0


def test_essential_classes_meet_their_like():
    a, b = np.array([[0.0, np.inf], [1.0, 3.0]]), np.array([[0.25, np.inf], [1.0, 3.0]])
    assert sph.diagram_distance(a, b) == pytest.approx(0.25)
    assert sph.diagram_distance(a, EMPTY) == np.inf


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-9])
def test_small_distances_of_small_diagrams_are_not_lost(scale):
    """Hera's bottleneck distance returns 0 for these."""
    a = np.array([[0.0, 1.0], [0.2, 0.5]]) * scale
    b = a.copy()
    b[0, 1] += 1e-8 * scale
    for kind in ("bottleneck", "wasserstein"):
        assert sph.diagram_distance(a, b, kind) == pytest.approx(1e-8 * scale, rel=1e-3)


def test_points_on_the_diagonal_count_for_nothing():
    a = np.array([[0.0, 4.0], [1.0, 1.0]])
    assert sph.diagram_distance(a, a[:1]) == 0


@settings(max_examples=25)
@given(point_sets(), st.floats(0, 0.1), st.integers(0, 10_000))
def test_diagrams_are_stable(X, size, seed):
    """Moving every distance by at most epsilon moves the diagram by at most epsilon (Cohen-Steiner et al. 2007)."""
    D = sph.distance_matrix(X, "euclidean")
    noise = np.random.default_rng(seed).uniform(0, size, D.shape)
    E = D + np.triu(noise, 1) + np.triu(noise, 1).T
    P, Q = (sph.persistence(M, "precomputed", engine="gudhi") for M in (D, E))
    for k in (0, 1):
        assert sph.diagram_distance(P[k], Q[k]) <= size + 1e-9
        assert sph.diagram_distance(P[k], Q[k]) == pytest.approx(sph.diagram_distance(Q[k], P[k]))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            (EMPTY, EMPTY, "bottelneck"),
            (
                "kind='bottelneck' is not a known diagram distance; did you mean 'bottleneck'? Known are: "
                "bottleneck, wasserstein."
            ),
        ),
        (
            ("abc", EMPTY),
            "a must be a diagram, an (m, 2) array of births and deaths, but it could not be read as numbers. "
            "Pass one degree of the result, for instance P[1].",
        ),
        (
            (EMPTY, EMPTY, "wasserstein", np.inf),
            "the Wasserstein distance of order inf is the bottleneck distance. Pass kind='bottleneck'.",
        ),
        (
            (np.ones((2, 3)), EMPTY),
            "a must be a diagram, an (m, 2) array of births and deaths, not an array of shape (2, 3). Pass "
            "one degree of the result, for instance P[1].",
        ),
        (
            (EMPTY, np.array([[2.0, 1.0]])),
            "b is not a diagram: it has a feature with a death before its birth, or with NaN.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.diagram_distance(*arguments[:3], **({"order": arguments[3]} if len(arguments) > 3 else {}))
