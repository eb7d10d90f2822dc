"""From counts of molecules to principal components, the usual way, with every step written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.cells.expression import LARGEST_LOG, in_memory, log_scaled, usual_total


@dataclass(frozen=True, eq=False, repr=False)
class Preprocessed:
    """Principal components and how they were made.

    Attributes
    ----------
    X : (n, c) float64, the cells' coordinates along the principal components, by decreasing variance.
    genes : (kept,) int64, columns of the input that the components are made of, in increasing order.
    kept_cells : (n,) int64, rows of the input that the rows of `X` stand for, in increasing order.
    steps : one plain sentence for each thing that was done, with its numbers.
    explained_variance_ratio : (c,) float64, share of the chosen genes' variance along each component.
    """

    X: FloatArray
    genes: IntArray
    kept_cells: IntArray
    steps: tuple[str, ...]
    explained_variance_ratio: FloatArray

    def __repr__(self) -> str:
        n, c = self.X.shape
        share = self.explained_variance_ratio.sum()
        return f"Preprocessed({n} cells, {len(self.genes)} genes, {c} components with {share:.0%} of the variance)"


def preprocess(
    counts: object,
    kind: Literal["counts", "log"] = "counts",
    n_top_genes: int = 1500,
    n_components: int = 30,
    *,
    drop_empty: bool = False,
) -> Preprocessed:
    """Normalise, take logarithms, choose the most variable genes, and reduce to principal components.

    With `kind="counts"` every cell is scaled to the median of the cells' totals and log(1 + x) is taken; with
    `kind="log"` the values are used as they are. Then the genes of largest variance are kept and centred, and exact
    principal components computed. The result is a function of the input alone: nothing is drawn, and the sign of each
    component is fixed by its largest loading, which is positive.

    Parameters
    ----------
    counts : (n, g) array or scipy sparse array, cells by genes; only the chosen genes are ever held densely.
    kind : "counts" for molecules or reads, "log" for values that are already normalised and on a log scale.
    n_top_genes : number of most variable genes to keep; all are kept if there are fewer.
    n_components : number of principal components; reduced to min(n - 1, genes kept) with a warning.
    drop_empty : leave out cells in which every gene is 0, instead of refusing them.

    Returns
    -------
    Preprocessed

    Raises
    ------
    InputError : if the input holds NaN, infinity, negative counts, empty cells, or no gene that varies.
    TooLargeError : if the chosen genes do not fit in memory as a dense array.

    Warns
    -----
    SpectralWarning : if counts are not whole numbers and small enough to be logarithms, or components were reduced.

    See Also
    --------
    spectral_ph.tl.loops, find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> cells = sph.datasets.cells.cell_cycle(n_cells=100, n_genes=200, n_cycling_genes=50)
    >>> sph.preprocess(cells.counts, n_components=10).X.shape
    (100, 10)
    """
    _check.one_of(kind, ("counts", "log"), "kind of values", "kind")
    n_top_genes = _check.positive_int(n_top_genes, "n_top_genes")
    n_components = _check.positive_int(n_components, "n_components")
    drop_empty = _check.flag(drop_empty, "drop_empty")
    table = _table(counts)
    steps: list[str] = []
    if kind == "counts" and (fractional := _check_counts(table)):
        sentence = f"{fractional} of the {table.nnz} non-zero counts are not whole numbers"
        if table.data.max() <= LARGEST_LOG:
            _check.warn(
                f"{sentence}, so the table looks already normalised. Pass ",
                Argument("kind", "log"),
                " if it is on a log scale.",
            )
        steps.append(f"{sentence}, and they were used as they are")
    kept_cells = _occupied(table, drop_empty)
    if len(kept_cells) < table.shape[0]:
        steps.append(
            f"left out {table.shape[0] - len(kept_cells)} of {table.shape[0]} cells, which had no counts at all"
        )
    table = table[kept_cells]
    n, g = table.shape
    if n < 2:
        raise _check.InputError(f"principal components need at least 2 cells, not {n}. Pass more rows.")

    if kind == "counts":
        totals = table.sum(axis=1)
        target = usual_total(totals)
        table = log_scaled(table, totals, target)
        steps.append(f"scaled each of the {n} cells to {target:g} counts, the median of their totals")
        steps.append("took log(1 + x)")

    genes = _most_variable(table, n_top_genes)
    if len(genes) < g:
        steps.append(f"kept the {len(genes)} most variable of {g} genes")
    else:
        steps.append(f"kept all {g} genes ({n_top_genes} were asked for)")

    most = min(n - 1, len(genes))
    if n_components > most:
        sentence = (
            f"{n} cells and {len(genes)} genes have at most {most} principal components, so {most} were computed "
            f"instead of {n_components}"
        )
        _check.warn(f"{sentence}. To avoid this warning, pass n_components={most} or fewer to spectral_ph.preprocess.")
        steps.append(sentence)
    X, ratio = _components(table, genes, min(n_components, most))
    steps.append(
        f"computed {len(ratio)} principal components, which carry {ratio.sum():.1%} of the kept genes' variance"
    )
    return Preprocessed(X, genes, kept_cells, tuple(f"{step[0].upper()}{step[1:]}." for step in steps), ratio)


def _table(counts: object) -> sp.csr_array:
    """Return a fresh (n, g) csr_array of finite float64 numbers, so that dense and sparse input go one way."""
    if _check.is_sparse(counts):
        return _sparse_table(in_memory(counts, "counts"))
    return sp.csr_array(_check.points(counts, what="counts"))


def _sparse_table(counts: Any) -> sp.csr_array:
    table: sp.csr_array = counts
    table.sum_duplicates()
    if not (finite := np.isfinite(table.data)).all():
        row = int(_rows(table)[np.argmin(finite)])
        raise _check.InputError(
            Argument("counts"),
            f" contains NaN or infinity in {int((~finite).sum())} of its entries (first in row {row}). Drop those "
            "cells or genes, or fill the gaps first.",
        )
    return table


def _check_counts(table: sp.csr_array) -> int:
    """Refuse negative values, and return how many are not whole numbers."""
    if table.nnz and (smallest := table.data.min()) < 0:
        raise _check.InputError(
            Argument("counts"),
            f" holds negative values (smallest {smallest:g}), but a count is never negative. Pass the raw counts, or ",
            Argument("kind", "log"),
            " if the values are already normalised and on a log scale.",
        )
    return int((table.data != np.round(table.data)).sum())


def _occupied(table: sp.csr_array, drop_empty: bool) -> IntArray:
    """Return the rows with a value other than 0; refuse the others unless they are to be dropped."""
    filled = np.bincount(_rows(table)[table.data != 0], minlength=table.shape[0]) > 0
    kept = np.flatnonzero(filled).astype(np.int64)
    n_empty = len(filled) - len(kept)
    if n_empty and not drop_empty:
        raise _check.InputError(
            f"{n_empty} of the {len(filled)} cells have no counts at all (first: row {int(np.argmin(filled))}). "
            "Remove them, or pass ",
            Argument("drop_empty", True),
            " to leave them out.",
        )
    return kept


def _rows(table: sp.csr_array) -> IntArray:
    """Return the row of each stored entry."""
    return np.repeat(np.arange(table.shape[0], dtype=np.int64), np.diff(table.indptr))


def _most_variable(table: sp.csr_array, n_top_genes: int) -> IntArray:
    n, g = table.shape
    mean = np.bincount(table.indices, weights=table.data, minlength=g) / n
    # Deviations from the mean rather than E[x^2] - E[x]^2, which cancels where the mean is large.
    around = np.bincount(table.indices, weights=(table.data - mean[table.indices]) ** 2, minlength=g)
    variance = (around + (n - np.bincount(table.indices, minlength=g)) * mean**2) / n
    # Rounding leaves a constant gene with a variance of about 1e-32 times its square.
    if not (variance > 1e-28 * mean**2).any():
        raise _check.InputError(
            f"none of the {g} genes varies between the {n} cells, so there is no shape to find. Check the input."
        )
    return np.sort(np.argsort(-variance, kind="stable")[:n_top_genes]).astype(np.int64)


def _components(table: sp.csr_array, genes: IntArray, n_components: int) -> tuple[FloatArray, FloatArray]:
    from sklearn.decomposition import PCA

    n, kept = table.shape[0], len(genes)
    _check.memory(
        8.0 * (2 * n * kept + 3 * kept**2),
        f"the principal components of {n} cells and {kept} genes",
        "Pass a smaller n_top_genes to spectral_ph.preprocess.",
    )
    # Both solvers are exact and need no random start, and scikit-learn makes the largest loading of each component
    # positive; the first decomposes a (kept, kept) matrix, which is slow where there are fewer cells than genes.
    pca = PCA(n_components=n_components, svd_solver="covariance_eigh" if n >= kept else "full")
    X = np.ascontiguousarray(pca.fit_transform(table[:, genes].toarray()), dtype=np.float64)
    return X, np.asarray(pca.explained_variance_ratio_, dtype=np.float64)
