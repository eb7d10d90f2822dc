"""How much evidence for a loop there is where there is none: the null distribution and its p-value."""

from __future__ import annotations

import functools
import json
from importlib import resources

import numpy as np

from spectral_ph._types import FloatArray

LEAST_POINTS = 100
"""Below this many points nothing was calibrated."""


@functools.cache
def table() -> dict[int, dict[str, FloatArray]]:
    """Return the evidence that loop-free shapes showed: for each number of points, for each kind, in ascending order.

    `python -m benchmarks.calibrate` writes it.
    """
    text = resources.files("spectral_ph.verdict").joinpath("null.json").read_text(encoding="utf-8")
    return {int(n): {k: np.sort(v) for k, v in kinds.items()} for n, kinds in json.loads(text)["evidence"].items()}


def p_value(value: float, n: int) -> float:
    """Return a bound on the share of loop-free shapes that show at least as much evidence.

    The null hypothesis: the points are an independent sample of a loop-free shape that shows no more evidence than those
    of the battery (blobs, balls, cubes, spheres, trees, lines, clusters, mixtures, counts without a cycle). p is the larger
    of the share of all of the battery that reaches the value and half the share of the worst kind of shape, so that at
    a level of 5 % no kind is called a loop in more than about 10 % of cases; each share counts the points themselves as one
    more sample, (1 + hits) / (1 + samples), so p is never 0. It is an empirical p-value for this battery: a shape that is
    worse than all of it, such as a sheet that short circuits have closed, is not covered.

    Parameters
    ----------
    value : the evidence, maximised over the settings.
    n : points that it was computed from; the battery of the largest tabled number not above it is used, for fewer points
        show more evidence by chance.

    Returns
    -------
    float in (0, 1].
    """
    known = table()
    kinds = known[max(size for size in known if size <= max(n, min(known)))]
    everything = np.sort(np.concatenate(list(kinds.values())))
    worst = max(_tail(v, value) for v in kinds.values())
    return float(max(_tail(everything, value), worst / 2))


def _tail(sorted_values: FloatArray, value: float) -> float:
    hits = len(sorted_values) - np.searchsorted(sorted_values, value, side="left")
    return float((1 + hits) / (1 + len(sorted_values)))
