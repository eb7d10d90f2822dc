"""The next pass of effective resistance: the graph of nearest neighbours under the distance of the pass before.

Points whose walks meet are joined even if noise puts them far apart, and edges that short-cut through the noise are dropped.
docs/theory.md tells what that does to the spectrum, and why more than a few passes tear a filled region open.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import FloatArray, Graph, Settings
from spectral_ph.distances.lookup import pairs, rows
from spectral_ph.graph.components import connected_components
from spectral_ph.graph.neighbors import Neighbors, nearest_neighbors
from spectral_ph.graph.symmetrize import graph_from_edges, undirected_edges

DEFAULT_STEPS = 4
"""Steps of effective resistance in one pass; docs/decisions/0007-steps.md."""
LARGEST_STEPS = 1000
MARGIN = 8
BLOCK = 2**23  # entries of a block of scores: 64 MiB


def check_passes(passes: object, pass_neighbors: object, n: int) -> tuple[int, int]:
    """Return both as whole numbers; `pass_neighbors` is 0 where there is only one pass.

    Parameters
    ----------
    passes : at least 1.
    pass_neighbors : neighbours in every pass but the first, or None.
    n : points.

    Returns
    -------
    passes, pass_neighbors

    Raises
    ------
    InputError : for other numbers, or several passes without `pass_neighbors`.
    """
    passes = _check.positive_int(passes, "passes")
    if passes == 1:
        return passes, 0
    if pass_neighbors is None:
        raise _check.InputError(
            Argument("passes", passes),
            " makes new neighbour graphs, but the graph that was passed does not tell of how many neighbours. Pass ",
            Argument("pass_neighbors", 15),
            ", or another number.",
        )
    return passes, _check.n_neighbors(pass_neighbors, n)


def check_steps(steps: object, passes: int, corrected: bool = True) -> int:
    """Return the steps of effective resistance; None is `DEFAULT_STEPS` for one pass and 1 for several.

    Several passes begin with the first neighbours of the distance before, and after some steps these are points that the walk
    cannot tell apart: with four the graph of the third pass of a noisy circle (300 points, 10 neighbours) is in four pieces.

    Parameters
    ----------
    steps : 0 to `LARGEST_STEPS`, or None.
    passes : how many.
    corrected : False is no step.

    Returns
    -------
    int

    Raises
    ------
    InputError : for other numbers, or steps of what is not corrected.
    """
    if steps is None:
        return 0 if not corrected else DEFAULT_STEPS if passes == 1 else 1
    number = _check.positive_int(steps, "steps", least=0)
    if number > LARGEST_STEPS:
        raise _check.InputError(
            Argument("steps"),
            f" must be at most {LARGEST_STEPS}, not {number}. After that many only the slowest eigenvectors are "
            "left, which ",
            Argument("distance", "eigenmaps"),
            " gives at once.",
        )
    if not corrected and number:
        raise _check.InputError(
            Argument("corrected", False),
            " is the plain resistance, which is ",
            Argument("steps", 0),
            ", but ",
            Argument("steps", number),
            " was passed with it. Leave one of the two out.",
        )
    return number


def settled(given: Settings) -> Settings:
    """Check the passes and steps that were asked for, as far as they were.

    Parameters
    ----------
    given : parameters of effective resistance by name.

    Returns
    -------
    dict with the same parameters, and steps=0 where `corrected` is False.

    Raises
    ------
    InputError : for numbers out of range, or steps of what is not corrected.
    """
    known = dict(given)
    if "passes" in known:
        known["passes"] = _check.positive_int(known["passes"], "passes")
    plain = known.get("corrected") is False
    if plain or known.get("steps") is not None:
        known["steps"] = check_steps(known.get("steps"), 1, not plain)
    return known


def graph_under(D: FloatArray, n_neighbors: int) -> Graph:
    """Return the graph of the nearest neighbours under a distance.

    Parameters
    ----------
    D : (n, n) distances, symmetric to the last bit.
    n_neighbors : of each point, itself not counted.

    Returns
    -------
    (n, n) csr_array of ones: an edge where either is among the other's neighbours; ties by the smaller index.
    """
    return _union(nearest_neighbors(D, n_neighbors, "precomputed"))


def graph_under_implicit(implicit: ImplicitDistances, n_neighbors: int) -> Graph:
    """Return the graph of the nearest neighbours under distances that no (n, n) array holds.

    Candidates come from matrix products; they are ranked by the distances themselves, and a row whose candidates rounding
    could have cut wrongly is computed in full. n^2 times the coordinates flops.

    Parameters
    ----------
    implicit : n points.
    n_neighbors : of each point, itself not counted.

    Returns
    -------
    (n, n) csr_array of ones, as `graph_under`.
    """
    n, k = len(implicit), n_neighbors
    T, offset, correction = implicit.coordinates, implicit.offset, implicit.correction
    squares = np.einsum("ij,ij->i", T, T)
    scale = float(squares.max() + offset.max(initial=0.0))
    slack = 8 * (T.shape[1] + 8) * np.finfo(float).eps * scale
    m = min(k + MARGIN, n - 1)
    indices, distances = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    step = max(16, BLOCK // n)
    for start in range(0, n, step):
        block = np.arange(start, min(start + step, n))
        score = T[block] @ T.T
        score *= -2
        score += squares + offset
        score += (squares + offset)[block][:, None]
        if correction is not None:
            part = correction[block].tocoo()
            score[part.row, part.col] -= part.data
        score[np.arange(len(block)), block] = np.inf
        near = np.argpartition(score, m - 1, axis=1)[:, :m]
        last = np.take_along_axis(score, near, 1).max(axis=1)
        exact = pairs(implicit, np.repeat(block, m), near.ravel()).reshape(len(block), m)
        order = np.lexsort((near, exact), axis=1)[:, :k]
        indices[block], distances[block] = np.take_along_axis(near, order, 1), np.take_along_axis(exact, order, 1)
        reach = distances[block, -1] ** 2 if implicit.root else distances[block, -1]
        if m < n - 1:
            for i in block[reach + slack >= last]:
                row = rows(implicit, np.array([i]))[0]
                row[i] = np.inf
                chosen = np.lexsort((np.arange(n), row))[:k]
                indices[i], distances[i] = chosen, row[chosen]
    return _union(Neighbors(indices, distances, 1.0))


def _union(found: Neighbors) -> Graph:
    edges, _ = undirected_edges(found)
    return graph_from_edges(edges, np.ones(len(edges)), len(found.indices))


def connected_or_raise(A: Graph, number: int, disconnected: str) -> None:
    """Say which pass it was that fell apart.

    Parameters
    ----------
    A : (n, n) graph of a later pass.
    number : which pass, from 2.
    disconnected : "raise" or "max".

    Raises
    ------
    InputError : if the graph is disconnected and that is not allowed.
    """
    parts = connected_components(A)
    if len(parts) > 1 and disconnected == "raise":
        raise _check.InputError(
            f"in pass {number} the graph has {parts.describe()}, so effective resistance between them is infinite. "
            "Ask for fewer ",
            Argument("passes"),
            ", raise ",
            Argument("n_neighbors"),
            " (or ",
            Argument("pass_neighbors"),
            "), or pass ",
            Argument("disconnected", "max"),
            ".",
        )


def kept(A: Graph, before: Graph) -> Settings:
    """Return what a pass did to the graph.

    Parameters
    ----------
    A, before : (n, n) graphs of this pass and of the one before.

    Returns
    -------
    dict with "edges" and "kept", the share of them that the graph before had.
    """
    pattern = sp.csr_array((np.ones_like(A.data), A.indices, A.indptr), shape=A.shape)
    old = sp.csr_array((np.ones_like(before.data), before.indices, before.indptr), shape=before.shape)
    return {"edges": A.nnz // 2, "kept": float((pattern * old).nnz / A.nnz)}
