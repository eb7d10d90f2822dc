"""Tables of text: what is a name and what is a number, and which line is at fault."""

import re

import numpy as np
import pytest

from spectral_ph._check import InputError
from spectral_ph.files import read
from tests.files.made import says, text


@pytest.mark.parametrize(
    ("name", "content", "columns", "names"),
    [
        ("x.csv", "1,2\n3,4\n", None, None),
        ("x.csv", "1,2\r\n\r\n3,4", None, None),
        ("x.csv", "\ufeffa,b\n1,2\n3,4\n", ("a", "b"), None),
        ("x.csv", "c1,1,2\nc2,3,4\n", None, ("c1", "c2")),
        ("x.csv", "1_1,1,2\n1_2,3,4\n", None, ("1_1", "1_2")),
        ("x.csv", ",a,b\nc1,1,2\nc2,3,4\n", ("a", "b"), ("c1", "c2")),
        ("x.csv", ",0,1\n0,1,2\n1,3,4\n", ("0", "1"), ("0", "1")),
        ("x.csv", "cell,a,b\n10,1,2\n11,3,4\n", ("a", "b"), ("10", "11")),
        ("x.csv", '"cell","a, or b","c ""d"""\n"x\ny",1,2\nz,3,4\n', ("a, or b", 'c "d"'), ("x\ny", "z")),
        ("x.csv", "a;b\n1;2\n3;4\n", ("a", "b"), None),
        ("x.csv", "# made by hand\n# twice\n1,2\n3,4\n", None, None),
        ("x.CSV", "1,2\n3,4\n", None, None),
        ("x.csv.gz", "a,b\n1,2\n3,4\n", ("a", "b"), None),
        ("x.tsv", "a\tb\n1\t2\n3\t4\n", ("a", "b"), None),
        ("x.tsv.gz", "c 1\t1\t2\nc 2\t3\t4\n", None, ("c 1", "c 2")),
        ("x.txt", "1 2\n3 4\n", None, None),
        ("x.txt", "  1.0   2e0\n  3.0   4.0 \n", None, None),
        ("x.txt", "a b\nc1 1 2\nc2 3 4\n", ("a", "b"), ("c1", "c2")),
        ("x.txt", "1\t2\n3\t4\n", None, None),
        ("x.txt.gz", "1,2\n3,4\n", None, None),
    ],
)
def test_text_with_and_without_names(here, name, content, columns, names):
    table = read(text(name, content))
    np.testing.assert_array_equal(table.X, [[1, 2], [3, 4]])
    assert table.columns == columns
    assert table.names == names
    notes = ", column names in the first row" * bool(columns) + ", row names in the first column" * bool(names)
    assert table.source == f"{name} (2 rows x 2{notes})"


def test_a_single_column_and_a_single_row(here):
    np.testing.assert_array_equal(read(text("a.csv", "1\n2\n3\n")).X, [[1], [2], [3]])
    table = read(text("b.csv", "height\n1\n2\n"))
    np.testing.assert_array_equal(table.X, [[1], [2]])
    assert table.columns == ("height",)
    np.testing.assert_array_equal(read(text("c.txt", "1 2 3\n")).X, [[1, 2, 3]])


def test_a_delimiter_can_be_given(here):
    np.testing.assert_array_equal(read(text("x.txt", "1|2\n3|4\n"), delimiter="|").X, [[1, 2], [3, 4]])
    with says("delimiter must be one character, not '||'."):
        read("x.txt", delimiter="||")


def test_nan_and_infinity_are_numbers(here):
    np.testing.assert_array_equal(read(text("x.csv", "a,b\nnan,-inf\n1,2\n")).X, [[np.nan, -np.inf], [1, 2]])


BELOW = (
    ". All cells below the column names and right of the row names must be numbers. Fill it in, or drop that row or "
    "column."
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,o.5\n", f"'o.5' is not a number in line 3, column 2 of x.csv{BELOW}"),
        (
            "a,b\n\n# no\n1,2\n",
            (
                "line 3 of x.csv has 1 columns, but those before it have 2. Every row needs the same number: check "
                "that line, or pass delimiter if the columns are not told apart."
            ),
        ),
        ("a,b\n1,2\n,4\n", f"the cell is empty in line 3, column 1 of x.csv{BELOW}"),
        ("cell,a,b\nc1,1,2\nc2,3,NA\n", f"'NA' is not a number in line 3, column 3 of x.csv{BELOW}"),
        ("1,2\n3,4_0\n", f"'4_0' is not a number in line 2, column 2 of x.csv{BELOW}"),
        ("1,o.5,3\n3,4,5\n", f"'o.5' is not a number in line 1, column 2 of x.csv{BELOW}"),
        ("# comment\na,b\n1,2\n3,x\n", f"'x' is not a number in line 4, column 2 of x.csv{BELOW}"),
        (
            "1,2\n3,4,5\n",
            "line 2 of x.csv has 3 columns, but those before it have 2. Every row needs the same number: "
            "check that line, or pass delimiter if the columns are not told apart.",
        ),
        (
            "x,1,2\n0.5,3,4\n",
            "the first row of x.csv may be column names or a point: it starts with 'x' and goes on with "
            "numbers. Pass header=True or header=False, or give the columns names that are not numbers.",
        ),
        ("a,b\n", "x.csv holds column names and no rows. Check how it was made."),
        ("\n\n", "x.csv holds no rows. Check how it was made."),
    ],
)
def test_text_that_is_no_table_is_refused_with_line_and_column(here, content, message):
    text("x.csv", content)
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        read("x.csv")


def test_damaged_text_is_refused(here):
    (here / "x.csv").write_bytes(b"a,b\n\xff\x81,1\n")
    with pytest.raises(InputError, match=r"^x\.csv could not be read as a table of text \(UnicodeDecodeError: .*"):
        read("x.csv")
    text("x.csv", 'a,b\n"1,2\n')
    with pytest.raises(InputError, match=r"^x\.csv could not be read as a table of text \(Error: unexpected end"):
        read("x.csv")
    text("y.csv.gz", "1,2\n" * 1000)
    (here / "y.csv.gz").write_bytes((here / "y.csv.gz").read_bytes()[:-12])
    with pytest.raises(InputError, match=r"^y\.csv\.gz could not be read as a table of text \(EOFError: .*cut short"):
        read("y.csv.gz")
    (here / "z.csv.gz").write_bytes(b"1,2\n3,4\n")
    with pytest.raises(InputError, match=r"^z\.csv\.gz could not be read as a table of text \(BadGzipFile: "):
        read("z.csv.gz")
