"""The picture of two conditions on one loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spectral_ph import files
from spectral_ph._latex import literal, without_latex
from spectral_ph.pl.finish import check_save, finish
from spectral_ph.plot.results import COLOURS, DASHES, INK, PALE, QUARTER_NAMES, QUARTERS, new_axes
from spectral_ph.stored.groups import read_comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.projections.polar import PolarAxes

SIDES = (COLOURS[1], COLOURS[2])


@without_latex
def compare(
    adata: Any,
    *,
    key: str = "spectral_ph",
    title: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw the density of both conditions round the loop: a thick line each, and a thin one for every donor.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.compare` has seen.
    key : the `key_added` of tl.loops.
    title, show, save, return_fig : as for `loops`.
    ax : where to draw, round if it is polar and straight otherwise; default None, a new polar figure.

    Returns
    -------
    Axes, or as `loops` says. The dashed line is an even spread, and shaded is where the 95 % interval of the difference at that
    phase by itself does not hold 0.

    Raises
    ------
    InputError : no comparison was stored, or a file that cannot be written.

    See Also
    --------
    spectral_ph.tl.compare

    Examples
    --------
    >>> import anndata, numpy as np, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(320, ambient_dim=20, sigma=0.1)})
    >>> adata.obs["donor"] = np.array(list("abcdefgh"))[np.arange(320) % 8]
    >>> adata.obs["drug"] = np.where(np.arange(320) % 8 < 4, "no", "yes")
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> found = sph.tl.compare(adata, condition="drug", donor="donor")
    >>> [text.get_text() for text in sph.pl.compare(adata).get_legend().get_texts()]
    ['no (4 donors)', 'yes (4 donors)']
    """
    check_save(save)
    found = read_comparison(adata, key)
    ax = new_axes(4.8, 4.8, polar=True) if ax is None else ax
    polar = ax.name == "polar"
    closed = np.append(found.phases, found.phases[0] + 2 * np.pi)
    top = float(np.maximum(found.density, 0).max()) * 1.05
    width = 2 * np.pi / len(found.phases)
    apart = (found.low > 0) | (found.high < 0)
    ax.bar(found.phases[apart], top, width=width, color=PALE, alpha=0.25, linewidth=0, zorder=0)
    for side, name in enumerate(found.conditions):
        of = found.density[found.condition == side]
        for one in of:
            ax.plot(closed, np.maximum(np.append(one, one[0]), 0), color=SIDES[side], linewidth=0.7, alpha=0.6)
        mean = of.mean(axis=0)
        label = f"{literal(name)} ({len(of)} donors)"
        ax.plot(closed, np.maximum(np.append(mean, mean[0]), 0), color=SIDES[side], linewidth=2.4, label=label)
    around = np.linspace(0, 2 * np.pi, 181)
    ax.plot(around, np.ones(181), color=INK, linewidth=1, linestyle=DASHES, zorder=1)
    ax.set_ylim(0, top)
    ax.set_xticks(QUARTERS[:-1] if polar else QUARTERS, QUARTER_NAMES[:-1] if polar else QUARTER_NAMES)
    if polar:
        cast("PolarAxes", ax).set_rticks([1.0], ["even"])
    else:
        ax.set(xlim=(0, 2 * np.pi), xlabel="phase (radians)", ylabel="density (even: 1)")
        ax.spines[["right", "top"]].set_visible(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06 if polar else -0.16), ncols=2, frameon=False)
    p = (
        "too few donors for a p"
        if found.p_density is None
        else f"p {found.p_density:.2g}, smallest possible {found.least_p:.2g}"
    )
    ax.set_title(f"{found.moved:.0%} stand elsewhere ({p})", fontsize="medium", pad=14 if polar else None)
    return finish(ax, title=title, show=show, save=save, return_fig=return_fig)
