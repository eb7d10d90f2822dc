"""HALVES -> EVIDENCE -> VERDICT: do the points go round a loop, and how sure is that.

In the order of the work: `candidates` says which settings are tried and which are calibrated, `halves` what two halves of the
points see under each, `evidence` how much that is, `null` how often loop-free shapes show as much, and `judge` chooses the
settings and gives every loop its verdict, its p-value and its sentence.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._types import FloatArray, IntArray, Metric
from spectral_ph.verdict.candidates import Candidate
from spectral_ph.verdict.halves import split_points
from spectral_ph.verdict.judge import Examined, choose

__all__ = ["examine"]


def examine(
    X: FloatArray,
    choice: list[Candidate],
    rng: np.random.Generator,
    *,
    distinct: IntArray | None = None,
    splits: int = 5,
    at: float = 0.9,
    metric: Metric = "euclidean",
) -> Examined:
    """Look at halves of the points under every candidate, and choose the candidate with the most evidence.

    `find_loops` and the program that makes the null distribution (benchmarks/calibrate.py) both go through here, so that
    the null is that of the whole procedure, the choice included.

    Parameters
    ----------
    X : (n, d) points.
    choice : the candidates; with one there is nothing to choose.
    rng : draws the halves.
    distinct : (m,) indices of points no two of which are copies; default: all.
    splits : how often the points are split into halves.
    at : where between birth (0) and death (1) of a loop its phase is computed.
    metric : of the neighbour graph.

    Returns
    -------
    Examined
    """
    distinct = np.arange(len(X)) if distinct is None else distinct
    return choose(choice, split_points(X, distinct, choice, splits, at, metric, rng))
