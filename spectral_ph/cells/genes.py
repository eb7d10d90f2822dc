"""Features that follow a loop: periodic regression of every gene on the phase, with a false-discovery rate.

A gene y is fitted by a mean and the first harmonics of the phase, y = m + sum_k a_k cos(k phase) + b_k sin(k phase), and
an F-test says whether they explain more than noise would. A phase found on the same cells bends towards their noise, so
each half of a `Loop` is tested on the cells that it was not found on, and the p-values of the halves are combined by a
rule that holds whatever their dependence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
import scipy.special
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._types import BoolArray, FloatArray, IntArray, RandomState
from spectral_ph.loops.result import Loop

Combine = Literal["median", "cauchy"]

BLOCK = 1024
"""Cells that are held densely at once; 20,000 genes of them are 160 MB."""


@dataclass(frozen=True, repr=False)
class PeriodicGenes:
    """How every gene goes with the phase.

    Attributes
    ----------
    names : g names.
    p_value : (g,) float64; NaN for genes that were not tested: constant, or in fewer than `min_cells` cells.
    q_value : (g,) float64, the false-discovery rate at which a gene is called (Benjamini and Hochberg), NaN as above.
    amplitude : (g,) float64, half of what lies between peak and trough of the fitted curve, in the unit of the expression.
    r_squared : (g,) float64, share of the gene's variance that the curve explains, of all cells.
    r_squared_held_out : (g,) float64, the same of cells that the phase was not found on, median over the halves; None
        without halves. Where it is far below `r_squared`, the phase follows the noise of these cells.
    peak : (g,) float64, radians in [0, 2 pi), the phase at which the curve is highest.
    mean : (g,) float64, mean expression.
    n_cells : (g,) int64, cells in which the gene is not 0.
    tests : how many halves the p-values come from; 0 if they come from the very cells that were used for the phase, or if
        the phase came from elsewhere.
    combine : how the p-values of the halves were combined; None where `tests` is 0.
    n_harmonics : of the fitted curve.
    permuted_share : share of tested genes with p < .05 after the cells were shuffled, which is about .05 or less for a test
        that keeps its level on these values; None if not asked for.
    """

    names: tuple[str, ...]
    p_value: FloatArray
    q_value: FloatArray
    amplitude: FloatArray
    r_squared: FloatArray
    r_squared_held_out: FloatArray | None
    peak: FloatArray
    mean: FloatArray
    n_cells: IntArray
    tests: int
    combine: Combine | None
    n_harmonics: int
    permuted_share: float | None = None

    def order(self) -> IntArray:
        """Return the tested genes, the surest first: by p-value, and by explained variance where that is equal.

        Returns
        -------
        (tested,) int64, indices of genes.
        """
        tested = np.flatnonzero(np.isfinite(self.p_value))
        return np.asarray(tested[np.lexsort((-self.r_squared[tested], self.p_value[tested]))], dtype=np.int64)

    def to_columns(self) -> dict[str, Any]:
        """Return the table as columns of g values, ready for `pandas.DataFrame` or `spectral_ph.files.write_csv`.

        Returns
        -------
        dict
        """
        columns = {
            "gene": np.array(self.names, dtype=object),
            "p_value": self.p_value,
            "q_value": self.q_value,
            "amplitude": self.amplitude,
            "r_squared": self.r_squared,
            "peak": self.peak,
            "mean": self.mean,
            "n_cells": self.n_cells,
        }
        if self.r_squared_held_out is not None:
            columns["r_squared_held_out"] = self.r_squared_held_out
        return columns

    def __repr__(self) -> str:
        tested = int(np.isfinite(self.p_value).sum())
        found = int((self.q_value < 0.05).sum())
        way = f"{self.tests} halves, {self.combine}" if self.tests else "one fit to all cells"
        return (
            f"PeriodicGenes({len(self.names)} genes, {tested} tested, {found} at a false-discovery rate of .05; {way})"
        )


def genes_along(
    loop: Loop | ArrayLike,
    expression: Any,
    names: Sequence[str],
    *,
    n_harmonics: int = 2,
    combine: Combine = "median",
    cells: ArrayLike | None = None,
    min_cells: int = 10,
    n_permutations: int = 0,
    random_state: RandomState = 0,
) -> PeriodicGenes:
    """Find the genes that follow a loop.

    Parameters
    ----------
    loop : a `Loop`, whose halves are used so that no cell is tested against a phase that it helped to find; or (n,) phases
        in radians that came from elsewhere, such as a measured reporter.
    expression : (n, g) array or scipy sparse array, or whatever gives one of those for `expression[start:stop]` and has a
        `shape`, such as a backed AnnData's X. It is read in blocks of cells. Normalise and take logarithms first.
    names : g names.
    n_harmonics : 1 for smooth waves, 2 (default) also for sharp peaks and for a phase that runs unevenly.
    combine : how the p-values of m halves become one. "median" (default): m / k times the k-th smallest, k = ceil(m / 2),
        at most 1; valid whatever their dependence (Rueger 1978). "cauchy": the Cauchy combination of Liu and Xie (2020);
        more power, and valid for small p-values only and under weak conditions on the dependence.
    cells : (n,) bool, the cells to use. Default: the loop's domain; all for phases. Leave out cells that do not belong to the
        loop: their phase is that of the nearest cell that does, and what tells them apart would look periodic.
    min_cells : genes that are not 0 in fewer cells are not tested: the F-test needs about so many to keep its level.
    n_permutations : shuffle the cells so many times and report how often p falls below .05.
    random_state : seed of the shuffling.

    Returns
    -------
    PeriodicGenes, peaks in the phase of `loop`. Invariant under a turn of the phase, but for the peaks, which turn along.

    Raises
    ------
    InputError : sizes that do not fit, values that are not finite, too few cells or phases.

    Warns
    -----
    SpectralWarning : a `Loop` without halves came, so that the p-values are too small.

    Notes
    -----
    What the halves do not mend: a held-out cell is placed by its neighbours, which it finds by its own expression, and
    the genes and components were chosen on all cells. So a gene that has a large weight in the coordinates follows the
    phase a little even if it does not follow the loop. Two counts split off each count before anything is computed would
    remove that (Neufeld et al. 2024); here look at `r_squared_held_out`, for such genes explain little.
    The F-test takes the deviations to be alike and independent between cells; with `n_permutations` it can be seen whether
    that matters here.

    References
    ----------
    Rueger, Das maximale Signifikanzniveau des Tests "Lehne H0 ab, wenn k unter n gegebenen Tests zur Ablehnung fuehren",
    Metrika 25, 1978. Meinshausen, Meier, Buehlmann, p-values for high-dimensional regression, JASA 104, 2009 (many splits,
    one p-value). Liu, Xie, Cauchy combination test, JASA 115, 2020. Benjamini, Hochberg, J. R. Stat. Soc. B 57, 1995.
    Neufeld, Gao, Popp, Battle, Witten, Inference after latent variable estimation for single-cell RNA sequencing data,
    Biostatistics 25, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> phase = rng.uniform(0, 2 * np.pi, 300)
    >>> y = np.column_stack([np.cos(phase - 1.0), np.zeros(300)]) + rng.normal(size=(300, 2))
    >>> genes_along(phase, y, ["wave", "noise"]).q_value < 0.05
    array([ True, False])
    """
    n_harmonics = _check.positive_int(n_harmonics, "n_harmonics")
    min_cells = _check.positive_int(min_cells, "min_cells")
    n_permutations = _check.positive_int(n_permutations, "n_permutations", least=0)
    _check.one_of(combine, ("median", "cauchy"), "way to combine p-values")
    phase = angles(loop.phase if isinstance(loop, Loop) else loop)
    n, _ = _shape(expression, len(phase), len(names))
    if cells is not None:
        used = np.asarray(cells)
        if used.dtype != np.bool_ or used.shape != (n,):
            raise _check.InputError(
                f"cells must be {n} values True or False, one for each cell, and {used.dtype} of shape {used.shape} came; pass "
                "a mask."
            )
    else:
        used = loop.domain if isinstance(loop, Loop) else np.ones(n, dtype=bool)
    least = 2 * n_harmonics + 2
    fits = [(phase, used)]
    if isinstance(loop, Loop):
        for half in loop.halves:
            held_out = used.copy()
            held_out[half.points] = False
            if held_out.sum() > least and np.isfinite(half.phase[held_out]).all():
                fits.append((half.phase, held_out))
        if len(fits) == 1:
            _check.warn(
                "the loop holds no halves, so genes were tested on the very cells that its phase was found on, and the "
                "p-values are too small; find the loop with resamples to have them."
            )
    if used.sum() <= least:
        raise _check.InputError(
            f"a curve with {n_harmonics} harmonic(s) needs more than {least} cells, and {int(used.sum())} came; pass more "
            "cells, or n_harmonics=1."
        )
    # A half that found no loop may have carried nearly one phase to all cells: it explains nothing, which counts.
    designs = [_design(p, mask, n_harmonics, flat=j > 0) for j, (p, mask) in enumerate(fits)]
    sums = _sums(expression, designs, used)
    p_value = _combined(sums, combine)
    p_value[(sums.n_cells < min_cells) | ~sums.varies[0]] = np.nan
    peak, amplitude = _peak_and_amplitude(sums.curve)
    share = None
    if n_permutations:
        rng = _check.generator(random_state)
        tested = np.isfinite(p_value)
        below = 0
        for _ in range(n_permutations):
            shuffled = np.arange(n)
            shuffled[used] = rng.permutation(np.flatnonzero(used))
            again = _combined(_sums(expression, [d.rows(shuffled) for d in designs], used), combine)
            below += int((again[tested] < 0.05).sum())
        share = below / max(1, n_permutations * int(tested.sum()))
    held_out_share = np.median(sums.r_squared[1:], axis=0) if len(fits) > 1 else None
    return PeriodicGenes(
        tuple(map(str, names)),
        p_value,
        benjamini_hochberg(p_value),
        amplitude,
        sums.r_squared[0],
        held_out_share,
        peak,
        sums.mean,
        sums.n_cells,
        len(fits) - 1,
        combine if len(fits) > 1 else None,
        n_harmonics,
        share,
    )


def phase_profiles(
    phase: ArrayLike, expression: Any, genes: ArrayLike, *, bins: int = 36, cells: ArrayLike | None = None
) -> FloatArray:
    """Return the mean expression of some genes in equal intervals of the phase, for a heat map.

    Parameters
    ----------
    phase : (n,) radians.
    expression : (n, g), as for `genes_along`.
    genes : (m,) int, columns.
    bins : number of intervals. Default 36, ten degrees each.
    cells : (n,) bool, the cells to use; default all.

    Returns
    -------
    (m, bins) float64, NaN in intervals without a cell.

    Raises
    ------
    InputError : as `genes_along`, or for less than 3 bins.
    """
    phase = angles(phase)
    n, _ = _shape(expression, len(phase), None)
    bins = _check.positive_int(bins, "bins", least=3)
    columns = np.asarray(genes, dtype=np.int64)
    used = np.ones(n, dtype=bool) if cells is None else np.asarray(cells, dtype=bool)
    place = np.minimum((phase * (bins / (2 * np.pi))).astype(np.int64), bins - 1)
    member = sp.csr_array((used.astype(np.float64), (np.arange(n), place)), shape=(n, bins))
    total = np.zeros((len(columns), bins))
    for start in range(0, n, BLOCK):
        block = _block(expression, start)[:, columns]
        total += (member[start : start + BLOCK].T @ _dense(block)).T
    counts = member.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / counts)


def benjamini_hochberg(p_value: ArrayLike) -> FloatArray:
    """Return for each p-value the smallest false-discovery rate at which it is called.

    Parameters
    ----------
    p_value : (m,), in [0, 1]; NaN for what was not tested, which does not count.

    Returns
    -------
    (m,) float64, NaN where `p_value` is.

    References
    ----------
    Benjamini, Hochberg, J. R. Stat. Soc. B 57, 1995.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, float("nan"), 0.03])
    array([0.03, 0.04,  nan, 0.04])
    """
    p = np.asarray(p_value, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m = len(order)
    q[order] = np.minimum.accumulate((p[order] * m / np.arange(1, m + 1))[::-1])[::-1]
    return q


def harmonics(phase: FloatArray, n_harmonics: int) -> FloatArray:
    """Return the columns cos, sin of the phase, cos, sin of its double, and so on.

    Parameters
    ----------
    phase : (n,) radians. n_harmonics : at least 1.

    Returns
    -------
    (n, 2 n_harmonics) float64.
    """
    turns = np.outer(phase, np.arange(1, n_harmonics + 1))
    return np.stack([np.cos(turns), np.sin(turns)], axis=2).reshape(len(phase), -1)


def periodic_fit(
    phase: FloatArray, values: FloatArray, n_harmonics: int = 1
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fit few columns that are held in memory; the many-genes door is `genes_along`.

    Parameters
    ----------
    phase : (n,) radians. values : (n, m). n_harmonics : at least 1.

    Returns
    -------
    curve : (m, 2 n_harmonics), coefficients of `harmonics`.
    r_squared : (m,), 0 for a constant column.
    p_value : (m,) of the F-test, 1 for a constant column.
    """
    everyone = np.ones(len(phase), dtype=bool)
    sums = _sums(values, [_design(phase, everyone, n_harmonics)], everyone)
    return sums.curve, sums.r_squared[0], sums.p_value[0]


