"""A first row or column of numbers: taken as names, taken as numbers, or refused, and never without a word."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph.files import read
from tests.files.made import says, text, warns
from tests.files.test_dialect import VALUES, written


def header_warning(listing):
    return (
        f"the first row of x.csv holds {listing}, which was taken as column names. If it is a point, pass header=False."
    )


def index_warning(said):
    return f"the first column of x.csv {said}, and was taken as row names. If it is a coordinate, pass index=False."


# Column names


@pytest.mark.parametrize("first", ["012", "123"])
def test_a_first_row_that_counts_the_columns_is_their_names(here, first):
    """pandas #10646: DataFrame.to_csv(index=False) writes 0, 1, 2 above the points."""
    text("x.csv", written(VALUES, first=first))
    with warns(header_warning(", ".join(first))):
        table = read("x.csv")
    np.testing.assert_array_equal(table.X, VALUES)
    assert table.columns == tuple(first)
    assert table.source == "x.csv (4 rows x 3, column names in the first row)"
    np.testing.assert_array_equal(read("x.csv", header=True).X, VALUES)
    table = read("x.csv", header=False)
    np.testing.assert_array_equal(table.X, [list(map(float, first)), *VALUES])
    assert table.columns is None


def test_numbers_above_columns_are_names_however_both_are_written(here):
    t = np.linspace(0, 6.2, 20)
    X = np.c_[np.cos(t), np.sin(t), 0 * t]
    for first, fmt in ((["0", "1", "2"], "%g"), (["0", "1", "2"], "%.2g"), (["0.0", "1.0", "2.0"], "%r")):
        rows = ([fmt % v for v in row.tolist()] for row in X)
        text("x.csv", "\n".join(",".join(row) for row in [first, *rows]) + "\n")
        with warns(header_warning(", ".join(first))):
            assert read("x.csv").X.shape == (20, 3)
    np.savetxt("x.csv", X[:, [1, 0]], delimiter=",")  # starts at (0, 1)
    np.testing.assert_array_equal(read("x.csv").X, X[:, [1, 0]])


@pytest.mark.parametrize("left", [None, ["c1", "c2", "c3", "c4"]])
@pytest.mark.parametrize("corner", ["", "cell", "cell_id", "Unnamed: 0", "barcode", "of_my_own"])
def test_numbers_beside_the_name_of_the_names_are_column_names(here, corner, left):
    """An index has no name, a usual one, or one of its own; pandas then writes 0, 1, 2 beside it."""
    left = left or list("0123")
    text("x.csv", written(VALUES, first=[corner, "0", "1", "2"], names=left))
    if corner != "of_my_own":
        table = read("x.csv")
    elif left[0] == "0":
        with says(
            "the first row of x.csv may be column names or a point: it starts with 'of_my_own' and goes on with numbers. "
            "Pass header=True or header=False, or give the columns names that are not numbers."
        ):
            read("x.csv")
        table = read("x.csv", header=True, index=True)
    else:
        with warns(header_warning("0, 1, 2")):
            table = read("x.csv")
    np.testing.assert_array_equal(table.X, VALUES)
    assert (table.names, table.columns) == (tuple(left), ("0", "1", "2"))


@pytest.mark.parametrize("first", ["012", "123", "379"])
def test_numbers_above_all_columns_but_the_first_are_column_names(here, first):
    """R leaves out the name of the column of row names."""
    text("x.csv", written(VALUES, first=first, names=list("1234")))
    table = read("x.csv")
    np.testing.assert_array_equal(table.X, VALUES)
    assert (table.names, table.columns) == (tuple("1234"), tuple(first))


@pytest.mark.parametrize("first", [["3", "7", "9"], ["12", "40", "177"], ["0", "2"]])
def test_whole_numbers_above_fractions_are_refused(here, first):
    """A selection of columns that were numbered."""
    text("x.csv", written(VALUES[:, : len(first)], first=first))
    with says(
        f"the first row of x.csv may be column names or a point: it holds whole numbers ({', '.join(first)}), and the rows "
        "below hold fractions. Pass header=True or header=False."
    ):
        read("x.csv")
    np.testing.assert_array_equal(read("x.csv", header=True).X, VALUES[:, : len(first)])
    np.testing.assert_array_equal(read("x.csv", header=False).X, [list(map(float, first)), *VALUES[:, : len(first)]])


