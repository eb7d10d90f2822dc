import re

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph._check import InputError
from spectral_ph.cells.preprocess import preprocess
from spectral_ph.datasets import cells


@pytest.fixture(scope="module")
def simulated():
    return cells.cell_cycle()


@pytest.fixture(scope="module")
def loop(simulated):
    return preprocess(simulated.counts, n_top_genes=500)


def circular_agreement(a, b):
    """1 if the angles differ by a shift (either way round), about 0 if they have nothing to do with each other."""
    return max(abs(np.exp(1j * (a - b)).mean()), abs(np.exp(1j * (a + b)).mean()))


def first_two(X):
    return np.arctan2(X[:, 1], X[:, 0])


def test_shapes_and_types(simulated):
    S = simulated
    assert isinstance(S.counts, sp.csr_array)
    assert S.counts.shape == (1000, 2000)
    assert S.counts.dtype == np.int64
    assert S.counts.data.min() >= 1
    assert len(set(S.gene_names)) == 2000
    assert len(set(S.cell_names)) == 1000
    assert S.cycling.dtype == np.bool_
    assert S.phase.min() >= 0
    assert S.phase.max() < 2 * np.pi
    assert np.isfinite(S.gene_phase).sum() == 300
    assert repr(S) == "SimulatedCells(1000 cells, 1000 of them cycling; 2000 genes, 300 of them periodic)"


def test_same_seed_gives_the_same_bits():
    first, again, other = (cells.cell_cycle(50, 100, 40, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.counts.toarray(), again.counts.toarray())
    np.testing.assert_array_equal(first.phase, again.phase)
    assert first.gene_names == again.gene_names
    assert not np.array_equal(first.counts.toarray(), other.counts.toarray())


def test_streams_are_independent():
    plain, quiet, deep = (
        cells.cell_cycle(50, 100, 40, **how) for how in ({}, {"dropout": 0.5}, {"depth": 100.0, "depth_spread": 0.1})
    )
    for other in (quiet, deep):
        np.testing.assert_array_equal(plain.phase, other.phase)
        np.testing.assert_array_equal(plain.gene_phase, other.gene_phase)
    np.testing.assert_array_equal(plain.library_size, quiet.library_size)


def test_marker_genes_peak_where_they_should(simulated):
    phase = dict(zip(simulated.gene_names, simulated.gene_phase, strict=True))
    for name, fraction in cells.MARKERS.items():
        assert phase[name] == pytest.approx(2 * np.pi * fraction)
    assert max(phase[g] for g in ("MCM5", "PCNA", "TYMS")) < min(phase[g] for g in ("TOP2A", "CDK1", "CDC20"))
    few = cells.cell_cycle(10, 20, 4)
    assert {g for g in few.gene_names if not g.startswith("GENE")} == {"PCNA", "TOP2A", "MCM5", "CDK1"}


def test_counts_of_a_gene_peak_at_its_phase():
    S = cells.cell_cycle(4000, 200, 100, depth=20_000.0, depth_spread=0.0, dispersion=0.0, dropout=0.0)
    genes = np.flatnonzero(np.isfinite(S.gene_phase))
    measured = np.angle(S.counts[:, genes].T @ np.exp(1j * S.phase))
    deviation = np.angle(np.exp(1j * (measured - S.gene_phase[genes])))
    assert np.median(np.abs(deviation)) < 0.1
    still = np.flatnonzero(np.isnan(S.gene_phase))
    total = np.asarray(S.counts[:, still].sum(axis=0))
    following = np.abs(S.counts[:, still].T @ np.exp(1j * S.phase)) / total
    assert (following < 5 / np.sqrt(total) + 0.1).all()


def test_mean_and_variance_are_those_of_the_negative_binomial_with_dropout():
    # 60,000 cells of one expected depth and one gene that takes all molecules: mu = depth.
    n, mu, dispersion, dropout = 60_000, 20.0, 0.3, 0.1
    S = cells.cell_cycle(n, 1, 0, depth=mu, depth_spread=0.0, dispersion=dispersion, dropout=dropout)
    counts = S.counts.toarray()[:, 0]
    mean = (1 - dropout) * mu
    second_moment = (1 - dropout) * (mu + dispersion * mu**2 + mu**2)
    assert counts.mean() == pytest.approx(mean, rel=0.01)
    assert counts.var() == pytest.approx(second_moment - mean**2, rel=0.03)


def test_without_dispersion_and_dropout_counts_are_poisson():
    counts = cells.cell_cycle(60_000, 1, 0, depth=20.0, depth_spread=0.0, dispersion=0.0, dropout=0.0).counts.toarray()
    assert counts.mean() == pytest.approx(20, rel=0.01)
    assert counts.var() == pytest.approx(20, rel=0.03)


def test_library_sizes_are_log_normal():
    S = cells.cell_cycle(20_000, 1, 0, depth=1000.0, depth_spread=0.5)
    assert np.median(S.library_size) == pytest.approx(1000, rel=0.03)
    assert np.log(S.library_size).std() == pytest.approx(0.5, rel=0.03)


def test_expected_counts_of_a_gene_do_not_depend_on_the_share_of_cycling_cells():
    sums = [
        np.asarray(
            cells.cell_cycle(
                6000, 100, 100, share, speed_unevenness=u, depth=20_000.0, depth_spread=0.0, dispersion=0.0
            ).counts.sum(axis=0)
        )
        for share, u in ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.7))
    ]
    for other in sums[1:]:
        # A gene's sum over 6,000 cells varies by about 1.5 % (the profile) besides its own Poisson noise.
        np.testing.assert_allclose(other, sums[0], rtol=0.08)
        assert abs(np.log(other / sums[0]).mean()) < 0.01


