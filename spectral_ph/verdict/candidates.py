"""What is tried and what is calibrated: the settings that `find_loops` chooses from, and those that have a null."""

from __future__ import annotations

from spectral_ph._types import Settings
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.graph.recipe import Recipe
from spectral_ph.verdict import null

Candidate = tuple[str, Settings]
"""The name of a distance, and the parameters of graph and distance by name."""

CANDIDATES: tuple[tuple[str, Settings], ...] = (
    ("eff_res", {"n_neighbors": 15, "passes": 1}),
    ("eff_res", {"n_neighbors": 30, "passes": 1}),
    ("eff_res", {"n_neighbors": 15, "passes": 2}),
    ("eff_res", {"n_neighbors": 30, "passes": 2}),
    ("eff_res", {"n_neighbors": 30, "passes": 3}),
    ("diffusion", {"n_neighbors": 15, "t": 8}),
)
"""What `find_loops` chooses from; the null was taken over the same choice. Left out: fifteen neighbours with three passes,
which tear loops of uneven density (an annulus 0.99 -> 0.09, a circle of uneven speed 0.92 -> 0.03), and diffusion with t = 64,
which finds loops on a line (evidence 0.49). docs/decisions/0006-verdict.md."""

POINTS_A_NEIGHBOR = 10
"""Least number of points in a half for each neighbour in the choice: thirty of 150 points span a filled square."""

FEW_NEIGHBORS = 15
"""Where there are fewer points, settings with more neighbours than these are left out, and the others take fewer."""

CALIBRATED: dict[str, dict[str, tuple[float, float]]] = {
    "eff_res": {"n_neighbors": (5, 30), "passes": (1, 3), "steps": (1, 1)},
    "diffusion": {"n_neighbors": (5, 30), "t": (8, 8)},
}
"""Settings within these ranges may be fixed by hand and still get a p-value: that of the choice, which is larger."""


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
    if not makes_graph or half < null.LEAST_POINTS // 2 or distance not in ("auto", *CALIBRATED):
        return [_candidate(first, params)]
    found: list[Candidate] = []
    for name, open_settings in CANDIDATES:
        takes = {*Recipe.names(), *DISTANCES[name].parameters, "dtype"}
        if distance not in ("auto", name) or not set(params) <= takes:
            continue
        k, most = open_settings["n_neighbors"], max(half // POINTS_A_NEIGHBOR, 2)
        if k > max(most, FEW_NEIGHBORS):
            continue
        candidate = _candidate(name, {**open_settings, "n_neighbors": min(k, most)} | params)
        if candidate not in found:
            found.append(candidate)
    return found or [_candidate(first, params)]  # whose door says what is wrong with them


def _candidate(name: str, params: Settings) -> Candidate:
    row = DISTANCES[name]
    return name, row.filled("verdict", row.settled(params))


def uncalibrated(name: str, chosen: Settings, from_points: bool, splits: int, n: int) -> str:
    """Return why settings have no p-value, or nothing if they have one.

    Parameters
    ----------
    name, chosen : a candidate.
    from_points : whether there are points, rather than a graph or distances.
    splits : how often the points were split.
    n : points that differ.

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
    ranges = CALIBRATED.get(name)
    if ranges is None:
        return f"the test is not calibrated for distance {name!r}"
    free = {"disconnected", "metric", "search", "dtype", "random_state", *ranges}
    for key, value in chosen.items():
        if key in ranges and (value is None or not ranges[key][0] <= value <= ranges[key][1]):
            return f"the test is not calibrated for {key}={value!r}"
        if key not in free and value != getattr(Recipe, key, DISTANCES[name].parameters.get(key)):
            return f"the test is not calibrated for {key}={value!r}"
    return ""
