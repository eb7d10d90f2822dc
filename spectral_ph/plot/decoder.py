"""Pictures of what a decoder does to a layout. They take arrays, so that nothing here needs torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._latex import without_latex
from spectral_ph._types import FloatArray
from spectral_ph.plot.results import INK, PALE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spectral_ph.nn.geometry import Indicatrices

LEAST_RANGE = math.log10(2.0)
"""The colours reach at least to twice the area and half of it, so that an even layout looks even."""
QUANTILE = 0.98


@without_latex
def log_det(values: ArrayLike, layout: ArrayLike, *, reach: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw how a decoder scales areas: each point coloured by its factor over the geometric mean of all.

    Parameters
    ----------
    values : (n,) log det J'J of each point, as `GeometricAutoencoder.log_det` gives.
    layout : (n, 2), where to draw each point.
    reach : power of ten at which the colours end, on both sides of 0; give the same to pictures that are compared. None: what 98
        of 100 points need, at least a factor of two.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : blue where the decoder shrinks areas, so that the layout shows them too large, and red where it blows them up.

    Raises
    ------
    InputError : for arrays that do not fit together or hold no finite numbers.

    See Also
    --------
    indicatrices, embedding

    References
    ----------
    Nazari, Damrich, Hamprecht, ICML 2023.

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> sph.plot.log_det(np.arange(6.0), np.random.default_rng(0).normal(size=(6, 2))).name
    'rectilinear'
    """
    where = _plane(layout, "layout")
    numbers = _check.points(
        np.reshape(np.asarray(_check.numbers(values, "values"), dtype=np.float64), (-1, 1)), what="values"
    )
    if len(numbers) != len(where):
        raise _check.InputError(
            _check.Argument("values"),
            f" must be a number for each of the {len(where)} points of the layout, not {len(numbers)}.",
        )
    factors = (numbers[:, 0] - numbers.mean()) / (2 * math.log(10))  # det is the square of the area
    if reach is None:
        reach = max(LEAST_RANGE, float(np.quantile(np.abs(factors), QUANTILE)))
    else:
        reach = _check.positive(reach, "reach")
    ax = new_axes(5.4, 4.4) if ax is None else ax
    shown = ax.scatter(
        where[:, 0],
        where[:, 1],
        s=float(np.clip(6000 / len(where), 4.0, 36.0)),
        c=factors,
        cmap="RdBu_r",
        vmin=-reach,
        vmax=reach,
        edgecolor=PALE,  # the middle of the colours is pale
        linewidth=0.2,
    )
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    beyond = "both" if np.abs(factors).max() > reach else "neither"
    bar = ax.figure.colorbar(shown, ax=ax, shrink=0.7, aspect=18, pad=0.03, extend=beyond)
    bar.set_label("area in the data over area here, over its mean")
    ticks = _powers(reach)
    bar.set_ticks([math.log10(t) for t in ticks], labels=[f"{t:g}" if t >= 1 else f"1/{1 / t:g}" for t in ticks])
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    return ax


@without_latex
def indicatrices(shown: Indicatrices, layout: ArrayLike | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw small circles of the space of the data as they look in the layout: even circles if the decoder keeps shapes.

    Parameters
    ----------
    shown : what `GeometricAutoencoder.indicatrices` gives.
    layout : (n, 2) points to draw below them; default None, none.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : an ellipse is large where the layout enlarges, and long in the direction it stretches.

    Raises
    ------
    InputError : for a layout that is no (n, 2) array of finite numbers.

    See Also
    --------
    log_det, embedding

    References
    ----------
    Nazari, Damrich, Hamprecht, ICML 2023; after Tissot's indicatrices of maps.

    Examples
    --------
    >>> import types
    >>> import numpy as np, spectral_ph as sph
    >>> round = np.array([[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]])  # as GeometricAutoencoder.indicatrices has it
    >>> sph.plot.indicatrices(types.SimpleNamespace(outlines=round), np.eye(4)[:, :2]).name
    'rectilinear'
    """
    from matplotlib.collections import PolyCollection

    ax = new_axes(4.8, 4.4) if ax is None else ax
    if layout is not None:
        where = _plane(layout, "layout")
        ax.scatter(
            where[:, 0], where[:, 1], s=float(np.clip(3000 / len(where), 1.5, 12.0)), color=PALE, linewidth=0, zorder=1
        )
    ax.add_collection(
        PolyCollection(list(shown.outlines), facecolor="#0072B240", edgecolor=INK, linewidth=0.8, zorder=2)
    )
    ax.autoscale_view()
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _powers(reach: float) -> list[float]:
    """Return the factors to name on a scale that ends at a power of ten, on both sides of 1."""
    steps = [f for f in (1.5, 2, 3, 5, 10, 30, 100, 1e3, 1e4, 1e6, 1e9, 1e12) if math.log10(f) <= reach]
    kept = steps[-1:] if len(steps) < 3 else [steps[len(steps) // 2], steps[-1]]
    return [*(1 / f for f in reversed(kept)), 1.0, *kept]


def _plane(layout: ArrayLike, what: str) -> FloatArray:
    where = _check.points(layout, least=1, what=what)
    if where.shape[1] != 2:
        raise _check.InputError(
            _check.Argument(what),
            f" must have 2 columns, not {where.shape[1]}. Pass two of them, such as {what}[:, :2].",
        )
    return where
