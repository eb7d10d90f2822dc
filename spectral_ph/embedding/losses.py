"""Contrastive losses over all pairs of points, with their gradients: what the stochastic embeddings descend on average.

P are symmetric weights of the sum 1, q_ij the similarity of two points of the layout, m the number of negatives for each
edge, and the noise draws an ordered pair with probability 1 / (n (n - 1)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_ph._types import FloatArray, Graph

EXACT_ROWS = 20_000
"""The partition of more points is taken from evenly spaced rows."""
SAMPLED_ROWS = 2_000


@dataclass(frozen=True, eq=False)
class Similarity:
    """How similar two points of a layout are.

    Attributes
    ----------
    name : "cauchy", q = 1 / (eps + |y_i - y_j|^2), or "cosine", q = exp(cos(y_i, y_j) / temperature).
    eps : for "cauchy".
    temperature : for "cosine".
    """

    name: str = "cauchy"
    eps: float = 1.0
    temperature: float = 0.5

    @property
    def is_cosine(self) -> bool:
        """Whether only the directions of the points count."""
        return self.name == "cosine"

    def kernel(self) -> Any:
        """Return what the kernels over all pairs take."""
        from spectral_ph.embedding import _all_pairs as k

        return k.Kernel(k.COSINE if self.is_cosine else k.CAUCHY, self.eps, self.temperature)


@dataclass(frozen=True, eq=False)
class Value:
    """A loss at a layout.

    Attributes
    ----------
    loss : the value.
    gradient : (n, d), by the points.
    slope, curvature : first and second derivative by the logarithm of the noise; 0 where there is none.
    """

    loss: float
    gradient: FloatArray
    slope: float = 0.0
    curvature: float = 0.0


def pair_loss(P: Graph, Y: FloatArray, noise: float, n_negatives: float, similarity: Similarity | None = None) -> Value:
    """Return the loss of Neg-t-SNE, and of NC-t-SNE, which learns the noise.

    With c = `noise`, the weight of the noise per pair in the unit of q, it is

        sum_ij P_ij log(1 + c / q_ij) + m / (n (n - 1)) sum_ij log(1 + q_ij / c),

    both sums over ordered pairs. For Neg-t-SNE c = m Zbar / (n (n - 1)), and the loss is least where q = Zbar P if there
    is such a layout. For NC-t-SNE c = m Z / (n (n - 1)), and `slope` is the derivative by log Z. UMAP with a = b = 1 is
    c = 1, eps = 0.

    Parameters
    ----------
    P : (n, n) csr_array, symmetric, sum 1.
    Y : (n, d) layout.
    noise : c, more than 0.
    n_negatives : m.
    similarity : of two points; None: 1 / (1 + |y_i - y_j|^2).

    Returns
    -------
    Value

    References
    ----------
    Damrich, Böhm, Hamprecht, Kobak, ICLR 2023.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> P = sp.csr_array(np.ones((3, 3)) - np.eye(3)) / 6
    >>> Y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(pair_loss(P, Y, 1.0, 2).loss, 4)
    1.9269
    """
    from spectral_ph.embedding import _all_pairs

    similarity = similarity or Similarity()
    n = len(Y)
    points, lengths = _on_sphere(Y) if similarity.is_cosine else (np.ascontiguousarray(Y), None)
    out, gradient = np.empty((n, 3)), np.zeros(Y.shape)
    half = np.full(n, n_negatives / (n * (n - 1)) / 2)
    _all_pairs.pairs(points, _edges(P), similarity.kernel(), noise, half, out, gradient)
    loss, slope, curvature = out.sum(axis=0)
    return Value(float(loss), _tangential(gradient, points, lengths), float(slope), float(curvature))


def choice_loss(
    P: Graph,
    Y: FloatArray,
    *,
    exaggeration: float = 1.0,
    denominators: str = "head",
    similarity: Similarity | None = None,
) -> Value:
    """Return the loss of InfoNC-t-SNE with all other points as negatives.

    With rho = `exaggeration` it is, for the two kinds of denominators,

        "joint": -sum_ij P_ij log q_ij + log(sum_ij q_ij) / rho, which is t-SNE's loss divided by rho,
        "head":  -sum_ij P_ij log q_ij + sum_i P_i log(sum_j q_ij) / rho, P_i the sum of row i.

    Parameters
    ----------
    P : (n, n) csr_array, symmetric, sum 1.
    Y : (n, d) layout.
    exaggeration : rho.
    denominators : "head" or "joint".
    similarity : of two points; None: 1 / (1 + |y_i - y_j|^2).

    Returns
    -------
    Value

    References
    ----------
    Damrich, Böhm, Hamprecht, Kobak, ICLR 2023.
    """
    from spectral_ph.embedding import _all_pairs

    similarity = similarity or Similarity()
    n = len(Y)
    points, lengths = _on_sphere(Y) if similarity.is_cosine else (np.ascontiguousarray(Y), None)
    sums = np.empty(n)
    _all_pairs.similarities(points, np.arange(n), similarity.kernel(), sums)
    if denominators == "joint":
        rest = np.log(sums.sum())
        share = np.full(n, 1 / sums.sum())
    else:
        rows = np.asarray(P.sum(axis=1)).ravel()
        rest = (rows * np.log(sums)).sum()
        share = rows / sums
    out, gradient = np.empty(n), np.zeros(Y.shape)
    _all_pairs.choices(points, _edges(P), similarity.kernel(), share / exaggeration, out, gradient)
    return Value(float(out.sum() + rest / exaggeration), _tangential(gradient, points, lengths))


def partition(Y: FloatArray, similarity: Similarity | None = None) -> float:
    """Return the sum of the similarities over all ordered pairs.

    Parameters
    ----------
    Y : (n, d) layout. For more than `EXACT_ROWS` points the sum is that of `SAMPLED_ROWS` evenly spaced rows, scaled up.
    similarity : of two points; None: 1 / (1 + |y_i - y_j|^2).

    Returns
    -------
    float
    """
    from spectral_ph.embedding import _all_pairs

    similarity = similarity or Similarity()
    n = len(Y)
    rows = np.arange(n) if n <= EXACT_ROWS else np.linspace(0, n - 1, SAMPLED_ROWS).astype(np.int64)
    points = _on_sphere(Y)[0] if similarity.is_cosine else np.ascontiguousarray(Y)
    sums = np.empty(len(rows))
    _all_pairs.similarities(points, rows, similarity.kernel(), sums)
    return float(sums.sum() * (n / len(rows)))


def _edges(P: Graph) -> Any:
    from spectral_ph.embedding import _all_pairs

    return _all_pairs.Positives(P.indptr.astype(np.int64), P.indices.astype(np.int64), P.data)


def _on_sphere(Y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rows scaled to length 1, and their lengths."""
    lengths = np.linalg.norm(Y, axis=1, keepdims=True)
    return Y / lengths, lengths


def _tangential(gradient: FloatArray, points: FloatArray, lengths: FloatArray | None) -> FloatArray:
    """Return the gradient by rows of any length from that by the rows on the sphere."""
    if lengths is None:
        return gradient
    along = (gradient * points).sum(axis=1, keepdims=True)
    return np.asarray((gradient - along * points) / lengths)
