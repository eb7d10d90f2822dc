import gzip
import hashlib
import json
import pickle
import re

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spectral_ph._check import InputError, TooLargeError
from spectral_ph.files import MARKER, output_folder, read, write_csv, write_json

X = np.array([[1.0, 2.5, -3e-7], [0.1, 1e300, 4.0]])
COUNTS = sp.csr_array(np.array([[0, 1, 2], [3, 0, 0], [0, 0, 0], [0, 4, 0]]))


def says(message):
    return pytest.raises(InputError, match=f"^{re.escape(message)}$")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder, so that messages hold short paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text(path, content):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8", newline="") as stream:
        stream.write(content)
    return path


# Reading numpy files


def test_npy(here):
    np.save("x.npy", X)
    table = read("x.npy")
    np.testing.assert_array_equal(table.X, X)
    assert (table.names, table.columns) == (None, None)
    assert table.source == "x.npy (2 rows x 3)"
    assert repr(table) == "Table(x.npy (2 rows x 3))"
    assert table.sha256 == hashlib.sha256((here / "x.npy").read_bytes()).hexdigest()


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint64, np.float32, ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_real_dtype_becomes_c_contiguous_float64(here, dtype, order):
    np.save("x.npy", np.asarray([[1, 0], [0, 1], [1, 1]], dtype=dtype, order=order))
    table = read(here / "x.npy")
    assert table.X.dtype == np.float64
    assert table.X.flags.c_contiguous
    np.testing.assert_array_equal(table.X, [[1, 0], [0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.array([["a", "b"]]),
            "x.npy holds values of type <U1, and real numbers were needed; save it as those.",
        ),
        (
            np.array([[1j]]),
            "x.npy holds values of type complex128, and real numbers were needed; save it as those.",
        ),
        (
            np.ones(3),
            "x.npy has 1 dimension(s) (shape (3,)), and a table of n rows and d columns was needed; save it with that "
            "shape, for example X.reshape(len(X), -1).",
        ),
        (
            np.ones((0, 3)),
            "x.npy has 0 rows and 3 columns, so there is nothing to compute; check how it was made.",
        ),
    ],
)
def test_npy_of_anything_but_a_table_of_numbers_is_refused(here, array, message):
    np.save("x.npy", array)
    with says(message):
        read("x.npy")


class Trap:
    """Unpickling this would run code."""

    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


PICKLED = (
    " holds Python objects, which are never unpickled here because that can run any code; save it again as numbers, "
    "for example with numpy.save(path, X.astype(float))."
)


def test_nothing_is_ever_unpickled(here):
    trap = np.array([[Trap()]], dtype=object)
    np.save("x.npy", trap, allow_pickle=True)
    np.savez("x.npz", X=trap)
    for name in ("x.npy", "x.npz"):
        with says(name + PICKLED):
            read(name)
    (here / "bare.npy").write_bytes(pickle.dumps(Trap()))
    with says("bare.npy is not a .npy file, whatever its name says; correct its ending, or save it again."):
        read("bare.npy")
    (here / "bare.npz").write_bytes(pickle.dumps(Trap()))
    with says("bare.npz is not an .npz file, whatever its name says; correct its ending, or save it again."):
        read("bare.npz")


def test_npz_with_one_array_or_one_called_X(here):
    np.savez("one.npz", points=X)
    np.savez_compressed("two.npz", other=np.ones(3), X=X)
    assert read("one.npz").source == "array 'points' of one.npz (2 rows x 3)"
    assert read("two.npz").source == "array 'X' of two.npz (2 rows x 3)"
    for name in ("one.npz", "two.npz"):
        np.testing.assert_array_equal(read(name).X, X)


def test_npz_with_several_arrays_is_refused_with_their_names(here):
    np.savez("x.npz", a=X, b=X)
    with says(
        "x.npz holds 2 arrays ('a', 'b'), and none is called 'X'; save the one to read as X, for example with "
        "numpy.savez(path, X=X)."
    ):
        read("x.npz")


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix])
def test_npz_of_scipy_stays_sparse(here, form):
    sp.save_npz("x.npz", form(COUNTS))
    table = read("x.npz")
    assert isinstance(table.X, sp.csr_array)
    assert table.X.dtype == np.float64
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert table.source == "the sparse matrix in x.npz (4 rows x 3)"


# Reading text


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
    with says("delimiter must be one character, and '||' came."):
        read("x.txt", delimiter="||")


def test_nan_and_infinity_are_numbers(here):
    np.testing.assert_array_equal(read(text("x.csv", "a,b\nnan,-inf\n1,2\n")).X, [[np.nan, -np.inf], [1, 2]])


