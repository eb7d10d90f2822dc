"""Critical values: the exaggeration, and the normalisation Zbar, at which a layout becomes a plane, a line, a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

from spectral_ph import _check
from spectral_ph._numba import thread_limit
from spectral_ph._types import FloatArray, Graph, RandomState
from spectral_ph.graph.components import connected_components
from spectral_ph.spectrum.laplacian import laplacian

DENSE_LIMIT = 1500
"""Up to this many vertices eigenvalues come from LAPACK, of more from ARPACK."""

TOLERANCE = 1e-6
"""Of ARPACK, in units of the largest degree: critical values are read to a few digits."""


@dataclass(frozen=True, eq=False, repr=False)
class CriticalValues:
    """Where the modes of a layout stop to grow.

    Attributes
    ----------
    eigenvalues : (K + 1,) of L_P = diag(P 1) - P, ascending from 0, P the affinities divided by their sum.
    rho : (K,) exaggerations rho_1, rho_2, ... of t-SNE, decreasing; inf where components are apart.
    Z_bar : (K,) the same for the loss "neg" with the fixed normalisation Zbar.
    largest : the largest eigenvalue of L_P, which bounds the step of gradient descent.

    See Also
    --------
    critical_values

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> model = sph.embedding.LaplacianEigenmaps(affinity="knn").fit(X)
    >>> len(sph.embedding.critical_values(model.affinities_).rho)
    4
    """

    eigenvalues: FloatArray
    rho: FloatArray
    Z_bar: FloatArray
    largest: float

    def growing(self, rho: float) -> int:
        """Return how many of these modes grow from the collapsed layout at an exaggeration: 0 is a point, 1 a line.

        Parameters
        ----------
        rho : exaggeration.
        """
        return int((rho < self.rho).sum())

    def __repr__(self) -> str:
        shown = ", ".join(f"{value:.4g}" for value in self.rho)
        return f"CriticalValues(rho {shown})"


def critical_values(A: Graph, n_values: int = 4, *, random_state: RandomState = 0) -> CriticalValues:
    """Return where the layout of t-SNE, and of the loss "neg", becomes the eigenmap's plane, a line, a point.

    Let l_1 = 0 <= l_2 <= ... be the eigenvalues of L_P = diag(P 1) - P, P of sum 1. Linearising the gradient at the collapsed
    layout shows that mode k, the eigenvector of l_{k+1}, grows there exactly while the exaggeration is below

        rho_k = 1 / ((n - 1) l_{k+1}),

    and for the loss "neg" while Zbar < n / l_{k+1}, whatever the number of negatives. Above rho_1 the layout is a point, between
    rho_2 and rho_1 a line along the Fiedler vector, and below rho_2 the plane of eigenvectors 2 and 3, which is the Laplacian
    eigenmap, opens. It opens at rho_2 if that is near rho_1. If not, the first mode has grown large by then, which weakens the
    repulsion that the second would grow by, and the layout stays a line for a while below rho_2. With a double eigenvalue, as
    of a ring, there is no line. With row-normalised affinities rho_k is about 1 / mu_{k+1}, mu the eigenvalues of L_sym.

    These values were derived for this package and are not published. The evidence are the tests, in which layouts just below and
    above them are computed.

    Parameters
    ----------
    A : (n, n) symmetric matrix of affinities, such as `affinities_` of an embedding. It is divided by its sum.
    n_values : how many, at most n - 1.
    random_state : seed of the eigensolver's starting vector, above `DENSE_LIMIT` vertices.

    Returns
    -------
    CriticalValues

    Raises
    ------
    InputError : for a matrix that is no graph, one without edges, or too many values.

    See Also
    --------
    CriticalValues, TSNE

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> complete = np.ones((5, 5)) - np.eye(5)  # l = 1/4, and 1 / (4 l) = 1: at rho = 1 all layouts are a point
    >>> sph.embedding.critical_values(complete).rho.round(12).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    A = _check.graph(A)
    n, total = A.shape[0], float(A.sum())
    wanted = _check.positive_int(n_values, "n_values")
    if wanted > n - 1:
        raise _check.InputError(
            _check.Argument("n_values", wanted),
            f" is more than the {n - 1} that {n} vertices have. Pass ",
            _check.Argument("n_values", n - 1),
            " or fewer.",
        )
    if total == 0:
        raise _check.InputError("the graph has no edge, so nothing holds a layout together. Pass one with edges.")
    L = laplacian(sp.csr_array(A / total), "unnormalized")
    with thread_limit(1):  # so that the last bits do not depend on how many there are
        values, largest = _smallest(A, L, wanted + 1, random_state)
    with np.errstate(divide="ignore"):
        return CriticalValues(values, 1 / ((n - 1) * values[1:]), n / values[1:], largest)


def collapse(A: Graph, critical: CriticalValues, *, random_state: RandomState = 0) -> float:
    """Return the exaggeration beyond which the largest component shrinks to a point.

    For a connected graph it is rho_1. Otherwise the components fly apart, and with Z = sum over them of n_c (n_c - 1) a component
    of n_c points shrinks to one where rho > n_c / (Z l_2), l_2 of the component.

    Parameters
    ----------
    A : (n, n) csr_array of affinities.
    critical : of A.
    random_state : seed of the eigensolver.

    Returns
    -------
    float
    """
    parts = connected_components(A)
    if len(parts) == 1:
        return float(critical.rho[0])
    members = parts.members()[0]
    if len(members) == 1:
        return float("inf")
    part = sp.csr_array(A[members][:, members] / A.sum())
    values, _ = _smallest(part, laplacian(part, "unnormalized"), 2, random_state)
    Z = float((parts.sizes * (parts.sizes - 1)).sum())
    return float(len(members) / (Z * values[1]))


def _smallest(A: Graph, L: Graph, count: int, random_state: RandomState) -> tuple[FloatArray, float]:
    """Return the smallest eigenvalues of a Laplacian, exactly 0 once for each component, and the largest."""
    n = L.shape[0]
    rng = _check.generator(random_state)
    if n <= DENSE_LIMIT or count >= n // 10:
        values = scipy.linalg.eigvalsh(L.toarray(), check_finite=False)
        values, largest = values[:count], float(values[-1])
    else:
        start = rng.standard_normal(n)
        bound = 2 * float(L.diagonal().max())  # at least the largest eigenvalue
        largest = float(scipy.sparse.linalg.eigsh(L, k=1, which="LA", v0=start, tol=1e-3, return_eigenvectors=False)[0])
        values = np.zeros(count)
        parts = connected_components(A)
        if len(parts) < count:
            shifted = sp.csr_array(bound * sp.eye_array(n) - L)
            top = scipy.sparse.linalg.eigsh(
                shifted,
                k=count,
                which="LA",
                v0=start,
                tol=TOLERANCE,
                ncv=max(2 * count + 1, 40),
                return_eigenvectors=False,
            )
            values = np.sort(bound - top)
    values[: len(connected_components(A))] = 0.0
    return np.maximum(values, 0.0), largest
