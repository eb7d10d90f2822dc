"""The cells that were read, with the result in obs and uns as `spectral_ph.tl.loops` writes it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spectral_ph as sph
from spectral_ph import _check, files, stored
from spectral_ph.cells.about import AboutLoop
from spectral_ph.cells.preprocess import Preprocessed

KEY = "spectral_ph"
"""The name of the result, as that of tl.loops if none is given."""


def cells(path: Path, table: files.Table, points: Any, rows: Any) -> Any:
    """Return an AnnData of the cells that are used: all that the file holds of them, or what was read.

    Parameters
    ----------
    path : the input. table : what was read. points : what the loops are found in. rows : which rows of the table these are.

    Raises
    ------
    InputError : where the file has something else in the place of the result.
    MissingExtraError : without anndata.
    """
    anndata = _check.need("anndata", "cells")
    if files.holds_obs(path):
        adata = (anndata.read_zarr if path.is_dir() else anndata.read_h5ad)(path)[rows].copy()
    else:
        adata = anndata.AnnData(table.X[rows] if table.genes else None, shape=None if table.genes else (len(rows), 0))
        adata.obs_names = [table.names[i] if table.names is not None else str(i) for i in rows]
        if table.genes and table.columns is not None:
            adata.var_names = list(table.columns)
        if not table.genes and getattr(points, "ndim", 0) == 2:
            adata.obsm["X_points"] = points
    stored.check_free(adata, KEY, "key_added")
    return adata


def write(
    path: Path,
    adata: Any,
    R: sph.LoopResult,
    about: AboutLoop | None,
    table: files.Table,
    prepared: Preprocessed | None,
    warned: list[str],
) -> None:
    """Write the result into the cells and the cells into a file; where that fails it is said, and all else is kept."""
    steps = list(prepared.steps) if prepared is not None else []
    said = {"representation": table.source, "preparation": steps}
    stored.write_loops(adata, KEY, R, about, R.settings | said, dict.fromkeys((*R.warnings, *warned)))
    try:
        adata.write_h5ad(path)
    except OSError:
        raise
    except Exception as error:  # whatever a column of the user meets in anndata
        path.unlink(missing_ok=True)
        _check.warn(f"{path.name} was not written, for anndata cannot write what else these cells hold ({error}).")
