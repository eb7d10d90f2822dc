"""Genes in rows: a hint, and `transpose`."""

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

from spectral_ph.files import read
from tests.files.made import says, text, warns

GENES_BY_CELLS = np.random.default_rng(0).poisson(1.0, (4, 9))
HINT = "has whole numbers in 4 rows and 9 columns, and each row was taken as a point. If rows are genes and columns are cells, pass transpose=True."


def write(path, values):
    if path.endswith(".npy"):
        np.save(path, values)
    elif path.endswith(".npz"):
        sp.save_npz(path, sp.csr_array(values))
    elif path.endswith(".mtx"):
        scipy.io.mmwrite(path, sp.coo_array(values))
    else:
        np.savetxt(path, values, fmt="%d", delimiter="," if path.endswith(".csv") else "\t")
    return path


def dense(X):
    return X.toarray() if sp.issparse(X) else X


@pytest.mark.parametrize("path", ["x.npy", "x.npz", "x.mtx", "x.csv", "x.tsv"])
def test_more_columns_than_rows_of_whole_numbers_may_be_genes_by_cells(here, path):
    write(path, GENES_BY_CELLS)
    with warns(f"{path} {HINT}"):
        table = read(path)
    np.testing.assert_array_equal(dense(table.X), GENES_BY_CELLS)
    table = read(path, transpose=True)
    np.testing.assert_array_equal(dense(table.X), GENES_BY_CELLS.T)
    assert table.source.endswith(f"{path} (9 rows x 4, transposed)")
    if not sp.issparse(table.X):
        assert table.X.flags.c_contiguous
    read(write(path, GENES_BY_CELLS.T))  # as many rows as one would think: nothing to say
    read(write(path, GENES_BY_CELLS[:, :4]))


def test_fractions_and_negative_numbers_are_no_counts(here):
    for values in (GENES_BY_CELLS + 0.5, GENES_BY_CELLS - 5.0):
        np.save("x.npy", values)
        np.testing.assert_array_equal(read("x.npy").X, values)


def table_of(rows, columns):
    lines = [",".join(["", *columns])]
    lines += [",".join([name, *("12"[(i + j) % 2] for j in range(len(columns)))]) for i, name in enumerate(rows)]
    return text("x.csv", "\n".join(lines) + "\n")


@pytest.mark.parametrize("genes", [["PCNA", "MCM5", "TOP2A", "own"], ["ENSG00000132646", "ENSMUSG00000027342.3"]])
def test_names_of_genes_tell_where_they_are(here, genes):
    cells = [f"c{i}" for i in range(9)]
    table_of(genes, cells)
    with warns(
        "the rows of x.csv have names of genes, and each was taken as a point. If rows are genes and columns are cells, "
        "pass transpose=True."
    ):
        assert read("x.csv").names == tuple(genes)
    table = read("x.csv", transpose=True)
    assert (table.names, table.columns) == (tuple(cells), tuple(genes))
    more = [*genes, *(f"MT-{i}" for i in range(9))]
    table = read(table_of(cells[:3], more))  # cells in rows, and more genes than cells
    assert table.columns == tuple(more)


@pytest.mark.parametrize("path", ["x.h5ad", "x.h5", "x.loom"])
def test_formats_that_say_where_genes_are_are_not_transposed(here, path):
    text(path, "x")
    with says(
        f"transpose is for .npy, .npz, .mtx, .csv, .tsv, .txt only, but {path} is {path[1:]}. Leave transpose out."
    ):
        read(path, transpose=True)
