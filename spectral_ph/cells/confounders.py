"""What else goes with the phase: depth, mitochondrial share, batch. As numbers, and as a sentence where it is strong.

A loop can be real and still go with the depth of the cells: dividing cells grow and halve. So this accuses nobody; it
says what should be looked at before the loop is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, RandomState
from spectral_ph.cells.curves import angles, periodic_fit

# Columns of obs that a loop may follow without being one, as scanpy, Seurat, Cell Ranger and older programs call them.
# fmt: off
KNOWN_CONFOUNDERS = (
    "total_counts", "n_counts", "nCount_RNA", "nCount_SCT", "nUMI", "n_umi", "n_umis", "umi_count", "UMI_count", "library_size",
    "n_genes_by_counts", "n_genes", "nFeature_RNA", "nFeature_SCT", "nGene", "n_features", "gene_count",
    "pct_counts_mt", "pct_counts_mito", "percent_mito", "percent_mt", "percent.mt", "percent.mito", "pct_mito", "mito_frac",
    "mt_frac", "pct_counts_ribo", "percent.ribo", "percent_ribo",
    "doublet_score", "doublet_scores", "scDblFinder.score",
    "batch", "sample", "sample_id", "orig.ident", "library", "library_id", "gem_group", "lane", "donor", "donor_id", "patient",
    "individual", "replicate",
)
# fmt: on

STRONG = 0.25
"""Share of variance from which a warning is due: a correlation of one half."""


@dataclass(frozen=True, eq=False, repr=False)
class Association:
    """How one property of the cells goes with the phase.

    Attributes
    ----------
    name : of the property.
    kind : "numeric" or "categorical".
    share : in [0, 1]. Numeric: share of its variance that a wave of two harmonics over the phase explains. Categorical:
        share of the variance of (cos phase, sin phase) that lies between the groups. Invariant under turn and mirror.
    rank_share : the same for the ranks of the values, which a few extreme cells cannot sway; NaN for categories.
    p_value : numeric, of the F-test for the ranks; categorical, by shuffling the labels. With thousands of cells a tiny
        share is significant; read the share.
    distance_correlation : Spearman correlation of the value with the distance to the loop; NaN for categories or if no
        distance was given.
    n : cells with a value.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    share: float
    rank_share: float
    p_value: float
    distance_correlation: float
    n: int

    @property
    def warning(self) -> str:
        """Return a sentence if the phase goes strongly with it (a share of a quarter, p < 0.01), else nothing."""
        share = self.share if self.kind == "categorical" else self.rank_share
        if not (share >= STRONG and self.p_value < 0.01):
            return ""
        return (
            f"the phase goes with {self.name} ({share:.0%} of the variance). Check whether the loop stays when "
            f"{self.name} is regressed out or kept fixed."
        )

    def __repr__(self) -> str:
        return f"Association({self.name!r}, {self.kind}, share {self.share:.2f}, p {self.p_value:.2g}, n={self.n})"


def association(
    phase: ArrayLike,
    values: ArrayLike,
    name: str,
    *,
    distance: ArrayLike | None = None,
    n_permutations: int = 999,
    random_state: RandomState = 0,
) -> Association:
    """Measure how a property of the cells goes with the phase.

    Parameters
    ----------
    phase : (n,) radians.
    values : (n,) numbers, NaN where unknown; or labels (text, bool or other objects), None or NaN where unknown.
    name : of the property, for the sentence.
    distance : (n,), distance of each cell to the loop; default None, not looked at.
    n_permutations : shuffles for the p-value of labels.
    random_state : seed of the shuffles.

    Returns
    -------
    Association

    Raises
    ------
    InputError : sizes that do not fit, or fewer than 10 cells with a value.

    Examples
    --------
    >>> phase = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    >>> association(phase, np.where(phase < np.pi, "a", "b"), "batch")
    Association('batch', categorical, share 0.41, p 0.001, n=200)
    """
    phase = angles(phase)
    array, missing = _check.column(values, name)
    if array.shape != phase.shape:
        raise _check.InputError(
            f"{name} must hold one value for each of the {len(phase)} cells, not an array of shape {array.shape}."
        )
    numeric = array.dtype.kind in "iuf"
    known = np.isfinite(array.astype(np.float64)) if numeric else ~missing
    n = int(known.sum())
    if n < 10:
        raise _check.InputError(f"{name} is known in {n} cells, but at least 10 are needed. Leave it out.")
    phase, array = phase[known], array[known]
    if not numeric:
        share, p = _between(
            phase, array.astype(str), _check.positive_int(n_permutations, "n_permutations"), random_state
        )
        return Association(name, "categorical", share, np.nan, p, np.nan, n)
    number = array.astype(np.float64)
    ranks = _ranks(number)
    _, shares, p_values = periodic_fit(phase, np.column_stack([number, ranks]), n_harmonics=2)
    correlation = np.nan
    if distance is not None:
        away: FloatArray = np.asarray(_check.numbers(distance, "distance"), dtype=np.float64)
        if away.shape != known.shape:
            raise _check.InputError(
                Argument("distance"),
                f" must hold one value for each of the {len(known)} cells, not an array of shape {away.shape}.",
            )
        correlation = _correlation(ranks, _ranks(away[known]))
    return Association(name, "numeric", float(shares[0]), float(shares[1]), float(p_values[1]), correlation, n)


def _between(
    phase: FloatArray, labels: ArrayLike, n_permutations: int, random_state: RandomState
) -> tuple[float, float]:
    """Return the share of the variance of the points on the circle between groups, and its p-value by shuffling."""
    groups, member = np.unique(labels, return_inverse=True)
    z = np.exp(1j * phase)
    z -= z.mean()
    total = float((np.abs(z) ** 2).sum())
    if len(groups) == 1 or total < 1e-12 * len(phase):
        return 0.0, 1.0
    size = np.bincount(member)
    # The squared means of the groups, weighted by their sizes.
    rng = _check.generator(random_state)

    def between(place: FloatArray) -> float:
        real, imaginary = (np.bincount(member, weights=part) for part in (place.real, place.imag))
        return float(((real**2 + imaginary**2) / size).sum())

    found = between(z)
    # Equal up to rounding counts as reached.
    reached = sum(between(rng.permutation(z)) >= found * (1 - 1e-12) for _ in range(n_permutations))
    return found / total, (1 + reached) / (1 + n_permutations)


def _ranks(values: FloatArray) -> FloatArray:
    """Return ranks from 0; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts + 1) / 2)[inverse], dtype=np.float64)


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else np.nan
