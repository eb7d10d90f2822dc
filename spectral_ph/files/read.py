"""Points and counts from any file they come in, as one `Table`. Nothing is ever unpickled."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from spectral_ph._check import Argument, InputError
from spectral_ph._types import FloatArray
from spectral_ph.files.annotated import is_zarr, read_annotated
from spectral_ph.files.content import Content, reading
from spectral_ph.files.dialect import TextOptions
from spectral_ph.files.loom import read_loom
from spectral_ph.files.orientation import hint_transpose
from spectral_ph.files.tenx import beside, matrix_market, prefix_of, read_10x_folder, read_h5
from spectral_ph.files.text import read_text
from spectral_ph.files.write import PathLike

FORMATS = (".h5ad", ".zarr", ".h5", ".loom", ".npy", ".npz", ".csv", ".tsv", ".txt", ".mtx")
TEXT = (".csv", ".tsv", ".txt")
GZIPPED = (".csv", ".tsv", ".txt", ".mtx")


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Points read from a file.

    Attributes
    ----------
    X : (n, d) float64 array, or csr_array of float64 where the file is sparse.
    names : n names of the rows, or None if the file has none.
    columns : d names of the columns, or None if the file has none.
    source : what was read from where, in one line.
    sha256 : hexadecimal digest of the file; of the matrix file of a 10x folder; of the names and contents of all files of
        a .zarr.
    rows : what the rows are: "cells" where the format is for cells, else "rows".
    genes : whether the columns are genes, or other features that were measured, as the format has it, and no coordinates.

    See Also
    --------
    read

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.write_text(pathlib.Path(folder) / "points.csv", "x,y 0,1 2,3".replace(" ", chr(10)))
    ...     table = files.read(pathlib.Path(folder) / "points.csv")
    >>> table.X.shape, table.columns
    ((2, 2), ('x', 'y'))
    """

    X: FloatArray | sp.csr_array
    names: tuple[str, ...] | None
    columns: tuple[str, ...] | None
    source: str
    sha256: str
    rows: str = "rows"
    genes: bool = False

    def __repr__(self) -> str:
        return f"Table({self.source})"