def angles(phase: ArrayLike) -> FloatArray:
    """Return phases as float64 in [0, 2 pi); refuse what is not one finite angle for each cell."""
    array = np.asarray(phase, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0 or not np.isfinite(array).all():
        raise _check.InputError(
            f"phase must hold one finite angle in radians for each cell, and an array of shape {array.shape} with "
            f"{int((~np.isfinite(array)).sum())} non-finite entries came; leave out cells without a phase."
        )
    array = np.mod(array, 2 * np.pi)
    array[array >= 2 * np.pi] = 0.0  # a tiny negative angle is 2 pi modulo 2 pi
    return array


@dataclass(frozen=True)
class _Design:
    """One regression on the cells `inside`, (n,) bool.

    `basis` (n, q) is orthonormal and of sum zero there, and 0 elsewhere; centred harmonics = basis @ factor (q, q).
    """

    inside: BoolArray
    basis: FloatArray
    factor: FloatArray

    def rows(self, order: IntArray) -> _Design:
        return _Design(self.inside[order], self.basis[order], self.factor)


@dataclass(frozen=True)
class _Sums:
    """Of r regressions of g genes: r_squared, p_value, varies (r, g); curve (g, q) of the first, mean and n_cells (g,)."""

    r_squared: FloatArray
    p_value: FloatArray
    varies: BoolArray
    curve: FloatArray
    mean: FloatArray
    n_cells: IntArray


def _design(phase: FloatArray, inside: BoolArray, n_harmonics: int, flat: bool = False) -> _Design:
    """Return the regression; with `flat` one that explains nothing where the phase takes too few values for it."""
    columns = harmonics(phase[inside], n_harmonics)
    Q, R = np.linalg.qr(columns - columns.mean(axis=0))
    basis = np.zeros((len(phase), Q.shape[1]))
    if np.abs(np.diagonal(R)).min() < 1e-8 * np.sqrt(len(columns)):
        if flat:
            return _Design(inside, basis, np.eye(len(R)))
        raise _check.InputError(
            f"the phase takes too few different values among {len(columns)} cells for a curve with {n_harmonics} "
            "harmonic(s); pass n_harmonics=1, or more cells."
        )
    basis[inside] = Q
    return _Design(inside, basis, R)


def _sums(expression: Any, designs: list[_Design], used: BoolArray) -> _Sums:
    """Run all regressions in one pass over the cells: they need sums over cells only."""
    n, g = expression.shape
    q = designs[0].basis.shape[1]
    weights = np.column_stack([d.inside.astype(np.float64) for d in designs])
    bases = np.hstack([d.basis for d in designs])
    first, second, products = np.zeros((g, len(designs))), np.zeros((g, len(designs))), np.zeros((g, bases.shape[1]))
    n_cells = np.zeros(g, dtype=np.int64)
    shift = np.zeros(g)
    for start in range(0, n, BLOCK):
        block, rows = _block(expression, start), slice(start, start + BLOCK)
        if sp.issparse(block):
            n_cells += np.bincount(block.indices[np.repeat(used[rows], np.diff(block.indptr))], minlength=g)
        else:
            n_cells += (block[used[rows]] != 0).sum(axis=0)
            if start == 0:
                # Sums of squares about some typical value, for x^2 - mean^2 cancels where the mean is large.
                shift = block.mean(axis=0)
            block = block - shift
        products += block.T @ bases[rows]
        first += block.T @ weights[rows]
        second += (block * block).T @ weights[rows]
    count: FloatArray = weights.sum(axis=0)
    total = second - first**2 / count
    # Rounding leaves a constant gene with a variance of about 1e-16 of its mean square.
    varies = total > 1e-12 * (second + count * shift[:, None] ** 2)
    explained = (products.reshape(g, len(designs), q) ** 2).sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(varies, np.minimum(explained / total, 1.0), 0.0)
        left = count - 1 - q
        p = scipy.special.fdtrc(q, left, share / q / ((1 - share) / left))
    p = np.where(varies, np.where(share >= 1, 0.0, p), 1.0)
    curve = np.asarray(np.linalg.solve(designs[0].factor, products[:, :q].T).T, dtype=np.float64)
    mean = np.asarray(first[:, 0] / count[0] + shift, dtype=np.float64)
    return _Sums(share.T, p.T, varies.T, curve, mean, n_cells)


def _combined(sums: _Sums, combine: Combine) -> FloatArray:
    """Return (g,) p-values: of the halves, or of the only fit."""
    p = sums.p_value[1:] if len(sums.p_value) > 1 else sums.p_value
    m = len(p)
    if m == 1:
        return np.array(p[0])
    if combine == "median":
        k = (m + 1) // 2
        return np.asarray(np.minimum(1.0, m / k * np.partition(p, k - 1, axis=0)[k - 1]))
    # 1 / (pi p) is what tan((0.5 - p) pi) tends to, without its rounding; a p of 1 would be an infinite vote against.
    p = np.clip(p, 1e-300, 1 - 1e-6)
    vote = np.where(p < 1e-10, 1 / (np.pi * p), np.tan((0.5 - p) * np.pi)).mean(axis=0)
    return np.asarray(np.where(vote > 1e10, 1 / (np.pi * np.maximum(vote, 1.0)), 0.5 - np.arctan(vote) / np.pi))


def _peak_and_amplitude(curve: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where each of g curves is highest, in [0, 2 pi), and half of what lies between peak and trough."""
    h = curve.shape[1] // 2
    grid = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    peak, extremes = np.zeros(len(curve)), np.zeros((2, len(curve)))
    k = np.arange(1, h + 1)
    for start in range(0, len(curve), 4096):
        part = curve[start : start + 4096]
        values = part @ harmonics(grid, h).T
        for row, sign in enumerate((1.0, -1.0)):
            at = grid[(sign * values).argmax(axis=1)]
            a, b = part[:, 0::2], part[:, 1::2]
            # Newton's method for the zero of the slope, from a grid point within a hundredth of a turn.
            for _ in range(4):
                cos, sin = np.cos(at[:, None] * k), np.sin(at[:, None] * k)
                slope = (k * (b * cos - a * sin)).sum(axis=1)
                bend = -(k**2 * (a * cos + b * sin)).sum(axis=1)
                step = np.divide(slope, bend, out=np.zeros_like(slope), where=sign * bend < 0)
                at = at - np.clip(step, -0.1, 0.1)
            extremes[row, start : start + 4096] = (part * harmonics(at, h)).sum(axis=1)
            if row == 0:
                peak[start : start + 4096] = angles(at)
    return peak, (extremes[0] - extremes[1]) / 2


def _shape(expression: Any, n: int, g: int | None) -> tuple[int, int]:
    shape = tuple(getattr(expression, "shape", ()))
    if len(shape) != 2:
        raise _check.InputError(
            f"expression must be an array of n cells by g genes, and {type(expression).__name__} of shape {shape} came."
        )
    if shape[0] != n:
        raise _check.InputError(
            f"expression has {shape[0]} cells, and the phase is of {n}; pass the rows that the phase stands for."
        )
    if g is not None and shape[1] != g:
        raise _check.InputError(f"expression has {shape[1]} genes, and {g} names came; pass one name for each column.")
    return int(shape[0]), int(shape[1])


def _block(expression: Any, start: int) -> Any:
    """Return BLOCK cells from `start` as float64: a csr_array without stored zeros, or an array."""
    block = expression[start : start + BLOCK]
    if sp.issparse(block):
        block = sp.csr_array(block, dtype=np.float64, copy=True)
        block.sum_duplicates()
        block.eliminate_zeros()
        values = block.data
    else:
        values = block = np.asarray(block, dtype=np.float64)
    if not np.isfinite(values).all():
        raise _check.InputError(
            f"expression contains NaN or infinity (among cells {start} to {start + block.shape[0] - 1}); drop those cells or "
            "genes, or fill the gaps first."
        )
    return block


def _dense(block: Any) -> FloatArray:
    return np.asarray(block.toarray() if sp.issparse(block) else block, dtype=np.float64)
