import gzip
import hashlib
import pickle
import re

import anndata
import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

from spectral_ph._check import InputError
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


# Reading Matrix Market files


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
        f"{name} has an unknown ending, so its format is unknown too. Known endings are .h5ad, .zarr, .h5, "
        ".loom, .npy, .npz, .csv, .tsv, .txt, .mtx, the last 4 of them also with .gz. A 10x folder can be read as well."
    ):
        read(name)


TEXT = ".csv, .tsv, .txt"


@pytest.mark.parametrize(
    ("option", "value", "formats"),
    [
        ("use_rep", "X", ".h5ad, .zarr, .h5"),
        ("layer", "counts", ".h5ad, .zarr, .h5, .loom"),
        ("feature_type", "all", ".h5ad, .zarr, .h5, .mtx, a folder"),
        ("delimiter", ",", TEXT),
        ("decimal", ",", TEXT),
        ("encoding", "utf-8", TEXT),
        ("header", False, TEXT),
        ("index", True, TEXT),
    ],
)
def test_an_option_of_another_format_is_refused(here, option, value, formats):
    np.save("x.npy", X)
    with says(f"{option} is for {formats} only, but x.npy is .npy. Leave {option} out."):
        read("x.npy", **{option: value})


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


def test_a_locked_file_is_called_locked(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "cells.h5ad"
    anndata.AnnData(np.ones((3, 2))).write_h5ad(path)
    with path.open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # what HDF5 does in a program that writes to the file
        with pytest.raises(InputError) as error:
            read(path)
    assert str(error.value) == (
        f"{path} is locked, because another program has it open to write to it. Close it there, or copy the file and read "
        "the copy."
    )
    assert read(path).X.shape == (3, 2)
