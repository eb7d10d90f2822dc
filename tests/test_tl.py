"""AnnData in, AnnData out: the numbers of the functions, and nothing that .h5ad would not give back."""

import dataclasses

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import stored, tl
from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.coordinates import circular_agreement, to_ranks
from spectral_ph.loops.result import Half, Loop, LoopResult

N = 160

# What is tested here is what comes in and what is written, so most tests have the chain answer at once.
pytestmark = pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")


def assert_same(found, expected, where="uns"):
    """Refuse any difference in kind or value between what was written and what was read."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for name, value in expected.items():
            assert_same(found[name], value, f"{where}[{name!r}]")
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, obj=where)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, where
        np.testing.assert_array_equal(found, expected, err_msg=where)
    else:
        assert isinstance(expected, (str, bool, int, float)), where
        assert found == expected or (found != found and expected != expected), where


def simulated(n=N, genes=300, **options):
    cells = sph.datasets.cells.cell_cycle(n, genes, min(150, genes), depth_spread=0.2, random_state=0, **options)
    adata = anndata.AnnData(sp.csr_matrix(cells.counts.astype(np.float32)))
    adata.var_names, adata.obs_names = list(cells.gene_names), list(cells.cell_names)
    return adata, cells


def answer(phase, verdicts=("loop",), with_halves=True):
    """Return a result as `find_loops` would, whose loops all have the phase that is given."""
    n = len(phase)
    rng = np.random.default_rng(0)
    parts = []
    for _ in range(2):
        order = rng.permutation(n)
        parts += [Half(np.sort(part), phase, 0.9) for part in (order[: n // 2], order[n // 2 :])]
    loop = Loop(
        birth=0.1,
        death=1.0,
        persistence=0.9,
        score=0.8,
        cycle=np.array([5, 3, 9, 0]),
        phase=phase,
        domain=np.arange(n) > 2,
        scale=0.9,
        distance=rng.uniform(0, 0.2, n),
        reason="a reason.",
        halves=tuple(parts) if with_halves else (),
    )
    loops = [dataclasses.replace(loop, verdict=verdict, p_value=0.01, agreement=0.9) for verdict in verdicts]
    P = Persistence([np.array([[0.0, np.inf], [0.0, 0.3]]), np.array([[0.1, 1.0], [0.2, 0.4]])], n, "h1")
    tried = ({"n_neighbors": 15, "passes": 1, "agreement": 0.9, "chosen": True, "distance": "eff_res"},)
    top = verdicts[0] if verdicts else "no loop"
    settings = {"distance": "eff_res", "none": None, "nested": {"a/b": [1, 2], "words": ("x", "y")}, "flag": True}
    return LoopResult(top, "why.", 0.01 if verdicts else None, None, loops, P, settings, ("said before",), tried)


@pytest.fixture
def chain(monkeypatch):
    """Replace the chain: `chain.answer` is what it returns, `chain.calls` what it was given."""

    class Chain:
        def __init__(self):
            self.answer, self.calls = None, []

        def __call__(self, **given):
            self.calls.append(given)
            return self.answer

    stub = Chain()
    monkeypatch.setattr(tl, "find_loops", stub)
    return stub


@pytest.fixture
def cells(chain):
    adata, truth = simulated()
    chain.answer = answer(truth.phase)
    return adata, truth


def test_the_points_are_a_key_of_obsm_pca_or_what_preprocess_makes(cells, chain):
    adata, _ = cells
    rng = np.random.default_rng(0)
    tl.loops(adata, genes=False, n_neighbors=7)
    np.testing.assert_array_equal(chain.calls[-1]["X"], sph.preprocess(adata.X).X)
    assert chain.calls[-1]["n_neighbors"] == 7
    assert adata.uns["spectral_ph"]["params"]["representation"] == "spectral_ph.preprocess of X"
    assert adata.uns["spectral_ph"]["params"]["preparation"][1] == "Took log(1 + x)."

    adata.obsm["X_pca"], adata.obsm["X_other"] = (
        rng.normal(size=(N, 5)),
        pd.DataFrame(rng.normal(size=(N, 2)), adata.obs_names),
    )
    tl.loops(adata, genes=False)
    np.testing.assert_array_equal(chain.calls[-1]["X"], adata.obsm["X_pca"])
    assert adata.uns["spectral_ph"]["params"]["representation"] == "obsm['X_pca']"
    tl.loops(adata, genes=False, use_rep="X_other")
    np.testing.assert_array_equal(chain.calls[-1]["X"], adata.obsm["X_other"].to_numpy())
    with pytest.raises(InputError, match=r"^Sparse data was passed: X must be a dense \(n, d\) array\."):
        tl.loops(adata, genes=False, use_rep="X")
    tl.loops(anndata.AnnData(adata.X.toarray()), genes=False, use_rep="X")
    np.testing.assert_array_equal(chain.calls[-1]["X"], adata.X.toarray())

    del adata.obsm["X_pca"]
    adata.layers["log"] = adata.X.copy()
    adata.layers["log"].data = np.log1p(adata.layers["log"].data)
    tl.loops(adata, genes=False, layer="log")
    np.testing.assert_array_equal(chain.calls[-1]["X"], sph.preprocess(adata.layers["log"], kind="log").X)
    assert adata.uns["spectral_ph"]["params"]["representation"] == "spectral_ph.preprocess of layers['log']"


def test_the_stored_graph_is_taken_by_its_pattern(cells, chain):
    adata, _ = cells
    # Cells 0 and 1 are duplicates, all others go one way, 4 has itself for a neighbour.
    row, col = np.append(np.arange(N - 1), [1, 4]), np.append(np.arange(1, N), [0, 4])
    D = sp.csr_matrix((np.where(row + col == 1, 0.0, 2.0), (row, col)), shape=(N, N))
    adata.obsp["mine_distances"] = D
    adata.uns["mine"] = {"distances_key": "mine_distances", "connectivities_key": "mine_connectivities"}
    expected = np.zeros((N, N))
    expected[np.arange(N - 1), np.arange(1, N)] = expected[np.arange(1, N), np.arange(N - 1)] = 1
    for key in ("mine", "mine_distances"):
        tl.loops(adata, neighbors_key=key, genes=False)
        np.testing.assert_array_equal(chain.calls[-1]["graph"].toarray(), expected)
        assert "X" not in chain.calls[-1]
    assert adata.uns["spectral_ph"]["params"]["representation"] == "the pattern of obsp['mine_distances']"


def test_obs_holds_the_loop_that_is_called(cells, chain):
    adata, truth = cells
    adata.obs["mine"] = 1
    tl.loops(adata, anchor=False)
    loop = chain.answer.loops[0]
    np.testing.assert_array_equal(adata.obs["spectral_ph_phase"], loop.phase)
    np.testing.assert_array_equal(adata.obs["spectral_ph_distance"], loop.distance)
    np.testing.assert_array_equal(adata.obs["spectral_ph_on_loop"], loop.on_loop)
    np.testing.assert_array_equal(adata.obs["spectral_ph_in_domain"], loop.domain)
    np.testing.assert_array_equal(adata.obs["spectral_ph_phase_sd"], loop.spread)
    # columns for a regression: the phase by ranks, evenly spread, in the same cyclic order
    even = np.arctan2(adata.obs["spectral_ph_sin"], adata.obs["spectral_ph_cos"])[loop.domain]
    assert circular_agreement(even.to_numpy(), to_ranks(loop.phase[loop.domain])) > 1 - 1e-6
    cycle = adata.obs["spectral_ph_cycle"].to_numpy()
    np.testing.assert_array_equal(np.argsort(cycle)[-4:], loop.cycle)
    assert (cycle == -1).sum() == N - 4
    assert "spectral_ph_phase_2" not in adata.obs
    np.testing.assert_allclose(truth.phase, loop.phase)


@pytest.mark.parametrize(
    ("verdicts", "shown"),
    [
        (("loop", "undecided", "loop"), ["1", "3"]),
        (("undecided", "loop"), ["2"]),
        (("undecided", "no loop"), ["1"]),
        ((), []),
    ],
)
def test_called_loops_are_written_or_the_longest(cells, chain, verdicts, shown):
    adata, truth = cells
    chain.answer = answer(truth.phase, verdicts)
    tl.loops(adata, genes=False)
    table = adata.uns["spectral_ph"]["loops"]
    assert list(table.index[table["in_obs"]]) == shown
    assert list(table["verdict"]) == list(verdicts)
    found = [name for name in adata.obs if "_phase" in name and "_sd" not in name]
    assert found == ["spectral_ph_phase", "spectral_ph_phase_2"][: len(shown)]


def test_a_second_call_removes_what_the_first_wrote(cells, chain):
    adata, truth = cells
    chain.answer = answer(truth.phase, ("loop", "loop"))
    tl.loops(adata)
    assert "spectral_ph_phase_2" in adata.obs
    assert "genes" in adata.uns["spectral_ph"]
    chain.answer = answer(truth.phase, ())
    tl.loops(adata)
    assert list(adata.obs) == []
    assert "genes" not in adata.uns["spectral_ph"]
    chain.answer = answer(truth.phase)
    tl.loops(adata, key_added="a", genes=False)
    tl.loops(adata, key_added="b", genes=False)
    assert {"a_phase", "b_phase"} <= set(adata.obs)


def test_the_phase_is_anchored_and_the_genes_peak_where_they_do_then(cells, chain):
    adata, truth = cells
    chain.answer = answer(np.mod(-truth.phase + 1.0, 2 * np.pi))
    tl.loops(adata)
    anchor = adata.uns["spectral_ph"]["anchor"]
    assert anchor["anchored"]
    assert anchor["direction"] == -1
    difference = np.exp(1j * (adata.obs["spectral_ph_phase"].to_numpy() - truth.phase))
    assert abs(difference.mean()) == pytest.approx(1)
    table = adata.uns["spectral_ph"]["genes"]
    top = table.index[:10]
    peaks = np.array([truth.gene_phase[truth.gene_names.index(name)] for name in top])
    assert np.abs(np.angle(np.exp(1j * (table["peak"][:10] - peaks)) / difference.mean())).max() < 0.5
    assert adata.uns["spectral_ph"]["genes_params"]["tests"] == 4
    # The phases of the halves turn along, else the spread would be large.
    assert adata.obs["spectral_ph_phase_sd"].max() < 1e-3


def test_lists_of_genes_of_the_user_anchor_too(cells, chain):
    adata, truth = cells
    adata.var_names = [f"x{j}" for j in range(adata.n_vars)]
    tl.loops(adata, genes=False)
    assert not adata.uns["spectral_ph"]["anchor"]["anchored"]
    np.testing.assert_array_equal(adata.obs["spectral_ph_phase"], truth.phase)
    early = [f"x{j}" for j in np.flatnonzero(np.abs(truth.gene_phase - 3.0) < 0.4)]
    late = [f"x{j}" for j in np.flatnonzero(np.abs(truth.gene_phase - 5.0) < 0.4)]
    tl.loops(adata, genes=False, s_genes=early, g2m_genes=late)
    assert adata.uns["spectral_ph"]["anchor"]["anchored"]


def test_genes_are_tested_against_normalised_counts(cells, chain):
    adata, truth = cells
    tl.loops(adata, anchor=False)
    found = adata.uns["spectral_ph"]["genes"]
    dense = adata.copy()
    total = np.asarray(dense.X.sum(axis=1)).ravel()
    dense.X = np.log1p(dense.X.toarray() * (np.median(total) / total)[:, None])
    tl.loops(dense, anchor=False)
    np.testing.assert_allclose(
        found["r_squared"].sort_index(), dense.uns["spectral_ph"]["genes"]["r_squared"].sort_index(), atol=1e-5
    )
    assert found["p_value"].is_monotonic_increasing
    periodic = {name for name, peak in zip(truth.gene_names, truth.gene_phase, strict=True) if np.isfinite(peak)}
    called = set(found.index[found["q_value"] < 0.05])
    assert len(called) > 30
    assert len(called - periodic) <= 0.1 * len(called)
    profiles = adata.uns["spectral_ph"]["profiles"]
    assert profiles.shape == (min(100, len(called)), 36)
    assert list(profiles.index) == list(found.index[: len(profiles)])

    tl.loops(adata, anchor=False, genes=["PCNA", "TOP2A"])
    few = adata.uns["spectral_ph"]["genes"]
    assert set(few.index) == {"PCNA", "TOP2A"}
    np.testing.assert_allclose(few["p_value"].sort_index(), found.loc[["PCNA", "TOP2A"], "p_value"])
    tl.loops(adata, genes=False)
    assert "genes" not in adata.uns["spectral_ph"]


def test_confounders_are_numbers_and_a_warning(cells, chain):
    adata, truth = cells
    adata.var_names = [*adata.var_names[:-1], "MT-ND1"]
    adata.obs["batch"] = pd.Categorical(np.where(truth.phase < np.pi, "a", "b"))
    adata.obs["n_counts"] = np.cos(truth.phase)
    adata.obs["other"] = np.arange(N) % 2 == 0
    with pytest.warns(SpectralWarning, match="the phase goes with batch"):
        tl.loops(adata, genes=False)
    table = adata.uns["spectral_ph"]["confounders"]
    assert list(table.index) == ["library size", "mitochondrial share", "n_counts", "batch"]
    assert list(table["kind"]) == ["numeric"] * 3 + ["categorical"]
    assert table.loc["n_counts", "share"] == pytest.approx(1)
    assert table.loc["library size", "share"] < 0.1
    assert np.isfinite(table["distance_correlation"][:3]).all()
    assert sum("the phase goes with" in text for text in adata.uns["spectral_ph"]["warnings"]) == 2
    assert "said before" in adata.uns["spectral_ph"]["warnings"]
    tl.loops(adata, genes=False, confounders=["other"])
    assert list(adata.uns["spectral_ph"]["confounders"].index)[-1] == "other"


def test_without_halves_it_is_said_that_no_held_out_test_was_possible(cells, chain):
    adata, truth = cells
    chain.answer = answer(truth.phase, with_halves=False)
    tl.loops(adata)
    stored = adata.uns["spectral_ph"]
    assert "spectral_ph_phase_sd" not in adata.obs
    assert "r_squared_held_out" not in stored["genes"]
    assert stored["genes_params"]["tests"] == 0
    assert any(text.startswith("the loop holds no halves") for text in stored["warnings"])


@pytest.mark.parametrize("verdicts", [("loop", "loop"), ("undecided",), ()])
def test_h5ad_gives_back_what_was_written(cells, chain, tmp_path, verdicts):
    adata, truth = cells
    chain.answer = answer(truth.phase, verdicts)
    tl.loops(adata)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert_same(back.obs, adata.obs)
    assert_same(dict(back.uns), dict(adata.uns))
    assert not any(value.ndim == 2 and value.shape[0] == value.shape[1] == N for value in adata.obsp.values())


def test_backed_cells_give_the_same_and_x_stays_on_disk(cells, chain, tmp_path):
    adata, _ = cells
    for name, X in (("sparse", adata.X), ("dense", adata.X.toarray())):
        file = tmp_path / f"{name}.h5ad"
        anndata.AnnData(X, adata.obs[[]], adata.var).write_h5ad(file)
        backed = anndata.read_h5ad(file, backed="r")
        tl.loops(backed)
        in_memory = anndata.AnnData(X, adata.obs[[]], adata.var)
        tl.loops(in_memory)
        assert backed.isbacked
        pd.testing.assert_frame_equal(backed.obs, in_memory.obs)
        pd.testing.assert_frame_equal(backed.uns["spectral_ph"]["genes"], in_memory.uns["spectral_ph"]["genes"])
        with pytest.raises(InputError) as error:
            tl.loops(backed, copy=True)
        assert str(error.value) == (
            "copy=True of a backed AnnData would need a file of its own. Pass adata.to_memory(), or "
            "copy=False, which leaves X in the file as it is."
        )
        backed.file.close()


def test_copy_leaves_the_original_as_it_was(cells):
    adata, _ = cells
    found = tl.loops(adata, copy=True, genes=False)
    assert list(adata.obs) == []
    assert list(adata.uns) == []
    assert "spectral_ph_phase" in found.obs
    assert tl.loops(adata, genes=False) is None


def test_input_is_left_untouched(cells):
    adata, _ = cells
    before = adata.X.copy()
    tl.loops(adata)
    assert (before != adata.X).nnz == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"use_rep": "X_pce"},
            "this AnnData has no representation 'X_pce' in obsm, only 'X_pca', 'X_umap'; did you mean 'X_pca'?",
        ),
        (
            {"neighbors_key": "neighbors"},
            "this AnnData has no neighbours 'neighbors' in uns or obsp, only 'scvi_distances'.",
        ),
        (
            {"neighbors_key": "scvi"},
            "this AnnData has no distances 'gone' in obsp, only 'scvi_distances'.",
        ),
        (
            {"neighbors_key": "scvi", "use_rep": "X_pca"},
            "use_rep='X_pca' and neighbors_key='scvi' both say where the shape comes from. Pass one of them.",
        ),
        ({"layer": "counts"}, "this AnnData has no layer 'counts' in layers, nor any other."),
        (
            {"confounders": ["donors"]},
            "this AnnData has no column 'donors' in obs, only 'donor'; did you mean 'donor'?",
        ),
        ({"confounders": "donor"}, "confounders takes a list of columns, not 'donor'. Pass confounders=['donor']."),
        ({"genes": "PCNA"}, "genes takes True, False or a list of names, not 'PCNA'. Pass genes=['PCNA']."),
        ({"s_genes": "PCNA"}, "s_genes and g2m_genes take lists of names, not 'PCNA'. Pass ['PCNA']."),
        (
            {"kind": "logs"},
            "kind='logs' is not a known kind of values; did you mean 'log'? Known are: auto, counts, log.",
        ),
        ({"copy": 1}, "copy must be True or False, not 1."),
    ],
)
def test_a_missing_key_is_named_with_those_there_are(cells, options, sentence):
    adata, _ = cells
    adata.obsm["X_pca"] = adata.obsm["X_umap"] = np.ones((N, 2))
    adata.obsp["scvi_distances"] = sp.csr_matrix((N, N))
    adata.obs["donor"] = "a"
    if options.get("neighbors_key") == "scvi":
        adata.uns["scvi"] = {"distances_key": "gone"}
    with pytest.raises(InputError) as error:
        tl.loops(adata, **options)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "key", ["", "a/b", "a\\b", ".", "..", ".zgroup", "a\0b", "two\nlines", "\ud800", "ä" * 101, 3, None, b"key"]
)
def test_a_name_that_a_file_would_not_keep_is_refused_before_anything_is_computed(cells, chain, key):
    adata, _ = cells
    sentence = (
        f"={key!r} is no name that .h5ad and .zarr both keep. Pass text of 1 to 200 characters without / and \\ that does not "
        "begin with a point."
    )
    with pytest.raises(InputError) as error:
        tl.loops(adata, key_added=key)
    assert str(error.value) == f"key_added{sentence}"
    assert chain.calls == []
    with pytest.raises(InputError) as error:
        tl.place(adata, adata, use_rep="X_pca", key=key)
    assert str(error.value) == f"key{sentence}"


@pytest.mark.parametrize("key", ["spectral_ph", "ä b.c", "_", "a:b", "x" * 200])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_name_that_is_taken_is_kept_by_both_formats(cells, tmp_path, key):
    adata, _ = cells
    tl.loops(adata, key_added=key)
    for kind in ("h5ad", "zarr"):
        getattr(adata, f"write_{kind}")(tmp_path / f"cells.{kind}")
        back = getattr(anndata, f"read_{kind}")(tmp_path / f"cells.{kind}")
        if kind == "h5ad":
            assert_same(back.uns[key], adata.uns[key])
        assert set(back.uns[key]) == set(adata.uns[key])
        np.testing.assert_array_equal(back.obs[f"{key}_phase"], adata.obs[f"{key}_phase"])
        again = stored.read_loops(back, key)
        assert again.verdict == adata.uns[key]["verdict"]
        np.testing.assert_array_equal(again.loops[0].phase, adata.obs[f"{key}_phase"])


def test_the_place_of_something_else_is_not_taken(cells, chain):
    adata, _ = cells
    for other in ({"params": {}}, "text", 3):
        adata.uns["neighbors"] = other
        with pytest.raises(InputError) as error:
            tl.loops(adata, key_added="neighbors")
        assert str(error.value) == (
            "uns['neighbors'] holds something that spectral_ph did not write, and it is not replaced. Pass another key_added."
        )
    assert chain.calls == []


def test_all_genes_of_a_name_are_tested(cells):
    adata, _ = cells
    names = list(adata.var_names)
    adata.var_names = ["twice", names[1], "twice", *names[3:]]
    tl.loops(adata, genes=["twice", names[1], "twice"])
    table = adata.uns["spectral_ph"]["genes"]
    assert sorted(table.index) == sorted(["twice", "twice", names[1]])
    mean = [np.asarray(tl.Expression.of(adata.X, adata.var_names).columns(np.array([j]))[3:].mean()) for j in (0, 2)]
    np.testing.assert_allclose(np.sort(table.loc["twice", "mean"]), np.sort(mean))


def test_a_graph_that_joins_all_cells_says_nothing(cells, chain):
    adata, _ = cells
    rng = np.random.default_rng(0)
    full = rng.uniform(1, 2, (N, N))
    np.fill_diagonal(full, 0)
    for matrix in (full, sp.csr_matrix(full), sp.csr_matrix(np.triu(full))):
        adata.obsp["all"] = matrix
        with pytest.raises(InputError) as error:
            tl.loops(adata, neighbors_key="all")
        assert str(error.value) == (
            "obsp['all'] joins each of the 160 cells to every other, so its pattern, which is all that counts here, says nothing. "
            "If it holds distances, pass spectral_ph.find_loops(adata.obsp['all'], distance='precomputed'); else name a graph of "
            "nearest neighbours, or use_rep."
        )
    assert chain.calls == []


def near(n=N):
    """A ring of cells, each with its two neighbours, as an AnnData."""
    row = np.repeat(np.arange(n), 2)
    col = (row + np.tile([1, -1], n)) % n
    adata = anndata.AnnData(obs=pd.DataFrame(index=[f"cell{i}" for i in range(n)]))
    adata.obsp["distances"] = sp.csr_matrix((np.ones(2 * n), (row, col)), shape=(n, n))
    adata.uns["neighbors"] = {"distances_key": "distances", "params": {"n_neighbors": 3, "metric": "euclidean"}}
    return adata


def test_cells_that_lost_their_neighbours_are_named(chain):
    adata = near()[[0, 1, 2, 50, 51, 70]].copy()
    with pytest.raises(InputError) as error:
        tl.loops(adata, neighbors_key="neighbors")
    assert str(error.value) == (
        "1 of the 6 cells have no neighbour in obsp['distances'] (first: 'cell70'), as happens where cells were left out after "
        "the neighbours were sought. Run scanpy.pp.neighbors on these cells again, or pass use_rep."
    )


def test_a_stored_graph_says_first_that_there_will_be_no_p_value(monkeypatch):
    said = []

    def heard(**_):
        said.extend(str(one.message) for one in caught)
        return answer(np.linspace(0, 6, N))

    monkeypatch.setattr(tl, "find_loops", heard)
    with pytest.warns(SpectralWarning) as caught:
        tl.loops(near(), neighbors_key="neighbors")
    assert said == [
        "there will be no verdict and no p-value, for obsp['distances'] is a graph, of which no independent halves can be drawn. "
        "Pass use_rep in place of neighbors_key to have both."
    ]


@pytest.mark.parametrize(
    ("params", "where", "columns"),
    [
        ({"use_rep": "X_other"}, "obsm['X_other']", 4),
        ({"use_rep": "X_other", "n_pcs": 3}, "obsm['X_other'], the first 3 columns", 3),
        ({"n_pcs": 2}, "obsm['X_pca'], the first 2 columns", 2),
        ({"n_pcs": 20}, "obsm['X_pca']", 5),
        ({"use_rep": "X_gone"}, None, None),
        ({}, None, None),  # of no genes scanpy takes X
    ],
)
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_points_of_a_stored_graph_are_taken_where_they_are_known(chain, params, where, columns, metric):
    adata = near()
    rng = np.random.default_rng(0)
    adata.obsm["X_pca"], adata.obsm["X_other"] = rng.normal(size=(N, 5)), rng.normal(size=(N, 4))
    adata.uns["neighbors"]["params"] |= params | {"metric": metric}
    chain.answer = answer(np.linspace(0, 6, N))
    with pytest.warns(SpectralWarning) as said:
        tl.loops(adata, neighbors_key="neighbors")
    given = chain.calls[-1]
    if where is None:
        assert "X" not in given
        assert given["graph"].nnz == 2 * N
        return
    key = where[6:].partition("'")[0]
    np.testing.assert_array_equal(given["X"], adata.obsm[key][:, :columns])
    assert given.get("metric", "euclidean") == metric
    assert adata.uns["spectral_ph"]["params"]["representation"] == where
    assert str(said[0].message) == (
        f"uns['neighbors'] says that its graph was made of {where}. Loops were sought in these points, which gives a p-value, and "
        "not in the graph. To use the graph itself, name its key of obsp."
    )
    tl.loops(adata, neighbors_key="distances")
    assert "X" not in chain.calls[-1]
    tl.loops(adata, neighbors_key="neighbors", metric="correlation")
    assert chain.calls[-1]["metric"] == "correlation"


def test_only_genes_are_taken_of_features_of_several_types(cells, chain):
    adata, _ = cells
    genes = adata.copy()
    antibodies = np.random.default_rng(0).poisson(200, (N, 3)).astype(np.float32)
    both = anndata.AnnData(sp.hstack([adata.X, antibodies], format="csr"))
    both.var_names = [*adata.var_names, "CD3", "CD4", "CD8"]
    both.var["feature_types"] = pd.Categorical(["Gene Expression"] * adata.n_vars + ["Antibody Capture"] * 3)
    tl.loops(genes)
    with pytest.warns(SpectralWarning) as said:
        tl.loops(both)
    assert (
        "X also has 3 features of type 'Antibody Capture', left out by default. Pass feature_type='Antibody Capture' for these "
        "alone, or feature_type='all' for all."
    ) in [str(one.message) for one in said]
    np.testing.assert_array_equal(chain.calls[0]["X"], chain.calls[1]["X"])
    for table in ("genes", "confounders"):
        pd.testing.assert_frame_equal(genes.uns["spectral_ph"][table], both.uns["spectral_ph"][table])
    tl.loops(both, feature_type="antibody capture")
    assert set(both.uns["spectral_ph"]["genes"].index) == {"CD3", "CD4", "CD8"}
    tl.loops(both, feature_type="all")
    assert len(both.uns["spectral_ph"]["genes"]) > 3


@pytest.mark.parametrize("scale", [1.0, 1e4 / 500])
def test_values_too_large_for_logarithms_are_taken_as_linear(cells, chain, scale):
    """TPM and the like; the same points come out as from counts that are scaled to the same total."""
    adata, _ = cells
    counts = adata.X.toarray().astype(np.float64)
    linear = anndata.AnnData(counts / counts.sum(axis=1, keepdims=True) * np.median(counts.sum(axis=1)) * 10 * scale)
    linear.var_names = adata.var_names
    with pytest.warns(SpectralWarning) as said:
        tl.loops(linear)
    assert (
        f"X holds fractions of up to {linear.X.max():.6g}, too large for logarithms, so it was taken for values on a linear scale, "
        "such as TPM: scaled to the median total, then log(1 + x). To use the values as they are, pass kind='log'."
    ) in [str(one.message) for one in said]
    np.testing.assert_allclose(chain.calls[-1]["X"], sph.preprocess(linear.X).X)
    assert "library size" not in linear.uns["spectral_ph"]["confounders"].index
    tl.loops(linear, kind="log")
    np.testing.assert_allclose(chain.calls[-1]["X"], sph.preprocess(linear.X, kind="log").X)


def test_depth_comes_from_the_layer_of_counts_or_from_the_genes_detected(cells, chain):
    adata, _ = cells
    tl.loops(adata, confounders=[])
    size = adata.uns["spectral_ph"]["confounders"].loc["library size"]
    logged = adata.copy()
    logged.X = logged.X.log1p()
    tl.loops(logged, confounders=[])
    assert list(logged.uns["spectral_ph"]["confounders"].index) == ["genes detected"]
    logged.layers["counts"] = adata.X
    tl.loops(logged, confounders=[])
    pd.testing.assert_series_equal(logged.uns["spectral_ph"]["confounders"].loc["library size"], size)


@pytest.mark.parametrize(
    "name", ["nUMI", "nGene", "nCount_RNA", "orig.ident", "percent.mt", "gem_group", "doublet_score"]
)
def test_the_usual_names_of_other_programs_are_compared(cells, name):
    adata, _ = cells
    adata.obs[name] = np.arange(N) % 7
    tl.loops(adata)
    assert name in adata.uns["spectral_ph"]["confounders"].index


def test_an_anndata_without_values_or_of_empty_cells_is_refused(chain):
    with pytest.raises(InputError) as error:
        tl.loops(anndata.AnnData(obs=pd.DataFrame(index=["a", "b"]), obsm={"X_scVI": np.ones((2, 3))}))
    assert str(error.value) == (
        "this AnnData has no values in X, and nothing else was named. Name one of obsm ('X_scVI') with "
        "use_rep, or name a layer."
    )
    adata, _ = simulated(20)
    adata.X = sp.csr_matrix(np.where(np.arange(20)[:, None] == 3, 0, adata.X.toarray()))
    with pytest.raises(InputError) as error:
        tl.loops(adata)
    assert str(error.value) == (
        "1 of the 20 cells have no counts at all. Remove them first, for example with scanpy.pp.filter_cells(adata, "
        "min_counts=1)."
    )
    with pytest.raises(InputError) as error:
        tl.loops(np.ones((3, 3)))
    assert str(error.value) == "tl.loops takes an AnnData, not ndarray. Pass points to spectral_ph.find_loops."


def test_cells_without_expression_are_described_without_genes(chain):
    chain.answer = answer(np.linspace(0, 6, 30))
    adata = anndata.AnnData(obs=pd.DataFrame(index=[str(k) for k in range(30)]), obsm={"X_scVI": np.ones((30, 3))})
    tl.loops(adata, use_rep="X_scVI")
    assert "genes" not in adata.uns["spectral_ph"]
    assert not adata.uns["spectral_ph"]["anchor"]["anchored"]
    assert any("no gene was tested" in text for text in adata.uns["spectral_ph"]["warnings"])


def test_a_feature_that_was_not_called_is_said_to_be_none(cells, chain):
    adata, truth = cells
    said = (
        "no loop was called (verdict 'undecided'), so the phase, and what is said to follow it, are those of the feature with "
        "the most evidence, which may be noise."
    )
    tl.loops(adata, genes=False)
    assert adata.uns["spectral_ph"]["format"] == 1
    assert said not in adata.uns["spectral_ph"]["warnings"]
    chain.answer = answer(truth.phase, ("undecided",))
    tl.loops(adata, genes=False)
    assert said in adata.uns["spectral_ph"]["warnings"]


def test_a_loop_of_few_cells_is_written_without_genes(cells, chain):
    adata, truth = cells
    for size in (9, 3):
        chain.answer = answer(truth.phase)
        chain.answer.loops[0] = dataclasses.replace(chain.answer.loops[0], domain=np.arange(N) < size)
        tl.loops(adata)
        stored = adata.uns["spectral_ph"]
        assert "genes" not in stored
        assert "anchor" not in stored
        assert len(stored["confounders"]) == 0
        assert (
            f"the loop has {size} different phases, but 10 are needed to tell what follows it. No gene was tested, and nothing "
            "was compared with it."
        ) in stored["warnings"]
        assert "spectral_ph_phase" in adata.obs


def test_a_confounder_of_few_cells_is_left_out_with_a_warning(cells, chain):
    adata, _ = cells
    adata.obs["reporter"] = np.append(np.arange(9.0), np.full(N - 9, np.nan))
    tl.loops(adata, genes=False, confounders=["reporter"])
    stored = adata.uns["spectral_ph"]
    assert list(stored["confounders"].index) == ["library size"]
    assert any(text.startswith("the phase was not compared with reporter: ") for text in stored["warnings"])


def test_new_cells_are_placed_by_their_neighbours(cells, chain, tmp_path):
    adata, truth = cells
    chain.answer = answer(truth.phase, ("loop", "loop"))
    circle = np.column_stack([np.cos(truth.phase), np.sin(truth.phase)])
    adata.obsm["X_pca"] = circle
    tl.loops(adata, genes=False, anchor=False)
    angle = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    new = anndata.AnnData(np.ones((50, 1)), obsm={"X_pca": np.column_stack([np.cos(angle), np.sin(angle)])})
    tl.place(new, adata, use_rep="X_pca")
    for end in ("", "_2"):
        placed = new.obs[f"spectral_ph_phase{end}"].to_numpy()
        assert np.abs(np.angle(np.exp(1j * (placed - angle)))).max() < 0.3
        columns = [new.obs[f"spectral_ph_{part}{end}"].to_numpy() for part in ("cos", "sin")]
        np.testing.assert_allclose(columns[0] ** 2 + columns[1] ** 2, 1)
        assert circular_agreement(to_ranks(np.arctan2(*columns[::-1])), to_ranks(placed)) > 0.99
    # A reference cell that is its own only neighbour keeps its phase, up to rounding.
    again = tl.place(adata, adata, use_rep="X_pca", n_neighbors=1, copy=True)
    np.testing.assert_allclose(np.exp(1j * again.obs["spectral_ph_phase"]), np.exp(1j * truth.phase))
    np.testing.assert_array_equal(again.obs["spectral_ph_in_domain"], adata.obs["spectral_ph_in_domain"])
    assert "spectral_ph_on_loop" not in again.obs
    assert "spectral_ph_on_loop" in adata.obs
    new.write_h5ad(tmp_path / "new.h5ad")
    assert_same(dict(anndata.read_h5ad(tmp_path / "new.h5ad").uns), dict(new.uns))

    for change, sentence in (
        (
            {"key": "other"},
            (
                "the reference has no loop under the name 'other'. Run spectral_ph.tl.loops(reference) first, "
                "or pass another key."
            ),
        ),
        (
            {"use_rep": "X_scVI"},
            "this AnnData has no representation 'X_scVI' in obsm, only 'X_pca'; did you mean 'X_pca'?",
        ),
    ):
        with pytest.raises(InputError) as error:
            tl.place(new, adata, **{"use_rep": "X_pca"} | change)
        assert str(error.value) == sentence
    new.obsm["X_pca"] = np.ones((50, 3))
    with pytest.raises(InputError) as error:
        tl.place(new, adata, use_rep="X_pca")
    assert str(error.value) == (
        "obsm['X_pca'] has 3 columns in the new cells but 2 in the reference. Project the new cells into the coordinates of the "
        "reference."
    )


def test_from_scanpys_pipeline_to_a_file_and_back(tmp_path):
    """The whole chain, nothing replaced: the same numbers as `find_loops`, and a phase that is the true one."""
    import scanpy as sc

    adata, truth = simulated(300, 600)
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    sc.pp.highly_variable_genes(adata, n_top_genes=300)
    sc.pp.pca(adata, n_comps=20)
    sc.pp.neighbors(adata, n_neighbors=16)
    given = {"distance": "eff_res", "n_neighbors": 15, "passes": 1, "splits": 2, "random_state": 0}
    tl.loops(adata, layer="counts", **given)
    R = sph.find_loops(adata.obsm["X_pca"], **given)
    stored = adata.uns["spectral_ph"]
    assert stored["verdict"] == R.verdict
    assert stored["genes_params"]["tests"] == len(R.loops[0].halves) == 4
    np.testing.assert_array_equal(stored["diagrams"]["H1"], R.persistence[1])
    np.testing.assert_array_equal(adata.obs["spectral_ph_distance"], R.loops[0].distance)
    phase = adata.obs["spectral_ph_phase"].to_numpy()
    assert circular_agreement(phase, R.loops[0].phase) == pytest.approx(1)
    assert stored["anchor"]["anchored"]
    assert circular_agreement(phase, truth.phase) > 0.8
    # Anchored, it is turned and directed as the truth: S before G2/M, not only up to a mirror.
    assert abs(np.exp(1j * (phase - truth.phase)).mean()) > 0.8

    tl.loops(
        adata, neighbors_key="neighbors", key_added="graph", distance="eff_res", layer="counts", genes=False, passes=1
    )
    # What is stored says that the graph was made of these points, so they are used in its place.
    R = sph.find_loops(adata.obsm["X_pca"], "eff_res", passes=1)
    np.testing.assert_allclose(adata.uns["graph"]["diagrams"]["H1"], R.persistence[1], rtol=1e-6)

    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert_same(back.obs, adata.obs)
    for key in ("spectral_ph", "graph"):
        assert_same(dict(back.uns[key]), dict(adata.uns[key]))


def test_groups_of_a_column_go_into_halves_as_a_whole():
    X = sph.datasets.circle(150, ambient_dim=5, sigma=0.1, random_state=0)
    adata = anndata.AnnData(
        obsm={"X_pca": X},
        obs=pd.DataFrame({"donor": np.tile(["a", "b", "c"], 50)}, index=[f"cell {k}" for k in range(150)]),
    )
    tl.loops(adata, genes=False, split_by="donor")
    assert " When the 3 groups are divided, in 3 ways, the two halves order" in adata.uns["spectral_ph"]["reason"]
    assert adata.uns["spectral_ph"]["reason"] == sph.find_loops(X, split_by=adata.obs["donor"].to_numpy()).reason
    with pytest.raises(InputError, match="no column 'doner' in obs"):
        tl.loops(adata, split_by="doner")
