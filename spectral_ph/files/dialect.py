"""How a text file is written: its encoding, what stands between two columns, and what before a fraction."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from spectral_ph._check import Argument, InputError

# A mark at the start of a file tells its encoding. UTF-32 comes first, because its mark starts like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEP = re.compile(r'"?sep=(.)"?\1*', re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_AFTER_A_COMMA = re.compile(r"0\d+(e[+-]?\d+)?", re.IGNORECASE)
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})


@dataclass(frozen=True)
class TextOptions:
    """What the user says about a text file; None is found out.

    Attributes
    ----------
    delimiter : the character between two columns.
    decimal : "." or ",", before the fraction of a number.
    encoding : a name that Python knows.
    header : whether the first row holds column names.
    index : whether the first column holds row names.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    index: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what no file can have."""
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or len(self.delimiter) != 1):
            raise InputError(Argument("delimiter"), f" must be one character, not {self.delimiter!r}.")
        if self.decimal not in (None, ".", ","):
            raise InputError(Argument("decimal"), f" must be '.' or ',', not {self.decimal!r}.")
        for name in ("header", "index"):
            # pandas says header=0 for names in the first row, which would read as False here.
            value = getattr(self, name)
            if value is not None and not isinstance(value, bool):
                raise InputError(Argument(name), f" must be True, False or None, not {value!r}.")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, TypeError, ValueError) as error:
                raise InputError(
                    Argument("encoding"),
                    f" must be one that Python knows, such as 'utf-8', 'utf-16' or 'latin-1', not {self.encoding!r}.",
                ) from error


def open_text(file: Path, encoding: str) -> TextIO:
    """Return the text of a file, which may be compressed (.gz)."""
    opener: Any = gzip.open if file.name.lower().endswith(".gz") else open
    stream: TextIO = opener(file, "rt", encoding=encoding, newline="")
    return stream


def encodings(file: Path, given: str | None = None) -> tuple[str, ...]:
    """Return the encodings to try in turn, the likeliest first.

    Parameters
    ----------
    file : text, which may be compressed (.gz).
    given : what the user says.

    Returns
    -------
    tuple of str. Without a mark or zero bytes: UTF-8, then that of Windows, which holds Latin-1.
    """
    opener: Any = gzip.open if file.name.lower().endswith(".gz") else open
    with opener(file, "rb") as stream:
        head: bytes = stream.read(4096)
    if given is not None:
        return ("utf-8-sig" if codecs.lookup(given).name == "utf-8" else given,)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return (encoding,)
    # Digits and delimiters have a zero byte in UTF-16, and numbers are mostly made of those.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 1 and head[start::2].count(0) > 0.5 * len(head[start::2]):
            return (encoding,)
    return "utf-8-sig", "cp1252"


def sep_line(line: str) -> str | None:
    """Return the delimiter that Excel's first line `sep=;` names, or None for any other line."""
    found = _SEP.fullmatch(line.strip("\r\n"))
    return found[1] if found else None


def is_number(cell: str, decimal: str = ".") -> bool:
    """Tell whether a cell is a number: 1_2 is 12 to Python, but more likely a name."""
    try:
        to_float(cell, decimal)
    except ValueError:
        return False
    return True


def to_float(cell: str, decimal: str) -> float:
    """Return the number in a cell; ValueError if it is none."""
    if "_" in cell or (decimal == "," and "." in cell):  # 1.234,5 has points between thousands
        raise ValueError
    return float(cell.replace(",", ".") if decimal == "," else cell)


