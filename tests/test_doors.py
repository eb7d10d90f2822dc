"""The same data through Python, estimator, AnnData and the command line give the same numbers; scanpy's cells to a report."""

import dataclasses
import inspect
import json

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from click.testing import CliRunner

import spectral_ph as sph
from spectral_ph.cells.about import about_result
from spectral_ph.cells.expression import Expression
from spectral_ph.cli import app
from spectral_ph.graph import nearest_neighbors
from spectral_ph.graph.recipe import Recipe
from spectral_ph.homology import rips_persistence
from spectral_ph.loops.coordinates import circular_agreement, circular_coordinate
from spectral_ph.loops.describe import describe, longest_loops, one_loop


def defaults(function):
    """Return the defaults of a function's parameters by name."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def options(command):
    """Return what a command's options are if none is given, by the name of the parameter."""
    return app.commands[command].make_context(command, ["INPUT"]).params


RECIPE = dataclasses.asdict(Recipe())
ESTIMATORS = {
    sph.SpectralDistance: sph.distance_matrix,
    sph.SpectralPersistence: sph.persistence,
    sph.LoopDetector: sph.find_loops,
}


def test_every_door_makes_the_same_neighbour_graph():
    assert {name: defaults(sph.neighbor_graph)[name] for name in RECIPE} == RECIPE
    found = defaults(nearest_neighbors)
    assert {name: found[name] for name in ("n_neighbors", "metric", "search")}.items() <= RECIPE.items()
    found = defaults(sph.distance_matrix)
    assert {name: found[name] for name in RECIPE} == RECIPE | {"n_neighbors": None}  # 15, or the distance's own
    for door in ESTIMATORS:
        assert defaults(door)["n_neighbors"] is None
        assert defaults(door)["metric"] == RECIPE["metric"]
    for command in ("loops", "persistence"):
        assert options(command)["n_neighbors"] is None
        assert options(command)["metric"] == RECIPE["metric"]


@pytest.mark.parametrize("door", ESTIMATORS, ids=lambda door: door.__name__)
def test_estimators_have_the_defaults_of_their_functions(door):
    ours, theirs = defaults(door), defaults(ESTIMATORS[door])
    assert set(ours) - set(theirs) <= {"distance_params", *RECIPE}
    assert {name: ours[name] for name in set(ours) & set(theirs) - {"n_neighbors"}}.items() <= theirs.items()


@pytest.mark.parametrize(("command", "function"), [("loops", sph.find_loops), ("persistence", sph.persistence)])
def test_commands_have_the_defaults_of_their_functions(command, function):
    ours, theirs = options(command), defaults(function)
    for name in set(ours) & set(theirs) - {"graph"}:  # which says what INPUT is
        assert ours[name] is None or ours[name] == theirs[name]


def test_all_doors_to_loops_and_to_homology_agree():
    for name in ("distance", "random_state"):
        assert defaults(sph.tl.loops)[name] == defaults(sph.find_loops)[name]
    shared = ("maxdim", "engine", "threshold", "coeff", "cocycles")
    assert [defaults(rips_persistence)[name] for name in shared] == [defaults(sph.persistence)[name] for name in shared]
    assert defaults(sph.distance_matrix)["distance"] == defaults(sph.persistence)["distance"]


def test_every_door_spreads_the_phase_alike():
    doors = [sph.find_loops, sph.tl.loops, sph.LoopDetector, circular_coordinate, longest_loops, describe, one_loop]
    assert {defaults(door)["spacing"] for door in doors} == {options("loops")["spacing"]} == {"cells"}


def test_no_door_calls_neighbours_k_or_a_search_or_a_solver_a_method():
    for row in sph.DISTANCES.values():
        assert not {"k", "method"} & set(row.parameters)
    for door in (sph.neighbor_graph, nearest_neighbors, sph.distance_matrix, sph.find_loops, *ESTIMATORS):
        assert "k" not in defaults(door)
        # Only the homology has ways to work.
        assert ("method" in defaults(door)) == (door is sph.SpectralPersistence)