BELOW = (
    "; all below the column names and right of the row names must be numbers, so fill it or drop that row or column."
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,o.5\n", f"'o.5' is not a number in line 3, column 2 of x.csv{BELOW}"),
        ("a,b\n\n# no\n1,2\n", "line 3 of x.csv has 1 columns and those before it have 2"),
        ("a,b\n1,2\n,4\n", f"the cell is empty in line 3, column 1 of x.csv{BELOW}"),
        ("cell,a,b\nc1,1,2\nc2,3,NA\n", f"'NA' is not a number in line 3, column 3 of x.csv{BELOW}"),
        ("1,2\n3,4_0\n", f"'4_0' is not a number in line 2, column 2 of x.csv{BELOW}"),
        ("1,o.5,3\n3,4,5\n", f"'o.5' is not a number in line 1, column 2 of x.csv{BELOW}"),
        ("# comment\na,b\n1,2\n3,x\n", f"'x' is not a number in line 4, column 2 of x.csv{BELOW}"),
        (
            "1,2\n3,4,5\n",
            "line 2 of x.csv has 3 columns and those before it have 2; every row needs as many, so check that line, or "
            "pass delimiter if the columns are not told apart.",
        ),
        (
            "x,1,2\n0.5,3,4\n",
            "the first row of x.csv may be column names or a point, for it starts with 'x' and goes on with numbers; "
            "give the columns names that are not numbers, or leave them out.",
        ),
        ("a,b\n", "x.csv holds column names and no rows; check how it was made."),
        ("\n\n", "x.csv holds no rows; check how it was made."),
    ],
)
def test_text_that_is_no_table_is_refused_with_line_and_column(here, content, message):
    text("x.csv", content)
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        read("x.csv")


