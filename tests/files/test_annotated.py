"""AnnData in files: which entry is read, from an .h5ad or a .zarr."""

import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph._check import InputError, TooLargeError
from spectral_ph.files import holds_obs, obs_names, read, read_obs
from tests.files.made import COUNTS, X, says, text, warns


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


# .zarr, and features of several types


def zarr(adata, path):
    """Write a .zarr in the format of the installed anndata, without its note on the next one."""
    pytest.importorskip("zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_zarr(path)
    return str(path)


def test_zarr_is_read_as_h5ad_is(here, h5ad):
    anndata = pytest.importorskip("anndata")
    cells = anndata.read_h5ad(h5ad(obsm={"X_pca": PCA}, layers={"raw": COUNTS * 2}, obs={"batch": [1, 2, 1, 2]}))
    for path in (zarr(cells, "x.zarr"), zarr(cells, "folder")):
        for how in ({}, {"use_rep": "X"}, {"layer": "raw"}):
            table, other = read(path, **how), read("x.h5ad", **how)
            assert table.source == other.source.replace("x.h5ad", path)
            assert (table.names, table.columns, table.rows) == (other.names, other.columns, "cells")
            for a, b in ((table.X, other.X),):
                np.testing.assert_array_equal(a.toarray() if how else a, b.toarray() if how else b)
        assert holds_obs(path)
        assert obs_names(path) == ["batch"]
        np.testing.assert_array_equal(read_obs(path, ["batch"])["batch"], [1, 2, 1, 2])
    digest = read("x.zarr").sha256
    assert digest == read("folder").sha256
    (here / "x.zarr" / "more").write_text("x")
    assert read("x.zarr").sha256 != digest
    with says("x.zarr has no layer 'counts'. Its layers are 'raw'."):
        read("x.zarr", layer="counts")


def test_other_zarr_is_refused(here):
    z = pytest.importorskip("zarr")
    z.open_group("x.zarr", mode="w").create_group("a")
    with says(
        "x.zarr is a zarr folder that anndata 0.7 or newer did not write: it has no table obs of cells. Read it with the "
        "program that made it, and save it as .zarr."
    ):
        read("x.zarr")
    (here / "y.zarr").mkdir()
    with pytest.raises(InputError, match=r"^y\.zarr could not be read as a \.zarr folder \(.*make or copy it again"):
        read("y.zarr")


def test_only_genes_of_several_types_are_read(h5ad):
    """scanpy keeps antibodies beside genes in X, and their types in var."""
    path = h5ad(
        obsm={"X_pca": PCA}, layers={"raw": COUNTS * 2},
        var={"feature_types": ["Gene Expression", "Antibody Capture", "Gene Expression"]},
    )  # fmt: skip
    assert read(path).source == "obsm['X_pca'] of x.h5ad (4 cells x 2)"
    for how, what, factor in (({"use_rep": "X"}, "X", 1), ({"layer": "raw"}, "layers['raw']", 2)):
        with warns(
            f"{what} of x.h5ad also has 1 feature of type 'Antibody Capture', left out by default. Pass "
            "feature_type='Antibody Capture' for these alone, or feature_type='all' for all."
        ):
            table = read(path, **how)
        np.testing.assert_array_equal(table.X.toarray(), factor * COUNTS.toarray()[:, [0, 2]])
        assert table.columns == ("0", "2")
        table = read(path, feature_type="Antibody Capture", **how)
        np.testing.assert_array_equal(table.X.toarray(), factor * COUNTS.toarray()[:, [1]])
    with says(
        "feature_type chooses features, but obsm['X_pca'] of x.h5ad has coordinates. Leave feature_type out, or pass "
        "use_rep='X'."
    ):
        read(path, feature_type="all")
