"""Eigenpairs of L_sym of one connected graph: dense, Lanczos or LOBPCG.

Each solver gets S = D^-1/2 A D^-1/2 and the trivial eigenvector sqrt(d / vol), and returns the m smallest eigenpairs of
I - S, the trivial one (known without rounding) first.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph
from spectral_ph.spectrum.laplacian import normalized_adjacency

LANCZOS_TOLERANCE = 0.0  # to machine precision
LOBPCG_TOLERANCE = 1e-8
LOBPCG_ITERATIONS = 500


def solve_dense(S: Graph, trivial: FloatArray, m: int) -> tuple[FloatArray, FloatArray]:
    """LAPACK on the full matrix.

    Parameters
    ----------
    S : (n, n) normalised adjacency of a connected graph.
    trivial : (n,) its unit eigenvector of eigenvalue 1.
    m : number of eigenpairs, at most n.

    Returns
    -------
    values : (m,) ascending eigenvalues of I - S.
    vectors : (n, m) orthonormal.
    """
    n = S.shape[0]
    L = -S.toarray()
    L[np.diag_indices(n)] += 1
    if m == n:  # divide and conquer is the fastest for all pairs, and cannot do some
        values, vectors = scipy.linalg.eigh(L, driver="evd", overwrite_a=True, check_finite=False)
    else:
        values, vectors = scipy.linalg.eigh(L, subset_by_index=(0, m - 1), overwrite_a=True, check_finite=False)
    return _with_trivial(S, values, vectors, trivial)


def solve_lanczos(S: Graph, trivial: FloatArray, m: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Implicitly restarted Lanczos (ARPACK), largest algebraic eigenvalues of S.

    The largest of S rather than the smallest of I - S with shift and invert: k-nearest-neighbour graphs of
    high-dimensional data fill in when they are factored.

    Parameters
    ----------
    S : (n, n) normalised adjacency of a connected graph.
    trivial : (n,) its unit eigenvector of eigenvalue 1.
    m : number of eigenpairs, at most n - 1.
    rng : draws the starting vector.

    Returns
    -------
    values : (m,) ascending eigenvalues of I - S.
    vectors : (n, m) orthonormal.

    Raises
    ------
    InputError : if it does not converge.
    """
    start = rng.standard_normal(S.shape[0])
    try:
        top, vectors = scipy.sparse.linalg.eigsh(S, k=m, which="LA", v0=start, tol=LANCZOS_TOLERANCE)
    except scipy.sparse.linalg.ArpackNoConvergence as error:
        raise _check.InputError(
            f"the Lanczos solver found {len(error.eigenvalues)} of the {m} eigenpairs asked for before it gave up. "
            "Ask for fewer with ",
            _check.Argument("n_components"),
            ", or pass ",
            _check.Argument("solver", "dense"),
            ".",
        ) from error
    return _with_trivial(S, 1 - top[::-1], vectors[:, ::-1], trivial)


def solve_lobpcg(S: Graph, trivial: FloatArray, m: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Locally optimal block preconditioned conjugate gradients, the trivial eigenvector held as a constraint.

    Parameters
    ----------
    S : (n, n) normalised adjacency of a connected graph.
    trivial : (n,) its unit eigenvector of eigenvalue 1.
    m : number of eigenpairs; 5 m < n.
    rng : draws the starting block.

    Returns
    -------
    values : (m,) ascending eigenvalues of I - S.
    vectors : (n, m) orthonormal.

    Raises
    ------
    InputError : if n is too small for a block of m, or if it does not converge.
    """
    import warnings

    n = S.shape[0]
    if 5 * m >= n:
        raise _check.InputError(
            _check.Argument("solver", "lobpcg"),
            f" needs more than 5 n_components vertices, but the graph has {n} and ",
            _check.Argument("n_components", m),
            " was asked for. Pass ",
            _check.Argument("solver", "dense"),
            ".",
        )
    if m == 1:
        return np.zeros(1), trivial[:, None].copy()
    start = rng.standard_normal((n, m - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of what the residual below decides
        top, vectors = scipy.sparse.linalg.lobpcg(
            S, start, Y=trivial[:, None], largest=True, tol=LOBPCG_TOLERANCE, maxiter=LOBPCG_ITERATIONS
        )
    worst = float(np.linalg.norm(S @ vectors - vectors * top, axis=0).max())
    if worst > 100 * LOBPCG_TOLERANCE:
        raise _check.InputError(
            f"LOBPCG left a residual of {worst:.1e} after {LOBPCG_ITERATIONS} steps. Pass ",
            _check.Argument("solver", "lanczos"),
            ".",
        )
    order = np.argsort(-top, kind="stable")
    values = np.concatenate([[0.0], 1 - top[order]])
    return values, np.column_stack([trivial, vectors[:, order]])


NEARLY_ZERO = 1e-8


def _with_trivial(
    S: Graph, values: FloatArray, vectors: FloatArray, trivial: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Put the exact trivial eigenpair first, the others orthogonal to it.

    Where more eigenvalues are nearly zero (a graph that hangs by a thread) the numerical eigenvectors mix the trivial one
    with theirs: their span is turned so that the trivial one is its first axis, and solved again in the others.
    """
    few = max(1, int(np.searchsorted(values, NEARLY_ZERO)))
    span = vectors[:, :few]
    turn, _ = np.linalg.qr((span.T @ trivial)[:, None], mode="complete")
    rest = span @ turn[:, 1:]
    small, again = np.linalg.eigh(rest.T @ (rest - S @ rest))
    new = np.concatenate([[0.0], np.maximum(small, 0.0), values[few:]])
    return new, np.column_stack([trivial, rest @ again, vectors[:, few:]])


def fix_signs(vectors: FloatArray) -> FloatArray:
    """Flip every column so that its entry of largest modulus is positive (the first such, up to rounding).

    Parameters
    ----------
    vectors : (n, m).

    Returns
    -------
    (n, m) float64.
    """
    size = np.abs(vectors)
    # Two entries that are equal in exact arithmetic must not decide by their last bits.
    first = np.argmax(size >= size.max(axis=0) * (1 - 1e-8), axis=0)
    sign = np.sign(vectors[first, np.arange(vectors.shape[1])])
    return np.asarray(vectors * np.where(sign == 0, 1.0, sign))


def largest_eigenvalue(A: Graph) -> float:
    """Return the largest eigenvalue of L_sym of a graph, at most 2 (ARPACK's accuracy).

    Parameters
    ----------
    A : (n, n) graph without isolated vertices.

    Returns
    -------
    float
    """
    S = normalized_adjacency(A)
    if S.shape[0] < 20:
        return float(1 - np.linalg.eigvalsh(S.toarray())[0])
    start = np.cos(np.arange(S.shape[0]))  # any vector that is the same every time
    return float(1 - scipy.sparse.linalg.eigsh(S, k=1, which="SA", v0=start, return_eigenvectors=False)[0])
