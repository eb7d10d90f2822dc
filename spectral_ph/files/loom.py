"""Counts in a .loom file: HDF5 with genes in rows, and names of genes and cells beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import InputError
from spectral_ph.files.content import Content, reading, texts

# What programs call the names of cells and genes, the usual first.
CELLS = ("CellID", "obs_names", "cell_names", "cell_id", "barcode", "barcodes")
GENES = ("Gene", "var_names", "gene_names", "gene_name", "gene", "Accession")
BLOCK = 2**24
"""How many values are read at a time."""


def read_loom(file: Path, layer: str | None) -> Content:
    """Return the matrix of a .loom file, or one of its layers; loompy is not needed.

    Parameters
    ----------
    file : the file.
    layer : a key of layers; None: the main matrix.

    Returns
    -------
    Content : (cells, genes), sparse.

    Raises
    ------
    InputError : if the file is damaged, is no .loom, or has no such layer.
    TooLargeError : if the values do not fit in memory.
    MissingExtraError : without h5py.
    """
    h5py = _check.need("h5py", "cells")
    with reading(file, "a .loom file"), h5py.File(file, "r") as f:
        if not isinstance(f.get("matrix"), h5py.Dataset) or f["matrix"].ndim != 2:
            raise InputError(
                f"{file} is an HDF5 file but no .loom: it has no table 'matrix'. Correct its ending, or save it again."
            )
        layers = sorted(f["layers"]) if "layers" in f else []
        if layer is not None and layer not in layers:
            there = f"Its layers are {', '.join(map(repr, layers))}" if layers else "It has no layers"
            raise InputError(f"{file} has no layer {layer!r}. {there}.")
        stored = f["matrix"] if layer is None else f["layers"][layer]
        genes, cells = stored.shape
        step = max(1, BLOCK // max(1, genes))
        blocks: list[sp.csr_array] = []
        for start in range(0, cells, step):
            block = sp.csr_array(np.asarray(stored[:, start : start + step], dtype=np.float64).T)
            if not blocks:  # all blocks are about as dense as the first, and joining them takes as much again
                _check.memory(
                    24.0 * block.nnz * (cells / block.shape[0]), f"the values of {file}", "Choose fewer cells."
                )
            blocks.append(block)
        values = sp.vstack(blocks, format="csr") if blocks else sp.csr_array((cells, genes))
        names, columns = (
            next((texts(f[group][key]) for key in keys if group in f and key in f[group]), None)
            for group, keys in (("col_attrs", CELLS), ("row_attrs", GENES))
        )
    what = file.name if layer is None else f"layers[{layer!r}] of {file.name}"
    return Content(values, file, what, "cells", names, columns, genes=True)
