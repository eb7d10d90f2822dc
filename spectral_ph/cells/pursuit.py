"""Loop pursuit: the loop that other variation hides, sought in the genes that follow a guessed phase.

One half of the cells chooses the genes and their components. Then the loop is looked for in these components in both halves,
and the halves are asked whether they agree. The second half had no part in the choice, so how its loop stands out and how empty
its middle is were not chosen for. Then the halves change places. It is exploration: what it finds in cells without a loop has
been looked at (docs/decisions/0013-pursuit.md), and is no null distribution yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spectral_ph import _check, _log
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray, Settings
from spectral_ph.cells.expression import BLOCK, Expression, dense
from spectral_ph.cells.followers import LAST, Followers, learn, strength
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.loops.agreement import NEAR, Carried, tube_agreement
from spectral_ph.loops.coordinates import to_ranks
from spectral_ph.loops.pursued import Pursued
from spectral_ph.verdict.evidence import weight_of
from spectral_ph.verdict.halves import HOMOLOGY_POINTS, Halving
from spectral_ph.verdict.matching import OVERLAP
from spectral_ph.verdict.views import see

MOST_CELLS = 10_000
"""Cells among which halves are drawn, at most: their genes are held densely. All cells get a place in the layout."""

LEARNED_ON = 4000
"""Cells that the genes for all cells are chosen on, at most: as many as two halves hold."""

VARIABLE = 2000
"""Genes that are looked at, at most: those of the largest variance."""

LEAST_GENES = 2 * LAST
"""With fewer genes nothing is pursued: there is nothing to choose from."""


class Turn(NamedTuple):
    """What one half shows in the genes that the other half chose.

    `agreement` is the least of how well the loops of the two halves agree with each other and, once known, the second with that
    of all cells; `genes` are those that the first chose.
    """

    total: float
    agreement: float
    prominence: float
    relief: float
    core: float
    genes: IntArray


class _Taught(NamedTuple):
    """The loop of the second half, before it is compared with that of all cells."""

    turn: Turn
    points: IntArray
    loop: Carried | None


def pursue(
    expression: Expression,
    how: Halving,
    splits: int,
    seed: int,
    start_genes: Sequence[str] | None = None,
) -> Pursued | None:
    """Look for a loop in the genes that follow one.

    Parameters
    ----------
    expression : of n cells.
    how : which cells there are to be split, and by which groups.
    splits : how often the cells are split into halves.
    seed : of the splits and all that is drawn.
    start_genes : names of genes in whose components phases are guessed, such as a known list; default: all.

    Returns
    -------
    Pursued, of all n cells; None, with a warning, where there are too few genes that vary.

    Raises
    ------
    InputError : `start_genes` names no two genes that there are. `check_values` says what else is refused, before anything long.
    """
    rng = np.random.default_rng(seed)
    used = how.distinct
    if len(used) > MOST_CELLS:
        used = np.sort(rng.choice(used, size=MOST_CELLS, replace=False))
    wanted = np.empty(0, dtype=np.int64) if start_genes is None else start_columns(expression.names, start_genes)
    values, genes = _variable(expression, used, wanted)
    start = None if start_genes is None else np.flatnonzero(np.isin(genes, wanted))
    if len(genes) < LEAST_GENES or (start is not None and len(start) < 2):
        _check.warn(
            f"no loop was pursued, for {len(genes)} genes vary"
            + ("" if start is None else f", {len(start)} of those to start from")
            + f", and {LEAST_GENES} are needed, 2 to start from."
        )
        return None
    groups = None if how.groups is None else np.unique(how.groups[used], return_inverse=True)[1]
    if groups is not None and groups.max() == 0:
        groups = None
    local = Halving(how.X[used], np.arange(len(used)), rng, how.at, how.metric, groups)
    pairs = local.draw(splits)
    seeds = rng.integers(2**31, size=len(pairs) + 1).tolist()
    turns = _turns(values, pairs, seeds[1:], start)
    drawn = np.arange(len(used))
    if len(drawn) > LEARNED_ON:
        drawn = np.sort(rng.choice(drawn, size=LEARNED_ON, replace=False))
    whole = learn(values[drawn], seeds[0], start)
    about: Settings = {
        "splits": len(pairs),
        "cells": len(used),
        "genes": len(genes),
        "start_genes": None if start is None else [expression.names[genes[j]] for j in start],
        "seed": seed,
    }
    if whole is None:
        return _nothing(about)
    P = whole.project(values)
    about |= {"distance": whole.candidate[0], **{k: whole.candidate[1][k] for k in ("n_neighbors", "steps", "passes")}}
    view = see(P, [whole.candidate], how.at, 1, HOMOLOGY_POINTS * 2, seeds[0])[0]
    if view is None or not view.phases or view.phases[0] is None:
        return _nothing(about)
    found = [_compared(one, view.phases[0], view.tubes[0], view.cycles[0]) for one in turns]
    phase, layout = _everywhere(expression, genes, whole, used, P, view.phases[0], view.tubes[0] > 0)
    return _pursued(expression, genes, whole, found, layout, phase, about)


def check_values(expression: Expression) -> None:
    """Refuse values that no loop can be pursued in.

    Parameters
    ----------
    expression : of n cells.

    Raises
    ------
    InputError : values that are not finite.
    TooLargeError : the genes would not fit in memory.
    """
    n, g = expression.shape
    cells, genes = min(n, MOST_CELLS), min(g, VARIABLE)
    _check.memory(
        8.0 * 4 * cells * genes,
        f"{genes} genes of {cells} cells for loop pursuit",
        "Pass ",
        Argument("pursue", False),
        ".",
    )
    for start in range(0, n, BLOCK):
        if not np.isfinite(dense(expression[slice(start, start + BLOCK)])).all():
            raise _check.InputError(
                Argument("features"), " contains NaN or infinity. Drop those cells or genes, or fill the gaps first."
            )


def _variable(expression: Expression, used: IntArray, wanted: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the expression of some cells in the genes of the largest variance and those that are wanted, and which these are."""
    n, g = expression.shape
    sums, squares = np.zeros(g), np.zeros(g)
    inside = np.zeros(n, dtype=bool)
    inside[used] = True
    some = dense(expression[slice(0, min(n, BLOCK))]).mean(axis=0)  # near the mean, so that nothing cancels
    for start in range(0, n, BLOCK):
        block = dense(expression[slice(start, start + BLOCK)])[inside[start : start + BLOCK]] - some
        sums += block.sum(axis=0)
        squares += (block**2).sum(axis=0)
    variance = squares / len(used) - (sums / len(used)) ** 2
    order = np.union1d(np.argsort(-variance, kind="stable")[:VARIABLE], wanted)
    genes = np.sort(order[variance[order] > 1e-12 * max(float(variance.max()), 1e-300)]).astype(np.int64)
    blocks = [
        dense(expression[slice(start, start + BLOCK)][:, genes])[inside[start : start + BLOCK]]
        for start in range(0, n, BLOCK)
    ]
    return np.concatenate(blocks), genes


