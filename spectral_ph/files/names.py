"""Which row and column of a table of text hold names, and what to say where it can be read two ways."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spectral_ph._check import Argument, InputError
from spectral_ph._types import FloatArray
from spectral_ph.files.dialect import TextOptions, is_number

_WHOLE = re.compile(r"\d+")
_THOUSANDS = re.compile(r"[+-]?\d+(\.\d{3})+,\d+|[+-]?\d+(,\d{3})+\.\d+")
_SIGNED = re.compile(r"[+-]?\d+")
# A first column of this name holds names even if they look like numbers (pandas writes its row numbers under "", and
# once more under "Unnamed: 0"). Case, blanks and signs do not count.
_CORNER = re.compile(
    r"(unnamed0?|(rowi?|cell|obs|sample|spot|gene|feature|barcode|index)?(id|ids|name|names|barcode|barcodes|index|number|nr|no)?s?|"
    r"observations?|symbols?|genesymbols?)"
)
FEW = 5
"""From this many on, 0, 1, 2, ... in a row counts it, even where all numbers are whole."""

MANY = 8
"""This many numbers hardly ever increase by chance (1 in 40,320)."""

Warned = tuple[object, ...]


@dataclass(frozen=True)
class Layout:
    """What the first rows tell, before the rest is read.

    Attributes
    ----------
    first : the first row; with the missing name of the column of names, as R leaves it out.
    header : whether the first row holds column names; None: its numbers may be names or a point.
    index : whether the first column holds row names; None: its numbers may be names or a coordinate.
    """

    first: list[str]
    header: bool | None
    index: bool | None


def layout(file: Path, rows: list[list[str]], given: TextOptions) -> Layout:
    """Return what the first rows tell about names.

    Parameters
    ----------
    file : for the sentences.
    rows : the cells of the first rows, at least one.
    given : what the user says.

    Returns
    -------
    Layout

    Raises
    ------
    InputError : if the first row starts with a name and goes on with numbers, and what it holds is not known.
    """
    first, body = rows[0], rows[1:]
    second = body[0] if body else None
    numbers = list(map(_is_numeric, first))
    if given.header is not False and given.index is not False and _lacks_a_name(rows, numbers, given):
        return Layout(["", *first], True, True)
    if len(first) == 1 and (second is None or len(second) == 1):
        header = given.header
        if header is None:
            header = None if numbers[0] else True
        return Layout(first, header, bool(given.index))
    below = second is not None and _is_numeric(second[0])  # a number at the head of the second row
    names_below = second is not None and not below
    corner = _CORNER.fullmatch(re.sub(r"[\W_]", "", first[0].lower())) is not None
    header = given.header
    if header is None:
        header = _header(file, first, numbers, corner, below, names_below, given)
    if given.index is not None:
        return Layout(first, header, given.index)
    if header:
        return Layout(first, True, True if corner or names_below else None)
    return Layout(first, header, None if numbers[0] else True)


def _is_numeric(cell: str) -> bool:
    """Tell whether a cell is a number in any writing; one in the wrong writing is no name, and is refused as a number."""
    return is_number(cell, ".") or is_number(cell, ",") or _THOUSANDS.fullmatch(cell.strip()) is not None


def _lacks_a_name(rows: list[list[str]], numbers: list[bool], given: TextOptions) -> bool:
    """Tell whether the first row has a cell less than all others, as R leaves out the name of the column of names."""
    first, body = rows[0], rows[1:]
    if not body or any(len(row) != len(first) + 1 for row in body):
        return False
    return given.header is True or not any(numbers) or (len(body) > 1 and _distinct_whole(first))


def _header(
    file: Path, first: list[str], numbers: list[bool], corner: bool, below: bool, names_below: bool, given: TextOptions
) -> bool | None:
    """Tell whether the first row, of several cells, holds column names; None: it may."""
    if not any(numbers[1:]):
        return True
    if numbers[0] and all(numbers):
        return True if names_below and given.index is not False and _distinct_whole(first) else None
    if not all(numbers[1:]):
        if corner:
            return True  # a point has numbers only
    elif corner and _distinct_whole(first[1:]):
        return True
    if not numbers[0] and (corner or (below and given.index is not True)):
        raise InputError(
            f"the first row of {file} may be column names or a point: it starts with {first[0]!r} and goes on with "
            "numbers. Pass ",
            Argument("header", True),
            " or ",
            Argument("header", False),
            ", or give the columns names that are not numbers.",
        )
    return None if all(numbers[1:]) else False


def _distinct_whole(cells: list[str]) -> bool:
    return all(_WHOLE.fullmatch(c.strip()) for c in cells) and len(set(cells)) == len(cells)


def header_of_numbers(file: Path, first: list[str], below: list[list[str]]) -> tuple[bool, Warned]:
    """Tell whether a first row of numbers holds column names, and what to say about it.

    Parameters
    ----------
    file : for the sentences.
    first : cells of the first row, without a row name.
    below : those of the rows below it; some of them are enough.

    Returns
    -------
    header : True if it counts the columns.
    warned : parts of a sentence, none if there is no doubt.

    Raises
    ------
    InputError : if it is more likely names than a point, but does not count the columns.
    """
    if not below:
        return False, ()
    whole = all(_WHOLE.fullmatch(c.strip()) for c in first)
    fractions = _fractions(below)
    values = np.array([float(c.replace(",", ".")) for c in first])
    listing = _listing(first)
    if _counts(values):
        # As fractions, "0.0" and "1.0" are also the sine and cosine of the first point of many a circle.
        odd = max(fractions if whole else _broken(below)) > 0.5 and (whole or len(first) > 2)
        if odd or len(first) >= FEW:
            return True, (
                f"the first row of {file} holds {listing}, which was taken as column names. If it is a point, pass ",
                Argument("header", False),
                ".",
            )
        doubtful = whole and values[0] == 0 and len(first) > 1
    else:
        doubtful = False
        distinct = whole and min(fractions) == 1 and len(set(first)) == len(first)
        said = ""
        if distinct and len(first) > 1 and (_increases(values) or len(first) >= FEW):
            said = f"holds whole numbers ({listing}), and the rows below hold fractions"
        elif len(first) >= MANY and _increases(values) and not any(map(_cells_increase, below)):  # such as wavelengths
            said = f"holds numbers that increase ({listing}), and those below do not"
        if said:
            raise InputError(
                f"the first row of {file} may be column names or a point: it {said}. Pass ",
                Argument("header", True),
                " or ",
                Argument("header", False),
                ".",
            )
    if not doubtful:
        return False, ()
    return False, (
        f"the first row of {file} holds {listing}, which was taken as a point. If these are column names, pass ",
        Argument("header", True),
        ".",
    )


def index_of_numbers(file: Path, first: list[str], values: FloatArray, beside: list[list[str]]) -> tuple[bool, Warned]:
    """Tell whether a first column of numbers holds row names, and what to say about it.

    Parameters
    ----------
    file : for the sentences.
    first : cells of the first column.
    values : (n,), their numbers.
    beside : the cells right of it, by rows; some of them are enough.

    Returns
    -------
    index : True if it counts the rows, in any order.
    warned : parts of a sentence, none if there is no doubt.

    Raises
    ------
    InputError : if it is more likely names than a coordinate, but does not count the rows.
    """
    whole = all(_WHOLE.fullmatch(c.strip()) for c in first)
    fractions = _fractions(beside)
    listing = _listing(first)
    many = len(first) >= FEW
    in_order = _counts(values)
    if (in_order and (many or (whole and max(fractions) > 0.5 and len(first) > 2))) or (
        many and _counts(np.sort(values))
    ):
        said = f"counts its rows ({listing})" if in_order else f"holds each of the numbers of its rows once ({listing})"
        return True, (
            f"the first column of {file} {said}, and was taken as row names. If it is a coordinate, pass ",
            Argument("index", False),
            ".",
        )
    others = ""
    if many and whole and min(fractions) == 1 and len(np.unique(values)) == len(values):
        others = "hold fractions"
    elif whole and len(first) >= MANY and _increases(values):
        columns = zip(*beside, strict=True)
        others = "" if len(beside) < MANY or any(map(_cells_increase, columns)) else "do not increase with it"
    if others:
        raise InputError(
            f"the first column of {file} may be row names or a coordinate: it holds whole numbers ({listing}), each "
            f"once, and the other columns {others}. Pass ",
            Argument("index", True),
            " or ",
            Argument("index", False),
            ".",
        )
    if in_order and whole and values[0] == 0 and len(first) > 1:
        return False, (
            f"the first column of {file} holds {listing}, which was taken as a coordinate. If these are row names, "
            "pass ",
            Argument("index", True),
            ".",
        )
    return False, ()


def _counts(values: FloatArray) -> bool:
    """Tell whether numbers are 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool(values[0] in (0, 1) and (values == values[0] + np.arange(len(values))).all())


