"""Pictures of diagrams, loops and phases.

Long because all pictures share their colours, their axes and the way they write numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._latex import literal, without_latex
from spectral_ph._types import BoolArray, FloatArray
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.inference import ConfidenceBand, Significance
from spectral_ph.loops.result import Loop, LoopResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.transforms import Transform

# One colour and one marker a dimension, from the palette of Okabe and Ito, which the colour-blind can tell apart; the
# marker repeats what the colour says. Grey for H0: it is many and seldom the point.
COLOURS = ("#8C8C8C", "#0072B2", "#D55E00", "#009E73")
MARKERS = ("o", "^", "s", "D")
# Round the circle, dark to light to dark, blue on one side and red on the other. Phases a sixth of a turn apart are
# farther apart in OKLab than in matplotlib's "twilight", also for eyes without red, green or blue receptors, and no
# colour is so pale that it vanishes on white.
PHASE_COLOURS = ("#40256B", "#1F78B4", "#62B8B0", "#E3C94F", "#DB7633", "#A32A4B", "#40256B")
PHASE_MAP = "spectral_ph_phase"
"""What these colours are called where a colour map is asked for by name, with "_r" at the end the other way round."""
INK = "#333333"
PALE = "#A0A0A0"
DASHES = (0, (4, 3))
QUARTERS = [0.0, math.pi / 2, math.pi, 3 * math.pi / 2, 2 * math.pi]
QUARTER_NAMES = ["0", "π/2", "π", "3π/2", "2π"]


@without_latex
def diagram(
    P: Persistence | LoopResult | ConfidenceBand | Significance,
    *,
    ax: Axes | None = None,
    dimensions: Sequence[int] | None = None,
) -> Axes:
    """Draw the persistence diagram: one point a feature, its height above the diagonal is its persistence.

    Parameters
    ----------
    P : Persistence, or a LoopResult, whose diagrams are drawn. Of a ConfidenceBand the band of each degree is drawn too, up to
        twice its radius above the diagonal. Of it and of a Significance what is significant is filled, and the rest hollow.
    ax : where to draw; default None, a new figure.
    dimensions : which dimensions to draw, such as [1]; default None, all there are.

    Returns
    -------
    Axes with births and deaths in the unit of the distances (a power of ten is named in the labels). Features that
    never die stand on a dashed line marked with an infinity sign. If there is no feature, a sentence says so.

    Raises
    ------
    InputError : a dimension that was not computed.

    See Also
    --------
    barcode, spectral_ph.Persistence, spectral_ph.pl.diagram

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P = sph.persistence(sph.datasets.circle(100, ambient_dim=10, sigma=0.1))
    >>> sph.plot.diagram(P).get_xlabel()
    'birth'
    """
    from matplotlib.colors import to_rgba

    all_of, filled, radius = _seen(P)
    shown = _dimensions(all_of, dimensions)
    ax = new_axes(4.6, 4.4) if ax is None else ax
    ax.set(xlabel="birth", ylabel="death")
    features = np.concatenate([all_of[k] for k in shown])
    if len(features) == 0:
        return say(ax, f"no features in {_names(shown)}")
    finite = features[np.isfinite(features)]
    low, high = float(finite.min()), float(finite.max())
    margin = 0.05 * (high - low) or 0.05 * high or 1.0
    low, high = low - margin, high + margin
    infinity = high + margin
    endless = bool(np.isinf(features).any())
    ax.plot([low, high], [low, high], color=PALE, linewidth=1, zorder=0)
    if endless:
        ax.axhline(infinity, color=PALE, linewidth=1, linestyle=DASHES, zorder=0)
        _mark_infinity(ax, (1, infinity), ax.get_yaxis_transform(), (4, 0), ha="left", va="center")
    top = infinity + margin if endless else high
    if radius is not None:
        ends = np.array([low, high])
        ax.fill_between(ends, ends, ends + 2 * radius, color=PALE, alpha=0.3, linewidth=0, zorder=0)
    for k in shown:
        births, deaths = all_of[k].T
        colour = COLOURS[k % len(COLOURS)]
        faces = np.tile(to_rgba(colour, 0.7), (len(births), 1))
        faces[~filled.get(k, np.ones(len(births), dtype=bool)), 3] = 0
        ax.scatter(
            births,
            np.minimum(deaths, infinity),
            s=30,
            marker=MARKERS[k % len(MARKERS)],
            facecolor=faces,
            edgecolor=to_rgba(colour, 0.7),
            linewidth=0.8 if k in filled else 0,
            label=_counted(k, births, filled),
            zorder=2 + k,
        )
    ax.set(xlim=(low, high), ylim=(low, top), aspect="equal")
    ax.locator_params(nbins=5)  # more would run into each other along the lower side
    _name_power(ax.xaxis, "birth", high)
    _name_power(ax.yaxis, "death", high)
    ax.legend(loc="lower right", frameon=False, handletextpad=0.2)
    return ax


def _seen(
    P: Persistence | LoopResult | ConfidenceBand | Significance,
) -> tuple[dict[int, FloatArray], dict[int, BoolArray], float | None]:
    """Return the diagrams by degree, which features are significant, and the radius of the band, where these are known."""
    if isinstance(P, Significance):
        degree = 1 if P.dimension is None else P.dimension
        return {degree: P.diagram}, {degree: P.significant}, None
    if isinstance(P, ConfidenceBand):
        return dict(enumerate(P.persistence)), dict(enumerate(P.significant)), P.radius
    return dict(enumerate(P.persistence if isinstance(P, LoopResult) else P)), {}, None


def _counted(k: int, births: FloatArray, filled: dict[int, BoolArray]) -> str:
    """Return what the legend says of a degree."""
    if k in filled and len(births):
        return f"H{k} ({int(filled[k].sum())} of {len(births)} significant)"
    return f"H{k} ({len(births) or 'none'})"


@without_latex
def barcode(
    P: Persistence | LoopResult,
    *,
    ax: Axes | None = None,
    dimensions: Sequence[int] | None = None,
    max_bars: int = 40,
) -> Axes:
    """Draw the barcode: one bar a feature, from its birth to its death, the longest of each dimension on top.

    Parameters
    ----------
    P : Persistence, or a LoopResult, whose diagrams are drawn.
    ax : where to draw; default None, a new figure.
    dimensions : which dimensions to draw, such as [1]; default None, all there are.
    max_bars : at most this many bars for each dimension, the longest; the label says how many there are. Default 40.

    Returns
    -------
    Axes with the distance from left to right. Bars that never end reach a dashed line marked with an infinity sign.

    Raises
    ------
    InputError : a dimension that was not computed, or `max_bars` below 1.

    See Also
    --------
    diagram, spectral_ph.Persistence

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P = sph.persistence(sph.datasets.circle(100, ambient_dim=10, sigma=0.1))
    >>> sph.plot.barcode(P, dimensions=[1]).name
    'rectilinear'
    """
    P = P.persistence if isinstance(P, LoopResult) else P
    shown = _dimensions(P, dimensions)
    max_bars = _check.positive_int(max_bars, "max_bars")
    ax = new_axes(5.6, 4.2) if ax is None else ax
    features = np.concatenate([P[k][:max_bars] for k in shown])
    ax.set_xlabel("distance")
    if len(features) == 0:
        return say(ax, f"no features in {_names(shown)}")
    finite = features[np.isfinite(features)]
    low, high = min(0.0, float(finite.min())), float(finite.max()) or 1.0
    infinity = 1.06 * high
    if np.isinf(features).any():
        ax.axvline(infinity, color=PALE, linewidth=1, linestyle=DASHES, zorder=0)
        _mark_infinity(ax, (infinity, 1), ax.get_xaxis_transform(), (0, 3), ha="center", va="bottom")
    gap = 0.06 * len(features)
    row, places, names = 0.0, [], []
    for k in shown:
        bars = P[k][:max_bars]
        if len(bars) == 0:
            continue
        rows = row + np.arange(len(bars))
        ax.hlines(
            rows,
            bars[:, 0],
            np.minimum(bars[:, 1], infinity),
            color=COLOURS[k % len(COLOURS)],
            # Bars fill two thirds of their row, whatever their number; in points, for an axis of about 200.
            linewidth=float(np.clip(130 / len(features), 1.0, 8.0)),
        )
        places.append(rows.mean())
        names.append(f"H{k}" + (f"\n{max_bars} longest\nof {len(P[k])}" if len(P[k]) > max_bars else ""))
        row = rows[-1] + 1 + gap
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(low, 1.01 * infinity), ylim=(row - gap, -1))
    ax.spines[["left", "right", "top"]].set_visible(False)
    _name_power(ax.xaxis, "distance", high)
    return ax


@without_latex
def loop(
    R: LoopResult,
    layout: ArrayLike,
    *,
    which: int = 0,
    line: Literal["curve", "cycle", "none"] = "curve",
    ax: Axes | None = None,
) -> Axes:
    """Draw the points on a layout, coloured by their phase, and the loop through them.

    Parameters
    ----------
    R : LoopResult with at least one loop.
    layout : (n, 2), where to draw each point, such as two principal components or a UMAP; any unit.
    which : which of `R.loops`, 0 being the longest. Default 0.
    line : "curve" (default), the smooth closed curve of `Loop.curve`; "cycle", the representative cycle, from point to
        point; "none".
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : points outside the loop's domain (not connected to it at its scale) are hollow and grey.

    Raises
    ------
    InputError : `R` has no such loop, there is no such line, or `layout` is not an (n, 2) array of finite numbers.

    See Also
    --------
    phase, flat_layout, spectral_ph.pl.loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> sph.plot.loop(R, sph.plot.flat_layout(X)).name
    'rectilinear'
    """
    this = chosen_loop(R, which)
    _check.one_of(line, ("curve", "cycle", "none"), "line")
    where = _check.points(layout, what="layout")
    if where.shape != (len(this.phase), 2):
        raise _check.InputError(
            _check.Argument("layout"),
            f" must have the shape ({len(this.phase)}, 2), a place in the plane for each point, not {where.shape}. "
            "Pass two columns, such as layout[:, :2].",
        )
    ax = new_axes(5.4, 4.4) if ax is None else ax
    inside = this.domain
    size = float(np.clip(6000 / len(where), 6.0, 36.0))
    if not inside.all():
        ax.scatter(
            where[~inside, 0],
            where[~inside, 1],
            s=size,
            facecolor="none",
            edgecolor=PALE,
            linewidth=0.8,
            label=f"not connected to the loop ({int((~inside).sum())})",
        )
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False, handletextpad=0.2)
    points = ax.scatter(
        where[inside, 0],
        where[inside, 1],
        s=size,
        c=this.phase[inside],
        cmap=phase_map(),
        vmin=0,
        vmax=2 * np.pi,
        linewidth=0,
    )
    draw_line(ax, this, where, line)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.set_title(loop_title(this, which), fontsize="medium")
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(points, ax=ax, shrink=0.6, aspect=16, pad=0.03, label="phase (radians)")
    bar.set_ticks(QUARTERS, labels=QUARTER_NAMES)
    bar.outline.set_visible(False)
    return ax


@without_latex
def embedding(layout: ArrayLike, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the points on a layout.

    Parameters
    ----------
    layout : (n, 1) or wider, of which the first two columns are drawn; any unit.
    title : above the picture.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InputError : for a layout that is no array of finite numbers.

    See Also
    --------
    loop, spectral_ph.pl.embedding

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> sph.plot.embedding(np.eye(5)[:, :2], title="five points").get_title()
    'five points'
    """
    where = _check.points(layout, what="layout")
    x, y = (where[:, 0], where[:, 1] if where.shape[1] > 1 else np.zeros(len(where)))
    ax = new_axes(5.0, 4.4) if ax is None else ax
    ax.scatter(x, y, s=float(np.clip(6000 / len(where), 4.0, 36.0)), color=COLOURS[1], linewidth=0)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.set_title(literal(title), fontsize="medium")
    ax.spines[:].set_visible(False)
    return ax


