"""What numbers may come in: any real type in any container gives what float64 gives, and nothing else passes a door."""

import pathlib
import re

import anndata
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral_ph as sph
from spectral_ph import _check
from spectral_ph.cells.confounders import association
from spectral_ph.cells.expression import Expression
from spectral_ph.cells.genes import genes_along
from spectral_ph.homology import rips_persistence
from spectral_ph.homology.persistence import ENGINES
from spectral_ph.report.record import record
from tests.contracts import check_engine
from tests.naive import persistence_by_reduction
from tests.strategies import distance_matrices, seeds

REAL = ["float16", "float32", "float64", "longdouble", ">f4", ">f8", "bool", "int8", "uint8", ">i2", "int64", "uint64"]


def grid(n=24, d=3, seed=0):
    """Return small whole numbers that differ, which every type can hold; without 0 and 1 alone a bool would lose them."""
    return np.random.default_rng(seed).integers(0, 90, (n, d)).astype(np.float64)


# Types that real numbers come in


def nullable(X):
    return pd.DataFrame(X).convert_dtypes(convert_string=False, convert_boolean=X.dtype == bool)


DENSE = {
    "array": lambda X: X,
    "Fortran order": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "read-only": lambda X: np.frombuffer(X.tobytes(), dtype=X.dtype).reshape(X.shape),
    "list": lambda X: X.tolist(),
    "tuple of arrays": tuple,
    "matrix": lambda X: X.view(np.matrix),
    "dask": lambda X: da.from_array(X, chunks=(7, 2)),
    "table": lambda X: pd.DataFrame(X),
    "table of nullable types": nullable,
}
NATIVE = {"table", "table of nullable types", "dask"}


def recast(A, dtype):
    """Return a sparse matrix whose data are of a type that SciPy may not know: that is how they come from files."""
    A.data = A.data.astype(dtype)
    return A


SPARSE = {
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
    "csc_array": sp.csc_array,
    "coo_matrix": sp.coo_matrix,
    "bsr_array": sp.bsr_array,
}


@given(st.sampled_from(REAL), st.sampled_from(sorted(DENSE)), seeds)
@settings(deadline=None, max_examples=60)
def test_points_of_any_real_type_in_any_container_are_their_float64(dtype, container, seed):
    X = grid(seed=seed).astype(dtype)
    if container in NATIVE and dtype in ("longdouble", "float16", ">f4", ">f8", ">i2"):
        X = X.astype(X.dtype.newbyteorder("=")).astype(np.float32)
    expected = X.astype(np.float64)
    found = _check.points(DENSE[container](X))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("container", sorted(DENSE))
def test_every_door_takes_the_container(container):
    X = grid().astype(np.float32)
    expected = sph.persistence(X.astype(np.float64), "euclidean")
    np.testing.assert_array_equal(sph.persistence(DENSE[container](X), "euclidean")[1], expected[1])
    D = sph.distance_matrix(DENSE[container](X), "euclidean")
    np.testing.assert_array_equal(D, sph.distance_matrix(X.astype(np.float64), "euclidean"))
    near = sph.neighbor_graph(DENSE[container](X), 4)
    np.testing.assert_array_equal(near.toarray(), sph.neighbor_graph(X.astype(np.float64), 4).toarray())
    found = sph.find_loops(DENSE[container](X), "euclidean", splits=0)
    np.testing.assert_array_equal(found.persistence[1], expected[1])


@given(st.sampled_from(REAL), st.sampled_from(sorted(SPARSE)))
@settings(deadline=None, max_examples=40)
def test_a_graph_of_any_real_type_and_format_is_its_float64(dtype, container):
    A = sph.neighbor_graph(grid(), 4) * 3.0
    expected = _check.graph(sp.csr_array(A.toarray().astype(dtype).astype(np.float64)))
    found = _check.graph(recast(SPARSE[container](A), dtype))
    np.testing.assert_array_equal(found.toarray(), expected.toarray())
    np.testing.assert_array_equal(_check.graph(A.toarray().astype(dtype)).toarray(), expected.toarray())


# Sums


def counts(n=40, g=25, high=200):
    return np.random.default_rng(1).integers(1, high, (n, g)).astype(np.float64)


