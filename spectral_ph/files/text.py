"""Text to numbers: where the columns of a table are told apart, and which row and column hold names."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from spectral_ph._check import Argument, InputError
from spectral_ph._types import FloatArray

# A first column of this name holds names even if they look like numbers (pandas writes its row numbers under "").
NAME_HEADERS = frozenset({"", "barcode", "cell", "cells", "id", "index", "name", "names", "row", "sample"})


def fields(file: Path) -> list[list[str]]:
    """Return the tab-separated fields of each line that is not blank.

    Parameters
    ----------
    file : UTF-8 text, which may be compressed (.gz).

    Returns
    -------
    list of the fields of each line.

    Raises
    ------
    OSError, EOFError, ValueError : what the libraries say of a damaged file.
    """
    with _open_text(file) as stream:
        return [line.rstrip("\r\n").split("\t") for line in stream if line.strip()]


def _open_text(file: Path) -> TextIO:
    opener: Any = gzip.open if file.name.lower().endswith(".gz") else open
    stream: TextIO = opener(file, "rt", encoding="utf-8-sig", newline="")
    return stream


def rows_and_names(
    file: Path, kind: str, delimiter: str | None
) -> tuple[FloatArray, tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the numbers of a table of text, and the names of its rows and columns where it has some.

    Parameters
    ----------
    file : UTF-8 text, which may be compressed (.gz).
    kind : ".csv", ".tsv" or ".txt": the usual delimiter.
    delimiter : the character between two columns; None: found from the first line.

    Returns
    -------
    (n, d) float64, n names or None, d names or None.

    Raises
    ------
    InputError : if it holds anything but numbers, with the line and the column; if `delimiter` is not one character.
    OSError, EOFError, ValueError, csv.Error : what the libraries say of a damaged file.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise InputError(Argument("delimiter"), f" must be one character, not {delimiter!r}.")
    with _open_text(file) as stream:
        skipped, first = 0, ""
        for first in stream:
            if first.strip() and not first.startswith("#"):
                break
            skipped += 1
        else:
            raise InputError(f"{file} holds no rows. Check how it was made.")
        if delimiter is None:
            delimiter = _delimiter(kind, first)
        lines: Iterator[str] = chain([first], stream)
        if delimiter == " ":
            lines = (" ".join(line.split()) for line in lines)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        rows = ((skipped + reader.line_num, row) for row in reader if row)
        return _parse(file, rows)


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
        raise InputError(f"{file} holds column names and no rows. Check how it was made.")
    width = len(first if header is None else header)
    if width == 1 and named:
        raise InputError(
            f"{file} holds names and no numbers. If its columns are not told apart, pass ", Argument("delimiter"), "."
        )
    names: list[str] = []
    values: list[FloatArray] = []
    for number, row in chain(start if header is None else start[1:], rows):
        if len(row) != width:
            raise InputError(
                f"line {number} of {file} has {len(row)} columns, but those before it have {width}. Every row "
                "needs the same number: check that line, or pass ",
                Argument("delimiter"),
                " if the columns are not told apart.",
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
            f"the first row of {file} may be column names or a point: it starts with {first[0]!r} and goes on with "
            "numbers. Give the columns names that are not numbers, or leave them out."
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
        f"{said} in line {line}, column {skip + column + 1} of {file}. All cells below the column names and right "
        "of the row names must be numbers. Fill it in, or drop that row or column."
    )
