"""What Cell Ranger writes: only genes by default, what is left out is said, and any type can be chosen."""

import gzip
import hashlib

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.files import read
from tests.files.made import COUNTS, says, text, warns


def tenx(folder, features="features.tsv", end=""):
    folder.mkdir()
    scipy.io.mmwrite(str(folder / "matrix.mtx"), COUNTS.T)
    if end:
        (folder / "matrix.mtx.gz").write_bytes(gzip.compress((folder / "matrix.mtx").read_bytes()))
        (folder / "matrix.mtx").unlink()
    text(str(folder / f"barcodes.tsv{end}"), "A-1\nB-1\nC-1\nD-1\n")
    text(
        str(folder / f"{features}{end}"),
        "E1\tPCNA\tGene Expression\nE2\tMCM5\tGene Expression\nE3\tCDK1\tGene Expression\n",
    )


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


ANTIBODIES = ("Gene Expression", "Antibody Capture", "Gene Expression")


def typed(folder, types=ANTIBODIES, prefix=""):
    """Write COUNTS as a folder whose features have the types."""
    folder.mkdir(exist_ok=True)
    scipy.io.mmwrite(str(folder / f"{prefix}matrix.mtx"), COUNTS.T)
    text(str(folder / f"{prefix}barcodes.tsv"), "A-1\nB-1\nC-1\nD-1\n")
    lines = (f"E{j}\t{'PCD'[j]}\t{name}\n" for j, name in enumerate(types))
    text(str(folder / f"{prefix}features.tsv"), "".join(lines))
    return folder.name


def v3(path, types=ANTIBODIES, values=COUNTS, group="matrix"):
    """Write counts as Cell Ranger 3 and newer do."""
    h5py = pytest.importorskip("h5py")
    matrix = sp.csc_array(sp.csr_array(values).T)
    with h5py.File(path, "w") as f:
        g = f.create_group(group)
        g["shape"], g["indptr"] = np.array(matrix.shape, dtype=np.int32), matrix.indptr.astype(np.int64)
        g["data"], g["indices"] = matrix.data.astype(np.int32), matrix.indices.astype(np.int64)
        g["barcodes"] = np.array([f"{c}-1".encode() for c in "ABCDEFGHIJKL"[: matrix.shape[1]]])
        features = g.create_group("features")
        features["name"] = np.array([name.encode() for name in "PCDEFGHI"[: matrix.shape[0]]])
        features["id"] = np.array([f"E{j}".encode() for j in range(matrix.shape[0])])
        features["feature_type"] = np.array([name.encode() for name in types])
    return str(path)


def v2(path, *genomes):
    """Write counts as Cell Ranger 2 did."""
    h5py = pytest.importorskip("h5py")
    matrix = sp.csc_array(COUNTS.T)
    with h5py.File(path, "w") as f:
        for genome in genomes:
            g = f.create_group(genome)
            g["shape"], g["data"], g["indices"] = np.array(matrix.shape), matrix.data, matrix.indices
            g["indptr"], g["barcodes"] = matrix.indptr, np.array([b"A-1", b"B-1", b"C-1", b"D-1"])
            g["genes"], g["gene_names"] = np.array([b"E0", b"E1", b"E2"]), np.array([b"P", b"C", b"D"])
    return str(path)


LEFT_OUT = "also has 1 feature of type 'Antibody Capture', left out by default. Pass feature_type='Antibody Capture' for these alone, or feature_type='all' for all."


@pytest.mark.parametrize("form", ["folder", "matrix", "prefixed", "h5"])
def test_only_genes_are_read_unless_another_type_is_named(here, form):
    path, what = {
        "folder": lambda: (typed(here / "run"), "10x folder run"),
        "matrix": lambda: (f"{typed(here / 'run')}/matrix.mtx", "10x folder run"),
        "prefixed": lambda: (f"{typed(here / 'run', prefix='GSM1_')}/GSM1_matrix.mtx", "10x folder run (GSM1_*)"),
        "h5": lambda: (v3("x.h5"), "10x file x.h5"),
    }[form]()
    with warns(f"{what} {LEFT_OUT}"):
        table = read(path)
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray()[:, [0, 2]])
    assert table.names == ("A-1", "B-1", "C-1", "D-1")
    assert table.columns == ("P", "D")
    assert table.rows == "cells"
    assert table.source == f"{what} (4 cells x 2, without 1 feature of type 'Antibody Capture')"
    table = read(path, feature_type="antibody capture")
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray()[:, [1]])
    assert table.columns == ("C",)
    assert table.source == f"{what} (4 cells x 1, without 2 features of type 'Gene Expression')"
    table = read(path, feature_type="all")
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert table.source == f"{what} (4 cells x 3)"
    with says(
        f"{what} has 2 features of type 'Gene Expression' and 1 feature of type 'Antibody Capture', and none is of type "
        "'Peaks'. Name one type with feature_type, or pass feature_type='all'."
    ):
        read(path, feature_type="Peaks")


def test_what_has_no_genes_is_read_if_it_is_of_one_type(here):
    typed(here / "one", ["Antibody Capture"] * 3)
    assert read("one").source == "10x folder one (4 cells x 3, all of type 'Antibody Capture')"
    typed(here / "two", ["Antibody Capture", "Peaks", "Peaks"])
    with says(
        "10x folder two has 1 feature of type 'Antibody Capture' and 2 features of type 'Peaks', and none of them is a "
        "gene. Name one type with feature_type, or pass feature_type='all'."
    ):
        read("two")
    tenx(here / "old", "genes.tsv")
    text("old/genes.tsv", "E1\tPCNA\nE2\tMCM5\nE3\tCDK1\n")
    assert read("old").columns == read("old", feature_type="Gene Expression").columns == ("PCNA", "MCM5", "CDK1")
    with says("10x folder old says nothing about the types of its features. Leave feature_type out."):
        read("old", feature_type="Peaks")


