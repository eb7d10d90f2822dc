"""Loop pursuit: what it chooses genes by, that the other half has no part in it, and that a cycle inside types comes out."""

import json

import anndata
import numpy as np
import pytest
from click.testing import CliRunner

import spectral_ph as sph
from spectral_ph import report, stored
from spectral_ph.cells.expression import Expression
from spectral_ph.cells.followers import GENES, explained, kept, learn, principal_axes, settings
from spectral_ph.cells.pursuit import _turn, pursue, start_columns
from spectral_ph.cli import app
from spectral_ph.loops.coordinates import circular_agreement, to_ranks
from spectral_ph.verdict.halves import Halving

N, CYCLING, TYPED, OTHER = 240, 40, 40, 40
NAMES = [f"cycling{j}" for j in range(CYCLING)] + [f"typed{j}" for j in range(TYPED)] + [f"o{j}" for j in range(OTHER)]


def hidden(seed, amplitude=1.0):
    """Log expression of cells of three types, 3 apart in `TYPED` genes, each of which goes round `CYCLING` genes."""
    rng = np.random.default_rng(seed)
    phase, kind = rng.uniform(0, 2 * np.pi, N), rng.integers(3, size=N)
    values = 0.5 * rng.standard_normal((N, len(NAMES)))
    values[:, :CYCLING] += amplitude * np.cos(phase[:, None] - rng.uniform(0, 2 * np.pi, CYCLING))
    values[:, CYCLING : CYCLING + TYPED] += 3 * rng.standard_normal((3, TYPED))[kind]
    return values, phase, kind


def pursued(values, splits=1, seed=0, **more):
    how = Halving(values, np.arange(len(values)), np.random.default_rng(0))
    return pursue(Expression.of(values, NAMES, "log"), how, splits, seed, **more)


@pytest.fixture(scope="module")
def found():
    values, phase, _ = hidden(0)
    return pursued(values), phase


def test_a_cycle_inside_three_types_comes_out_without_naming_them(found):
    R, phase = found
    assert R.evidence > 0.4
    assert R.types > 1
    assert circular_agreement(to_ranks(R.phase), to_ranks(phase)) > 0.9
    # Equally many cells in every arc.
    np.testing.assert_allclose(np.sort(R.phase), 2 * np.pi * np.arange(N) / N, atol=0.05)
    assert {name.rstrip("0123456789") for name in R.names[: CYCLING // 2]} == {"cycling"}
    assert R.layout.shape == (N, 10)


def test_the_loop_lies_in_the_first_two_directions_of_the_layout(found):
    R, _ = found
    about = R.layout[:, :2] - R.layout[:, :2].mean(axis=0)
    turn = np.arctan2(about[:, 1], about[:, 0])
    assert circular_agreement(to_ranks(turn), to_ranks(R.phase)) > 0.9


def test_without_a_cycle_little_comes_out():
    assert pursued(hidden(1, amplitude=0.0)[0]).evidence < 0.2


def test_same_seed_same_bits(found):
    again = pursued(hidden(0)[0])
    for name in ("evidence", "genes", "share", "layout", "phase"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found[0], name))


def test_known_genes_are_a_start(found):
    R = pursued(hidden(0)[0], start_genes=[name.upper() for name in NAMES[:10]])
    assert R.settings["start_genes"] == NAMES[:10]
    assert R.evidence > 0.4
    assert set(R.names) - set(NAMES[:10])  # and others are found beside them


def test_the_second_half_has_no_part_in_the_choice_of_genes():
    values = hidden(0)[0]
    halves = values[::2], values[1::2]
    points = np.arange(1, N, 2)
    chosen = _turn(*halves, points, 0, None).turn.genes
    np.testing.assert_array_equal(_turn(halves[0], halves[1][::-1] ** 2, points, 0, None).turn.genes, chosen)


def test_projection_takes_out_the_means_of_the_groups_and_is_linear_without_them():
    values = hidden(0)[0]
    made = learn(values, 0)
    assert len(made.centres) > 1
    np.testing.assert_allclose(made.project(values).mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(made.axes.T @ made.axes, np.eye(made.axes.shape[1]), atol=1e-9)


@pytest.mark.parametrize("shape", [(30, 8), (8, 30)])
def test_principal_axes_are_those_of_the_singular_values(shape):
    M = np.random.default_rng(0).standard_normal(shape)
    M -= M.mean(axis=0)
    axes = principal_axes(M, 3)
    _, _, V = np.linalg.svd(M, full_matrices=False)
    np.testing.assert_allclose(np.abs((axes * V[:3].T).sum(axis=0)), 1, atol=1e-9)
    assert (axes[np.abs(axes).argmax(axis=0), [0, 1, 2]] > 0).all()


def test_points_in_a_line_have_one_axis():
    assert principal_axes(np.outer(np.arange(5) - 2.0, np.ones(4)), 3).shape == (4, 1)


def test_waves_of_the_phase_are_explained_and_nothing_else_is():
    phase = 2 * np.pi * np.arange(50) / 50
    curves = np.column_stack([np.cos(phase), np.sin(2 * phase), np.cos(3 * phase), np.zeros(50)])
    np.testing.assert_allclose(explained(curves, (curves**2).sum(axis=0), phase), [1, 1, 0, 0], atol=1e-9)


@pytest.mark.parametrize(("genes", "number"), [(2000, GENES), (100, 50), (12, 10)])
def test_so_many_genes_are_kept(genes, number):
    share = np.random.default_rng(0).permutation(genes) / genes
    assert len(kept(share)) == number
    assert share[kept(share)].min() > np.delete(share, kept(share)).max()


def test_few_cells_have_few_neighbours():
    assert [one[1]["n_neighbors"] for one in settings(60)] == [10, 10]
    assert [one[1]["n_neighbors"] for one in settings(500)] == [15, 30]


def test_with_few_genes_nothing_is_pursued():
    values = np.random.default_rng(0).standard_normal((120, 15))
    how = Halving(values, np.arange(120), np.random.default_rng(0))
    with pytest.warns(sph.SpectralWarning) as said:
        assert pursue(Expression.of(values, [str(j) for j in range(15)], "log"), how, 1, 0) is None
    assert [str(one.message) for one in said] == [
        "no loop was pursued, for 15 genes vary, and 20 are needed, 2 to start from."
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"features": np.ones((119, 3))},
            "features has 119 rows, but there are 120 points. Pass a row for each point.",
        ),
        (
            {"pursue": True},
            "pursue=True needs the features that the points were made of, such as the expression of all genes. Pass features.",
        ),
        (
            {"start_genes": ["1", "2"]},
            "start_genes needs the features that the points were made of, such as the expression of all genes. Pass features.",
        ),
        (
            {"features": np.ones((120, 3)), "start_genes": ["7", "2"]},
            "start_genes names 1 of the 3 genes there are, but two are needed. Pass names as they are spelled in the data, or "
            "leave it out.",
        ),
        (
            {"features": np.ones((120, 3)), "start_genes": "1"},
            "start_genes takes a list of names, not '1'. Pass start_genes=['1'].",
        ),
        (
            {"features": np.full((120, 3), np.nan), "pursue": True},
            "features contains NaN or infinity. Drop those cells or genes, or fill the gaps first.",
        ),
        ({"features": np.ones((120, 3)), "pursue": "yes"}, "pursue must be \"auto\", True or False, not 'yes'."),
    ],
)
def test_what_cannot_be_pursued_is_refused_before_anything_long_is_computed(arguments, sentence):
    X = np.random.default_rng(0).standard_normal((120, 3))
    with pytest.raises(sph.InputError) as error:
        sph.find_loops(X, splits=1, **arguments)
    assert str(error.value) == sentence


