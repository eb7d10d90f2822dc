"""Expression: cells by genes, read in blocks of cells so that a large or backed table is never held twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray

Kind = Literal["auto", "counts", "log"]
KINDS = ("auto", "counts", "log")
"""What a table may hold. "auto": counts if its first cells hold whole numbers only, or fractions too large for logarithms."""

LARGEST_LOG = 50.0
"""No logarithm of a count is larger: exp(50) molecules are in no cell, nor 2^50."""

BLOCK = 1024
"""Cells that are held densely at once; 20,000 genes of them are 160 MB."""


@dataclass(frozen=True, eq=False, repr=False)
class Expression:
    """A table of cells by genes, given out in blocks as genes are compared: counts scaled to the median total, log(1 + x).

    Attributes
    ----------
    values : (n, g) array, scipy sparse array, or the handle of a backed one; None if there is none.
    names : g names.
    what : what it is, in words.
    totals : (n,) sum of each cell's counts; None if these are no counts.
    """

    values: Any
    names: tuple[str, ...]
    what: str
    totals: FloatArray | None

    @classmethod
    def of(cls, values: Any, names: Sequence[str], kind: Kind = "auto", where: str = "X") -> Expression:
        """Return a table with what it holds.

        Parameters
        ----------
        values : (n, g), or None.
        names : g names.
        kind : "counts", "log", or "auto".
        where : what the table is called, in words.

        Returns
        -------
        Expression

        Raises
        ------
        InputError : an unknown kind, or not a name for each column.
        """
        _check.one_of(kind, KINDS, "kind of values", "kind")
        names = tuple(map(str, names))
        if values is None or 0 in getattr(values, "shape", ()):
            return cls(None, names, "none", None)
        values = checked(values, where)
        check_shape(values, values.shape[0], len(names))
        if kind == "auto":
            kind = _kind(some(values, slice(1000)), where)
        if kind != "counts":
            return cls(values, names, f"{where} as it is", None)
        totals = [_sums(some(values, slice(a, a + BLOCK))) for a in range(0, values.shape[0], BLOCK)]
        return cls(values, names, f"{where}, scaled to the median total, log(1 + x)", np.concatenate(totals))

    @property
    def counts(self) -> bool:
        """Return whether the table holds counts."""
        return self.totals is not None

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many cells and genes there are."""
        n, g = self.values.shape
        return int(n), int(g)

    def __getitem__(self, rows: slice) -> Any:
        """Return some cells: counts scaled to the median total, log(1 + x); other values as they are."""
        cells = some(self.values, rows)
        if self.totals is None:
            return cells
        return log_scaled(cells, self.totals[rows], usual_total(self.totals))

    def columns(self, genes: IntArray) -> FloatArray:
        """Return (n, m), a few genes of all cells."""
        starts = range(0, self.shape[0], BLOCK)
        return np.concatenate([dense(self[slice(a, a + BLOCK)][:, genes]) for a in starts])

    def depth(self) -> dict[str, FloatArray]:
        """Return what the expression alone says of the depth of each cell, by name.

        Returns
        -------
        dict of (n,) float64: "library size", unless all cells were scaled to one, and "mitochondrial share" if there are
        genes named MT-; of what is no counts, "genes detected", if some genes are 0 in some cells.
        """
        if self.totals is None:
            return self._detected()
        found = {"library size": self.totals} if np.ptp(self.totals) > 1e-3 * abs(self.totals).max() else {}
        mitochondrial = np.flatnonzero([name.upper().startswith("MT-") for name in self.names])
        if len(mitochondrial):
            starts = range(0, self.shape[0], BLOCK)
            parts = [some(self.values, slice(a, a + BLOCK))[:, mitochondrial] for a in starts]
            total = np.concatenate([_sums(cells) for cells in parts])
            found["mitochondrial share"] = total / np.where(self.totals > 0, self.totals, 1.0)
        return found

    def _detected(self) -> dict[str, FloatArray]:
        if self.values is None:
            return {}
        starts = range(0, self.shape[0], BLOCK)
        detected = np.concatenate([_sums(some(self.values, slice(a, a + BLOCK)) != 0) for a in starts])
        return {"genes detected": detected} if np.ptp(detected) > 0 else {}

    def empty(self) -> int:
        """Return how many cells hold nothing but 0."""
        starts = range(0, self.shape[0], BLOCK)
        return sum(int((_sums(some(self.values, slice(a, a + BLOCK)) != 0) == 0).sum()) for a in starts)

    def __repr__(self) -> str:
        return f"Expression({self.what}, {len(self.names)} genes)"


def checked(values: Any, what: str) -> Any:
    """Return a table of cells by genes from which `some` can take cells; refuse what holds other things than numbers.

    Parameters
    ----------
    values : (n, g) array, scipy sparse array, or what gives one of those for `values[start:stop]`.
    what : what it is called.

    Returns
    -------
    the same, unread; an array where a table of pandas was passed, float64 of sparse types that cannot be sliced.

    Raises
    ------
    InputError : no table, or one of something else than numbers, or with masked entries.
    """
    _check.container(values, what)
    if isinstance(values, np.ndarray) or hasattr(values, "isna"):
        return _check.numbers(values, what)
    if hasattr(values, "dtype"):
        _check.real_type(values.dtype, what)
    known = sp.issparse(values) and values.format in ("csr", "csc") and values.dtype.isnative
    if sp.issparse(values) and not (known and values.dtype != np.float16):
        return _check.sparse_numbers(values, what)
    return values