def test_numbers_that_increase_above_numbers_that_do_not_are_refused(here):
    """Wavelengths, times, doses; or the numbers of chosen columns above counts."""
    counts = np.random.default_rng(0).poisson(1.0, (12, 9))
    for first, values in (
        ([400.5 + 2 * j for j in range(9)], counts + 0.5),
        ([3, 7, 9, 20, 21, 22, 40, 41, 50], counts),
    ):
        np.savetxt("x.csv", [first, *values], delimiter=",", fmt="%g")
        listing = ", ".join(f"{c:g}" for c in first[:3])
        with says(
            f"the first row of x.csv may be column names or a point: it holds numbers that increase ({listing}, ...), and "
            "those below do not. Pass header=True or header=False."
        ):
            read("x.csv")
        np.testing.assert_array_equal(read("x.csv", header=True).X, values)
        np.testing.assert_array_equal(read("x.csv", header=False).X, [first, *values])
    np.savetxt("x.csv", np.cumsum(counts + 0.5, axis=1), delimiter=",", fmt="%g")  # all of them increase
    np.testing.assert_array_equal(read("x.csv").X, np.cumsum(counts + 0.5, axis=1))


def test_an_empty_cell_beside_fractions_is_refused(here):
    text("x.csv", ",0.5,0.7\n0.1,0.2,0.3\n")
    with says(
        "the first row of x.csv may be column names or a point: it starts with '' and goes on with numbers. Pass "
        "header=True or header=False, or give the columns names that are not numbers."
    ):
        read("x.csv")
    table = read("x.csv", header=True)  # doses, for example
    assert (table.names, table.columns) == (("0.1",), ("0.5", "0.7"))