@given(st.sampled_from(REAL), st.sampled_from([*sorted(SPARSE), "array", "dask", "dask of csr_matrix", "table"]))
@settings(deadline=None, max_examples=60)
def test_counts_are_summed_in_double_precision_whatever_they_are_stored_in(dtype, container):
    C = counts(high=120) if dtype == "int8" else counts(high=250 if dtype == "uint8" else 6000)
    C = C.astype(dtype).astype(np.float64)  # as far as the type can hold it
    if container in SPARSE:
        table = recast(SPARSE[container](C), dtype)
    elif container == "array":
        table = C.astype(dtype)
    else:
        native = np.dtype(dtype).newbyteorder("=")
        native = np.float32 if native in (np.float16, np.longdouble) else native
        table = C.astype(native)
        if container == "table":
            table = pd.DataFrame(table)
        else:
            table = da.from_array(table, chunks=(9, 25))
            table = table.map_blocks(sp.csr_matrix) if container == "dask of csr_matrix" else table
    names = [f"g{i}" for i in range(24)] + ["MT-1"]
    found, expected = Expression.of(table, names, "counts"), Expression.of(C, names, "counts")
    np.testing.assert_array_equal(found.totals, C.sum(axis=1))
    np.testing.assert_array_equal(found.depth()["mitochondrial share"], expected.depth()["mitochondrial share"])
    np.testing.assert_array_equal(found.columns(np.arange(25)), expected.columns(np.arange(25)))
    assert found.empty() == 0
    if dtype == "bool":
        return  # all counts are 1
    phase = np.linspace(0, 6, len(C))
    # Sparse and dense tables are added up in another order.
    p_values = [genes_along(phase, table, names).p_value for table in (found, expected)]
    np.testing.assert_allclose(*p_values, rtol=1e-8)
    np.testing.assert_array_equal(sph.preprocess(table, n_components=3).X, sph.preprocess(C, n_components=3).X)


def test_totals_beyond_the_whole_numbers_of_float32_are_exact():
    C = np.array([[2.0**24, 1, 1, 1], [3, 1, 1, 1]], dtype=np.float32)
    for table in (C, sp.csr_array(C), sp.csc_matrix(C)):
        assert Expression.of(table, list("abcd"), "counts").totals.tolist() == [2.0**24 + 3, 6.0]


def test_half_precision_counts_find_the_same_genes():
    rng = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    X = sph.datasets.circle(200, ambient_dim=10, sigma=0.1)
    C = np.hstack([rng.poisson(40 * (1 + 0.8 * np.cos(angle[:, None] - np.arange(6)))), np.full((200, 25), 4000)])
    tables = []
    for table in (C.astype(np.float32), C.astype(np.float16), recast(sp.csr_matrix(C.astype(float)), np.float32)):
        adata = anndata.AnnData(table, obsm={"X_pca": X})
        adata.var_names = [f"g{i}" for i in range(31)]
        sph.tl.loops(adata, splits=1)
        tables.append(adata.uns["spectral_ph"]["genes"])
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


# What is no array of numbers

