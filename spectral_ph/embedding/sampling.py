"""The epochs of a stochastic contrastive embedding: what is drawn, with how many negatives, and how large the steps are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from spectral_ph._types import FloatArray, Graph

BLOCKS = 8
"""In so many blocks of consecutive heads an epoch goes; the heads of a block see the others as they were at its start."""

MANY_POINTS, EPOCHS, FEWER_EPOCHS = 10_000, 500, 200

WARM = 0.1
"""Share of the step for points that start at a layout of theirs: the whole step shuffles points that lie close by."""

EARLY = 3
"""One over the share of the epochs that work with the setting for the beginning, if there is one."""


def usual_epochs(n: int) -> int:
    """Return how many epochs n points get: 500, but 200 if there are more than 10,000, as in umap-learn."""
    return FEWER_EPOCHS if n > MANY_POINTS else EPOCHS


def drawable(A: Graph, n_epochs: int) -> tuple[Graph, int]:
    """Return the weights over their maximum, without the edges that would never be drawn, and how many those are.

    An edge of weight w is drawn floor(n_epochs w) times in all, so never where w < 1 / n_epochs.

    Parameters
    ----------
    A : (n, n) csr_array, symmetric, weights of 0 or more.
    n_epochs : of the optimisation.

    Returns
    -------
    W : (n, n) csr_array, symmetric, weights at most 1.
    dropped : number of edges, each counted once.
    """
    W = sp.csr_array(A, copy=True)
    if W.nnz:
        W.data /= W.data.max()
    lost = n_epochs * W.data < 1
    W.data[lost] = 0.0
    W.eliminate_zeros()
    dropped = int(lost.sum()) // 2
    return W, dropped


@dataclass(frozen=True, eq=False)
class Contrast:
    """What is drawn and what it costs.

    Attributes
    ----------
    kernel : of `_gather`, the similarity of two points.
    n_negatives : for each edge that is drawn.
    choice : whether the loss is InfoNCE, a choice between the edge and its negatives; else it is a sum over pairs.
    noise : weight of the noise per pair in the unit of the similarity, for a sum over pairs.
    early_noise : the same for the first third of the epochs; None: `noise`.
    learns : whether the noise is learned.
    exaggeration, early_exaggeration : the same for a choice.
    joint : whether the negatives of a choice are pairs of their own.
    tail : whether a loss is descended, which moves both ends of a negative pair and draws the noise uniformly over
        pairs. False: as in umap-learn a head meets its negatives after each of its edges, and they stay where they are.
    """

    kernel: Any
    n_negatives: int
    choice: bool = False
    noise: float = 1.0
    early_noise: float | None = None
    learns: bool = False
    exaggeration: float = 1.0
    early_exaggeration: float | None = None
    joint: bool = False
    tail: bool = True


def optimize(
    W: Graph,
    Y: FloatArray,
    contrast: Contrast,
    *,
    n_epochs: int,
    learning_rate: float,
    seed: int,
    look: Callable[[int, FloatArray, float], bool] | None = None,
) -> tuple[FloatArray, float]:
    """Run the epochs.

    The step falls linearly from `learning_rate` to 0. The mean of the steps of an epoch is minus the step times the
    number of edges drawn times the gradient of the loss.

    Parameters
    ----------
    W : (n, n) csr_array, symmetric, weights in (0, 1]; how often an edge is drawn in an epoch.
    Y : (n, d) start.
    contrast : what is drawn and what it costs.
    n_epochs, learning_rate, seed : of the optimisation; seed in [0, 2^63).
    look : called after each epoch with its number from 1, the layout and the noise; True ends the optimisation.

    Returns
    -------
    Y : (n, d) layout. A vertex without an edge is where it was.
    noise : as it was learned.
    """
    from spectral_ph.embedding import _gather

    n = len(Y)
    Y = np.array(Y, dtype=np.float64, order="C")
    if contrast.kernel.kind == _gather.COSINE:
        Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    frozen, slopes, total = Y.copy(), np.zeros((n, 2)), float(W.data.sum())
    heads = np.repeat(np.arange(n), np.diff(W.indptr))
    rows = _gather.Rows(W.indptr.astype(np.int64), W.indices.astype(np.int64), np.ascontiguousarray(W.data), heads)
    if total == 0:
        return Y, contrast.noise
    rate = -1.0
    if contrast.tail:
        # A choice spreads one place for each edge over the heads; `below` draws a head itself once in n times.
        rate = total / n if contrast.choice else contrast.n_negatives * total / (n - 1)
    plan = _gather.Plan(
        n_negatives=contrast.n_negatives,
        rate=rate,
        repulsion=2.0 if contrast.tail else 1.0,
        learns=contrast.learns,
        exaggeration=contrast.exaggeration,
        joint=contrast.joint,
        scale=W.nnz / total,
        blocks=BLOCKS,
    )
    noise = np.array([contrast.noise])
    for epoch in range(n_epochs):
        step = learning_rate * (1 - epoch / n_epochs)
        early = EARLY * epoch < n_epochs
        if contrast.choice:
            rho = contrast.early_exaggeration if early else None
            now = plan if rho is None else plan._replace(exaggeration=rho)
            _gather.epoch_of_choices(Y, frozen, rows, contrast.kernel, now, step, np.uint64(seed), epoch)
        else:
            c = noise if contrast.early_noise is None or not early else np.array([contrast.early_noise])
            _gather.epoch_of_pairs(Y, frozen, rows, contrast.kernel, plan, c, step, np.uint64(seed), epoch, slopes)
        if look is not None and look(epoch + 1, Y, float(noise[0])):
            break
    return Y, float(noise[0])
