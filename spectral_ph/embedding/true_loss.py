"""UMAP's true loss: what its sampling of negatives descends on, beside the loss that it was published with."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph
from spectral_ph.embedding.sampling import drawable

LOG_FLOOR = 1e-4
"""log(x) is log(min(x + 1e-4, 1)), so that points on top of each other cost no infinity."""

FLOOR = 1e-3
"""UMAP's code adds this to the squared distance in front of the repulsion."""

BLOCK = 2**21  # pairs that are held at a time: 16 MiB an array


@dataclass(frozen=True, eq=False)
class UMAPLoss:
    """The losses of UMAP at a layout, and where they pull it.

    Attributes
    ----------
    published : -sum_ij [mu_ij log nu_ij + (1 - mu_ij) log(1 - nu_ij)].
    true : -sum_ij [mu_ij log nu_ij + w_ij log(1 - nu_ij)], w_ij = m (d_i + d_j) / (2 n).
    sampled : `true` with half of w_ij, the mean of both ends' share where negatives are not pushed.
    targets : (n, n) csr_array of mu_ij / (mu_ij + w_ij), the similarity nu at which the true loss of an edge is least.
    update : (n, d), what an epoch of step 1 adds to the layout on average. As in umap-learn a head is pushed from its
        negatives, but they are not pushed from it. In `true` that is w_ij = m d_i / (2 n), which no loss has for its
        gradient.
    update_with_tail : (n, d), the same if the negatives are pushed too; minus the gradient of `true`, but for
        umap-learn's 0.001.
    dropped : edges that are never drawn; the sums are without them.

    See Also
    --------
    umap_loss

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> P = sph.embedding.LaplacianEigenmaps(affinity="umap").fit(X).affinities_
    >>> type(sph.embedding.umap_loss(P, X[:, :2])).__name__
    'UMAPLoss'
    """

    published: float
    true: float
    sampled: float
    targets: Graph = field(repr=False)
    update: FloatArray = field(repr=False)
    update_with_tail: FloatArray = field(repr=False)
    dropped: int = 0


def umap_loss(
    A: Graph,
    Y: FloatArray,
    *,
    a: float | None = None,
    b: float | None = None,
    min_dist: float = 0.1,
    spread: float = 1.0,
    n_negatives: int = 5,
    n_epochs: int | None = None,
    floor: float = FLOOR,
) -> UMAPLoss:
    """Return the published and the true loss of UMAP at a layout, the target similarities, and the expected updates.

    mu_ij are the weights of the graph over their maximum, d_i = sum_j mu_ij, nu_ij = 1 / (1 + a |y_i - y_j|^2b), and m is
    `n_negatives`. Sums are over ordered pairs i != j. The tables of the paper sum over i = j too, where nu = 1. That adds
    n log(1e4) to the published loss, and is left out here.

    Parameters
    ----------
    A : (n, n) symmetric graph with weights of 0 or more, in any unit.
    Y : (n, d) layout.
    a, b : of nu; None: fitted to `min_dist` and `spread`, as in umap-learn.
    min_dist, spread : see `UMAP`.
    n_negatives : m, for each edge that is drawn.
    n_epochs : of the optimisation. Edges of weight below 1 / n_epochs are never drawn and count as none. None: all edges
        count.
    floor : is added to the squared distance in front of the repulsion, in the updates only.

    Returns
    -------
    UMAPLoss

    Raises
    ------
    InputError : for a graph without edges, or a layout of another number of points.

    See Also
    --------
    UMAPLoss, UMAP

    References
    ----------
    Damrich, Hamprecht, On UMAP's true loss function, NeurIPS 2021.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = 4 * sph.datasets.circle(600, ambient_dim=2, sigma=0.0)
    >>> A = sph.neighbor_graph(X, 5)
    >>> here, apart = umap_loss(A, X), umap_loss(A, 1e6 * X)
    >>> here.published > apart.published, here.true < apart.true
    (True, True)
    """
    graph = _check.graph(A)
    layout = _check.points(Y, what="Y")
    if len(layout) != graph.shape[0]:
        raise _check.InputError(
            f"the graph has {graph.shape[0]} vertices, but ",
            Argument("Y"),
            f" has {len(layout)} rows. Pass the layout of these vertices.",
        )
    if graph.nnz == 0:
        raise _check.InputError("the graph has no edge, so there is no loss. Pass a graph with edges.")
    m = _check.positive_int(n_negatives, "n_negatives")
    if n_epochs is None:
        mu, dropped = sp.csr_array(graph, copy=True), 0
        mu.data /= mu.data.max()
    else:
        mu, dropped = drawable(graph, _check.positive_int(n_epochs, "n_epochs"))
    a, b = curve(a, b, min_dist, spread)
    floor = _check.real(floor, "floor", least=0.0)
    return _evaluate(mu, layout, a, b, m, floor, dropped)