TEXT = "Convert it by .astype(float) if numbers are what it means."
BAD = {
    "masked": (
        lambda X: np.ma.masked_greater(X, 80),
        "{what} is a masked array, whose masked entries are no numbers. Fill them by .filled(value), or drop their rows; if "
        "nothing is masked, pass .data.",
    ),
    "masked, but nothing is": (
        np.ma.array,
        "{what} is a masked array, whose masked entries are no numbers. Fill them by .filled(value), or drop their rows; if "
        "nothing is masked, pass .data.",
    ),
    "complex": (
        lambda X: X + 0j,
        "Complex data not supported: {what} must hold real numbers. Pass its real part or its modulus.",
    ),
    "datetime": (
        lambda X: X.astype("M8[s]"),
        "{what} must hold numbers, not times (datetime64[s]). Choose a unit and divide by it, such as "
        "numpy.timedelta64(1, 's').",
    ),
    "timedelta": (
        lambda X: X.astype("m8[ms]"),
        "{what} must hold numbers, not times (timedelta64[ms]). Choose a unit and divide by it, such as "
        "numpy.timedelta64(1, 's').",
    ),
    "record": (
        lambda X: X.astype([("x", "f8"), ("y", "f4")]),
        "{what} must hold numbers, not records (fields: x, y). Pass numpy.lib.recfunctions.structured_to_unstructured of "
        "the fields that are coordinates.",
    ),
    "object": (lambda X: X.astype(object), "{what} must hold numbers, not Python objects (object). " + TEXT),
    "object with None": (
        lambda X: np.where(X > 80, None, X),
        "{what} must hold numbers, not Python objects (object). " + TEXT,
    ),
    "text": (lambda X: X.astype("U4"), "{what} must hold numbers, not text (<U4). " + TEXT),
    "bytes": (lambda X: X.astype("S4"), "{what} must hold numbers, not text (|S4). " + TEXT),
}
LOOSE = {
    "path": (
        lambda X: pathlib.Path("cells.csv"),
        "{what} is a path or text ('cells.csv'), not an array. Read a file with spectral_ph.files.read, whose result holds "
        "the array.",
    ),
    "name of a file": (
        lambda X: "cells.csv",
        "{what} is a path or text ('cells.csv'), not an array. Read a file with spectral_ph.files.read, whose result holds "
        "the array.",
    ),
    "scalar": (lambda X: 3.0, "{what} is a single value (3.0), not an array."),
    "generator": (
        lambda X: (x for x in X),
        "{what} is a generator, which can be read only once. Pass numpy.array(list(...)) of it.",
    ),
    "map": (lambda X: map(list, X), "{what} is a map, which can be read only once. Pass numpy.array(list(...)) of it."),
    "dict": (
        lambda X: {"a": X},
        "{what} is a dict, whose values have no order of rows and columns. Pass an array.",
    ),
    "AnnData": (
        anndata.AnnData,
        "{what} is an AnnData, but this takes an array. Pass the AnnData to spectral_ph.tl.loops, or pass an array of it, "
        "such as adata.obsm['X_pca'].",
    ),
    "any object": (lambda X: object(), "{what} must be an array of numbers, not object."),
    "table of times": (
        lambda X: pd.DataFrame(X, columns=list("abc")).astype({"b": "datetime64[ns]"}),
        "column 'b' of {what} must hold numbers, not times (datetime64[ns]). Choose a unit and divide by it, such as "
        "numpy.timedelta64(1, 's').",
    ),
    "table of categories": (
        lambda X: pd.DataFrame(X, columns=list("abc")).astype({"c": "category"}),
        "column 'c' of {what} must hold numbers, not Python objects (category). " + TEXT,
    ),
    "list of masked rows": (
        lambda X: list(np.ma.masked_greater(X, 80)),
        "{what} is a masked array, whose masked entries are no numbers. Fill them by .filled(value), or drop their rows; if "
        "nothing is masked, pass .data.",
    ),
}


def in_obsm(X):
    sph.tl.loops(anndata.AnnData(obsm={"X_pca": X}), genes=False)


def in_layer(X):
    adata = anndata.AnnData(np.ones((len(X), X.shape[1])), obsm={"X_pca": grid(len(X))})
    adata.layers["counts"] = X
    sph.tl.loops(adata, layer="counts")


DOORS = {
    "persistence": (sph.persistence, "X"),
    "persistence of distances": (lambda X: sph.persistence(X, "precomputed"), "the distance matrix"),
    "truncated": (lambda X: sph.persistence(X, method="truncated"), "X"),
    "find_loops": (sph.find_loops, "X"),
    "loops of distances": (lambda X: sph.find_loops(X, metric="precomputed"), "the distance matrix"),
    "distance_matrix": (sph.distance_matrix, "X"),
    "neighbor_graph": (sph.neighbor_graph, "X"),
    "neighbours of distances": (lambda X: sph.neighbor_graph(X, metric="precomputed"), "the distance matrix"),
    "rips_persistence": (rips_persistence, "the distance matrix"),
    "preprocess": (sph.preprocess, "counts"),
    "Expression": (lambda X: Expression.of(X, list("abc")), "X"),
    "SpectralDistance": (lambda X: sph.SpectralDistance().fit(X), "X"),
    "SpectralPersistence": (lambda X: sph.SpectralPersistence().fit(X), "X"),
    "LoopDetector": (lambda X: sph.LoopDetector().fit(X), "X"),
}
STORED = {"obsm": (in_obsm, "obsm['X_pca']"), "layer": (in_layer, "layers['counts']")}
TABLE = {"list of masked rows", "any object", "dict"}  # as genes_along, Expression takes what can be sliced
ESTIMATORS = {"SpectralDistance", "SpectralPersistence", "LoopDetector"}


