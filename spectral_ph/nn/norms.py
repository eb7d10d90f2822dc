"""What the lengths of rows do to training under a cosine, what they tell of the data, and how they weigh vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.graph.neighbors import nearest_neighbors

NEIGHBOR = 10
QUARTERS = 4
RANGE = (5, 95)
"""Percentiles of the values that become 0 and 1; what lies beyond is cut off."""


class GradScale(nn.Module):  # type: ignore[misc]
    """A layer that changes no value, but multiplies the gradient of each row by its length to the power p.

    The gradient of a loss of directions is at right angles to the row and falls as one over its length, so that the angle
    moves by 1 / |z|^2. Behind this layer the number of steps to a given angle grows as |z|^(2 - p): it does not depend on the
    length for p = 2. A row of zeros has no direction to move, so its gradient becomes 0 for every p but 0.

    Parameters
    ----------
    p : the power, from -10 to 10; 0 changes nothing.

    Raises
    ------
    InputError : for another power.

    References
    ----------
    Draganov, Vadgama, Damrich et al., 2025, who take p = 1.

    Examples
    --------
    >>> z = torch.tensor([[3.0, 4.0]], requires_grad=True)
    >>> GradScale(1)(z).sum().backward()
    >>> z.grad.tolist()
    [[5.0, 5.0]]
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = _check.real(p, "p", least=-10, most=10)

    def forward(self, Z: Tensor) -> Tensor:
        """Return rows as they are.

        Parameters
        ----------
        Z : (b, d) floating numbers.

        Returns
        -------
        of the same shape.

        Raises
        ------
        InputError : for a tensor of another shape, or of whole numbers.
        """
        if not isinstance(Z, Tensor) or Z.ndim != 2 or not Z.is_floating_point():
            what = f"{Z.dtype} of the shape {tuple(Z.shape)}" if isinstance(Z, Tensor) else type(Z).__name__
            raise _check.InputError(Argument("Z"), f" must be a (b, d) tensor of floating numbers, not {what}.")
        lengths = Z.detach().norm(dim=1, keepdim=True)
        # The difference below is 0, and 0 times an infinite factor would be NaN.
        factor = (lengths**self.p).clamp_max(torch.finfo(Z.dtype).max)
        if self.p < 0:
            factor = torch.where(lengths == 0, 0.0, factor)
        return Z.detach() + factor * (Z - Z.detach())


def cut_initialize(net: nn.Module, c: float) -> nn.Module:
    """Divide every parameter of a new net by a number, so that its rows start short and directions move fast.

    A bias-free ReLU net of L layers then makes rows that are c^L times shorter, not c times.

    Parameters
    ----------
    net : changed in place.
    c : 3 for contrastive learning, 9 without negatives, as in the paper.

    Returns
    -------
    the net

    Raises
    ------
    InputError : for a number that is not above 0.

    References
    ----------
    Draganov, Vadgama, Damrich et al., 2025.

    Examples
    --------
    >>> net = nn.Linear(2, 1, bias=False)
    >>> before = net.weight.detach().clone()
    >>> bool(torch.equal(cut_initialize(net, 4).weight, before / 4))
    True
    """
    c = _check.positive(c, "c")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter /= c
    return net


@dataclass(frozen=True, eq=False)
class NormReport:
    """What the norms of an embedding go with.

    Attributes
    ----------
    class_norms : mean norm of each class over the mean of all, from the rarest class to the commonest; empty without labels.
    spearman : rank correlation of the norm of a row with its distance to its neighbour number `NEIGHBOR` among the data.
    accuracy : share of rows whose nearest neighbours by cosine name the class rightly, by quarter from the shortest rows to the
        longest; empty without labels.
    """

    class_norms: tuple[float, ...]
    spearman: float
    accuracy: tuple[float, ...]


