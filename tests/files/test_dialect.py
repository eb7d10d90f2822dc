"""How text is written: Excel's first line, decimal commas, encodings, delimiters."""

import csv
import gzip
import io
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.files import read
from tests.files.made import says, text, warns

VALUES = np.array([[1.5, -0.25, 12.0], [2.25, 3.5, -0.125], [0.5, 0.75, 1e-07], [4.0, 1.125, 2.0]])


def written(values, delimiter=",", decimal=".", first=None, names=None, end="\n", quoted=False):
    """Return a table as text; `first` is its first row, with a cell more or less where a program does that."""
    stream = io.StringIO()
    writer = csv.writer(
        stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    )
    if first is not None:
        writer.writerow(first)
    for i, row in enumerate(values):
        cells = [repr(float(v)).replace(".", decimal) for v in row]
        writer.writerow(cells if names is None else [names[i], *cells])
    return stream.getvalue()


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_first_line_of_excel_names_the_delimiter(here, line, end):
    """rainbow_csv #108, PowerShell #7776."""
    for first in (None, ["a", "b", "c"]):
        table = read(text("x.csv", line + end + written(VALUES, ";", first=first, end=end)))
        np.testing.assert_array_equal(table.X, VALUES)
        assert table.columns == (None if first is None else ("a", "b", "c"))
        assert table.names is None


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_the_first_line_of_excel_may_name_any_character(here, delimiter):
    table = read(text("x.csv", f"sep={delimiter}\n" + written(VALUES, delimiter)))
    np.testing.assert_array_equal(table.X, VALUES)
    table = read(text("y.csv", "sep=;\n" + written(VALUES, ",")))  # a lie is found out
    np.testing.assert_array_equal(table.X, VALUES)


@pytest.mark.parametrize(
    ("name", "delimiter"), [("x.csv", ";"), ("x.csv", "\t"), ("x.tsv", "\t"), ("x.txt", " "), ("x.txt", ";")]
)
@pytest.mark.parametrize("first", [None, ["a", "b", "c"], ["length,cm", "width,cm", "mass"]])
def test_decimal_commas_are_read_and_said(here, name, delimiter, first):
    table = read(text(name, written(VALUES, delimiter, ",", first)))
    np.testing.assert_array_equal(table.X, VALUES)
    notes = ", column names in the first row" if first else ""
    assert table.source == f"{name} (4 rows x 3{notes}, decimal commas)"
    np.testing.assert_array_equal(read(name, decimal=",").X, VALUES)


def test_a_first_column_with_decimal_commas_holds_no_names(here):
    for content in ("1,5;2\n2,25;3\n", "a;b\n1,5;2\n2,25;3\n"):
        table = read(text("x.csv", content))
        np.testing.assert_array_equal(table.X, [[1.5, 2], [2.25, 3]])
        assert table.names is None
        assert read("x.csv", decimal=".", index=True).names == ("1,5", "2,25")


def test_decimal_commas_in_quotes_and_in_a_single_column(here):
    np.testing.assert_array_equal(read(text("x.csv", written(VALUES, ",", ",", quoted=True))).X, VALUES)
    np.testing.assert_array_equal(read(text("x.csv", '"1,5","2,5"\n"3,5","4,25"\n')).X, [[1.5, 2.5], [3.5, 4.25]])
    np.testing.assert_array_equal(read(text("x.txt", "1,5\n22\n3,25\n")).X, [[1.5], [22], [3.25]])
    np.testing.assert_array_equal(read(text("x.csv", "1,5\n2,5\n"), decimal=",").X, [[1.5], [2.5]])


def test_commas_that_may_stand_between_thousands_are_refused(here):
    text("x.csv", "a;b\n1,234;2\n12,345;3\n")
    with says(
        "commas in the numbers of x.csv, such as '1,234', may stand before fractions or between thousands. Pass "
        "decimal=',' if they stand before fractions; otherwise write the numbers without them."
    ):
        read("x.csv")
    np.testing.assert_array_equal(read("x.csv", decimal=",").X, [[1.234, 2], [12.345, 3]])


def test_commas_before_fractions_and_between_columns_are_refused(here):
    text("x.csv", written(VALUES[:, :2] + 0.05 - 0.5, ",", ",").replace('"', ""))
    with says(
        "x.csv seems to have commas before fractions as well as between columns: it has a cell '05' and no point. Write "
        "it again with points, or with semicolons between columns. Pass decimal=',' if it has a single column, or "
        "decimal='.' if every comma stands between columns."
    ):
        read("x.csv")
    assert read("x.csv", decimal=".").X.shape == (4, 4)
    text("y.csv", "-0,5\n-0,75\n1,25\n")
    with pytest.raises(InputError, match=r"^y\.csv seems to have commas .* a cell '-0' and no point"):
        read("y.csv")
    np.testing.assert_array_equal(read("y.csv", decimal=",").X, [[-0.5], [-0.75], [1.25]])


def test_names_with_zeros_and_commas_are_no_numbers(here):
    assert read(text("x.csv", '"A,01",1,2\nB01,3,4\n-0,5,6\n')).names == ("A,01", "B01", "-0")


def test_points_and_commas_in_one_file_are_refused(here):
    with says(
        "'1.5' is not a number in line 1, column 1 of x.txt, where others are written with a comma. Write all numbers "
        "alike. If all of them have a point, pass decimal='.'."
    ):
        read(text("x.txt", "1.5;2\n2,5;3\n"), decimal=",")
    with says(
        "'2,5' is not a number in line 3, column 1 of x.txt, where others are written with a point. Write all numbers "
        "alike. If all of them have a comma, pass decimal=','."
    ):
        read(text("x.txt", "1.5;2\n1.5;2\n2,5;3\n"))
    with pytest.raises(InputError, match=r"^'1\.234,5' is not a number in line 1"):
        read(text("y.txt", "1.234,5;2\n2,5;3\n"), decimal=",")