def refused(door, value, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        door(value)


@pytest.mark.parametrize("kind", [*BAD, *LOOSE])
@pytest.mark.parametrize("name", DOORS)
def test_what_is_no_array_of_numbers_is_refused_at_every_door(name, kind):
    if name == "Expression" and kind in TABLE:
        pytest.skip("tables may be of any kind that can be sliced")
    make, sentence = (BAD | LOOSE)[kind]
    door, what = DOORS[name]
    if name in ESTIMATORS and kind == "object":
        door(make(grid(60)))  # as scikit-learn asks of every estimator
        return
    if name in ESTIMATORS and kind == "object with None":
        why = "argument must be a string that is read as a number or a real number, not 'NoneType'"
        refused(door, make(grid()), f"X must hold numbers, but None is none ({why}).")
        return
    refused(door, make(grid()), sentence.format(what=what))


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", STORED)
def test_what_is_no_array_of_numbers_is_refused_in_an_anndata(name, kind):
    make, sentence = BAD[kind]
    door, what = STORED[name]
    refused(door, make(grid()), sentence.format(what=what))


@pytest.mark.parametrize("kind", ["masked", "complex", "datetime", "record", "object", "text", "bytes"])
def test_a_graph_that_holds_other_things_is_refused(kind):
    make, sentence = BAD[kind]
    A = sph.neighbor_graph(grid(), 4).toarray()
    for door in (lambda A: sph.persistence(graph=A), lambda A: sph.find_loops(graph=A), sph.spectrum):
        refused(door, make(A), sentence.format(what="the graph"))
    if kind == "complex":
        refused(sph.spectrum, sp.csr_array(make(A)), sentence.format(what="the graph"))


@pytest.mark.parametrize("graph", [5, "graph.mtx", [[0, 1], [1, 0]], pathlib.Path("graph.mtx"), (x for x in range(3))])
def test_what_is_no_graph_is_refused(graph):
    sentence = f"the graph must be a scipy sparse (n, n) matrix or an array, not {type(graph).__name__}."
    for door in (sph.persistence, sph.find_loops, sph.distance_matrix):
        refused(lambda A, door=door: door(graph=A), graph, sentence)


def test_an_anndata_in_place_of_a_graph_is_told_its_door():
    sentence = LOOSE["AnnData"][1].format(what="the graph")
    for door in (lambda A: sph.persistence(graph=A), lambda A: sph.find_loops(graph=A), sph.spectrum):
        refused(door, anndata.AnnData(grid()), sentence)


@pytest.mark.parametrize("make", [sp.csr_array, sp.coo_matrix, lambda X: da.from_array(X).map_blocks(sp.csr_matrix)])
def test_sparse_points_and_distances_are_refused_with_a_way_out(make):
    points = (
        "Sparse data was passed: X must be a dense (n, d) array. Reduce it first (spectral_ph.preprocess turns counts into "
        "principal components), or pass X.toarray() if it fits in memory."
    )
    distances = (
        "Sparse data was passed: the distance matrix must be a dense (n, n) array, because missing pairs have no distance. "
        "To use a sparse graph, pass it as graph=A with a graph distance such as 'geodesic' or 'eff_res'."
    )
    X = grid()
    for door in (sph.persistence, sph.find_loops, sph.distance_matrix, sph.neighbor_graph):
        refused(door, make(X), points)
    D = sph.distance_matrix(X, "euclidean")
    for door in (sph.find_loops, sph.distance_matrix):
        refused(lambda S, door=door: door(S, "precomputed"), make(D), distances)


def test_sparse_distances_that_are_not_in_memory_are_refused():
    D = da.from_array(sph.distance_matrix(grid(), "euclidean")).map_blocks(sp.csr_matrix)
    sentence = "the distance matrix is sparse, but held elsewhere (dask.array.core). Load it into memory as a scipy.sparse matrix first."
    for door in (lambda S: sph.persistence(S, "precomputed"), rips_persistence):
        refused(door, D, sentence)


@pytest.mark.parametrize("bad", ["complex", "datetime", "record", "text", "masked"])
def test_phases_and_distances_of_cells_are_numbers(bad):
    make, sentence = BAD[bad]
    phase = np.linspace(0, 80, 40)
    held = make(phase)
    for what, call in {
        "phase": lambda: association(held, phase, "depth"),
        "distance": lambda: association(phase, phase, "depth", distance=held),
        "s_expression": lambda: sph.cells.anchor.anchor_phase(phase, held, np.ones((40, 3))),
        "a diagram": lambda: sph.detection_score(held),
    }.items():
        text = sentence.format(what=what).replace("<U4", str(held.dtype))
        with pytest.raises(sph.InputError, match=f"^{re.escape(text)}$"):
            call()


def test_a_result_is_no_diagram():
    refused(
        sph.detection_score, sph.persistence(grid()), "a diagram is one dimension of a result. Pass P[1] in place of P."
    )


# Rounding


@given(distance_matrices(), st.sampled_from([np.float64, np.float32]), seeds)
@settings(deadline=None, max_examples=60)
def test_rounding_below_zero_becomes_zero_and_more_is_refused(D, dtype, seed):
    largest = float(D.max())
    if largest == 0 or largest < 1e-30:
        return
    rounding = 0.4 * largest * (1e-10 if dtype == np.float64 else 1e-5)
    noise = np.random.default_rng(seed).uniform(-rounding, rounding, D.shape)
    rough = (D + noise).astype(dtype)
    smooth, asymmetry = _check.square_distances(rough, float32=True)
    expected = np.maximum(np.maximum(rough, rough.T), 0)
    np.fill_diagonal(expected, 0)
    np.testing.assert_array_equal(smooth, expected)
    assert smooth.dtype == dtype
    assert asymmetry <= 2 * rounding * 1.01 + 1e-7 * largest
    check_engine("h1", smooth)
    rough = D.astype(dtype)
    rough[0, 1] = rough[1, 0] = -10 * rounding
    with pytest.raises(sph.InputError, match=r"^Negative values in data: the distance matrix has -"):
        _check.square_distances(rough)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, ">f4", np.float16])