def read(
    path: PathLike,
    *,
    use_rep: str | None = None,
    layer: str | None = None,
    feature_type: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    index: bool | None = None,
    transpose: bool = False,
) -> Table:
    """Read points, or counts, from a file or a folder; rows are points.

    The ending of the name tells the format:

    - `.h5ad`, `.zarr`: `use_rep` or `layer`, else obsm 'X_pca' if there is one, else X if it has columns, else the only
      obsm entry. Only that entry is read. Needs the extra `cells`.
    - `.h5`: counts as Cell Ranger writes them, in either layout, or an AnnData. Needs the extra `cells`.
    - `.loom`: the matrix or `layer`, whose columns are cells, so it is transposed. Needs the extra `cells`.
    - `.npy`, `.npz`: one (n, d) array; in an .npz the only one or the one called 'X', or a scipy sparse matrix.
    - `.csv`, `.tsv`, `.txt` (also `.gz`): numbers, with or without a row of column names and a first column of names.
      Leading lines that start with # are skipped, and so are blank ones and Excel's first line `sep=;`.
    - `.mtx` (also `.gz`): Matrix Market, rows are points; in a 10x folder columns are cells, and it is transposed.
    - a folder with matrix.mtx, barcodes.tsv and features.tsv or genes.tsv (each also `.gz`), as Cell Ranger writes it;
      the three names may have something before them, such as GSM1_.

    What can be read two ways is read the likelier way, with a warning, or refused.

    Parameters
    ----------
    path : the file or folder.
    use_rep : for .h5ad and .zarr, a key of obsm, or "X".
    layer : for .h5ad, .zarr and .loom, a key of layers, instead of `use_rep`.
    feature_type : where features have types, as in 10x data, the type to read, such as "Antibody Capture", or "all"; by
        default "Gene Expression".
    delimiter : for text, the character between two columns; by default the first of these that makes a table of numbers:
        the usual one (a comma for .csv, a tab for .tsv), a tab, a semicolon, a comma, blanks.
    decimal : for text, "." or ",", before the fraction of a number; by default found out.
    encoding : for text, such as "latin-1"; by default UTF-8, UTF-16 or UTF-32, or Windows-1252 if it is none of them.
    header : for text, whether the first row holds column names; by default found out.
    index : for text, whether the first column holds row names; by default found out.
    transpose : rows are genes and columns are cells; for text, .mtx, .npy and .npz.

    Returns
    -------
    Table

    Raises
    ------
    InputError : if there is no such file, it is empty, damaged, of another format, or holds anything but numbers; if it
        can be read two ways and neither is much likelier; if an option does not apply to the format, or there is no
        such entry.
    TooLargeError : if an entry of an .h5ad, .zarr, .h5 or .loom does not fit in memory.
    MissingExtraError : if one of these is to be read without anndata or h5py.

    See Also
    --------
    Table, read_obs

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.write_text(pathlib.Path(folder) / "points.csv", "x,y 0,1 2,3".replace(" ", chr(10)))
    ...     files.read(pathlib.Path(folder) / "points.csv").X.tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    file = Path(path)
    if not file.exists():
        raise InputError(_missing(file))
    kind = ".zarr" if is_zarr(file) else "a folder" if file.is_dir() else _format(file)
    for name, value, formats in (
        ("use_rep", use_rep, (".h5ad", ".zarr", ".h5")),
        ("layer", layer, (".h5ad", ".zarr", ".h5", ".loom")),
        ("feature_type", feature_type, (".h5ad", ".zarr", ".h5", ".mtx", "a folder")),
        ("delimiter", delimiter, TEXT),
        ("decimal", decimal, TEXT),
        ("encoding", encoding, TEXT),
        ("header", header, TEXT),
        ("index", index, TEXT),
        ("transpose", transpose or None, (".npy", ".npz", ".mtx", *TEXT)),
    ):
        if value is not None and kind not in formats:
            raise InputError(
                Argument(name),
                f" is for {', '.join(formats)} only, but {file} is {kind}. Leave ",
                Argument(name),
                " out.",
            )
    if file.is_file() and file.stat().st_size == 0:
        raise InputError(f"{file} is empty (0 bytes). Check how it was made.")
    readers: dict[str, Callable[[], Content]] = {
        "a folder": lambda: read_10x_folder(file, feature_type),
        ".h5": lambda: read_h5(file, use_rep, layer, feature_type),
        ".loom": lambda: read_loom(file, layer),
        ".npy": lambda: _read_npy(file),
        ".npz": lambda: _read_npz(file),
        ".mtx": lambda: _read_mtx(file, feature_type),
    }
    if kind in readers:
        content = readers[kind]()
    elif kind in TEXT:
        content = read_text(file, kind, TextOptions(delimiter, decimal, encoding, header, index))
    else:
        content = read_annotated(file, kind, use_rep, layer, feature_type)
    return _table(content, transpose)


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


def _table(content: Content, transpose: bool) -> Table:
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
    names, columns, notes = content.names, content.columns, content.notes
    if transpose:
        X = sp.csr_array(X.T) if sp.issparse(X) else np.ascontiguousarray(X.T)
        names, columns, n, d, notes = columns, names, d, n, f"{notes}, transposed"
    elif content.rows == "rows":
        hint_transpose(content.file, X, names, columns)
    source = f"{what} ({n} {content.rows} x {d}{notes})"
    return Table(X, names, columns, source, _digest(content.file), content.rows, content.genes)


def _digest(path: Path) -> str:
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        whole.update(f"{file.relative_to(path).as_posix()} {_digest(file)}\n".encode())
    return whole.hexdigest()


def _starts_with(file: Path, magic: bytes, what: str) -> None:
    # Without this check numpy takes any other file for a pickle and says so, which would mislead.
    with file.open("rb") as stream:
        if stream.read(len(magic)) != magic:
            raise InputError(f"{file} is not {what}, whatever its name says. Correct its ending, or save it again.")


def _read_npy(file: Path) -> Content:
    _starts_with(file, b"\x93NUMPY", "a .npy file")
    with reading(file, "a .npy file"):
        return Content(np.load(file, allow_pickle=False), file, file.name)


def _read_npz(file: Path) -> Content:
    _starts_with(file, b"PK", "an .npz file")
    with reading(file, "an .npz file"), file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        keys = list(arrays)
        if {"format", "shape", "data"} <= set(keys):
            return Content(sp.load_npz(file), file, f"the sparse matrix in {file.name}")
        if len(keys) != 1 and "X" not in keys:
            raise InputError(
                f"{file} holds {len(keys)} arrays ({', '.join(map(repr, keys)) or 'none'}), and none is called "
                "'X'. Save the one to read as X, for example with numpy.savez(path, X=X)."
            )
        key = "X" if "X" in keys else keys[0]
        return Content(arrays[key], file, f"array {key!r} of {file.name}")


def _read_mtx(file: Path, feature_type: str | None) -> Content:
    prefix = prefix_of(file)
    if prefix is not None and beside(file.parent, f"{prefix}barcodes.tsv"):
        return read_10x_folder(file.parent, feature_type, prefix)
    if feature_type is not None:
        raise InputError(
            Argument("feature_type"),
            f" is for a 10x folder, but there is no barcodes.tsv beside {file}. Leave ",
            Argument("feature_type"),
            " out.",
        )
    return Content(matrix_market(file), file, file.name)
