"""Shortest paths: over powers of distances on the complete graph (Fermat), and along the neighbour graph."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import Disconnected, FloatArray, Graph, Settings
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.distances.spectral import bridge, components_or_raise


def fermat(X: FloatArray, *, p: float = 3) -> tuple[FloatArray, Settings]:
    """Fermat distance: the shortest path between points if a step of length d costs d^p; no root is taken.

    Many short steps cost less than a long one, so paths keep to where points are dense. p = 1 is the Euclidean distance.

    Parameters
    ----------
    X : (n, d) points.
    p : exponent, at least 1.

    Returns
    -------
    D : (n, n) float64, in the unit of X to the power p, symmetric to the last bit.
    facts : nothing to report.

    Raises
    ------
    InputError : for p < 1, or if p-th powers of the distances do not fit in double precision.

    References
    ----------
    Groisman, Jonckheere, Sapienza, Bernoulli 2022; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    from spectral_ph.distances import _paths

    p = _check.real(p, "p", least=1)
    D = pairwise_euclidean(X)
    largest = float(D.max())
    smallest = float(D.min(where=D > 0, initial=largest))
    # In the unit of the largest distance, where only the smallest can vanish, and in the unit that is returned.
    least, most = np.finfo(float).tiny, np.finfo(float).max
    powers = [p * np.log(v) for v in (smallest / largest, smallest, largest)]
    if min(powers) < np.log(least) or max(powers) > np.log(most):
        raise _check.InputError(
            f"distances between {smallest:.3g} and {largest:.3g} to the power {p:g} do not fit in double "
            "precision. Pass a smaller ",
            Argument("p"),
            ", merge points that nearly coincide, or rescale the points.",
        )
    D /= largest
    np.power(D, p, out=D)
    _paths.shortest_paths_dense(D)
    D *= largest**p
    return D, {}


def geodesic(lengths: Graph, *, disconnected: Disconnected = "raise") -> tuple[FloatArray, Settings]:
    """Geodesic distance: the shortest path along the edges of the neighbour graph, each as long as its points are apart.

    Duplicates are neighbours at distance 0. A graph passed as graph=A holds conductances, and an edge is as long as one
    over its conductance.

    Parameters
    ----------
    lengths : (n, n) csr_array of the lengths of the edges; a stored zero is an edge of length 0.
    disconnected : "raise", or "max": distances between components become twice the largest within one.

    Returns
    -------
    D : (n, n) float64, in the unit of the lengths, symmetric to the last bit.
    facts : "component_sizes" if there are several.

    Raises
    ------
    InputError : for a disconnected graph.

    References
    ----------
    Tenenbaum, de Silva, Langford, Science 2000; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087) for "max".
    """
    return _along(lengths, lengths.data, "the geodesic distance", disconnected)


def hops(A: Graph, *, disconnected: Disconnected = "raise") -> tuple[FloatArray, Settings]:
    """Hop distance: the smallest number of edges between two vertices.

    Parameters
    ----------
    A : (n, n) graph; only its pattern is used.
    disconnected : "raise", or "max": distances between components become twice the largest within one.

    Returns
    -------
    D : (n, n) float64 whole numbers, symmetric.
    facts : "component_sizes" if there are several.

    Raises
    ------
    InputError : for a disconnected graph.

    References
    ----------
    Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    return _along(A, np.ones(A.nnz), "the hop distance", disconnected)


def _along(A: Graph, lengths: FloatArray, what: str, disconnected: Disconnected) -> tuple[FloatArray, Settings]:
    from spectral_ph.distances import _paths

    pattern = sp.csr_array((np.ones(A.nnz), A.indices, A.indptr), shape=A.shape)  # no stored zero may be lost
    parts, facts = components_or_raise(pattern, what, disconnected)
    D = np.empty(A.shape)
    _paths.shortest_paths_sparse(A.indptr, A.indices, lengths, D)
    _paths.smaller_of_both(D)
    if len(parts) > 1:
        bridge(D, parts)
    return D, facts
