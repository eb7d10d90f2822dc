"""What a reader of one format hands on, before it is checked and becomes a `Table`."""

from __future__ import annotations

import csv
import errno
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_ph._check import InputError


@dataclass(frozen=True, eq=False)
class Content:
    """What a reader found.

    Attributes
    ----------
    values : the raw (n, d) values, dense or sparse.
    file : the file or folder they are in.
    what : what they are, such as "X of cells.h5ad".
    rows : what the rows are called, "rows" or "cells".
    names, columns : n names of the rows and d of the columns, or None.
    notes : what else to say about them, which starts with a comma.
    genes : whether the columns are genes, or other features that were measured, as the format has it, and no coordinates.
    """

    values: Any
    file: Path
    what: str
    rows: str = "rows"
    names: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    notes: str = ""
    genes: bool = False


@contextmanager
def reading(file: Path, what: str) -> Iterator[None]:
    """Turn whatever a library says about a damaged file into one sentence.

    Parameters
    ----------
    file : the file that is read.
    what : what it should be, such as "a .npy file".
    """
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
        if isinstance(error, OSError) and (error.errno == errno.EAGAIN or "unable to lock" in str(error)):
            raise InputError(
                f"{file} is locked, because another program has it open to write to it. Close it there, or copy the file "
                "and read the copy."
            ) from error
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise InputError(
            f"{file} could not be read as {what} ({reason}). It may be cut short or of another format: make or "
            "copy it again, or correct its ending."
        ) from error


def texts(stored: Any) -> tuple[str, ...]:
    """Return text that is stored in HDF5, as one str each.

    Parameters
    ----------
    stored : an HDF5 data set of bytes or text.

    Returns
    -------
    tuple of str
    """
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in stored[:])