def test_damaged_text_is_refused(here):
    (here / "x.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
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


# Reading Matrix Market files and 10x folders


def test_mtx_has_points_in_rows(here):
    scipy.io.mmwrite("x.mtx", COUNTS)
    table = read("x.mtx")
    assert isinstance(table.X, sp.csr_array)
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert table.source == "x.mtx (4 rows x 3)"
    with gzip.open("y.mtx.gz", "wb") as stream:
        stream.write((here / "x.mtx").read_bytes())
    np.testing.assert_array_equal(read("y.mtx.gz").X.toarray(), COUNTS.toarray())
    scipy.io.mmwrite("dense.mtx", X)
    np.testing.assert_array_equal(read("dense.mtx").X, X)


def tenx(folder, features="features.tsv", end=""):
    folder.mkdir()
    scipy.io.mmwrite(str(folder / "matrix.mtx"), COUNTS.T)
    if end:
        (folder / "matrix.mtx.gz").write_bytes(gzip.compress((folder / "matrix.mtx").read_bytes()))
        (folder / "matrix.mtx").unlink()
    text(str(folder / f"barcodes.tsv{end}"), "A-1\nB-1\nC-1\nD-1\n")
    text(str(folder / f"{features}{end}"), "E1\tPCNA\tGene Expression\nE2\tMCM5\tGene Expression\nE3\tCDK1\tx\n")


@pytest.mark.parametrize(("features", "end"), [("features.tsv", ".gz"), ("genes.tsv", "")])
def test_10x_folder_is_transposed_to_cells_by_genes(here, features, end):
    tenx(here / "run", features, end)
    matrix = here / "run" / f"matrix.mtx{end}"
    for path in ("run", matrix):
        table = read(path)
        np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
        assert isinstance(table.X, sp.csr_array)
        assert table.names == ("A-1", "B-1", "C-1", "D-1")
        assert table.columns == ("PCNA", "MCM5", "CDK1")
        assert table.source == "10x folder run (4 cells x 3)"
        assert table.sha256 == hashlib.sha256(matrix.read_bytes()).hexdigest()


def test_10x_folder_with_one_barcode_too_few_is_refused(here):
    tenx(here / "run")
    text("run/barcodes.tsv", "A-1\n")
    with says("10x folder run has 4 rows and 1 names for them; the file is inconsistent."):
        read("run")


def test_a_folder_without_matrix_is_refused_with_what_it_holds(here):
    (here / "run").mkdir()
    text("run/barcodes.tsv", "A-1\n")
    text("run/x.csv", "1,2\n")
    with says(
        "run is a folder, and a 10x folder was needed, but it has no matrix.mtx and no features.tsv (or genes.tsv), "
        "with or without .gz (it holds barcodes.tsv, x.csv); pass a file instead."
    ):
        read("run")


# Reading h5ad


@pytest.fixture
def h5ad(here):
    """Write an AnnData of 4 cells and return its name."""
    anndata = pytest.importorskip("anndata")

    def write(values=COUNTS, **parts):
        cells = anndata.AnnData(values, shape=(4, 0) if values is None else None, **parts)
        cells.obs_names = ["A", "B", "C", "D"]
        cells.write_h5ad("x.h5ad")
        return "x.h5ad"

    return write


PCA = np.arange(8.0).reshape(4, 2)


def test_h5ad_default_is_pca_then_X_then_the_only_entry(h5ad):
    table = read(h5ad(obsm={"X_pca": PCA, "X_umap": PCA + 1}))
    np.testing.assert_array_equal(table.X, PCA)
    assert table.source == "obsm['X_pca'] of x.h5ad (4 cells x 2)"
    assert table.names == ("A", "B", "C", "D")
    assert table.columns is None
    table = read(h5ad(obsm={"X_umap": PCA}, var={"symbol": ["a", "b", "c"]}))
    assert table.source == "X of x.h5ad (4 cells x 3)"
    assert isinstance(table.X, sp.csr_array)
    assert table.X.dtype == np.float64
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert table.columns == ("0", "1", "2")
    table = read(h5ad(None, obsm={"X_scVI": PCA}))
    assert table.source == "obsm['X_scVI'] of x.h5ad (4 cells x 2)"


def test_h5ad_entry_by_name(h5ad):
    path = h5ad(COUNTS.toarray() / 2, obsm={"X_pca": PCA, "X_umap": PCA + 1}, layers={"raw": sp.csc_array(COUNTS)})
    np.testing.assert_array_equal(read(path, use_rep="X_umap").X, PCA + 1)
    np.testing.assert_array_equal(read(path, use_rep="X").X, COUNTS.toarray() / 2)
    table = read(path, layer="raw")
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert table.source == "layers['raw'] of x.h5ad (4 cells x 3)"


def test_h5ad_obsm_may_be_a_data_frame(h5ad):
    pandas = pytest.importorskip("pandas")
    table = read(h5ad(obsm={"X_pca": pandas.DataFrame(PCA, columns=["p", "q"], index=["0", "1", "2", "3"])}))
    np.testing.assert_array_equal(table.X, PCA)
    assert table.columns == ("p", "q")


def test_h5ad_missing_keys_name_those_there_are(h5ad):
    path = h5ad(obsm={"X_pca": PCA, "X_umap": PCA})
    with says("x.h5ad has no obsm['X_scVI']; its obsm entries are 'X_pca', 'X_umap', and X has 3 columns."):
        read(path, use_rep="X_scVI")
    with says("x.h5ad has no layer 'raw'; it has no layers."):
        read(path, layer="raw")
    with says("use_rep='X' and layer='raw' both say what to read from x.h5ad; pass only one of them."):
        read(path, use_rep="X", layer="raw")
    path = h5ad(None, obsm={"a": PCA, "b": PCA})
    with says(
        "x.h5ad does not say which entry holds the points (its obsm entries are 'a', 'b', and X has none); name one "
        "with use_rep."
    ):
        read(path)
    with says("x.h5ad has no values in X; its obsm entries are 'a', 'b', to be named with use_rep."):
        read(path, use_rep="X")


def test_h5ad_entry_is_read_without_the_others(h5ad, monkeypatch):
    path = h5ad(np.ones((4, 1000)), obsm={"X_pca": PCA})
    monkeypatch.setattr("spectral_ph._check.available_memory", lambda: 1000)
    np.testing.assert_array_equal(read(path).X, PCA)
    with pytest.raises(TooLargeError, match=re.escape("X of x.h5ad needs about 0.0 GiB")):
        read(path, use_rep="X")


def test_damaged_h5ad_is_refused(h5ad, here):
    path = here / h5ad(obsm={"X_pca": PCA})
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"^x\.h5ad could not be read as an \.h5ad file \(OSError: .*cut short"):
        read("x.h5ad")
    text("y.h5ad", "not at all")
    with pytest.raises(InputError, match=r"^y\.h5ad could not be read as an \.h5ad file \(OSError: "):
        read("y.h5ad")


def test_other_hdf5_is_refused(here):
    h5py = pytest.importorskip("h5py")
    with h5py.File("x.h5ad", "w") as f:
        f["matrix"] = X
    with says(
        "x.h5ad is an HDF5 file that anndata 0.7 or newer did not write (it has no table obs of cells); read it with "
        "the program that made it, and save it as .h5ad."
    ):
        read("x.h5ad")


