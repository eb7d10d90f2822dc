"""The sweep of the exact engine for degree 1, seen from Python: its first state, more room where it runs out of it, its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check, _log

if TYPE_CHECKING:
    from spectral_ph.homology._sweep_h1 import Bits, Found, Ids, Implicit, Rows, State

# Edges the sweep visits before Python may handle an interrupt (some milliseconds).
BUDGET = 50_000
# Labels at both ends of an edge from which on they are compared as bits instead of one by one.
DENSE = 24

Lengths = NDArray[np.floating[Any]]


def run(
    D: Lengths | Implicit,
    births: NDArray[np.int32],
    reach: Any,
    near: NDArray[np.int32],
    near_length: Lengths,
    keep_edges: bool,
    progress: bool,
) -> State:
    """Sweep over the edges up to `reach`, in pieces.

    Parameters
    ----------
    D, births, near, near_length, keep_edges : as for `start`.
    reach : largest length of an edge, of the type of the distances.
    progress : whether to show a bar, if standard error is a terminal.

    Returns
    -------
    State
    """
    from spectral_ph.homology import _sweep_h1 as k

    state = start(D, births, near, near_length, keep_edges)
    bar = None
    if progress and _log.shows_bars():
        from tqdm import tqdm

        # Lengths say how far the sweep is; how many edges there will be is not known beforehand.
        bar = tqdm(total=float(reach), desc="H1", leave=False, bar_format="{l_bar}{bar}| {elapsed}")
    try:
        while (why := k.sweep(state, reach, BUDGET)) != k.DONE:
            if why != k.BUDGET:
                state = _grow(state, why)
            elif bar is not None:
                bar.update(float(state.last[0]) - bar.n)
    finally:
        if bar is not None:
            bar.close()
    return state


def start(
    D: Lengths | Implicit, births: NDArray[np.int32], near: NDArray[np.int32], near_length: Lengths, keep_edges: bool
) -> State:
    """Return the state of a sweep before the first edge.

    Pools start small; what is as large as the bits of all pairs starts untouched, and is not there at all where distances
    are computed on the way (then rows and labels are compared one by one, for bits would need whole rows).

    Parameters
    ----------
    D : (n, n) distances, or the arrays of implicit ones.
    births : (b, 2) edges i < j in the total order.
    near : (n, m) near points of each point; with a matrix exactly the nearest by (length, k).
    near_length : (n, m) their lengths.
    keep_edges : whether labelled edges are recorded.

    Returns
    -------
    State
    """
    from spectral_ph.homology import _sweep_h1 as k

    n, m = near.shape
    b = len(births)
    held = isinstance(D, np.ndarray)
    dtype = near_length.dtype
    ids = _no_ids(256 + 2 * b, rows=64, slots=64)
    reg = np.zeros(k.N_REGISTERS, dtype=np.int64)
    reg[k.LAST_PAIR] = -1
    reg[k.ROWS_USED] = n * m
    reg[k.N_IDS] = 1
    reg[k.N_FREE_ROWS] = len(ids.sets) - 1
    reg[k.N_FREE_SLOTS] = len(ids.free_slots)
    reg[k.KEEP_EDGES] = keep_edges
    reg[k.DENSE] = DENSE if held else np.iinfo(np.int64).max
    return k.State(
        D=D,
        near=near,
        birth_i=np.ascontiguousarray(births[:, 0]),
        birth_j=np.ascontiguousarray(births[:, 1]),
        reg=reg,
        last=np.zeros(1, dtype=dtype),
        queue=k.Queue(np.zeros(n, dtype=dtype), _longs(n), _ints(n), np.zeros(n, dtype=np.bool_)),
        rows=_first_rows(near, near_length, held),
        labels=k.Labels(_ints(16 * n + 64), _ints(16 * n + 64), _longs(n), _ints(n), _ints(n), _ints(n)),
        ids=ids,
        bits=_no_bits(n, held, dtype),
        found=_nothing_found(b, 1024 if keep_edges else 0, dtype),
        witnesses=k.Witnesses(_ints(n), _ints(n), _ints(n), _ints(n)),
        row_v=np.zeros(0 if held else n, dtype=dtype),
        row_u=np.zeros(0 if held else n, dtype=dtype),
    )


def _ints(*shape: int) -> NDArray[np.int32]:
    return np.zeros(shape, dtype=np.int32)


def _longs(*shape: int) -> NDArray[np.int64]:
    return np.zeros(shape, dtype=np.int64)


def _unsigned(*shape: int) -> NDArray[np.uint64]:
    return np.zeros(shape, dtype=np.uint64)


def _first_rows(near: NDArray[np.int32], near_length: Lengths, held: bool) -> Rows:
    """Return the near points as the first sorted piece of every row; of implicit distances only the room for it."""
    from spectral_ph.homology._sweep_h1 import Rows

    n, m = near.shape
    dtype = near_length.dtype
    rows = Rows(
        neighbour=_ints(n * m + 16 * n),
        length=np.zeros(n * m + 16 * n, dtype=dtype),
        at=np.arange(n, dtype=np.int64) * m,
        size=np.full(n, m if held else 0, dtype=np.int32),
        room=np.full(n, m, dtype=np.int32),
        next=_ints(n),
        complete=np.full(n, held and m == n - 1),
        value=np.zeros(n, dtype=dtype),
        index=_ints(n),
        spare_value=np.zeros(n, dtype=dtype),
        spare_index=_ints(n),
    )
    rows.neighbour[: n * m] = near.ravel()
    rows.length[: n * m] = near_length.ravel()
    return rows


def _no_ids(ids: int, rows: int, slots: int) -> Ids:
    """Return room for the given numbers of ids, sets and live births."""
    from spectral_ph.homology._sweep_h1 import Ids

    return Ids(
        root=_ints(ids),
        hash=_unsigned(ids),
        row=_ints(ids),
        place=_ints(ids),
        log_at=_longs(ids),
        live=_ints(ids),
        table=_ints(1 << (2 * ids).bit_length()),
        sets=_unsigned(rows, slots // 64),
        free_rows=np.arange(rows, dtype=np.int32)[::-1].copy(),
        free_slots=np.arange(slots, dtype=np.int32)[::-1].copy(),
        slot_birth=_ints(slots),
        slot_hash=_unsigned(slots),
        slot_plane=_ints(slots),
        relation=_unsigned(slots // 64),
    )


def _no_bits(n: int, held: bool, dtype: np.dtype[Any]) -> Bits:
    """Return room for the bits of all pairs, or next to none where distances are computed on the way."""
    from spectral_ph.homology._sweep_h1 import PLANES, Bits

    words = (n + 63) // 64 if held else 1
    return Bits(
        near=_unsigned(n, words),
        plane=_unsigned(PLANES, n if held else 1, words),
        ready=np.zeros(n, dtype=np.bool_),
        limit=np.full(n, -1, dtype=dtype),
        plane_slot=np.full(PLANES, -1, dtype=np.int32),
        mask_id=_ints(2**PLANES),
    )


def _nothing_found(births: int, edges: int, dtype: np.dtype[Any]) -> Found:
    """Return room for the deaths of the given number of births, and for a number of labelled edges at first."""
    from spectral_ph.homology._sweep_h1 import Found

    return Found(
        birth=_ints(births),
        length=np.zeros(births, dtype=dtype),
        triangle=_ints(births, 3),
        log_at=_longs(births),
        edges=_longs(births),
        log=_ints(1024),
        edge_i=_ints(edges),
        edge_j=_ints(edges),
        edge_id=_ints(edges),
    )


def _grow(s: State, why: int) -> State:
    """Return the state with more room where the sweep ran out of it."""
    from spectral_ph.homology import _sweep_h1 as k

    reg, n, ids, found, labels = s.reg, len(s.near), s.ids, s.found, s.labels
    if why == k.GROW_LABELS:
        neighbour, number = _longer(2 * len(labels.id) + 4 * n, labels.neighbour, labels.id)
        return s._replace(labels=labels._replace(neighbour=neighbour, id=number))
    if why == k.GROW_ROWS:
        neighbour, length = _longer(2 * len(s.rows.neighbour) + 4 * n, s.rows.neighbour, s.rows.length)
        return s._replace(rows=s.rows._replace(neighbour=neighbour, length=length))
    if why == k.GROW_LOG:
        (log,) = _longer(2 * len(found.log) + 4 * int(reg[k.ALIVE]), found.log)
        return s._replace(found=found._replace(log=log))
    if why == k.GROW_EDGES:
        i, j, number = _longer(2 * len(found.edge_i), found.edge_i, found.edge_j, found.edge_id)
        return s._replace(found=found._replace(edge_i=i, edge_j=j, edge_id=number))
    if why == k.GROW_IDS:
        size = 2 * len(ids.root)
        names = ("root", "hash", "row", "place", "log_at", "live")
        longer = dict(zip(names, _longer(size, *(getattr(ids, name) for name in names)), strict=True))
        ids = ids._replace(table=np.zeros(1 << (2 * size).bit_length(), dtype=np.int32), **longer)
        _fill_table(ids, ids.live[: reg[k.N_LIVE_IDS]].tolist())
        return s._replace(ids=ids)
    rows, words = ids.sets.shape
    if reg[k.N_FREE_ROWS] == 0:
        sets, free = _longer(2 * rows, ids.sets, ids.free_rows)
        free[:rows] = np.arange(rows, 2 * rows)
        reg[k.N_FREE_ROWS] = rows
        ids = ids._replace(sets=sets, free_rows=free)
    if reg[k.N_FREE_SLOTS] == 0:
        slots = 64 * words
        (turned,) = _longer(2 * words, ids.sets.T)
        birth, value, plane, free = _longer(2 * slots, ids.slot_birth, ids.slot_hash, ids.slot_plane, ids.free_slots)
        free[:slots] = np.arange(slots, 2 * slots)
        reg[k.N_FREE_SLOTS] = slots
        ids = ids._replace(
            sets=np.ascontiguousarray(turned.T),
            relation=np.zeros(2 * words, dtype=np.uint64),
            slot_birth=birth,
            slot_hash=value,
            slot_plane=plane,
            free_slots=free,
        )
    return s._replace(ids=ids)


def _fill_table(ids: Ids, live: list[int]) -> None:
    """Enter live ids into an empty table, each in the first free place from its hash on."""
    table, mask = ids.table, len(ids.table) - 1
    for x in live:
        at = int(ids.hash[x]) & mask
        while table[at]:
            at = (at + 1) & mask
        table[at] = x


def _longer(size: int, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """Return copies with room for `size` entries along the first axis, the new ones zero."""
    _check.memory(
        sum(size * a[:1].nbytes for a in arrays),
        "the next step of the sweep over the edges",
        "Use fewer points, a smaller ",
        _check.Argument("threshold"),
        ", or another ",
        _check.Argument("engine"),
        ".",
    )
    out = []
    for array in arrays:
        longer = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
        longer[: len(array)] = array
        out.append(longer)
    return out
