"""Points and counts from any file they come in, as one `Table`. Nothing is ever unpickled."""

from __future__ import annotations

import csv
import difflib
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument, InputError
from spectral_ph._types import FloatArray
from spectral_ph.files.text import fields, rows_and_names
from spectral_ph.files.write import PathLike

FORMATS = (".h5ad", ".npy", ".npz", ".csv", ".tsv", ".txt", ".mtx")
GZIPPED = (".csv", ".tsv", ".txt", ".mtx")


@dataclass(frozen=True, repr=False)
class Table:
    """Points read from a file.

    Attributes
    ----------
    X : (n, d) float64 array, or csr_array of float64 where the file is sparse.
    names : n names of the rows, or None if the file has none.
    columns : d names of the columns, or None if the file has none.
    source : what was read from where, in one line.
    sha256 : hexadecimal digest of the file; of the matrix file if a folder was read.
    """

    X: FloatArray | sp.csr_array
    names: tuple[str, ...] | None
    columns: tuple[str, ...] | None
    source: str
    sha256: str

    def __repr__(self) -> str:
        return f"Table({self.source})"


@dataclass(frozen=True)
class _Content:
    """What a reader found: the raw (n, d) values, the file they are in, and what to say about them."""

    values: Any
    file: Path
    what: str
    rows: str = "rows"
    names: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    notes: str = ""


def read(
    path: PathLike, *, use_rep: str | None = None, layer: str | None = None, delimiter: str | None = None
) -> Table:
    """Read points, or counts, from a file or a 10x folder; rows are points.

    The ending of the name tells the format:

    - `.h5ad`: `use_rep` or `layer`, else obsm 'X_pca' if there is one, else X if it has columns, else the only obsm
      entry. Only that entry is read. Needs the extra `cells`.
    - `.npy`, `.npz`: one (n, d) array; in an .npz the only one or the one called 'X', or a scipy sparse matrix.
    - `.csv`, `.tsv`, `.txt` (also `.gz`): numbers, with or without a row of column names and a first column of names.
      Leading lines that start with # are skipped, and so are blank ones. UTF-8.
    - `.mtx` (also `.gz`): Matrix Market, rows are points; in a 10x folder columns are cells, and it is transposed.
    - a folder with matrix.mtx, barcodes.tsv and features.tsv or genes.tsv (each also `.gz`), as Cell Ranger writes it.

    Parameters
    ----------
    path : the file or folder.
    use_rep : for .h5ad, a key of obsm, or "X".
    layer : for .h5ad, a key of layers, instead of `use_rep`.
    delimiter : for text, the character between two columns; by default a comma for .csv and a tab for .tsv, unless the
        first line has none but has a tab, a semicolon, a comma or blanks; .txt is told by its first line in that order.

    Returns
    -------
    Table

    Raises
    ------
    InputError : if there is no such file, it is empty, damaged, of another format, or holds anything but numbers; if an
        option does not apply to the format, or the .h5ad has no such key.
    TooLargeError : if a dense entry of an .h5ad does not fit in memory.
    MissingExtraError : if an .h5ad is to be read without anndata.
    """
    file = Path(path)
    if not file.exists():
        raise InputError(_missing(file))
    kind = "a folder" if file.is_dir() else _format(file)
    for name, value, formats in (
        ("use_rep", use_rep, (".h5ad",)),
        ("layer", layer, (".h5ad",)),
        ("delimiter", delimiter, (".csv", ".tsv", ".txt")),
    ):
        if value is not None and kind not in formats:
            raise InputError(
                Argument(name),
                f" is for {', '.join(formats)} only, but {file} is {kind}. Leave ",
                Argument(name),
                " out.",
            )
    if kind != "a folder" and file.stat().st_size == 0:
        raise InputError(f"{file} is empty (0 bytes). Check how it was made.")
    if kind == ".h5ad":
        return _table(_read_h5ad(file, use_rep, layer))
    if kind in (".csv", ".tsv", ".txt"):
        return _table(_read_text(file, kind, delimiter))
    readers: dict[str, Callable[[Path], _Content]] = {
        "a folder": _read_10x,
        ".npy": _read_npy,
        ".npz": _read_npz,
        ".mtx": _read_mtx,
    }
    return _table(readers[kind](file))


