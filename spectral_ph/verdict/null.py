"""How much evidence for a loop there is where there is none: the null distribution and its p-value."""

from __future__ import annotations

import functools
import json
from importlib import resources

import numpy as np

from spectral_ph._types import FloatArray

LEAST_POINTS = 100
"""Below this many points nothing was calibrated."""

POOLED_BELOW = 30
"""Kinds of fewer samples are taken together: they are those that show little evidence (`benchmarks.calibrate`)."""


@functools.cache
def table() -> dict[int, dict[str, FloatArray]]:
    """Return the evidence that loop-free shapes showed: for each number of points, for each kind, in ascending order.

    `python -m benchmarks.calibrate` writes it.
    """
    text = resources.files("spectral_ph.verdict").joinpath("null.json").read_text(encoding="utf-8")
    return {int(n): {k: np.sort(v) for k, v in kinds.items()} for n, kinds in json.loads(text)["evidence"].items()}


def p_value(value: float, n: int) -> float:
    """Return how often loop-free shapes show at least as much evidence: the share of the worst kind of shape.

    The null hypothesis: the points are an independent sample of a loop-free shape that shows no more evidence than the worst
    kind of the battery (filled regions, also with a thin middle, blobs, spheres and their shadows, trees, lines, clusters,
    mixtures, counts without a cycle). Each share counts the points themselves as one more sample, (1 + hits) / (1 + samples), so
    p is never 0. Kinds with few samples show little evidence and are pooled. Between two tabled sizes the larger p of both
    counts, and beyond the largest that of the two largest. A shape that is worse than all of the battery, such as a sheet that
    short circuits have closed, is not covered.

    Parameters
    ----------
    value : the evidence of the whole procedure, the choice of settings included.
    n : points in both halves that it was computed from. Beyond the largest tabled number nothing changes.

    Returns
    -------
    float in (0, 1].
    """
    return max(_tail(values, value) for kinds in _beside(n) for values in _pooled(kinds))


def least_p(n: int) -> float:
    """Return the least p-value that there can be for n points, which no evidence goes below.

    Parameters
    ----------
    n : as for `p_value`.

    Returns
    -------
    float in (0, 1].
    """
    return p_value(np.inf, n)


def _beside(n: int) -> list[dict[str, FloatArray]]:
    """Return the batteries of the largest size not above n and of the smallest not below; the nearest where there is one.

    From the largest size on it is the two largest: of thirty samples of 4,000 points nearly none shows any evidence, and that is
    no reason to call what would not be called among 1,000.
    """
    known = table()
    sizes = sorted(known)
    if n >= sizes[-1]:
        return [known[size] for size in sizes[-2:]]
    below = max((size for size in sizes if size <= n), default=sizes[0])
    above = min((size for size in sizes if size >= n), default=sizes[-1])
    return [known[size] for size in {below, above}]


def _pooled(kinds: dict[str, FloatArray]) -> list[FloatArray]:
    """Return the kinds that have samples enough for a share of their own, and all others as one."""
    alone = [values for values in kinds.values() if len(values) >= POOLED_BELOW]
    rest = [values for values in kinds.values() if len(values) < POOLED_BELOW]
    return [*alone, np.sort(np.concatenate(rest))] if rest else alone


def _tail(sorted_values: FloatArray, value: float) -> float:
    hits = len(sorted_values) - np.searchsorted(sorted_values, value, side="left")
    return float((1 + hits) / (1 + len(sorted_values)))