NAMES = ["größe", "µm", "Länge"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_unicode_is_told_by_its_mark_or_its_zeros(here, encoding, end):
    """PowerShell writes UTF-16, Excel's "Unicode text" is UTF-16 with tabs."""
    data = written(VALUES, "\t", first=NAMES).encode(encoding)
    (here / f"x.txt{end}").write_bytes(gzip.compress(data) if end else data)
    table = read(f"x.txt{end}")
    np.testing.assert_array_equal(table.X, VALUES)
    assert table.columns == tuple(NAMES)
    said = {"utf-8": "", "utf-8-sig": ""}.get(encoding, ", " + encoding[:6].upper())
    assert table.source == f"x.txt{end} (4 rows x 3, column names in the first row{said})"
    np.testing.assert_array_equal(read(f"x.txt{end}", encoding=encoding).X, VALUES)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_latin_1_is_read_and_said(here, encoding):
    (here / "x.csv").write_bytes(written(VALUES, first=NAMES).encode(encoding))
    with warns(
        "x.csv is not UTF-8, so it was read as Windows-1252, which holds Latin-1. If names in it look wrong, pass encoding."
    ):
        table = read("x.csv")
    np.testing.assert_array_equal(table.X, VALUES)
    assert table.columns == tuple(NAMES)
    assert table.source == "x.csv (4 rows x 3, column names in the first row, Windows-1252)"
    table = read("x.csv", encoding="latin-1")
    assert table.columns == tuple(NAMES)
    assert table.source == "x.csv (4 rows x 3, column names in the first row, latin-1)"
    assert read("x.csv", encoding="mac-roman").columns != tuple(NAMES)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("decimal", ";", "decimal must be '.' or ',', not ';'."),
        ("header", 0, "header must be True, False or None, not 0."),
        ("header", "infer", "header must be True, False or None, not 'infer'."),
        ("index", 1, "index must be True, False or None, not 1."),
        ("delimiter", 3, "delimiter must be one character, not 3."),
        (
            "encoding",
            "utf-9",
            "encoding must be one that Python knows, such as 'utf-8', 'utf-16' or 'latin-1', not 'utf-9'.",
        ),
        (
            "encoding",
            "hex",
            "encoding must be one that Python knows, such as 'utf-8', 'utf-16' or 'latin-1', not 'hex'.",
        ),
    ],
)
def test_options_that_no_file_can_have_are_refused(here, option, value, message):
    with says(message):
        read(text("x.csv", "1,2\n3,4\n"), **{option: value})


ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(5, 30),
    d=st.integers(2, 7),
    delimiter=st.sampled_from([",", ";", "\t", " "]),
    decimal=st.sampled_from([".", ","]),
    quoted=st.booleans(),
    excel=st.booleans(),
    encoding=ENCODINGS,
    head=st.sampled_from(["none", "names", "0, 1, ...", "1, 2, ..."]),
    left=st.sampled_from(["none", "names", "0, 1, ...", "1, 2, ...", "shuffled"]),
    corner=st.sampled_from(["", "cell", "Unnamed: 0", "Zelle größer", None]),
    end=st.sampled_from(["\n", "\r\n"]),
    suffix=st.sampled_from([".csv", ".tsv", ".txt", ".csv.gz"]),
)
def test_whatever_programs_write_is_read_as_it_was_meant(
    tmp_path_factory, seed, n, d, delimiter, decimal, quoted, excel, encoding, head, left, corner, end, suffix
):
    """Numbers, names and their absence come back, in any mixture of what pandas, R, Excel and numpy write."""
    assume(decimal == "." or delimiter != "," or quoted)
    assume(not (excel and delimiter == " "))
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, d))
    columns = {
        "none": None,
        "names": [f"ä{j}" for j in range(d)],
        "0, 1, ...": list(map(str, range(d))),
        "1, 2, ...": list(map(str, range(1, d + 1))),
    }[head]
    rows = {
        "none": None,
        "names": [f"ö-{i}" for i in range(n)],
        "0, 1, ...": list(map(str, range(n))),
        "1, 2, ...": list(map(str, range(1, n + 1))),
        "shuffled": list(map(str, rng.permutation(n))),
    }[left]
    first = columns
    if columns is not None and rows is not None and corner is not None:  # R leaves the name of the first column out
        first = [corner.replace(" ", "_"), *columns]
    # "Zelle größer" above row names is no known name, and above numbers it may be any.
    assume(not (corner == "Zelle größer" and head not in ("none", "names") and left not in ("none", "names")))
    content = (f"sep={delimiter}{end}" if excel else "") + written(values, delimiter, decimal, first, rows, end, quoted)
    data = content.encode(encoding)
    path = tmp_path_factory.mktemp("text") / f"x{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
    given_ = {"header": columns is not None, "index": rows is not None, "decimal": decimal, "delimiter": delimiter}
    for how in ({}, given_ | {"encoding": encoding}):
        with warnings.catch_warnings():
            if not how:
                warnings.simplefilter("ignore", SpectralWarning)
            table = read(path, **how)
        np.testing.assert_array_equal(table.X, values)
        assert table.names == (None if rows is None else tuple(rows))
        assert table.columns == (None if columns is None else tuple(columns))
        assert ("decimal commas" in table.source) == (decimal == ",")