def test_one_less_the_cosine_similarity_is_a_distance(dtype):
    X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05, random_state=0)
    U = (X / np.linalg.norm(X, axis=1)[:, None]).astype(dtype)
    D = (1 - U @ U.T).astype(dtype)
    assert D.min() < 0
    assert len(sph.persistence(D, "precomputed")[1]) > 0
    assert sph.distance_matrix(D, "precomputed").min() == 0


@given(seeds, st.sampled_from([np.float64, np.float32]))
@settings(deadline=None, max_examples=20)
def test_rounding_in_the_weights_of_a_graph_is_evened_out(seed, dtype):
    rng = np.random.default_rng(seed)
    A = sph.neighbor_graph(grid(seed=seed), 4).toarray()
    rounding = 0.4 * (1e-10 if dtype == np.float64 else 1e-5)
    rough = np.where(A > 0, A + rng.uniform(-rounding, rounding, A.shape), -rounding * rng.integers(0, 2, A.shape))
    for held in (rough.astype(dtype), sp.csr_array(rough.astype(dtype))):
        found = _check.graph(held).toarray()
        np.testing.assert_array_equal(found > 0, A > 0)
        np.testing.assert_array_equal(found, found.T)
    rough[0, 1] = rough[1, 0] = -1e-3
    refused(
        _check.graph,
        rough.astype(dtype),
        "the graph has negative weights (smallest -0.001). Weights are conductances, w > 0.",
    )


# Never joined


@given(distance_matrices(most=9), st.sampled_from(sorted(ENGINES)), st.floats(0.1, 0.9), seeds, st.booleans())
@settings(deadline=None, max_examples=150)
def test_points_at_infinity_are_never_joined_in_any_engine(D, engine, share, seed, float32):
    apart = np.triu(np.random.default_rng(seed).random(D.shape) < share, 1)
    far = np.where(apart | apart.T, np.inf, D)
    far = far.astype(np.float32) if float32 else far
    longest = far[np.isfinite(far)].max()
    found = rips_persistence(far, 1, engine)
    for a, b in zip(found, persistence_by_reduction(far.astype(np.float64), longest), strict=True):
        np.testing.assert_array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])
    if apart.any():
        assert found.settings["homology"]["never_joined"] == apart.sum()
    assert found.settings["homology"]["threshold"] is None
    half = float(longest) / 2
    for a, b in zip(rips_persistence(far, 1, engine, half), persistence_by_reduction(far, half), strict=True):
        np.testing.assert_array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])


