import gzip
import hashlib
import pickle
import re

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

from spectral_ph._check import InputError, TooLargeError
from spectral_ph.files import read
from tests.files.made import COUNTS, X, says, text

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
            "x.npy holds values of type <U1, but real numbers are needed. Save it as those.",
        ),
        (
            np.array([[1j]]),
            "x.npy holds values of type complex128, but real numbers are needed. Save it as those.",
        ),
        (
            np.ones(3),
            "x.npy has 1 dimension(s) (shape (3,)), but a table of n rows and d columns is needed. Save it "
            "with that shape, for example as X.reshape(len(X), -1).",
        ),
        (
            np.ones((0, 3)),
            "x.npy has 0 rows and 3 columns, so there is nothing to compute. Check how it was made.",
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
    " holds Python objects, which are never unpickled here because that can run any code. Save it again as numbers, "
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
    with says("bare.npy is not a .npy file, whatever its name says. Correct its ending, or save it again."):
        read("bare.npy")
    (here / "bare.npz").write_bytes(pickle.dumps(Trap()))
    with says("bare.npz is not an .npz file, whatever its name says. Correct its ending, or save it again."):
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
        "x.npz holds 2 arrays ('a', 'b'), and none is called 'X'. Save the one to read as X, for example with "
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
    with says("10x folder run has 4 rows but 1 names for them. The file is inconsistent: make it again."):
        read("run")


def test_a_folder_without_matrix_is_refused_with_what_it_holds(here):
    (here / "run").mkdir()
    text("run/barcodes.tsv", "A-1\n")
    text("run/x.csv", "1,2\n")
    with says(
        "run is a folder but not a 10x folder: it has no matrix.mtx and no features.tsv (or genes.tsv), with "
        "or without .gz (it holds barcodes.tsv, x.csv). Pass a 10x folder or a file."
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
    with says("x.h5ad has no obsm['X_scVI']. Its obsm entries are 'X_pca', 'X_umap', and X has 3 columns."):
        read(path, use_rep="X_scVI")
    with says("x.h5ad has no layer 'raw'. It has no layers."):
        read(path, layer="raw")
    with says("use_rep='X' and layer='raw' both say what to read from x.h5ad. Pass only one of them."):
        read(path, use_rep="X", layer="raw")
    path = h5ad(None, obsm={"a": PCA, "b": PCA})
    with says(
        "x.h5ad does not say which entry holds the points. Its obsm entries are 'a', 'b', and X has no "
        "columns. Name one with use_rep."
    ):
        read(path)
    with says("x.h5ad has no values in X. Its obsm entries are 'a', 'b'. Name one with use_rep."):
        read(path, use_rep="X")


def test_h5ad_entry_is_read_without_the_others(h5ad, monkeypatch):
    path = h5ad(np.ones((4, 1000)), obsm={"X_pca": PCA})
    monkeypatch.setattr("spectral_ph._check.available_memory", lambda: 1000)
    np.testing.assert_array_equal(read(path).X, PCA)
    with pytest.raises(TooLargeError, match=re.escape("X of x.h5ad would take about 0.0 GiB")):
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
        "x.h5ad is an HDF5 file that anndata 0.7 or newer did not write: it has no table obs of cells. Read "
        "it with the program that made it, and save it as .h5ad."
    ):
        read("x.h5ad")


# What no file can be read from


def test_a_missing_file_is_said_with_its_nearest_names(here):
    text("cells.csv", "1,2\n")
    text("cells2.csv", "1,2\n")
    text("other.txt", "1,2\n")
    with says(f"there is no file cels.csv in {here}. Did you mean cells.csv or cells2.csv?"):
        read("cels.csv")
    with says(f"there is no file zzz in {here}. Check the path."):
        read(here / "zzz")
    with says("there is no folder nowhere, so x.csv cannot be read from it. Check the path."):
        read("nowhere/x.csv")


@pytest.mark.parametrize("name", ["x.h5ad", "x.npy", "x.npz", "x.csv", "x.tsv.gz", "x.txt", "x.mtx"])
def test_an_empty_file_is_refused(here, name):
    (here / name).touch()
    with says(f"{name} is empty (0 bytes). Check how it was made."):
        read(name)


@pytest.mark.parametrize("name", ["x.pkl", "x", "x.npy.gz", "x.h5ad.gz", "x.xlsx"])
def test_an_unknown_ending_is_refused(here, name):
    text(name, "1,2\n")
    with says(
        f"{name} has an unknown ending, so its format is unknown too. Known endings are .h5ad, .npy, .npz, .csv, "
        ".tsv, .txt, .mtx, the last 4 of them also with .gz. A 10x folder can be read as well."
    ):
        read(name)


@pytest.mark.parametrize(
    ("option", "formats"), [("use_rep", ".h5ad"), ("layer", ".h5ad"), ("delimiter", ".csv, .tsv, .txt")]
)
def test_an_option_of_another_format_is_refused(here, option, formats):
    np.save("x.npy", X)
    with says(f"{option} is for {formats} only, but x.npy is .npy. Leave {option} out."):
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
