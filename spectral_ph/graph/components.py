"""The connected components of a graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from spectral_ph._types import Graph, IntArray


@dataclass(frozen=True, eq=False)
class Components:
    """Which vertices hang together.

    Attributes
    ----------
    labels : (n,) int64; 0 is the largest component, ties by smallest vertex.
    sizes : (c,) int64, decreasing.
    """

    labels: IntArray
    sizes: IntArray

    def __len__(self) -> int:
        return len(self.sizes)

    def members(self) -> list[IntArray]:
        """Return the vertices of each component, in increasing order."""
        return np.split(np.argsort(self.labels, kind="stable"), np.cumsum(self.sizes)[:-1])

    def describe(self) -> str:
        """Return a phrase such as "2 connected components (sizes 5, 3)"."""
        shown = ", ".join(map(str, self.sizes[:5])) + (", ..." if len(self) > 5 else "")
        return f"{len(self)} connected components (sizes {shown})"


def connected_components(A: Graph) -> Components:
    """Find the connected components of a symmetric graph.

    Parameters
    ----------
    A : (n, n) csr_array, symmetric.

    Returns
    -------
    Components
    """
    count, raw = csgraph.connected_components(A, directed=False)
    sizes = np.bincount(raw, minlength=count)
    first = np.full(count, len(raw))
    np.minimum.at(first, raw, np.arange(len(raw)))
    order = np.lexsort((first, -sizes))
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return Components(rank[raw], sizes[order].astype(np.int64))