def norm_report(
    Z: ArrayLike, X: ArrayLike, labels: ArrayLike | None = None, *, n_neighbors: int = NEIGHBOR
) -> NormReport:
    """Say what the norms of an embedding go with: rare classes, sparse places, wrong neighbours.

    Parameters
    ----------
    Z : (n, d) rows of the embedding, whose directions are what it was trained for.
    X : (n, m) points, or their embedding on the sphere: where it is sparse is looked up here.
    labels : (n,) class of each row, or None.
    n_neighbors : which neighbour is measured, and how many name the class.

    Returns
    -------
    NormReport

    Raises
    ------
    InputError : for arrays that do not fit together, rows of length 0, or rows without a label.

    References
    ----------
    Draganov, Vadgama, Damrich et al., 2025.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 2))
    >>> norm_report(X / (X**2).sum(axis=1, keepdims=True), X).spearman < -0.5
    True
    """
    from scipy.stats import spearmanr

    rows, points = _check.points(Z, what="Z"), _check.points(X)
    norms = np.linalg.norm(rows, axis=1)
    _check_rows(norms, len(points), "X")
    classed = None if labels is None else _classes(labels, norms)
    far = nearest_neighbors(points, n_neighbors, search="exact").distances[:, -1]
    rho = float(spearmanr(norms, far).statistic)
    if classed is None:
        return NormReport((), rho, ())
    classes, counts = classed
    means = [float(norms[classes == k].mean() / norms.mean()) for k in np.argsort(counts, kind="stable")]
    near = nearest_neighbors(rows / norms[:, None], n_neighbors, search="exact").indices
    votes = np.stack([(classes[near] == k).sum(axis=1) for k in range(len(counts))], axis=1)
    right = votes.argmax(axis=1) == classes
    quarters = np.array_split(np.argsort(norms, kind="stable"), QUARTERS)
    return NormReport(tuple(means), rho, tuple(float(right[quarter].mean()) for quarter in quarters))


def norm_weights(Z: ArrayLike, D: FloatArray, *, strength: float = 0.5) -> FloatArray:
    """Return distances in which rows with small norms come late: weights of vertices by the norms of an embedding.

    The weight of a vertex is w = strength * u * r, where u goes from 0 to 1 over the middle nine tenths of one over the norms,
    and r is the median distance. The edge ij comes at max(w_i, w_j, (d_ij + w_i + w_j) / 2), when the balls of its ends meet.

    Parameters
    ----------
    Z : (n, d) rows of the embedding.
    D : (n, n) distances of the same points.
    strength : of the weights; 0 gives half the distances.

    Returns
    -------
    (n, n) float64, symmetric to the last bit, 0 on the diagonal, for distance="precomputed". No degree above 0 notices that
    vertices come at 0 in it.

    Raises
    ------
    InputError : for arrays that do not fit together, or rows of length 0.

    References
    ----------
    The filtration: Anai et al., DTM-based filtrations, 2019. The weights are of this package.

    Examples
    --------
    >>> Z = np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 0.1]])
    >>> norm_weights(Z, np.ones((3, 3)) - np.eye(3), strength=1.0)[0].round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    strength = _check.real(strength, "strength", least=0.0, most=1e6)
    rows = _check.points(Z, what="Z")
    distances, _ = _check.square_distances(D)
    norms = np.linalg.norm(rows, axis=1)
    _check_rows(norms, len(distances), "D")
    w = strength * float(np.median(distances[np.triu_indices(len(distances), 1)])) * _unit(1 / norms)
    edges = np.maximum((distances + w[:, None] + w[None, :]) / 2, np.maximum(w[:, None], w[None, :]))
    edges = np.maximum(edges, edges.T)
    np.fill_diagonal(edges, 0.0)
    return edges


def _unit(values: FloatArray) -> FloatArray:
    low, high = np.percentile(values, RANGE)
    if high == low:
        return np.zeros_like(values)
    return np.asarray(np.clip((values - low) / (high - low), 0, 1))


def _classes(labels: ArrayLike, norms: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the number of the class of each row, and how many rows each class has."""
    values, missing = _check.column(labels, "labels")
    if values.ndim != 1:
        raise _check.InputError(
            Argument("labels"), f" must be one label for each row of Z, not an array of the shape {values.shape}."
        )
    _check_rows(norms, len(values), "labels")
    if missing.any():
        raise _check.InputError(
            Argument("labels"),
            f" has no label for {int(missing.sum())} rows (first: {int(np.flatnonzero(missing)[0])}). Name their class, or drop "
            "these rows.",
        )
    # Objects of several types have no order.
    _, classes, counts = np.unique(
        values.astype(str) if values.dtype == object else values, return_inverse=True, return_counts=True
    )
    return classes.astype(np.int64), counts.astype(np.int64)


def _check_rows(norms: Any, n: int, what: str) -> None:
    if len(norms) != n:
        raise _check.InputError(Argument(what), f" must be of the {len(norms)} rows of Z, not of {n}.")
    if (norms == 0).any():
        raise _check.InputError(
            f"{int((norms == 0).sum())} rows of Z have length 0 (first: {int(np.flatnonzero(norms == 0)[0])}), so they have no "
            "direction. Drop them."
        )