def some(values: Any, rows: slice, what: str = "expression") -> Any:
    """Return some cells of a table in memory and in double precision, so that nothing is summed in a narrower type.

    Parameters
    ----------
    values : (n, g) as `checked` returns it; of dask, what its blocks hold is computed.
    rows : which cells.
    what : what the table is called.

    Returns
    -------
    float64 array or csr_array.
    """
    cells = values[rows]
    cells = cells.compute() if hasattr(cells, "compute") else cells
    if sp.issparse(cells):
        return _check.sparse_numbers(cells, what)
    return np.asarray(_check.numbers(cells, what), dtype=np.float64)


def in_memory(values: Any, what: str) -> Any:
    """Return a whole table in memory, float64: what `some` returns of all cells.

    Parameters
    ----------
    values, what : as for `some`.

    Returns
    -------
    float64 array or csr_array.
    """
    return some(values.to_memory() if hasattr(values, "to_memory") else checked(values, what), slice(None), what)


def usual_total(totals: FloatArray) -> float:
    """Return the median total of the cells that have counts, to which all cells are scaled; 0.0 if none has.

    Parameters
    ----------
    totals : (n,) sum of each cell's counts.

    Returns
    -------
    float
    """
    filled = totals[totals > 0]
    return float(np.median(filled)) if len(filled) else 0.0


def log_scaled(cells: Any, totals: FloatArray, target: float) -> Any:
    """Return log(1 + x) of counts whose cells were scaled to one total; a cell without counts stays at 0.

    Parameters
    ----------
    cells : (n, g) array or scipy sparse array of counts; it is left as it is.
    totals : (n,) sum of each cell's counts.
    target : the total that cells are scaled to.

    Returns
    -------
    (n, g) float64, csr_array where `cells` is sparse.
    """
    factor = target / np.where(totals > 0, totals, 1.0)
    if not sp.issparse(cells):
        return np.log1p(np.asarray(cells, dtype=np.float64) * factor[:, None])
    out = sp.csr_array(cells, dtype=np.float64, copy=True)
    out.data = np.log1p(out.data * np.repeat(factor, np.diff(out.indptr)))
    return out


def _kind(cells: Any, where: str) -> Kind:
    """Return what some cells hold, "counts" or "log"; what is neither is scaled as counts are, which is said."""
    if is_whole(cells):
        return "counts"
    values = cells.data if sp.issparse(cells) else np.asarray(cells)
    known = values[np.isfinite(values)]
    if not known.size or known.min() < 0 or known.max() <= LARGEST_LOG:
        return "log"
    _check.warn(
        f"{where} holds fractions of up to {known.max():.6g}, too large for logarithms, so it was taken for values on a linear "
        "scale, such as TPM: scaled to the median total, then log(1 + x). To use the values as they are, pass ",
        Argument("kind", "log"),
        ".",
    )
    return "counts"


def is_whole(cells: Any) -> bool:
    """Return whether all values are whole numbers and none is negative, as counts are.

    Parameters
    ----------
    cells : (n, g) array or scipy sparse array.

    Returns
    -------
    bool
    """
    values = cells.data if sp.issparse(cells) else np.asarray(cells)
    return bool(values.size and (values >= 0).all() and (values == np.round(values)).all())


def _sums(cells: Any) -> FloatArray:
    return np.asarray(cells.sum(axis=1, dtype=np.float64), dtype=np.float64).ravel()


def check_shape(expression: Any, n: int, g: int | None) -> tuple[int, int]:
    """Return the shape of an expression; refuse one that does not fit.

    Parameters
    ----------
    expression : anything with a `shape`.
    n : how many cells there must be.
    g : how many genes there must be; None for any number.

    Returns
    -------
    cells and genes.

    Raises
    ------
    InputError : no table, or one of another size.
    """
    shape = tuple(getattr(expression, "shape", ()))
    if len(shape) != 2:
        raise _check.InputError(
            Argument("expression"),
            f" must be an array of n cells by g genes, not {type(expression).__name__} of shape {shape}.",
        )
    if shape[0] != n:
        raise _check.InputError(
            Argument("expression"),
            f" has {shape[0]} cells, but the phase has {n}. Pass the rows that the phase stands for.",
        )
    if g is not None and shape[1] != g:
        raise _check.InputError(
            Argument("expression"), f" has {shape[1]} genes, but there are {g} names. Pass one name for each column."
        )
    return int(shape[0]), int(shape[1])


def block(expression: Any, start: int) -> Any:
    """Return `BLOCK` cells from `start` on as float64: a csr_array without stored zeros, or an array.

    Parameters
    ----------
    expression : (n, g), anything that gives an array or a scipy sparse array for `expression[start:stop]`.
    start : the first cell.

    Returns
    -------
    csr_array or array of at most `BLOCK` rows.

    Raises
    ------
    InputError : NaN or infinity among them.
    """
    rows = slice(start, start + BLOCK)
    cells = expression[rows] if isinstance(expression, Expression) else some(expression, rows)
    if sp.issparse(cells):
        cells.sum_duplicates()
        cells.eliminate_zeros()
    values = cells.data if sp.issparse(cells) else cells
    if not np.isfinite(values).all():
        raise _check.InputError(
            Argument("expression"),
            f" contains NaN or infinity (among cells {start} to {start + cells.shape[0] - 1}). Drop those cells or "
            "genes, or fill the gaps first.",
        )
    return cells


def dense(cells: Any) -> FloatArray:
    """Return a table as a float64 array.

    Parameters
    ----------
    cells : (n, g) array or scipy sparse array.

    Returns
    -------
    (n, g) float64.
    """
    return np.asarray(cells.toarray() if sp.issparse(cells) else cells, dtype=np.float64)
