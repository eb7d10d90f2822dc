"""Pictures of phases: where the points are along a loop, and what changes with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._latex import literal, without_latex
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.cells.genes import BINS
from spectral_ph.loops.curve import closed_curve
from spectral_ph.loops.result import LoopResult
from spectral_ph.plot.results import (
    COLOURS,
    DASHES,
    INK,
    PALE,
    QUARTER_NAMES,
    QUARTERS,
    chosen_loop,
    loop_title,
    new_axes,
    phase_map,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.projections.polar import PolarAxes


@without_latex
def pursued(R: LoopResult, *, ax: Axes | None = None) -> Axes:
    """Draw the points in the features that loop pursuit chose, coloured by their phase, and the loop through them.

    Parameters
    ----------
    R : LoopResult whose loop was pursued.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : the two directions of the chosen features in which the loop lies.

    Raises
    ------
    InputError : no loop was pursued, or none was found.

    See Also
    --------
    loop, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> R = sph.find_loops(sph.datasets.circle(100, ambient_dim=10, sigma=0.1), splits=0)
    >>> try:
    ...     sph.plot.pursued(R)
    ... except sph.InputError as error:
    ...     print(str(error)[:43])
    this result holds no loop that was pursued.
    """
    found = R.pursued
    if found is None or not len(found.phase):
        raise _check.InputError(
            "this result holds no loop that was pursued. Pass features and pursue=True to spectral_ph.find_loops, or pursue=True "
            "to spectral_ph.tl.loops."
        )
    ax = new_axes(5.4, 4.4) if ax is None else ax
    where = found.layout[:, :2]
    points = ax.scatter(
        where[:, 0],
        where[:, 1],
        s=float(np.clip(6000 / len(where), 6.0, 36.0)),
        c=found.phase,
        cmap=phase_map(),
        vmin=0,
        vmax=2 * np.pi,
        linewidth=0,
    )
    curve = closed_curve(found.phase, where, 200)
    ax.plot(*np.vstack([curve, curve[:1]]).T, color="black", linewidth=1.4)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.set_title(f"pursued in {len(found.genes)} features, evidence {found.evidence:.2f}", fontsize="medium")
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(points, ax=ax, shrink=0.6, aspect=16, pad=0.03, label="phase (radians)")
    bar.set_ticks(QUARTERS, labels=QUARTER_NAMES)
    bar.outline.set_visible(False)
    return ax


@without_latex
def phase(R: LoopResult, *, which: int = 0, ax: Axes | None = None, bins: int = BINS) -> Axes:
    """Draw how the points are spread along the loop: a histogram of their phase.

    Parameters
    ----------
    R : LoopResult with at least one loop.
    which : which of `R.loops`, 0 being the longest. Default 0.
    ax : where to draw, round if it is polar and straight otherwise; default None, a new polar figure.
    bins : number of equal intervals of the circle. Default `BINS`, ten degrees each.

    Returns
    -------
    Axes : only points of the loop's domain are counted. On polar axes the area of a sector, not its radius, is its
        count. The dashed line is the count if the points were spread evenly.

    Raises
    ------
    InputError : `R` has no such loop, or `bins` is below 3.

    See Also
    --------
    loop, phase_rows, spectral_ph.pl.phase

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> sph.plot.phase(R).name
    'polar'
    """
    this = chosen_loop(R, which)
    bins = _check.positive_int(bins, "bins", least=3)
    ax = new_axes(4.4, 4.4, polar=True) if ax is None else ax
    counts, edges = np.histogram(this.phase[this.domain], bins=bins, range=(0, 2 * np.pi))
    middle, width = (edges[:-1] + edges[1:]) / 2, 2 * np.pi / bins
    polar = ax.name == "polar"
    height = np.sqrt(counts) if polar else counts
    even = counts.mean() ** (0.5 if polar else 1)
    ax.bar(
        middle,
        height,
        width=width,
        color=phase_map()(middle / (2 * np.pi)),
        edgecolor="white",
        linewidth=0.5,
        zorder=2,
    )
    ax.plot(np.linspace(0, 2 * np.pi, 181), np.full(181, even), color=INK, linewidth=1, linestyle=DASHES, zorder=3)
    ax.set_title(loop_title(this, which), fontsize="medium", pad=14 if polar else None)
    ax.set_xticks(QUARTERS[:-1] if polar else QUARTERS, QUARTER_NAMES[:-1] if polar else QUARTER_NAMES)
    if polar:
        _square_root_radius(cast("PolarAxes", ax), counts, middle)
    else:
        ax.set(xlim=(0, 2 * np.pi), xlabel="phase (radians)", ylabel="points")
        ax.spines[["right", "top"]].set_visible(False)
    return ax


@without_latex
def phase_rows(counts: ArrayLike, names: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw how each of several groups of points is spread along the loop: one row of bars a group.

    Parameters
    ----------
    counts : (g, bins), points of each group in equal intervals of the phase.
    names : g names, drawn as they are.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : each row is scaled to its own highest bar, so that small groups can be read; the names carry the totals.

    Raises
    ------
    InputError : `counts` is not a table of numbers of at least 0 with a row for every name.

    See Also
    --------
    phase, phase_band

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> sph.plot.phase_rows(np.ones((2, 12)), ["a", "b"]).name
    'rectilinear'
    """
    table = _rows(counts, names, "counts")
    if (table < 0).any():
        raise _check.InputError(
            _check.Argument("counts"), f" must be at least 0, not {table.min():g}. Pass numbers of points."
        )
    ax = new_axes(4.6, 1.0 + 0.36 * len(names)) if ax is None else ax
    bins = table.shape[1]
    middle, width = (np.arange(bins) + 0.5) * 2 * np.pi / bins, 2 * np.pi / bins
    colours = phase_map()(middle / (2 * np.pi))
    for row, heights in enumerate(table):
        ax.bar(middle, 0.85 * heights / (heights.max() or 1), width, bottom=-row, color=colours, linewidth=0)
        ax.axhline(-row, color=PALE, linewidth=0.6)
    ax.set(xlim=(0, 2 * np.pi), ylim=(-len(names) + 0.9, 1), xlabel="phase (radians)")
    ax.set_xticks(QUARTERS, QUARTER_NAMES)
    ax.set_yticks([0.35 - row for row in range(len(names))], [literal(name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    return ax


@without_latex
def phase_band(
    low: ArrayLike, middle: ArrayLike, high: ArrayLike, name: str = "value", *, ax: Axes | None = None
) -> Axes:
    """Draw how a number changes along the loop: a line with a band about it.

    Parameters
    ----------
    low, middle, high : (bins,) such as the quartiles in equal intervals of the phase; NaN where nothing is.
    name : what the number is, drawn as it is.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes with the phase from left to right.

    Raises
    ------
    InputError : the three are not of one length.

    See Also
    --------
    phase_rows, phase_heatmap

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> wave = np.sin(np.linspace(0, 6, 36))
    >>> sph.plot.phase_band(wave - 0.2, wave, wave + 0.2, "depth").name
    'rectilinear'
    """
    named = (("low", low), ("middle", middle), ("high", high))
    lines = [np.asarray(_check.numbers(line, name), dtype=np.float64) for name, line in named]
    if len({line.shape for line in lines}) > 1 or lines[0].ndim != 1:
        raise _check.InputError(
            _check.Argument("low"),
            ", ",
            _check.Argument("middle"),
            " and ",
            _check.Argument("high"),
            f" must be of one length, but they have the shapes {', '.join(str(x.shape) for x in lines)}. Pass one "
            "number for each interval of the phase in each.",
        )
    ax = new_axes(4.6, 2.6) if ax is None else ax
    bins = len(lines[0])
    middles = (np.arange(bins) + 0.5) * 2 * np.pi / bins
    ax.fill_between(middles, lines[0], lines[2], color=COLOURS[1], alpha=0.25, linewidth=0)
    ax.plot(middles, lines[1], color=COLOURS[1], linewidth=1.8)
    ax.set(xlim=(0, 2 * np.pi), xlabel="phase (radians)", ylabel=literal(name))
    ax.set_xticks(QUARTERS, QUARTER_NAMES)
    ax.spines[["right", "top"]].set_visible(False)
    return ax


@without_latex
def phase_heatmap(
    values: ArrayLike,
    names: Sequence[str],
    *,
    phases: ArrayLike | None = None,
    things: str = "points",
    ax: Axes | None = None,
) -> Axes:
    """Draw how genes, or other features, change along the loop: one row of colours each, from low to high.

    Parameters
    ----------
    values : (g, bins), mean of each feature in intervals of the phase, in any unit; NaN where no point is.
    names : g names, drawn as they are, in the order to draw from the top.
    phases : (bins,) radians, ascending: the phase of each interval, where all hold equally many points; default None,
        intervals of equal width.
    things : what the points are, in the plural.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : each row is scaled to its own range, since features differ in level.

    Raises
    ------
    InputError : `values` is not a table with a row for every name.

    See Also
    --------
    phase_rows, phase_band, spectral_ph.pl.genes

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> sph.plot.phase_heatmap(np.eye(3, 12), ["a", "b", "c"]).name
    'rectilinear'
    """
    table = _rows(values, names, "values")
    ax = new_axes(4.6, 1.4 + 0.2 * len(names)) if ax is None else ax
    low = np.where(np.isfinite(table), table, np.inf).min(axis=1, keepdims=True)
    high = np.where(np.isfinite(table), table, -np.inf).max(axis=1, keepdims=True)
    span = np.where(high > low, high - low, 1.0)
    shown = ax.imshow(
        (table - low) / span,
        aspect="auto",
        interpolation="nearest",
        cmap="viridis",
        vmin=0,
        vmax=1,
        extent=(0, 1, len(names) - 0.5, -0.5),
    )
    phase_ticks(ax, phases, things)
    ax.set_yticks(range(len(names)), [literal(name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(shown, ax=ax, shrink=0.6, aspect=16, pad=0.03, ticks=[0, 1])
    bar.ax.set_yticklabels(["low", "high"])
    bar.outline.set_visible(False)
    return ax


def _rows(values: ArrayLike, names: Sequence[str], what: str) -> FloatArray:
    table: FloatArray = np.asarray(_check.numbers(values, what), dtype=np.float64)
    if table.ndim != 2 or len(table) != len(names) or table.size == 0:
        raise _check.InputError(
            _check.Argument(what),
            f" must have a row for each of the {len(names)} names and at least one column, not the shape "
            f"{table.shape}. Pass one row of numbers along the phase for each name.",
        )
    return table


def _square_root_radius(ax: PolarAxes, counts: IntArray, middle: FloatArray) -> None:
    """Label the radius of polar axes, which is the square root of a count, with counts.

    Parameters
    ----------
    counts, middle : (bins,), the bars and where they stand; the labels go where the shortest is.
    """
    from matplotlib.ticker import MaxNLocator

    most = int(counts.max())
    ticks = [c for c in MaxNLocator(nbins=2, integer=True).tick_values(0, most) if 0 < c <= most]
    names = [f"{c:g}" for c in ticks]
    names[-1] += " points"
    ax.set_rticks(np.sqrt(ticks), [])
    # Tick labels would be drawn below the bars.
    paper = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}
    for tick, name in zip(ticks, names, strict=True):
        ax.text(middle[counts.argmin()], math.sqrt(tick), name, ha="center", va="center", bbox=paper, zorder=4)
    ax.set_rmax(1.05 * math.sqrt(most))


def phase_ring(angles: ArrayLike, *, ax: PolarAxes) -> Axes:
    """Draw how another angle changes along the loop: a ring, its colours those of the angle.

    Parameters
    ----------
    angles : (bins,) radians, such as the circular mean in equal intervals of the phase; NaN where nothing is.
    ax : polar axes to draw on.
    """
    known = np.asarray(_check.numbers(angles, "angles"), dtype=np.float64)
    there, bins = np.isfinite(known), len(known)
    middles = (np.arange(bins) + 0.5) * 2 * np.pi / bins
    colours = phase_map()(np.mod(known[there], 2 * np.pi) / (2 * np.pi))
    ax.bar(middles[there], 0.35, width=2 * np.pi / bins, bottom=0.65, color=colours, edgecolor=colours, linewidth=0.5)
    ax.set_xticks(QUARTERS[:-1], QUARTER_NAMES[:-1])
    ax.set_yticks([])
    ax.set_ylim(0, 1.0)
    ax.spines["polar"].set_visible(False)
    ax.grid(visible=False)
    key = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    ax.scatter(key, np.full(len(key), 0.3), c=key, cmap=phase_map(), vmin=0, vmax=2 * np.pi, s=14, linewidths=0)
    ax.text(0, 0, "label", ha="center", va="center", color=INK)
    return ax


def phase_ticks(ax: Axes, phases: ArrayLike | None = None, things: str = "points") -> None:
    """Write the quarters of a phase under an axis that runs from 0 to 1 in the order of the phase.

    Parameters
    ----------
    ax : where to write.
    phases : (bins,) radians, ascending: the phase in the middle of each of `bins` equal parts of the axis. None: the axis
        is the phase itself.
    things : what the points are, in the plural.
    """
    places = np.array(QUARTERS) / (2 * np.pi)
    label = "phase (radians)"
    if phases is not None and len(known := np.asarray(_check.numbers(phases, "phases"), dtype=np.float64)):
        middle = (np.arange(len(known)) + 0.5) / len(known)
        places = np.interp(
            QUARTERS, np.pad(known, 1, constant_values=(0, 2 * np.pi)), np.pad(middle, 1, constant_values=(0, 1))
        )
        label = f"phase (radians)\nequally many {things} in each column"
    # Where many quarters fall into few columns their names would lie upon each other.
    kept = [k for k, x in enumerate(places) if k in (0, 4) or (x > 0.06 and x < 0.94 and x - places[k - 1] > 0.06)]
    ax.set_xticks(places[kept], [QUARTER_NAMES[k] for k in kept])
    ax.set_xlabel(label)
