"""Random walks: diffusion distance, diffusion pseudotime, potential distance, Laplacian eigenmaps."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.linalg

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import Disconnected, FloatArray, Graph, IntArray, RandomState, Settings
from spectral_ph.distances import decay
from spectral_ph.distances.spectral import (
    bridge,
    components_or_raise,
    pairwise_squared,
    refuse_nearly_zero,
    spectral_coordinates,
)
from spectral_ph.graph.components import connected_components
from spectral_ph.spectrum.decomposition import Spectrum, spectrum
from spectral_ph.spectrum.eigen import largest_eigenvalue
from spectral_ph.spectrum.laplacian import degrees, normalized_adjacency

POTENTIAL_FLOOR = 1e-7
LARGEST_T = 1e9  # by then a connected graph has forgotten everything


def diffusion(
    A: Graph,
    *,
    t: float = 8,
    solver: Literal["auto", "spectral", "power"] = "auto",
    n_components: int | None = None,
    random_state: RandomState = 0,
) -> tuple[FloatArray, Settings]:
    """Diffusion distance: how far apart two random walks are after t steps.

    d_t(i, j)^2 = vol sum_k (P^t_ik - P^t_jk)^2 / d_k with P = D^-1 A, the Euclidean distance with the weight
    sqrt(vol) |1 - mu|^t. A disconnected graph needs no special case: walks in two components never meet.

    Parameters
    ----------
    A : (n, n) graph.
    t : steps, at least 0; a whole number for "power".
    solver : "power" (about log2(t) + 1 matrix products of n^3 flops), "spectral" (eigenpairs), or "auto": power for whole t >= 1
        with all components, else spectral.
    n_components : eigenpairs for "spectral", the trivial ones counted; None for all. What is left out makes d^2 smaller
        by at most vol max(|1 - mu_m|, |1 - mu_n|)^(2 t) (1/d_i + 1/d_j), which is reported and warned about.
    random_state : seed of the eigensolver.

    Returns
    -------
    D : (n, n) float64 without unit, symmetric to the last bit.
    facts : "component_sizes" if there are several; "truncation" if eigenpairs were left out.

    Raises
    ------
    InputError : for a vertex without edges, negative t, or parameters that do not go together.
    TooLargeError : if it would not fit in memory.

    References
    ----------
    Coifman, Lafon, Appl. Comput. Harmon. Anal. 2006; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    t = _check.real(t, "t", least=0, most=LARGEST_T)
    _check.one_of(solver, ("auto", "spectral", "power"), "solver of diffusion", "solver")
    whole = t == int(t) and t >= 1
    if solver == "power" and not (whole and n_components is None):
        raise _check.InputError(
            Argument("solver", "power"),
            " needs a whole number of steps t of at least 1 and no n_components, not ",
            Argument("t", int(t) if whole else t),
            " with ",
            Argument("n_components", n_components),
            ". Pass ",
            Argument("solver", "spectral"),
            ".",
        )
    if solver == "auto":
        solver = "power" if whole and n_components is None else "spectral"
    parts = connected_components(A)
    facts: Settings = {"component_sizes": parts.sizes.tolist()} if len(parts) > 1 else {}
    d = degrees(A)
    volume = float(d.sum())
    if solver == "power":
        squared = _by_power(A, d, parts.labels, int(t))
    else:
        S = spectrum(A, n_components, random_state=random_state)
        squared = pairwise_squared(spectral_coordinates(S, decay.diffusion(S.values, t, volume)))
        if not S.complete:
            facts["truncation"] = _truncation(A, S, t)
            _check.warn(
                f"diffusion was truncated to {len(S.values)} of {len(d)} eigenpairs: squared distances are too "
                f"small by at most {facts['truncation']['bound_squared']:.2g} (largest squared distance "
                f"{squared.max():.2g})."
            )
    if len(parts) > 1:
        # The trivial eigenvectors, equal within a component, part the components: vol (1/vol_a + 1/vol_b).
        share = volume / np.bincount(parts.labels, weights=d)[parts.labels]
        squared += np.where(parts.labels[:, None] != parts.labels[None], np.add.outer(share, share), 0.0)
    np.sqrt(squared, out=squared)
    return squared, facts


def _by_power(A: Graph, d: FloatArray, labels: IntArray, t: int) -> FloatArray:
    """Squared distances between rows of S^t, the trivial eigenvectors taken off first so that nothing large cancels."""
    n = len(d)
    _check.memory(
        8.0 * 5 * n**2,
        f"diffusion of {n} points by powers",
        "Pass ",
        Argument("solver", "spectral"),
        " with ",
        Argument("n_components"),
        ".",
    )
    S = normalized_adjacency(A).toarray(order="F")
    trivial = np.sqrt(d / np.bincount(labels, weights=d)[labels])
    S -= np.where(labels[:, None] == labels[None], np.multiply.outer(trivial, trivial), 0.0)
    return pairwise_squared(_symmetric_power(S, t) * np.sqrt(d.sum() / d)[:, None])


def _symmetric_power(S: FloatArray, exponent: int) -> FloatArray:
    """Return S^exponent of a symmetric S by binary powers; squares by dsyrk, half the flops of a general product."""
    result = None
    base = S
    while True:
        if exponent & 1:
            result = base if result is None else scipy.linalg.blas.dsymm(1.0, base, result, lower=1)
        exponent >>= 1
        if not exponent:
            return np.asfortranarray(result)
        square = scipy.linalg.blas.dsyrk(1.0, base, lower=1)
        square += np.tril(square, -1).T
        base = square


