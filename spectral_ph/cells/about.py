"""What is known about a loop beside its shape: where its phase begins, which genes follow it, and what else goes with it.

Every door tells the same: `tl` stores an `AboutLoop`, the report shows it, and the command line writes it.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray, RandomState
from spectral_ph.cells.anchor import G2M_GENES, S_GENES, Anchor, anchor_phase, known_genes, shared_variation
from spectral_ph.cells.confounders import Association, association
from spectral_ph.cells.expression import Expression
from spectral_ph.cells.genes import FALSE_DISCOVERY_RATE, PeriodicGenes, genes_along, phase_bins, phase_profiles
from spectral_ph.loops.result import Loop, LoopResult

SHARED = 0.5
"""Known genes vary together from this reliability on; genes at random have at most 0.3."""

BESIDE = 200
"""Other genes that tell what a cell shows of all genes."""

PROFILED = 100
"""Genes that follow the loop are kept with their mean in each interval of the phase, to be drawn: the surest ones."""

LEAST_CELLS = 10
"""With fewer cells, or fewer different phases, on a loop nothing is compared with it."""


@dataclass(frozen=True, eq=False, repr=False)
class AboutLoop:
    """What is known about one loop beside its shape.

    Attributes
    ----------
    index : which loop of the result it is about, counted from 0: the first that is called, or the longest if none is.
    anchor : how its phase was turned; None if that was not asked for, or too few cells are on it.
    genes : how every gene goes with its phase; None if no gene was tested.
    following : (m,) int64, the genes that follow it at a false-discovery rate of `FALSE_DISCOVERY_RATE`, the surest first,
        as indices into `genes.names`; at most `PROFILED`.
    profiles : (m, bins) float64, mean expression of those genes in intervals of the phase that hold equally many cells; `BINS`
        of them, or as many as there are cells.
    profile_phases : (bins,) float64, radians, the median phase of the cells in each interval, ascending.
    confounders : what else was compared with the phase.
    confounders_note : why nothing was, a sentence; "" if something was.
    """

    index: int
    anchor: Anchor | None
    genes: PeriodicGenes | None
    following: IntArray
    profiles: FloatArray
    profile_phases: FloatArray
    confounders: tuple[Association, ...]
    confounders_note: str = ""

    def gene_columns(self) -> dict[str, Any]:
        """Return the table of tested genes, the surest first: by name of the column, one value a gene.

        Returns
        -------
        dict, empty if no gene was tested.
        """
        if self.genes is None:
            return {}
        order = self.genes.order()
        return {name: values[order] for name, values in self.genes.to_columns().items()}

    def gene_test(self) -> dict[str, Any]:
        """Return how the genes were tested and what was found, by name.

        Returns
        -------
        dict with "tests", "combine", "n_harmonics", "tested", "not_tested", "following" (how many genes follow the loop)
        and "false_discovery_rate"; empty if no gene was tested.
        """
        found = self.genes
        if found is None:
            return {}
        tested = len(found.order())
        return {
            "tests": found.tests,
            "combine": found.combine,
            "n_harmonics": found.n_harmonics,
            "tested": tested,
            "not_tested": len(found.names) - tested,
            "following": int((found.q_value < FALSE_DISCOVERY_RATE).sum()),
            "false_discovery_rate": FALSE_DISCOVERY_RATE,
        }

    def confounder_columns(self) -> dict[str, Any]:
        """Return the table of confounders: by name of the column, one value a confounder.

        Returns
        -------
        dict
        """
        rows = self.confounders
        return {
            "name": np.array([one.name for one in rows], dtype=object),
            "kind": np.array([one.kind for one in rows], dtype=object),
            "share": np.array([one.share for one in rows], dtype=np.float64),
            "rank_share": np.array([one.rank_share for one in rows], dtype=np.float64),
            "p_value": np.array([one.p_value for one in rows], dtype=np.float64),
            "distance_correlation": np.array([one.distance_correlation for one in rows], dtype=np.float64),
            "n": np.array([one.n for one in rows], dtype=np.int64),
        }

    def __repr__(self) -> str:
        test = self.gene_test()
        genes = f"{test['following']} of {test['tested']} genes follow it" if test else "no gene was tested"
        return f"AboutLoop(loop {self.index + 1}, {genes}, {len(self.confounders)} confounders)"


def chosen_genes(
    names: Sequence[str],
    genes: bool | Sequence[str] = True,
    s_genes: Sequence[str] | None = None,
    g2m_genes: Sequence[str] | None = None,
) -> tuple[IntArray | None, list[IntArray]]:
    """Return the genes to test and those that anchor the phase, or refuse what names none.

    A door calls it before anything long is computed.

    Parameters
    ----------
    names : g names of genes.
    genes, s_genes, g2m_genes : as for `about_result`.

    Returns
    -------
    tested : (m,) int64, or None for none; all genes of a name where several share it.
    anchors : the S genes and the G2/M genes that there are, (a,) and (b,) int64.

    Raises
    ------
    InputError : one text instead of a list, or a gene to test that is not there.
    """
    anchors = []
    for given, usual in ((s_genes, S_GENES), (g2m_genes, G2M_GENES)):
        if isinstance(given, str):
            raise _check.InputError(f"s_genes and g2m_genes take lists of names, not {given!r}. Pass [{given!r}].")
        anchors.append(known_genes(names, usual if given is None else given))
    if isinstance(genes, str):
        raise _check.InputError(
            Argument("genes"),
            f" takes True, False or a list of names, not {genes!r}. Pass ",
            Argument("genes", [genes]),
            ".",
        )
    if isinstance(genes, (bool, np.bool_)):
        return (np.arange(len(names)) if genes else None), anchors
    place: dict[str, list[int]] = {}
    for j, name in enumerate(names):
        place.setdefault(name, []).append(j)
    for name in genes:
        if name not in place:
            near = difflib.get_close_matches(str(name), list(place), n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise _check.InputError(f"there is no gene {str(name)!r} among the {len(place)} names{hint}")
    return np.array([j for name in dict.fromkeys(genes) for j in place[name]], dtype=np.int64), anchors


def about_result(
    result: LoopResult,
    expression: Expression,
    *,
    genes: bool | Sequence[str] = True,
    anchor: bool = True,
    s_genes: Sequence[str] | None = None,
    g2m_genes: Sequence[str] | None = None,
    properties: Mapping[str, ArrayLike] | None = None,
    random_state: RandomState = 0,
) -> tuple[LoopResult, AboutLoop | None]:
    """Turn the phases of the loops that are shown, and say which genes follow the first of them and what else goes with it.

    Parameters
    ----------
    result : LoopResult.
    expression : of the same cells.
    genes : test which genes follow the loop: all (True), those named, or none (False).
    anchor : turn each phase so that known S and G2/M genes tell its zero and direction, where they follow it.
    s_genes, g2m_genes : names of those genes; default: short lists of human symbols, in any case.
    properties : by name, one value a cell, such as a batch, to be compared with the phase; NaN or None where unknown. The
        depth of the counts and their mitochondrial share come first, if there are counts. Default none.
    random_state : seed of the shuffles behind the p-values of categories.

    Returns
    -------
    result : the same, with the phases of the loops in `LoopResult.shown` turned. Where no loop is called although the known S
        and G2/M genes vary together, its reason says so.
    about : AboutLoop of the first of them; None if there is no loop.

    Raises
    ------
    InputError : sizes that do not fit, or an argument of another kind.

    Warns
    -----
    SpectralWarning : what could not be tested, and why; what the phase goes with strongly.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> cells = sph.datasets.cells.cell_cycle(n_cells=200, n_genes=200, n_cycling_genes=100, random_state=0)
    >>> R = sph.find_loops(sph.preprocess(cells.counts).X, splits=2)
    >>> R, about = about_result(R, Expression.of(cells.counts, cells.gene_names))
    >>> about.anchor.anchored, len(about.following) > 20
    (True, True)
    """
    chosen, groups = chosen_genes(expression.names, genes, s_genes, g2m_genes)
    if not result.shown:
        return result, None
    if expression.values is not None and expression.shape[0] != len(result.loops[0].phase):
        raise _check.InputError(
            f"expression has {expression.shape[0]} cells, but the loops have {len(result.loops[0].phase)}. Pass "
            "the same cells in the same order."
        )
    loops = list(result.loops)
    anchors: dict[int, Anchor] = {}
    for k in result.shown:
        if anchor and _enough(loops[k]):
            anchors[k] = _anchor(loops[k], expression, groups)
            loops[k] = _turned(loops[k], anchors[k])
    index = result.shown[0]
    top = loops[index]
    found, following, profiles, middles = None, np.empty(0, dtype=np.int64), np.empty((0, 0)), np.empty(0)
    compared: list[Association] = []
    note = f"Nothing was compared with the phase, for fewer than {LEAST_CELLS} different phases are on the loop."
    if not _enough(top):
        _check.warn(
            f"the loop has {len(np.unique(top.phase[top.domain]))} different phases, but {LEAST_CELLS} are "
            "needed to tell what follows it. No gene was tested, and nothing was compared with it."
        )
    else:
        if chosen is not None and expression.values is None:
            _check.warn("there is no expression, so no gene was tested.")
        elif chosen is not None:
            source: Any = expression if genes is True else expression.columns(chosen)
            found = _genes(top, source, [expression.names[j] for j in chosen])
        if found is not None:
            order = found.order()
            following = order[found.q_value[order] < FALSE_DISCOVERY_RATE][:PROFILED]
            profiles = phase_profiles(top.phase, source, following, cells=top.domain)
            middles = phase_bins(top.phase, cells=top.domain)[1]
        known = {**expression.depth(), **(properties or {})}
        compared = _compared(top, known, random_state)
        note = _why_empty(expression, list(known))
    if top.verdict != "loop":
        _check.warn(
            f"no loop was called (verdict {result.verdict!r}), so the phase, and what is said to follow it, are those of the "
            "feature with the most evidence, which may be noise."
        )
    reason = result.reason
    if anchor and result.verdict != "loop":
        reason += _divide_without_ring(expression, groups)
    return dataclasses.replace(result, loops=loops, reason=reason), AboutLoop(
        index, anchors.get(index), found, following, profiles, middles, tuple(compared), "" if compared else note
    )


def _why_empty(expression: Expression, tried: list[str]) -> str:
    """Return why nothing was compared with the phase, where nothing was."""
    if tried:
        return f"Nothing was compared with the phase, for {_listed(tried)} could not be. The warnings say why."
    if expression.values is None:
        why = "there is no expression that tells the depth of the cells"
    elif expression.counts:
        why = "all cells have the same total of counts and there are no genes named MT-"
    else:
        why = "the expression is no counts and has as many genes that are not 0 in every cell"
    return (
        f"Nothing was compared with the phase, for {why}, and no property of the cells was named or has one of the usual "
        "names, such as total_counts, n_genes, pct_counts_mt or batch."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _enough(loop: Loop) -> bool:
    return len(np.unique(loop.phase[loop.domain])) >= LEAST_CELLS


def _anchor(loop: Loop, expression: Expression, groups: list[IntArray]) -> Anchor:
    """Return how the phase of one loop is turned; cells outside of its domain have no say."""
    empty = np.zeros((int(loop.domain.sum()), 0))
    there = expression.values is not None
    values = [expression.columns(group)[loop.domain] if there and len(group) else empty for group in groups]
    return anchor_phase(loop.phase[loop.domain], *values)


def _divide_without_ring(expression: Expression, groups: list[IntArray]) -> str:
    """Return a sentence where known S genes and known G2/M genes vary together, although no ring was seen."""
    if expression.values is None or not all(len(group) for group in groups):
        return ""
    others = np.setdiff1d(np.arange(expression.shape[1]), np.concatenate(groups))
    if not len(others):
        return ""
    some = others[np.unique(np.linspace(0, len(others) - 1, BESIDE).astype(np.int64))]
    beside = expression.columns(some).mean(axis=1)
    shared = [shared_variation(expression.columns(group), beside) for group in groups]
    if not min(shared) >= SHARED:  # NaN where there are too few
        return ""
    return (
        f" Known cell-cycle genes vary together (S genes {shared[0]:.2f} of 1, G2/M genes {shared[1]:.2f}): the cells probably "
        "divide, but no closed ring is seen."
    )


def _turned(loop: Loop, anchor: Anchor) -> Loop:
    halves = tuple(dataclasses.replace(half, phase=anchor.apply(half.phase)) for half in loop.halves)
    return dataclasses.replace(loop, phase=anchor.apply(loop.phase), halves=halves)


def _genes(loop: Loop, source: Any, names: list[str]) -> PeriodicGenes | None:
    # The loop is the result of a long computation, which a gene table that cannot be made must not take along.
    try:
        return genes_along(loop, source, names)
    except _check.InputError as error:
        _check.warn("genes were not tested along the loop: ", *error.args)
        return None


def _compared(loop: Loop, properties: Mapping[str, ArrayLike], random_state: RandomState) -> list[Association]:
    """Return the associations, of the cells in the loop's domain, as the others have no phase of their own."""
    inside = loop.domain
    found = []
    for name, values in properties.items():
        try:
            column = np.asarray(values)
            if column.shape != inside.shape:
                raise _check.InputError(
                    f"{name} must hold one value for each of the {len(inside)} cells, not an array of shape "
                    f"{column.shape}."
                )
            one = association(
                loop.phase[inside], column[inside], name, distance=loop.distance[inside], random_state=random_state
            )
        except _check.InputError as error:
            _check.warn(f"the phase was not compared with {name}: ", *error.args)
            continue
        found.append(one)
        if one.warning:
            _check.warn(one.warning)
    return found
