"""Pictures of what `spectral_ph.tl.loops` wrote into an AnnData; Axes in and out, drawn by `spectral_ph.plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spectral_ph import _check, plot, stored
from spectral_ph._check import Argument
from spectral_ph.cells.genes import BINS, FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["diagram", "genes", "loops", "phase"]


def __dir__() -> list[str]:
    return __all__


def loops(
    adata: Any,
    *,
    basis: str | None = None,
    which: int = 0,
    line: Literal["curve", "cycle", "none"] = "curve",
    key: str = "spectral_ph",
    ax: Axes | None = None,
) -> Axes:
    """Draw the cells on a layout, coloured by their phase, and the loop through them.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.loops` has seen.
    basis : key of obsm, with or without "X_"; its first two columns are drawn. Default: the first there is
        of X_umap, X_tsne, X_draw_graph_fa, X_phate, X_pca.
    which : which of the loops in obs, 0 being the first. Default 0.
    line : "curve" (default), smooth and closed; "cycle", the representative cycle, from cell to cell; "none".
    key : the `key_added` of tl.loops.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes, as `spectral_ph.plot.loop`.

    Raises
    ------
    InputError : a key that is not there, or no such loop.
    """
    _, place = stored.read_layout(adata, basis)
    ax = plot.loop(stored.read_loops(adata, key), place, which=which, line=line, ax=ax)
    ax.set_title(_title(adata.uns[key], which), fontsize="medium")
    return ax


def phase(adata: Any, *, which: int = 0, key: str = "spectral_ph", bins: int = BINS, ax: Axes | None = None) -> Axes:
    """Draw how the cells are spread along the loop.

    Parameters
    ----------
    adata, which, key : as for `loops`.
    bins : number of equal intervals of the circle.
    ax : where to draw, round if it is polar and straight otherwise; default None, a new polar figure.

    Returns
    -------
    Axes, as `spectral_ph.plot.phase`.

    Raises
    ------
    InputError : a key that is not there, or no such loop.
    """
    ax = plot.phase(stored.read_loops(adata, key), which=which, bins=bins, ax=ax)
    ax.set_title(_title(adata.uns[key], which), fontsize="medium", pad=14 if ax.name == "polar" else None)
    return ax


def diagram(
    adata: Any, *, key: str = "spectral_ph", dimensions: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the persistence diagram.

    Parameters
    ----------
    adata, key : as for `loops`.
    dimensions : which to draw, such as [1]; default None, all there are.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes, as `spectral_ph.plot.diagram`.

    Raises
    ------
    InputError : a key that is not there, or a dimension that was not computed.
    """
    return plot.diagram(stored.read_persistence(adata, key), ax=ax, dimensions=dimensions)


def genes(
    adata: Any,
    *,
    n_genes: int = 30,
    names: Sequence[str] | None = None,
    key: str = "spectral_ph",
    ax: Axes | None = None,
) -> Axes:
    """Draw the genes that follow the loop over its phase, one row a gene, in the order of their peaks.

    Parameters
    ----------
    adata, key : as for `loops`.
    n_genes : how many of the surest to draw, of those that follow the loop. Default 30.
    names : draw these instead; they must be among the found ones whose profile is kept.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : mean expression in intervals of the phase that hold equally many cells, for each gene in standard deviations about
        its mean over the intervals. If no gene follows the loop, a sentence says so.

    Raises
    ------
    InputError : genes were not tested, or a name has no profile.
    """
    result = stored.read_uns(adata, key)
    if "profiles" not in result:
        raise _check.InputError(
            f"no genes were tested for uns[{key!r}]. Call spectral_ph.tl.loops with ",
            Argument("genes", True),
            " and expression in X or a layer.",
        )
    profiles, table = result["profiles"], result["genes"]
    n_genes = _check.positive_int(n_genes, "n_genes")
    if names is None:
        # By place, as names need not be unique: the profiles are the first rows of the table.
        rows = np.arange(min(n_genes, len(profiles)))
    else:
        there = list(profiles.index)
        for name in names:
            if name not in there:
                raise _check.InputError(
                    f"no profile of {name!r} is stored. Those of {len(there)} genes that follow the loop are: "
                    f"{', '.join(map(str, there[:10]))}{', ...' if len(there) > 10 else '.'}"
                )
        rows = np.array([there.index(name) for name in names], dtype=np.int64)
    if ax is None:
        ax = plot.new_axes(5.6, 1.2 + 0.17 * max(len(rows), 5))
    if len(rows) == 0:
        return plot.say(ax, f"no gene follows the loop at a false-discovery rate of {FALSE_DISCOVERY_RATE:g}")
    rows = rows[np.argsort(table["peak"].to_numpy()[rows], kind="stable")]
    values = profiles.to_numpy(dtype=np.float64)[rows]
    mean, spread = np.nanmean(values, axis=1, keepdims=True), np.nanstd(values, axis=1, keepdims=True)
    values = (values - mean) / np.where(spread > 0, spread, 1.0)
    image = ax.imshow(
        values,
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, 1.0, len(rows) - 0.5, -0.5),
        cmap="RdBu_r",
        vmin=-2.5,
        vmax=2.5,
    )
    plot.phase_ticks(ax, result["profile_phases"], "cells")
    ax.set_yticks(np.arange(len(rows)), [str(profiles.index[row]) for row in rows], fontsize="small")
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=min(1.0, 12 / max(len(rows), 12)), aspect=16, pad=0.02)
    bar.set_label("expression (standard deviations)")
    bar.outline.set_visible(False)
    found = int((table["q_value"] < FALSE_DISCOVERY_RATE).sum())
    ax.set_title(f"{len(rows)} of {found} genes that follow the loop (FDR {FALSE_DISCOVERY_RATE:g})", fontsize="medium")
    return ax


def _title(result: Mapping[str, Any], which: int) -> str:
    """Return a title that says what was decided about this loop."""
    table = result["loops"]
    row = table[table["in_obs"].to_numpy(dtype=bool)].iloc[which]
    numbers = [
        f"{word} {row[column]:.2g}"
        for word, column in (("agreement", "agreement"), ("p", "p_value"))
        if row[column] == row[column]
    ]
    return f"loop {which + 1}: {row['verdict']}" + (f" ({', '.join(numbers)})" if numbers else "")
