import argparse

import numpy as np
import pytest

from benchmarks import homology


@pytest.mark.parametrize("degree", [1, 2])
def test_a_row_holds_time_ratio_and_difference(degree):
    given = argparse.Namespace(repeats=1, threads=1, limit=60.0)
    row = homology.row("Euclidean blob d=5", 60, degree, ["ours", "gudhi"], given)
    assert row["n"] == 60
    assert row["bars"] > 0
    assert row["difference"] == "gudhi 0e+00"
    assert float(row["ratio"]) == pytest.approx(row["gudhi"] / row["ours"], abs=0.06)


def test_another_number_of_bars_is_said():
    assert homology.difference([1.0, 2.0], [1.0], 2.0) == "2 bars, 1 bars"
    assert homology.difference([1.0, 2.0], [1.0, 1.0], 2.0) == "5e-01"


def test_its_own_resistance_is_that_of_the_package():
    import spectral_ph as sph

    X = homology.noisy(homology.circle(120), 0.1, 10, np.random.default_rng(0))
    there = sph.distance_matrix(X, "eff_res", n_neighbors=15, steps=1)
    np.testing.assert_allclose(homology.effective_resistance(X), there, atol=1e-12)