def test_share_and_speed_shape_the_population():
    S = cells.cell_cycle(10_000, 1, 0, 0.3, speed_unevenness=0.8)
    assert S.cycling.sum() == 3000
    np.testing.assert_array_equal(np.isfinite(S.phase), S.cycling)
    # The first moment of (1 + u cos(theta - pi/2)) / 2 pi is u/2 in the direction pi/2.
    assert np.exp(1j * S.phase[S.cycling]).mean() == pytest.approx(0.4j, abs=0.04)
    even = cells.cell_cycle(10_000, 1, 0).phase
    assert abs(np.exp(1j * even).mean()) < 0.03


def test_quiescent_cells_express_genes_as_cells_that_just_divided():
    S = cells.cell_cycle(4000, 60, 60, 0.5, depth=20_000.0, depth_spread=0.0, dispersion=0.0, dropout=0.0)
    young = S.cycling & (np.minimum(S.phase, 2 * np.pi - S.phase) < 0.15)
    profiles = [np.asarray(S.counts[cells_].sum(axis=0)) / cells_.sum() for cells_ in (~S.cycling, young)]
    np.testing.assert_allclose(profiles[1], profiles[0], rtol=0.15)


def test_the_loop_shows_after_preprocessing_and_not_in_the_raw_counts(simulated, loop):
    assert circular_agreement(first_two(loop.X), simulated.phase) > 0.95
    raw = preprocess(simulated.counts, kind="log", n_top_genes=500)
    assert circular_agreement(first_two(raw.X), simulated.phase) < 0.6


def test_without_cycling_cells_there_is_no_periodic_signal(simulated, loop):
    S = cells.cell_cycle(cycling_share=0.0)
    assert not S.cycling.any()
    assert np.isnan(S.phase).all()
    assert np.isnan(S.gene_phase).all()
    assert S.gene_names == simulated.gene_names
    ratio = preprocess(S.counts, n_top_genes=500).explained_variance_ratio
    # Nothing but noise and, in the first component, what normalisation leaves of the depth; the loop lifts exactly two.
    assert ratio[0] < 1.4 * ratio[5]
    assert ratio[1] < 1.2 * ratio[5]
    assert loop.explained_variance_ratio[1] > 2 * loop.explained_variance_ratio[2]


def test_blocks_change_nothing_but_the_memory(monkeypatch):
    whole = cells.cell_cycle(300, 20, 10)
    monkeypatch.setattr(cells, "BLOCK", 300)
    np.testing.assert_array_equal(whole.counts.toarray(), cells.cell_cycle(300, 20, 10).counts.toarray())
    monkeypatch.setattr(cells, "BLOCK", 100)
    blocks = cells.cell_cycle(300, 20, 10)
    assert blocks.counts.shape == (300, 20)
    np.testing.assert_array_equal(blocks.phase, whole.phase)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_cells": 0}, "n_cells must be a whole number of at least 1, not 0."),
        (
            {"n_genes": 100},
            "n_cycling_genes=300 is more than n_genes=100. Pass n_cycling_genes=100 or fewer.",
        ),
        ({"cycling_share": 1.5}, "cycling_share must be between 0 and 1, not 1.5."),
        ({"dropout": 1.0}, "dropout must be between 0 and 0.999, not 1.0."),
        ({"speed_unevenness": -0.1}, "speed_unevenness must be between 0 and 1, not -0.1."),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        cells.cell_cycle(**arguments)
