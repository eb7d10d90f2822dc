"""Annotations: what the labels of a finished sweep say about cycles and cocycles.

A label says which births an edge was homologous to when it entered, modulo the minimum spanning tree. Since then deaths have
replaced births by sums of others. Followed forwards, labels say what a cycle is homologous to at any scale; followed backwards,
they give a cocycle of every loop.

Sources: Busaryev, Cabello, Chen, Dey and Wang, *Annotating simplices with a homology basis and its applications*, SWAT 2012;
Dey, Fan and Wang, *Computing topological persistence for simplicial maps*, SoCG 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check
from spectral_ph._types import FloatArray, IntArray
from spectral_ph.homology.sweep_h1 import Lengths

if TYPE_CHECKING:
    from spectral_ph.homology._sweep_h1 import State


@dataclass(frozen=True, eq=False, repr=False)
class H1Classes:
    """The labels of a sweep: evaluates any cycle at any scale.

    Attributes
    ----------
    D : (n, n), the distances.
    h1 : (m, 2) float64, the diagram whose rows `evaluate` returns.
    feature : (b,) int64, row in `h1` of each birth in the total order; -1 for those of zero persistence.
    edges : (e,) int64, i n + j of the edges i < j that had a non-zero label when they entered, sorted.
    labels : (e,) int64, the set that labels each.
    sets : births in each set, when it was first seen.
    deaths : (f,) float64, the lengths at which births died, in the total order.
    relations : births in the relation of each death, the one that died first.
    """

    D: Lengths
    h1: FloatArray
    feature: IntArray
    edges: IntArray
    labels: IntArray
    sets: list[IntArray]
    deaths: FloatArray
    relations: list[IntArray]

    def __repr__(self) -> str:
        return f"H1Classes(n={len(self.D)}, features: {len(self.h1)}, labelled edges: {len(self.edges)})"

    def evaluate(self, cycle: object, scale: float) -> IntArray:
        """Return the features whose sum over Z/2 a cycle is homologous to in the complex at `scale`.

        Parameters
        ----------
        cycle : (c,) vertices of a closed walk (the last is joined to the first), or (c, 2) edges that form a cycle over Z/2.
        scale : filtration value; every edge of the cycle must be at most this long. In the unit of the distances.

        Returns
        -------
        (r,) int64, rows of `h1` in increasing order; empty if the cycle is a boundary at this scale. All of them are alive:
        birth <= scale < death. A feature stands for the cycle that its birth edge closes in the minimum spanning tree.

        Raises
        ------
        InputError : if the edges are no cycle, or one of them is longer than `scale`.
        """
        n = len(self.D)
        given = np.asarray(cycle)
        array = np.column_stack([given, np.roll(given, -1)]) if given.ndim == 1 else given
        if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
            raise _check.InputError(
                _check.Argument("cycle"),
                " must hold whole numbers, (c,) vertices of a closed walk or (c, 2) edges, not an array of shape "
                f"{given.shape} and type {given.dtype}.",
            )
        if len(array) and not 0 <= array.min() <= array.max() < n:
            raise _check.InputError(_check.Argument("cycle"), f" has vertices outside 0 ... {n - 1}.")
        i, j = array.min(axis=1).astype(np.int64), array.max(axis=1).astype(np.int64)
        if (np.bincount(array.ravel(), minlength=n) % 2).any():
            raise _check.InputError(
                "the edges form no cycle: some vertex has an odd number of them. Close the walk first."
            )
        longest = float(self.D[i, j].max(initial=0.0))
        if longest > scale:
            raise _check.InputError(
                f"the cycle has an edge of length {longest:g}, which is not in the complex at scale {scale:g}. Raise ",
                _check.Argument("scale"),
                ".",
            )
        keys = i * n + j
        at = np.searchsorted(self.edges, keys)
        labelled = at < len(self.edges)
        labelled[labelled] = self.edges[at[labelled]] == keys[labelled]
        total = np.zeros(len(self.feature), dtype=np.bool_)
        for label in self.labels[at[labelled]]:
            total[self.sets[label]] ^= True
        for relation in self.relations[: np.searchsorted(self.deaths, scale, side="right")]:
            if total[relation[0]]:
                total[relation] ^= True
        return np.sort(self.feature[total])


def cycle_classes(D: Lengths, diagram: FloatArray, order: IntArray, n_births: int, s: State | None) -> H1Classes:
    """Return the record that evaluates cycles.

    Parameters
    ----------
    D : (n, n) distances.
    diagram : (m, 2) the diagram in canonical order.
    order : (m,) number of the birth of each row of `diagram`.
    n_births : births, those of zero persistence among them.
    s : the end of the sweep with its labelled edges, None if there was nothing to sweep.

    Returns
    -------
    H1Classes
    """
    feature = np.full(n_births, -1, dtype=np.int64)
    feature[order] = np.arange(len(order))
    if s is None:
        none = np.empty(0, dtype=np.int64)
        return H1Classes(D, diagram, feature, none, none, [], np.empty(0), [])
    from spectral_ph.homology import _sweep_h1 as k

    sets, relations = _sets_and_relations(s)
    used = s.reg[k.EDGES_USED]
    keys = s.found.edge_i[:used].astype(np.int64) * len(D) + s.found.edge_j[:used]
    by_key = np.argsort(keys)
    labels = s.found.edge_id[:used][by_key].astype(np.int64)
    deaths = s.found.length[: len(relations)].astype(np.float64)
    return H1Classes(D, diagram, feature, keys[by_key], labels, sets, deaths, relations)


def cocycles_of(order: IntArray, s: State | None) -> list[IntArray]:
    """Return a Z/2 cocycle of every feature, on the complex just before its death.

    The coefficient of a birth in the labels of today is a cocycle. Labels are written in the births alive when an edge
    entered, so the coefficient is carried back through the deaths since then: where a death replaced a birth by the sum
    of the others in its relation, the functional takes on that birth the sum of its values on those.

    Parameters
    ----------
    order : (m,) numbers of the births whose cocycles are wanted.
    s : the end of the sweep with its labelled edges, None if there was nothing to sweep.

    Returns
    -------
    m arrays (c, 3) int64, rows i < j, 1.
    """
    if s is None or len(order) == 0:
        return []
    from spectral_ph.homology import _sweep_h1 as k

    sets, relations = _sets_and_relations(s)
    used = s.reg[k.EDGES_USED]
    rows = np.column_stack([s.found.edge_i[:used], s.found.edge_j[:used], np.ones(used, dtype=np.int64)]).astype(
        np.int64
    )
    labels = s.found.edge_id[:used]
    flat = np.concatenate(sets[1:])
    starts = np.cumsum([0, *map(len, sets[1:-1])])
    # Alone in its relation a birth is replaced by nothing, and the functional is 0 on it already.
    long = [(q, relation) for q, relation in enumerate(relations) if len(relation) > 1]
    died = {int(relation[0]): q for q, relation in enumerate(relations)}
    out = []
    for birth in order:
        last = died.get(int(birth), len(relations))
        before = int(s.found.edges[last]) if last < len(relations) else int(used)
        on = np.zeros(len(s.birth_i), dtype=np.bool_)
        on[birth] = True
        for q, relation in reversed(long):
            if q < last:
                on[relation[0]] = np.bitwise_xor.reduce(on[relation[1:]])
        on_label = np.concatenate([[False], np.bitwise_xor.reduceat(on[flat], starts)])
        out.append(rows[:before][on_label[labels[:before]]])
    return out


def _from_log(log: NDArray[np.int32], starts: NDArray[np.int64]) -> list[IntArray]:
    """Return the births written at each start, up to the closing -1."""
    ends = np.flatnonzero(log == -1)
    stops = ends[np.searchsorted(ends, starts)]
    return [log[a:b].astype(np.int64) for a, b in zip(starts, stops, strict=True)]


def _sets_and_relations(s: State) -> tuple[list[IntArray], list[IntArray]]:
    """Return the births in every set as it was first seen, and in every relation, the one that died first."""
    from spectral_ph.homology import _sweep_h1 as k

    log = s.found.log[: s.reg[k.LOG_USED]]
    sets = [np.empty(0, dtype=np.int64), *_from_log(log, s.ids.log_at[1 : s.reg[k.N_IDS]])]
    deaths = s.reg[k.FOUND]
    relations = [
        np.concatenate([[birth], births[births != birth]])
        for birth, births in zip(s.found.birth[:deaths], _from_log(log, s.found.log_at[:deaths]), strict=True)
    ]
    return sets, relations
