"""Pictures of expression along a stored loop: single genes with their fit, and many as rows of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_ph import _check, files, plot, stored
from spectral_ph._check import Argument
from spectral_ph._latex import literal, without_latex
from spectral_ph.cells.curves import fitted_band
from spectral_ph.cells.genes import FALSE_DISCOVERY_RATE
from spectral_ph.pl.colour import expression_of
from spectral_ph.pl.finish import check_save, finish
from spectral_ph.stored.groups import of_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@without_latex
def gene(
    adata: Any,
    names: str | Sequence[str],
    *,
    which: int = 0,
    key: str = "spectral_ph",
    group: str | None = None,
    layer: str | None = None,
    n_harmonics: int = 2,
    cmap: Any = None,
    size: float | None = None,
    title: str | Sequence[str] | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw the expression of genes along the phase: a point a cell, the fitted curve, and the band that it lies in.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.loops` has seen.
    names : a gene, or several, a picture each.
    which : which of the loops in obs, 0 being the first. Default 0.
    key : the `key_added` of tl.loops.
    group : of a result in groups, the one whose cells and loop are drawn. Default: none, a result of all cells.
    layer : where the expression is taken from; default X. Counts are scaled to the median total, log(1 + x).
    n_harmonics : waves of the curve, as in the test of genes. Default 2.
    cmap : colours of the cells by their phase; default the cyclic "spectral_ph_phase".
    size : of a point, in points squared; default by the number of cells.
    title : of the picture, or one of each; default the gene.
    ax, show, save, return_fig : as for `loops`.

    Returns
    -------
    Axes, or a list of them for several genes. The band holds the mean of the gene at each phase with a confidence of 95 %,
    for a phase that is known; that it was found on the same cells is not in it. Cells outside the loop's domain are left out.

    Raises
    ------
    InputError : no such gene, result or loop, several genes of one name, or a file that cannot be written.

    See Also
    --------
    genes, spectral_ph.tl.loops

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> cells = sph.datasets.cells.cell_cycle(n_cells=240, n_genes=400, n_cycling_genes=150)
    >>> adata = anndata.AnnData(cells.counts.astype("float32"))
    >>> adata.var_names = cells.gene_names
    >>> sph.tl.loops(adata, splits=2)
    >>> sph.pl.gene(adata, adata.var_names[0]).get_ylabel()
    'expression'
    """
    check_save(save)
    adata = of_group(adata, key, group)
    wanted = [names] if isinstance(names, str) else list(map(str, names))
    if not wanted:
        raise _check.InputError(Argument("names"), " names no gene. Pass one, or several in a list.")
    if len(wanted) > 1 and ax is not None:
        raise _check.InputError(
            Argument("ax"), f" is one picture, but {len(wanted)} genes were asked for. Leave ", Argument("ax"), " out."
        )
    R = stored.read_loops(adata, key)
    loop = plot.chosen_loop(R, which)
    inside = loop.domain
    values = expression_of(adata, wanted, layer)[inside]
    grid = np.linspace(0, 2 * np.pi, 181)
    panels: list[Any] = [ax] if ax is not None else _panels(len(wanted))
    dots = float(np.clip(4000 / max(1, len(values)), 3.0, 24.0)) if size is None else _check.real(size, "size", least=0)
    for name, panel, y in zip(wanted, panels, values.T, strict=True):
        middle, half = fitted_band(loop.phase[inside], y, grid, n_harmonics)
        panel.scatter(
            loop.phase[inside],
            y,
            s=dots,
            c=loop.phase[inside],
            cmap=cmap or plot.phase_map(),
            vmin=0,
            vmax=2 * np.pi,
            linewidth=0,
        )
        panel.fill_between(grid, middle - half, middle + half, color=plot.INK, alpha=0.25, linewidth=0, zorder=3)
        panel.plot(grid, middle, color=plot.INK, linewidth=1.8, zorder=4)
        panel.set(xlim=(0, 2 * np.pi), xlabel="phase (radians)", ylabel="expression")
        panel.set_xticks(plot.QUARTERS, plot.QUARTER_NAMES)
        panel.spines[["right", "top"]].set_visible(False)
        panel.set_title(literal(name), fontsize="medium")
    ends: dict[str, Any] = {"title": title, "show": show, "save": save, "return_fig": return_fig}
    return finish(panels[0] if isinstance(names, str) else panels, **ends)


def _panels(n: int) -> list[Any]:
    import matplotlib.pyplot as plt

    wide = min(n, 3)
    high = -(-n // wide)
    _, grid = plt.subplots(high, wide, figsize=(4.2 * wide, 2.8 * high), layout="constrained", squeeze=False)
    panels = list(grid.ravel())
    for spare in panels[n:]:
        spare.set_axis_off()
    return panels[:n]


@without_latex
def genes(
    adata: Any,
    *,
    n_genes: int = 30,
    names: Sequence[str] | None = None,
    key: str = "spectral_ph",
    group: str | None = None,
    cmap: Any = "RdBu_r",
    title: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw the genes that follow the loop over its phase, one row a gene, in the order of their peaks.

    Parameters
    ----------
    adata, key, group, title, show, save, return_fig : as for `loops`.
    n_genes : how many of the surest to draw, of those that follow the loop. Default 30.
    names : draw these instead; they must be among the found ones whose profile is kept.
    cmap : a colour map, or the name of one.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes : mean expression in intervals of the phase that hold equally many cells, for each gene in standard deviations about
        its mean over the intervals. If no gene follows the loop, a sentence says so.

    Raises
    ------
    InputError : genes were not tested, a name has no profile, or a file cannot be written.

    See Also
    --------
    gene, spectral_ph.tl.loops

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> cells = sph.datasets.cells.cell_cycle(n_cells=240, n_genes=400, n_cycling_genes=150)
    >>> adata = anndata.AnnData(cells.counts.astype("float32"))
    >>> adata.var_names = cells.gene_names
    >>> sph.tl.loops(adata, splits=2)
    >>> sph.pl.genes(adata, n_genes=5).get_xlabel().startswith("phase")
    True
    """
    check_save(save)
    adata = of_group(adata, key, group)
    ends: dict[str, Any] = {"title": title, "show": show, "save": save, "return_fig": return_fig}
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
        # All genes of a name, where several share it.
        rows = np.array(
            [k for name in dict.fromkeys(names) for k, one in enumerate(there) if one == name], dtype=np.int64
        )
    if ax is None:
        ax = plot.new_axes(5.6, 1.2 + 0.17 * max(len(rows), 5))
    if len(rows) == 0:
        return finish(
            plot.say(ax, f"no gene follows the loop at a false-discovery rate of {FALSE_DISCOVERY_RATE:g}"), **ends
        )
    rows = rows[np.argsort(table["peak"].to_numpy()[rows], kind="stable")]
    values = profiles.to_numpy(dtype=np.float64)[rows]
    mean, spread = np.nanmean(values, axis=1, keepdims=True), np.nanstd(values, axis=1, keepdims=True)
    values = (values - mean) / np.where(spread > 0, spread, 1.0)
    image = ax.imshow(
        values,
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, 1.0, len(rows) - 0.5, -0.5),
        cmap=cmap,
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
    return finish(ax, **ends)
