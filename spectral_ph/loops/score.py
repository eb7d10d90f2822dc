"""Scores of a diagram: how clearly it shows a given number of features, and how many its widest gap suggests.

Neither is a verdict: the widest gap says "one loop" on a Gaussian blob in every other sample. `verdict` asks for
more.
"""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._types import Diagram, FloatArray
from spectral_ph.homology.diagram import persistence_lengths


def detection_score(diagram: Diagram, n_features: int = 1, min_ratio: float | None = None) -> float:
    """Return how clearly the diagram shows exactly `n_features` features.

    With the persistences p_1 >= p_2 >= ... of the features the score is (p_m - p_{m+1}) / p_m for m = `n_features`:
    1 if there are exactly m features, 0 if there are fewer. For m = 0 it is 1 minus the score of one feature, hence 1
    on an empty diagram.

    Parameters
    ----------
    diagram : (m, 2), births and deaths in the unit of the distances; features of zero persistence do not count.
        A death of inf is a persistence beyond every finite one: the score is 1 if p_m is infinite and p_{m+1} is not
        (the limit of the formula), and 0 if both are (nothing tells the two apart).
    n_features : the number of features that is looked for, 0 or more; default 1.
    min_ratio : if no feature has death / birth > `min_ratio` the diagram counts as empty, otherwise every feature
        stays; a birth of 0 counts as an infinite ratio. At least 1; EffPH takes 1.25. Default None, no filter.

    Returns
    -------
    float in [0, 1], without unit: it does not change if the distances are rescaled.

    Raises
    ------
    InputError : `diagram` is no (m, 2) array with birth <= death, `n_features` or `min_ratio` is out of range.

    See Also
    --------
    widest_gap, find_loops, Persistence

    References
    ----------
    Damrich, Berens, Kobak, Persistent homology for high-dimensional data based on spectral methods, NeurIPS 2024,
    section 5 (the score) and appendix (the filter).

    Examples
    --------
    >>> import numpy as np
    >>> detection_score(np.array([[1.0, 5.0], [1.0, 2.0]]))
    0.75
    """
    lengths = _lengths(diagram)
    n_features = _check.positive_int(n_features, "n_features", least=0)
    if min_ratio is not None:
        min_ratio = _check.real(min_ratio, "min_ratio", least=1.0)
        births, deaths = np.asarray(diagram, dtype=np.float64).reshape(-1, 2).T
        # A product instead of a quotient, so that a birth of 0 needs no case of its own.
        if not (deaths > min_ratio * births).any():
            lengths = lengths[:0]
    if n_features == 0:
        return 1.0 - _prominence(lengths, 1)
    return _prominence(lengths, n_features)


def widest_gap(diagram: Diagram) -> int:
    """Return how many features stand above the widest gap between consecutive persistences.

    Parameters
    ----------
    diagram : (m, 2), births and deaths in the unit of the distances; features of zero persistence do not count.

    Returns
    -------
    int : 0 for an empty diagram. The last gap is the one between the smallest persistence and 0. Among equally wide
        gaps the one with the fewest features above it counts. If there are infinite features it is their number, for
        no finite gap is wider than the one below them.

    Raises
    ------
    InputError : `diagram` is no (m, 2) array with birth <= death.

    See Also
    --------
    detection_score

    Examples
    --------
    >>> import numpy as np
    >>> widest_gap(np.array([[0.0, 5.0], [1.0, 5.0], [1.0, 2.0]]))
    2
    """
    lengths = _lengths(diagram)
    if len(lengths) == 0:
        return 0
    if n_infinite := int(np.isinf(lengths).sum()):
        return n_infinite
    return int(np.argmax(lengths - np.append(lengths[1:], 0.0))) + 1


def _prominence(lengths: FloatArray, m: int) -> float:
    """Return (p_m - p_{m+1}) / p_m for the decreasing positive `lengths` and m >= 1."""
    if len(lengths) < m:
        return 0.0
    this = lengths[m - 1]
    following = lengths[m] if len(lengths) > m else 0.0
    if np.isinf(this):
        return 0.0 if np.isinf(following) else 1.0
    return float((this - following) / this)


def _lengths(diagram: Diagram) -> FloatArray:
    """Return the positive persistences of a checked diagram in decreasing order."""
    if hasattr(diagram, "diagrams"):
        raise _check.WrongTypeError("a diagram is one dimension of a result. Pass P[1] in place of P.")
    array = np.asarray(_check.numbers(diagram, "a diagram"), dtype=np.float64)
    if array.size == 0:
        return np.empty(0)
    if array.ndim != 2 or array.shape[1] != 2:
        raise _check.InputError(
            f"a diagram must be an (m, 2) array of births and deaths, not an array of shape {array.shape}. Pass "
            "one dimension of the result, such as P[1]."
        )
    wrong = ~(np.isfinite(array[:, 0]) & (array[:, 1] >= array[:, 0]))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        birth, death = array[row]
        raise _check.InputError(
            f"a diagram must hold finite births and no death before its birth, but row {row} is ({birth:g}, "
            f"{death:g}). Pass births in the first column and deaths in the second."
        )
    lengths = persistence_lengths(array)
    return lengths[lengths > 0]
