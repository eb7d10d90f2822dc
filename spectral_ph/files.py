"""Reading points from any file they come in, and writing results whole or not at all. Nothing is ever unpickled."""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
import json
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import InputError
from spectral_ph._types import FloatArray

PathLike: TypeAlias = str | os.PathLike[str]

FORMATS = (".h5ad", ".npy", ".npz", ".csv", ".tsv", ".txt", ".mtx")
GZIPPED = (".csv", ".tsv", ".txt", ".mtx")

# A first column of this name holds names even if they look like numbers (pandas writes its row numbers under "").
NAME_HEADERS = frozenset({"", "barcode", "cell", "cells", "id", "index", "name", "names", "row", "sample"})

# A folder with this file in it was written by `output_folder`, so it may be replaced whole.
MARKER = ".spectral_ph"


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
            raise InputError(f"{name} is for {', '.join(formats)} only, and {file} is {kind}; leave {name} out.")
    if kind != "a folder" and file.stat().st_size == 0:
        raise InputError(f"{file} is empty (0 bytes); check how it was made.")
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
        return f"there is no folder {folder}, so {file.name} cannot be read from it; check the path."
    near = difflib.get_close_matches(file.name, sorted(p.name for p in folder.iterdir()), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "check the path."
    return f"there is no file {file.name} in {folder.resolve() if str(folder) == '.' else folder}; {hint}"


def _format(file: Path) -> str:
    name = file.name.lower()
    gzipped = name.endswith(".gz")
    for suffix in GZIPPED if gzipped else FORMATS:
        if name.removesuffix(".gz").endswith(suffix):
            return suffix
    raise InputError(
        f"{file} has an ending that is not known, so its format is not either; known are {', '.join(FORMATS)}, the "
        f"last {len(GZIPPED)} of them also with .gz, and 10x folders."
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
                f"{file} holds Python objects, which are never unpickled here because that can run any code; save it "
                "again as numbers, for example with numpy.save(path, X.astype(float))."
            ) from error
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise InputError(
            f"{file} could not be read as {what} ({reason}); it may be cut short or of another format, so make or copy "
            "it again, or correct its ending."
        ) from error


def _table(content: _Content) -> Table:
    values, what = content.values, content.what
    sparse = sp.issparse(values)
    if not sparse:
        values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise InputError(f"{what} holds values of type {values.dtype}, and real numbers were needed; save it as those.")
    if values.ndim != 2:
        raise InputError(
            f"{what} has {values.ndim} dimension(s) (shape {values.shape}), and a table of n rows and d columns was "
            "needed; save it with that shape, for example X.reshape(len(X), -1)."
        )
    n, d = values.shape
    if n == 0 or d == 0:
        raise InputError(f"{what} has {n} rows and {d} columns, so there is nothing to compute; check how it was made.")
    X: FloatArray | sp.csr_array
    if sparse:
        X = sp.csr_array(values, dtype=np.float64)
    else:
        X = np.ascontiguousarray(values, dtype=np.float64)
    for axis, names, length in (("rows", content.names, n), ("columns", content.columns, d)):
        if names is not None and len(names) != length:
            raise InputError(f"{what} has {length} {axis} and {len(names)} names for them; the file is inconsistent.")
    with content.file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Table(X, content.names, content.columns, f"{what} ({n} {content.rows} x {d}{content.notes})", digest)


def _read_h5ad(file: Path, use_rep: str | None, layer: str | None) -> _Content:
    if use_rep is not None and layer is not None:
        raise InputError(
            f"use_rep={use_rep!r} and layer={layer!r} both say what to read from {file}; pass only one of them."
        )
    # Element by element rather than through read_h5ad: even its backed mode loads all of obsm and layers.
    h5py, read_elem = _check.need("h5py", "cells"), _check.need("anndata.io", "cells").read_elem
    with _reading(file, "an .h5ad file"), h5py.File(file, "r") as f:
        if not isinstance(f.get("obs"), h5py.Group) or "_index" not in f["obs"].attrs:
            raise InputError(
                f"{file} is an HDF5 file that anndata 0.7 or newer did not write (it has no table obs of cells); read "
                "it with the program that made it, and save it as .h5ad."
            )
        where, key = _h5ad_entry(file, f, use_rep, layer)
        element = f["X"] if where == "X" else f[where][key]
        what = "X" if where == "X" else f"{where}[{key!r}]"
        if isinstance(element, h5py.Dataset):
            _check.memory(
                8.0 * element.size, f"{what} of {file}", "store it as a sparse matrix, or choose fewer cells."
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
            raise InputError(f"{file} has no layer {layer!r}; {_those('layers', layers)}.")
        return "layers", layer
    # A sparse X is a group that holds its shape as an attribute; an AnnData without X has none or one of type "null".
    shape: Any = f["X"].attrs.get("shape", getattr(f["X"], "shape", ())) if "X" in f else ()
    has_columns = len(shape) == 2 and shape[1] > 0
    offer = f"{_those('obsm entries', obsm)}, and X has {f'{shape[1]} columns' if has_columns else 'none'}"
    if use_rep == "X":
        if not has_columns:
            raise InputError(f"{file} has no values in X; {_those('obsm entries', obsm)}, to be named with use_rep.")
        return "X", "X"
    if use_rep is not None:
        if use_rep not in obsm:
            raise InputError(f"{file} has no obsm[{use_rep!r}]; {offer}.")
        return "obsm", use_rep
    if "X_pca" in obsm:
        return "obsm", "X_pca"
    if has_columns:
        return "X", "X"
    if len(obsm) == 1:
        return "obsm", obsm[0]
    raise InputError(f"{file} does not say which entry holds the points ({offer}); name one with use_rep.")


def _those(what: str, keys: list[str]) -> str:
    return f"its {what} are {', '.join(map(repr, keys))}" if keys else f"it has no {what}"


def _starts_with(file: Path, magic: bytes, what: str) -> None:
    # Without this check numpy takes any other file for a pickle and says so, which would mislead.
    with file.open("rb") as stream:
        if stream.read(len(magic)) != magic:
            raise InputError(f"{file} is not {what}, whatever its name says; correct its ending, or save it again.")


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
                f"{file} holds {len(keys)} arrays ({', '.join(map(repr, keys)) or 'none'}), and none is called 'X'; "
                "save the one to read as X, for example with numpy.savez(path, X=X)."
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
            f"{folder} is a folder, and a 10x folder was needed, but it has no "
            f"{' and no '.join(name for name, path in parts.items() if path is None)}, with or without .gz (it holds "
            f"{listing or 'nothing'}); pass a file instead."
        )
    # The second column of features.tsv is the symbol, the first the accession; old files may have only one.
    columns = tuple(row[min(1, len(row) - 1)] for row in _fields(features))
    names = tuple(row[0] for row in _fields(barcodes))
    # 10x stores genes in rows.
    values = sp.csr_array(_matrix_market(matrix)).T
    return _Content(values, matrix, f"10x folder {folder.resolve().name}", "cells", names, columns)


def _fields(file: Path) -> list[list[str]]:
    """Return the tab-separated fields of each line that is not blank."""
    with _reading(file, "text"), _open_text(file) as stream:
        return [line.rstrip("\r\n").split("\t") for line in stream if line.strip()]


def _open_text(file: Path) -> TextIO:
    opener: Any = gzip.open if file.name.lower().endswith(".gz") else open
    stream: TextIO = opener(file, "rt", encoding="utf-8-sig", newline="")
    return stream


def _read_text(file: Path, kind: str, delimiter: str | None) -> _Content:
    if delimiter is not None and len(delimiter) != 1:
        raise InputError(f"delimiter must be one character, and {delimiter!r} came.")
    with _reading(file, "a table of text"), _open_text(file) as stream:
        skipped, first = 0, ""
        for first in stream:
            if first.strip() and not first.startswith("#"):
                break
            skipped += 1
        else:
            raise InputError(f"{file} holds no rows; check how it was made.")
        if delimiter is None:
            delimiter = _delimiter(kind, first)
        lines: Iterator[str] = chain([first], stream)
        if delimiter == " ":
            lines = (" ".join(line.split()) for line in lines)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        rows = ((skipped + reader.line_num, row) for row in reader if row)
        values, names, columns = _parse(file, rows)
    notes = (", column names in the first row" if columns else "") + (
        ", row names in the first column" if names else ""
    )
    return _Content(values, file, file.name, "rows", names, columns, notes)


def _delimiter(kind: str, line: str) -> str:
    usual = {".csv": ",", ".tsv": "\t", ".txt": ""}[kind]
    # A single column has no delimiter at all, and then any will do.
    return next((c for c in (usual, "\t", ";", ",", " ") if c and c in line.strip(" \r\n")), ",")


def _parse(
    file: Path, rows: Iterator[tuple[int, list[str]]]
) -> tuple[FloatArray, tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return values, row names and column names of numbered rows of text."""
    start = list(islice(rows, 2))
    first = start[0][1]
    second = start[1][1] if len(start) == 2 else None
    header, named = _layout(file, first, second)
    if header is not None and second is None:
        raise InputError(f"{file} holds column names and no rows; check how it was made.")
    width = len(first if header is None else header)
    if width == 1 and named:
        raise InputError(f"{file} holds names and no numbers; if its columns are not told apart, pass delimiter.")
    names: list[str] = []
    values: list[FloatArray] = []
    for number, row in chain(start if header is None else start[1:], rows):
        if len(row) != width:
            raise InputError(
                f"line {number} of {file} has {len(row)} columns and those before it have {width}; every row needs as "
                "many, so check that line, or pass delimiter if the columns are not told apart."
            )
        if named:
            names.append(row[0])
        values.append(_numbers(file, number, row, int(named)))
    columns = None if header is None else tuple(header[int(named) :])
    return np.array(values), tuple(names) if named else None, columns


def _layout(file: Path, first: list[str], second: list[str] | None) -> tuple[list[str] | None, bool]:
    """Return the first row if it holds column names, else None, and tell whether the first column holds row names."""
    if len(first) == 1 and (second is None or len(second) == 1):
        return (None if _is_number(first[0]) else first), False
    if second is not None and len(second) == len(first) + 1 and not any(map(_is_number, first)):
        return ["", *first], True  # as R writes it, which leaves out the name of the column of names
    corner = first[0].strip().lower()
    if corner == "" or not any(map(_is_number, first[1:])):
        return first, corner in NAME_HEADERS or (second is not None and not _is_number(second[0]))
    named = not _is_number(first[0])
    if named and (corner in NAME_HEADERS or (second is not None and _is_number(second[0]))):
        raise InputError(
            f"the first row of {file} may be column names or a point, for it starts with {first[0]!r} and goes on with "
            "numbers; give the columns names that are not numbers, or leave them out."
        )
    return None, named


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python reads 1_2 as 12, and it is more likely a name


def _numbers(file: Path, line: int, row: list[str], skip: int) -> FloatArray:
    cells = row[skip:]
    try:
        if "_" not in "".join(cells):
            return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        pass
    column = next(j for j, cell in enumerate(cells) if not _is_number(cell))
    cell = cells[column].strip()
    said = f"{cell!r} is not a number" if cell else "the cell is empty"
    raise InputError(
        f"{said} in line {line}, column {skip + column + 1} of {file}; all below the column names and right of the row "
        "names must be numbers, so fill it or drop that row or column."
    )


@contextmanager
def _whole(path: PathLike) -> Iterator[TextIO]:
    """Open a text file beside the target that takes its name only when all was written."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        # A name from a damaged file may hold half a surrogate pair, which UTF-8 cannot.
        with partial.open("x", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
        partial.replace(target)
    except OSError as error:
        raise InputError(
            f"{target} could not be written ({error.strerror or error}); name a file in a folder that exists and can "
            "be written to."
        ) from error
    finally:
        with suppress(OSError):  # after success it is gone, and without its folder it never was
            partial.unlink()


def write_text(path: PathLike, text: str) -> None:
    """Write a text file, UTF-8, whole or not at all.

    Parameters
    ----------
    path : the file; one that was there is replaced.
    text : what it will hold.

    Raises
    ------
    InputError : the file cannot be written.
    """
    with _whole(path) as stream:
        stream.write(text)


def write_json(path: PathLike, obj: object) -> None:
    """Write an object as JSON, whole or not at all.

    Numpy numbers and arrays become numbers and lists, tuples lists, paths text; keys keep their order. JSON has no word
    for some floats: NaN becomes null, the infinities "inf" and "-inf". Floats are written so that reading them gives
    the same bits. The file is UTF-8 and ends with a newline; one that was there is replaced.

    Parameters
    ----------
    path : the file to write.
    obj : dicts with text or whole numbers as keys, lists, tuples, arrays, text, numbers, booleans, None.

    Raises
    ------
    InputError : if the file cannot be written, or something in `obj` has no JSON form.
    """
    with _whole(path) as stream:
        stream.write(to_json(obj) + "\n")


def to_json(obj: object) -> str:
    """Return what `write_json` writes, without the newline at the end.

    Parameters
    ----------
    obj : as for `write_json`.

    Returns
    -------
    str

    Raises
    ------
    InputError : if something in `obj` has no JSON form.
    """
    return json.dumps(_plain(obj, "the object"), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        if np.isfinite(value):
            return float(value)
        return None if np.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, (np.generic, np.ndarray)) and value.dtype.kind in "biufSUOV":
        return _plain(value.tolist(), where)
    if isinstance(value, (list, tuple)):
        return [_plain(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(k, (str, int, np.integer)) for k in value):
        return {str(k): _plain(v, f"{where}[{k!r}]") for k, v in value.items()}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise InputError(
        f"{where} is a {type(value).__name__}, which has no JSON form; use dicts, lists, arrays, text and numbers."
    )


def write_csv(path: PathLike, columns: Mapping[str, ArrayLike]) -> None:
    """Write columns of equal length as comma-separated text with a row of names, whole or not at all.

    Text is always quoted and numbers never, so that commas, quotes and line breaks in names are kept. Floats are
    written so that reading them gives the same bits; NaN and the infinities are nan, inf and -inf. The file is UTF-8,
    and one that was there is replaced.

    Parameters
    ----------
    path : the file to write.
    columns : from the name of each column to its (n,) values, in the order to write.

    Raises
    ------
    InputError : if the columns are not one-dimensional or not of one length, or the file cannot be written.
    """
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise InputError(
                f"column {name!r} has {array.ndim} dimensions, and a column has 1; pass each column by itself."
            )
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise InputError(f"columns must be of one length, and they are not: {listing}.")
    with _whole(path) as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(arrays)
        writer.writerows(zip(*(array.tolist() for array in arrays.values()), strict=True))


@contextmanager
def output_folder(path: PathLike, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder to write into, which takes the name `path` if the block ends without an exception.

    Until then nothing is seen under `path`, and after an exception or an interrupt nothing is left behind. Folders
    above `path` are made if they are missing. A hidden file in the result says that it may be replaced with
    `overwrite`, which replaces the folder whole; a folder of anything else is never replaced.

    Parameters
    ----------
    path : the folder to make; it may exist if it is empty.
    overwrite : replace a folder that `output_folder` made earlier.

    Yields
    ------
    pathlib.Path of the folder to write into.

    Raises
    ------
    InputError : if `path` is a file, the current folder or one above it, a mount point, not empty without `overwrite`,
        not a result with `overwrite`, or if it cannot be written to.
    """
    target = Path(path).resolve()
    _check_target(Path(path), target, overwrite)
    above = next(folder for folder in target.parents if folder.exists())
    token = secrets.token_hex(4)
    partial = above / f".{target.name}.{token}.partial"
    with _writing(path):
        partial.mkdir()
    try:
        yield partial
        with _writing(path):
            text = "This folder was written by spectral_ph, which replaces it whole when told to overwrite it.\n"
            (partial / MARKER).write_text(text, encoding="utf-8")
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(partial, target, above / f".{target.name}.{token}.old", overwrite)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_target(path: Path, target: Path, overwrite: bool) -> None:
    if target.exists() and not target.is_dir():
        raise InputError(f"{path} is a file, and the results need a folder; name another one.")
    if target.is_mount() or Path.cwd().is_relative_to(target):
        raise InputError(
            f"{path} is the folder you are in, one above it, or a mount point, which cannot be put in place whole; "
            "name a folder inside it."
        )
    if target.is_dir() and any(target.iterdir()):
        if not overwrite:
            raise InputError(f"the folder {path} is not empty; name another one, or pass --overwrite to replace it.")
        if not (target / MARKER).is_file():
            raise InputError(
                f"the folder {path} holds files that spectral_ph did not write, so it is not replaced; name another "
                "one, or empty it yourself."
            )


@contextmanager
def _writing(path: PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the folder {path} could not be written ({error.strerror or error}); name one in a place that can be "
            "written to."
        ) from error


def _put(partial: Path, target: Path, old: Path, overwrite: bool) -> None:
    """Rename `partial` to `target`, setting what is there aside until that has worked."""
    if not target.exists():
        partial.rename(target)
    elif not overwrite:
        target.rmdir()  # fails if something was put there meanwhile, as it should
        partial.rename(target)
    else:
        target.rename(old)
        try:
            partial.rename(target)
        except BaseException:
            old.rename(target)
            raise
        shutil.rmtree(old)
