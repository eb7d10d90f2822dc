"""The conductance of an edge: 1, or one over its length."""

from __future__ import annotations

import numpy as np

from spectral_ph._check import Argument, InputError
from spectral_ph._types import FloatArray


def conductances(lengths: FloatArray, weighted: bool = False) -> FloatArray:
    """Return the conductance of every edge.

    Parameters
    ----------
    lengths : (m,) lengths of the edges.
    weighted : False gives 1 for all, True gives 1 / length.

    Returns
    -------
    (m,) float64, in one over the unit of `lengths` if weighted.

    Raises
    ------
    InputError : if weighted and an edge has length 0, for its conductance would be infinite.

    References
    ----------
    Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087): unweighted, or weighted by the inverse distance.
    """
    if not weighted:
        return np.ones(len(lengths))
    if (lengths == 0).any():
        raise InputError(
            f"{int((lengths == 0).sum())} edges join points at distance 0, so their conductance 1/distance is "
            "infinite. Merge the duplicates with numpy.unique(X, axis=0), or pass ",
            Argument("weighted", False),
            ".",
        )
    return np.asarray(1.0 / lengths)
