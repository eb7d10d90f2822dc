"""Pictures of a decoder show the numbers they are given, and need no torch."""

import re
from dataclasses import dataclass

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import spectral_ph as sph
from spectral_ph import plot


@dataclass
class Circles:
    """What `Indicatrices` holds."""

    at: np.ndarray
    outlines: np.ndarray
    radius: float = 1.0


def axes():
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def scattered(ax):
    ax.figure.canvas.draw()
    return ax.collections[0]


def layout(n=50):
    return np.random.default_rng(0).standard_normal((n, 2))


def test_colours_are_factors_over_their_geometric_mean():
    """det is the square of an area: ten times the area is 2 log 10 more."""
    values = 5.0 + 2 * np.log(10) * np.linspace(-1, 1, 50)
    ax = plot.log_det(values, layout(), ax=axes())
    np.testing.assert_allclose(scattered(ax).get_array(), np.linspace(-1, 1, 50), atol=1e-12)
    labels = [text.get_text() for text in ax.figure.axes[1].get_yticklabels()]
    assert labels == ["1/10", "1/3", "1", "3", "10"]


def test_an_even_layout_looks_even():
    shown = scattered(plot.log_det(1e-3 * np.arange(50), layout(), ax=axes()))
    assert shown.get_clim() == pytest.approx((-np.log10(2), np.log10(2)))
    colours = shown.to_rgba(shown.get_array())
    assert np.ptp(colours, axis=0).max() < 0.05


def test_pictures_that_are_compared_have_one_reach():
    shown = scattered(plot.log_det(np.arange(50.0), layout(), reach=2, ax=axes()))
    assert shown.get_clim() == (-2, 2)


def test_ellipses_are_where_they_are():
    outlines = layout(30).reshape(3, 10, 2)
    ax = plot.indicatrices(Circles(outlines[:, 0], outlines), layout(), ax=axes())
    points, ellipses = ax.collections
    assert len(points.get_offsets()) == 50
    for path, outline in zip(ellipses.get_paths(), outlines, strict=True):
        np.testing.assert_array_equal(path.vertices[:10], outline)
    assert len(plot.indicatrices(Circles(outlines[:, 0], outlines), ax=axes()).collections) == 1


def test_arrays_that_do_not_fit_get_a_sentence():
    sentence = "values must be a number for each of the 50 points of the layout, not 49."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        plot.log_det(np.zeros(49), layout(), ax=axes())
    sentence = "layout must have 2 columns, not 3. Pass two of them, such as layout[:, :2]."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        plot.log_det(np.zeros(5), np.zeros((5, 3)), ax=axes())
