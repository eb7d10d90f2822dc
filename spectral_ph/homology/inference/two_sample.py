"""Whether groups of diagrams differ: the permutation test of the joint loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check, _log
from spectral_ph._types import Diagram, FloatArray, IntArray, RandomState
from spectral_ph.homology.diagram import Persistence
from spectral_ph.homology.matching import checked_diagram, diagram_distance

EQUAL = 1e-9
"""Losses that differ by less than this share are equal: the same distances in another order add up to another last digit."""


@dataclass(frozen=True, eq=False, repr=False)
class TwoSample:
    """Whether groups of diagrams differ.

    Attributes
    ----------
    p_value : of the hypothesis that the labels mean nothing.
    loss : joint loss of the groups as they are: the smaller, the more alike are the diagrams of a group.
    permuted : (n_permutations,) float64, the joint loss of other divisions, the given one not among them unless `exact`.
    exact : whether all divisions into groups of these sizes were looked at, instead of random ones.
    least : the smallest p-value that was possible.
    distances : (N, N) float64, between the diagrams.
    groups : the labels, and how many diagrams have each.

    See Also
    --------
    two_sample

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> diagrams = [np.array([[0.1, 1.0 + 0.1 * k]]) for k in range(6)]
    >>> sph.two_sample(diagrams, ["a"] * 3 + ["b"] * 3).exact
    True
    """

    p_value: float
    loss: float
    permuted: FloatArray
    exact: bool
    least: float
    distances: FloatArray
    groups: dict[str, int]

    def __repr__(self) -> str:
        sizes = " and ".join(f"{count} {name}" for name, count in self.groups.items())
        which = "all" if self.exact else "random"
        return f"TwoSample(p {self.p_value:.2g} of {sizes}, {len(self.permuted)} {which} divisions)"


def two_sample(
    diagrams: Sequence[Diagram | Persistence],
    labels: ArrayLike,
    *,
    dimension: int = 1,
    kind: Literal["bottleneck", "wasserstein"] = "bottleneck",
    order: float = 1.0,
    internal_p: float = np.inf,
    delta: float = 1e-4,
    exponent: float = 1.0,
    n_permutations: int = 999,
    random_state: RandomState = 0,
) -> TwoSample:
    """Test whether groups of persistence diagrams differ, by permuting their labels.

    The joint loss is the sum over the groups of the mean of d(a, b)^exponent / 2 over the pairs of a group. It is small where
    diagrams of one label are alike. The p-value is the share of divisions into groups of these sizes with a loss as small.

    Parameters
    ----------
    diagrams : N diagrams of one degree, (m, 2) each, or N results of `persistence`.
    labels : (N,), which group each is of: two groups or more, each of two diagrams or more.
    dimension : degree of the diagrams where results are given.
    kind, order, internal_p, delta : of the distance d, see `diagram_distance`.
    exponent : of the distance, above 0. 1 (default) is less moved by one odd diagram than 2.
    n_permutations : random divisions; where there are no more in all, each is used once, and the p-value is exact.
    random_state : seed of the divisions.

    Returns
    -------
    TwoSample

    Raises
    ------
    InputError : for what are no diagrams, labels that do not fit, groups of one, or diagrams with different numbers of features
        that never die, which are infinitely far from each other.

    See Also
    --------
    TwoSample, diagram_distance

    Notes
    -----
    What it assumes: the diagrams are independent of each other, and if the labels meant nothing they could be exchanged. So the
    diagrams of resamples of one point set are no sample, and sets of different sizes or noise differ for that reason alone.

    References
    ----------
    Robinson, Turner, Hypothesis testing for topological data analysis, J. Appl. Comput. Topol. 1, 2017.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> shapes = [sph.datasets.circle(80, 2, 0.05, random_state=k) for k in range(4)]
    >>> shapes += [sph.datasets.shapes.blob(80, 2, 0.0, random_state=k) for k in range(4)]
    >>> results = [sph.persistence(X, distance="euclidean") for X in shapes]
    >>> sph.two_sample(results, ["ring"] * 4 + ["blob"] * 4)
    TwoSample(p 0.029 of 4 blob and 4 ring, 70 all divisions)
    """
    dimension = _check.positive_int(dimension, "dimension", least=0)
    n_permutations = _check.positive_int(n_permutations, "n_permutations")
    exponent = _check.positive(exponent, "exponent")
    rng = _check.generator(random_state)
    checked = [_one(one, dimension, k) for k, one in enumerate(diagrams)]
    names, member = _groups(labels, len(checked))
    _same_endless(checked)
    D = _distances(checked, kind, order, internal_p, delta)
    sizes = np.bincount(member)
    weight = D**exponent
    there = _joint_loss(weight, member, sizes)
    total = _number_of_divisions(sizes)
    exact = total <= n_permutations
    divisions = _all_divisions(sizes) if exact else (rng.permutation(member) for _ in range(n_permutations))
    losses = np.array([_joint_loss(weight, one, sizes) for one in divisions])
    reached = int((losses <= there * (1 + EQUAL)).sum())
    p = reached / total if exact else (1 + reached) / (1 + n_permutations)
    # Groups of one size can change names without changing the loss.
    alike = math.prod(math.factorial(int(count)) for count in np.unique(sizes, return_counts=True)[1])
    least = alike / total if exact else max(alike / total, 1 / (1 + n_permutations))
    groups = {name: int(count) for name, count in zip(names, sizes, strict=True)}
    return TwoSample(p, there, losses, exact, float(least), D, groups)


def _one(one: object, dimension: int, k: int) -> Diagram:
    if not isinstance(one, Persistence):
        return checked_diagram(one, f"diagram {k}")
    if dimension >= len(one):
        raise _check.InputError(
            f"dimension {dimension} was asked for, but result {k} has the dimensions 0 to {len(one) - 1}. Compute it with ",
            _check.Argument("maxdim", dimension),
            ".",
        )
    return checked_diagram(one[dimension], f"diagram {k}")


def _groups(labels: ArrayLike, n: int) -> tuple[list[str], IntArray]:
    """Return the names of the groups, sorted, and the group of each diagram."""
    array, missing = _check.column(labels, "labels")
    if array.shape != (n,):
        raise _check.InputError(
            _check.Argument("labels"),
            f" must hold one label for each of the {n} diagrams, not the shape {array.shape}.",
        )
    if missing.any():
        raise _check.InputError(f"{int(missing.sum())} of the {n} diagrams have no label. Leave these diagrams out.")
    names, member = np.unique(array.astype(str), return_inverse=True)
    sizes = np.bincount(member, minlength=1)
    if len(names) < 2 or sizes.min() < 2:
        has = ", ".join(f"{count} of {name}" for name, count in zip(names.tolist(), sizes, strict=True)) or "none"
        raise _check.InputError(
            f"two groups of at least two diagrams are needed to compare them, but there are {has}. Pass more diagrams, or leave "
            "out the groups of one."
        )
    return names.tolist(), np.asarray(member, dtype=np.int64)


def _same_endless(diagrams: list[Diagram]) -> None:
    endless = {int(np.isinf(d[:, 1]).sum()) for d in diagrams}
    if len(endless) > 1:
        raise _check.InputError(
            f"the diagrams have between {min(endless)} and {max(endless)} features that never die, so some are infinitely far "
            "from each other. Compute them without a threshold, or leave those features out of all."
        )


def _distances(
    diagrams: list[Diagram], kind: Literal["bottleneck", "wasserstein"], order: float, internal_p: float, delta: float
) -> FloatArray:
    from tqdm import tqdm

    n = len(diagrams)
    D = np.zeros((n, n))
    pairs = list(combinations(range(n), 2))
    for i, j in tqdm(pairs, desc="distances", delay=2.0, leave=False, disable=not _log.shows_bars()):
        D[i, j] = D[j, i] = diagram_distance(
            diagrams[i], diagrams[j], kind, order=order, internal_p=internal_p, delta=delta
        )
    return D


def _joint_loss(weight: FloatArray, member: IntArray, sizes: IntArray) -> float:
    """Return the sum over the groups of the mean weight of their pairs, halved."""
    loss = 0.0
    for group, size in enumerate(sizes.tolist()):
        of = np.flatnonzero(member == group)
        loss += float(weight[np.ix_(of, of)].sum()) / (2 * size * (size - 1))
    return loss


def _number_of_divisions(sizes: IntArray) -> int:
    return math.factorial(int(sizes.sum())) // math.prod(math.factorial(int(size)) for size in sizes)


def _all_divisions(sizes: IntArray) -> Iterator[IntArray]:
    """Yield the group of each of sum(sizes) things, in every way."""
    n = int(sizes.sum())
    member = np.full(n, len(sizes) - 1, dtype=np.int64)

    def fill(group: int, free: tuple[int, ...]) -> Iterator[IntArray]:
        if group == len(sizes) - 1:
            yield member.copy()
            return
        for chosen in combinations(free, int(sizes[group])):
            member[list(chosen)] = group
            yield from fill(group + 1, tuple(k for k in free if k not in chosen))
            member[list(chosen)] = len(sizes) - 1

    yield from fill(0, tuple(range(n)))