def _evaluate(mu: Graph, Y: FloatArray, a: float, b: float, m: int, floor: float, dropped: int) -> UMAPLoss:
    n = len(Y)
    degrees = np.asarray(mu.sum(axis=1)).ravel()
    published, true, sampled = 0.0, 0.0, 0.0
    update, tail = np.zeros(Y.shape), np.zeros(Y.shape)
    step = max(1, BLOCK // n)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        X = np.zeros((rows.stop - start, n))
        for f in range(Y.shape[1]):
            X += (Y[rows, f][:, None] - Y[:, f]) ** 2
        own = (np.arange(len(X)), np.arange(start, rows.stop))
        power = a * X**b
        near, far = _log(1 / (1 + power)), _log(power / (1 + power))
        near[own], far[own] = 0.0, 0.0
        weights = mu[rows].toarray()
        own_degrees = degrees[rows, None] * (m / (2 * n))
        noise = own_degrees + degrees * (m / (2 * n))
        attraction = (weights * near).sum()
        published -= attraction + ((1 - weights) * far).sum()
        repulsion = (noise * far).sum()
        true -= attraction + repulsion
        sampled -= attraction + repulsion / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            pull = np.where(X > 0, 2 * b * power / (X * (1 + power)), 0.0)
            push = np.where(X > 0, 2 * b / ((floor + X) * (1 + power)), 0.0)
        for out, w in ((update, own_degrees), (tail, noise)):
            g = 2 * (w * push - weights * pull)
            out[rows] = g.sum(axis=1)[:, None] * Y[rows] - g @ Y
    i = np.repeat(np.arange(n), np.diff(mu.indptr))
    w = (degrees[i] + degrees[mu.indices]) * (m / (2 * n))
    targets = sp.csr_array((mu.data / (mu.data + w), mu.indices.copy(), mu.indptr.copy()), shape=mu.shape)
    return UMAPLoss(float(published), float(true), float(sampled), targets, update, tail, dropped)


def _log(x: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.minimum(x + LOG_FLOOR, 1.0)))


def curve(a: float | None, b: float | None, min_dist: float = 0.1, spread: float = 1.0) -> tuple[float, float]:
    """Return a and b of UMAP's similarity 1 / (1 + a x^2b) of two points at the distance x.

    Parameters
    ----------
    a, b : both, and they are returned; or neither, and the curve is fitted by least squares to 1 up to `min_dist` and
        exp(-(x - min_dist) / spread) beyond it, on 300 distances up to 3 spread, as in umap-learn.
    min_dist : 0 or more, at most `spread`.
    spread : more than 0.

    Returns
    -------
    a, b

    Raises
    ------
    InputError : for one of a and b without the other, or numbers out of range.

    Examples
    --------
    >>> [round(x, 3) for x in curve(None, None, 0.1, 1.0)]
    [1.577, 0.895]
    """
    if (a is None) != (b is None):
        raise _check.InputError(
            "UMAP's curve needs ", Argument("a"), " and ", Argument("b"), " both. Pass the other too, or neither."
        )
    if a is not None and b is not None:
        given = _check.real(a, "a", least=0.0), _check.real(b, "b", least=0.0)
        for name, value in zip("ab", given, strict=True):
            if value == 0 or value == np.inf:
                raise _check.InputError(Argument(name), f" must be a finite number above 0, not {value!r}.")
        return given
    width = _check.real(spread, "spread", least=0.0)
    if width == 0 or width == np.inf:
        raise _check.InputError(Argument("spread"), f" must be a finite number above 0, not {spread!r}.")
    near = _check.real(min_dist, "min_dist", least=0.0, most=width)
    from scipy.optimize import curve_fit

    x = np.linspace(0, 3 * width, 300)
    goal = np.where(x < near, 1.0, np.exp(-(x - near) / width))
    found, _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, goal)
    return float(found[0]), float(found[1])
