"""A .loom is HDF5 with genes in rows."""

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph.files import loom, read
from tests.files.made import COUNTS, says


def write(path, **parts):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as f:
        for key, value in parts.items():
            f[key.replace("__", "/")] = value
    return path


NAMES = {
    "col_attrs__CellID": np.array([b"A", b"B", b"C", b"D"]),
    "row_attrs__Gene": np.array([b"P", b"C", b"D"]),
    "row_attrs__Accession": np.array([b"E1", b"E2", b"E3"]),
}


@pytest.mark.parametrize("block", [1, 7, 2**24])
def test_loom_is_transposed_to_cells_by_genes(here, monkeypatch, block):
    monkeypatch.setattr(loom, "BLOCK", block)
    path = write("x.loom", matrix=COUNTS.toarray().T, layers__spliced=2 * COUNTS.toarray().T, **NAMES)
    table = read(path)
    assert isinstance(table.X, sp.csr_array)
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert (table.names, table.columns, table.rows) == (("A", "B", "C", "D"), ("P", "C", "D"), "cells")
    assert table.source == "x.loom (4 cells x 3)"
    table = read(path, layer="spliced")
    np.testing.assert_array_equal(table.X.toarray(), 2 * COUNTS.toarray())
    assert table.source == "layers['spliced'] of x.loom (4 cells x 3)"
    with says("x.loom has no layer 'raw'. Its layers are 'spliced'."):
        read(path, layer="raw")


def test_loom_without_names_or_matrix(here):
    assert read(write("x.loom", matrix=COUNTS.toarray().T)).names is None
    with says("y.loom is an HDF5 file but no .loom: it has no table 'matrix'. Correct its ending, or save it again."):
        read(write("y.loom", matrices=[1]))
