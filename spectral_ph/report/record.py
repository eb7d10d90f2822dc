"""What is said about a result: one record of plain names and numbers, and the answer in words.

The command line writes the record as result.json, and the page shows it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._types import FloatArray, Settings
from spectral_ph.cells.about import AboutLoop
from spectral_ph.cells.genes import BINS
from spectral_ph.loops.coordinates import circular_agreement, to_ranks
from spectral_ph.loops.result import Loop, LoopResult, versions
from spectral_ph.report import markup

MAX_GROUPS = 12
"""Categories of a label that get a row of their own; the rest are put together."""

ANGLES = re.compile("phase|angle|theta|circular", re.IGNORECASE)
"""What columns that hold an angle are called."""

ANSWERS = {
    "loop": "Yes: the {things} go round a loop.",
    "no loop": "No loop was found.",
    "undecided": "Undecided: these data do not settle it.",
}

MEANINGS = {
    "loop": (
        "Every one of the {things} has a phase, its place along the loop as an angle from 0 to 2π. Neighbours along the "
        "loop have similar phases. A phase is an order, not a clock: equal steps of phase need not take equal times."
    ),
    "no loop": (
        "Nothing here goes round more than {things} without a loop would by chance. A loop that few {things} follow, or "
        "that is finer than the noise, can still have been missed. The phase below belongs to the feature with "
        "the most evidence; do not build on it."
    ),
    "undecided": (
        "Some evidence of a loop is there, and not enough to say so. Take the phase below as a guess to be tested: with "
        "more {things}, with another representation, or with genes or labels that should follow the loop."
    ),
}

PITFALLS = (
    "Short circuits: a path whose two ends come near each other is a loop of the neighbour graph, whether or not "
    "anything travels it. Look where the loop closes.",
    "Doublets and ambient molecules: mixtures of two groups can bridge them, and two bridges make a loop.",
    "The representation: batch correction, trained latent spaces and two-dimensional layouts (UMAP, t-SNE) can make a "
    "loop or break one. A loop that is found on principal components too is safer.",
    "A thin middle: a filled region with few {things} in its middle is nearly a ring. The share inside says how thin it is.",
    "Series in time: neighbouring time points fall into both halves, which then agree on anything that drifts. Put whole "
    "stretches, or whole donors, into halves.",
    "Another cause: a loop says that something comes back to where it began, not what. Depth, stress, or a difference "
    "between batches can take part in it; known genes and labels tell.",
)


def record(
    result: LoopResult,
    *,
    things: str = "points",
    labels: Mapping[str, ArrayLike] | None = None,
    about: AboutLoop | None = None,
    input_facts: Mapping[str, Any] | None = None,
    preparation: Sequence[str] = (),
    more_warnings: Sequence[str] = (),
    made_by: Mapping[str, Any] | None = None,
) -> Settings:
    """Return everything that is to be said about a result, with plain names.

    Parameters
    ----------
    result : LoopResult.
    things : what the points are, in the plural, such as "cells". Default "points".
    labels : by name, one category or number a point: text, or numbers of which there are more than 12 different ones.
        Points whose label is missing (NaN, None, "") are counted and left out. Default none.
    about : what is known about the loop beside its shape, as `spectral_ph.cells.about.about_result` returns it together
        with `result`. Default: nothing.
    input_facts : where the data come from, by name: source, sha256, shape, or others. Default nothing.
    preparation : sentences, what was done to the data before. Default none.
    more_warnings : sentences beside those of the result. Default none.
    made_by : command, seed, versions, by name; default: the versions, and the seed of the settings.

    Returns
    -------
    dict, ready for JSON through `spectral_ph.files.write_json`: "input", "preparation", everything of
    `LoopResult.to_dict` (each loop with "n_on_loop" and "median_spread" in radians), "in_words" (question by question),
    "labels", "genes" (those that follow the loop, the surest first, at most `spectral_ph.cells.about.PROFILED`),
    "gene_test" (how many were tested and how many follow, and how that was tested), "gene_heatmap" (the genes of that table
    along the phase, in intervals that hold equally many points), "confounders", "confounders_note" (why there are
    none), "anchor", and what `made_by` holds.

    Raises
    ------
    InputError : labels that are not one a point.

    See Also
    --------
    html, spectral_ph.LoopResult

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> said = sph.report.record(R, things="cells")
    >>> said["verdict"], said["things"]
    ('undecided', 'cells')
    """
    top = result.loops[result.shown[0]] if result.loops else None
    n = result.persistence.n_points
    out: Settings = {
        "input": dict(input_facts or {}),
        "preparation": list(preparation),
        **result.to_dict(),
        "things": things,
        "labels": [_label(top, name, values, n) for name, values in (labels or {}).items()],
        **_about(about),
    }
    out["loops"] = [known | _on_loop(loop) for known, loop in zip(out["loops"], result.loops, strict=True)]
    out["warnings"] = list(dict.fromkeys([*result.warnings, *more_warnings]))
    out["in_words"] = _in_words(result, things, out)
    made = {"seed": result.settings.get("random_state"), "versions": versions()} if made_by is None else dict(made_by)
    return out | made


def _on_loop(loop: Loop) -> Settings:
    spread = loop.spread
    known = spread[np.isfinite(spread)] if spread is not None else np.empty(0)
    return {
        "n_on_loop": int(loop.on_loop.sum()),
        "median_spread": float(np.median(known)) if len(known) else None,
    }


def _label(top: Loop | None, name: str, values: ArrayLike, n: int) -> Settings:
    """Return how one label is spread along the loop that is shown."""
    given, missing = _check.column(values, f"label {name!r}")
    if given.shape != (n,):
        raise _check.InputError(
            f"label {name!r} must hold one value for each of the {n} points, not the shape {given.shape}. Pass "
            "values in the order of the points."
        )
    if given.dtype.kind in "fiu" and len(np.unique(given[np.isfinite(given)])) > MAX_GROUPS:
        numbers = given.astype(np.float64)
        there = np.isfinite(numbers)
        kind: Callable[..., Settings] = _around if _is_angle(str(name), numbers[there]) else _along
    else:
        numbers = np.array([_category(value) for value in np.asarray(values).tolist()], dtype=object)
        numbers[missing] = ""
        there = np.array([value != "" for value in numbers], dtype=bool)
        kind = _groups
    about: Settings = {"name": str(name), "missing": int((~there).sum())}
    if top is None:
        return about | {"kind": "not shown, as there is no loop"}
    used = there & top.domain
    return about | {"of": int(used.sum())} | kind(top.phase[used], numbers[used])


def _category(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _groups(phase: FloatArray, values: Any) -> Settings:
    names, which, sizes = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    if len(order) > MAX_GROUPS:
        order = order[: MAX_GROUPS - 1]
    members = [(str(names[i]), which == i) for i in sorted(order)]
    rest = ~np.isin(which, order)
    if rest.any():
        members.append((f"{len(names) - len(order)} others", rest))
    rows = []
    for name, member in members:
        mean = np.exp(1j * phase[member]).mean()
        rows.append(
            {
                "category": name,
                "n": int(member.sum()),
                "mean_phase": float(np.angle(mean) % (2 * np.pi)),
                "concentration": float(abs(mean)),
                "counts": np.histogram(phase[member], BINS, (0, 2 * np.pi))[0],
            }
        )
    return {"kind": "categories", "groups": rows}


def _along(phase: FloatArray, values: FloatArray) -> Settings:
    place = np.minimum((phase / (2 * np.pi) * BINS).astype(int), BINS - 1)
    rows = []
    for k in range(BINS):
        inside = values[place == k]
        low, middle, high = np.quantile(inside, [0.25, 0.5, 0.75]) if len(inside) else [np.nan] * 3
        rows.append({"n": len(inside), "lower_quartile": low, "median": middle, "upper_quartile": high})
    return {"kind": "numbers", "bins": rows}


def _is_angle(name: str, values: FloatArray) -> bool:
    """Tell whether numbers are angles in radians: what they are called says so, and they go round most of a circle."""
    low, high = float(values.min()), float(values.max())
    fits = (low >= 0 and high <= 2 * np.pi + 1e-6) or (low >= -np.pi - 1e-6 and high <= np.pi + 1e-6)
    return bool(fits and high - low > np.pi and ANGLES.search(name))


def _around(phase: FloatArray, values: FloatArray) -> Settings:
    """Return how an angle goes round with the phase: its circular mean in intervals, and how alike the two orders are."""
    place = np.minimum((phase / (2 * np.pi) * BINS).astype(int), BINS - 1)
    rows = []
    for k in range(BINS):
        inside = np.exp(1j * values[place == k])
        mean = inside.mean() if len(inside) else complex(np.nan)
        rows.append(
            {"n": len(inside), "mean_angle": float(np.angle(mean) % (2 * np.pi)), "concentration": float(abs(mean))}
        )
    agreement = circular_agreement(to_ranks(phase), to_ranks(np.mod(values, 2 * np.pi))) if len(phase) else None
    return {"kind": "angles", "agreement": agreement, "bins": rows}


def _about(about: AboutLoop | None) -> Settings:
    """Return what is known about a loop beside its shape."""
    if about is None:
        return {
            "genes": [],
            "gene_test": {},
            "gene_heatmap": None,
            "confounders": [],
            "confounders_note": "",
            "anchor": None,
        }
    names = [] if about.genes is None else [about.genes.names[j] for j in about.following]
    return {
        # The table begins with the genes that follow the loop, in the same order.
        "genes": _rows(about.gene_columns())[: len(names)],
        "gene_test": about.gene_test(),
        "gene_heatmap": {"names": names, "values": about.profiles, "phases": about.profile_phases}
        if about.genes is not None
        else None,
        "confounders": _rows(about.confounder_columns()),
        "confounders_note": about.confounders_note,
        "anchor": None if about.anchor is None else dataclasses.asdict(about.anchor),
    }


def _rows(columns: Mapping[str, Any]) -> list[Settings]:
    """Return a table of columns as one dict a row."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _in_words(result: LoopResult, things: str, said: Settings) -> list[dict[str, Any]]:
    """Return question and answers, the verdict first; each answer a list of sentences."""
    sure = []
    if result.p_value is None:
        sure.append("No p-value was computed.")
    else:
        sure.append(
            f"p-value {markup.number(result.p_value)}: of simulated shapes without a loop, at most about "
            f"{as_count(result.p_value)} give as much evidence of one as these {things} do."
        )
    if result.agreement is None:
        sure.append("The loop was not sought in halves of the data.")
    else:
        sure.append(
            f"Agreement {result.agreement:.2f}: the {things} were split into two halves at random, the loop was found in "
            "each half alone, and the two orders were compared. 1 is the same order, 0 is no relation."
        )
    if result.tried:
        sure.append(
            "One setting was looked at: the one that was asked for."
            if len(result.tried) == 1
            else f"{len(result.tried)} settings were tried, and the one with the most evidence was kept."
        )
    meaning = [MEANINGS[result.verdict].format(things=things)] if result.loops else []
    if result.loops:
        top = result.loops[result.shown[0]]
        anchor = said["anchor"]
        meaning.append(
            "Where the phase is zero, and which way it runs, is arbitrary."
            if anchor is None
            else markup.sentence(
                anchor.get("reason") or "zero and direction were set by what is listed with the labels."
            )
        )
        outside = int((~top.domain).sum())
        if outside:
            meaning.append(
                f"{outside} of {len(top.domain)} {things} are not connected to the loop at its scale; their phase is that "
                "of the nearest one that is."
            )
    else:
        meaning.append("There is no feature that goes round, so there is no phase.")
    return [
        {"question": "Answer", "answer": [ANSWERS[result.verdict].format(things=things), result.reason]},
        {"question": "How sure is this?", "answer": sure},
        {"question": "What does it mean?", "answer": meaning},
        {"question": "What could fool it?", "answer": [pitfall.format(things=things) for pitfall in PITFALLS]},
        {"question": "What to check next?", "answer": _next(result, things, said)},
    ]


