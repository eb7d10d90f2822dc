"""Distances between many points without an (n, n) array: the value that distances make and homology takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from spectral_ph._types import FloatArray, Graph, Settings


@dataclass(frozen=True, eq=False, repr=False)
class ImplicitDistances:
    """Distances between n points, written so that any pair can be had without an (n, n) array.

    The squared form of a pair i != j is

        |t_i - t_j|^2 + (kappa_i + kappa_j) - c_ij, at least 0,

    and the distance is that, or its root. The squares of the differences of the coordinates are summed in the order of
    the columns, one at a time, then (kappa_i + kappa_j) is added and c_ij taken off: whoever keeps to this order gets
    the same bits for a pair whatever else is computed with it. A point is at 0 from itself.

    Attributes
    ----------
    coordinates : (n, c) float64, C-contiguous, the rows t_i; in the unit of the root of the squared form.
    offset : (n,) float64, kappa, at least 0; what a point adds to each of its pairs, in the unit of the squared form.
    correction : (n, n) csr_array of float64, symmetric to the last bit, sorted indices, no entry on the diagonal: c_ij for
        the pairs that have one, in the unit of the squared form; a stored zero is allowed, it changes nothing. None if
        no pair has one.
    root : whether the distance is the root of the squared form.
    facts : what it was made from and how far it may be off; see the function that made it.

    Notes
    -----
    Without correction the root is the Euclidean distance between the points (t_i, sqrt(kappa_i) a_i), a_i an axis of its
    own for each, so it is a metric, whatever kappa is. With a correction it need not be one.
    """

    coordinates: FloatArray
    offset: FloatArray
    correction: Graph | None = None
    root: bool = False
    facts: Settings = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.coordinates)

    def __repr__(self) -> str:
        n, c = self.coordinates.shape
        pairs = 0 if self.correction is None else self.correction.nnz // 2
        kind = "root" if self.root else "squared form"
        return f"ImplicitDistances(n={n}, {c} coordinates, {pairs} corrected pairs, {kind})"
