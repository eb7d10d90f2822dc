"""A layout of points in the plane, to draw them at where there is no other."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray
from spectral_ph.graph.components import connected_components
from spectral_ph.spectrum.decomposition import spectrum
from spectral_ph.spectrum.eigen import fix_signs


def flat_layout(X: object, *, pairwise: bool = False) -> FloatArray:
    """Return two coordinates for every point, to draw it by: a look at the data, nothing that is computed with.

    Parameters
    ----------
    X : (n, d) points; with `pairwise` (n, n) distances or a sparse (n, n) graph.
    pairwise : X holds distances or a graph.

    Returns
    -------
    (n, 2) float64: the first two principal components, of points or of the rows of squared distances; for a graph the
    first two eigenvectors of its random walk. Signs are fixed.

    Raises
    ------
    InputError : for an input that is none of these.

    See Also
    --------
    loop

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.plot.flat_layout(sph.datasets.circle(100, ambient_dim=10)).shape
    (100, 2)
    """
    from scipy.sparse import issparse

    if pairwise and issparse(X):
        A = _check.graph(X)
        S = spectrum(A, min(A.shape[0], 2 + len(connected_components(A))))
        return _two_columns(fix_signs(S.vectors[:, -2:] / np.sqrt(S.degrees)[:, None]))
    # Up to a constant, squared Euclidean distances to all points are linear in the coordinates.
    points = _check.square_distances(X)[0] ** 2 if pairwise else _check.points(X)
    from sklearn.decomposition import PCA

    few = min(2, *points.shape)
    solver = "covariance_eigh" if points.shape[1] <= 2000 else "randomized"
    return _two_columns(fix_signs(PCA(few, svd_solver=solver, random_state=0).fit_transform(points)))


def _two_columns(layout: FloatArray) -> FloatArray:
    missing = 2 - layout.shape[1]
    return np.pad(layout, ((0, 0), (0, missing))) if missing else layout