def _next(result: LoopResult, things: str, said: Settings) -> list[str]:
    """Return what is still to be looked at: what this result does not hold yet, and what no result can."""
    steps = []
    # Only where that was left out: a graph and very few points have no halves, and the reason says so.
    if result.p_value is None and result.settings.get("loops", {}).get("splits") == 0:
        steps.append("Ask for a p-value: let the loop be sought in halves of the data.")
    if result.loops and not said["labels"]:
        steps.append(f"Set what is known of the {things} beside the phase: labels such as type, time or batch.")
    if result.loops and not said["confounders"]:
        steps.append("Compare the phase with what it should not go with: confounders such as depth or batch.")
    if result.loops and not said["gene_test"]:
        steps.append(
            "Give the expression of genes, to see which of them follow the phase."
            if things == "cells"
            else "See which of the variables that were measured go up and down once along the phase."
        )
    again = "another sample, another number of neighbours and another representation"
    steps.append(
        f"Look for the loop again with {again}. What is real comes back."
        if result.verdict == "loop"
        else f"Look again with more {things}, and with {again}. What these data do not settle, others may."
    )
    return steps


def as_count(p: float) -> str:
    """Return a probability as a count people can picture."""
    if p <= 0:
        return "none of those that were looked at"
    among = max(100, 10 ** int(np.ceil(-np.log10(p / 0.95) - 1e-9)))  # 0.0099 is 1 in 100, not 9.9 in 1,000
    return f"{float(f'{round(p * among, 1):.2g}'):g} in {among:,}"
