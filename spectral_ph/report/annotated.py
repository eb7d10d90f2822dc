"""The report about a result that `spectral_ph.tl.loops` stored in an AnnData."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spectral_ph import _check, files, stored
from spectral_ph.report.groups import html_of_groups
from spectral_ph.report.page import write_report
from spectral_ph.stored.groups import of_group


def from_anndata(
    adata: Any,
    path: files.PathLike,
    *,
    key: str = "spectral_ph",
    group: str | None = None,
    basis: str | None = None,
    labels: Sequence[str] = (),
    title: str = "Is there a loop in these cells?",
) -> None:
    """Write the report about what `spectral_ph.tl.loops` stored to a file, whole or not at all.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.loops` has seen, also one that was written to a file and read again.
    path : the .html file to write; one that was there is replaced.
    key : the `key_added` of tl.loops.
    group : of a result in groups, the one that the page is about. Default: all of them, on a page that begins with a table.
    basis : key of obsm, with or without "X_", to draw the cells on; default: the first there is of X_umap, X_tsne,
        X_draw_graph_fa, X_phate, X_pca, and no such picture if there is none.
    labels : columns of obs to set beside the phase. Default none.
    title : heading of the page; any text.

    Raises
    ------
    InputError : no such result, column or layout, or the file cannot be written.

    See Also
    --------
    write_report, spectral_ph.tl.loops

    Examples
    --------
    >>> import anndata, tempfile, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sph.report.from_anndata(adata, f"{folder}/report.html")
    """
    if not hasattr(adata, "uns"):
        raise _check.WrongTypeError(
            f"from_anndata takes an AnnData, not {type(adata).__name__}. Pass a LoopResult to spectral_ph.report.write_report."
        )
    if isinstance(labels, str):
        raise _check.InputError(
            _check.Argument("labels"),
            f" takes a list of columns, not {labels!r}. Pass ",
            _check.Argument("labels", [labels]),
            ".",
        )
    if group is None and "groups" in (adata.uns.get(key) or {}):
        if labels:
            raise _check.InputError(
                _check.Argument("labels"),
                " are for the page about one group. Pass its name as ",
                _check.Argument("group"),
                ", or leave them out.",
            )
        files.write_text(path, html_of_groups(adata, key, basis, title))
        return
    adata = of_group(adata, key, group)
    kept = stored.read_uns(adata, key)
    result = stored.read_loops(adata, key)
    columns = {name: stored.read_column(adata, name) for name in labels}
    settings = result.settings
    drawn: dict[str, Any] = {}
    if basis is not None or any(name in adata.obsm for name in stored.LAYOUTS):
        name, layout = stored.read_layout(adata, basis)
        drawn = {"layout": layout, "layout_name": f"obsm[{name!r}]"}
    write_report(
        path,
        result,
        title=title,
        things="cells",
        labels=columns,
        about=stored.read_about(adata, key) if result.loops else None,
        input_facts={"source": settings.pop("representation", "an AnnData"), "shape": list(adata.shape)},
        preparation=settings.pop("preparation", None) or (),
        made_by={
            "command": "tl.loops",
            "seed": settings.get("random_state"),
            "versions": {name: str(version) for name, version in kept.get("versions", {}).items()},
        },
        **drawn,
    )
