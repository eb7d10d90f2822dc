"""Whether rows are points, or genes that were meant to be columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray
from spectral_ph.cells.anchor import G2M_GENES, S_GENES
from spectral_ph.files.names import FEW

_KNOWN = frozenset(S_GENES) | frozenset(G2M_GENES)
# An accession of Ensembl, or a gene of the mitochondria.
_ACCESSION = re.compile(r"(ENS[A-Z]{0,4}G\d{6,}(\.\d+)?|MT-.+)", re.IGNORECASE)


def hint_transpose(
    file: Path, X: FloatArray | sp.csr_array, names: tuple[str, ...] | None, columns: tuple[str, ...] | None
) -> None:
    """Warn if rows, which were taken as points, look like genes.

    Parameters
    ----------
    file : for the sentence.
    X : (n, d).
    names, columns : of rows and columns, or None.
    """
    n, d = X.shape
    if _genes(columns):
        return
    if _genes(names):
        said = f"the rows of {file} have names of genes, and each was taken as a point"
    elif 1 < n < d and d >= FEW and _counts(X):
        said = f"{file} has whole numbers in {n} rows and {d} columns, and each row was taken as a point"
    else:
        return
    _check.warn(f"{said}. If rows are genes and columns are cells, pass ", Argument("transpose", True), ".")


def _genes(names: tuple[str, ...] | None) -> bool:
    if names is None:
        return False
    accessions = sum(_ACCESSION.fullmatch(name) is not None for name in names)
    return 2 * accessions >= len(names) or len(_KNOWN.intersection(name.upper() for name in names)) >= 3


def _counts(X: FloatArray | sp.csr_array) -> bool:
    """Tell whether all values are whole numbers from 0 on."""
    values: FloatArray = np.asarray(X.data if isinstance(X, sp.csr_array) else X)
    for block in np.array_split(values, max(1, values.size // 2**20)):
        if (block < 0).any() or (block != np.rint(block)).any():
            return False
    return True
