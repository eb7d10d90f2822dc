"""How long a feature is by chance: the universal null distribution of a diagram, which needs no resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check
from spectral_ph._types import BoolArray, Diagram, FloatArray
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.matching import checked_diagram

EULER = float(np.euler_gamma)
LAW_ERROR = 0.06
"""How far the law itself may be off, as the largest difference of the distribution functions (Kolmogorov distance): the most
that was measured on clouds of independent points is less (`benchmarks.inference`)."""
MEAN_ERROR = 1.96 * np.pi / np.sqrt(6) / np.e
"""The same, times the root of the number of features, for the mean that is estimated from them. The law has the standard
deviation pi / sqrt(6), and a p-value moves by at most 1 / e of what its feature is shifted by."""
LEAST_RATIO = 1e-12
"""death / birth is taken to be above 1 by at least this, as rounding is."""
KINDS = ("universal",)


@dataclass(frozen=True, eq=False, repr=False)
class Significance:
    """How surprising each feature of one diagram is among the others.

    Attributes
    ----------
    diagram : (m, 2) float64, births and deaths, in the order they were given.
    dimension : degree of the diagram; None if only an array was given.
    p_values : (m,) float64, of each feature by itself.
    family_wise : (m,) float64, Holm's p-values: with those up to 0.05 taken for real, the chance of any error is 5 %.
    q_values : (m,) float64, those of Benjamini and Hochberg: of those up to 0.05, about 5 % are errors.
    level : of `significant`.
    kind : "universal".
    error : largest difference that is to be expected between the distribution of the p-values by chance and a uniform one.
    unfinished : how many features were still alive at the end of the filtration: their p-values are upper bounds.
    warnings : sentences.

    See Also
    --------
    significance, ConfidenceBand

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P = sph.persistence(sph.datasets.circle(100, ambient_dim=2, sigma=0.05), distance="euclidean")
    >>> S = sph.significance(P)
    >>> S.p_values.shape == S.q_values.shape
    True
    """

    diagram: Diagram
    dimension: int | None
    p_values: FloatArray
    family_wise: FloatArray
    q_values: FloatArray
    level: float
    kind: str
    error: float
    unfinished: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def significant(self) -> BoolArray:
        """Return which features are more than chance: family-wise p-value up to the level, (m,) bool."""
        return np.asarray(self.family_wise <= self.level)

    def to_records(self) -> NDArray[np.void]:
        """Return the features as one structured array, ready for `pandas.DataFrame`.

        Returns
        -------
        (m,) structured array with the float64 fields `birth`, `death`, `p_value`, `family_wise` and `q_value`, and the bool
        `significant`.
        """
        columns: dict[str, Any] = {
            "birth": self.diagram[:, 0],
            "death": self.diagram[:, 1],
            "p_value": self.p_values,
            "family_wise": self.family_wise,
            "q_value": self.q_values,
            "significant": self.significant,
        }
        out = np.empty(len(self.diagram), dtype=[(name, values.dtype) for name, values in columns.items()])
        for name, values in columns.items():
            out[name] = values
        return out

    def __repr__(self) -> str:
        where = "" if self.dimension is None else f"H{self.dimension}, "
        least = f", smallest p {self.p_values.min():.2g}" if len(self.p_values) else ""
        found = f"{int(self.significant.sum())} of {len(self.p_values)} features at a level of {self.level:g}"
        return f"Significance({where}{found}{least})"


def significance(
    P: Persistence | Diagram, kind: Literal["universal"] = "universal", *, dimension: int = 1, level: float = 0.05
) -> Significance:
    """Say of every feature of a diagram how likely chance makes one as long, from the other features alone.

    Over many random point sets the values l = log log(death / birth), less their mean and Euler's constant, follow one law,
    the left-skewed Gumbel law, whatever the points are drawn from. So a feature with the value l has the p-value
    exp(-exp(l)). Nothing is resampled, and no setting is needed.

    Parameters
    ----------
    P : Persistence, or (m, 2) births and deaths of one degree, births positive; any unit. A feature that never dies counts as
        one that dies at the threshold of `P`, or of an array at the largest finite value.
    kind : "universal".
    dimension : degree of the features of a Persistence, at least 1: in degree 0 all births are 0, and there is no ratio. With
        an array it only names the degree.
    level : of `Significance.significant`.

    Returns
    -------
    Significance

    Raises
    ------
    InputError : for what is no diagram, a degree that was not computed, degree 0, or births of 0.

    Warns
    -----
    SpectralWarning : for distances that the law is not made for.

    See Also
    --------
    Significance, confidence_band, detection_score

    Notes
    -----
    What it assumes: the points are independent draws, distances are Euclidean (or those of another smooth metric), and most
    features are noise. That one law fits all is a conjecture of the paper, with wide support by experiments and no proof. The
    p-values are right to within `error` for a fixed sampling, and the smallest ones less so, for they are the tail of the law.
    For spectral distances it is no more than a regularity: docs/benchmarks/inference.md tells what it claims there on shapes
    without a loop, and `find_loops` does not use it.

    The hypothesis of a p-value is that its feature is one of the noise; it does not say that the loop is found again in other
    points, as `find_loops` does.

    References
    ----------
    Bobrowski, Skraba, A universal null-distribution for topological data analysis, Scientific Reports 13, 2023. Holm, Scand. J.
    Statist. 6, 1979. Benjamini, Hochberg, J. R. Stat. Soc. B 57, 1995.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P = sph.persistence(sph.datasets.circle(300, ambient_dim=2, sigma=0.05), distance="euclidean")
    >>> sph.significance(P).significant.sum()
    np.int64(1)
    """
    _check.one_of(kind, KINDS, "kind of significance", "kind")
    dimension = _check.positive_int(dimension, "dimension", least=0)
    level = _check.real(level, "level", least=0, most=1)
    if dimension == 0:
        raise _check.InputError(
            _check.Argument("dimension", 0),
            " has births of 0 only, and the law is about death / birth. Pass ",
            _check.Argument("dimension", 1),
            ".",
        )
    with _check.collected() as warned:
        end = None
        if isinstance(P, Persistence):
            end = _end_of(P)
            diagram = checked_diagram(_degree(P, dimension), "P")
            _warn_of_distance(P)
        else:
            diagram = checked_diagram(P, "P")
        values, unfinished = _values(diagram, end)
    p = np.exp(-np.exp(values))
    m = len(p)
    return Significance(
        diagram=diagram,
        dimension=dimension,
        p_values=p,
        family_wise=holm(p),
        q_values=_q_values(p),
        level=level,
        kind=kind,
        error=LAW_ERROR + MEAN_ERROR / np.sqrt(m) if m else LAW_ERROR,
        unfinished=unfinished,
        warnings=tuple(warned),
    )


def _degree(P: Persistence, dimension: int) -> Diagram:
    if dimension >= len(P):
        raise _check.InputError(
            f"dimension {dimension} was asked for, but the result has the dimensions 0 to {len(P) - 1}. Compute it with ",
            _check.Argument("maxdim", dimension),
            ".",
        )
    return P[dimension]


def _end_of(P: Persistence) -> float | None:
    """Return the threshold of a filtration, if it had one."""
    end = P.settings.get("homology", {}).get("threshold")
    return None if end is None else float(end)


def _warn_of_distance(P: Persistence) -> None:
    name = P.settings.get("distance", {}).get("name")
    if name is not None and name not in ("euclidean", "precomputed"):
        _check.warn(
            f"the universal law is made for Euclidean distances, and it is not proven for distance {name!r}: take these "
            "p-values for an order, not for error rates. find_loops has a p-value for spectral distances."
        )


def _values(diagram: Diagram, end: float | None) -> tuple[FloatArray, int]:
    """Return log log(death / birth) less its mean and Euler's constant, and how many features have not died."""
    if len(diagram) == 0:
        return np.empty(0), 0
    births, deaths = diagram[:, 0], diagram[:, 1].copy()
    if births.min() <= 0:
        raise _check.InputError(
            f"births must be above 0 for the universal law, which is about death / birth, but one is {births.min():g}. Pass a "
            "diagram of degree 1 or more."
        )
    alive = np.isinf(deaths)
    deaths[alive] = diagram[np.isfinite(diagram)].max() if end is None else end
    ratio = np.maximum(deaths / births, 1 + LEAST_RATIO)
    value = np.log(np.log(ratio))
    return np.asarray(value - value.mean() - EULER), int(alive.sum())


def holm(p: FloatArray) -> FloatArray:
    """Return Holm's family-wise p-values.

    Parameters
    ----------
    p : (m,) p-values.

    Returns
    -------
    (m,) float64.
    """
    out = np.empty(len(p))
    order = np.argsort(p, kind="stable")
    out[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return out


def _q_values(p: FloatArray) -> FloatArray:
    if len(p) == 0:
        return np.empty(0)
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p), dtype=np.float64)
