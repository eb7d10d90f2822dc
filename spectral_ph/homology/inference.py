"""How long a feature is by chance: the universal null distribution of a diagram, which needs no resampling."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph._types import FloatArray

EULER = float(np.euler_gamma)
LEAST_RATIO = 1e-12
"""death / birth is taken to be above 1 by at least this, as rounding is."""


def universal_evidence(diagram: ArrayLike) -> FloatArray:
    """Return how surprising each feature of a diagram is among the others: -log10 of its p-value.

    Over many random point sets the values l = log log(death / birth), less their mean and Euler's constant, follow one law,
    the left-skewed Gumbel law, whatever the points are drawn from. So a feature with the value l has the p-value
    exp(-exp(l)), and the number of features times that bounds the p-value of the longest.

    Parameters
    ----------
    diagram : (m, 2) births and deaths of one degree, births positive; any unit. A feature that never dies counts as one that
        dies at the largest finite value.

    Returns
    -------
    (m,) float64, -log10(m p) for every feature, in the order of the diagram; below 0 where m p is above 1. Zeros for fewer than
    two features, which there is nothing to compare with.

    References
    ----------
    Bobrowski, Skraba, A universal null-distribution for topological data analysis, Scientific Reports 2023. It is made for
    Euclidean distances of independent points. For spectral distances it is no more than a regularity, which several passes break
    (docs/decisions/0006-verdict.md), so `find_loops` does not use it.

    Examples
    --------
    >>> import numpy as np
    >>> bool(universal_evidence(np.array([[1.0, 30.0], [1.0, 1.1], [1.0, 1.2], [1.0, 1.15]]))[0] > 2)
    True
    """
    pairs = np.asarray(diagram, dtype=np.float64).reshape(-1, 2)
    if len(pairs) < 2:
        return np.zeros(len(pairs))
    ends = pairs.copy()
    finite = np.isfinite(ends[:, 1])
    ends[~finite, 1] = ends[np.isfinite(ends)].max()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(ends[:, 0] > 0, ends[:, 1] / ends[:, 0], np.inf)
    ratio = np.clip(ratio, 1 + LEAST_RATIO, 1 / LEAST_RATIO)
    value = np.log(np.log(ratio))
    value -= value.mean() + EULER
    return np.asarray(np.exp(value) / np.log(10) - np.log10(len(value)))
