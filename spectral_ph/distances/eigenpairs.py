"""Spectral distances of the first eigenpairs alone, with nothing in place of the others; `coordinates` says what for."""

from __future__ import annotations

import numpy as np

from spectral_ph import _check
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import Disconnected, FloatArray
from spectral_ph.distances import decay
from spectral_ph.distances.diffusion import LARGEST_T
from spectral_ph.distances.passes import check_steps
from spectral_ph.distances.spectral import refuse_nearly_zero, spectral_coordinates
from spectral_ph.spectrum.decomposition import Spectrum


def eff_res_coordinates(
    S: Spectrum,
    *,
    passes: int = 1,
    pass_neighbors: int | None = None,
    steps: int | None = None,
    corrected: bool = True,
    sqrt: bool = False,
    disconnected: Disconnected = "max",
) -> ImplicitDistances:
    """Effective resistance of one pass from the first eigenpairs, with nothing for the others.

    Parameters
    ----------
    S : of the graph of the pass.
    passes, pass_neighbors, steps, corrected, sqrt, disconnected : as for `eff_res`; the caller makes the graphs of later passes,
        and refuses disconnected ones if need be.

    Returns
    -------
    ImplicitDistances

    Raises
    ------
    InputError : for an eigenvalue that cannot be told from 0, or parameters that do not go together.
    """
    steps = check_steps(steps, passes, corrected)
    refuse_nearly_zero(S, "effective resistance")
    weights = np.zeros(len(S.values))
    moving = np.setdiff1d(np.arange(len(S.values)), S.trivial)
    mu = S.values[moving]
    weights[moving] = decay.corrected_resistance(mu, steps) if steps else decay.resistance(mu)
    return cut_coordinates(S, weights, sqrt)


def diffusion_coordinates(S: Spectrum, *, t: float = 8) -> ImplicitDistances:
    """Diffusion distance after t steps from the first eigenpairs, with nothing for the others.

    Parameters
    ----------
    S : of the graph.
    t : steps, at least 0.

    Returns
    -------
    ImplicitDistances
    """
    t = _check.real(t, "t", least=0, most=LARGEST_T)
    return cut_coordinates(S, decay.diffusion(S.values, t, float(S.degrees.sum())), root=True)


def cut_coordinates(S: Spectrum, weights: FloatArray, root: bool) -> ImplicitDistances:
    """Return the distances that the known eigenpairs give, with nothing for the others.

    Parameters
    ----------
    S : the first eigenpairs of L_sym.
    weights : (m,) w(mu) for every column of `S.vectors`; those of the trivial pairs are not used.
    root : whether the distance is the root of the squared form.

    Returns
    -------
    ImplicitDistances
        Between components the squared form is at least four times the square of the longest row: beyond all within one.
    """
    E = spectral_coordinates(S, weights)
    if len(S.trivial) > 1:
        longest = 2 * np.sqrt((E**2).sum(axis=1).max())
        E = np.column_stack([E, np.where(S.vectors[:, S.trivial] != 0, longest, 0.0)])
    return ImplicitDistances(np.ascontiguousarray(E), np.zeros(len(E)), None, root)
