"""Counts as Cell Ranger writes them: folders with matrix.mtx, and HDF5 files of both layouts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument, InputError
from spectral_ph.files.annotated import read_annotated
from spectral_ph.files.content import Content, reading, texts
from spectral_ph.files.features import chosen
from spectral_ph.files.text import fields


def matrix_market(file: Path) -> Any:
    """Return the matrix in a Matrix Market file, which may be compressed (.gz).

    Parameters
    ----------
    file : the file.

    Returns
    -------
    array or scipy sparse matrix.

    Raises
    ------
    InputError : if it is damaged.
    """
    from scipy.io import mmread

    with reading(file, "a Matrix Market file"):
        return mmread(str(file))


def beside(folder: Path, *names: str) -> Path | None:
    """Return the first of the names, each also with .gz, that is a file in the folder.

    Parameters
    ----------
    folder : where to look.
    names : of files.

    Returns
    -------
    Path, or None if there is none.
    """
    paths = (folder / (name + end) for name in names for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def prefix_of(matrix: Path) -> str | None:
    """Return what stands before matrix.mtx in the name of a file, as in GSM1_matrix.mtx.gz; None for other names.

    Parameters
    ----------
    matrix : the file.

    Returns
    -------
    str, "" where nothing stands before it.
    """
    name = matrix.name.lower().removesuffix(".gz")
    return matrix.name[: len(name) - len("matrix.mtx")] if name.endswith("matrix.mtx") else None


def read_10x_folder(folder: Path, feature_type: str | None, prefix: str | None = None) -> Content:
    """Return the counts of a folder with matrix.mtx, barcodes.tsv and features.tsv or genes.tsv (each also .gz).

    Parameters
    ----------
    folder : the folder.
    feature_type : which features to read, see `spectral_ph.files.features.chosen`.
    prefix : what stands before the three names; None: found out.

    Returns
    -------
    Content : (cells, features), sparse.

    Raises
    ------
    InputError : if a file is missing or damaged, or there are several sets of them.
    """
    if prefix is None:
        found = {p: path for path in sorted(folder.iterdir()) if (p := prefix_of(path)) is not None}
        sets = [p for p in found if beside(folder, f"{p}barcodes.tsv")]
        if len(sets) > 1 and "" not in sets:
            raise InputError(
                f"{folder} holds {len(sets)} sets of 10x files. Pass one of the matrices in it: "
                f"{', '.join(found[p].name for p in sets[:8])}{', ...' if len(sets) > 8 else ''}."
            )
        prefix = sets[0] if sets and "" not in sets else ""
    matrix, barcodes = beside(folder, f"{prefix}matrix.mtx"), beside(folder, f"{prefix}barcodes.tsv")
    features = beside(folder, f"{prefix}features.tsv", f"{prefix}genes.tsv")
    if matrix is None or barcodes is None or features is None:
        parts = {"matrix.mtx": matrix, "barcodes.tsv": barcodes, "features.tsv (or genes.tsv)": features}
        there = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        listing = ", ".join(there[:8]) + (f" and {len(there) - 8} more" if len(there) > 8 else "")
        raise InputError(
            f"{folder} is a folder but not a 10x folder: it has no "
            f"{' and no '.join(prefix + name for name, path in parts.items() if path is None)}, with or without .gz (it "
            f"holds {listing or 'nothing'}). Pass a 10x folder or a file."
        )
    rows = fields(features)
    # The second column of features.tsv is the symbol, the first the accession; old files may have only one.
    columns = tuple(row[min(1, len(row) - 1)] for row in rows)
    types = [row[2].strip() if len(row) > 2 else "" for row in rows]
    # 10x stores genes in rows.
    values = sp.csr_array(matrix_market(matrix)).T
    names = tuple(row[0] for row in fields(barcodes))
    what = f"10x folder {folder.resolve().name}" + (f" ({prefix}*)" if prefix else "")
    return _genes(values, matrix, what, names, columns, types, feature_type)


def read_h5(file: Path, use_rep: str | None, layer: str | None, feature_type: str | None) -> Content:
    """Return the counts of an HDF5 file of Cell Ranger, version 2 or 3 and newer, or an AnnData under that ending.

    Parameters
    ----------
    file : the file.
    use_rep, layer : for an AnnData, what to read from it.
    feature_type : which features to read, see `spectral_ph.files.features.chosen`.

    Returns
    -------
    Content : (cells, features), sparse.

    Raises
    ------
    InputError : if the file is damaged, or of neither layout; if it holds several genomes.
    TooLargeError : if the counts do not fit in memory.
    MissingExtraError : without h5py.
    """
    h5py = _check.need("h5py", "cells")
    with reading(file, "an HDF5 file"), h5py.File(file, "r") as f:
        groups = [key for key in f if isinstance(f[key], h5py.Group)]
        old = [key for key in groups if {"barcodes", "gene_names", "indptr"} <= set(f[key])]
        if "matrix" in groups and "features" in f["matrix"]:
            group, features, name, type_ = f["matrix"], f["matrix"]["features"], "name", "feature_type"
        elif len(old) == 1:
            group = features = f[old[0]]
            name, type_ = "gene_names", ""
        elif old:
            raise InputError(
                f"{file} holds {len(old)} genomes ({', '.join(map(repr, old))}), each with cells of its own. Save the "
                f"one that is wanted as .h5ad, for example with scanpy.read_10x_h5(path, genome={old[0]!r})."
            )
        elif "obs" in f:
            group = None
        else:
            raise InputError(
                f"{file} is an HDF5 file that Cell Ranger did not write: it holds "
                f"{', '.join(map(repr, f)) or 'nothing'}, and no 'matrix' with 'features'. Save it as .h5ad with the "
                "program that made it."
            )
        if group is not None:
            for option, value in (("use_rep", use_rep), ("layer", layer)):
                if value is not None:
                    raise InputError(
                        Argument(option),
                        f" is for an AnnData, but {file} is a file of Cell Ranger. Leave ",
                        Argument(option),
                        " out.",
                    )
            _check.memory(
                24.0 * group["data"].size, f"the counts of {file}", "Choose fewer cells, such as the filtered ones."
            )
            n_features, n = map(int, group["shape"][:])
            # Columns of the file are cells, so its compressed columns are compressed rows here.
            parts = (group["data"][:].astype(np.float64), group["indices"][:], group["indptr"][:])
            values = sp.csr_array(parts, shape=(n, n_features))
            values.check_format(full_check=True)
            names, columns = texts(group["barcodes"]), texts(features[name])
            types = texts(features[type_]) if type_ in features else None
    if group is None:
        return read_annotated(file, ".h5ad", use_rep, layer, feature_type)
    return _genes(values, file, f"10x file {file.name}", names, columns, types, feature_type)


def _genes(
    values: Any,
    file: Path,
    what: str,
    names: tuple[str, ...],
    columns: tuple[str, ...],
    types: Any,
    feature_type: str | None,
) -> Content:
    notes = ""
    if len(columns) == values.shape[1]:  # what is inconsistent is refused later
        kept, notes = chosen(what, types, feature_type)
        if kept is not None:
            values = sp.csr_array(values)[:, np.flatnonzero(kept)]
            columns = tuple(np.array(columns, dtype=object)[kept])
    return Content(values, file, what, "cells", names, columns, notes, genes=True)