def test_few_whole_numbers_above_whole_numbers_are_a_point(here):
    np.testing.assert_array_equal(read(text("x.csv", "1,2\n3,4\n")).X, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(read(text("x.csv", "1,0,0\n0.5,0.25,0.1\n")).X, [[1, 0, 0], [0.5, 0.25, 0.1]])
    text("x.csv", "0,1\n5,4\n7,7\n")
    with warns(
        "the first row of x.csv holds 0, 1, which was taken as a point. If these are column names, pass header=True."
    ):
        table = read("x.csv")
    np.testing.assert_array_equal(table.X, [[0, 1], [5, 4], [7, 7]])
    np.testing.assert_array_equal(read("x.csv", header=True).X, [[5, 4], [7, 7]])
    text("x.csv", "0,1,2,3,4\n5,0,0,1,0\n7,7,1,0,2\n6,6,6,0,6\n1,1,1,1,1\n0,0,0,0,9\n")
    with warns(header_warning("0, 1, 2, ...")):
        assert read("x.csv").X.shape == (5, 5)


# Row names


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("first", [None, ["t", "a", "b", "c"]])
def test_a_first_column_that_counts_the_rows_is_their_names(here, start, first):
    """pandas #26576: DataFrame.to_csv(header=False) writes 0, 1, 2, ... before the points."""
    names = [str(start + i) for i in range(4)]
    text("x.csv", written(VALUES, first=first, names=names))
    with warns(index_warning(f"counts its rows ({', '.join(names[:3])}, ...)")):
        table = read("x.csv")
    np.testing.assert_array_equal(table.X, VALUES)
    assert table.names == tuple(names)
    assert table.columns == (None if first is None else ("a", "b", "c"))
    np.testing.assert_array_equal(read("x.csv", index=True).X, VALUES)
    table = read("x.csv", index=False)
    np.testing.assert_array_equal(table.X[:, 0], np.arange(4) + start)
    assert table.names is None


def test_shuffled_row_numbers_are_names(here):
    text("x.csv", written(np.vstack([VALUES, VALUES]), names=list("35107264")))
    with warns(index_warning("holds each of the numbers of its rows once (3, 5, 1, ...)")):
        table = read("x.csv")
    np.testing.assert_array_equal(table.X, np.vstack([VALUES, VALUES]))


def test_row_numbers_that_numpy_wrote_as_fractions_are_names(here):
    X = np.random.default_rng(0).standard_normal((20, 3))
    np.savetxt("x.csv", np.c_[np.arange(20), X], delimiter=",")
    zero, one, two = (f"{i}.000000000000000000e+00" for i in range(3))
    with warns(index_warning(f"counts its rows ({zero}, {one}, {two}, ...)")):
        np.testing.assert_array_equal(read("x.csv").X, X)


def test_row_numbers_of_a_selection_are_refused(here):
    text("x.csv", written(np.vstack([VALUES, VALUES]), names=["2", "5", "9", "11", "30", "31", "40", "77"]))
    with says(
        "the first column of x.csv may be row names or a coordinate: it holds whole numbers (2, 5, 9, ...), each once, and "
        "the other columns hold fractions. Pass index=True or index=False."
    ):
        read("x.csv")
    assert read("x.csv", index=True).X.shape == (8, 3)
    assert read("x.csv", index=False).X.shape == (8, 4)


@pytest.mark.parametrize("corner", ["", "cell"])
@pytest.mark.parametrize("name", ["Unnamed: 0", "", "index", "level_0"])
def test_row_numbers_that_were_written_twice_are_refused(here, corner, name):
    """pandas reads its own row numbers as a column, and writes them once more."""
    text("x.csv", written(np.c_[np.arange(4), VALUES], first=[corner, name, "a", "b", "c"], names=list("0123")))
    with says(
        f"column {name!r} of x.csv counts its rows, as if row names had been written twice. Write the file again without "
        "that column. If it is a coordinate, pass index=True or index=False."
    ):
        read("x.csv")
    np.testing.assert_array_equal(read("x.csv", index=True).X, np.c_[np.arange(4), VALUES])


def test_two_rows_of_column_names_are_refused(here):
    text("x.csv", "x,x,y\n0,1,0\n" + written(VALUES))
    with says(
        "x.csv seems to have two rows of column names, because names in the first come twice and the second holds whole "
        "numbers above fractions. Write it again with one row of names. If the second row is a point, pass header=True."
    ):
        read("x.csv")
    np.testing.assert_array_equal(read("x.csv", header=True).X, [[0, 1, 0], *VALUES])


def test_row_numbers_of_a_selection_beside_counts_are_refused(here):
    counts = np.random.default_rng(0).poisson(1.0, (9, 4))
    numbers = np.array([2, 5, 9, 11, 30, 31, 40, 77, 80])
    np.savetxt("x.csv", np.c_[numbers, counts], delimiter=",", fmt="%d")
    with says(
        "the first column of x.csv may be row names or a coordinate: it holds whole numbers (2, 5, 9, ...), each once, and "
        "the other columns do not increase with it. Pass index=True or index=False."
    ):
        read("x.csv")
    np.testing.assert_array_equal(read("x.csv", index=True).X, counts)
    np.testing.assert_array_equal(read("x.csv", index=False).X, np.c_[numbers, counts])
    np.savetxt("x.csv", np.c_[numbers, numbers], delimiter=",", fmt="%d")
    np.testing.assert_array_equal(read("x.csv").X, np.c_[numbers, numbers])


def test_few_whole_numbers_beside_whole_numbers_are_a_coordinate(here):
    text("x.csv", "0,5\n1,7\n2,3\n")
    with warns(
        "the first column of x.csv holds 0, 1, 2, which was taken as a coordinate. If these are row names, pass index=True."
    ):
        np.testing.assert_array_equal(read("x.csv").X, [[0, 5], [1, 7], [2, 3]])
    np.testing.assert_array_equal(read("x.csv", index=True).X, [[5], [7], [3]])
    np.testing.assert_array_equal(read(text("y.csv", "0\n1\n2\n3\n4\n5\n"), header=False).X[:, 0], np.arange(6))


# Laws


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 30), d=st.integers(1, 6), digits=st.integers(1, 17))
def test_points_alone_are_points(tmp_path_factory, seed, n, d, digits):
    """No row or column of fractions is ever taken for names, by whoever it was written."""
    X = np.random.default_rng(seed).standard_normal((n, d)) + 0.5
    for name, fmt in (("a.csv", f"%.{digits}e"), ("b.txt", f"%.{digits}f")):
        stream = io.StringIO()
        np.savetxt(stream, X, fmt=fmt, delimiter="," if name == "a.csv" else " ")
        path = tmp_path_factory.mktemp("text") / name
        path.write_text(stream.getvalue())
        table = read(path)
        np.testing.assert_array_equal(table.X, np.loadtxt(io.StringIO(stream.getvalue()), delimiter="," if name == "a.csv" else None, ndmin=2))  # fmt: skip
        assert (table.names, table.columns) == (None, None)


@given(
    values=st.lists(st.lists(st.integers(-3, 30), min_size=3, max_size=3), min_size=2, max_size=12),
    header=st.booleans(),
    index=st.booleans(),
)
def test_what_is_said_is_done(tmp_path_factory, values, header, index):
    """Whatever the numbers look like, header and index settle what they are."""
    path = tmp_path_factory.mktemp("text") / "x.csv"
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in values))
    table = read(path, header=header, index=index, decimal=".")
    np.testing.assert_array_equal(table.X, np.array(values, dtype=float)[int(header) :, int(index) :])
    assert table.columns == (tuple(map(str, values[0][int(index) :])) if header else None)
    assert table.names == (tuple(str(row[0]) for row in values[int(header) :]) if index else None)
