"""Simulated images of cells are what is said of them."""

import re

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.datasets.images import TEXTURES


def test_the_same_seed_gives_the_same_images():
    one, two = (sph.datasets.textured_cells(20, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(one.images, two.images)
    assert (one.images != sph.datasets.textured_cells(20, random_state=4).images).any()
    assert one.images.shape == (20, 24, 24)
    assert one.images.min() >= 0
    assert one.images.max() <= 1


def test_the_nucleus_lies_where_the_angle_points():
    cells = sph.datasets.textured_cells(200, noise=0.0)
    axis = (np.arange(24) + 0.5) / 12 - 1
    bright = cells.images > 0.85
    found = np.arctan2((bright * axis[:, None]).sum(axis=(1, 2)), (bright * axis[None, :]).sum(axis=(1, 2)))
    off = np.abs(np.angle(np.exp(1j * (found - cells.angle))))
    assert np.median(off) < 0.1


def test_textures_and_angles_do_not_depend_on_each_other():
    cells = sph.datasets.textured_cells(2000, size=12)
    assert set(cells.texture) == set(range(len(TEXTURES)))
    for k in range(len(TEXTURES)):
        assert abs(np.exp(1j * cells.angle[cells.texture == k]).mean()) < 0.12


def test_bad_sizes_get_a_sentence():
    for params, sentence in (
        ({"size": 8}, "size must be a whole number of at least 12, not 8."),
        ({"noise": -1}, "noise must be between 0 and 10, not -1."),
    ):
        with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
            sph.datasets.textured_cells(5, **params)