def _missing(file: Path) -> str:
    folder = file.parent
    if not folder.is_dir():
        return f"there is no folder {folder}, so {file.name} cannot be read from it. Check the path."
    near = difflib.get_close_matches(file.name, sorted(p.name for p in folder.iterdir()), n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Check the path."
    return f"there is no file {file.name} in {folder.resolve() if str(folder) == '.' else folder}. {hint}"


def _format(file: Path) -> str:
    name = file.name.lower()
    gzipped = name.endswith(".gz")
    for suffix in GZIPPED if gzipped else FORMATS:
        if name.removesuffix(".gz").endswith(suffix):
            return suffix
    raise InputError(
        f"{file} has an unknown ending, so its format is unknown too. Known endings are {', '.join(FORMATS)}, the "
        f"last {len(GZIPPED)} of them also with .gz. A 10x folder can be read as well."
    )


@contextmanager
def _reading(file: Path, what: str) -> Iterator[None]:
    """Turn whatever a library says about a damaged file into one sentence."""
    try:
        yield
    except InputError:
        raise
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        csv.Error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        if "allow_pickle" in str(error):
            raise InputError(
                f"{file} holds Python objects, which are never unpickled here because that can run any code. Save "
                "it again as numbers, for example with numpy.save(path, X.astype(float))."
            ) from error
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise InputError(
            f"{file} could not be read as {what} ({reason}). It may be cut short or of another format: make or "
            "copy it again, or correct its ending."
        ) from error


def _table(content: _Content) -> Table:
    values, what = content.values, content.what
    sparse = sp.issparse(values)
    if not sparse:
        values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise InputError(f"{what} holds values of type {values.dtype}, but real numbers are needed. Save it as those.")
    if values.ndim != 2:
        raise InputError(
            f"{what} has {values.ndim} dimension(s) (shape {values.shape}), but a table of n rows and d columns is "
            "needed. Save it with that shape, for example as X.reshape(len(X), -1)."
        )
    n, d = values.shape
    if n == 0 or d == 0:
        raise InputError(f"{what} has {n} rows and {d} columns, so there is nothing to compute. Check how it was made.")
    X: FloatArray | sp.csr_array
    if sparse:
        X = sp.csr_array(values, dtype=np.float64)
    else:
        X = np.ascontiguousarray(values, dtype=np.float64)
    for axis, names, length in (("rows", content.names, n), ("columns", content.columns, d)):
        if names is not None and len(names) != length:
            raise InputError(
                f"{what} has {length} {axis} but {len(names)} names for them. The file is inconsistent: make it again."
            )
    with content.file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Table(X, content.names, content.columns, f"{what} ({n} {content.rows} x {d}{content.notes})", digest)


def _read_h5ad(file: Path, use_rep: str | None, layer: str | None) -> _Content:
    if use_rep is not None and layer is not None:
        raise InputError(
            Argument("use_rep", use_rep),
            " and ",
            Argument("layer", layer),
            f" both say what to read from {file}. Pass only one of them.",
        )
    # Element by element rather than through read_h5ad: even its backed mode loads all of obsm and layers.
    h5py, read_elem = _check.need("h5py", "cells"), _check.need("anndata.io", "cells").read_elem
    with _reading(file, "an .h5ad file"), h5py.File(file, "r") as f:
        if not isinstance(f.get("obs"), h5py.Group) or "_index" not in f["obs"].attrs:
            raise InputError(
                f"{file} is an HDF5 file that anndata 0.7 or newer did not write: it has no table obs of cells. "
                "Read it with the program that made it, and save it as .h5ad."
            )
        where, key = _h5ad_entry(file, f, use_rep, layer)
        element = f["X"] if where == "X" else f[where][key]
        what = "X" if where == "X" else f"{where}[{key!r}]"
        if isinstance(element, h5py.Dataset):
            _check.memory(
                8.0 * element.size, f"{what} of {file}", "Store it as a sparse matrix, or choose fewer cells."
            )
        values = read_elem(element)
        names = tuple(map(str, read_elem(f["obs"][f["obs"].attrs["_index"]])))
        columns = None
        if where != "obsm" and isinstance(f.get("var"), h5py.Group):
            columns = tuple(map(str, read_elem(f["var"][f["var"].attrs["_index"]])))
    if hasattr(values, "columns"):  # a pandas DataFrame, which obsm may hold
        columns, values = tuple(map(str, values.columns)), values.to_numpy()
    return _Content(values, file, f"{what} of {file.name}", "cells", names, columns)


def _h5ad_entry(file: Path, f: Any, use_rep: str | None, layer: str | None) -> tuple[str, str]:
    """Return ("X", "X"), ("obsm", key) or ("layers", key): the entry that was asked for, or else the best there is."""
    obsm, layers = (sorted(f[group]) if group in f else [] for group in ("obsm", "layers"))
    if layer is not None:
        if layer not in layers:
            raise InputError(f"{file} has no layer {layer!r}. {_those('layers', layers)}.")
        return "layers", layer
    # A sparse X is a group that holds its shape as an attribute; an AnnData without X has none or one of type "null".
    shape: Any = f["X"].attrs.get("shape", getattr(f["X"], "shape", ())) if "X" in f else ()
    has_columns = len(shape) == 2 and shape[1] > 0
    offer = f"{_those('obsm entries', obsm)}, and X has {f'{shape[1]} columns' if has_columns else 'no columns'}"
    if use_rep == "X":
        if not has_columns:
            raise InputError(
                f"{file} has no values in X. {_those('obsm entries', obsm)}. Name one with ", Argument("use_rep"), "."
            )
        return "X", "X"
    if use_rep is not None:
        if use_rep not in obsm:
            raise InputError(f"{file} has no obsm[{use_rep!r}]. {offer}.")
        return "obsm", use_rep
    if "X_pca" in obsm:
        return "obsm", "X_pca"
    if has_columns:
        return "X", "X"
    if len(obsm) == 1:
        return "obsm", obsm[0]
    raise InputError(
        f"{file} does not say which entry holds the points. {offer}. Name one with ", Argument("use_rep"), "."
    )


def _those(what: str, keys: list[str]) -> str:
    return f"Its {what} are {', '.join(map(repr, keys))}" if keys else f"It has no {what}"


def _starts_with(file: Path, magic: bytes, what: str) -> None:
    # Without this check numpy takes any other file for a pickle and says so, which would mislead.
    with file.open("rb") as stream:
        if stream.read(len(magic)) != magic:
            raise InputError(f"{file} is not {what}, whatever its name says. Correct its ending, or save it again.")


def _read_npy(file: Path) -> _Content:
    _starts_with(file, b"\x93NUMPY", "a .npy file")
    with _reading(file, "a .npy file"):
        return _Content(np.load(file, allow_pickle=False), file, file.name)


def _read_npz(file: Path) -> _Content:
    _starts_with(file, b"PK", "an .npz file")
    with _reading(file, "an .npz file"), file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        keys = list(arrays)
        if {"format", "shape", "data"} <= set(keys):
            return _Content(sp.load_npz(file), file, f"the sparse matrix in {file.name}")
        if len(keys) != 1 and "X" not in keys:
            raise InputError(
                f"{file} holds {len(keys)} arrays ({', '.join(map(repr, keys)) or 'none'}), and none is called "
                "'X'. Save the one to read as X, for example with numpy.savez(path, X=X)."
            )
        key = "X" if "X" in keys else keys[0]
        return _Content(arrays[key], file, f"array {key!r} of {file.name}")


def _read_mtx(file: Path) -> _Content:
    if file.name.lower() in ("matrix.mtx", "matrix.mtx.gz") and _beside(file.parent, "barcodes.tsv"):
        return _read_10x(file.parent)
    return _Content(_matrix_market(file), file, file.name)


def _matrix_market(file: Path) -> Any:
    from scipy.io import mmread

    with _reading(file, "a Matrix Market file"):
        return mmread(str(file))


def _beside(folder: Path, *names: str) -> Path | None:
    """Return the first of the names, each also with .gz, that is a file in the folder."""
    paths = (folder / (name + end) for name in names for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _read_10x(folder: Path) -> _Content:
    matrix, barcodes = _beside(folder, "matrix.mtx"), _beside(folder, "barcodes.tsv")
    features = _beside(folder, "features.tsv", "genes.tsv")
    if matrix is None or barcodes is None or features is None:
        parts = {"matrix.mtx": matrix, "barcodes.tsv": barcodes, "features.tsv (or genes.tsv)": features}
        there = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        listing = ", ".join(there[:8]) + (f" and {len(there) - 8} more" if len(there) > 8 else "")
        raise InputError(
            f"{folder} is a folder but not a 10x folder: it has no "
            f"{' and no '.join(name for name, path in parts.items() if path is None)}, with or without .gz (it "
            f"holds {listing or 'nothing'}). Pass a 10x folder or a file."
        )
    # The second column of features.tsv is the symbol, the first the accession; old files may have only one.
    columns = tuple(row[min(1, len(row) - 1)] for row in _fields(features))
    names = tuple(row[0] for row in _fields(barcodes))
    # 10x stores genes in rows.
    values = sp.csr_array(_matrix_market(matrix)).T
    return _Content(values, matrix, f"10x folder {folder.resolve().name}", "cells", names, columns)


def _fields(file: Path) -> list[list[str]]:
    with _reading(file, "text"):
        return fields(file)


def _read_text(file: Path, kind: str, delimiter: str | None) -> _Content:
    with _reading(file, "a table of text"):
        values, names, columns = rows_and_names(file, kind, delimiter)
    notes = (", column names in the first row" if columns else "") + (
        ", row names in the first column" if names else ""
    )
    return _Content(values, file, file.name, "rows", names, columns, notes)


def obs_names(path: PathLike) -> list[str]:
    """Return the names of the columns of obs of an .h5ad.

    Parameters
    ----------
    path : the file.

    Returns
    -------
    list of str, in the order of the file.

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.
    """
    file = Path(path)
    h5py = _check.need("h5py", "cells")
    with _reading(file, "an .h5ad file"), h5py.File(file, "r") as f:
        return [str(name) for name in f["obs"].attrs.get("column-order", sorted(f["obs"]))]


def read_obs(path: PathLike, names: Iterable[str]) -> dict[str, Any]:
    """Return columns of obs of an .h5ad; nothing else is read.

    Parameters
    ----------
    path : the file.
    names : of columns that are there, see `obs_names`.

    Returns
    -------
    dict from each name to (n,) numbers or objects; a number that is not known is NaN, a category None or NaN.

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.
    """
    file = Path(path)
    h5py, read_elem = _check.need("h5py", "cells"), _check.need("anndata.io", "cells").read_elem
    with _reading(file, "an .h5ad file"), h5py.File(file, "r") as f:
        return {name: np.asarray(read_elem(f["obs"][name])) for name in names}