def _fractions(rows: list[list[str]]) -> list[float]:
    """Return the share of cells of each column that are written as fractions, 1.0 too."""
    return [sum(not _SIGNED.fullmatch(c.strip()) for c in column) / len(column) for column in zip(*rows, strict=True)]


def _broken(rows: list[list[str]]) -> list[float]:
    """Return the share of numbers of each column that are not whole."""
    columns = (np.array([float(c.replace(",", ".")) for c in column]) for column in zip(*rows, strict=True))
    return [float((column != np.rint(column)).mean()) for column in columns]


def refuse_more_names(file: Path, columns: tuple[str, ...], below: list[list[str]], values: FloatArray) -> None:
    """Refuse a second row of column names, and a second column of row numbers.

    Parameters
    ----------
    file : for the sentences.
    columns : names of the columns of numbers.
    below : cells of the rows below them; some of them are enough.
    values : (n, d), all numbers.

    Raises
    ------
    InputError : if names of columns come twice and the row below them is as good as names; if a column without a name of
        its own counts the rows.
    """
    unnamed = (
        j for j, name in enumerate(columns) if re.fullmatch(r"|unnamed: ?\d+|index|level_\d+", name.strip().lower())
    )
    for j in unnamed:
        if len(values) > 2 and _counts(values[:, j]):
            raise InputError(
                f"column {columns[j]!r} of {file} counts its rows, as if row names had been written twice. Write the "
                "file again without that column. If it is a coordinate, pass ",
                Argument("index", True),
                " or ",
                Argument("index", False),
                ".",
            )
    if len(set(columns)) < len(columns) and len(below) > 2:
        second = all(_SIGNED.fullmatch(c.strip()) for c in below[0])
        if second and min(_fractions(below[1:])) == 1:
            raise InputError(
                f"{file} seems to have two rows of column names, because names in the first come twice and the second "
                "holds whole numbers above fractions. Write it again with one row of names. If the second row is a "
                "point, pass ",
                Argument("header", True),
                ".",
            )


def _increases(values: FloatArray) -> bool:
    return bool((np.diff(values) > 0).all())


def _cells_increase(cells: Iterable[str]) -> bool:
    return _increases(np.array([float(c.replace(",", ".")) for c in cells]))


def _listing(cells: list[str]) -> str:
    return ", ".join(cell.strip() for cell in cells[:3]) + (", ..." if len(cells) > 3 else "")