def split(lines: Iterable[str], delimiter: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Return the cells of each row that is not blank, and the number of the line it ends in."""
    if delimiter == " ":
        lines = (" ".join(line.split()) for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    return ((reader.line_num, row) for row in reader if row)


def dialect(
    file: Path, kind: str, lines: list[str], whole: bool, excel: str | None, given: TextOptions
) -> tuple[str, str]:
    """Return the delimiter and the decimal sign of a text file.

    Parameters
    ----------
    file : for the sentences.
    kind : ".csv", ".tsv" or ".txt": the usual delimiter.
    lines : the first lines, without comments before them.
    whole : whether these are all.
    excel : the delimiter that a line sep= names.
    given : what the user says.

    Returns
    -------
    Delimiter and decimal sign: the first pair that makes a table of numbers, or the usual pair if none does.

    Raises
    ------
    InputError : if the commas may be decimal or something else.
    """
    usual = {".csv": ",", ".tsv": "\t", ".txt": ""}[kind]
    order = [c for c in (usual, "\t", ";", ",", " ") if c]
    start = _QUOTED.sub("", lines[0]).strip(" \r\n")
    if excel is not None and excel in lines[0]:
        order = [excel]
    if given.delimiter is not None:
        order = [given.delimiter]
    decimals = (".", ",") if given.decimal is None else (given.decimal,)
    # A single column has no delimiter at all, and then any will do that is no decimal sign.
    alone = given.delimiter or excel or ("\t" if given.decimal == "," else ",")
    first = next((c for c in order if c in start and c != given.decimal), alone)
    pairs = [(first, decimals[0])]
    pairs += [(c, d) for c in dict.fromkeys(order) for d in decimals if c != d and (c, d) != pairs[0]]
    if given.delimiter is None and excel is None and "," in decimals:
        pairs.append(("\x1f", ","))  # one column
    pairs += [(c, d) for c in order for d in decimals if c == d]  # in quotes: "1,5","2,5"
    for k, (delimiter, decimal) in enumerate(pairs):
        rows = _rows(lines, delimiter, whole)
        if _is_table(rows, decimal, given) and (k == 0 or delimiter == "\x1f" or len(rows[-1]) > 1):
            if given.decimal is None:
                _refuse_doubtful(file, rows, delimiter, decimal)
            return delimiter, decimal
    return pairs[0]


_QUOTED = re.compile(r'"[^"]*"')


def _rows(lines: list[str], delimiter: str, whole: bool) -> list[list[str]]:
    rows = [row for _, row in split(lines, delimiter, strict=False)]
    return rows if whole or len(rows) < 3 else rows[:-1]  # the last may be cut within quotes


def _is_table(rows: list[list[str]], decimal: str, given: TextOptions) -> bool:
    body = rows[1:] or rows
    width = len(body[0])
    skip = int(width > 1)
    other = "," if decimal == "." else "."
    # Numbers with another decimal sign at the head of all rows are no names.
    misread = all(is_number(row[0], other) for row in body) and not all(is_number(row[0], decimal) for row in body)
    return (
        not (misread and given.decimal is None and given.index is not True)
        and all(len(row) == width for row in body)
        and len(rows[0]) in (width, width - 1)
        and all(is_number(c, decimal) or c.strip().lower() in _MISSING for row in body for c in row[skip:])
    )


def _refuse_doubtful(file: Path, rows: list[list[str]], delimiter: str, decimal: str) -> None:
    body = rows[1:] or rows
    # The first column may hold names, and then its commas and zeros mean nothing.
    skip = 0 if all(is_number(row[0], decimal) for row in body) else 1
    cells = [cell.strip() for row in body for cell in row[skip:]]
    if decimal == ",":
        with_comma = [cell for cell in cells if "," in cell]
        if with_comma and all(map(_THOUSANDS.fullmatch, with_comma)):
            raise InputError(
                f"commas in the numbers of {file}, such as {with_comma[0]!r}, may stand before fractions or between "
                "thousands. Pass ",
                Argument("decimal", ","),
                " if they stand before fractions; otherwise write the numbers without them.",
            )
    elif delimiter == "," and len(body[0]) > 1 and not any("." in cell for cell in cells):
        later = (cell.strip() for row in body for cell in row[1:])
        odd = next((c for c in later if _AFTER_A_COMMA.fullmatch(c)), "-0" if "-0" in cells else None)
        if odd is not None:
            raise InputError(
                f"{file} seems to have commas before fractions as well as between columns: it has a cell {odd!r} and "
                "no point. Write it again with points, or with semicolons between columns. Pass ",
                Argument("decimal", ","),
                " if it has a single column, or ",
                Argument("decimal", "."),
                " if every comma stands between columns.",
            )
