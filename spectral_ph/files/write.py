"""Results to files, each whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph._check import Argument, InputError
from spectral_ph._check.writing import FULL, whole

PathLike: TypeAlias = str | os.PathLike[str]

# A folder with this file in it was written by `output_folder`, so it may be replaced whole.
MARKER = ".spectral_ph"

WRITABLE = "Name one in a place that can be written to."


def write_text(path: PathLike, text: str) -> None:
    """Write a text file, UTF-8, whole or not at all.

    Parameters
    ----------
    path : the file; one that was there is replaced.
    text : what it will hold.

    Raises
    ------
    InputError : the file cannot be written.

    See Also
    --------
    write_bytes, write_json

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.write_text(pathlib.Path(folder) / "a.txt", "one")
    ...     (pathlib.Path(folder) / "a.txt").read_text()
    'one'
    """
    with whole(path) as stream:
        stream.write(text)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write a file of bytes, such as a picture, whole or not at all.

    Parameters
    ----------
    path : the file; one that was there is replaced.
    data : what it will hold.

    Raises
    ------
    InputError : the file cannot be written.

    See Also
    --------
    write_text

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.write_bytes(pathlib.Path(folder) / "a", b"1")
    ...     (pathlib.Path(folder) / "a").read_bytes()
    b'1'
    """
    with whole(path, "xb") as stream:
        stream.write(data)


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

    See Also
    --------
    to_json, write_csv

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.write_json(pathlib.Path(folder) / "a.json", {"x": 1})
    ...     (pathlib.Path(folder) / "a.json").read_text().split()
    ['{', '"x":', '1', '}']
    """
    with whole(path) as stream:
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

    See Also
    --------
    write_json

    Examples
    --------
    >>> from spectral_ph import files
    >>> files.to_json({"p_value": float("nan")}).split()
    ['{', '"p_value":', 'null', '}']
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
        f"{where} is a {type(value).__name__}, which has no JSON form. Use dicts, lists, arrays, text and numbers."
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

    See Also
    --------
    write_json, read

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.write_csv(pathlib.Path(folder) / "a.csv", {"x": [1, 2]})
    ...     (pathlib.Path(folder) / "a.csv").read_text().split()
    ['"x"', '1', '2']
    """
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise InputError(
                f"column {name!r} has {array.ndim} dimensions, but a column has 1. Pass each column by itself."
            )
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise InputError(f"columns must be of one length, but {listing}.")
    with whole(path) as stream:
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

    See Also
    --------
    write_json, write_csv

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as above:
    ...     with files.output_folder(pathlib.Path(above) / "result") as folder:
    ...         files.write_text(folder / "note.txt", "done")
    ...     (pathlib.Path(above) / "result" / "note.txt").read_text()
    'done'
    """
    check_output_folder(path, overwrite)
    target = Path(path).resolve()
    above = next(folder for folder in target.parents if folder.exists())
    token = secrets.token_hex(4)
    partial = above / f".{target.name}.{token}.partial"
    with _writing(path):
        partial.mkdir()
    try:
        with _writing(path):
            yield partial
            text = "This folder was written by spectral_ph, which replaces it whole when told to overwrite it.\n"
            (partial / MARKER).write_text(text, encoding="utf-8")
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(partial, target, above / f".{target.name}.{token}.old", overwrite)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_output_folder(path: PathLike, overwrite: bool = False) -> None:
    """Refuse a folder that `output_folder` would refuse, before anything long is computed for it.

    Parameters
    ----------
    path, overwrite : as for `output_folder`.

    Raises
    ------
    InputError : as `output_folder`, but for what only writing shows.

    See Also
    --------
    output_folder

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spectral_ph import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files.check_output_folder(pathlib.Path(folder) / "result")
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_dir():
        raise InputError(f"{path} is a file, but the results need a folder. Name another one.")
    if target.is_mount() or Path.cwd().is_relative_to(target):
        raise InputError(
            f"{path} is the folder you are in, one above it, or a mount point, so it cannot be replaced as a "
            "whole. Name a folder inside it."
        )
    if target.is_dir() and any(target.iterdir()):
        if not overwrite:
            raise InputError(
                f"the folder {path} is not empty. Name another one, or pass ",
                Argument("overwrite", True),
                " to replace it.",
            )
        if not (target / MARKER).is_file():
            raise InputError(
                f"the folder {path} holds files that spectral_ph did not write, so it is not replaced. Name "
                "another one, or empty it yourself."
            )


@contextmanager
def _writing(path: PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        way = "Make room there, or name one elsewhere." if error.errno in FULL else WRITABLE
        raise InputError(f"the folder {path} could not be written ({error.strerror or error}). {way}") from error


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
