"""What the genes say turns the phase and warns of what else goes with it."""

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph import report
from spectral_ph.datasets.cells import cell_cycle
from spectral_ph.loops.result import LoopResult
from spectral_ph.report.record import BINS
from tests.report.made import Page, loop, result


@pytest.fixture(scope="module")
def cells():
    simulated = cell_cycle(300, 200, 100)
    R, _ = result(300)
    made = loop(np.mod(2.0 - simulated.phase, 2 * np.pi), domain=np.ones(300, dtype=bool))
    return simulated, LoopResult("loop", "x.", 0.01, 0.9, [made], R.persistence)


def test_genes_turn_the_phase_the_way_of_the_cell_cycle(cells):
    simulated, R = cells
    found = report.cell_facts(R, simulated.counts, simulated.gene_names)
    assert found.facts["anchor"]["anchored"]
    turned = found.result.loops[0]
    # The phase ran backwards; now it runs with the true one, up to a shift.
    assert abs(np.exp(1j * (turned.phase - simulated.phase)).mean()) > 0.99
    for before, after in zip(R.loops[0].halves, turned.halves, strict=True):
        np.testing.assert_allclose(
            np.exp(1j * (after.phase - turned.phase)), np.exp(-1j * (before.phase - R.loops[0].phase))
        )
    best = [row["gene"] for row in found.facts["genes"][:10]]
    periodic = set(np.array(simulated.gene_names)[np.isfinite(simulated.gene_phase)])
    assert set(best) <= periodic
    table, names = found.facts["gene_heatmap"]
    peaks = {row["gene"]: row["peak"] for row in found.facts["genes"]}
    assert [peaks[name] for name in names] == sorted(peaks.values())
    assert table.shape == (len(names), BINS)


def test_counts_are_looked_at_as_confounders(cells):
    simulated, R = cells
    names = ["mt-Nd1", *simulated.gene_names[1:]]
    batch = np.where(R.loops[0].phase < 3, "a", "b")
    found = report.cell_facts(R, simulated.counts, names, properties={"batch": batch})
    rows = {row["name"]: row for row in found.facts["confounders"]}
    assert list(rows) == ["library size", "mitochondrial share", "batch"]
    assert rows["library size"]["warning"] == ""
    said = report.record(found.result, **found.facts)
    assert rows["batch"]["warning"] in said["warnings"]
    assert rows["batch"]["warning"].startswith("The phase goes with batch (")
    page = Page(report.html(found.result, **found.facts))
    assert "Genes that follow the loop" in page.words()
    log = report.cell_facts(R, simulated.counts.toarray(), names, kind="log")
    assert log.facts["confounders"] == []


def test_counts_are_left_as_they_were(cells):
    simulated, R = cells
    counts = sp.csr_array(simulated.counts, dtype=np.float64)
    before = counts.copy()
    report.cell_facts(R, counts, simulated.gene_names)
    assert (counts != before).nnz == 0
