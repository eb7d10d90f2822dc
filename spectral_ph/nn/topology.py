"""Whether a layout has the edges that hold the points together, and the loop, at the lengths they have in the data."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.distances.compute import compute, neighbourhood, parted
from spectral_ph.graph.components import connected_components
from spectral_ph.graph.recipe import Recipe
from spectral_ph.homology.persistence import rips_persistence

REFERENCES = ("eff_res", "euclidean")

TREE_WEIGHT, LOOP_WEIGHT = 5.0, 25.0
"""With lam .1 these are the weights of `python -m benchmarks.neural topological`."""


def reference_distances(X: FloatArray, distance: str) -> FloatArray:
    """Return the distances of the data as shares of the largest.

    Parameters
    ----------
    X : (n, d) points.
    distance : one of `REFERENCES`, with its defaults.

    Returns
    -------
    (n, n) float64, at most 1.

    Raises
    ------
    TooLargeError : if there is no memory for them; before anything is computed.
    InputError : for effective resistance on a neighbour graph that is not connected.
    """
    n = len(X)
    _check.memory(
        8.0 * n**2,
        f"the distances of {n} points, which the topological term compares with,",
        "Use fewer points, or ",
        Argument("regularizer", "geometric"),
        ".",
    )
    D = compute(X, distance).D if distance == "euclidean" else _resistances(X)
    D /= D.max()
    return D


def _resistances(X: FloatArray) -> FloatArray:
    """Return what `distance_matrix(X)` does, with the ways out that an autoencoder has."""
    n, usual = len(X), Recipe().n_neighbors
    if n <= usual:
        _check.warn(
            f"{n} points have at most {n - 1} neighbours each, so {n - 1} were taken in place of {usual} for the effective "
            "resistance. To avoid this warning, pass ",
            Argument("distance", "euclidean"),
            ", which needs none.",
        )
    A, _ = neighbourhood(X, None, Recipe(n_neighbors=min(usual, n - 1)))
    parts = connected_components(A)
    if len(parts) > 1:
        raise _check.InputError(
            f"the neighbour graph of the points has {parts.describe()}, so effective resistance between them is infinite. Pass ",
            Argument("distance", "euclidean"),
            ", or fit each component by itself.",
        )
    return compute(None, "eff_res", graph=A, **parted("eff_res", {})[1]).D


def tree_edges(D: FloatArray) -> IntArray:
    """Return the edges of the least spanning tree: those at which parts merge, in degree 0.

    Parameters
    ----------
    D : (n, n) distances.

    Returns
    -------
    (n - 1, 2) places of their ends.

    Examples
    --------
    >>> x = np.array([0.0, 5.0, 1.0])
    >>> sorted(sorted(edge) for edge in tree_edges(abs(x[:, None] - x)).tolist())
    [[0, 2], [1, 2]]
    """
    # Raised by one number, which changes no tree, because a stored zero is no edge there.
    raised = D + (D.max() or 1.0)
    np.fill_diagonal(raised, 0.0)
    return np.column_stack(minimum_spanning_tree(raised).nonzero())


def loop_edges(D: FloatArray) -> IntArray:
    """Return the edges at which the most persistent loop is born and dies, found by their lengths.

    Parameters
    ----------
    D : (n, n) distances, symmetric.

    Returns
    -------
    (2, 2) places of their ends, or (0, 2) if there is no loop.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.1]])
    >>> loop_edges(np.linalg.norm(corners[:, None] - corners, axis=2)).tolist()
    [[0, 3], [0, 2]]
    """
    diagram = rips_persistence(D, 1)[1]
    if not len(diagram):
        return np.empty((0, 2), dtype=np.intp)
    ends = diagram[(diagram[:, 1] - diagram[:, 0]).argmax()]
    i, j = np.triu_indices(len(D), 1)
    places = [np.abs(D[i, j] - end).argmin() for end in ends]
    return np.column_stack([i[places], j[places]])


def disagreement(Z: Tensor, near: FloatArray, log_scale: Tensor) -> Tensor:
    """Return how far the lengths of the edges that matter differ between a layout and the data, over a batch.

    Edges are those of the tree and of the loop, of the data and of the layout. Squared differences of the tree's edges are
    summed and divided by the number of points; those of the loops are summed.

    Parameters
    ----------
    Z : (b, d) layout of the batch.
    near : (b, b) reference distances.
    log_scale : logarithm of what distances in the layout are multiplied by.

    Returns
    -------
    scalar, with gradients to Z and to the scale through lengths; which edges matter is held fixed.
    """
    latent = torch.cdist(Z, Z, compute_mode="donot_use_mm_for_euclid_dist")
    seen = latent.detach().cpu().double().numpy()
    seen = np.maximum(seen, seen.T)
    target = torch.from_numpy(near).to(Z)

    def apart(edges: IntArray) -> Tensor:
        i, j = torch.from_numpy(np.ascontiguousarray(edges.T)).to(Z.device)
        return ((torch.exp(log_scale) * latent[i, j] - target[i, j]) ** 2).sum()

    tree = (apart(tree_edges(near)) + apart(tree_edges(seen))) / len(Z)
    return TREE_WEIGHT * tree + LOOP_WEIGHT * (apart(loop_edges(near)) + apart(loop_edges(seen)))
