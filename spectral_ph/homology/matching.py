"""Distances between persistence diagrams."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spectral_ph import _check
from spectral_ph._types import Diagram
from spectral_ph.homology.engines import hera_distance


def diagram_distance(
    a: Diagram,
    b: Diagram,
    kind: Literal["bottleneck", "wasserstein"] = "bottleneck",
    *,
    order: float = 1.0,
    internal_p: float = np.inf,
    delta: float = 0.0,
) -> float:
    """Return the distance between two persistence diagrams of the same degree.

    Parameters
    ----------
    a, b : (m, 2) births and deaths, for instance `P[1]` and `Q[1]`. Essential classes (death inf) are matched among
        themselves by their births. Points on the diagonal count for nothing.
    kind : "bottleneck" or "wasserstein".
    order : exponent q >= 1 of the Wasserstein distance; not used for the bottleneck distance.
    internal_p : norm between points of the plane, for "wasserstein"; at least 1. Bottleneck uses the maximum norm.
    delta : relative error allowed. 0 is exact for "bottleneck"; for "wasserstein", whose algorithm is an auction that ends
        only within an error, 0 stands for 1e-4.

    Returns
    -------
    float, in the unit of the diagrams; inf if the numbers of essential classes differ.

    Raises
    ------
    InputError : for arrays that are no diagrams, or unknown kinds.

    References
    ----------
    Kerber, Morozov, Nigmetov, Geometry helps to compare persistence diagrams, ALENEX 2016 (Hera).
    """
    _check.one_of(kind, ("bottleneck", "wasserstein"), "diagram distance")
    first, second = _diagram(a, "a"), _diagram(b, "b")
    delta = _check.real(delta, "delta", least=0)
    if kind == "bottleneck":
        return hera_distance(first, second, np.inf, np.inf, delta)
    order = _check.real(order, "order", least=1)
    internal_p = _check.real(internal_p, "internal_p", least=1)
    return hera_distance(first, second, order, internal_p, delta or 1e-4)


def _diagram(a: object, what: str) -> Diagram:
    array = np.asarray(a, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 2))
    if array.ndim != 2 or array.shape[1] != 2:
        raise _check.InputError(
            f"{what} must be a diagram, an (m, 2) array of births and deaths, and an array of shape {array.shape} came; pass "
            "one degree of the result, for instance P[1]."
        )
    if np.isnan(array).any() or np.isinf(array[:, 0]).any() or (array[:, 1] < array[:, 0]).any():
        raise _check.InputError(
            f"{what} has a feature with a death before its birth, or with NaN, so it is no diagram."
        )
    return np.ascontiguousarray(array[array[:, 1] > array[:, 0]])