@given(
    types=st.lists(st.sampled_from(["Gene Expression", "Antibody Capture", "Peaks", "CRISPR Guide Capture"]), min_size=2, max_size=8),
    n=st.integers(1, 9),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_every_feature_is_read_once_or_said_to_be_left_out(tmp_path_factory, types, n, seed):
    values = np.random.default_rng(seed).poisson(0.7, (n, len(types)))
    path = v3(tmp_path_factory.mktemp("h5") / "x.h5", types, values)
    for wanted in set(types):
        kept = [name == wanted for name in types]
        table = read(path, feature_type=wanted)
        np.testing.assert_array_equal(table.X.toarray(), values[:, kept])
        assert table.columns == tuple(name for name, keep in zip("PCDEFGHI", kept, strict=False) if keep)
        for other in set(types) - {wanted}:
            count = types.count(other)
            assert f"{count} feature{'s' * (count > 1)} of type {other!r}" in table.source
    if "Gene Expression" in types and len(set(types)) > 1:
        with pytest.warns(SpectralWarning, match="left out by default"):
            table = read(path)
        np.testing.assert_array_equal(table.X.toarray(), read(path, feature_type="Gene Expression").X.toarray())


def test_h5_of_cell_ranger_2(here):
    table = read(v2("x.h5", "GRCh38"))
    np.testing.assert_array_equal(table.X.toarray(), COUNTS.toarray())
    assert (table.names, table.columns) == (("A-1", "B-1", "C-1", "D-1"), ("P", "C", "D"))
    assert table.source == "10x file x.h5 (4 cells x 3)"
    assert table.sha256 == hashlib.sha256((here / "x.h5").read_bytes()).hexdigest()
    with says(
        "y.h5 holds 2 genomes ('hg19', 'mm10'), each with cells of its own. Save the one that is wanted as .h5ad, for "
        "example with scanpy.read_10x_h5(path, genome='hg19')."
    ):
        read(v2("y.h5", "hg19", "mm10"))


def test_h5_is_what_scanpy_reads(here):
    scanpy = pytest.importorskip("scanpy")
    h5py = pytest.importorskip("h5py")
    v3("x.h5")
    with h5py.File("x.h5", "a") as f:
        f["matrix/features/genome"] = np.array([b"GRCh38"] * 3)
    theirs = scanpy.read_10x_h5("x.h5", gex_only=True)
    ours = read("x.h5", feature_type="Gene Expression")
    np.testing.assert_array_equal(ours.X.toarray(), theirs.X.toarray())
    assert (ours.names, ours.columns) == (tuple(theirs.obs_names), tuple(theirs.var_names))


def test_h5_may_be_an_anndata(here):
    anndata = pytest.importorskip("anndata")
    anndata.AnnData(COUNTS, layers={"raw": COUNTS * 2}).write_h5ad("x.h5")
    assert read("x.h5").source == "X of x.h5 (4 cells x 3)"
    np.testing.assert_array_equal(read("x.h5", layer="raw").X.toarray(), 2 * COUNTS.toarray())


def test_h5_of_anything_else_is_refused(here):
    h5py = pytest.importorskip("h5py")
    with h5py.File("x.h5", "w") as f:
        f["barcode_idx"] = [1]
        f["count"] = [1]
    with says(
        "x.h5 is an HDF5 file that Cell Ranger did not write: it holds 'barcode_idx', 'count', and no 'matrix' with "
        "'features'. Save it as .h5ad with the program that made it."
    ):
        read("x.h5")
    for option in ("use_rep", "layer"):
        with says(f"{option} is for an AnnData, but y.h5 is a file of Cell Ranger. Leave {option} out."):
            read(v3("y.h5"), **{option: "X"})


def test_damaged_h5_is_refused(here):
    h5py = pytest.importorskip("h5py")
    v3("x.h5")
    with h5py.File("x.h5", "a") as f:
        f["matrix/indices"][0] = 7
    with pytest.raises(
        InputError, match=r"^x\.h5 could not be read as an HDF5 file \(ValueError: .*make or copy it again"
    ):
        read("x.h5")
    v3("y.h5")
    (here / "y.h5").write_bytes((here / "y.h5").read_bytes()[:-900])
    with pytest.raises(InputError, match=r"^y\.h5 could not be read as an HDF5 file \(OSError: .*cut short"):
        read("y.h5")


def test_several_sets_in_a_folder_are_told_apart_by_what_stands_before_their_names(here):
    genes = ["Gene Expression"] * 3
    typed(here / "run", genes, "GSM1_")
    assert read("run").source == "10x folder run (GSM1_*) (4 cells x 3)"
    typed(here / "run", genes, "GSM2_")
    with says("run holds 2 sets of 10x files. Pass one of the matrices in it: GSM1_matrix.mtx, GSM2_matrix.mtx."):
        read("run")
    np.testing.assert_array_equal(read("run/GSM2_matrix.mtx").X.toarray(), COUNTS.toarray())


def test_a_matrix_alone_has_no_types(here):
    scipy.io.mmwrite("x.mtx", COUNTS)
    with says("feature_type is for a 10x folder, but there is no barcodes.tsv beside x.mtx. Leave feature_type out."):
        read("x.mtx", feature_type="all")