# What no file can be read from


def test_a_missing_file_is_said_with_its_nearest_names(here):
    text("cells.csv", "1,2\n")
    text("cells2.csv", "1,2\n")
    text("other.txt", "1,2\n")
    with says(f"there is no file cels.csv in {here}; did you mean cells.csv or cells2.csv?"):
        read("cels.csv")
    with says(f"there is no file zzz in {here}; check the path."):
        read(here / "zzz")
    with says("there is no folder nowhere, so x.csv cannot be read from it; check the path."):
        read("nowhere/x.csv")


@pytest.mark.parametrize("name", ["x.h5ad", "x.npy", "x.npz", "x.csv", "x.tsv.gz", "x.txt", "x.mtx"])
def test_an_empty_file_is_refused(here, name):
    (here / name).touch()
    with says(f"{name} is empty (0 bytes); check how it was made."):
        read(name)


@pytest.mark.parametrize("name", ["x.pkl", "x", "x.npy.gz", "x.h5ad.gz", "x.xlsx"])
def test_an_unknown_ending_is_refused(here, name):
    text(name, "1,2\n")
    with says(
        f"{name} has an ending that is not known, so its format is not either; known are .h5ad, .npy, .npz, .csv, "
        ".tsv, .txt, .mtx, the last 4 of them also with .gz, and 10x folders."
    ):
        read(name)


@pytest.mark.parametrize(
    ("option", "formats"), [("use_rep", ".h5ad"), ("layer", ".h5ad"), ("delimiter", ".csv, .tsv, .txt")]
)
def test_an_option_of_another_format_is_refused(here, option, formats):
    np.save("x.npy", X)
    with says(f"{option} is for {formats} only, and x.npy is .npy; leave {option} out."):
        read("x.npy", **{option: ","})


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.mtx"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short_is_refused(here, name, share):
    big = np.random.default_rng(0).standard_normal((50, 20))
    if name == "x.npy":
        np.save(name, big)
    elif name == "x.npz":
        np.savez(name, X=big)
    else:
        scipy.io.mmwrite(name, sp.csr_array(big))
    whole = (here / name).read_bytes()
    (here / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=rf"^{re.escape(name)} could not be read as .*cut short.*ending\.$"):
        read(name)


# Writing


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir())


def test_json_turns_numpy_into_lists_and_numbers(here):
    write_json(
        "x.json",
        {
            "b": np.float32(0.5),
            "a": np.arange(3),
            3: (np.int64(1), np.bool_(True), None, "é"),
            "path": here,
            "not finite": [np.nan, np.inf, -np.inf, np.float64("inf")],
            "array": np.array([[1.0, np.nan]]),
            "names": np.array(["x", "y"]),
        },
    )
    content = (here / "x.json").read_text(encoding="utf-8")
    assert content.endswith("}\n")
    loaded = json.loads(content)
    assert loaded == {
        "b": 0.5,
        "a": [0, 1, 2],
        "3": [1, True, None, "é"],
        "path": str(here),
        "not finite": [None, "inf", "-inf", "inf"],
        "array": [[1.0, None]],
        "names": ["x", "y"],
    }
    assert list(loaded)[:3] == ["b", "a", "3"]
    assert leftovers(here) == ["x.json"]


