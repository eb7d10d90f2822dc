"""AnnData in, AnnData out: the numbers of the functions, and nothing that .h5ad would not give back."""

import dataclasses

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import tl
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
    # Cells 0 and 1 are duplicates, 2 -> 3 goes one way, 4 has itself for a neighbour.
    D = sp.csr_matrix((np.array([0.0, 0.0, 2.0, 5.0]), (np.array([0, 1, 2, 4]), np.array([1, 0, 3, 4]))), shape=(N, N))
    adata.obsp["mine_distances"] = D
    adata.uns["mine"] = {"distances_key": "mine_distances", "connectivities_key": "mine_connectivities"}
    expected = np.zeros((N, N))
    expected[0, 1] = expected[1, 0] = expected[2, 3] = expected[3, 2] = 1
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
        "no loop was called (verdict 'undecided'), so the phase and the genes in obs and uns are those of the most persistent "
        "feature, which may be noise."
    )
    tl.loops(adata, genes=False)
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
    A = sph.neighbor_graph(adata.obsm["X_pca"], n_neighbors=15)
    R = sph.find_loops(distance="eff_res", graph=A, passes=1)
    np.testing.assert_allclose(adata.uns["graph"]["diagrams"]["H1"], R.persistence[1], rtol=1e-6)

    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert_same(back.obs, adata.obs)
    for key in ("spectral_ph", "graph"):
        assert_same(dict(back.uns[key]), dict(adata.uns[key]))
