"""The measures of invariance on features whose answer is known; none of this needs torch but its place."""

import re

import numpy as np
import pytest

pytest.importorskip("torch")

import spectral_ph as sph
from spectral_ph.nn import invariance_report

ANGLE = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)


def ring(angle):
    return np.column_stack([np.cos(angle), np.sin(angle)])


def test_features_that_are_the_direction_are_coherent():
    report = invariance_report(ring(ANGLE), ANGLE)
    assert report.coherence > 0.99
    assert report.orbit_spread is None


def test_features_that_know_nothing_of_it_are_as_coherent_as_chance():
    """The mean length of the mean of k random directions is about sqrt(pi / 4 k)."""
    report = invariance_report(np.random.default_rng(1).standard_normal((400, 5)), ANGLE)
    assert report.coherence == pytest.approx(np.sqrt(np.pi / 40), abs=0.03)
    assert report.chance == pytest.approx(np.sqrt(np.pi / 40), abs=0.03)


def test_an_orbit_as_large_as_the_objects_has_spread_1_and_its_loop():
    turned = ring(np.linspace(0, 2 * np.pi, 72, endpoint=False))
    orbits = np.stack([turned, 0.5 * turned])
    report = invariance_report(ring(np.linspace(0, 2 * np.pi, 400, endpoint=False)), ANGLE, orbits=orbits)
    assert report.orbit_spread == pytest.approx(0.75)
    # A ring of m points is born at its step and dies near the side of an equilateral triangle, sqrt 3; median distance sqrt 2.
    assert report.orbit_loop == pytest.approx(0.75 * (np.sqrt(3) - 2 * np.sin(np.pi / 72)) / np.sqrt(2), rel=0.01)


def test_an_orbit_that_is_a_point_has_neither():
    report = invariance_report(ring(ANGLE), ANGLE, orbits=np.ones((1, 10, 2)))
    assert report.orbit_spread == 0
    assert report.orbit_loop == 0


def test_arrays_that_do_not_fit_get_a_sentence():
    sentence = "angle must be a number for each of the 400 objects, not 399."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        invariance_report(ring(ANGLE), ANGLE[1:])
    for bad in (ANGLE[:, None], ANGLE.reshape(200, 2)):
        sentence = f"angle must be a number for each of the 400 objects, not an array of the shape {bad.shape}."
        with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
            invariance_report(ring(ANGLE), bad)
    for shape in ((4, 2), (0, 5, 2), (3, 2, 2), (3, 5, 3)):
        sentence = f"orbits must be of the shape (at least 1 object, at least 3 angles, 2 features), not {shape}."
        with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
            invariance_report(ring(ANGLE), ANGLE, orbits=np.zeros(shape))
    holed = np.ones((2, 5, 2))
    holed[1, 0, 0] = np.nan
    sentence = "orbits contains NaN in 1 of its 20 entries (first in row 5). Drop those rows or fill the gaps first."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        invariance_report(ring(ANGLE), ANGLE, orbits=holed)
    copies = np.zeros((400, 2))
    copies[0] = 1
    sentence = (
        "at least half of the pairs of objects have the same features, so that their median distance is 0 and no orbit can be "
        "compared with it. Drop copies first."
    )
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        invariance_report(copies, ANGLE, orbits=np.ones((1, 10, 2)))
