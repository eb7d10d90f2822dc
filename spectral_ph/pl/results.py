"""Pictures of stored loops: the cells on a layout, how they are spread, and the diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spectral_ph import _check, files, plot, stored
from spectral_ph._check import Argument
from spectral_ph._latex import literal, without_latex
from spectral_ph.cells.genes import BINS
from spectral_ph.pl.colour import scatter, values_of
from spectral_ph.pl.finish import check_save, finish
from spectral_ph.stored.groups import of_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@without_latex
def loops(
    adata: Any,
    *,
    basis: str | None = None,
    color: str | Sequence[str] | None = None,
    which: int = 0,
    line: Literal["curve", "cycle", "none"] = "curve",
    key: str = "spectral_ph",
    group: str | None = None,
    layer: str | None = None,
    cmap: Any = None,
    size: float | None = None,
    title: str | Sequence[str] | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw the cells on a layout, coloured by their phase or by anything else, and the loop through them.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.loops` has seen.
    basis : key of obsm, with or without "X_"; its first two columns are drawn. Default: the first there is
        of X_umap, X_tsne, X_draw_graph_fa, X_phate, X_pca.
    color : a column of obs or a gene, or several, a picture each; default the phase.
    which : which of the loops in obs, 0 being the first. Default 0.
    line : "curve" (default), smooth and closed; "cycle", the representative cycle, from cell to cell; "none".
    key : the `key_added` of tl.loops.
    group : of a result in groups, the one whose cells and loop are drawn. Default: none, a result of all cells.
    layer : where the expression of a gene is taken from; default X. Counts are scaled to the median total, log(1 + x).
    cmap : a colour map, or the name of one. Default: the cyclic "spectral_ph_phase" for phases, "viridis" for other numbers,
        "tab10" or "tab20" for categories.
    size : of a point, in points squared; default by the number of cells.
    title : of the picture, or one of each; default what was decided about the loop, of several the names of the colours.
    ax : where to draw; default None, a new figure.
    show : call `matplotlib.pyplot.show` and return None. Default: no.
    save : a file to write the picture to; its ending says the format.
    return_fig : return the figure instead of the Axes.

    Returns
    -------
    Axes, as `spectral_ph.plot.loop`; a list of them for several colours; the figure, or None, as said above.

    Raises
    ------
    InputError : a key that is not there, no such loop, or a file that cannot be written.

    See Also
    --------
    phase, embedding, spectral_ph.tl.loops, spectral_ph.plot.loop

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> sph.pl.loops(adata).name
    'rectilinear'
    """
    check_save(save)
    adata = of_group(adata, key, group)
    R, (_, place) = stored.read_loops(adata, key), stored.read_layout(adata, basis)
    names: list[str | None] = [color] if color is None or isinstance(color, str) else list(color)
    panels = _panels(names, ax)
    drawn = []
    for name, panel in zip(names, panels, strict=True):
        values = None if name is None else values_of(adata, name, layer)
        one = plot.loop(R, place, which=which, line="none" if name is not None else line, ax=panel)
        if name is not None:
            _recolour(one, R.loops[which], place, values, name, cmap, size, line)
        else:
            _restyle(one, cmap, size)
        several = name is not None and len(names) > 1
        one.set_title(literal(str(name)) if several else _title(adata.uns[key], which), fontsize="medium")
        drawn.append(one)
    ends: dict[str, Any] = {"title": title, "show": show, "save": save, "return_fig": return_fig}
    return finish(drawn[0] if color is None or isinstance(color, str) else drawn, **ends)


def _panels(names: Sequence[object], ax: Axes | None) -> list[Axes | None]:
    """Return the Axes for each colour; None for a new figure."""
    if not names:
        raise _check.InputError(Argument("color"), " names nothing. Pass a column of obs or a gene.")
    if len(names) == 1:
        return [ax]
    if ax is not None:
        raise _check.InputError(
            Argument("ax"), f" is one picture, but {len(names)} colours were asked for. Leave ", Argument("ax"), " out."
        )
    import matplotlib.pyplot as plt

    wide = min(len(names), 4)
    high = -(-len(names) // wide)
    _, grid = plt.subplots(high, wide, figsize=(5.2 * wide, 4.2 * high), layout="constrained", squeeze=False)
    panels = list(grid.ravel())
    for spare in panels[len(names) :]:
        spare.set_axis_off()
    return panels[: len(names)]


def _restyle(ax: Axes, cmap: Any, size: float | None) -> None:
    """Give the points of a picture of the phase other colours or another size."""
    for points in ax.collections:
        if cmap is not None and points.get_array() is not None:
            points.set_cmap(cmap)
        if size is not None:
            points.set_sizes([_check.real(size, "size", least=0)])  # type: ignore[attr-defined]


def _recolour(
    ax: Axes, loop: Any, place: Any, values: Any, name: str, cmap: Any, size: float | None, line: str
) -> None:
    """Draw the cells by something else than the phase, with the line of the loop over them."""
    usual = float(np.clip(6000 / len(place), 6.0, 36.0))
    for points in list(ax.collections):
        if points.colorbar is not None:
            points.colorbar.remove()
        points.remove()
    if (legend := ax.get_legend()) is not None:
        legend.remove()
    shown = usual if size is None else _check.real(size, "size", least=0)
    scatter(ax, place, values, name, cmap=cmap, size=shown)
    plot.draw_line(ax, loop, place, line)


@without_latex
def phase(
    adata: Any,
    *,
    which: int = 0,
    key: str = "spectral_ph",
    group: str | None = None,
    bins: int = BINS,
    title: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw how the cells are spread along the loop.

    Parameters
    ----------
    adata, which, key, group, title, show, save, return_fig : as for `loops`.
    bins : number of equal intervals of the circle.
    ax : where to draw, round if it is polar and straight otherwise; default None, a new polar figure.

    Returns
    -------
    Axes, as `spectral_ph.plot.phase`; or as `loops` says.

    Raises
    ------
    InputError : a key that is not there, no such loop, or a file that cannot be written.

    See Also
    --------
    loops, spectral_ph.plot.phase

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> sph.pl.phase(adata).name
    'polar'
    """
    check_save(save)
    adata = of_group(adata, key, group)
    ax = plot.phase(stored.read_loops(adata, key), which=which, bins=bins, ax=ax)
    ax.set_title(_title(adata.uns[key], which), fontsize="medium", pad=14 if ax.name == "polar" else None)
    return finish(ax, title=title, show=show, save=save, return_fig=return_fig)


@without_latex
def diagram(
    adata: Any,
    *,
    key: str = "spectral_ph",
    group: str | None = None,
    dimensions: Sequence[int] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw the persistence diagram.

    Parameters
    ----------
    adata, key, group, title, show, save, return_fig : as for `loops`.
    dimensions : which to draw, such as [1]; default None, all there are.
    ax : where to draw; default None, a new figure.

    Returns
    -------
    Axes, as `spectral_ph.plot.diagram`; or as `loops` says.

    Raises
    ------
    InputError : a key that is not there, a dimension that was not computed, or a file that cannot be written.

    See Also
    --------
    loops, spectral_ph.plot.diagram

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> sph.pl.diagram(adata).get_xlabel()
    'birth'
    """
    check_save(save)
    adata = of_group(adata, key, group)
    ax = plot.diagram(stored.read_persistence(adata, key), ax=ax, dimensions=dimensions)
    return finish(ax, title=title, show=show, save=save, return_fig=return_fig)


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
