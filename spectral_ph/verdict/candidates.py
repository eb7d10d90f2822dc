"""What is tried and what is calibrated: the settings that `find_loops` chooses from, and those that have a null."""

from __future__ import annotations

import dataclasses

from spectral_ph._check import InputError
from spectral_ph._types import Settings
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.graph.recipe import Recipe
from spectral_ph.verdict import null

Candidate = tuple[str, Settings]
"""The name of a distance, and the parameters of graph and distance by name."""

CANDIDATES: tuple[tuple[str, Settings], ...] = (
    ("eff_res", {"n_neighbors": 15, "steps": 1, "passes": 1}),
    ("eff_res", {"n_neighbors": 30, "steps": 1, "passes": 1}),
    ("eff_res", {"n_neighbors": 30, "steps": 1, "passes": 2}),
    ("eff_res", {"n_neighbors": 30, "steps": 1, "passes": 3}),
    ("eff_res", {"n_neighbors": 15, "steps": 4, "passes": 1}),
    ("eff_res", {"n_neighbors": 30, "steps": 4, "passes": 1}),
    ("diffusion", {"n_neighbors": 15, "t": 8}),
)
"""What `find_loops` chooses from; the null was taken over the same choice. Left out: fifteen neighbours with two passes, which
find nothing that thirty do not, and with three, which tear loops of uneven density (an annulus 0.99 -> 0.09, a circle of uneven
speed 0.92 -> 0.03); and diffusion with t = 64, which finds loops on a line (evidence 0.49). docs/decisions/0006-verdict.md."""

POINTS_A_NEIGHBOR = 6
"""Least number of points in a half for each neighbour in the choice: thirty of 150 points span a filled square. With more
neighbours, more halves see a circle of which an arc is missing (docs/decisions/0006-verdict.md)."""


def candidates(distance: str, params: Settings, half: int, makes_graph: bool) -> list[Candidate]:
    """Return the settings to choose from: those of `CANDIDATES` that agree with what was asked for, or that alone.

    What is left open besides is as the distance's row has it for the verdict, for the null was made with that.

    Parameters
    ----------
    distance : "auto" or the name of a distance.
    params : what was asked for of graph and distance, by name.
    half : points in a half.
    makes_graph : whether a neighbour graph is made, rather than passed.

    Returns
    -------
    list of Candidate, not empty.
    """
    first = CANDIDATES[0][0] if distance == "auto" else distance
    if not makes_graph or half < null.LEAST_POINTS // 2 or distance not in ("auto", *(name for name, _ in CANDIDATES)):
        return [_candidate(first, params)]
    found: list[Candidate] = []
    for name, open_settings in CANDIDATES:
        takes = {*Recipe.names(), *DISTANCES[name].parameters, "dtype"}
        if distance not in ("auto", name) or not set(params) <= takes:
            continue
        k = min(open_settings["n_neighbors"], max(half // POINTS_A_NEIGHBOR, 2))
        if open_settings.get("passes", 1) > 1 and k < PASS_NEIGHBORS:
            continue
        try:
            candidate = _candidate(name, {**open_settings, "n_neighbors": k} | params)
        except InputError:  # what was asked for does not go with this one
            continue
        if candidate not in found:
            found.append(candidate)
    if params:  # settings that were left out of the choice on purpose come back beside a value fixed by hand
        known = [_plain(one) for one in candidates("auto", {}, half, True)]
        found = [one for one in found if _plain(one) in known] or found
    return found or [_candidate(first, params)]  # whose door says what is wrong with them


PASS_NEIGHBORS = 20
"""Where fewer neighbours than these are left, no candidate has more than one pass: with 15 they tear loops of uneven density."""

NO_MATTER = ("disconnected", "search", "dtype", "random_state", "solver")
"""Settings that change nothing of what the null was taken over."""

TOGETHER = ("n_neighbors", "steps", "passes")
"""Settings of which each may be in the choice, and not with the others."""


def _candidate(name: str, params: Settings) -> Candidate:
    row = DISTANCES[name]
    return name, row.filled("verdict", row.settled(params))


def uncalibrated(chosen: Candidate, from_points: bool, splits: int, n: int, half: int) -> str:
    """Return why settings have no p-value, or nothing if they have one.

    The null is that of the whole choice, so a setting that is part of it may be fixed by hand: its p is then too large.

    Parameters
    ----------
    chosen : a candidate.
    from_points : whether there are points, rather than a graph or distances.
    splits : how often the points were split.
    n : points that differ.
    half : points in a half.

    Returns
    -------
    str, the part of a sentence after "There is no p-value: "; empty if there is one.
    """
    if not splits:
        return "no halves of the points were compared (splits=0)"
    if not from_points:
        return "a graph or distances were passed instead of points, so no independent halves can be drawn"
    if n < null.LEAST_POINTS:
        return f"the test needs at least {null.LEAST_POINTS} different points, and there are {n}"
    known = [_plain(one) for one in candidates("auto", {}, half, True) if one[0] == chosen[0]]
    if not known:
        return f"the test is not calibrated for distance {chosen[0]!r}"
    here = _plain(chosen)
    if here in known:
        return ""
    odd = [key for key, value in here.items() if all(value != one[key] for one in known)] or list(TOGETHER)
    return f"the test is not calibrated for {', '.join(f'{key}={here[key]!r}' for key in odd)} on {n} points"


def _plain(candidate: Candidate) -> Settings:
    """Return all settings of a candidate that matter to the null, those at their default too."""
    name, params = candidate
    every = dataclasses.asdict(Recipe()) | DISTANCES[name].parameters | params
    return {key: value for key, value in every.items() if key not in NO_MATTER}
