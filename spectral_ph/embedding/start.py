"""Where the points of an embedding start: spectral, principal components, random, or given."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, RandomState, Settings
from spectral_ph.distances.ambient import principal_components
from spectral_ph.graph.components import Components, connected_components
from spectral_ph.spectrum.decomposition import spectrum
from spectral_ph.spectrum.eigen import fix_signs

STARTS = ("spectral", "pca", "random")


def starting_layout(
    A: Graph,
    init: str | FloatArray = "spectral",
    n_components: int = 2,
    *,
    points: FloatArray | None = None,
    spread: float = 1.0,
    random_state: RandomState = 0,
) -> tuple[FloatArray, Settings]:
    """Return where the points start.

    Parameters
    ----------
    A : (n, n) csr_array of affinities, symmetric.
    init : "spectral": the first eigenvectors of the random walk on the affinities that are not constant. With several
        components each starts by itself, and they lie side by side. "pca": the first principal components of the points.
        "random": independent normal coordinates. Or an (n, n_components) array, which is taken as it is.
    n_components : dimensions.
    points : (n, d), for "pca".
    spread : standard deviation of the first column, for all but an array.
    random_state : seed of "random", and of the eigensolver's starting vectors.

    Returns
    -------
    Y : (n, n_components) float64, a new array; centred unless an array was given.
    facts : "init", and "component_sizes" if there are several.

    Raises
    ------
    InputError : for an unknown name, an array of another shape, NaN, or "pca" where there are no points.
    """
    n = A.shape[0]
    if not isinstance(init, str):
        return _given(init, n, n_components), {"init": "array"}
    _check.one_of(init, STARTS, "start", "init")
    facts: Settings = {"init": init}
    if init == "spectral":
        parts = connected_components(A)
        if len(parts) > 1:
            facts["component_sizes"] = parts.sizes.tolist()
        Y = spectral_layout(A, n_components, parts=parts, random_state=random_state)
    elif init == "random":
        Y = _check.generator(random_state).standard_normal((n, n_components))
    elif points is None:
        raise _check.InputError(
            Argument("init", "pca"),
            " is for points, not for a graph or distances. Pass ",
            Argument("init", "spectral"),
            ".",
        )
    else:
        Y = fix_signs(principal_components(points, n_components))
    Y = Y - Y.mean(axis=0)
    # Components may lie on top of each other, all at one place along the first axis.
    width = float(Y[:, 0].std()) or float(Y.std(axis=0).max())
    return np.ascontiguousarray(Y * (spread / width if width > 0 else 0.0)), facts


def spectral_layout(
    A: Graph, n_components: int, *, parts: Components | None = None, random_state: RandomState = 0
) -> FloatArray:
    """Return the Laplacian eigenmap, component by component, the components packed side by side.

    A column is an eigenvector of L_sym = I - D^-1/2 A D^-1/2 divided by the root of the degrees, which is one of the random
    walk D^-1 A. A graph in several components has eigenvectors that are zero outside of one of them, so that all components
    would lie on top of each other. Each is therefore laid out by itself, in a square whose area is in proportion to its
    number of vertices.

    Parameters
    ----------
    A : (n, n) csr_array, symmetric; vertices may have no edge.
    n_components : dimensions. A component of so few vertices that it has fewer eigenvectors is flat in the others.
    parts : the components, if they are known.
    random_state : seed of the eigensolver's starting vectors.

    Returns
    -------
    (n, n_components) float64.

    References
    ----------
    Belkin, Niyogi, Neural Computation 2003 (the generalised problem L f = mu D f).

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> Y = spectral_layout(sph.neighbor_graph(np.arange(6.0)[:, None], 1), 1)
    >>> bool((np.diff(Y[:, 0]) > 0).all() or (np.diff(Y[:, 0]) < 0).all())
    True
    """
    parts = parts or connected_components(A)
    n = A.shape[0]
    Y = np.zeros((n, n_components))
    if len(parts) == 1:
        return _eigenvectors(A, n_components, random_state)
    radii = np.sqrt(parts.sizes / n)
    centres = _packed(radii, n_components)
    for members, radius, centre in zip(parts.members(), radii, centres, strict=True):
        Y[members] = centre
        if len(members) == 1:
            continue
        part = _eigenvectors(A[members][:, members], n_components, random_state)
        part -= (part.max(axis=0) + part.min(axis=0)) / 2
        size = float(np.abs(part).max())
        Y[members] += part * (radius / size if size > 0 else 0.0)
    return Y


def _eigenvectors(A: Graph, n_components: int, random_state: RandomState) -> FloatArray:
    """Return the first eigenvectors of the walk on a connected graph that are not constant, zero columns for those missing."""
    n = A.shape[0]
    S = spectrum(A, min(n, n_components + 1), random_state=random_state)
    Y = np.zeros((n, n_components))
    found = S.vectors[:, 1:] / np.sqrt(S.degrees)[:, None]
    Y[:, : found.shape[1]] = fix_signs(found)
    return Y


def _packed(radii: FloatArray, n_components: int) -> FloatArray:
    """Return centres of squares of the given half sides, in decreasing order, that do not overlap: shelf by shelf."""
    centres = np.zeros((len(radii), n_components))
    gap = 1.2  # a fifth of a square is left free round it
    width = np.inf if n_components == 1 else max(np.sqrt((4 * (gap * radii) ** 2).sum()), 2 * gap * radii[0])
    x = y = height = 0.0
    for c, radius in enumerate(gap * radii):
        if x > 0 and x + 2 * radius > width:
            x, y, height = 0.0, y + height, 0.0
        height = max(height, 2 * radius)
        centres[c, 0] = x + radius
        if n_components > 1:
            centres[c, 1] = y + radius
        x += 2 * radius
    return centres


def _given(init: FloatArray, n: int, n_components: int) -> FloatArray:
    Y = _check.points(init, least=1, what="init")
    if Y.shape != (n, n_components):
        raise _check.InputError(
            Argument("init"),
            f" must be of shape {(n, n_components)} (n points, n_components), not {Y.shape}. Pass such an array, or one "
            f"of: {', '.join(STARTS)}.",
        )
    return Y.copy()
