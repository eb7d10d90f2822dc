"""What cells can be coloured by: a column of obs or a gene, numbers or categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_ph import _check, plot, stored
from spectral_ph._check import Argument
from spectral_ph._types import BoolArray, FloatArray
from spectral_ph.cells.expression import Expression

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 12
"""Categories up to which the legend names each; of more the most frequent are named."""


def expression_of(adata: Any, names: list[str], layer: str | None) -> FloatArray:
    """Return the expression of genes, counts scaled to the median total and log(1 + x), (n, m) float64.

    Parameters
    ----------
    adata : AnnData. names : m genes. layer : of layers, or None for X.

    Raises
    ------
    InputError : no such gene or layer, several genes of one name, or no expression.
    """
    if layer is not None and layer not in adata.layers:
        raise _check.missing_key("layer", layer, "layers", adata.layers)
    places = []
    for name in names:
        at = np.flatnonzero(np.asarray(adata.var_names) == name)
        if len(at) == 0:
            raise _check.missing_key("gene", name, "var_names", adata.var_names)
        if len(at) > 1:
            raise _check.InputError(
                f"{len(at)} genes have the name {name!r}. Name them apart first, by adata.var_names_make_unique()."
            )
        places.append(int(at[0]))
    values = adata.X if layer is None else adata.layers[layer]
    table = Expression.of(values, adata.var_names, "auto", "X" if layer is None else f"layers[{layer!r}]")
    if table.values is None:
        raise _check.InputError("this AnnData has no expression in X. Name a ", Argument("layer"), ".")
    return table.columns(np.array(places, dtype=np.int64))


def values_of(adata: Any, color: str, layer: str | None) -> Any:
    """Return what cells are coloured by: a column of obs, or the expression of a gene.

    Parameters
    ----------
    adata : AnnData. color : the name; a column of obs before a gene. layer : where expression is taken from.

    Returns
    -------
    (n,) float64, NaN where unknown, or labels, None where unknown.

    Raises
    ------
    InputError : there is neither.
    """
    if not isinstance(color, str):
        raise _check.InputError(Argument("color"), f" must be a column of obs or a gene, not {color!r}.")
    if color in adata.obs:
        return stored.read_column(adata, color)
    if color not in adata.var_names:
        raise _check.missing_key(
            "column or gene", color, "obs or var_names", [*adata.obs.columns, *adata.var_names[:20]]
        )
    return expression_of(adata, [color], layer)[:, 0]


def scatter(
    ax: Axes, where: FloatArray, values: Any, name: str, *, cmap: Any, size: float, inside: BoolArray | None = None
) -> None:
    """Draw cells by their values with a bar, or by their categories with a legend; cells without a value in grey.

    Parameters
    ----------
    ax : where to draw. where : (n, 2). values : (n,) numbers or labels, as `values_of` returns them. name : of the values.
    cmap : a colour map, or the name of one; None: that of the values. size : of a point, in points squared.
    inside : (n,) bool, cells to draw; default all.
    """
    import matplotlib

    kept = np.ones(len(where), dtype=bool) if inside is None else inside
    numeric = np.asarray(values).dtype.kind in "fiu"
    gaps = ~np.isfinite(values) if numeric else np.array([value is None for value in values], dtype=bool)
    bare = kept & gaps
    if bare.any():
        ax.scatter(where[bare, 0], where[bare, 1], s=size, color="#D9D9D9", linewidth=0, zorder=0)
    drawn = kept & ~gaps
    if numeric:
        phase = name.endswith("_phase")
        usual = plot.phase_map() if phase else matplotlib.colormaps["viridis"]
        limits: dict[str, Any] = {"vmin": 0.0, "vmax": 2 * np.pi} if phase else {}
        points = ax.scatter(
            where[drawn, 0], where[drawn, 1], s=size, c=values[drawn], cmap=cmap or usual, linewidth=0, **limits
        )
        bar = ax.figure.colorbar(points, ax=ax, shrink=0.6, aspect=16, pad=0.03, label=name)
        bar.outline.set_visible(False)
        return
    names, counts = np.unique(values[drawn].astype(str), return_counts=True)
    usual_ones = matplotlib.colormaps["tab10" if len(names) <= 10 else "tab20"]
    colours = matplotlib.colormaps[cmap] if isinstance(cmap, str) else cmap or usual_ones
    named = set(names[np.argsort(-counts, kind="stable")[:FEW]])
    for k, one in enumerate(names):
        members = drawn & (values == one)
        colour = colours(k % colours.N) if colours.N <= 20 else colours(k / max(1, len(names) - 1))
        ax.scatter(
            where[members, 0], where[members, 1], s=size, color=colour, linewidth=0, label=one if one in named else None
        )
    left = f" ({len(names) - len(named)} more)" if len(names) > len(named) else ""
    ax.legend(title=name + left, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")
