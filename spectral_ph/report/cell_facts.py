"""What the genes of cells say about a loop, as a report shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._types import RandomState, Settings
from spectral_ph.cells.anchor import G2M_GENES, S_GENES, anchor_phase, known_genes
from spectral_ph.cells.confounders import association
from spectral_ph.cells.genes import PeriodicGenes, genes_along, phase_profiles
from spectral_ph.loops.result import LoopResult
from spectral_ph.report import markup
from spectral_ph.report.page import MAX_GENES
from spectral_ph.report.record import BINS

LEAST_CELLS = 10
"""With fewer cells, or phases, on a loop no gene is compared with it."""


@dataclasses.dataclass(frozen=True)
class CellFacts:
    """What the genes say about a loop.

    Attributes
    ----------
    result : the LoopResult, zero and direction of its longest loop's phase set by known genes where they tell.
    genes : how every gene goes with that phase; None where the loop has too few cells to tell.
    facts : "genes", "gene_heatmap", "confounders", "anchor" and "more_warnings", as `record` and `html` take them.
    """

    result: LoopResult
    genes: PeriodicGenes | None
    facts: Settings


def cell_facts(
    result: LoopResult,
    expression: Any,
    names: Sequence[str],
    *,
    kind: str = "counts",
    properties: Mapping[str, ArrayLike] | None = None,
    n_top: int = MAX_GENES,
    random_state: RandomState = 0,
) -> CellFacts:
    """Say which genes follow the longest loop, what else goes with it, and where its phase begins.

    Parameters
    ----------
    result : LoopResult with at least one loop.
    expression : (n, g) array or scipy sparse array, cells by genes.
    names : g names of genes.
    kind : "counts" (default): each cell is scaled to the median total and log(1 + x) taken, and the total and the share of
        mitochondrial genes (MT-, mt-) are looked at as confounders; "log": used as it is.
    properties : by name, one value a cell, such as a batch: looked at as confounders too. Default none.
    n_top : how many genes to name; those of the heat map stand in the order of their peaks.
    random_state : seed of the shuffles behind the p-values of categories.

    Returns
    -------
    CellFacts

    Raises
    ------
    InputError : no loop, sizes that do not fit, values that are not finite, or an unknown kind.
    """
    _check.one_of(kind, ("counts", "log"), "kind of expression")
    n_top = _check.positive_int(n_top, "n_top")
    if not result.loops:
        raise _check.InputError("this result has no loop, so no gene can follow it; leave the genes out.")
    top = result.loops[0]
    values = sp.csr_array(expression, dtype=np.float64)
    if values.shape != (len(top.phase), len(names)):
        raise _check.InputError(
            f"expression must be {len(top.phase)} cells by {len(names)} genes, as there are phases and names, and the shape "
            f"{values.shape} came; pass the same cells in the same order."
        )
    others: dict[str, ArrayLike] = {}
    if kind == "counts":
        total = np.asarray(values.sum(axis=1), dtype=np.float64)
        filled = np.where(total > 0, total, 1.0)
        others["library size"] = total
        mitochondrial = np.flatnonzero([str(name).upper().startswith("MT-") for name in names])
        if len(mitochondrial):
            others["mitochondrial share"] = np.asarray(values[:, mitochondrial].sum(axis=1)) / filled
        values.data = np.log1p(values.data * np.repeat(np.median(total) / filled, np.diff(values.indptr)))
    with _check.collected() as warned:
        inside = top.domain
        if inside.sum() < LEAST_CELLS or len(np.unique(top.phase[inside])) < LEAST_CELLS:
            _check.warn(
                f"the longest loop has a phase on {len(np.unique(top.phase[inside]))} cells only, and {LEAST_CELLS} are needed "
                "to tell which genes follow it; no gene was tested."
            )
            return CellFacts(result, None, {"more_warnings": list(warned)})
        known = [values[:, known_genes(names, group)][inside].toarray() for group in (S_GENES, G2M_GENES)]
        anchor = anchor_phase(top.phase[inside], *known)
        halves = tuple(dataclasses.replace(half, phase=anchor.apply(half.phase)) for half in top.halves)
        top = dataclasses.replace(top, phase=anchor.apply(top.phase), halves=halves)
        found = genes_along(top, values, names)
        checked = [
            association(
                top.phase[inside],
                np.asarray(column)[inside],
                name,
                distance=top.distance[inside],
                random_state=random_state,
            )
            for name, column in (others | dict(properties or {})).items()
        ]
    chosen = found.order()[:n_top]
    columns = found.to_columns()
    rows = [{name: column[i] for name, column in columns.items()} for i in chosen]
    by_peak = chosen[np.argsort(found.peak[chosen], kind="stable")]
    facts: Settings = {
        "genes": rows,
        "gene_heatmap": (
            phase_profiles(top.phase, values, by_peak, bins=BINS, cells=inside),
            [names[i] for i in by_peak],
        ),
        "confounders": [dataclasses.asdict(row) | {"warning": markup.sentence(row.warning)} for row in checked],
        "anchor": dataclasses.asdict(anchor),
        "more_warnings": list(warned),
    }
    return CellFacts(dataclasses.replace(result, loops=[top, *result.loops[1:]]), found, facts)
