"""Whether cells of two conditions stand elsewhere on a loop: compared by donor, for cells of one donor are alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import BoolArray, FloatArray, IntArray, RandomState
from spectral_ph.cells.genes import BINS

HARMONICS = 4
"""Waves that a density round the loop is made of: it tells what is about an eighth of the loop wide."""

LEAST_DONORS = 3
"""With fewer donors a side there is no p-value: of two and two donors there are three divisions."""

LEAST_CELLS = 20
"""Cells with a phase that a donor needs, to have a density."""

DIVISIONS = 9999
"""Where there are no more divisions of the donors, each is looked at; else so many random ones."""

EQUAL = 1 - 1e-9
"""Statistics that differ by less than this are equal up to rounding."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Cells of two conditions on one loop, compared by donor. Differences are the second condition less the first.

    Attributes
    ----------
    conditions : names of the two.
    donors : (d,) names, one for each donor and condition. condition : (d,) 0 or 1. cells : (d,) how many cells.
    share : (d,) of the cells that are on the loop. density : (d, bins) density of the phase, 1 everywhere if spread evenly.
    phases : (bins,) radians, where that is.
    paired : whether every donor has both conditions, so that donors are compared with themselves.
    p_density, p_share : share of divisions of the donors with as large a difference; None with too few donors.
    least_p : the smallest p-value that so many donors allow.
    moved : share of the cells that stand elsewhere: half the area between the mean densities. moved_by_chance : its median over
        the divisions.
    share_difference : of the mean shares. share_interval : its 95 % interval.
    difference, low, high : (bins,) of the mean densities, with a 95 % interval at each phase by itself.
    reason : sentences that say what was found.
    """

    conditions: tuple[str, str]
    donors: tuple[str, ...]
    condition: IntArray
    cells: IntArray
    share: FloatArray
    density: FloatArray
    phases: FloatArray
    paired: bool
    p_density: float | None
    p_share: float | None
    least_p: float
    moved: float
    moved_by_chance: float
    share_difference: float
    share_interval: tuple[float, float]
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    reason: str

    def __repr__(self) -> str:
        first, second = self.conditions
        p = "no p" if self.p_density is None else f"p {self.p_density:.2g}"
        return f"Comparison({second} against {first}, {len(self.donors)} donors, {self.moved:.0%} moved, {p})"


def compare_conditions(
    phase: ArrayLike,
    on_loop: ArrayLike,
    condition: ArrayLike,
    donor: ArrayLike,
    *,
    used: ArrayLike | None = None,
    between: Sequence[str] | None = None,
    random_state: RandomState = 0,
) -> Comparison:
    """Compare where the cells of two conditions stand on a loop, and how many are on it.

    Parameters
    ----------
    phase : (n,) radians, NaN for a cell without one.
    on_loop : (n,) bool, which cells are on the loop.
    condition, donor : (n,) labels; None or NaN for cells to leave out.
    used : (n,) bool, the cells whose phase counts; default, all that have one.
    between : the two conditions to compare, the one to compare with first; default, the two that there are, sorted.
    random_state : seed of the divisions, where there are too many to look at each.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError : not two conditions, or a condition without two donors, or some donors with both conditions and some with one.

    Warns
    -----
    SpectralWarning : about donors with too few cells, which are left out.

    Notes
    -----
    A donor counts once, however many cells it has. Its density is the sum of the first `HARMONICS` waves of its phases, and the
    statistic is the squared difference of the mean waves of both conditions. Under the hypothesis that the condition makes no
    difference, donors can change sides, or with both conditions in each donor, sides within a donor. Intervals are Welch's.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> phase = np.concatenate([rng.uniform(0, 6.28, 400), rng.normal(3, 0.5, 400)])
    >>> which, donor = np.repeat(["control", "drug"], 400), np.repeat(list("abcdefgh"), 100)
    >>> compare_conditions(phase, np.ones(800, bool), which, donor)
    Comparison(drug against control, 8 donors, 65% moved, p 0.029)
    """
    angle: FloatArray = np.asarray(_check.numbers(phase, "phase"), dtype=np.float64)
    n = len(angle)
    on: BoolArray = np.asarray(on_loop, dtype=bool)
    counts = np.isfinite(angle) if used is None else np.asarray(used, dtype=bool) & np.isfinite(angle)
    sides, who = _labels(condition, n, "condition"), _labels(donor, n, "donor")
    names = _two(sides, between)
    units = _units(sides, who, names, counts)
    paired = _is_paired(units)
    side = np.array([names.index(c) for c, _ in units], dtype=np.int64)
    waves = np.empty((len(units), HARMONICS), dtype=complex)
    share, cells = np.empty(len(units)), np.empty(len(units), dtype=np.int64)
    for k, (c, d) in enumerate(units):
        of = (sides == c) & (who == d)
        cells[k], share[k] = of.sum(), on[of].mean()
        theta = angle[of & counts]
        waves[k] = [np.exp(-1j * h * theta).mean() for h in range(1, HARMONICS + 1)]
    phases = (np.arange(BINS) + 0.5) * 2 * np.pi / BINS
    density = 1 + 2 * (waves @ np.exp(1j * np.outer(np.arange(1, HARMONICS + 1), phases))).real
    divisions = list(_divisions(side, units, paired, _check.generator(random_state)))
    whole = len(divisions)
    enough = min(np.bincount(side, minlength=2)) >= LEAST_DONORS
    statistics = np.array([_statistics(waves, share, density, one) for one in divisions])
    there = statistics[0]
    p = (statistics >= there * EQUAL).mean(axis=0)
    difference, low, high = _interval(density, side, paired)
    gap, least, most = (float(x) for x in _interval(share[:, None], side, paired))
    least_p = _least_p(side, paired, whole)
    found = {"p_density": float(p[0]) if enough else None, "p_share": float(p[1]) if enough else None}
    moved, chance = float(there[2]), float(np.median(statistics[:, 2]))
    reason = _reason(
        names, side, found, least_p, moved, chance, (gap, least, most), phases[np.abs(difference).argmax()]
    )
    return Comparison(
        conditions=(names[0], names[1]),
        donors=tuple(d for _, d in units),
        condition=side,
        cells=cells,
        share=share,
        density=density,
        phases=phases,
        paired=paired,
        least_p=least_p,
        moved=moved,
        moved_by_chance=chance,
        share_difference=gap,
        share_interval=(least, most),
        difference=difference,
        low=low,
        high=high,
        reason=reason,
        **found,
    )


def _labels(values: ArrayLike, n: int, name: str) -> NDArray[Any]:
    """Return labels as text, empty where one is missing."""
    array, missing = _check.column(values, name)
    if array.shape != (n,):
        raise _check.InputError(
            Argument(name), f" must hold one label for each of the {n} cells, not the shape {array.shape}."
        )
    labels = np.array([f"{x:g}" if isinstance(x, float) else str(x) for x in array.tolist()], dtype=object)
    labels[missing] = ""
    return labels


def _two(sides: NDArray[Any], between: Sequence[str] | None) -> list[str]:
    there = sorted(set(sides.tolist()) - {""})
    names = there if between is None else [str(name) for name in between]
    if len(names) != 2 or names[0] == names[1] or not set(names) <= set(there):
        raise _check.InputError(
            f"two conditions are compared, but there are {len(there)} ({', '.join(map(repr, there)) or 'none'}). Name two with ",
            Argument("between"),
            ".",
        )
    return names


def _units(sides: NDArray[Any], who: NDArray[Any], names: list[str], counts: BoolArray) -> list[tuple[str, str]]:
    """Return the condition and the donor of each unit that is compared."""
    units: list[tuple[str, str]] = []
    few: list[tuple[str, str]] = []
    for c in names:
        for d in sorted(set(who[sides == c].tolist()) - {""}):
            enough = int(((sides == c) & (who == d) & counts).sum()) >= LEAST_CELLS
            (units if enough else few).append((c, d))
    if few:
        listed = ", ".join(f"{d!r} in {c!r}" for c, d in few)
        _check.warn(f"donors with fewer than {LEAST_CELLS} cells that have a phase were left out: {listed}.")
    for c in names:
        number = sum(side == c for side, _ in units)
        if number < 2:
            raise _check.InputError(
                f"condition {c!r} has {number} donor(s) with at least {LEAST_CELLS} cells that have a phase, but two are needed "
                "to know how donors differ. Cells of one donor cannot stand in for donors."
            )
    return units


def _is_paired(units: list[tuple[str, str]]) -> bool:
    times = [sum(d == other for _, other in units) for _, d in units]
    if len(set(times)) > 1:
        both = sorted({d for (_, d), t in zip(units, times, strict=True) if t == 2})
        raise _check.InputError(
            f"some donors have both conditions ({', '.join(map(repr, both))}) and others one. Leave out one kind: donors are "
            "compared with themselves, or with others."
        )
    return times[0] == 2


def _divisions(
    side: IntArray, units: list[tuple[str, str]], paired: bool, rng: np.random.Generator
) -> Iterator[IntArray]:
    """Yield the side of every unit, as it is first, then in all other ways or many random ones."""
    yield side
    d = len(side)
    if paired:
        half = d // 2  # both halves list the donors in the same order
        if 2**half - 1 <= DIVISIONS:
            flips: Any = (np.array(f) for f in product((0, 1), repeat=half) if any(f))
        else:
            flips = (rng.integers(2, size=half) for _ in range(DIVISIONS))
        for flip in flips:
            yield side ^ np.tile(flip, 2)
        return
    second = int(side.sum())
    if math.comb(d, second) - 1 <= DIVISIONS:
        for chosen in combinations(range(d), second):
            one = np.zeros(d, dtype=np.int64)
            one[list(chosen)] = 1
            if (one != side).any():
                yield one
        return
    for _ in range(DIVISIONS):
        yield rng.permutation(side)


def _statistics(waves: Any, share: FloatArray, density: FloatArray, side: IntArray) -> list[float]:
    first, second = side == 0, side == 1
    apart = np.abs(waves[second].mean(axis=0) - waves[first].mean(axis=0))
    moved = np.abs(density[second].mean(axis=0) - density[first].mean(axis=0)).mean() / 2
    return [float((apart**2).sum()), abs(float(share[second].mean() - share[first].mean())), float(moved)]


def _interval(values: FloatArray, side: IntArray, paired: bool) -> tuple[Any, Any, Any]:
    """Return the difference of the means of each column, with its 95 % interval."""
    from scipy.stats import t

    a, b = values[side == 0], values[side == 1]
    if paired:
        apart = b - a
        width = apart.std(axis=0, ddof=1) / np.sqrt(len(apart)) * t.ppf(0.975, len(apart) - 1)
    else:
        va, vb = (x.var(axis=0, ddof=1) / len(x) for x in (a, b))
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
        width = np.sqrt(va + vb) * t.ppf(0.975, np.where(np.isfinite(freedom), freedom, 1.0))
    middle = b.mean(axis=0) - a.mean(axis=0)
    low, high = middle - width, middle + width
    return (middle[0], low[0], high[0]) if values.shape[1] == 1 else (middle, low, high)


def _least_p(side: IntArray, paired: bool, looked_at: int) -> float:
    """Return the smallest p-value: the division as it is, and its mirror where sides of one size change names."""
    mirror = 2 if paired or 2 * int(side.sum()) == len(side) else 1
    return max(mirror / looked_at if looked_at <= DIVISIONS else 0.0, 1 / looked_at)


def _reason(
    names: list[str],
    side: IntArray,
    found: dict[str, float | None],
    least_p: float,
    moved: float,
    chance: float,
    share: tuple[float, float, float],
    where: float,
) -> str:
    sizes = np.bincount(side, minlength=2)
    said = [
        f"{moved:.0%} of the cells stand elsewhere on the loop in {names[1]!r} than in {names[0]!r} (by chance {chance:.0%}), "
        f"most of all at a phase of {where:.2f}.",
        f"The share of cells on the loop differs by {100 * share[0]:+.0f} points (95 % interval {100 * share[1]:+.0f} "
        f"to {100 * share[2]:+.0f}).",
    ]
    if found["p_density"] is None:
        said.append(
            f"There is no p-value: {sizes[0]} and {sizes[1]} donors are too few, and at least {LEAST_DONORS} a side are needed."
        )
    else:
        said.append(
            f"p = {found['p_density']:.2g} for where they stand and {found['p_share']:.2g} for how many are on the loop, by "
            f"exchanging donors; {least_p:.2g} is the smallest that {sizes[0]} and {sizes[1]} donors allow."
        )
    return " ".join(said)