def test_json_of_something_else_is_refused_and_nothing_written(here):
    text("x.json", "before")
    with says("the object['a'][1] is a object, which has no JSON form; use dicts, lists, arrays, text and numbers."):
        write_json("x.json", {"a": [1, object()]})
    assert (here / "x.json").read_text() == "before"
    assert leftovers(here) == ["x.json"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_round_trip(tmp_path_factory, obj):
    path = tmp_path_factory.mktemp("json") / "x.json"
    write_json(path, obj)
    assert json.loads(path.read_text(encoding="utf-8")) == obj


def test_csv_quotes_text_and_keeps_every_bit_of_numbers(here):
    write_csv("x.csv", {"cell": ['a,"b"', "c\nd", "=1"], "phase": [0.1, np.nan, -np.inf], "n": np.arange(3)})
    assert (here / "x.csv").read_text(encoding="utf-8") == (
        '"cell","phase","n"\n"a,""b""",0.1,0\n"c\nd",nan,1\n"=1",-inf,2\n'
    )
    assert leftovers(here) == ["x.csv"]


def test_csv_of_unequal_columns_is_refused(here):
    with says("columns must be of one length, and they are not: 'a' has 2, 'b' has 3."):
        write_csv("x.csv", {"a": [1, 2], "b": [1, 2, 3]})
    with says("column 'a' has 2 dimensions, and a column has 1; pass each column by itself."):
        write_csv("x.csv", {"a": X})
    assert leftovers(here) == []


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(
    values=st.integers(1, 4).flatmap(
        lambda d: st.integers(2, 5).flatmap(lambda n: arrays(np.float64, (n, d), elements=st.floats(width=64)))
    ),
    data=st.data(),
)
def test_csv_round_trip(tmp_path_factory, values, data):
    n, d = values.shape
    names = data.draw(st.lists(NAMES, min_size=n, max_size=n))
    columns = [f"c{label}" for label in data.draw(st.lists(NAMES, min_size=d, max_size=d, unique=True))]
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write_csv(path, {"cell": names} | dict(zip(columns, values.T, strict=True)))
    table = read(path)
    np.testing.assert_array_equal(table.X, values)
    assert table.names == tuple(names)
    assert table.columns == tuple(columns)


def test_writing_where_nothing_can_be_written_is_refused(here):
    text("file", "x")
    for write in (lambda p: write_json(p, 1), lambda p: write_csv(p, {"a": [1]})):
        with says(
            "nowhere/x could not be written (No such file or directory); name a file in a folder that exists and can "
            "be written to."
        ):
            write("nowhere/x")
        with pytest.raises(InputError, match=r"^file/x could not be written"):
            write("file/x")
        with pytest.raises(InputError, match="could not be written"):
            write(here)
    assert leftovers(here) == ["file"]


def test_output_folder_appears_only_when_all_is_done(here):
    with output_folder("a/b/out") as folder:
        text(str(folder / "x.txt"), "1")
        assert not (here / "a").exists()
    assert leftovers(here / "a" / "b" / "out") == [MARKER, "x.txt"]
    assert leftovers(here) == ["a"]
    assert leftovers(here / "a" / "b") == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existing", [False, True])
def test_output_folder_leaves_nothing_half_written(here, error, existing):
    if existing:
        with output_folder("out") as folder:
            text(str(folder / "old.txt"), "1")

    def interrupted():
        with output_folder("out", overwrite=existing) as folder:
            text(str(folder / "new.txt"), "1")
            raise error

    with pytest.raises(error):
        interrupted()
    assert leftovers(here) == (["out"] if existing else [])
    if existing:
        assert leftovers(here / "out") == [MARKER, "old.txt"]


def test_output_folder_is_replaced_whole_and_only_when_told_to(here):
    for name in ("old.txt", "new.txt"):
        with output_folder("out", overwrite=name == "new.txt") as folder:
            text(str(folder / name), "1")
    assert leftovers(here / "out") == [MARKER, "new.txt"]
    assert leftovers(here) == ["out"]
    with (
        says("the folder out is not empty; name another one, or pass --overwrite to replace it."),
        output_folder("out"),
    ):
        pytest.fail("the block must not run")


def test_output_folder_may_exist_if_it_is_empty(here):
    (here / "out").mkdir()
    with output_folder("out") as folder:
        text(str(folder / "x.txt"), "1")
    assert leftovers(here / "out") == [MARKER, "x.txt"]


def test_output_folder_that_was_filled_meanwhile_is_kept(here):
    def filled():
        with output_folder("out"):
            (here / "out").mkdir()
            text("out/theirs.txt", "1")

    with pytest.raises(InputError, match=r"^the folder out could not be written \(Directory not empty\)"):
        filled()
    assert leftovers(here) == ["out"]
    assert leftovers(here / "out") == ["theirs.txt"]


def refused(path, message):
    with says(message), output_folder(path, overwrite=True):
        pytest.fail("the block must not run")


def test_output_folder_never_replaces_what_it_did_not_write(here):
    (here / "mine").mkdir()
    text("mine/thesis.txt", "1")
    refused(
        "mine",
        "the folder mine holds files that spectral_ph did not write, so it is not replaced; name another one, or empty "
        "it yourself.",
    )
    refused("mine/thesis.txt", "mine/thesis.txt is a file, and the results need a folder; name another one.")
    for path in (".", "..", "/"):
        refused(
            path,
            f"{path} is the folder you are in, one above it, or a mount point, which cannot be put in place whole; "
            "name a folder inside it.",
        )
    assert leftovers(here) == ["mine"]


def test_output_folder_that_cannot_be_made_is_refused(here):
    text("file", "1")
    refused(
        "file/out",
        "the folder file/out could not be written (Not a directory); name one in a place that can be written to.",
    )
