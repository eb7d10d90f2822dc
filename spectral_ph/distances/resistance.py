"""Effective resistance: dense and exact by Cholesky, or from a truncated spectrum with its error stated."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import Disconnected, FloatArray, Graph, IntArray, RandomState, Settings
from spectral_ph.distances import decay
from spectral_ph.distances.passes import check_passes, check_steps, connected_or_raise, graph_under, kept
from spectral_ph.distances.spectral import (
    bridge,
    components_or_raise,
    pairwise_squared,
    refuse_nearly_zero,
    spectral_coordinates,
)
from spectral_ph.spectrum.decomposition import Spectrum, spectrum
from spectral_ph.spectrum.eigen import largest_eigenvalue
from spectral_ph.spectrum.laplacian import degrees, laplacian

SAMPLED_PAIRS = 32
CG_TOLERANCE = 1e-12
WIDE_WEIGHTS = 1e3
LARGEST_THREADED = 15_000
"""OpenBLAS 0.3.30 (scipy 1.17) with two threads on AVX-512 writes beyond its buffer in dpotrf and is ended by the system:
n = 15,000 went through, 16,000 did not; one thread does 20,000 in 50 s. Reports: OpenMathLib/OpenBLAS issue 2562."""

PASSES_BYTES = 20.0
"""Memory of several passes for each pair of points: the last matrix, the next, and the search for neighbours in between."""

LEAST_DIGITS = 1e-5
"""Rounding beyond this share of a distance is warned of."""

SINGULAR = 1e-12  # reciprocal condition number below which fewer than four digits are sure


def eff_res(
    A: Graph,
    *,
    passes: int = 1,
    pass_neighbors: int | None = None,
    steps: int | None = None,
    corrected: bool = True,
    sqrt: bool = False,
    solver: Literal["exact", "spectral"] = "exact",
    n_components: int | None = None,
    disconnected: Disconnected = "raise",
    random_state: RandomState = 0,
) -> tuple[FloatArray, Settings]:
    """(Corrected) effective resistance between all vertices of a graph of conductances, after some steps of a walk.

    R_ij = L+_ii + L+_jj - 2 L+_ij with the pseudo-inverse of L = D - A is the resistance between i and j. With p_i the
    probabilities of a random walk from i after `steps` steps,

        R^(steps)_ij = (p_i - p_j)' L+ (p_i - p_j)

    is the resistance between the two ends spread by the walk: the current does not enter at i but where the walk is. In the
    spectrum of L_sym it is the squared distance with the weight |1 - mu|^steps / sqrt(mu). One step gives the corrected form
    of von Luxburg and of Damrich, Berens, Kobak, R_ij - 1/d_i - 1/d_j + 2 A_ij / (d_i d_j) - A_ii / d_i^2 - A_jj / d_j^2;
    more take off more of what noise adds near the ends (docs/decisions/0007). It is zero on the diagonal and not a metric
    (the triangle inequality fails for less than one triple in a hundred with one step, for a tenth to two thirds with four; the
    plain resistance is one); its root is a Euclidean distance.

    Parameters
    ----------
    A : (n, n) graph.
    passes : how often: each pass but the first takes the unweighted graph of the nearest neighbours under the distance of
        the pass before. Three find loops in more noise, and tear some filled regions and unevenly dense loops open, five
        invent loops: see docs/choosing.md.
    pass_neighbors : neighbours in those graphs; from points it is their n_neighbors unless given.
    steps : of the walk, 0 to `LARGEST_STEPS`; 1 is the corrected effective resistance of the literature, 0 the plain one.
        None is 4 for one pass and 1 for several. Unless it is given, `persistence` takes 1
        in the truncated form, and `find_loops` takes 1.
    corrected : False is the plain resistance, the same as steps=0; on large graphs it tells of the end points only.
    sqrt : return the root.
    solver : "exact" (Cholesky factor and inverse of L + c 11', n^3 flops) or "spectral" (eigenpairs of L_sym).
    n_components : eigenpairs for "spectral", the trivial ones counted; None for all, which is exact. A number leaves the
        rest out: the result is then too small by an amount between 0 and a bound that is reported, together with the
        error on sampled pairs against exact solves.
    disconnected : "raise", or "max": between components R is twice the largest finite R, then corrected (steps=0 and 1); with
        more steps twice the largest distance within a component.
    random_state : seed of the eigensolver and of the sampled pairs.

    Returns
    -------
    D : (n, n) float64, in one over the unit of the conductances (its root with `sqrt`), symmetric to the last bit.
        Values below zero by rounding are zero.
    facts : "component_sizes" if there are several; "truncation" with the error if eigenpairs were left out, of the last
        pass; "steps"; "pass_graphs", for each pass but the first its edges and the share of them that the graph before had.

    Raises
    ------
    InputError : for a vertex without edges, a disconnected graph in any pass, unknown names, or parameters that do not go
        together.
    TooLargeError : if the matrix would not fit in memory.

    References
    ----------
    von Luxburg, Radl, Hein, NeurIPS 2010; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087), section 4.
    """
    every = by_pass(
        A,
        passes=passes,
        pass_neighbors=pass_neighbors,
        steps=steps,
        corrected=corrected,
        sqrt=sqrt,
        solver=solver,
        n_components=n_components,
        disconnected=disconnected,
        random_state=random_state,
    )
    return deque(every, maxlen=1).pop()


def by_pass(
    A: Graph,
    *,
    passes: int = 1,
    pass_neighbors: int | None = None,
    steps: int | None = None,
    corrected: bool = True,
    sqrt: bool = False,
    solver: Literal["exact", "spectral"] = "exact",
    n_components: int | None = None,
    disconnected: Disconnected = "raise",
    random_state: RandomState = 0,
) -> Iterator[tuple[FloatArray, Settings]]:
    """Yield what `eff_res` returns for one pass, for two, and so on, for those who want more than the last.

    Parameters
    ----------
    A : (n, n) graph of the first pass.
    passes, pass_neighbors, steps, corrected, sqrt, solver, n_components, disconnected, random_state : as for `eff_res`.

    Yields
    ------
    D : (n, n) float64; the next pass reads it, so it may be changed only after that was taken.
    facts : as for `eff_res`.

    Raises
    ------
    InputError : as `eff_res`.
    """
    _check.one_of(solver, ("exact", "spectral"), "solver of eff_res", "solver")
    corrected, sqrt = _check.flag(corrected, "corrected"), _check.flag(sqrt, "sqrt")
    if n_components is not None and solver == "exact":
        raise _check.InputError(
            Argument("n_components"),
            " is for ",
            Argument("solver", "spectral"),
            ", not for ",
            Argument("solver", "exact"),
            ". Pass ",
            Argument("solver", "spectral"),
            ", or leave ",
            Argument("n_components"),
            " out.",
        )
    passes, k = check_passes(passes, pass_neighbors, A.shape[0])
    steps = check_steps(steps, passes, corrected)
    known: Settings = {"steps": steps, "corrected": steps > 0}
    if passes > 1:
        n = A.shape[0]
        _check.memory(
            PASSES_BYTES * n**2,
            f"effective resistance of {n} points in {passes} passes",
            "Use fewer points, or ",
            Argument("passes", 1),
            ".",
        )
    rng = _check.generator(random_state)
    graphs: list[Settings] = []
    number = 1
    while True:
        D, facts = _one_pass(A, steps, solver, n_components, disconnected, rng)
        facts |= ({"pass_graphs": list(graphs)} if graphs else {}) | known
        # The last is changed where it is, to hold no second matrix.
        yield np.sqrt(D, out=D if number == passes else None) if sqrt else D, facts
        if number == passes:
            return
        number += 1
        before, A = A, graph_under(D, k)
        connected_or_raise(A, number, disconnected)
        graphs.append(kept(A, before))


def _one_pass(
    A: Graph,
    steps: int,
    solver: str,
    n_components: int | None,
    disconnected: Disconnected,
    random_state: RandomState,
) -> tuple[FloatArray, Settings]:
    d = degrees(A)
    _check.degrees_positive(d)
    parts, facts = components_or_raise(A, "effective resistance", disconnected)
    if solver == "spectral":
        S = spectrum(A, n_components, random_state=random_state)
        refuse_nearly_zero(S, "effective resistance")
        D = _from_spectrum(S, steps)
        if not S.complete:
            facts["truncation"] = truncation_error(A, S, D, steps=steps, random_state=random_state)
            error = facts["truncation"]
            _check.warn(
                f"eff_res was truncated to {len(S.values)} of {len(d)} eigenpairs. On {error['sampled_pairs']} "
                f"sampled pairs it is too small by {error['sampled_mean']:.2g} on average and "
                f"{error['sampled_max']:.2g} at most (median exact value {error['sampled_median_exact']:.2g}). It "
                f"is proven to be too small by at most {error['bound']:.2g} on all pairs."
            )
    else:
        D = _exact(A, d, parts.members(), steps)
    if len(parts) > 1 and steps == 1:
        _bridge_corrected(A, D, d, parts.labels)
    elif len(parts) > 1:
        bridge(D, parts)
    np.maximum(D, 0.0, out=D)
    return D, facts


def _exact(A: Graph, d: FloatArray, members: list[IntArray], steps: int) -> FloatArray:
    n = len(d)
    largest = max(map(len, members))
    blocks = 1 if len(members) == 1 else 1 + (largest / n) ** 2
    _check.memory(8.0 * n**2 * blocks, f"the exact eff_res matrix of {n} points", "Use fewer points, or landmarks.")
    if len(members) == 1:
        return _exact_connected(A, d, steps)
    D = np.zeros((n, n))
    for vertices in members:
        D[np.ix_(vertices, vertices)] = _exact_connected(sp.csr_array(A[vertices][:, vertices]), d[vertices], steps)
    return D


def _exact_connected(A: Graph, d: FloatArray, steps: int) -> FloatArray:
    """One (n, n) array is all that is allocated: Laplacian, factor, inverse and distances take each other's place."""
    from spectral_ph.distances import _pairwise

    n = len(d)
    M = laplacian(A, "unnormalized").toarray(order="C")
    # L + c 11' is positive definite on a connected graph, and its inverse differs from the pseudo-inverse by a
    # constant, which cancels in R. c = mean degree / n puts the new eigenvalue among the others (1/n, the usual
    # choice, conditions weighted graphs badly).
    M += d.mean() / n
    # LAPACK sees the transpose, so its lower triangle is the upper one here.
    with _threads_that_hold(n):
        factor, info = scipy.linalg.lapack.dpotrf(M.T, lower=1, clean=0, overwrite_a=1)
    if info == 0 and A.data.max() > WIDE_WEIGHTS * A.data.min():
        # Conditioning costs a sixth of the whole at n = 4,000, and with even weights it is at worst about n^2.
        conditioning, _ = scipy.linalg.lapack.dpocon(factor, 2 * d.max() + d.mean(), uplo="L")
        info = int(conditioning < SINGULAR)
    if info == 0:
        inverse, info = scipy.linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise _check.InputError(
            "the Laplacian of the graph is singular in double precision, because its conductances span "
            f"{A.data.min():g} to {A.data.max():g}. Pass ",
            Argument("weighted", False),
            ", or drop edges of negligible weight.",
        )
    D: FloatArray = inverse.T
    if steps > 1:
        # P^s L+ (P')^s = D^-1/2 S^s D^1/2 L+ D^1/2 S^s D^-1/2, and S commutes with what stands between but for constants and
        # terms of one index, which cancel in the distances: all steps are taken on one side, each column by itself.
        P = A.data / np.repeat(d, np.diff(A.indptr))
        _pairwise.spread_in_place(D, A.indptr, A.indices, P, d / d.sum(), 2 * steps)
        own = np.diagonal(D).copy()
        _pairwise.both_ways_in_place(D, own)
        _warn_of_rounding(D, float(own.max()), steps)
        return D
    _pairwise.resistance_in_place(D, np.diagonal(D).copy(), steps / d)
    if steps:
        _add_on_edges(D, A, d)
    return D


