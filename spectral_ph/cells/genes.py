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
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import BoolArray, FloatArray, IntArray, RandomState
from spectral_ph.cells.curves import Sums, angles, design, peak_and_amplitude, regress
from spectral_ph.cells.expression import BLOCK, block, check_shape, checked, dense
from spectral_ph.loops.result import Loop

Combine = Literal["median", "cauchy"]

FALSE_DISCOVERY_RATE = 0.05
"""A gene whose q-value is below this follows the loop."""

BINS = 36
"""Intervals of the phase in tables and pictures: ten degrees each in histograms, equally many cells in profiles."""


@dataclass(frozen=True, eq=False, repr=False)
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
    permuted_share : share of tested genes with p < 0.05 after the cells were shuffled, which is about 0.05 or less for a test
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
        found = int((self.q_value < FALSE_DISCOVERY_RATE).sum())
        way = f"{self.tests} halves, {self.combine}" if self.tests else "one fit to all cells"
        return (
            f"PeriodicGenes({len(self.names)} genes, {tested} tested, {found} at a false-discovery rate of "
            f"{FALSE_DISCOVERY_RATE:g}; {way})"
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
    min_cells : genes that are not 0 in fewer cells are not tested: the F-test needs about that number to keep its level.
    n_permutations : number of shuffles of the cells; how often p falls below 0.05 in them is reported.
    random_state : seed of the shuffling.

    Returns
    -------
    PeriodicGenes, peaks in the phase of `loop`. Invariant under a turn of the phase, but for the peaks, which turn along.

    Raises
    ------
    InputError : sizes that do not fit, values that are not finite, too few cells or phases.

    Warns
    -----
    SpectralWarning : for a `Loop` without halves, as its p-values are too small.

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
    expression = checked(expression, "expression")
    n, _ = check_shape(expression, len(phase), len(names))
    domain = loop.domain if isinstance(loop, Loop) else np.ones(n, dtype=bool)
    used = domain if cells is None else _mask(cells, n)
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
                "the loop holds no halves, so genes were tested on the very cells that its phase was found on, "
                "and the p-values are too small. To have halves, find the loop with ",
                Argument("splits", 1),
                " or more.",
            )
    if used.sum() <= least:
        raise _check.InputError(
            f"a curve with {n_harmonics} harmonic(s) needs more than {least} cells, not {int(used.sum())}. Pass "
            "more cells, or ",
            Argument("n_harmonics", 1),
            ".",
        )
    # A half that found no loop may have carried nearly one phase to all cells: it explains nothing, which counts.
    designs = [design(p, mask, n_harmonics, flat=j > 0) for j, (p, mask) in enumerate(fits)]
    sums = regress(expression, designs, used)
    p_value = _combined(sums, combine)
    p_value[(sums.n_cells < min_cells) | ~sums.varies[0]] = np.nan
    peak, amplitude = peak_and_amplitude(sums.curve)
    share = None
    if n_permutations:
        rng = _check.generator(random_state)
        tested = np.isfinite(p_value)
        below = 0
        for _ in range(n_permutations):
            shuffled = np.arange(n)
            shuffled[used] = rng.permutation(np.flatnonzero(used))
            again = _combined(regress(expression, [d.rows(shuffled) for d in designs], used), combine)
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


def _mask(cells: ArrayLike, n: int) -> BoolArray:
    used = np.asarray(cells)
    if used.dtype != np.bool_ or used.shape != (n,):
        raise _check.InputError(
            Argument("cells"),
            f" must be {n} values True or False, one for each cell, not {used.dtype} of shape {used.shape}. Pass a mask.",
        )
    return used


def phase_bins(phase: ArrayLike, bins: int = BINS, *, cells: ArrayLike | None = None) -> tuple[IntArray, FloatArray]:
    """Divide the cells into intervals of the phase that hold equally many of them, but for one.

    Parameters
    ----------
    phase : (n,) radians.
    bins : number of intervals. Default 36. Fewer cells make as many intervals as there are cells, so that none is empty.
    cells : (n,) bool, the cells to use; default all.

    Returns
    -------
    place : (n,) int64, the interval of each cell, counted from the phase 0; -1 for cells that are not used.
    middle : (m,) float64, radians, the median phase of the cells in each interval, ascending.

    Raises
    ------
    InputError : phases that are no finite angles, or less than 3 bins.

    Examples
    --------
    >>> place, middle = phase_bins([6.0, 0.1, 0.2, 0.3, 3.0, 0.4], bins=3)
    >>> place, middle
    (array([2, 0, 0, 1, 2, 1]), array([0.15, 0.35, 4.5 ]))
    """
    phase = angles(phase)
    bins = _check.positive_int(bins, "bins", least=3)
    used = np.arange(len(phase)) if cells is None else np.flatnonzero(cells)
    order = used[np.argsort(phase[used], kind="stable")]
    bins = min(bins, len(order))
    place = np.full(len(phase), -1, dtype=np.int64)
    parts = np.array_split(order, bins) if bins else []
    for k, part in enumerate(parts):
        place[part] = k
    return place, np.array([np.median(phase[part]) for part in parts])


def phase_profiles(
    phase: ArrayLike, expression: Any, genes: ArrayLike, *, bins: int = BINS, cells: ArrayLike | None = None
) -> FloatArray:
    """Return the mean expression of some genes in intervals of the phase that hold equally many cells, for a heat map.

    Parameters
    ----------
    phase : (n,) radians.
    expression : (n, g), as for `genes_along`.
    genes : (m,) int, columns.
    bins, cells : as for `phase_bins`, which says what phase the intervals have.

    Returns
    -------
    (m, bins) float64; fewer columns where there are fewer cells.

    Raises
    ------
    InputError : as `genes_along`, or for less than 3 bins.
    """
    place, middle = phase_bins(phase, bins, cells=cells)
    expression = checked(expression, "expression")
    n, _ = check_shape(expression, len(place), None)
    columns = np.asarray(genes, dtype=np.int64)
    used = np.flatnonzero(place >= 0)
    member = sp.csr_array((np.ones(len(used)), (used, place[used])), shape=(n, len(middle)))
    total = np.zeros((len(columns), len(middle)))
    for start in range(0, n, BLOCK):
        cells_of = dense(block(expression, start)[:, columns])
        total += (member[start : start + BLOCK].T @ cells_of).T
    return np.asarray(total / member.sum(axis=0))


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


def _combined(sums: Sums, combine: Combine) -> FloatArray:
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
