"""Text to numbers: a table row by row, and which line is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument, InputError
from spectral_ph._types import FloatArray
from spectral_ph.files.content import Content, reading
from spectral_ph.files.dialect import TextOptions, dialect, encodings, is_number, open_text, sep_line, split, to_float
from spectral_ph.files.names import Layout, Warned, header_of_numbers, index_of_numbers, layout, refuse_more_names

LINES, CHARACTERS = 200, 2**18
"""How many lines tell how a file is written; fewer if they are long, but three."""


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
    InputError : if the file is damaged.
    """
    with reading(file, "text"), open_text(file, "utf-8-sig") as stream:
        return [line.rstrip("\r\n").split("\t") for line in stream if line.strip()]


def read_text(file: Path, kind: str, given: TextOptions) -> Content:
    """Return the numbers of a table of text, and the names of its rows and columns where it has some.

    Parameters
    ----------
    file : text, which may be compressed (.gz).
    kind : ".csv", ".tsv" or ".txt": the usual delimiter.
    given : what the user says about it.

    Returns
    -------
    Content

    Raises
    ------
    InputError : if it holds anything but numbers, with the line and the column; if it can be read two ways and neither
        is much likelier; if it is damaged.
    """
    with reading(file, "a table of text"):
        return _decoded(file, kind, given)


def _decoded(file: Path, kind: str, given: TextOptions) -> Content:
    failed: UnicodeError | None = None
    for encoding in encodings(file, given.encoding):
        try:
            with open_text(file, encoding) as stream:
                parsed = _parse(file, stream, kind, given)
        except UnicodeError as error:
            failed = failed or error
            continue
        if encoding == "cp1252" and given.encoding is None:
            _check.warn(
                f"{file} is not UTF-8, so it was read as Windows-1252, which holds Latin-1. If names in it look "
                "wrong, pass ",
                Argument("encoding"),
                ".",
            )
        for said in parsed.warned:
            _check.warn(*said)
        code = {"utf-16": "UTF-16", "utf-32": "UTF-32", "cp1252": "Windows-1252"}
        encoded = code.get(encoding.removesuffix("-le").removesuffix("-be"), given.encoding or "")
        notes = [
            "column names in the first row" if parsed.columns else "",
            "row names in the first column" if parsed.names else "",
            "decimal commas" if parsed.decimal == "," else "",
            encoded,
        ]
        joined = "".join(f", {note}" for note in notes if note)
        return Content(parsed.values, file, file.name, "rows", parsed.names, parsed.columns, joined)
    assert failed is not None
    raise failed


@dataclass(frozen=True, eq=False)
class _Parsed:
    values: FloatArray
    names: tuple[str, ...] | None
    columns: tuple[str, ...] | None
    decimal: str
    warned: tuple[Warned, ...]


def _parse(file: Path, stream: TextIO, kind: str, given: TextOptions) -> _Parsed:
    skipped, first, excel = 0, "", None
    for first in stream:
        first = first.removeprefix("\ufeff")
        if first.strip() and not first.startswith("#") and (excel or not (excel := sep_line(first))):
            break
        skipped += 1
    else:
        raise InputError(f"{file} holds no rows. Check how it was made.")
    lines, whole = _some(first, stream)
    delimiter, decimal = dialect(file, kind, lines, whole, excel, given)
    rows = ((skipped + number, row) for number, row in split(chain(lines, stream), delimiter))
    start = list(islice(rows, max(2, len(lines) - 1)))
    known = layout(file, [row for _, row in start], given)
    start[0] = (start[0][0], known.first)
    if known.header and len(start) == 1:
        raise InputError(f"{file} holds column names and no rows. Check how it was made.")
    if len(known.first) == 1 and known.index:
        raise InputError(
            f"{file} holds names and no numbers. If its columns are not told apart, pass ", Argument("delimiter"), "."
        )
    heads, values = _numbers_of(file, chain(start, rows), known, decimal)
    parsed = _named(file, [row for _, row in start], heads, values, known, decimal)
    if parsed.columns is not None and given.header is None and given.index is None:
        skip = int(parsed.names is not None)
        refuse_more_names(file, parsed.columns, [row[skip:] for _, row in start[1:]], parsed.values)
    return parsed


def _some(first: str, stream: TextIO) -> tuple[list[str], bool]:
    """Return the first lines, and tell whether these are all."""
    lines, size = [first], len(first)
    for line in stream:
        lines.append(line)
        size += len(line)
        if len(lines) >= LINES or (size > CHARACTERS and len(lines) > 2):
            return lines, False
    return lines, True


def _numbers_of(
    file: Path, rows: Iterator[tuple[int, list[str]]], known: Layout, decimal: str
) -> tuple[list[str], FloatArray]:
    """Return the first cell of each row, and the numbers of all that are not known to be names."""
    heads: list[str] = []
    values: list[FloatArray] = []
    width, skip = len(known.first), int(known.index is True)
    for k, (number, row) in enumerate(rows):
        if len(row) != width:
            raise InputError(
                f"line {number} of {file} has {len(row)} columns, but those before it have {width}. Every row "
                "needs the same number: check that line, or pass ",
                Argument("delimiter"),
                " if the columns are not told apart.",
            )
        if k == 0 and known.header:
            continue
        heads.append(row[0])
        values.append(_numbers(file, number, row, skip, decimal))
    return heads, np.array(values)


def _named(
    file: Path, start: list[list[str]], heads: list[str], values: FloatArray, known: Layout, decimal: str
) -> _Parsed:
    """Settle what is open about names, and take them off the numbers."""
    first, body = start[0], start[1:]
    header, index = known.header, known.index
    warned: list[Warned] = []
    if header is None:
        skip = int(index is True)
        header, said = header_of_numbers(file, first[skip:], [row[skip:] for row in body])
        warned += [said] if said else []
        if header:
            heads, values = heads[1:], values[1:]
    if index is None:
        rows = [row[1:] for row in (body if header else start)]
        index, said = index_of_numbers(file, heads, values[:, 0], rows)
        warned += [said] if said else []
        if index:
            values = values[:, 1:]
    columns = tuple(first[int(index) :]) if header else None
    return _Parsed(values, tuple(heads) if index else None, columns, decimal, tuple(warned))


def _numbers(file: Path, line: int, row: list[str], skip: int, decimal: str) -> FloatArray:
    cells = row[skip:]
    try:
        if decimal == ",":
            return np.array([to_float(cell, decimal) for cell in cells])
        if "_" not in "".join(cells):
            return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        pass
    column = next(j for j, cell in enumerate(cells) if not is_number(cell, decimal))
    cell = cells[column].strip()
    where = f"in line {line}, column {skip + column + 1} of {file}"
    other = "." if decimal == "," else ","
    if is_number(cell, other):
        raise InputError(
            f"{cell!r} is not a number {where}, where others are written with a {'comma' if decimal == ',' else 'point'}. "
            "Write all numbers alike. If all of them have a ",
            "comma" if other == "," else "point",
            ", pass ",
            Argument("decimal", other),
            ".",
        )
    said = f"{cell!r} is not a number" if cell else "the cell is empty"
    raise InputError(
        f"{said} {where}. All cells below the column names and right "
        "of the row names must be numbers. Fill it in, or drop that row or column."
    )