def _truncation(A: Graph, S: Spectrum, t: float) -> Settings:
    # |1 - mu| beyond mu_m is largest at one of the ends.
    rest = max(abs(1 - float(S.values.max())), abs(1 - largest_eigenvalue(A)))
    return {
        "n_components": len(S.values),
        "bound_squared": float(S.volume * rest ** (2 * t) * 2 * (1 / S.degrees).max()),
    }


def dpt(
    A: Graph,
    *,
    variant: Literal["sym", "symd", "rw"] = "symd",
    disconnected: Disconnected = "raise",
    random_state: RandomState = 0,
) -> tuple[FloatArray, Settings]:
    """Diffusion pseudotime distance: the Euclidean distance with the weight (1 - mu) / mu.

    Parameters
    ----------
    A : (n, n) graph.
    variant : "symd", the equation as it stands; "sym", without the factor d_i^-1/2; "rw", with the columns of D^-1/2 U
        rescaled to unit length (the eigenvectors of the random walk as a numerical library returns them).
    disconnected : "raise", or "max": distances between components become twice the largest within one.
    random_state : kept with the settings; the dense solver used here draws nothing.

    Returns
    -------
    D : (n, n) float64, symmetric to the last bit.
    facts : "component_sizes" if there are several.

    Raises
    ------
    InputError : for a vertex without edges, a disconnected graph, or an unknown variant.

    References
    ----------
    Haghverdi et al., Nature Methods 2016; variants as in Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087).
    """
    _check.one_of(variant, ("sym", "symd", "rw"), "variant of dpt", "variant")
    parts, facts = components_or_raise(A, "diffusion pseudotime", disconnected)
    S = spectrum(A, solver="dense", random_state=random_state)
    refuse_nearly_zero(S, "diffusion pseudotime")
    weights = np.zeros(len(S.values))
    rest = np.setdiff1d(np.arange(len(S.values)), S.trivial)
    weights[rest] = decay.dpt(S.values[rest])
    if variant == "rw":
        weights = weights / np.linalg.norm(S.vectors / np.sqrt(S.degrees)[:, None], axis=0)
    D = pairwise_squared(spectral_coordinates(S, weights, scale_by_degree=variant != "sym"))
    np.sqrt(D, out=D)
    if len(parts) > 1:
        bridge(D, parts)
    return D, facts


def eigenmaps(
    A: Graph,
    *,
    n_components: int = 2,
    variant: Literal["rw", "sym"] = "rw",
    disconnected: Disconnected = "raise",
    random_state: RandomState = 0,
) -> tuple[FloatArray, Settings]:
    """Distance between points in the Laplacian eigenmaps embedding: by the first eigenvectors of the neighbour graph.

    Parameters
    ----------
    A : (n, n) graph.
    n_components : number of non-trivial eigenvectors.
    variant : "rw", the eigenvectors D^-1/2 U of the random walk, which solve L f = mu D f (Belkin and Niyogi); "sym", those
        of L_sym as they are. These carry the root of the degree, which on a neighbour graph varies from point to point
        for no reason of the shape: a clean loop is then as rough as the degrees (score 0.92 instead of 1.00 on a circle).
    disconnected : "raise", or "max": each component is embedded by itself, as far as its eigenvalues are among the
        smallest, and distances between components become twice the largest within one.
    random_state : seed of the eigensolver.

    Returns
    -------
    D : (n, n) float64, symmetric to the last bit.
    facts : "component_sizes" if there are several.

    Raises
    ------
    InputError : for a vertex without edges, a disconnected graph, an unknown variant, or too many components.

    References
    ----------
    Belkin, Niyogi, Neural Computation 2003.
    """
    _check.one_of(variant, ("rw", "sym"), "variant of eigenmaps", "variant")
    parts, facts = components_or_raise(A, "the distance by eigenmaps", disconnected)
    m = _check.positive_int(n_components, "n_components")
    if m + len(parts) > A.shape[0]:
        raise _check.InputError(
            Argument("n_components", m),
            f" is more than the {A.shape[0] - len(parts)} non-trivial eigenvectors there are. Pass ",
            Argument("n_components", A.shape[0] - len(parts)),
            " or fewer.",
        )
    S = spectrum(A, m + len(parts), random_state=random_state)
    D = pairwise_squared(spectral_coordinates(S, decay.eigenmaps(S.values), scale_by_degree=variant == "rw"))
    np.sqrt(D, out=D)
    if len(parts) > 1:
        bridge(D, parts)
    return D, facts


def potential(A: Graph, *, t: int = 8) -> tuple[FloatArray, Settings]:
    """Potential distance (PHATE): Euclidean distance between the rows of -log(P^t + 1e-7).

    Parameters
    ----------
    A : (n, n) graph.
    t : steps, at least 1.

    Returns
    -------
    D : (n, n) float64 without unit, symmetric to the last bit.
    facts : "component_sizes" if there are several; no special case is needed, a walk that cannot arrive has probability 0.

    Raises
    ------
    InputError : for a vertex without edges or t < 1.
    TooLargeError : if it would not fit in memory.

    References
    ----------
    Moon et al., Nature Biotechnology 2019.
    """
    t = _check.positive_int(t, "t")
    d = degrees(A)
    n = len(d)
    _check.memory(8.0 * 4 * n**2, f"the potential distance of {n} points", "Use fewer points.")
    parts = connected_components(A)
    root = np.sqrt(d)
    # P^t = D^-1/2 S^t D^1/2
    P = _symmetric_power(normalized_adjacency(A).toarray(order="F"), t)
    P = P / root[:, None] * root[None]
    D = pairwise_squared(-np.log(P + POTENTIAL_FLOOR))
    np.sqrt(D, out=D)
    return D, {"component_sizes": parts.sizes.tolist()} if len(parts) > 1 else {}
