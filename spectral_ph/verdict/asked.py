"""What `find_loops` was asked for, as far as the halves depend on it: refused here, before anything long is computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray, Settings
from spectral_ph.verdict import null
from spectral_ph.verdict.candidates import Candidate, uncalibrated


def without_copies(points: FloatArray) -> IntArray:
    """Return the indices of points that differ: a copy in the other half would let one half see what the other saw.

    Parameters
    ----------
    points : (n, d).

    Returns
    -------
    (m,) ascending int64, the first of each set of copies; with a warning where there are copies.
    """
    distinct = np.sort(np.unique(points, axis=0, return_index=True)[1])
    n, m = len(points), len(distinct)
    if m < n:
        _check.warn(f"{n - m} of {n} points are copies of others. The halves were drawn from the {m} that differ.")
    return distinct


def level_is_possible(level: float, n: int, choice: list[Candidate], m: int) -> None:
    """Refuse a level that no evidence can reach, where there will be a p-value.

    Parameters
    ----------
    level : that was asked for.
    n : points in both halves.
    choice : the candidates.
    m : points that differ.

    Raises
    ------
    InputError : the level is below the least p-value there can be.
    """
    least = null.least_p(n)
    if level < least and any(not uncalibrated(one, True, 1, m, n // 2) for one in choice):
        raise _check.InputError(
            Argument("level", level),
            f" is below {least:.2g}, the least p-value that the simulated shapes allow. Pass ",
            Argument("level", float(f"{least + 5e-3:.2f}")),
            " or more.",
        )


def groups_of(split_by: ArrayLike, n: int, from_points: bool) -> IntArray:
    """Return the number of the group of every point.

    Parameters
    ----------
    split_by : (n,) labels, numbers or text.
    n : points.
    from_points : whether there are points that can be divided.

    Returns
    -------
    (n,) int64, from 0.

    Raises
    ------
    InputError : labels of another number, missing ones, a single group, or nothing to divide.
    """
    if not from_points:
        raise _check.InputError(
            Argument("split_by"), " divides points into halves, but no points were passed. Leave it out."
        )
    labels = np.asarray(split_by)
    if labels.shape != (n,):
        raise _check.InputError(
            Argument("split_by"),
            f" must be a list of {n} labels, one for each point, not an array of shape {labels.shape}.",
        )
    missing = int(sum(label is None or label != label for label in labels.tolist()))
    if missing:
        raise _check.InputError(
            Argument("split_by"), f" has no label for {missing} points. Name their group, or leave these points out."
        )
    names, groups = np.unique(labels.astype(str) if labels.dtype == object else labels, return_inverse=True)
    if len(names) < 2:
        raise _check.InputError(
            Argument("split_by"), " has the same label for all points, but two groups or more are needed. Leave it out."
        )
    return groups.astype(np.int64)


def least_half(pairs: list[tuple[IntArray, IntArray]]) -> int:
    """Return how many points the smallest half has.

    Parameters
    ----------
    pairs : of halves, indices of points.

    Returns
    -------
    int

    Raises
    ------
    InputError : it has too few for the test.
    """
    least = min(len(half) for pair in pairs for half in pair)
    if least < null.LEAST_POINTS // 2:
        raise _check.InputError(
            Argument("split_by"),
            f" leaves {least} points in a half, but {null.LEAST_POINTS // 2} are needed. Join small groups, or leave it out.",
        )
    return least


def halves_have_neighbors(params: Settings, half: int, n: int, m: int) -> bool:
    """Return whether all points have the neighbours that were asked for.

    Parameters
    ----------
    params : what was asked for, by name.
    half : points in a half.
    n, m : points, and points that differ.

    Returns
    -------
    bool

    Raises
    ------
    InputError : all points have, and those of a half have not.
    """
    k = _check.positive_int(params.get("n_neighbors", 1), "n_neighbors")
    if half <= k < n:
        raise _check.InputError(
            Argument("n_neighbors", k),
            f" needs halves of more than {k} points, but halves of {m} points have {half}. Pass ",
            Argument("n_neighbors", half - 1),
            " or fewer, or ",
            Argument("splits", 0),
            ".",
        )
    return k < n