def test_features_with_gaps_do_not_cost_the_answer():
    """Where pursuit was not asked for, what it cannot take is said, and the verdict stands."""
    X = np.random.default_rng(0).standard_normal((120, 3))
    sentence = (
        "no loop will be pursued: features contains NaN or infinity. Drop those cells or genes, or fill the gaps first."
    )
    with pytest.warns(sph.SpectralWarning, match=f"^{sentence}$"):
        R = sph.find_loops(X, splits=1, features=np.full((120, 40), np.nan))
    assert R.pursued is None
    assert sentence in R.warnings
    assert R.verdict == sph.find_loops(X, splits=1).verdict


def test_names_are_taken_in_any_case():
    np.testing.assert_array_equal(start_columns(["A", "b", "C"], ["a", "B", "x"]), [0, 1])


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
def test_every_door_shows_what_was_pursued(tmp_path):
    values = hidden(0)[0]
    adata = anndata.AnnData(values, obsm={"X_pca": values[:, CYCLING : CYCLING + TYPED]})
    adata.var_names = NAMES
    R = sph.find_loops(adata.obsm["X_pca"], splits=1, features=Expression.of(values, NAMES), pursue=True)
    sph.tl.loops(adata, splits=1, genes=False, anchor=False)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = stored.read_loops(anndata.read_h5ad(tmp_path / "cells.h5ad"), "spectral_ph")
    for name in ("evidence", "agreement", "core", "types", "reason", "names", "settings"):
        assert getattr(back.pursued, name) == getattr(R.pursued, name)
    for name in ("genes", "share", "layout", "phase"):
        np.testing.assert_array_equal(getattr(back.pursued, name), getattr(R.pursued, name))
    assert back.verdict == R.verdict == "no loop"
    report.from_anndata(adata, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert 'id="pursued"' in page
    assert R.pursued.reason in page
    arguments = ("loops", tmp_path / "cells.h5ad", "--use-rep", "X_pca", "--genes", "X", "--splits", 1)
    done = CliRunner().invoke(app, [*map(str, arguments), "-o", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert R.pursued.reason in done.output
    written = json.loads((tmp_path / "out" / "result.json").read_text())["pursued"]
    assert written["evidence"] == R.pursued.evidence
    assert written["genes"] == R.pursued.gene_rows()
    assert (tmp_path / "out" / "pursued_genes.csv").exists()

    sph.tl.loops(adata, splits=1, genes=False, anchor=False, pursue=False)
    assert "pursued" not in adata.uns["spectral_ph"]
    assert "X_spectral_ph_pursued" not in adata.obsm
    assert "spectral_ph_pursued_phase" not in adata.obs
