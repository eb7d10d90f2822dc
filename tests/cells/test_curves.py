"""A curve over a circle with the band in which its mean lies."""

import numpy as np
import pytest

from spectral_ph._check import InputError
from spectral_ph.cells.curves import fitted_band


def test_the_band_is_that_of_linear_regression():
    """Against the covariance of the coefficients, and the level against many draws."""
    rng = np.random.default_rng(0)
    phase, at = rng.uniform(0, 2 * np.pi, 80), np.linspace(0, 2 * np.pi, 9)
    truth = lambda x: 1 + np.cos(x) - 0.5 * np.sin(2 * x)  # noqa: E731
    held = np.zeros(len(at))
    for _ in range(400):
        middle, half = fitted_band(phase, truth(phase) + rng.normal(0, 1, 80), at)
        held += np.abs(middle - truth(at)) <= half
    assert (np.abs(held / 400 - 0.95) < 0.045).all()
    np.testing.assert_allclose(middle[0], middle[-1])
    np.testing.assert_allclose(half[0], half[-1])


def test_as_many_cells_as_parameters_leave_no_band():
    middle, half = fitted_band([0.0, 2.0, 4.0], [1.0, 2.0, 3.0], np.array([0.0, 2.0, 4.0]), 1)
    np.testing.assert_allclose(middle, [1, 2, 3])
    assert np.isnan(half).all()


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(
        InputError, match=r"^values must hold one finite number for each of the 3 cells, not the shape \(2,\)\.$"
    ):
        fitted_band([0.0, 1.0, 2.0], [1.0, 2.0], np.array([0.0]))
