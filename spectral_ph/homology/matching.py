"""Distances between persistence diagrams."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spectral_ph import _check
from spectral_ph._types import Diagram
from spectral_ph.homology.engines import bottleneck, wasserstein


def diagram_distance(
    a: Diagram,
    b: Diagram,
    kind: Literal["bottleneck", "wasserstein"] = "bottleneck",
    *,
    order: float = 1.0,
    internal_p: float = np.inf,
    delta: float = 1e-4,
) -> float:
    """Return the distance between two persistence diagrams of the same degree.

    Parameters
    ----------
    a, b : (m, 2) births and deaths, for instance `P[1]` and `Q[1]`. Essential classes (death inf) are matched among
        themselves by their births. Points on the diagonal count for nothing.
    kind : "bottleneck" or "wasserstein".
    order : exponent q >= 1 of the Wasserstein distance; not used for the bottleneck distance.
    internal_p : norm between points of the plane, at least 1; not used for the bottleneck distance, which is by the maximum
        norm.
    delta : relative error of the Wasserstein distance, above 0; the bottleneck distance is exact.

    Returns
    -------
    float, in the unit of the diagrams; inf if the numbers of essential classes differ.

    Raises
    ------
    InputError : for arrays that are no diagrams, or unknown kinds.

    See Also
    --------
    persistence, detection_score

    References
    ----------
    Kerber, Morozov, Nigmetov, Geometry helps to compare persistence diagrams, ALENEX 2016.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P = sph.persistence(sph.datasets.circle(100, ambient_dim=10, sigma=0.1))
    >>> sph.diagram_distance(P[1], P[1])
    0.0
    """
    _check.one_of(kind, ("bottleneck", "wasserstein"), "diagram distance", "kind")
    first, second = checked_diagram(a, "a"), checked_diagram(b, "b")
    if kind == "bottleneck":
        return bottleneck(first, second)
    order = _check.real(order, "order", least=1)
    if np.isinf(order):
        raise _check.InputError(
            "the Wasserstein distance of order inf is the bottleneck distance. Pass ",
            _check.Argument("kind", "bottleneck"),
            ".",
        )
    internal_p = _check.real(internal_p, "internal_p", least=1)
    delta = _check.real(delta, "delta", least=1e-12)
    finite = np.concatenate([first, second])
    largest = np.abs(finite[np.isfinite(finite)]).max(initial=0.0)
    if largest == 0:
        return wasserstein(first, second, order, internal_p, delta)
    # Hera takes small absolute numbers for 0; a power of two changes no digit.
    scale = float(2.0 ** np.floor(np.log2(largest)))
    return scale * wasserstein(first / scale, second / scale, order, internal_p, delta)


def checked_diagram(a: object, what: str) -> Diagram:
    """Return an array of births and deaths without points on the diagonal, or say why it is no diagram.

    Parameters
    ----------
    a : what was passed. what : what the sentence calls it.

    Returns
    -------
    (m, 2) float64.

    Raises
    ------
    InputError : for what is no diagram.
    """
    if hasattr(a, "diagrams"):
        raise _check.WrongTypeError(
            f"{what} must be a diagram, one degree of a result. Pass P[1] in place of the result P."
        )
    try:
        array: Diagram = np.asarray(_check.numbers(a, what), dtype=np.float64)
    except _check.InputError as error:
        raise _check.InputError(
            f"{what} must be a diagram, an (m, 2) array of births and deaths, but it could not be read as numbers. "
            "Pass one degree of the result, for instance P[1]."
        ) from error
    if array.size == 0:
        return np.empty((0, 2))
    if array.ndim != 2 or array.shape[1] != 2:
        raise _check.InputError(
            f"{what} must be a diagram, an (m, 2) array of births and deaths, not an array of shape {array.shape}. "
            "Pass one degree of the result, for instance P[1]."
        )
    if np.isnan(array).any() or np.isinf(array[:, 0]).any() or (array[:, 1] < array[:, 0]).any():
        raise _check.InputError(
            f"{what} is not a diagram: it has a feature with a death before its birth, or with NaN."
        )
    return np.ascontiguousarray(array[array[:, 1] > array[:, 0]])
