"""What the pictures show is what the results say."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spectral_ph import plot
from spectral_ph._check import InputError
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.inference import ConfidenceBand, significance
from spectral_ph.loops.coordinates import circular_coordinate
from spectral_ph.loops.cycles import representative_cycle
from spectral_ph.loops.result import Loop, LoopResult
from tests.loops.ripser_h1 import circle, h1


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    """Close what pyplot opened, and fail if anything is shown."""

    def show(*_, **__):
        raise AssertionError("a plot function called show")

    monkeypatch.setattr(plt, "show", show)
    yield
    plt.close("all")


def axes(**projection):
    """Axes that pyplot knows nothing of."""
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.add_subplot(**projection)


def drawn(ax):
    """Draw, so that tick labels are there and whatever would go wrong does."""
    ax.figure.canvas.draw()
    return ax


def persistence(unit=1.0):
    return Persistence(
        [
            unit * np.array([[0.0, np.inf], [0.0, 2.0], [0.0, 1.0]]),
            unit * np.array([[1.0, 4.0], [2.0, 2.5]]),
            np.empty((0, 2)),
        ],
        3,
        "h1",
    )


def result(n=40, outside=0):
    """A noisy circle with its loop; the last `outside` points are said to be unconnected."""
    angle, D = circle(n, sigma=0.05)
    f = h1(D)[0]
    c = circular_coordinate(D, f.cocycle, f.birth, f.death, 47)
    loop = Loop(
        birth=f.birth,
        death=f.death,
        persistence=f.death - f.birth,
        score=0.9,
        cycle=representative_cycle(D, f.edge),
        phase=c.phase,
        domain=np.arange(n) < n - outside,
        scale=c.scale,
        distance=np.zeros(n),
    )
    P = Persistence([np.array([[0.0, np.inf]]), np.array([[f.birth, f.death]])], n, "h1")
    return LoopResult("loop", "a reason.", 0.01, 0.9, [loop], P), np.column_stack([np.cos(angle), np.sin(angle)])


NOTHING = LoopResult(
    "no loop", "a reason.", None, None, [], Persistence([np.array([[0.0, 1.0]]), np.empty((0, 2))], 2, "h1")
)


def test_diagram_has_a_point_for_every_feature():
    ax = drawn(plot.diagram(persistence()))
    h0, h1_, h2 = (np.asarray(c.get_offsets()) for c in ax.collections)
    (line,) = (line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1)
    np.testing.assert_array_equal(h0, [[0, line], [0, 2], [0, 1]])
    np.testing.assert_array_equal(h1_, [[1, 4], [2, 2.5]])
    assert len(h2) == 0
    assert 4 < line < ax.get_ylim()[1]
    assert [t.get_text() for t in ax.texts] == ["∞"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["H0 (3)", "H1 (2)", "H2 (none)"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("birth", "death")


def test_what_is_significant_is_filled_and_a_band_is_drawn():
    P = Persistence([np.array([[0.0, np.inf], [0.0, 1.0]]), np.array([[1.0, 6.0], [2.0, 2.5]])], 3, "h1")
    B = ConfidenceBand(P, 1.5, 0.05, "bootstrap", 3, np.zeros(1))
    ax = drawn(plot.diagram(B))
    band, h0, h1_ = ax.collections
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["H0 (1 of 2 significant)", "H1 (1 of 2 significant)"]
    assert (h0.get_facecolors()[:, 3] > 0).tolist() == [True, False]
    assert (h1_.get_facecolors()[:, 3] > 0).tolist() == [True, False]
    corners = band.get_paths()[0].vertices
    assert np.unique((corners[:, 1] - corners[:, 0]).round(9)).tolist() == [0, 3]
    S = significance(P, level=0.5)
    (only,) = drawn(plot.diagram(S)).collections
    assert (only.get_facecolors()[:, 3] > 0).tolist() == S.significant.tolist() == [True, False]
    with pytest.raises(InputError, match=r"^dimension 0 was asked for, but the result has the dimension 1\."):
        plot.diagram(S, dimensions=[0])


def test_diagram_of_chosen_dimensions_has_no_line_at_infinity_without_need():
    ax = drawn(plot.diagram(persistence(), dimensions=[1]))
    assert len(ax.collections) == 1
    assert len(ax.lines) == 1
    assert not ax.texts


@pytest.mark.parametrize("draw", [plot.diagram, plot.barcode])
@pytest.mark.parametrize("unit", [1e-12, 1e-4, 1e5])
def test_tiny_and_huge_numbers_are_named_in_the_label(draw, unit):
    ax = drawn(draw(persistence(unit)))
    power = round(np.log10(4 * unit) - np.log10(4))
    for axis in (ax.xaxis, ax.yaxis) if draw is plot.diagram else (ax.xaxis,):
        assert axis.get_label_text().endswith(rf"($\times 10^{{{power}}}$)")
        assert not axis.offsetText.get_visible()
        assert max(float(t.get_text().replace("\N{MINUS SIGN}", "-")) for t in axis.get_ticklabels()) <= 5


@pytest.mark.parametrize("draw", [plot.diagram, plot.barcode])
def test_a_result_without_loops_says_so_inside_the_axes(draw):
    ax = drawn(draw(NOTHING, dimensions=[1]))
    assert [t.get_text() for t in ax.texts] == ["no features in H1"]


@pytest.mark.parametrize("draw", [plot.diagram, plot.barcode])
@pytest.mark.parametrize("bars", [[[0.0, np.inf]], [[1.0, np.inf]], [[2.0, 3.0]], [[0.0, 1e-30]]])
def test_a_single_feature_is_enough(draw, bars):
    ax = drawn(draw(Persistence([np.array(bars)], 2, "h1")))
    assert ax.collections


def test_barcode_draws_each_bar_from_birth_to_death():
    ax = drawn(plot.barcode(persistence()))
    h0, h1_ = (np.array(c.get_segments())[:, :, 0] for c in ax.collections)
    (infinity,) = {line.get_xdata()[0] for line in ax.lines}
    np.testing.assert_array_equal(h0, [[0, infinity], [0, 2], [0, 1]])
    np.testing.assert_array_equal(h1_, [[1, 4], [2, 2.5]])
    # The longest on top: the axis points down.
    assert ax.yaxis_inverted()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["H0", "H1"]


def test_barcode_says_what_it_leaves_out():
    ax = drawn(plot.barcode(persistence(), max_bars=2))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["H0\n2 longest\nof 3", "H1"]
    assert [len(c.get_segments()) for c in ax.collections] == [2, 2]


def test_loop_draws_the_cycle_in_order_and_closes_it():
    R, layout = result()
    ax = drawn(plot.loop(R, layout, line="cycle"))
    cycle = R.loops[0].cycle
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), layout[[*cycle, cycle[0]]])
    (points,) = ax.collections
    np.testing.assert_array_equal(points.get_offsets(), layout)
    np.testing.assert_array_equal(points.get_array(), R.loops[0].phase)
    assert points.get_clim() == (0, 2 * np.pi)
    assert re.fullmatch(r"loop 1: persistence \d\.\d+, score 0\.90", ax.get_title())


def test_loop_draws_a_smooth_closed_curve():
    R, layout = result()
    (line,) = drawn(plot.loop(R, layout)).lines
    curve = R.loops[0].curve(layout)
    np.testing.assert_array_equal(line.get_xydata(), [*curve, curve[0]])
    assert not drawn(plot.loop(R, layout, line="none")).lines


def test_loop_shows_points_outside_its_domain_without_colour():
    R, layout = result(outside=3)
    ax = drawn(plot.loop(R, layout))
    outside, inside = ax.collections
    np.testing.assert_array_equal(outside.get_offsets(), layout[-3:])
    assert len(outside.get_facecolor()) == 0
    assert len(inside.get_offsets()) == len(layout) - 3
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["not connected to the loop (3)"]


def test_the_colours_of_the_phase_close_up():
    colours = plot.phase_map()
    assert colours(0.0) == colours(1.0)


def test_phase_counts_the_points_of_the_domain():
    R, _ = result(outside=3)
    straight, round_ = drawn(plot.phase(R, ax=axes(), bins=12)), drawn(plot.phase(R, bins=12))
    counts = [bar.get_height() for bar in straight.patches]
    assert sum(counts) == 37
    assert round_.name == "polar"
    # The area of a sector is its count.
    np.testing.assert_allclose([bar.get_height() ** 2 for bar in round_.patches], counts)
    assert straight.lines[0].get_ydata()[0] == pytest.approx(37 / 12)
    assert round_.lines[0].get_ydata()[0] ** 2 == pytest.approx(37 / 12)
    assert (straight.get_xlabel(), straight.get_ylabel()) == ("phase (radians)", "points")


@pytest.mark.parametrize("draw", [plot.diagram, plot.barcode, plot.loop, plot.phase])
def test_given_axes_are_used_and_pyplot_is_left_alone(draw):
    R, layout = result()
    ax = axes()
    arguments = (R, layout) if draw is plot.loop else (R,)
    assert draw(*arguments, ax=ax) is ax
    drawn(ax)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: plot.loop(NOTHING, np.zeros((2, 2))),
            ("this result (verdict 'no loop') has no loop to draw. plot.diagram(R) shows the features there are."),
        ),
        (
            lambda: plot.phase(NOTHING),
            ("this result (verdict 'no loop') has no loop to draw. plot.diagram(R) shows the features there are."),
        ),
        (
            lambda: plot.phase(result()[0], which=1),
            "which=1 was asked for, but the result holds 1 loop(s), counted from 0. Pass which=0 or less.",
        ),
        (lambda: plot.phase(result()[0], which=-1), "which must be a whole number of at least 0, not -1."),
        (lambda: plot.phase(result()[0], bins=2), "bins must be a whole number of at least 3, not 2."),
        (
            lambda: plot.loop(result()[0], np.zeros((40, 3))),
            "layout must have the shape (40, 2), a place in the plane for each point, not (40, 3). Pass two "
            "columns, such as layout[:, :2].",
        ),
        (
            lambda: plot.diagram(persistence(), dimensions=[3]),
            "dimension 3 was asked for, but the result has the dimensions 0 to 2. Compute it with maxdim=3, "
            "or leave it out.",
        ),
        (
            lambda: plot.barcode(persistence(), dimensions=[]),
            "dimensions must name at least one dimension. Pass dimensions=[1].",
        ),
        (lambda: plot.barcode(persistence(), max_bars=0), "max_bars must be a whole number of at least 1, not 0."),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        call()
    assert plt.get_fignums() == []


def test_rows_of_groups_are_scaled_each_to_itself_and_named():
    counts = np.array([[4, 0, 2], [0, 100, 50]])
    ax = drawn(plot.phase_rows(counts, ["few $x$", "many"], ax=axes()))
    heights = np.array([bar.get_height() for bar in ax.patches]).reshape(2, 3)
    np.testing.assert_allclose(heights / heights.max(axis=1, keepdims=True), counts / counts.max(axis=1, keepdims=True))
    assert [bar.get_y() for bar in ax.patches] == [0, 0, 0, -1, -1, -1]
    assert [t.get_text() for t in ax.get_yticklabels()] == [r"few \$x\$", "many"]


def test_the_heat_map_shows_each_row_from_its_lowest_to_its_highest():
    values = np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 5.0], [np.nan, 0.0, 10.0]])
    ax = drawn(plot.phase_heatmap(values, ["a", "b", "c"], ax=axes()))
    np.testing.assert_array_equal(ax.images[0].get_array().filled(-1), [[0, 1, 0.5], [0, 0, 0], [-1, 0, 1]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]


def test_the_band_lies_between_its_edges():
    ax = drawn(plot.phase_band([0, 1], [1, 2], [2, 3], "depth", ax=axes()))
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[np.pi / 2, 1], [3 * np.pi / 2, 2]])
    assert ax.get_ylabel() == "depth"
    corners = ax.collections[0].get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (0, 3)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: plot.phase_rows([[1, 2]], ["a", "b"]),
            "counts must have a row for each of the 2 names and at least one column, not the shape (1, 2). "
            "Pass one row of numbers along the phase for each name.",
        ),
        (lambda: plot.phase_rows([[-1, 2]], ["a"]), "counts must be at least 0, not -1. Pass numbers of points."),
        (
            lambda: plot.phase_heatmap([1, 2], ["a"]),
            "values must have a row for each of the 1 names and at least one column, not the shape (2,). Pass "
            "one row of numbers along the phase for each name.",
        ),
        (
            lambda: plot.phase_band([1, 2], [1], [1, 2]),
            "low, middle and high must be of one length, but they have the shapes (2,), (1,), (2,). Pass one "
            "number for each interval of the phase in each.",
        ),
    ],
)
def test_errors_about_tables_are_sentences(call, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        call()


# The user's style, and the colours of a phase


@pytest.mark.parametrize("draw", [plot.diagram, plot.barcode, plot.phase], ids=lambda draw: draw.__name__)
def test_a_style_with_latex_draws_without_it(draw, tmp_path):
    """LaTeX need not be installed, and it stumbles over names from data."""
    with plt.rc_context({"text.usetex": True}):
        draw(result()[0]).figure.savefig(tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 5000


def test_the_colours_of_a_phase_are_known_by_name_and_close():
    colours = plot.phase_map()
    assert matplotlib.colormaps[plot.PHASE_MAP] == plot.phase_map() == colours
    assert colours(0.0) == colours(1.0)
    np.testing.assert_allclose(matplotlib.colormaps[plot.PHASE_MAP + "_r"](0.25), colours(0.75), atol=0.01)


def test_what_carries_more_than_numbers_is_refused_by_pictures_too():
    masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[True, False, False])
    with pytest.raises(InputError, match=r"^low is a masked array, whose masked entries are no numbers"):
        plot.phase_band(masked, [1, 2, 3], [1, 2, 3])
    with pytest.raises(InputError, match=r"^values must hold numbers, not text "):
        plot.phase_heatmap([["a", "b"]], ["gene"])
    with pytest.raises(InputError, match=r"^Complex data not supported: counts must hold real numbers"):
        plot.phase_rows([[1j, 2]], ["group"])