@pytest.mark.parametrize(("engine", "maxdim"), [("h1", 1), ("h2", 2), ("ripser", 2), ("gudhi", 1), ("gudhi", 2)])
def test_parts_that_are_never_joined_have_their_own_classes(engine, maxdim):
    parts = [sph.distance_matrix(sph.datasets.sphere(n, random_state=n), "euclidean") for n in (12, 20, 9)]
    n = sum(map(len, parts))
    D, at = np.full((n, n), np.inf), 0
    for part in parts:
        D[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    order = np.random.default_rng(0).permutation(n)
    found = rips_persistence(D[np.ix_(order, order)], maxdim, engine)
    alone = [rips_persistence(part, maxdim, engine) for part in parts]
    for k, diagram in enumerate(found):
        expected = np.concatenate([P[k] for P in alone])
        np.testing.assert_array_equal(diagram[np.lexsort(diagram.T)], expected[np.lexsort(expected.T)])
    assert np.isinf(found[0][:, 1]).sum() == 3
    nothing = rips_persistence(np.where(np.eye(5) > 0, 0, np.inf), maxdim, engine)
    np.testing.assert_array_equal(nothing[0], [[0, np.inf]] * 5)
    assert all(len(diagram) == 0 for diagram in nothing[1:])


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
@pytest.mark.parametrize("engine", ["h1", "ripser"])
def test_loops_of_parts_that_are_never_joined_are_described(engine):
    first = sph.distance_matrix(sph.datasets.circle(60, ambient_dim=3, sigma=0.02, random_state=0), "euclidean")
    second = sph.distance_matrix(sph.datasets.circle(40, ambient_dim=3, sigma=0.02, random_state=1), "euclidean")
    first[first > 1.2] = np.inf  # so that nothing fills the loop
    D = np.full((100, 100), np.inf)
    D[:60, :60], D[60:, 60:] = first, second
    R = sph.find_loops(D, "precomputed", engine=engine)
    assert [loop.death == np.inf for loop in R.loops] == [True, False]
    for loop, part in zip(R.loops, (slice(0, 60), slice(60, 100)), strict=True):
        inside = np.zeros(100, dtype=bool)
        inside[part] = True
        np.testing.assert_array_equal(loop.domain, inside)
        np.testing.assert_array_equal(np.isfinite(loop.distance), inside)
        assert loop.birth < loop.scale < loop.death
        assert len(np.unique(np.floor(loop.phase[part] / (np.pi / 4)))) == 8  # all the way round
    model = sph.LoopDetector("precomputed", metric="precomputed", engine=engine).fit(D)
    np.testing.assert_array_equal(model.phase_, R.loops[0].phase)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="no longer numbers here")
def test_a_number_beyond_double_precision_is_not_infinity():
    D = np.array([[0, 10 ** np.longdouble(400)], [10 ** np.longdouble(400), 0]])
    sentence = "the distance matrix holds numbers that do not fit in double precision. Divide it by its largest entry."
    refused(rips_persistence, D, sentence)


def test_neighbours_are_at_a_finite_distance():
    X = grid(30)
    D = sph.distance_matrix(X, "euclidean")
    D[:10, 10:] = D[10:, :10] = np.inf
    A = sph.neighbor_graph(D, 4, metric="precomputed").toarray()
    assert not A[:10, 10:].any()
    np.testing.assert_array_equal(A[:10, :10], sph.neighbor_graph(X[:10], 4).toarray())
    refused(
        lambda D: sph.neighbor_graph(D, 12, metric="precomputed"),
        D,
        "10 of the 30 points have fewer than n_neighbors=12 others at a finite distance (the fewest: 9, of point 0). An "
        "infinite distance joins nothing. Pass fewer neighbours, or drop those points.",
    )


# Missing values, views, seeds

NULLABLE = ["boolean", "string", "Int64", "Float64", "category", "object", "datetime64[ns]"]


def column(dtype, n, gap=9):
    """Return a column of a type of pandas in which every ninth value is missing, and what it holds elsewhere."""
    values = {
        "boolean": lambda i: bool(i % 2),
        "datetime64[ns]": lambda i: pd.Timestamp(2020, 1, 1 + i % 2),
    }.get(dtype, (lambda i: i % 7) if dtype in ("Int64", "Float64") else (lambda i: "ab"[i % 2]))
    return pd.Series([None if i % gap == 0 else values(i) for i in range(n)], dtype=dtype)


