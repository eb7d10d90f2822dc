"""The decay w(mu) of each spectral distance: how much the eigenpair with eigenvalue mu of L_sym counts.

Every spectral distance is the Euclidean distance between rows of e_i = d_i^-1/2 (w(mu_l) u_l,i)_l over the non-trivial
eigenpairs; see `spectral_ph.distances.spectral`.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._types import FloatArray


def corrected_resistance(mu: FloatArray, steps: int = 1) -> FloatArray:
    """Corrected effective resistance after some steps, |1 - mu|^steps / sqrt(mu); the squared distance is the resistance.

    One step is the corrected resistance of von Luxburg; more are the resistance between two ends that a walk of that many steps
    has spread. Not to be confused with the plain resistance (no step): on large graphs that tends to 1/d_i + 1/d_j
    whatever the shape.

    Parameters
    ----------
    mu : (m,) positive eigenvalues of L_sym.
    steps : at least 1.

    Returns
    -------
    (m,) float64.

    References
    ----------
    von Luxburg, Radl, Hein, NeurIPS 2010; Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087), Prop. 1.
    """
    return np.asarray(np.abs(1 - mu) ** steps / np.sqrt(mu))


def resistance(mu: FloatArray) -> FloatArray:
    """Plain effective resistance, 1 / sqrt(mu); commute time is this squared distance times the volume.

    Parameters
    ----------
    mu : (m,) positive eigenvalues of L_sym.

    Returns
    -------
    (m,) float64.

    References
    ----------
    von Luxburg, Radl, Hein, NeurIPS 2010.
    """
    return np.asarray(1 / np.sqrt(mu))


def diffusion(mu: FloatArray, t: float, volume: float) -> FloatArray:
    """Diffusion distance after t steps, sqrt(vol) |1 - mu|^t.

    The modulus changes nothing for whole t, where only the square counts, and makes sense of the others.

    Parameters
    ----------
    mu : (m,) eigenvalues of L_sym.
    t : steps, at least 0.
    volume : sum of all degrees.

    Returns
    -------
    (m,) float64.

    References
    ----------
    Coifman, Lafon, Appl. Comput. Harmon. Anal. 2006.
    """
    return np.asarray(np.sqrt(volume) * np.abs(1 - mu) ** t)


def dpt(mu: FloatArray) -> FloatArray:
    """Diffusion pseudotime, (1 - mu) / mu: all numbers of steps added up before the distance is taken.

    Parameters
    ----------
    mu : (m,) positive eigenvalues of L_sym.

    Returns
    -------
    (m,) float64.

    References
    ----------
    Haghverdi et al., Nature Methods 2016.
    """
    return np.asarray((1 - mu) / mu)


def eigenmaps(mu: FloatArray) -> FloatArray:
    """Laplacian eigenmaps, 1 on the eigenvectors that are kept.

    Parameters
    ----------
    mu : (m,) eigenvalues of L_sym.

    Returns
    -------
    (m,) float64 ones.

    References
    ----------
    Belkin, Niyogi, Neural Computation 2003.
    """
    return np.ones(len(mu))