@pytest.fixture(scope="module")
def cells():
    return sph.datasets.cells.cell_cycle(n_cells=240, random_state=0)


def invoke(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_four_doors_one_answer(cells, tmp_path):
    X = sph.preprocess(cells.counts).X
    R = sph.find_loops(X, splits=2)
    model = sph.LoopDetector(splits=2).fit(X)
    adata = anndata.AnnData(cells.counts.copy())
    adata.var_names = list(map(str, cells.gene_names))
    adata.obsm["X_pca"] = X
    adata.write_h5ad(tmp_path / "cells.h5ad")
    sph.tl.loops(adata, splits=2, anchor=False, genes=False)
    invoke(
        "loops", tmp_path / "cells.h5ad", "--use-rep", "X_pca", "--splits", 2, "--genes", "none", "-o", tmp_path / "out"
    )
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    stored = adata.uns["spectral_ph"]

    assert model.verdict_ == stored["verdict"] == written["verdict"] == R.verdict
    assert model.result_.p_value == stored["p_value"] == written["p_value"] == R.p_value
    assert model.result_.agreement == stored["agreement"] == written["agreement"] == R.agreement
    assert model.result_.settings == written["settings"] == R.settings
    for whose in ("distance", "graph", "homology", "loops"):
        assert set(stored["params"][whose]) == set(R.settings[whose])
    births = [loop.birth for loop in R.loops]
    assert [loop.birth for loop in model.result_.loops] == births
    assert stored["loops"]["birth"].tolist() == births
    assert [loop["birth"] for loop in written["loops"]] == births
    np.testing.assert_array_equal(model.phase_, R.loops[0].phase)
    np.testing.assert_array_equal(adata.obs["spectral_ph_phase"], R.loops[0].phase)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_from_scanpy_to_a_report(cells, tmp_path):
    import scanpy as sc

    adata = anndata.AnnData(sp.csr_matrix(cells.counts, dtype=np.float32))
    adata.var_names = list(map(str, cells.gene_names))
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    sc.pp.pca(adata, n_comps=20, random_state=0)
    sc.pp.neighbors(adata, random_state=0)
    sph.tl.loops(adata, layer="counts", splits=2)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert back.uns["spectral_ph"]["verdict"] == adata.uns["spectral_ph"]["verdict"]
    np.testing.assert_array_equal(back.obs["spectral_ph_phase"], adata.obs["spectral_ph_phase"])
    assert circular_agreement(back.obs["spectral_ph_phase"].to_numpy(), np.nan_to_num(cells.phase)) > 0.7
    invoke(
        "loops", tmp_path / "cells.h5ad", "--use-rep", "X_pca", "--splits", 2, "--genes", "counts", "-o", tmp_path / "out", "--report"
    )  # fmt: skip
    page = (tmp_path / "out" / "report.html").read_text()
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["p_value"] == adata.uns["spectral_ph"]["p_value"]
    assert len(page) < 2_000_000
    top = result["genes"][0]["gene"]
    assert top in page
    assert result["genes"][0]["q_value"] < 0.05


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_every_door_makes_the_same_tables(cells, tmp_path):
    """tl stores, the report shows and the command line writes one `AboutLoop`."""
    adata = anndata.AnnData(sp.csr_matrix(cells.counts, dtype=np.float32))
    adata.var_names = list(map(str, cells.gene_names))
    adata.obsm["X_pca"] = sph.preprocess(cells.counts).X
    adata.obs["batch"] = np.where(np.arange(240) % 3 == 0, "a", "b")
    adata.obs["n_genes"] = np.append(np.arange(9.0), np.full(231, np.nan))  # known in too few cells
    adata.write_h5ad(tmp_path / "cells.h5ad")
    sph.tl.loops(adata, splits=2)
    stored = adata.uns["spectral_ph"]
    options = ("--use-rep", "X_pca", "--genes", "X", "--splits", 2, "-o", tmp_path / "out", "--report")
    invoke("loops", tmp_path / "cells.h5ad", *options)
    said = json.loads((tmp_path / "out" / "result.json").read_text())
    written = {
        name: pd.read_csv(tmp_path / "out" / f"{name}.csv", index_col=0, float_precision="round_trip")
        for name in ("genes", "confounders")
    }

    for name, table in written.items():
        pd.testing.assert_frame_equal(table, stored[name], check_dtype=False, check_index_type=False)
        shown = pd.DataFrame(said[name]).set_index(table.index.name)
        pd.testing.assert_frame_equal(
            shown, stored[name][: len(shown)], check_dtype=False, check_index_type=False, check_column_type=False
        )
    assert len(said["genes"]) == len(stored["profiles"]) > 20
    assert list(stored["confounders"].index) == ["library size", "batch"]
    assert said["gene_heatmap"]["names"] == list(stored["profiles"].index)
    np.testing.assert_array_equal(np.array(said["gene_heatmap"]["values"], dtype=float), stored["profiles"])
    assert {name: value for name, value in said["anchor"].items() if value is not None} == stored["anchor"]
    assert said["gene_test"] == dict(stored["genes_params"])
    assert any("n_genes" in text for text in said["warnings"])
    assert set(said["warnings"]) == set(stored["warnings"])
    points = pd.read_csv(tmp_path / "out" / "cells.csv", float_precision="round_trip")
    np.testing.assert_array_equal(points["phase_1"], adata.obs["spectral_ph_phase"])
    words = (tmp_path / "out" / "report.html").read_text()
    assert stored["genes"].index[0] in words


def tables(folder, *names):
    """Return what the command line wrote of each name, or an empty table where it wrote none."""
    return {
        name: pd.read_csv(folder / f"{name}.csv", index_col=0, float_precision="round_trip")
        if (folder / f"{name}.csv").exists()
        else pd.DataFrame()
        for name in names
    }


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
@pytest.mark.parametrize(
    ("holds", "asked"),
    [
        ("counts", ("--use-rep", "X_pca")),
        ("logs, and counts in a layer", ()),
        pytest.param("scaled logs", ("--use-rep", "X_pca"), marks=pytest.mark.slow),
        ("nothing", ()),
    ],
)
def test_components_have_the_genes_of_x_at_every_door(cells, tmp_path, holds, asked):
    """Nobody has to say where genes are: `tl` and the command line look in the same place, and tell the same."""
    counts = cells.counts.toarray().astype(np.float64) if sp.issparse(cells.counts) else cells.counts.astype(np.float64)
    logs = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    X = {"counts": counts, "scaled logs": logs - logs.mean(axis=0), "nothing": None}.get(holds, logs)
    adata = anndata.AnnData(X, obs=pd.DataFrame(index=[f"cell {i}" for i in range(240)]))
    if X is not None:
        adata.var_names = list(map(str, cells.gene_names))
    if holds.endswith("layer"):
        adata.layers["counts"] = counts
    if holds == "counts":
        adata.obs["batch"] = np.where(np.arange(240) % 3 == 0, "a", "b")
    adata.obsm["X_pca"] = sph.preprocess(cells.counts).X
    adata.write_h5ad(tmp_path / "cells.h5ad")
    sph.tl.loops(adata, splits=0)
    printed = invoke("loops", tmp_path / "cells.h5ad", *asked, "--splits", 0, "-o", tmp_path / "out", "--report")
    said, stored = json.loads((tmp_path / "out" / "result.json").read_text()), adata.uns["spectral_ph"]
    page = (tmp_path / "out" / "report.html").read_text()

    expected = {"counts": ["library size", "batch"], "logs, and counts in a layer": ["genes detected", "library size"]}
    assert list(stored["confounders"].index) == expected.get(holds, [])
    for name, table in tables(tmp_path / "out", "genes", "confounders").items():
        if name not in stored or not len(stored[name]):
            assert table.empty
            continue
        pd.testing.assert_frame_equal(table, stored[name], check_dtype=False, check_index_type=False)
        shown = pd.DataFrame(said[name]).set_index(table.index.name)
        pd.testing.assert_frame_equal(
            shown, stored[name][: len(shown)], check_dtype=False, check_index_type=False, check_column_type=False
        )
    assert ("genes" in stored) == (holds != "nothing")
    assert set(said["warnings"]) == set(stored["warnings"])
    assert {name: value for name, value in said["anchor"].items() if value is not None} == {
        name: value
        for name, value in stored["anchor"].items()
        if value == value  # NaN is null in JSON
    }

    # Why the table is empty is said at every door, and only there.
    values = Expression.of(X, adata.var_names) if holds != "nothing" else Expression.of(None, ())
    _, about = about_result(sph.find_loops(adata.obsm["X_pca"], splits=0), values)
    why = {
        "scaled logs": "the expression is no counts and has as many genes that are not 0 in every cell",
        "nothing": "there is no expression that tells the depth of the cells",
    }.get(holds)
    note = (
        ""
        if why is None
        else (
            f"Nothing was compared with the phase, for {why}, and no property of the cells was named or has one of the usual "
            "names, such as total_counts, n_genes, pct_counts_mt or batch."
        )
    )
    assert about.confounders_note == said["confounders_note"] == stored.get("confounders_note", "") == note
    assert ("Nothing was compared" in printed.output) == ("Nothing was compared" in page) == bool(note)
    assert note in printed.output
    assert note in page
    sph.report.from_anndata(adata, tmp_path / "again.html")
    assert note in (tmp_path / "again.html").read_text()


def parameters(function):
    """Return the named parameters of a door with their defaults."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind in named}


CHAIN = [
    # function, estimator, command, parameters without an option
    (sph.find_loops, sph.LoopDetector, "loops", {"features", "start_genes"}),
    (sph.persistence, sph.SpectralPersistence, "persistence", {"cocycles"}),
    (sph.distance_matrix, sph.SpectralDistance, None, set()),
]


@pytest.mark.parametrize(("function", "estimator", "command", "no_option"), CHAIN)
def test_doors_have_the_same_names_and_defaults(function, estimator, command, no_option):
    chain = {name: value for name, value in parameters(function).items() if name not in ("X", "graph")}
    graph = parameters(sph.neighbor_graph)
    model = parameters(estimator)
    # The graph's and the distance's further parameters are one argument of an estimator, and --param of a command.
    # An estimator sees one table, so it pursues no loop in features beside it.
    further = {"mode", "weighted", "search", "dtype", "features", "pursue", "start_genes"}
    assert set(chain) - further <= set(model)
    assert set(model) - set(chain) <= {"distance_params", "n_neighbors", "metric"}
    for name, value in model.items():
        assert value == chain.get(name, value)
    assert model["n_neighbors"] is None  # what the distance takes, or what the halves choose
    assert model["metric"] == graph["metric"]

    if command is not None:
        options = app.commands[command].make_context(command, ["INPUT"]).params
        options["random_state"] = options.pop("seed")
        assert set(chain) - no_option <= set(options)
        for name, value in options.items():
            if name in chain:
                assert value == chain[name], name
        assert options["n_neighbors"] is None
        assert options["metric"] == graph["metric"]


def test_anndata_takes_the_defaults_of_the_chain():
    chain, stored = parameters(sph.find_loops), parameters(sph.tl.loops)
    shared = set(chain) & set(stored)
    assert {"distance", "random_state"} <= shared
    for name in shared:
        assert stored[name] == chain[name], name
    about = parameters(about_result)
    for name in ("genes", "anchor", "s_genes", "g2m_genes", "random_state"):
        assert stored[name] == about[name], name