def draw_line(ax: Axes, this: Loop, where: FloatArray, line: str) -> None:
    """Draw the line of a loop through points at `where`, (n, 2): "curve", "cycle" or "none"."""
    from matplotlib import patheffects

    _check.one_of(line, ("curve", "cycle", "none"), "line")
    if line != "none":
        drawn = this.curve(where) if line == "curve" else where[this.cycle]
        ax.plot(
            *np.vstack([drawn, drawn[:1]]).T,
            color="black",
            linewidth=1.3,
            solid_joinstyle="round",
            path_effects=[patheffects.withStroke(linewidth=3.2, foreground="white")],
        )


def new_axes(width: float, height: float, polar: bool = False) -> Axes:
    """Return the axes of a new pyplot figure of `width` x `height` inches."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(
        figsize=(width, height), layout="constrained", subplot_kw={"projection": "polar"} if polar else None
    )
    return ax


def _dimensions(P: Persistence | dict[int, FloatArray], dimensions: Sequence[int] | None) -> list[int]:
    there = sorted(P) if isinstance(P, dict) else list(range(len(P)))
    if dimensions is None:
        return there
    if len(dimensions) == 0:
        raise _check.InputError(
            _check.Argument("dimensions"),
            " must name at least one dimension. Pass ",
            _check.Argument("dimensions", [1]),
            ".",
        )
    for k in dimensions:
        if _check.positive_int(k, "dimensions", least=0) not in there:
            has = f"dimensions 0 to {there[-1]}" if len(there) > 1 else f"dimension {there[0]}"
            raise _check.InputError(
                f"dimension {k} was asked for, but the result has the {has}. Compute it with ",
                _check.Argument("maxdim", int(k)),
                ", or leave it out.",
            )
    return sorted(set(dimensions))


def _names(dimensions: Sequence[int]) -> str:
    return ", ".join(f"H{k}" for k in dimensions)


def chosen_loop(R: LoopResult, which: int) -> Loop:
    """Return one of the loops of a result, or say which there are."""
    if not R.loops:
        raise _check.InputError(
            f"this result (verdict {R.verdict!r}) has no loop to draw. plot.diagram(R) shows the features there are."
        )
    if _check.positive_int(which, "which", least=0) >= len(R.loops):
        raise _check.InputError(
            _check.Argument("which", int(which)),
            f" was asked for, but the result holds {len(R.loops)} loop(s), counted from 0. Pass ",
            _check.Argument("which", len(R.loops) - 1),
            " or less.",
        )
    return R.loops[which]


def loop_title(this: Loop, which: int) -> str:
    """Return which loop a picture is of, and how long it lives."""
    return f"loop {which + 1}: persistence {_number(this.persistence)}, score {this.score:.2f}"


def say(ax: Axes, sentence: str) -> Axes:
    """Write a sentence into empty axes."""
    ax.text(0.5, 0.5, sentence, transform=ax.transAxes, ha="center", va="center", color=INK)
    ax.set(xticks=[], yticks=[])
    return ax


def _mark_infinity(
    ax: Axes, at: tuple[float, float], coordinates: Transform, offset: tuple[float, float], ha: str, va: str
) -> None:
    ax.annotate(
        "∞",
        at,
        xycoords=coordinates,
        xytext=offset,
        textcoords="offset points",
        ha=ha,
        va=va,
        color=INK,
        fontsize="large",
    )


def _power_of_ten(value: float) -> int:
    """Return the power of ten to write `value` with: 0 for numbers that are read easily as they are."""
    power = math.floor(math.log10(value)) if 0 < value < math.inf else 0
    return 0 if -2 <= power <= 3 else power


def _number(value: float) -> str:
    """Return `value` with two digits, as "0.12" or "1.2 x 10^-4" in matplotlib's mathematical notation."""
    if math.isinf(value):
        return "∞"
    power = _power_of_ten(value)
    return f"{value / 10.0**power:.2g}" + (rf"$\times 10^{{{power}}}$" if power else "")


def _name_power(axis: Axis, name: str, largest: float) -> None:
    """Label an axis, with the power of ten in the label when the numbers are very small or very large.

    matplotlib puts the power into a corner of the axes, where it is small and collides with titles.
    """
    from matplotlib.ticker import ScalarFormatter

    if power := _power_of_ten(largest):
        formatter = ScalarFormatter(useOffset=False)
        formatter.set_powerlimits((power, power))
        axis.set_major_formatter(formatter)
        axis.offsetText.set_visible(False)
        name += rf" ($\times 10^{{{power}}}$)"
    axis.set_label_text(name)


def phase_map() -> Colormap:
    """Return the cyclic colours of a phase, which matplotlib and scanpy then know by the name `PHASE_MAP`."""
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap

    if PHASE_MAP not in matplotlib.colormaps:
        colours = LinearSegmentedColormap.from_list(PHASE_MAP, PHASE_COLOURS)
        matplotlib.colormaps.register(colours)
        matplotlib.colormaps.register(colours.reversed())
    return matplotlib.colormaps[PHASE_MAP]
