"""What is known about a loop beside its shape: its phase is turned, its genes are found, and what fails is said."""

import dataclasses
import re

import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph._check import InputError, SpectralWarning
from spectral_ph.cells.about import PROFILED, about_result
from spectral_ph.cells.anchor import G2M_GENES, S_GENES
from spectral_ph.cells.expression import Expression
from spectral_ph.cells.genes import BINS
from spectral_ph.datasets.cells import cell_cycle
from spectral_ph.loops.result import LoopResult
from tests.report.made import NOTHING, loop, result


@pytest.fixture(scope="module")
def cells():
    simulated = cell_cycle(300, 200, 100)
    R, _ = result(300)
    made = loop(np.mod(2.0 - simulated.phase, 2 * np.pi), domain=np.ones(300, dtype=bool))
    return simulated, LoopResult("loop", "x.", 0.01, 0.9, [made], R.persistence)


def test_genes_turn_the_phase_the_way_of_the_cell_cycle(cells):
    simulated, R = cells
    after, about = about_result(R, Expression.of(simulated.counts, simulated.gene_names))
    assert about.anchor.anchored
    turned = after.loops[0]
    # The phase ran backwards; now it runs with the true one, up to a shift.
    assert abs(np.exp(1j * (turned.phase - simulated.phase)).mean()) > 0.99
    for old, new in zip(R.loops[0].halves, turned.halves, strict=True):
        np.testing.assert_allclose(
            np.exp(1j * (new.phase - turned.phase)), np.exp(-1j * (old.phase - R.loops[0].phase))
        )
    table = about.gene_columns()
    periodic = set(np.array(simulated.gene_names)[np.isfinite(simulated.gene_phase)])
    assert set(table["gene"][:10]) <= periodic
    following = [about.genes.names[j] for j in about.following]
    assert following == table["gene"][: len(following)].tolist()
    assert about.gene_test()["following"] == (table["q_value"] < 0.05).sum() == len(following) <= PROFILED
    assert about.profiles.shape == (len(following), BINS)
    assert repr(about) == (
        f"AboutLoop(loop 1, {len(following)} of {about.gene_test()['tested']} genes follow it, 1 confounders)"
    )


def test_depth_and_properties_are_looked_at_as_confounders(cells):
    simulated, R = cells
    expression = Expression.of(simulated.counts, ["mt-Nd1", *simulated.gene_names[1:]])
    batch = np.where(R.loops[0].phase < 3, "a", "b")
    few = np.append(np.arange(9.0), np.full(291, np.nan))
    with pytest.warns(SpectralWarning) as said:
        _, about = about_result(R, expression, properties={"batch": batch, "reporter": few, "short": [1.0]})
    assert about.confounder_columns()["name"].tolist() == ["library size", "mitochondrial share", "batch"]
    texts = [str(one.message) for one in said]
    assert any(text.startswith("the phase goes with batch (") for text in texts)
    assert any(text.startswith("the phase was not compared with reporter: ") for text in texts)
    assert any(text.startswith("the phase was not compared with short: ") for text in texts)
    _, log = about_result(R, Expression.of(simulated.counts.toarray(), expression.names, "log"))
    assert log.confounder_columns()["name"].tolist() == ["genes detected"]
    scaled, totals = simulated.counts.toarray(), simulated.counts.sum(axis=1)
    linear = Expression.of(scaled / np.asarray(totals).reshape(-1, 1), expression.names, "counts")
    assert list(linear.depth()) == ["mitochondrial share"]  # all totals are one


def test_where_nothing_was_compared_it_is_said_why(cells):
    _, R = cells
    usual = (
        "and no property of the cells was named or has one of the usual names, such as total_counts, n_genes, pct_counts_mt or "
        "batch."
    )
    even = Expression.of(np.ones((300, 3)), ["a", "b", "c"])
    _, about = about_result(R, even, genes=False)
    assert about.confounders_note == (
        "Nothing was compared with the phase, for all cells have the same total of counts and there are no genes named MT-, "
        + usual
    )
    with pytest.warns(SpectralWarning) as said:
        _, about = about_result(R, even, genes=False, properties={"short": [1.0], "long": np.ones(301)})
    assert [str(one.message)[:35] for one in said] == [
        "the phase was not compared with sho",
        "the phase was not compared with lon",
    ]
    assert about.confounders_note == (
        "Nothing was compared with the phase, for short and long could not be. The warnings say why."
    )
    few = dataclasses.replace(R.loops[0], domain=np.arange(300) < 5)
    with pytest.warns(SpectralWarning, match="the loop has 5 different phases"):
        _, about = about_result(dataclasses.replace(R, loops=[few]), even)
    assert about.confounders_note == (
        "Nothing was compared with the phase, for fewer than 10 different phases are on the loop."
    )
    _, about = about_result(R, even, genes=False, properties={"x": np.arange(300.0)})
    assert (len(about.confounders), about.confounders_note) == (1, "")


