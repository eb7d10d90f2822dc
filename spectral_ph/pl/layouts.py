"""Pictures of stored layouts, with what became of the loops of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_ph import files, plot
from spectral_ph._latex import without_latex
from spectral_ph.pl.colour import scatter, values_of
from spectral_ph.pl.finish import check_save, finish
from spectral_ph.stored.layouts import read_embedding

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@without_latex
def embedding(
    adata: Any,
    *,
    key: str = "spectral_tsne",
    color: str | None = None,
    layer: str | None = None,
    cmap: Any = None,
    size: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: files.PathLike | None = None,
    return_fig: bool = False,
) -> Any:
    """Draw a layout of `spectral_ph.tl.embed`, with what became of the loops of the data above it.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.embed` has seen.
    key : name of the layout, the `key_added` of tl.embed.
    color : a column of obs or a gene; default None, one colour.
    layer, cmap, size, title, ax, show, save, return_fig : as for `spectral_ph.pl.loops`.

    Returns
    -------
    Axes; the figure, or None, as for `spectral_ph.pl.loops`.

    Raises
    ------
    InputError : a key that is not there, or a file that cannot be written.

    See Also
    --------
    spectral_ph.tl.embed, loops

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> sph.tl.embed(adata, "eigenmaps", affinity="knn")
    >>> sph.pl.embedding(adata, key="spectral_eigenmaps").name
    'rectilinear'
    """
    check_save(save)
    layout, about = read_embedding(adata, key)
    said = str(about["params"]["embedding"])
    if "verdict" in about:
        fates = [f"{row['loop']} {row['word']}" for _, row in about["loops"].iterrows()] or ["no loops"]
        said += f": {', '.join(fates)} (verdict: {about['verdict']})"
    values = None if color is None else values_of(adata, color, layer)
    ax = plot.embedding(layout, title=said, ax=ax)
    points: Any = ax.collections[-1]
    if values is not None:
        usual = float(np.clip(6000 / len(layout), 4.0, 36.0))
        points.remove()
        scatter(ax, np.asarray(points.get_offsets()), values, str(color), cmap=cmap, size=size or usual)
    elif size is not None:
        points.set_sizes([size])
    return finish(ax, title=title, show=show, save=save, return_fig=return_fig)
