"""The one equation: spectral distances are Euclidean distances between weighted rows of eigenvectors.

    e_i = d_i^-1/2 ( w(mu_l) u_l,i )_l   over the non-trivial eigenpairs of L_sym

Each method is a decay w (`spectral_ph.distances.decay`) and a choice of what is returned: the distance or its square.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import Disconnected, FloatArray, Graph, Settings
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.graph.components import Components, connected_components
from spectral_ph.spectrum.decomposition import Spectrum

DIRECT_COLUMNS = 64
"""Up to this many coordinates distances are summed from differences, above it through a Gram matrix (BLAS)."""


def spectral_coordinates(S: Spectrum, weights: FloatArray, *, scale_by_degree: bool = True) -> FloatArray:
    """Return the rows e_i over the non-trivial eigenpairs.

    Parameters
    ----------
    S : eigenpairs of L_sym.
    weights : (m,) w(mu) for every column of `S.vectors`; those of the trivial pairs are not used.
    scale_by_degree : multiply row i by d_i^-1/2.

    Returns
    -------
    (n, m - c) float64, c the number of components.
    """
    keep = np.setdiff1d(np.arange(len(S.values)), S.trivial)
    E = S.vectors[:, keep] * weights[keep]
    return np.asarray(E / np.sqrt(S.degrees)[:, None] if scale_by_degree else E)


def refuse_nearly_zero(S: Spectrum, what: str) -> None:
    """Refuse a spectrum with eigenvalues that cannot be told from 0, where the weight divides by them.

    Parameters
    ----------
    S : eigenpairs of L_sym.
    what : the distance, for the sentence.

    Raises
    ------
    InputError : if a non-trivial eigenvalue is below n times the rounding of 1.
    """
    rest = np.delete(S.values, S.trivial)
    if len(rest) and rest.min() <= 4 * len(S.degrees) * np.finfo(float).eps:
        raise _check.InputError(
            f"the graph hangs together so weakly (second eigenvalue {rest.min():.1e}) that {what} cannot be "
            "computed in double precision. Drop edges of negligible weight, or pass ",
            Argument("weighted", False),
            ".",
        )


def pairwise_squared(E: FloatArray) -> FloatArray:
    """Return the squared Euclidean distances between the rows of E, to ten digits or more.

    Parameters
    ----------
    E : (n, m) float64.

    Returns
    -------
    (n, n) float64, symmetric to the last bit.
    """
    n, m = E.shape
    _check.memory(8.0 * (n**2 + n * m), f"the distances of {n} points from {m} coordinates", "Use fewer points.")
    if m <= DIRECT_COLUMNS:
        return pairwise_euclidean(E, squared=True)
    from spectral_ph.distances import _pairwise

    E = np.ascontiguousarray(E - E.mean(axis=0))  # distances do not change, and fewer digits cancel
    G = scipy.linalg.blas.dsyrk(1.0, E.T, trans=1, lower=1).T
    _pairwise.gram_in_place(G, np.diagonal(G).copy(), E)
    return np.asarray(G)


def components_or_raise(A: Graph, what: str, disconnected: Disconnected) -> tuple[Components, Settings]:
    """Return the components of the graph, or refuse several of them.

    Parameters
    ----------
    A : (n, n) graph.
    what : the quantity that is infinite between components, for the sentence.
    disconnected : "raise", or "max": distances between components become twice the largest within one.

    Returns
    -------
    parts : the components.
    facts : "component_sizes" if there are several.

    Raises
    ------
    InputError : if there are several components and `disconnected` is "raise".
    """
    _check.one_of(disconnected, ("raise", "max"), "treatment of disconnected graphs", "disconnected")
    parts = connected_components(A)
    if len(parts) == 1:
        return parts, {}
    if disconnected == "raise":
        raise _check.InputError(
            f"the graph has {parts.describe()}, so {what} between them is infinite. Raise ",
            Argument("n_neighbors"),
            ", or pass ",
            Argument("disconnected", "max"),
            ".",
        )
    _check.warn(
        f"the graph has {parts.describe()}. {what[0].upper()}{what[1:]} between them was set to twice the largest within one."
    )
    return parts, {"component_sizes": parts.sizes.tolist()}


def bridge(D: FloatArray, parts: Components) -> None:
    """Set the distances between components to twice the largest within one, in place.

    Parameters
    ----------
    D : (n, n) distances, right within components.
    parts : the components, more than one.

    References
    ----------
    Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087), for the effective resistance.
    """
    labels = parts.labels
    largest = max(float(row[labels == label].max()) for row, label in zip(D, labels, strict=True))
    for row, label in zip(D, labels, strict=True):
        row[labels != label] = 2 * largest