def test_a_sparse_table_and_a_dense_one_give_the_same(cells):
    simulated, R = cells
    counts = sp.csr_array(simulated.counts, dtype=np.float64)
    before = counts.copy()
    _, sparse = about_result(R, Expression.of(counts, simulated.gene_names))
    _, dense = about_result(R, Expression.of(counts.toarray().astype(np.float32), simulated.gene_names))
    assert (counts != before).nnz == 0
    np.testing.assert_allclose(sparse.genes.p_value, dense.genes.p_value, rtol=1e-6)
    np.testing.assert_allclose(sparse.profiles, dense.profiles)


def test_cells_without_counts_move_no_other_cell(cells):
    """The median is over the cells that have counts, so empty cells change nothing for the others."""
    simulated, _ = cells
    counts = sp.csr_array(simulated.counts, dtype=np.float64)
    empty = sp.csr_array((400, counts.shape[1]))
    padded = Expression.of(sp.vstack([counts, empty], format="csr"), simulated.gene_names)
    whole = Expression.of(counts, simulated.gene_names)
    np.testing.assert_array_equal(padded[slice(0, 300)].toarray(), whole[slice(0, 300)].toarray())
    assert padded[slice(300, 700)].nnz == 0


def test_the_first_called_loop_is_the_one_that_is_described(cells):
    simulated, R = cells
    noise = dataclasses.replace(R.loops[0], verdict="undecided", phase=np.roll(R.loops[0].phase, 7))
    both = dataclasses.replace(R, loops=[noise, R.loops[0]])
    assert both.shown == [1]
    after, about = about_result(both, Expression.of(simulated.counts, simulated.gene_names))
    assert about.index == 1
    assert after.loops[0] is noise


def test_without_a_loop_there_is_nothing_to_say(cells):
    simulated, _ = cells
    assert about_result(NOTHING, Expression.of(simulated.counts, simulated.gene_names)) == (NOTHING, None)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda R: about_result(R, Expression.of(np.ones((2, 1)), ["a"])),
            "expression has 2 cells, but the loops have 120. Pass the same cells in the same order.",
        ),
        (
            lambda R: about_result(R, Expression.of(np.ones((120, 1)), ["TOP2A"]), genes=["TOP2"]),
            "there is no gene 'TOP2' among the 1 names; did you mean 'TOP2A'?",
        ),
        (
            lambda _: Expression.of(np.ones((120, 2)), ["a"]),
            "expression has 2 genes, but there are 1 names. Pass one name for each column.",
        ),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        call(result()[0])


@pytest.mark.filterwarnings("ignore:the loop has", "ignore:no loop was called")
def test_cells_that_divide_without_a_ring_are_said_to():
    """S and G2/M genes go up and down along one line: they vary, and nothing goes round."""
    rng = np.random.default_rng(0)
    names = [*S_GENES[:10], *G2M_GENES[:10], *(f"other_{k}" for k in range(180))]
    place = rng.uniform(size=150)
    log = 1 + 0.3 * rng.standard_normal((150, 200))
    log[:, :20] += 2 * place[:, None]
    R = sph.find_loops(sph.preprocess(np.maximum(log, 0), kind="log").X, splits=2)
    assert R.verdict != "loop"
    told, _ = about_result(R, Expression.of(np.maximum(log, 0), names, "log"), genes=False)
    said = told.reason.removeprefix(R.reason)
    assert re.fullmatch(
        r" Known cell-cycle genes vary together \(S genes 0\.9\d of 1, G2/M genes 0\.9\d\): the cells probably divide, but no "
        r"closed ring is seen\.",
        said,
    )
    quiet = rng.permuted(log, axis=0)
    told, _ = about_result(R, Expression.of(np.maximum(quiet, 0), names, "log"), genes=False)
    assert told.reason == R.reason
