"""Curves over a circle: columns regressed on the waves of a phase, all in one pass over the cells.

`genes`, `anchor` and `confounders` ask the same question of different columns: how much of this does a curve
a + sum over k of b_k cos(k phase) + c_k sin(k phase) explain, and is that more than noise would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.special
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import BoolArray, FloatArray, IntArray
from spectral_ph.cells.expression import BLOCK, block
from spectral_ph.loops.curve import harmonics


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
    sums = regress(values, [design(phase, everyone, n_harmonics)], everyone)
    return sums.curve, sums.r_squared[0], sums.p_value[0]


def fitted_band(
    phase: ArrayLike, values: ArrayLike, at: FloatArray, n_harmonics: int = 2, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Fit one column by waves of a phase, and say how well the mean is known at each phase.

    The band is that of linear regression: t (level, n - q - 1) times the standard error of the fitted mean.

    Parameters
    ----------
    phase : (n,) radians. values : (n,). at : (m,) radians, where the curve is wanted.
    n_harmonics : at least 1. level : confidence at each phase by itself.

    Returns
    -------
    middle : (m,) the fitted mean.
    half : (m,) half the width of the band; NaN where there are no more cells than parameters.

    Raises
    ------
    InputError : sizes that do not fit, or an array of something else than finite numbers.
    """
    phase = angles(phase)
    y: FloatArray = np.asarray(_check.numbers(values, "values"), dtype=np.float64)
    if y.shape != phase.shape or not np.isfinite(y).all():
        raise _check.InputError(
            Argument("values"),
            f" must hold one finite number for each of the {len(phase)} cells, not the shape {y.shape}.",
        )
    waves = _check.positive_int(n_harmonics, "n_harmonics")
    X = np.column_stack([np.ones(len(phase)), harmonics(phase, waves)])
    Z = np.column_stack([np.ones(len(at)), harmonics(at, waves)])
    inverse = np.linalg.pinv(X.T @ X)
    fit = inverse @ (X.T @ y)
    left = len(y) - X.shape[1]
    if left < 1:
        return Z @ fit, np.full(len(at), np.nan)
    noise = float(((y - X @ fit) ** 2).sum()) / left
    error = np.sqrt(noise * np.einsum("ij,jk,ik->i", Z, inverse, Z))
    return Z @ fit, scipy.special.stdtrit(left, (1 + level) / 2) * error


def angles(phase: ArrayLike) -> FloatArray:
    """Return phases as float64 in [0, 2 pi).

    Parameters
    ----------
    phase : (n,) radians.

    Returns
    -------
    (n,) float64.

    Raises
    ------
    InputError : not one finite angle for each cell.
    """
    array = np.asarray(_check.numbers(phase, "phase"), dtype=np.float64)
    if array.ndim != 1 or len(array) == 0 or not np.isfinite(array).all():
        raise _check.InputError(
            Argument("phase"),
            f" must hold one finite angle in radians for each cell, not an array of shape {array.shape} with "
            f"{int((~np.isfinite(array)).sum())} non-finite entries. Leave out cells without a phase.",
        )
    array = np.mod(array, 2 * np.pi)
    array[array >= 2 * np.pi] = 0.0  # a tiny negative angle is 2 pi modulo 2 pi
    return array


@dataclass(frozen=True, eq=False)
class Design:
    """One regression on the cells `inside`, (n,) bool.

    `basis` (n, q) is orthonormal and of sum zero there, and 0 elsewhere; centred harmonics = basis @ factor (q, q).
    """

    inside: BoolArray
    basis: FloatArray
    factor: FloatArray

    def rows(self, order: IntArray) -> Design:
        """Return the regression of the cells in another order, (n,) int64."""
        return Design(self.inside[order], self.basis[order], self.factor)


@dataclass(frozen=True, eq=False)
class Sums:
    """Of r regressions of g genes: r_squared, p_value, varies (r, g); curve (g, q) of the first, mean and n_cells (g,)."""

    r_squared: FloatArray
    p_value: FloatArray
    varies: BoolArray
    curve: FloatArray
    mean: FloatArray
    n_cells: IntArray


def design(phase: FloatArray, inside: BoolArray, n_harmonics: int, flat: bool = False) -> Design:
    """Return the regression of columns on the waves of a phase.

    Parameters
    ----------
    phase : (n,) radians.
    inside : (n,) bool, the cells that take part.
    n_harmonics : at least 1.
    flat : return a regression that explains nothing where the phase takes too few different values, instead of refusing.

    Returns
    -------
    Design

    Raises
    ------
    InputError : too few different values of the phase, and `flat` is not set.
    """
    columns = harmonics(phase[inside], n_harmonics)
    Q, R = np.linalg.qr(columns - columns.mean(axis=0))
    basis = np.zeros((len(phase), Q.shape[1]))
    if np.abs(np.diagonal(R)).min() < 1e-8 * np.sqrt(len(columns)):
        if flat:
            return Design(inside, basis, np.eye(len(R)))
        raise _check.InputError(
            f"the phase takes too few different values among {len(columns)} cells for a curve with {n_harmonics} "
            "harmonic(s). Pass ",
            Argument("n_harmonics", 1),
            ", or more cells.",
        )
    basis[inside] = Q
    return Design(inside, basis, R)


def regress(expression: Any, designs: list[Design], used: BoolArray) -> Sums:
    """Run all regressions in one pass over the cells: they need sums over cells only.

    Parameters
    ----------
    expression : (n, g), as `expression.block` takes it.
    designs : the r regressions, each on its own cells and phase.
    used : (n,) bool, cells that `Sums.n_cells` counts.

    Returns
    -------
    Sums
    """
    n, g = expression.shape
    q = designs[0].basis.shape[1]
    weights = np.column_stack([d.inside.astype(np.float64) for d in designs])
    bases = np.hstack([d.basis for d in designs])
    first, second, products = np.zeros((g, len(designs))), np.zeros((g, len(designs))), np.zeros((g, bases.shape[1]))
    n_cells = np.zeros(g, dtype=np.int64)
    shift = np.zeros(g)
    for start in range(0, n, BLOCK):
        cells, rows = block(expression, start), slice(start, start + BLOCK)
        if sp.issparse(cells):
            n_cells += np.bincount(cells.indices[np.repeat(used[rows], np.diff(cells.indptr))], minlength=g)
        else:
            n_cells += (cells[used[rows]] != 0).sum(axis=0)
            if start == 0:
                # Sums of squares about some typical value, for x^2 - mean^2 cancels where the mean is large.
                shift = cells.mean(axis=0)
            cells = cells - shift
        products += cells.T @ bases[rows]
        first += cells.T @ weights[rows]
        second += (cells * cells).T @ weights[rows]
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
    return Sums(share.T, p.T, varies.T, curve, mean, n_cells)


def peak_and_amplitude(curve: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where each curve is highest, and half of what lies between its peak and its trough.

    Parameters
    ----------
    curve : (g, 2 h) coefficients of `harmonics`.

    Returns
    -------
    peak : (g,) radians in [0, 2 pi).
    amplitude : (g,) in the unit of the curves.
    """
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
