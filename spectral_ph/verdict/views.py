"""What a set of points shows by itself under every candidate: its loops, with a phase for every point.

Of few points all distances are taken. Of more the neighbour graph and its spectrum are still those of all, for the graph averages
the noise, and the homology is that of a draw, for it needs few points (docs/decisions/0006-verdict.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, IntArray, Settings
from spectral_ph.distances.compute import by_stage, compute, neighbourhood, parted
from spectral_ph.distances.coordinates import coordinates, eigenpairs
from spectral_ph.distances.lookup import matrix, restrict
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.graph.neighbors import Neighbors, nearest_among, nearest_neighbors
from spectral_ph.graph.recipe import Recipe
from spectral_ph.loops.agreement import NEAR, Seen, seen
from spectral_ph.spectrum.decomposition import Spectrum
from spectral_ph.verdict.candidates import Candidate


def see(
    X: FloatArray, choice: Sequence[Candidate | None], at: float, most: int, n_drawn: int, seed: int
) -> list[Seen | None]:
    """Return what some points show under every candidate.

    Neighbours are searched once. Candidates share what they can: those that differ only in the stage of a distance, such as one,
    two and three passes of effective resistance, come from one computation.

    Parameters
    ----------
    X : (h, d) points.
    choice : the candidates; None for one that is not looked at.
    at : where between birth (0) and death (1) of a loop its phase is computed.
    most : how many features get a phase.
    n_drawn : of more points, homology is computed on a random draw of this size. For a distance without coordinates nothing
        but the draw is used.
    seed : of the draw, and of what is random in a distance.

    Returns
    -------
    list of Seen, of all h points; None where a candidate was not looked at.
    """
    wanted = {c: candidate for c, candidate in enumerate(choice) if candidate is not None}
    if len(X) <= n_drawn:
        found = _exact(X, wanted, at, most, seed)
    else:
        drawn = np.sort(np.random.default_rng(seed).choice(len(X), size=n_drawn, replace=False))
        by_coordinates = {c: one for c, one in wanted.items() if DISTANCES[one[0]].coordinates is not None}
        found = _cut(X, by_coordinates, drawn, at, most, seed)
        rest = {c: one for c, one in wanted.items() if c not in found}
        if rest:
            near = nearest_among(X[drawn], X, NEAR, next(iter(rest.values()))[1].get("metric", "euclidean"))
            found |= {c: _carried(view, drawn, near) for c, view in _exact(X[drawn], rest, at, most, seed).items()}
    return [found.get(c) for c in range(len(choice))]


def _exact(X: FloatArray, wanted: dict[int, Candidate], at: float, most: int, seed: int) -> dict[int, Seen]:
    """Return what points show under the distances between all of them."""
    found: dict[int, Seen] = {}
    known = _neighbors(X, wanted)
    for members in _alike(wanted):
        name, params = wanted[members[0]]
        row = DISTANCES[name]
        with _check.unheard() as said:
            recipe, own = parted(name, params, "verdict")
            if len(members) == 1:
                D = compute(X, name, recipe=recipe, random_state=seed, known=known, **own).D
                found[members[0]] = seen(D, at, most, tuple(said))
                continue
            stages = {wanted[c][1].get(row.stage, row.parameters[row.stage]): c for c in members}
            every = by_stage(X, name, max(stages), recipe=recipe, random_state=seed, known=known, **own)
            for number, D in enumerate(every, start=1):
                if number in stages:
                    found[stages[number]] = seen(D, at, most, tuple(said))
    return found


def _cut(
    X: FloatArray, wanted: dict[int, Candidate], drawn: IntArray, at: float, most: int, seed: int
) -> dict[int, Seen]:
    """Return what points show under the distances of a draw, from coordinates in the graph of all."""
    found: dict[int, Seen] = {}
    known = _neighbors(X, wanted)
    graphs: dict[tuple[str, Recipe], dict[int, Settings]] = {}
    for c, (name, params) in wanted.items():
        recipe, own = parted(name, params, "verdict")
        graphs.setdefault((name, recipe), {})[c] = own
    # Distances on the same graph share its eigenpairs, which are half of the work.
    spectra: dict[Recipe, Spectrum] = {}
    for (name, recipe), members in graphs.items():
        with _check.unheard() as said:
            A, made_how = neighbourhood(X, None, recipe, random_state=seed, known=known)
            if recipe not in spectra:
                spectra[recipe] = eigenpairs(A, random_state=seed)
            k, settings = made_how["n_neighbors"], list(members.values())
            made = coordinates(A, name, settings, k, random_state=seed, known=spectra[recipe])
        for c, implicit in zip(members, made, strict=True):
            view = seen(matrix(restrict(implicit, drawn)), at, most, tuple(said))
            found[c] = _carried(view, drawn, nearest_among(implicit.coordinates[drawn], implicit.coordinates, NEAR))
    return found


def _carried(view: Seen, drawn: IntArray, near: IntArray) -> Seen:
    """Give what a draw shows to all points, by their nearest neighbours in the draw."""
    moved = view.carried(near, drawn)
    return dataclasses.replace(
        view,
        phases=[None if one is None else one.phase for one in moved],
        tubes=[np.zeros(len(near)) if one is None else one.weight for one in moved],
        cycles=[np.empty(0, dtype=np.int64) if one is None else one.cycle for one in moved],
    )


def _alike(wanted: dict[int, Candidate]) -> list[list[int]]:
    """Return the candidates in groups that differ only in the stage of their distance."""
    shared: dict[str, list[int]] = {}
    for c, (name, params) in wanted.items():
        same = {key: value for key, value in params.items() if key != DISTANCES[name].stage}
        shared.setdefault(f"{name} {sorted(same.items(), key=str)}", []).append(c)
    return list(shared.values())


def _neighbors(X: FloatArray, wanted: dict[int, Candidate]) -> Neighbors | None:
    """Return as many neighbours as any of several candidates takes, for those of the others are the first of them.

    What is asked for of metric and search is the same in all candidates. An approximate search for fewer finds others.
    """
    if len(wanted) < 2:
        return None
    recipes = [
        parted(name, params, "verdict")[0] for name, params in wanted.values() if DISTANCES[name].needs == "graph"
    ]
    recipe = max(recipes, key=lambda r: r.n_neighbors)
    if recipe.search == "nndescent":
        return None
    return nearest_neighbors(X, recipe.n_neighbors, recipe.metric, search="exact")
