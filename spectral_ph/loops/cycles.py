"""Representative cycles: the points that go round a feature of degree 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, IntArray


def representative_cycle(D: FloatArray, birth_edge: ArrayLike) -> IntArray:
    """Return the shortest cycle that closes at the birth edge.

    Edges are totally ordered by (length, i, j), i < j. The cycle is the birth edge e and the shortest path (sum of
    lengths) between its ends among the edges strictly before e; so it is born exactly at e.

    Why it represents the class: let K be the complex before e. Both ends of e lie in one component of K, so adding e
    raises the dimension of H1 by one, and H1(K + e) is spanned by the image of H1(K) and by any one cycle that passes
    e once. Two such cycles differ by a cycle of K, hence by classes that were born earlier: that is all the freedom
    there is, and the shortest path is one choice in it.

    Why a cocycle of the class is never zero on it: the class is born at e, so the cocycle is zero on every cycle of K.
    If it were zero on this cycle too it would be zero on all of H1(K + e), and would not be alive at its own birth.
    `cocycle_value` computes the value.

    Parameters
    ----------
    D : (n, n), distances: symmetric to the last bit, non-negative. Equal and zero lengths are allowed.
    birth_edge : the two end points of the edge whose length is the birth, as in `Persistence.birth_edges[1]`.

    Returns
    -------
    (c,) int64, c >= 3 : indices of points in the order in which the cycle passes them. It begins at the smaller and
        ends at the larger end of the birth edge, and the last joins the first.

    Raises
    ------
    InputError : `birth_edge` is not a pair of different points, or no path of earlier edges joins them, so that the
        edge merges two components and no loop is born there.

    Notes
    -----
    Dijkstra's algorithm on the rows of `D`, O(n^2) time and O(n) memory: n = 20,000 takes seconds. A sparse graph of
    the short edges could have nearly n^2 entries, and scipy's would lose the edges of length 0 between duplicates.

    Examples
    --------
    >>> import numpy as np
    >>> square = np.array([[0.0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])
    >>> representative_cycle(square, (2, 3))
    array([2, 1, 0, 3])
    """
    from spectral_ph.loops import _cycle as kernels

    i, j = _edge(birth_edge, len(D))
    previous = np.empty(len(D), dtype=np.int64)
    # Symmetric, so a matrix in Fortran order is its own transpose; every other layout would be compiled anew.
    rows = D.T if D.flags.f_contiguous else np.ascontiguousarray(D)
    shortest, settled = np.full(len(D), np.inf), np.zeros(len(D), dtype=np.bool_)
    if not kernels.shortest_path_before(rows, i, j, previous, shortest, settled):
        raise _check.InputError(
            f"the edge ({i}, {j}) of length {D[i, j]:g} joins two parts that no earlier edge connects, so no "
            "loop is born there. Pass a row of birth_edges[1] together with the distances it was computed "
            "from."
        )
    cycle = [i]
    while cycle[-1] != j:
        cycle.append(int(previous[cycle[-1]]))
    return np.array(cycle, dtype=np.int64)


def cocycle_value(cycle: ArrayLike, cocycle: ArrayLike, coeff: int) -> int:
    """Return the value of a cocycle on a closed cycle.

    The value on a cycle (x_1, ..., x_c) is the sum of the cocycle over the steps x_1 -> x_2, ..., x_c -> x_1; it
    depends on the classes of both only, and changes sign with the direction of the cycle.

    Parameters
    ----------
    cycle : (c,) int, points in the order of the cycle; the last joins the first.
    cocycle : (m, 3) int, rows i, j, value: the value on the step i -> j; on j -> i it is the negative, and zero on the
        edges not listed.
    coeff : the prime p of the field Z/p that the values are taken in.

    Returns
    -------
    int in [0, coeff).

    Raises
    ------
    InputError : `coeff` is no prime below 2**15, or `cocycle` is no (m, 3) array.

    Examples
    --------
    >>> cocycle_value([0, 1, 2, 3], [[1, 0, 1]], 5)
    4
    """
    coeff = _check.prime(coeff)
    rows = cocycle_rows(cocycle)
    start = np.asarray(cycle, dtype=np.int64).reshape(-1)
    if len(rows) == 0 or len(start) == 0:
        return 0
    end = np.roll(start, -1)
    base = 1 + max(int(start.max()), int(rows[:, :2].max()))

    def signed(a: IntArray, b: IntArray) -> tuple[IntArray, IntArray]:
        """Return one key for both directions of each step, and which direction it is (0 for a step on the spot)."""
        return np.minimum(a, b) * base + np.maximum(a, b), np.sign(b - a)

    keys, direction = signed(start, end)
    edges, inverse = np.unique(keys, return_inverse=True)
    passes = np.zeros(len(edges), dtype=np.int64)
    np.add.at(passes, inverse, direction)
    keys, direction = signed(rows[:, 0], rows[:, 1])
    place = np.minimum(np.searchsorted(edges, keys), len(edges) - 1)
    on_cycle = edges[place] == keys
    return int((passes[place] * direction * (rows[:, 2] % coeff))[on_cycle].sum() % coeff)


def cocycle_rows(cocycle: ArrayLike) -> IntArray:
    """Return `cocycle` as an (m, 3) int64 array, or raise InputError if it is none."""
    rows = np.asarray(cocycle, dtype=np.int64)
    if rows.size == 0:
        return np.empty((0, 3), dtype=np.int64)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise _check.InputError(
            f"a cocycle must be an (m, 3) array of rows i, j, value, not an array of shape {rows.shape}. Pass one "
            "entry of P.cocycles[1], from persistence(..., cocycles=True)."
        )
    return rows


def _edge(pair: ArrayLike, n: int) -> tuple[int, int]:
    ends = np.asarray(pair)
    if ends.shape != (2,) or ends.dtype.kind not in "iu" or ends[0] == ends[1] or ends.min() < 0 or ends.max() >= n:
        raise _check.InputError(
            Argument("birth_edge"),
            f" must be a pair of different points between 0 and {n - 1}, not {ends.tolist()}. Pass a row of "
            "birth_edges[1].",
        )
    return int(ends.min()), int(ends.max())