@pytest.mark.parametrize("dtype", NULLABLE)
def test_what_is_missing_is_left_out_and_the_rest_kept(dtype):
    phase = np.linspace(0, 6.2, 90)
    held = column(dtype, 90)
    found = association(phase, held, "batch")
    known = held.notna().to_numpy()
    assert found.n == known.sum() == 80
    assert found.kind == ("numeric" if dtype in ("Int64", "Float64") else "categorical")
    alone = association(phase[known], held[known].to_numpy(), "batch")
    assert (found.share, found.p_value) == (alone.share, alone.p_value)
    np.testing.assert_array_equal(_check.missing(held), ~known)


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("dtype", NULLABLE)
def test_missing_values_in_obs_lose_nothing(dtype, tmp_path):
    X = sph.datasets.circle(90, ambient_dim=5, sigma=0.1)
    adata = anndata.AnnData(obsm={"X_pca": X})
    adata.obs["batch"] = column(dtype, 90).to_numpy() if dtype == "object" else column(dtype, 90).array
    adata.obs["other"] = column(dtype, 90, gap=2).array
    before = adata.obs.copy()
    sph.tl.loops(adata, splits=1)
    assert adata.uns["spectral_ph"]["confounders"].n.to_dict() == {"batch": 80}
    sph.tl.loops(adata, splits=1, confounders=["other", "batch"])
    assert adata.uns["spectral_ph"]["confounders"].n.to_dict() == {"other": 45, "batch": 80}
    pd.testing.assert_frame_equal(adata.obs[["batch", "other"]], before)
    R = sph.find_loops(X, splits=1)
    assert record(R, labels={"batch": adata.obs["batch"]})["labels"][0]["missing"] == 10


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_columns_that_only_some_of_the_joined_have_are_missing_elsewhere():
    parts = []
    for seed, extra in (
        (0, {"batch": pd.array([True] * 50, dtype="boolean")}),
        (1, {"n_genes": pd.array([3] * 50, dtype="Int64")}),
    ):
        part = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(50, ambient_dim=5, sigma=0.1, random_state=seed)})
        part.obs_names = [f"{seed}-{i}" for i in range(50)]
        part.obs = pd.DataFrame(extra, index=part.obs_names)
        parts.append(part)
    joined = anndata.concat(parts, join="outer")
    sph.tl.loops(joined, splits=1)
    assert joined.uns["spectral_ph"]["confounders"].n.to_dict() == {"n_genes": 50, "batch": 50}


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning", "ignore::UserWarning:anndata")
def test_columns_of_one_name_are_left_out_with_a_word():
    adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(90, ambient_dim=5, sigma=0.1)})
    adata.obs = pd.DataFrame(np.ones((90, 2)), columns=["batch", "batch"], index=adata.obs_names)
    sph.tl.loops(adata, splits=1)
    sentence = "the phase was not compared with batch: obs has several columns of that name."
    assert sentence in adata.uns["spectral_ph"]["warnings"]


def test_what_is_wrong_in_obsm_is_said_by_its_name():
    X = grid()
    X[3, 1] = np.nan
    table = pd.DataFrame(X, index=[str(i) for i in range(24)]).convert_dtypes()
    sentence = (
        "obsm['X_pca'] contains NaN in 1 of its 72 entries (first in row 3). Drop those rows or fill the gaps first."
    )
    for held in (X, table):
        refused(sph.tl.loops, anndata.AnnData(obs=pd.DataFrame(index=table.index), obsm={"X_pca": held}), sentence)
    sparse = (
        "Sparse data was passed: obsm['X_pca'] must be a dense (n, d) array. Reduce it first (spectral_ph.preprocess turns "
        "counts into principal components), or pass obsm['X_pca'].toarray() if it fits in memory."
    )
    refused(sph.tl.loops, anndata.AnnData(obsm={"X_pca": sp.csr_array(grid())}), sparse)


@pytest.mark.parametrize("kind", ["masked", "complex", "record"])
def test_properties_are_numbers_or_labels(kind):
    held = BAD[kind][0](np.linspace(0, 90, 40))
    sentence = {
        "masked": "batch is a masked array. Fill it with NaN where values are missing.",
        "complex": "batch must hold numbers or labels, not complex128.",
        "record": f"batch must hold numbers or labels, not {held.dtype}.",
    }[kind]
    refused(lambda values: association(np.linspace(0, 6, 40), values, "batch"), held, sentence)


