"""Laplacians of a graph of conductances."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph


def degrees(A: Graph) -> FloatArray:
    """Return the degree of every vertex, the sum of its conductances (a self-loop counts once).

    Parameters
    ----------
    A : (n, n) symmetric csr_array.

    Returns
    -------
    (n,) float64.
    """
    return np.asarray(A.sum(axis=1), dtype=np.float64).ravel()


def normalized_adjacency(A: Graph) -> Graph:
    """Return S = D^-1/2 A D^-1/2, so that L_sym = I - S, symmetric to the last bit.

    Parameters
    ----------
    A : (n, n) symmetric csr_array without isolated vertices.

    Returns
    -------
    (n, n) csr_array with eigenvalues in [-1, 1].

    Raises
    ------
    InputError : if a vertex has no edge.
    """
    d = degrees(A)
    _check.degrees_positive(d)
    S = sp.coo_array(A)
    i, j = S.coords
    # One product of two degrees, for (a b) is the same bits as (b a); two scalings one after the other are not.
    return sp.csr_array((S.data / np.sqrt(d[i] * d[j]), (i, j)), shape=A.shape)


def laplacian(A: Graph, kind: Literal["sym", "unnormalized", "rw"] = "sym") -> Graph:
    """Return a Laplacian of the graph.

    Parameters
    ----------
    A : (n, n) symmetric csr_array of conductances.
    kind : "unnormalized" L = D - A; "sym" L_sym = I - D^-1/2 A D^-1/2; "rw" I - D^-1 A.

    Returns
    -------
    (n, n) csr_array.

    Raises
    ------
    InputError : for an unknown kind; for "sym" and "rw" if a vertex has no edge.
    """
    _check.one_of(kind, ("sym", "unnormalized", "rw"), "Laplacian", "kind")
    d = degrees(A)
    if kind == "unnormalized":
        return sp.csr_array(sp.diags_array(d) - A)
    if kind == "sym":
        return sp.csr_array(sp.eye_array(A.shape[0]) - normalized_adjacency(A))
    _check.degrees_positive(d)
    return sp.csr_array(sp.eye_array(A.shape[0]) - sp.diags_array(1 / d) @ A)