def start_columns(names: Sequence[str], start_genes: Sequence[str]) -> IntArray:
    """Return which of some genes are named, in any case.

    Parameters
    ----------
    names : of the genes there are.
    start_genes : what was asked for.

    Returns
    -------
    (m,) ascending int64

    Raises
    ------
    InputError : one text instead of a list, or fewer than two genes that there are.
    """
    if isinstance(start_genes, str):
        raise _check.InputError(
            Argument("start_genes"),
            f" takes a list of names, not {start_genes!r}. Pass ",
            Argument("start_genes", [start_genes]),
            ".",
        )
    wanted = {str(name).upper() for name in start_genes}
    found = np.flatnonzero([str(name).upper() in wanted for name in names]).astype(np.int64)
    if len(found) < 2:
        raise _check.InputError(
            Argument("start_genes"),
            f" names {len(found)} of the {len(names)} genes there are, but two are needed. Pass names as they are spelled in "
            "the data, or leave it out.",
        )
    return found


def _turns(
    values: FloatArray, pairs: list[tuple[IntArray, IntArray]], seeds: list[int], start: IntArray | None
) -> list[_Taught]:
    """Let each half of each split choose genes for the other."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    both = [(a, b, seed) for (a, b), seed in zip(pairs, seeds, strict=True)]
    both = [one for a, b, seed in both for one in ((a, b, seed), (b, a, seed))]
    bar = tqdm(both, desc="loop pursuit", delay=2.0, leave=False, disable=not _log.shows_bars())
    found: list[_Taught] = Parallel()(delayed(_turn)(values[a], values[b], b, seed, start) for a, b, seed in bar)
    return found


def _turn(first: FloatArray, second: FloatArray, points: IntArray, seed: int, start: IntArray | None) -> _Taught:
    """Choose genes on one half, and look at both in them."""
    from spectral_ph._numba import threads_for

    nothing = Turn(0.0, 0.0, 0.0, 0.0, float("nan"), np.empty(0, dtype=np.int64))
    with _check.unheard(), threads_for(min(len(first), HOMOLOGY_POINTS)):
        chosen = learn(first, seed, start)
        if chosen is None:
            return _Taught(nothing, points, None)
        P, Q = chosen.project(first), chosen.project(second)
        mine, theirs = (see(one, [chosen.candidate], 0.9, 1, HOMOLOGY_POINTS, seed)[0] for one in (P, Q))
        strong = strength(Q, theirs)
    if mine is None or theirs is None or strong.middle is None or not mine.phases or mine.phases[0] is None:
        return _Taught(nothing._replace(genes=chosen.genes), points, None)
    both = np.concatenate([P, Q])
    h = len(P)
    a = mine.carried(nearest_among(P, both, NEAR), np.arange(h))[0]
    b = theirs.carried(nearest_among(Q, both, NEAR), h + np.arange(len(Q)))[0]
    assert a is not None
    assert b is not None
    agreement = tube_agreement(a, b)
    phase = theirs.phases[0]
    assert phase is not None
    total = weight_of(agreement) * strong.total
    turn = Turn(total, agreement, strong.prominence, strong.relief, strong.middle.core, chosen.genes)
    return _Taught(turn, points, Carried(phase, theirs.tubes[0], theirs.cycles[0]))


def _compared(taught: _Taught, phase: FloatArray, tube: FloatArray, cycle: IntArray) -> Turn:
    """Hold a half against the loop of all cells, so that the evidence is about the loop that is shown."""
    turn, points, loop = taught
    if loop is None:
        return turn
    place = np.full(len(phase), -1)
    place[points] = np.arange(len(points))
    # Of the cycle of all cells, the cells of this half.
    there = place[cycle]
    shown = Carried(phase[points], tube[points], there[there >= 0])
    fit = tube_agreement(shown, loop, OVERLAP)
    if fit >= turn.agreement:
        return turn
    old, new = weight_of(turn.agreement), weight_of(fit)
    return turn._replace(agreement=fit, total=turn.total * new / old if old else 0.0)


def _everywhere(
    expression: Expression,
    genes: IntArray,
    whole: Followers,
    used: IntArray,
    P: FloatArray,
    phase: FloatArray,
    near: np.ndarray,
) -> tuple[FloatArray, FloatArray]:
    """Return the phase and the layout of all cells, the plane that holds most of the loop first.

    The phase is spread so that every arc holds equally many cells: by its edges alone nearly all of them have one colour.
    """
    from spectral_ph.loops.curve import closed_curve

    curve = closed_curve(phase[near], P[near], 200) if near.sum() > 2 else P
    _, _, turn = np.linalg.svd(curve - curve.mean(axis=0), full_matrices=True)
    n = expression.shape[0]
    if n == len(used):
        return to_ranks(phase), P @ turn.T
    needed = np.arange(len(genes)) if len(whole.centres) > 1 else whole.genes
    parts = []
    for start in range(0, n, BLOCK):
        values = np.zeros((min(BLOCK, n - start), len(genes)))
        values[:, needed] = dense(expression[slice(start, start + BLOCK)][:, genes[needed]])
        parts.append(whole.project(values))
    layout = np.concatenate(parts)
    mean = np.exp(1j * phase)[nearest_among(P, layout, NEAR)].mean(axis=1)
    all_phases = np.mod(np.angle(mean), 2 * np.pi)
    all_phases[used] = phase
    return to_ranks(all_phases), layout @ turn.T


def _pursued(
    expression: Expression,
    genes: IntArray,
    whole: Followers,
    turns: list[Turn],
    layout: FloatArray,
    phase: FloatArray,
    about: Settings,
) -> Pursued:
    # The halves of a split share their cells, so they count as one; then the median over the splits.
    total = float(np.median([np.mean([a.total, b.total]) for a, b in zip(turns[::2], turns[1::2], strict=True)]))
    agreement, prominence, relief = np.median([one[1:4] for one in turns], axis=0).tolist()
    cores = [one.core for one in turns if one.core == one.core]
    core = float(np.median(cores)) if cores else float("nan")
    share = np.zeros(len(genes))
    for one in turns:
        share[one.genes] += 1 / len(turns)
    order = whole.genes[np.lexsort((whole.genes, -whole.explained[whole.genes], -np.round(share[whole.genes], 9)))]
    columns = genes[order]
    names = tuple(expression.names[j] for j in columns)
    reason = _reason(total, agreement, core, len(columns), len(whole.centres))
    return Pursued(
        total,
        agreement,
        prominence,
        relief,
        core,
        columns,
        names,
        share[order],
        whole.explained[order],
        layout,
        phase,
        len(whole.centres),
        reason,
        about,
    )


def _reason(total: float, agreement: float, core: float, m: int, types: int) -> str:
    within = "" if types == 1 else f" within {types} groups of cells"
    middle = "" if core != core else f", and the core of its loop holds {core:.2f} of an even filling"
    return (
        f"Loop pursuit kept {m} genes that follow a phase{within}. In these, the half of the cells that had no part in the "
        f"choice agrees with the other by {agreement:.2f}{middle}: evidence {total:.2f} of 1. "
        "This is exploration, not a test: it has no p-value, and the verdict does not depend on it."
    )


def _nothing(about: Settings) -> Pursued:
    none = np.empty(0, dtype=np.int64)
    return Pursued(
        0.0,
        0.0,
        0.0,
        0.0,
        float("nan"),
        none,
        (),
        np.empty(0),
        np.empty(0),
        np.empty((0, LAST)),
        np.empty(0),
        1,
        "Loop pursuit found no genes in which the cells go round. This is exploration, not a test.",
        about,
    )