@pytest.mark.filterwarnings("error")
def test_a_view_of_a_file_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr("spectral_ph.tl.find_loops", None)
    anndata.AnnData(counts(), obsm={"X_pca": grid(40)}).write_h5ad(tmp_path / "cells.h5ad")
    view = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")[:30]
    sentence = "this AnnData is a view of a backed one, which nothing can be written into. Pass adata.to_memory()."
    refused(sph.tl.loops, view, sentence)
    refused(lambda view: sph.tl.loops(view, copy=True), view, sentence)
    refused(lambda view: sph.tl.place(view, view, use_rep="X_pca"), view, sentence)


def test_a_dask_array_of_sparse_blocks_is_expression_like_any_other():
    C = counts()
    lazy = da.from_array(C, chunks=(11, 25)).map_blocks(sp.csr_matrix)
    adatas = [anndata.AnnData(X, obsm={"X_pca": sph.datasets.circle(40, ambient_dim=4)}) for X in (C, lazy)]
    for adata in adatas:
        with pytest.warns(sph.SpectralWarning):
            sph.tl.loops(adata, splits=1, n_neighbors=5)
    pd.testing.assert_frame_equal(*(adata.uns["spectral_ph"]["genes"] for adata in adatas))


@pytest.mark.parametrize("seed", [2**64, 2**70, np.array(2**63, dtype=object).item() * 4])
def test_a_seed_that_no_file_holds_is_refused_at_every_door(seed):
    sentence = (
        f"random_state must be less than 2**64, not {seed}, because results are stored with their seed and no file holds a "
        "longer one."
    )
    X = grid()
    for door in (
        lambda s: sph.persistence(X, random_state=s),
        lambda s: sph.persistence(X, "euclidean", random_state=s),
        lambda s: sph.find_loops(X, random_state=s),
        lambda s: sph.distance_matrix(X, "euclidean", random_state=s),
        lambda s: sph.neighbor_graph(X, random_state=s),
        lambda s: sph.tl.loops(anndata.AnnData(obsm={"X_pca": X}), random_state=s),
        lambda s: sph.LoopDetector(random_state=s).fit(X),
    ):
        refused(door, seed, sentence)


def test_the_largest_seed_comes_back_from_a_file(tmp_path):
    adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(60, ambient_dim=4)})
    with pytest.warns(sph.SpectralWarning):
        sph.tl.loops(adata, splits=0, random_state=2**64 - 1)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    assert int(anndata.read_h5ad(tmp_path / "cells.h5ad").uns["spectral_ph"]["params"]["random_state"]) == 2**64 - 1


@pytest.mark.parametrize("kind", ["path", "array", "generator"])
def test_only_an_anndata_is_placed(kind):
    value = {"path": "cells.h5ad", "array": grid(), "generator": (x for x in range(3))}[kind]
    sentence = f"tl.place takes an AnnData of new cells and one that tl.loops has seen, not {type(value).__name__}."
    cells = anndata.AnnData(obsm={"X_pca": grid()})
    refused(lambda v: sph.tl.place(v, cells, use_rep="X_pca"), value, sentence)
    refused(lambda v: sph.tl.place(cells, v, use_rep="X_pca"), value, sentence)


def test_numbers_of_pandas_with_gaps_are_shown_as_numbers():
    R = sph.find_loops(sph.datasets.circle(90, ambient_dim=5, sigma=0.1), splits=0, n_loops=1)
    many = pd.Series([None if i % 9 == 0 else i for i in range(90)], dtype="Int64")
    few = np.array([pd.NA if i % 9 == 0 else i % 2 for i in range(90)], dtype=object)
    shown = record(R, labels={"many": many, "few": few, "none": np.array([None] * 90)})["labels"]
    assert [one["kind"] for one in shown] == ["numbers", "categories", "categories"]
    assert [one["missing"] for one in shown] == [10, 10, 90]
    assert [group["category"] for group in shown[1]["groups"]] == ["0", "1"]
    refused(
        lambda values: record(R, labels={"many": values}),
        np.ma.array(np.arange(90)),
        "label 'many' is a masked array. Fill it with NaN where values are missing.",
    )