def _add_on_edges(D: FloatArray, A: Graph, d: FloatArray) -> None:
    """Add 2 A_ij / (d_i d_j) on the edges and subtract A_ii / d_i^2 + A_jj / d_j^2 everywhere a self-loop asks for it.

    Row by row, for all edges of a complete graph at once would take several times the memory of D.
    """
    loop = A.diagonal() / (d * d)
    for i in range(len(d)):
        edges = slice(A.indptr[i], A.indptr[i + 1])
        j = A.indices[edges]
        D[i, j] += 2 * A.data[edges] / (d[i] * d[j])
    if loop.any():
        for i, own in enumerate(loop):
            D[i] -= own + loop
    np.fill_diagonal(D, 0.0)


def _warn_of_rounding(D: FloatArray, largest: float, steps: int) -> None:
    """Warn where rounding shows: where distances are far smaller than the terms they are differences of (`largest`)."""
    sample = D[:: max(1, len(D) // 64)]
    low = float(np.quantile(sample[sample > 0], 0.1)) if (sample > 0).any() else 0.0
    rounding = np.finfo(float).eps * largest
    if rounding > LEAST_DIGITS * low:
        _check.warn(
            f"after {steps} steps effective resistance is as low as {low:.1e} for a tenth of the pairs, and "
            f"rounding is about {rounding:.1e}. Pass fewer ",
            Argument("steps"),
            ", or ",
            Argument("solver", "spectral"),
            ".",
        )


def _threads_that_hold(n: int) -> AbstractContextManager[object]:
    """Leave a large factorisation one thread where its library would end the process with two."""
    if n <= LARGEST_THREADED:
        return nullcontext()
    from threadpoolctl import threadpool_info, threadpool_limits

    if all(library["internal_api"] != "openblas" for library in threadpool_info()):
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def _from_spectrum(S: Spectrum, steps: int) -> FloatArray:
    weights = np.zeros(len(S.values))
    positive = np.setdiff1d(np.arange(len(S.values)), S.trivial)
    weights[positive] = _weight(S.values[positive], steps)
    return pairwise_squared(spectral_coordinates(S, weights))


def _weight(mu: FloatArray, steps: int) -> FloatArray:
    return decay.corrected_resistance(mu, steps) if steps else decay.resistance(mu)


def _bridge_corrected(A: Graph, D: FloatArray, d: FloatArray, labels: IntArray) -> None:
    """Set R between components to twice the largest finite R, then correct it; by rows, to hold no second matrix."""
    n = len(d)
    ends = 1 / d + A.diagonal() / d**2
    largest = 0.0
    for i in range(n):
        same = labels == labels[i]
        same[i] = False
        # The uncorrected R: within components D holds the corrected one.
        row = D[i] + (ends[i] + ends)
        edges = slice(A.indptr[i], A.indptr[i + 1])
        row[A.indices[edges]] -= 2 * A.data[edges] / (d[i] * d[A.indices[edges]])
        largest = max(largest, float(row[same].max(initial=0.0)))
    for i in range(n):
        apart = labels != labels[i]
        D[i, apart] = 2 * largest - (ends[i] + ends[apart])


def truncation_error(A: Graph, S: Spectrum, D: FloatArray, *, steps: int, random_state: RandomState = 0) -> Settings:
    """State how much the eigenpairs that were left out would add.

    0 <= R_ij - R^m_ij <= max(f(mu_m), f(mu_n)) (1/d_i + 1/d_j - sum_{l<=m} (u_li/sqrt(d_i) - u_lj/sqrt(d_j))^2), with
    f(mu) = (1 - mu)^(2 steps)/mu, whose maximum beyond mu_m is at one of the ends. Noisy data
    spreads the rest of the spectrum evenly, so the bound is loose; the error on sampled pairs is what to go by.

    Parameters
    ----------
    A : (n, n) graph.
    S : its truncated spectrum.
    D : (n, n) truncated resistance (not its root).
    steps : those of D.
    random_state : seed of the sample.

    Returns
    -------
    dict with "n_components", "bound" (largest over all pairs), "sampled_pairs", "sampled_max", "sampled_mean",
    "sampled_median_exact"; in the unit of the resistance, before any root is taken.
    """
    d, n = S.degrees, len(S.degrees)
    cut, top = float(S.values.max()), largest_eigenvalue(A)
    f = _weight(np.array([cut, top]), steps) ** 2 if cut > 0 else np.array([np.inf])
    seen = pairwise_squared(S.vectors / np.sqrt(d)[:, None])
    seen *= -1
    seen += np.add.outer(1 / d, 1 / d)
    np.fill_diagonal(seen, 0.0)
    rng = _check.generator(random_state)
    L = laplacian(A, "unnormalized")
    walk = sp.csr_array(sp.diags_array(1 / d) @ A)
    exact: list[float] = []
    gaps: list[float] = []
    while len(exact) < SAMPLED_PAIRS:
        i, j = rng.choice(n, size=2, replace=False)
        if S.labels[i] != S.labels[j]:
            same = np.flatnonzero(S.labels == S.labels[i])
            if len(same) < 2:
                continue
            i, j = rng.choice(same, size=2, replace=False)
        R = solve_pair(L, d, int(i), int(j), walk, steps)
        exact.append(R)
        gaps.append(R - D[i, j])
    return {
        "n_components": len(S.values),
        # Between components R is twice the largest within one, so its error can be twice as large.
        "bound": float(f.max() * seen.max()) * (1 if S.labels.max() == 0 else 2),
        "sampled_pairs": SAMPLED_PAIRS,
        "sampled_max": float(np.max(gaps)),
        "sampled_mean": float(np.mean(gaps)),
        "sampled_median_exact": float(np.median(exact)),
    }


def solve_pair(L: Graph, d: FloatArray, i: int, j: int, walk: Graph | None = None, steps: int = 0) -> float:
    """Return the effective resistance between two connected vertices by conjugate gradients.

    Parameters
    ----------
    L : (n, n) unnormalised Laplacian.
    d : (n,) degrees, the preconditioner.
    i, j : vertices of one component.
    walk : (n, n) transition probabilities, for `steps`.
    steps : that spread both ends.

    Returns
    -------
    R_ij, to a relative residual of `CG_TOLERANCE`.

    Raises
    ------
    InputError : if the iteration does not converge.
    """
    current = np.zeros(len(d))
    current[i], current[j] = 1.0, -1.0
    if walk is not None:
        for _ in range(steps):
            current = walk.T @ current
    potential, info = scipy.sparse.linalg.cg(
        L, current, rtol=CG_TOLERANCE, maxiter=20 * len(d), M=sp.diags_array(1 / d)
    )
    if info != 0:
        raise _check.InputError(
            f"conjugate gradients did not converge for the resistance between {i} and {j}: the conductances span "
            "too many orders of magnitude. Pass ",
            Argument("weighted", False),
            ".",
        )
    return float(current @ potential)
