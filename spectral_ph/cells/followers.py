"""Genes that follow a candidate phase, and the components of these genes: learned on some cells, applied to any.

A cycle that is not what varies most is lost in the principal components of all genes. So a phase is guessed where it can be,
the genes that follow it are kept, and the cells are seen in these genes alone. Cell types hide a cycle, too, and their genes
follow any phase a little. So the same is tried with the cells cut into a few groups whose own means are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from spectral_ph._types import FloatArray, IntArray, Settings
from spectral_ph.distances.compute import neighbourhood
from spectral_ph.graph.recipe import Recipe
from spectral_ph.loops.agreement import Seen
from spectral_ph.loops.coordinates import to_ranks
from spectral_ph.loops.curve import harmonics
from spectral_ph.loops.inside import Inside, emptiness, inside, smoothed
from spectral_ph.verdict.candidates import POINTS_A_NEIGHBOR, Candidate, candidates
from spectral_ph.verdict.halves import HOMOLOGY_POINTS
from spectral_ph.verdict.views import see

TYPES = (1, 2, 3, 5)
"""Numbers of groups that the cells are cut into. Groups of a filled region that are put on top of each other are still filled, so
this invents no ring, as regressing out slow directions would: a line without its first one is nearly closed."""

SETTINGS: tuple[Settings, ...] = ({"n_neighbors": 15, "steps": 1}, {"n_neighbors": 30, "steps": 4})
"""A sharp setting and a lax one, of effective resistance in one pass."""

GENES = 200
"""Genes that are kept, at most, and at most half of all."""

FIRST, LAST = 30, 10
"""Principal components of all genes, in which phases are guessed, and of the genes that are kept."""

GUESSED = 2
"""Features of degree 1 under each setting whose phases are tried."""

WAVES = 2
"""Waves of the phase that a gene may follow."""

NEIGHBORS = 15
"""Of the graph that noise is taken off along before the points inside a loop are counted, as in the verdict."""


@dataclass(frozen=True, eq=False, repr=False)
class Strength:
    """How much a loop stands out in one set of cells by itself.

    Attributes
    ----------
    prominence, relief : 0 to 1, as in `spectral_ph.verdict.evidence`, of the longest feature.
    middle : how full its middle is; None where it has no phase.
    """

    prominence: float = 0.0
    relief: float = 0.0
    middle: Inside | None = None

    @property
    def total(self) -> float:
        """Return prominence times relief, times how empty the middle is, squared."""
        return 0.0 if self.middle is None else self.prominence * self.relief * emptiness(self.middle) ** 2

    def __repr__(self) -> str:
        return f"Strength({self.total:.2f})"


@dataclass(frozen=True, eq=False, repr=False)
class Followers:
    """Genes that follow a phase, and how cells are seen in them.

    Attributes
    ----------
    genes : (m,) ascending indices of genes.
    explained : (g,) share of the variance within groups of cells that the phase explains, of every gene.
    axes : (m, c) principal axes of these genes.
    mean, first : (g,) and (g, 30), the components of all genes, by which a cell is put into a group.
    centres : (t, 30) of the groups there. levels : (t, m) mean of the kept genes in each group.
    candidate : under which the loop stands out most.
    strength : of the loop, on the cells that all this was learned on.
    """

    genes: IntArray
    explained: FloatArray
    axes: FloatArray
    mean: FloatArray
    first: FloatArray
    centres: FloatArray
    levels: FloatArray
    candidate: Candidate
    strength: Strength

    def project(self, values: FloatArray) -> FloatArray:
        """Return the components of the kept genes.

        Parameters
        ----------
        values : (n, g) expression of any cells.

        Returns
        -------
        (n, c) float64.
        """
        kept = values[:, self.genes]
        if len(self.centres) == 1:
            return np.asarray((kept - self.levels[0]) @ self.axes)
        group = _nearest((values - self.mean) @ self.first, self.centres)
        return np.asarray((kept - self.levels[group]) @ self.axes)

    def __repr__(self) -> str:
        return f"Followers({len(self.genes)} genes, {len(self.centres)} groups, {self.strength!r})"


def learn(values: FloatArray, seed: int, start: IntArray | None = None) -> Followers | None:
    """Choose the genes in which a loop of these cells stands out most.

    Parameters
    ----------
    values : (h, g) expression of some cells.
    seed : of the groups and the draws.
    start : genes in whose components phases are guessed; None for all.

    Returns
    -------
    Followers, or None where no feature of degree 1 has a phase.
    """
    mean = values.mean(axis=0)
    centred = values - mean
    first = principal_axes(centred, FIRST)
    Z = centred @ first
    # Known genes say where phases are guessed, and not which types there are.
    guess = Z if start is None else centred[:, start] @ principal_axes(centred[:, start], FIRST)
    choice = settings(len(values))
    few = np.arange(len(values))
    if len(few) > HOMOLOGY_POINTS:
        few = np.sort(np.random.default_rng(seed).choice(len(values), size=HOMOLOGY_POINTS, replace=False))
    best: Followers | None = None
    for number in TYPES:
        group = _groups(Z, number, seed)
        own = values - _means(values, group, number)[group]
        total = (own**2).sum(axis=0)
        flat = guess - _means(guess, group, number)[group]
        for view in see(flat, choice, 0.9, GUESSED, HOMOLOGY_POINTS, seed):
            for phase in [] if view is None else view.phases:
                if phase is None:
                    continue
                share = explained(own, total, phase)
                genes = kept(share)
                W = principal_axes(own[:, genes], LAST)
                P = own[np.ix_(few, genes)] @ W
                found = [strength(P, one) for one in see(P, choice, 0.9, 1, HOMOLOGY_POINTS, seed)]
                b = int(np.argmax([one.total for one in found]))
                if best is None or found[b].total > best.strength.total:
                    levels = _means(values[:, genes], group, number)
                    centres = _means(Z, group, number)
                    best = Followers(genes, share, W, mean, first, centres, levels, choice[b], found[b])
    return best


def settings(h: int) -> list[Candidate]:
    """Return the settings that h cells are looked at under: fewer neighbours where cells are few, as in the verdict.

    Parameters
    ----------
    h : how many cells.

    Returns
    -------
    list of Candidate
    """
    most = max(h // POINTS_A_NEIGHBOR, 2)
    asked = [{**one, "n_neighbors": min(one["n_neighbors"], most), "passes": 1} for one in SETTINGS]
    return [candidates("eff_res", one, h, makes_graph=False)[0] for one in asked]


def explained(own: FloatArray, total: FloatArray, phase: FloatArray) -> FloatArray:
    """Return the share of the variance of each gene that waves of the ranks of a phase explain.

    Parameters
    ----------
    own : (h, g) expression, with mean 0 for each gene. total : (g,) its sums of squares. phase : (h,) radians.

    Returns
    -------
    (g,) float64, 0 for a gene that does not vary.
    """
    Q, _ = np.linalg.qr(np.column_stack([np.ones(len(own)), harmonics(to_ranks(phase), WAVES)]))
    found = ((Q[:, 1:].T @ own) ** 2).sum(axis=0)
    return np.asarray(np.divide(found, total, out=np.zeros_like(total), where=total > 0))


def kept(share: FloatArray) -> IntArray:
    """Return the genes that are kept, those of the largest share, in ascending order.

    Parameters
    ----------
    share : (g,) of each gene.

    Returns
    -------
    (m,) int64
    """
    m = max(min(GENES, len(share) // 2), min(LAST, len(share)))
    return np.sort(np.argsort(-share, kind="stable")[:m]).astype(np.int64)


def principal_axes(centred: FloatArray, most: int) -> FloatArray:
    """Return the first principal axes of centred points, from the smaller of the two Gram matrices.

    Parameters
    ----------
    centred : (n, g) with mean 0. most : how many axes, at most.

    Returns
    -------
    (g, c) orthonormal columns, the largest entry of each positive; fewer than `most` where the points span less.
    """
    n, g = centred.shape
    c = min(most, n, g)
    small = centred.T @ centred if g <= n else centred @ centred.T
    size = len(small)
    values, vectors = scipy.linalg.eigh((small + small.T) / 2, subset_by_index=[size - c, size - 1])
    there = values > 1e-10 * max(float(values[-1]), 1e-300)
    vectors = vectors[:, there][:, ::-1]
    axes = vectors if g <= n else centred.T @ vectors
    axes = axes / np.linalg.norm(axes, axis=0)
    sign = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.asarray(axes * sign)


def strength(P: FloatArray, view: Seen | None) -> Strength:
    """Return how much the longest feature of some cells stands out.

    Parameters
    ----------
    P : (h, c) the cells. view : what they show.

    Returns
    -------
    Strength
    """
    if view is None or not len(view.phases) or view.phases[0] is None:
        return Strength()
    births, deaths = view.diagram.T
    lengths = deaths - births
    following = lengths[1] if len(lengths) > 1 else 0.0
    near = view.tubes[0] > 0
    middle = None
    if near.sum() >= 3:
        phase, members = view.phases[0], np.arange(len(P))
        graph = neighbourhood(P, None, Recipe(n_neighbors=min(NEIGHBORS, len(P) - 1)))[0]
        middle = inside(smoothed(P, graph, members, phase, near), phase, near)
    return Strength(float((lengths[0] - following) / lengths[0]), float(1 - births[0] / deaths[0]), middle)


def _groups(Z: FloatArray, number: int, seed: int) -> IntArray:
    if number == 1:
        return np.zeros(len(Z), dtype=np.int64)
    from sklearn.cluster import KMeans

    made = KMeans(number, n_init=3, random_state=seed).fit(Z)
    return _nearest(Z, _means(Z, made.labels_, number))


def _nearest(Z: FloatArray, centres: FloatArray) -> IntArray:
    return np.asarray(((centres**2).sum(axis=1) - 2 * Z @ centres.T).argmin(axis=1), dtype=np.int64)


def _means(values: FloatArray, group: IntArray, number: int) -> FloatArray:
    """Return (number, g), the mean of each group; that of all for a group without members."""
    one_hot = np.zeros((number, len(values)))
    one_hot[group, np.arange(len(values))] = 1.0
    sizes = one_hot.sum(axis=1)
    found = one_hot @ values / np.maximum(sizes, 1)[:, None]
    found[sizes == 0] = values.mean(axis=0)
    return np.asarray(found)
