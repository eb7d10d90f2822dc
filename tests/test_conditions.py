"""Conditions and data sets through AnnData: simulated cells with known answers, files, and the picture."""

import anndata
import matplotlib
import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph.cells.conditions import compare_conditions

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def cells():
    """Six donors; in the three that got a drug, half of the cells are stopped near one phase."""
    pool = sph.datasets.cells.cell_cycle(n_cells=1200, n_genes=500, n_cycling_genes=250, random_state=0)
    rng = np.random.default_rng(0)
    counts = pool.counts.toarray() if sp.issparse(pool.counts) else np.asarray(pool.counts)
    left, rows, donors = rng.permutation(1200), [], []
    near = np.abs(np.angle(np.exp(1j * (pool.phase - 4)))) < 0.6
    for donor in "abcdef":
        stopped = left[near[left]][: 30 if donor in "def" else 0]
        others = np.setdiff1d(left, stopped, assume_unique=True)[: 60 - len(stopped)]
        rows.append(np.concatenate([stopped, others]))
        donors += [donor] * 60
        left = np.setdiff1d(left, rows[-1], assume_unique=True)
    rows = np.concatenate(rows)
    adata = anndata.AnnData(sp.csr_matrix(counts[rows], dtype=np.float32))
    adata.var_names, adata.obs_names = list(map(str, pool.gene_names)), [f"c{k}" for k in range(len(rows))]
    adata.obs["donor"], adata.obs["true"] = donors, pool.phase[rows]
    adata.obs["treatment"] = np.where(np.isin(donors, list("def")), "drug", "control")
    adata.obsm["X_pca"] = sph.preprocess(adata.X).X
    sph.tl.loops(adata, splits=3, pursue=False)
    return adata


def test_the_stop_is_found_where_it_is(cells):
    found = sph.tl.compare(cells, condition="treatment", donor="donor")
    assert cells.uns["spectral_ph"]["verdict"] == "loop"
    assert found.conditions == ("control", "drug")
    assert found.p_density == found.least_p == pytest.approx(0.1)
    assert 0.2 < found.moved < 0.6
    # The phases that were found show about the effect that the true ones do: they blur what is narrow, and add nothing.
    true = compare_conditions(cells.obs["true"], np.ones(cells.n_obs, bool), cells.obs["treatment"], cells.obs["donor"])
    assert true.p_density == true.least_p
    assert 0.7 * true.moved < found.moved < 1.1 * true.moved
    # Most of the cells where the density rose are those that were stopped.
    at = found.phases[found.difference.argmax()]
    there = np.abs(np.angle(np.exp(1j * (cells.obs["spectral_ph_phase"].to_numpy() - at)))) < 0.5
    true = cells.obs["true"].to_numpy()[there & (cells.obs["treatment"] == "drug").to_numpy()]
    assert np.median(np.abs(np.angle(np.exp(1j * (true - 4))))) < 0.6


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_files_give_the_comparison_back_and_it_is_drawn(cells, tmp_path, ending):
    found = sph.tl.compare(cells, condition="treatment", donor="donor", between=["drug", "control"])
    getattr(cells, f"write_{ending}")(tmp_path / f"cells.{ending}")
    back = getattr(anndata, f"read_{ending}")(tmp_path / f"cells.{ending}")
    ax = sph.pl.compare(back)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["drug (3 donors)", "control (3 donors)"]
    assert ax.get_title() == f"{found.moved:.0%} stand elsewhere (p 0.1, smallest possible 0.1)"
    thick = [line.get_ydata() for line in ax.lines if line.get_linewidth() == 2.4]
    for side, line in enumerate(thick):
        np.testing.assert_allclose(line[:-1], np.maximum(found.density[found.condition == side].mean(axis=0), 0))
    from spectral_ph.stored.groups import read_comparison

    again = read_comparison(back, "spectral_ph")
    for name, value in vars(found).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(again, name), value)
        else:
            assert getattr(again, name) == value


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_loops_of_two_data_sets_are_matched(cells):
    halves = [cells[start::2].copy() for start in (0, 1)]
    for half in halves:
        sph.tl.loops(half, splits=2, pursue=False)
    found = sph.tl.match(*halves, use_rep="X_pca")
    assert found.agreement.max() > 0.8
    assert len(found.shared) > 50
    assert found.p_genes < 1e-6
    assert found.peaks > 0.8
    back = sph.tl.match(*reversed(halves), use_rep="X_pca")
    np.testing.assert_allclose(back.agreement, found.agreement.T)
    assert (back.shared, back.only_first, back.only_second) == (found.shared, found.only_second, found.only_first)
    other = halves[1].copy()
    other.obsm["X_pca"] = np.random.default_rng(0).permutation(other.obsm["X_pca"])
    assert sph.tl.match(halves[0], other, use_rep="X_pca").agreement.max() < 0.5


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda a: sph.tl.compare(a, condition="nothing", donor="donor"),
            r"^this AnnData has no column 'nothing' in obs",
        ),
        (
            lambda a: sph.tl.compare(a, condition="treatment", donor="donor", which=5),
            r"^which=5 was asked for, but obs holds ",
        ),
        (lambda a: sph.tl.compare(a, condition="treatment", donor="donor", group="x"), r"holds no result in groups"),
        (lambda a: sph.pl.compare(a, key="other"), r"^uns\['other'\] holds no comparison of conditions"),
    ],
)
def test_errors_are_sentences(cells, call, sentence):
    with pytest.raises(sph.InputError, match=sentence):
        call(cells)
