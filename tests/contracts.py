"""What every member of a family must do; the tests run these over the registries."""

import os
import subprocess
import sys

import numpy as np

import spectral_ph as sph


def parameters_for(name):
    """Return parameters under which a distance is defined for every set of points of `strategies.point_sets`."""
    row = sph.DISTANCES[name]
    params = {}
    if "disconnected" in row.parameters:
        params["disconnected"] = "max"
    if row.needs == "graph" or "n_neighbors" in row.parameters:
        params["n_neighbors"] = 4
    if "perplexity" in row.parameters:
        params["perplexity"] = 1.5
    return params


def check_distance(name, X):
    """Symmetric to the last bit, zero diagonal, finite, pure, reproducible."""
    params = parameters_for(name)
    before = X.copy()
    D = sph.distance_matrix(X, name, **params)
    n = len(X)
    assert D.shape == (n, n)
    assert D.dtype == np.float64
    assert np.isfinite(D).all()
    assert (D >= 0).all()
    np.testing.assert_array_equal(D, D.T)
    np.testing.assert_array_equal(np.diagonal(D), 0)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(sph.distance_matrix(X, name, **params), D)
    return D


def check_engine(engine, D, maxdim=1, threshold=None, coeff=2):
    """Return the diagrams after checking what each must satisfy by itself."""
    from spectral_ph.homology import rips_persistence

    before = D.copy()
    P = rips_persistence(D, maxdim, engine, threshold, coeff=coeff)
    np.testing.assert_array_equal(D, before)
    assert len(P) == maxdim + 1
    for k, diagram in enumerate(P):
        assert diagram.dtype == np.float64
        assert (diagram[:, 1] > diagram[:, 0]).all()
        finite = diagram[np.isfinite(diagram)]
        assert np.isin(finite, np.append(D, 0)).all(), "births and deaths are distances, to the last bit"
        lengths = diagram[:, 1] - diagram[:, 0]
        assert (np.diff(lengths[np.isfinite(lengths)]) <= 0).all()
        if P.birth_edges is not None and k >= 1 and (k == 1 or engine == "h2"):
            i, j = P.birth_edges[k].T
            assert (i < j).all()
            np.testing.assert_array_equal(D[i, j], diagram[:, 0])
    return P


def same_diagrams(P, Q):
    """Two results hold the same features, to the last bit."""
    for a, b in zip(P, Q, strict=True):
        np.testing.assert_array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])


def same_without_compilation(code):
    """What a program prints is the same where its kernels are compiled and where they run as the Python that they are."""

    def run(disable):
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": disable},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run("1") == run("0") != ""
