"""From a clean shape to what a measurement sees of it: embedding, Gaussian noise, outliers; the one place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, RandomState


def orthonormal_basis(dim: int, ambient_dim: int, rng: np.random.Generator) -> FloatArray:
    """Draw an orthonormal basis of a uniformly distributed `dim`-dimensional subspace.

    Parameters
    ----------
    dim : dimension of the subspace, at most `ambient_dim`.
    ambient_dim : dimension of the space around it.
    rng : the stream to draw from.

    Returns
    -------
    (ambient_dim, dim) float64 with orthonormal columns.
    """
    q, r = np.linalg.qr(rng.standard_normal((ambient_dim, dim)))
    # LAPACK fixes the signs of R in its own way, and Q is Haar distributed only where the diagonal of R is positive
    # (Mezzadri, How to generate random matrices from the classical compact groups, 2007).
    return np.ascontiguousarray(q * np.where(np.diagonal(r) < 0, -1.0, 1.0))


def embed(latent: FloatArray, ambient_dim: int, rng: np.random.Generator) -> FloatArray:
    """Map points isometrically into a random linear subspace.

    Parameters
    ----------
    latent : (n, d).
    ambient_dim : dimension D to embed into.
    rng : the stream that the basis comes from.

    Returns
    -------
    (n, D) float64 with the pairwise distances of `latent`.

    Raises
    ------
    InputError : if D < d.
    """
    dim = latent.shape[1]
    if ambient_dim < dim:
        raise _check.InputError(
            Argument("ambient_dim", ambient_dim),
            f" is too small for a shape of {dim} coordinates. Pass ",
            Argument("ambient_dim", dim),
            " or more.",
        )
    return np.ascontiguousarray(latent @ orthonormal_basis(dim, ambient_dim, rng).T)


def add_noise(X: FloatArray, sigma: float, rng: np.random.Generator) -> FloatArray:
    """Return `X` plus independent Gaussian noise of standard deviation `sigma` in every coordinate.

    Parameters
    ----------
    X : (n, D).
    sigma : in the unit of `X`; 0 leaves `X` as it is.
    rng : the stream of the noise; the draws do not depend on `sigma`, which only scales them.

    Returns
    -------
    (n, D) float64.
    """
    return X + sigma * rng.standard_normal(X.shape)


def uniform_outliers(X: FloatArray, n_outliers: int, rng: np.random.Generator) -> FloatArray:
    """Draw points uniformly from the bounding cube [X.min(), X.max()]^D.

    Parameters
    ----------
    X : (n, D), the clean points.
    n_outliers : how many to draw.
    rng : the stream of the outliers.

    Returns
    -------
    (n_outliers, D) float64.
    """
    return rng.uniform(X.min(), X.max(), size=(n_outliers, X.shape[1]))


def observe(
    sample: Callable[[int, np.random.Generator], FloatArray],
    n: int,
    ambient_dim: int,
    sigma: float,
    outliers: int,
    random_state: RandomState,
    return_latent: bool,
) -> FloatArray | tuple[FloatArray, FloatArray]:
    """Sample a shape, embed it, add noise, append outliers.

    Shape, basis, noise and outliers have an independent random stream each, so that changing one leaves the others'
    bits as they are, and the noise knows nothing of the plane the signal lies in.

    Parameters
    ----------
    sample : from (n, stream) to the clean (n, d) points.
    n : number of points on the shape.
    ambient_dim : dimension D of the result, at least d.
    sigma : standard deviation of the noise in every coordinate, in the unit of the shape; at least 0.
    outliers : number m of points that are uniform in the bounding cube of the embedded clean points; the last m rows.
    random_state : int, Generator or None.
    return_latent : also return the clean points before the embedding.

    Returns
    -------
    X : (n + m, D) float64.
    latent : (n, d) float64, only if asked for.

    Raises
    ------
    InputError : on an argument outside its range.
    """
    n = _check.positive_int(n, "n")
    ambient_dim = _check.positive_int(ambient_dim, "ambient_dim")
    sigma = _check.real(sigma, "sigma", least=0.0, most=float(np.finfo(np.float64).max))
    outliers = _check.positive_int(outliers, "outliers", least=0)
    return_latent = _check.flag(return_latent, "return_latent")
    shape_rng, basis_rng, noise_rng, outlier_rng = _check.generator(random_state).spawn(4)
    latent = sample(n, shape_rng)
    clean = embed(latent, ambient_dim, basis_rng)
    X = np.concatenate([add_noise(clean, sigma, noise_rng), uniform_outliers(clean, outliers, outlier_rng)])
    return (X, latent) if return_latent else X
