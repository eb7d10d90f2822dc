"""Compiled loops of the exact H1 engine (`rips_h1`); they trust their arguments.

Edges are compared in the total order (length, i, j) with i < j everywhere. Along one row v of the distances that is the
order (length, k): the pairs (k, v) with k < v come before the pairs (v, k) with k > v, each in the order of k.

Three habits of the loops have reasons in the compiler.
Comparisons whose outcome is a coin toss are added up instead of branched upon.
`sweep` passes on the address of its state: a reference count for every array that is passed on made it two to four times
slower, and calls that pass hundreds of fields of arrays up to four times slower, and twice as long to compile.
Numbers that begin as a constant are written `np.int64(0)`: a part called with a plain 0 is compiled once more for that number.

Long because a kernel may only call kernels of its own file.
`sweep` calls nearly all of these; the others need the same lengths of implicit distances.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import njit, njit_inline, njit_part, overload, refer, types

Array = NDArray[Any]

# Why `sweep` came back to Python.
BUDGET, DONE, GROW_LABELS, GROW_ROWS, GROW_IDS, GROW_SETS, GROW_LOG, GROW_EDGES = range(8)

# Places of the scalars in `State.reg`; they live in an array because a named tuple cannot be written to.
(
    QUEUED,
    NEXT_BIRTH,
    ALIVE,
    FOUND,
    LAST_PAIR,
    LABELS_USED,
    ROWS_USED,
    N_IDS,
    N_LIVE_IDS,
    N_FREE_ROWS,
    N_FREE_SLOTS,
    N_PLAIN,
    LOG_USED,
    EDGES_USED,
    KEEP_EDGES,
    DENSE,
    N_REGISTERS,
) = range(17)

# Entries wanted of the first piece of a row that is sorted after waking, each next one twice as many up to the largest
# (which bounds the memory), and capacity of a vertex's first list.
SEGMENT = 32
LARGEST_SEGMENT = 512
FIRST_LIST = 4
# Births alive up to which labels are also kept as bits.
PLANES = 8


class Queue(NamedTuple):
    """A binary heap of the next edge of every active vertex."""

    length: Array  # (n,) float
    pair: Array  # (n,) int64, i << 32 | j
    vertex: Array  # (n,) int32
    active: Array  # (n,) bool


class Rows(NamedTuple):
    """A sorted piece of the row of every vertex, in one pool; at first its nearest neighbours. It is kept in sleep."""

    neighbour: Array  # (pool,) int32
    length: Array  # (pool,) float; looking it up in D is a cache miss
    at: Array  # (n,) int64, where the piece of a vertex starts
    size: Array  # (n,) int32
    room: Array  # (n,) int32
    next: Array  # (n,) int32, first neighbour that has not been visited
    complete: Array  # (n,) bool, whether nothing up to the radius comes behind the piece
    value: Array  # (n,) float, scratch like the next three
    index: Array  # (n,) int32
    spare_value: Array  # (n,) float
    spare_index: Array  # (n,) int32


class Labels(NamedTuple):
    """The non-zero labels at every vertex, in one pool."""

    neighbour: Array  # (pool,) int32
    id: Array  # (pool,) int32
    at: Array  # (n,) int64
    size: Array  # (n,) int32
    room: Array  # (n,) int32
    clean: Array  # (n,) int32, number of deaths when the list was last brought up to date


class Ids(NamedTuple):
    """Sets of live births and their ids.

    An id stands for a set, 0 for the empty one. `root` leads from an id to the one that now stands for its set, so two
    labels are equal exactly when their roots are the same number. Bits of a set are slots; a slot is used again after
    the death of its birth, and the row of bits after its id is gone.
    """

    root: Array  # (ids,) int32
    hash: Array  # (ids,) uint64, of a sum the sum (XOR) of the hashes
    row: Array  # (ids,) int32, row in `sets`
    place: Array  # (ids,) int32, place in `live`
    log_at: Array  # (ids,) int64, where its births, as it was made, start in the log
    live: Array  # (ids,) int32
    table: Array  # (power of two,) int32, open addressing by hash; 0 is free
    sets: Array  # (rows, words) uint64; row 0 is the empty set
    free_rows: Array  # (rows,) int32
    free_slots: Array  # (64 words,) int32
    slot_birth: Array  # (64 words,) int32
    slot_hash: Array  # (64 words,) uint64
    slot_plane: Array  # (64 words,) int32, -1 for none
    relation: Array  # (words,) uint64, scratch


class Bits(NamedTuple):
    """Neighbourhoods and labels as bits over the vertices, for vertices with many labels while few births are alive.

    64 witnesses are compared at a time: nine times faster on a loop without noise (n = 2,000), where half of all pairs cross
    the cut and have hundreds of witnesses each.
    """

    near: Array  # (n, words) uint64: of a ready vertex those nearer than the edge at hand, else at most `limit` away
    plane: Array  # (PLANES, n, words) uint64: whether the label of an edge holds a birth
    ready: Array  # (n,) bool
    limit: Array  # (n,) float, -1 where `near` says nothing
    plane_slot: Array  # (PLANES,) int32, -1 for free
    mask_id: Array  # (2 ** PLANES,) int32, id of a set of planes, 0 where it is not known


class Found(NamedTuple):
    """What the sweep found. The log holds births closed by -1."""

    birth: Array  # (m,) int32, which birth died, in the order of the deaths
    length: Array  # (m,) float
    triangle: Array  # (m, 3) int32
    log_at: Array  # (m,) int64, where its relation starts in the log
    edges: Array  # (m,) int64, labelled edges before it
    log: Array  # (pool,) int32
    edge_i: Array  # (pool,) int32, labelled edges in their order, if asked for
    edge_j: Array
    edge_id: Array


class Witnesses(NamedTuple):
    """The vertices of the lune at hand that have a label."""

    where: Array  # (n,) int32, 1 + place of a vertex among them, 0 for none
    seen: Array  # (n,) int32, the witnesses
    label_v: Array  # (n,) int32, labels of their edges to either end
    label_u: Array  # (n,) int32


class State(NamedTuple):
    """Everything `sweep` knows between two calls: n points, m births; float is the type of the distances."""

    D: Any  # (n, n) float, or Implicit
    near: Array  # (n, nearest) int32
    birth_i: Array  # (m,) int32, births in the total order
    birth_j: Array  # (m,) int32
    reg: Array  # (N_REGISTERS,) int64
    last: Array  # (1,) float, length of the last edge that was processed; its pair is reg[LAST_PAIR]
    queue: Queue
    rows: Rows
    labels: Labels
    ids: Ids
    bits: Bits
    found: Found
    witnesses: Witnesses
    row_v: Array  # (n,) float: rows of implicit distances; (0,) where D is a matrix
    row_u: Array


# ---------------------------------------------------------------------------------------------------------------------
# The total order
#
# `before` and `count_below` also stand in `_births`, word for word, because a kernel may only call kernels of its own file.


@njit_part
def before(x: Any, a: int, b: int, d: Any, i: int, j: int) -> bool:
    """Say whether the edge ab of length x comes before the edge ij of length d; i < j, while a and b may stand in any order."""
    if x != d:
        return x < d
    if a > b:
        a, b = b, a
    return a < i or (a == i and b < j)


@njit_part
def count_below(row: Array, x: Any) -> int:
    """Count the entries below x: a loop over a whole array without branches, which LLVM vectorises."""
    count = 0
    for k in range(len(row)):
        count += row[k] < x
    return count


# ---------------------------------------------------------------------------------------------------------------------
# Distances, held or computed


class Implicit(NamedTuple):
    """The arrays of `ImplicitDistances`: a pair is computed when it is asked for, always in the same order of additions."""

    coordinates: Array  # (n, c) float64
    columns: Array  # (c, n) float64, the same transposed
    offset: Array  # (n,) float64
    start: Array  # (n + 1,) int64, where the corrections of a point start
    neighbour: Array  # (e,) int64
    taken: Array  # (e,) float64
    root: Array  # (1,) bool


@njit_part
def implicit_length(D: Implicit, v: int, u: int) -> float:
    """Compute the distance of a pair."""
    if v == u:
        return 0.0
    total = 0.0
    for f in range(D.coordinates.shape[1]):
        gap = D.coordinates[v, f] - D.coordinates[u, f]
        total += gap * gap
    total += D.offset[v] + D.offset[u]
    low = D.start[v]
    high = D.start[v + 1]
    while low < high:
        middle = (low + high) >> 1
        if D.neighbour[middle] < u:
            low = middle + 1
        else:
            high = middle
    if low < D.start[v + 1] and D.neighbour[low] == u:
        total -= D.taken[low]
    total = max(total, 0.0)
    return np.sqrt(total) if D.root[0] else total


@njit_part
def implicit_row(D: Implicit, v: int, out: Array) -> None:
    """Compute all distances of a point, to the same bits: columns outermost, so that the loop over points is vectorised."""
    n = len(out)
    out[:] = 0.0
    for f in range(D.columns.shape[0]):
        column = D.columns[f]
        x = column[v]
        for k in range(n):
            gap = x - column[k]
            out[k] += gap * gap
    own = D.offset[v]
    for k in range(n):
        out[k] += own + D.offset[k]
    for q in range(D.start[v], D.start[v + 1]):
        out[D.neighbour[q]] -= D.taken[q]
    for k in range(n):
        out[k] = max(out[k], 0.0)
    if D.root[0]:
        for k in range(n):
            out[k] = np.sqrt(out[k])
    out[v] = 0.0


def pair_length(D: Any, v: int, u: int) -> Any:
    """Return the distance of a pair, held or computed."""
    return D[v, u] if isinstance(D, np.ndarray) else implicit_length(D, v, u)


def whole_row(D: Any, v: int, scratch: Array) -> Any:
    """Return the distances of a point: a view of the matrix, or computed into `scratch`."""
    if isinstance(D, np.ndarray):
        return D[v]
    implicit_row(D, v, scratch)
    return scratch


@overload(pair_length, strict=False)  # strict would compare annotations too; inline="always" lost assignments elsewhere
def _pair_length(D: Any, v: Any, u: Any) -> Any:
    if isinstance(D, types.Array):
        return lambda D, v, u: D[v, u]
    return lambda D, v, u: implicit_length(D, v, u)


@overload(whole_row, strict=False)
def _whole_row(D: Any, v: Any, scratch: Any) -> Any:
    if isinstance(D, types.Array):
        return lambda D, v, scratch: D[v]

    def computed(D: Any, v: Any, scratch: Any) -> Any:
        implicit_row(D, v, scratch)
        return scratch

    return computed


@njit
def implicit_lengths(D: Implicit, i: Array, j: Array, out: Array) -> None:
    """Compute the distances of many pairs."""
    for e in range(len(i)):
        out[e] = implicit_length(D, i[e], j[e])


# ---------------------------------------------------------------------------------------------------------------------
# Births of implicit distances
#
# They stand here and not in `_births`, because they need the lengths that the sweep computes, and to the same bits.


@njit
def implicit_nearest(
    D: Implicit,
    block: Array,
    start: int,
    norms: Array,
    slack: float,
    near: Array,
    near_square: Array,
    sure: Array,
    largest: Array,
) -> None:
    """Write near points of each row of a block, below which squared form none is missing, and the largest squared form.

    block : (b, n), -2 <t_i, t_k> by a matrix product, i = start + row; completed here to the squared form without the
        norm of i. It is off by rounding, so the points found are near, not certainly the nearest; their squared forms are
        computed anew and sorted.
    norms : (n,) squared norms of the centred coordinates with their offsets.
    """
    n = block.shape[1]
    m = near.shape[1]
    for r in range(block.shape[0]):
        i = start + r
        row = block[r]
        for k in range(n):
            row[k] += norms[k]
        for q in range(D.start[i], D.start[i + 1]):
            row[D.neighbour[q]] -= D.taken[q]
        count = 0
        worst = np.inf
        most = row[0]
        for k in range(n):
            x = row[k]
            most = max(most, x)
            if x < worst and k != i:
                q = count if count < m else m - 1
                while q > 0 and near_square[i, q - 1] > x:
                    near_square[i, q] = near_square[i, q - 1]
                    near[i, q] = near[i, q - 1]
                    q -= 1
                near_square[i, q] = x
                near[i, q] = k
                if count < m:
                    count += 1
                if count == m:
                    worst = near_square[i, m - 1]
        largest[i] = most + norms[i]
        sure[i] = (worst if m < n - 1 else np.inf) + norms[i] - slack
        for q in range(m):
            x = implicit_length(D, i, near[i, q])
            k = near[i, q]
            if D.root[0]:
                x *= x
            at = q
            while at > 0 and near_square[i, at - 1] > x:
                near_square[i, at] = near_square[i, at - 1]
                near[i, at] = near[i, at - 1]
                at -= 1
            near_square[i, at] = x
            near[i, at] = k


@njit_part
def implicit_empty_lune(D: Implicit, i: int, j: int, near: Array, sure: Array, row: Array, slack: float) -> bool:
    """Say whether no k has both ik and jk before ij (i < j); row : squared forms of i, off by at most `slack`."""
    d = implicit_length(D, i, j)
    square = d * d if D.root[0] else d
    for side in range(2):
        a = i if side == 0 else j
        b = j if side == 0 else i
        for q in range(near.shape[1]):
            k = near[a, q]
            if k == b:
                continue
            if before(implicit_length(D, a, k), a, k, d, i, j) and before(implicit_length(D, b, k), b, k, d, i, j):
                return False
        if square + slack < sure[a]:
            return True  # every point nearer to a has been tried
    for k in range(len(row)):
        if (
            row[k] <= square + slack
            and k != i
            and k != j
            and before(implicit_length(D, i, k), i, k, d, i, j)
            and before(implicit_length(D, j, k), j, k, d, i, j)
        ):
            return False
    return True


@njit
def implicit_rng(
    D: Implicit,
    block: Array,
    start: int,
    norms: Array,
    slack: float,
    square_reach: float,
    near: Array,
    sure: Array,
    by_rank: Array,
    by_rank_square: Array,
    survivors: Array,
    out_i: Array,
    out_j: Array,
) -> int:
    """Write the edges i < j of a block of rows with an empty lune and a squared form up to `square_reach`; return their number.

    block : as for `implicit_nearest`. Only where it decides by more than `slack` is it trusted; all else is computed.
    Edges that `out_i` has no room for are only counted.
    """
    n = block.shape[1]
    m = by_rank.shape[0]
    found = 0
    for r in range(block.shape[0]):
        i = start + r
        row = block[r]
        own = norms[i]
        for k in range(n):
            row[k] += norms[k] + own
        for q in range(D.start[i], D.start[i + 1]):
            row[D.neighbour[q]] -= D.taken[q]
        count = 0
        for j in range(i + 1, n):
            d = row[j] - slack
            survivors[count] = j
            count += (d <= square_reach) & ((row[by_rank[0, j]] + slack >= d) | (by_rank_square[0, j] >= d))
        for q in range(1, m):
            kept = 0
            for s in range(count):
                j = survivors[s]
                d = row[j] - slack
                survivors[kept] = j
                kept += (row[by_rank[q, j]] + slack >= d) | (by_rank_square[q, j] >= d)
            count = kept
        for s in range(count):
            j = survivors[s]
            if implicit_empty_lune(D, i, j, near, sure, row, slack):
                if found < len(out_i):
                    out_i[found] = i
                    out_j[found] = j
                found += 1
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Sets of births


@njit_part
def mix(x: int) -> Any:
    """Return 64 well-mixed bits of a number (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    z = np.uint64(x) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit_part
def table_put(ids: Ids, x: int) -> None:
    """Enter the id x under its hash."""
    table = ids.table
    mask = len(table) - 1
    at = np.int64(ids.hash[x] & np.uint64(mask))
    while table[at] != 0:
        at = (at + 1) & mask
    table[at] = x


@njit_part
def table_remove(ids: Ids, x: int) -> None:
    """Remove the id x, closing the gap so that later entries of its run stay reachable."""
    table, hashed = ids.table, ids.hash
    mask = len(table) - 1
    at = np.int64(hashed[x] & np.uint64(mask))
    while table[at] != x:
        at = (at + 1) & mask
    gap = at
    while True:
        at = (at + 1) & mask
        y = table[at]
        if y == 0:
            break
        home = np.int64(hashed[y] & np.uint64(mask))
        if ((at - home) & mask) >= ((at - gap) & mask):
            table[gap] = y
            gap = at
    table[gap] = 0


@njit_part
def table_find(ids: Ids, value: Any, words: Array) -> int:
    """Return the id of the set `words` of hash `value`, or 0; equal hashes are verified, so a collision does no harm."""
    table, hashed, sets, row = ids.table, ids.hash, ids.sets, ids.row
    mask = len(table) - 1
    at = np.int64(value & np.uint64(mask))
    while table[at] != 0:
        x = table[at]
        if hashed[x] == value:
            same = True
            for w in range(len(words)):
                same &= sets[row[x], w] == words[w]
            if same:
                return x
        at = (at + 1) & mask
    return 0


@njit_part
def find_root(root: Array, x: int) -> int:
    """Return the id that now stands for the set of x."""
    while root[x] != x:
        x = root[x]
    return x


@njit_part
def write_log(words: Array, ids: Ids, reg: Array, found: Found) -> int:
    """Write the births of a set to the log, close them with -1, and return where they start."""
    log = found.log
    slot_birth = ids.slot_birth
    start = reg[LOG_USED]
    at = start
    for w in range(len(words)):
        bits = words[w]
        slot = 64 * w
        while bits != 0:
            if bits & np.uint64(1):
                log[at] = slot_birth[slot]
                at += 1
            bits >>= np.uint64(1)
            slot += 1
    log[at] = -1
    reg[LOG_USED] = at + 1
    return start


@njit_part
def make_id(words: Array, value: Any, ids: Ids, reg: Array, found: Found) -> int:
    """Give a new id to the set `words` of hash `value`."""
    sets = ids.sets
    x = reg[N_IDS]
    reg[N_IDS] += 1
    reg[N_FREE_ROWS] -= 1
    row = ids.free_rows[reg[N_FREE_ROWS]]
    ids.root[x] = x
    ids.hash[x] = value
    ids.row[x] = row
    ids.place[x] = reg[N_LIVE_IDS]
    ids.live[reg[N_LIVE_IDS]] = x
    reg[N_LIVE_IDS] += 1
    for w in range(len(words)):
        sets[row, w] = words[w]
    table_put(ids, x)
    ids.log_at[x] = write_log(words, ids, reg, found)
    return x


@njit_part
def give_birth(ids: Ids, bits: Bits, reg: Array, found: Found) -> int:
    """Give a slot, a plane if one is free, and an id to the next birth, and return the id."""
    plane_slot = bits.plane_slot
    slot_plane = ids.slot_plane
    reg[N_FREE_SLOTS] -= 1
    slot = ids.free_slots[reg[N_FREE_SLOTS]]
    ids.slot_birth[slot] = reg[NEXT_BIRTH]
    ids.slot_hash[slot] = mix(reg[NEXT_BIRTH] + 1)
    slot_plane[slot] = -1
    for p in range(PLANES):
        if plane_slot[p] < 0:
            plane_slot[p] = slot
            slot_plane[slot] = p
            break
    if slot_plane[slot] < 0:
        if reg[N_PLAIN] == 0:
            bits.ready[:] = False
        reg[N_PLAIN] += 1
    ids.relation[:] = 0
    ids.relation[slot >> 6] = np.uint64(1) << np.uint64(slot & 63)
    reg[NEXT_BIRTH] += 1
    reg[ALIVE] += 1
    return make_id(ids.relation, ids.slot_hash[slot], ids, reg, found)


@njit_part
def youngest_slot(ids: Ids) -> int:
    """Return the slot of the youngest birth in the relation, which is not empty."""
    relation, slot_birth = ids.relation, ids.slot_birth
    best = -1
    for w in range(len(relation)):
        bits = relation[w]
        slot = 64 * w
        while bits != 0:
            if bits & np.uint64(1) and (best < 0 or slot_birth[slot] > slot_birth[best]):
                best = slot
            bits >>= np.uint64(1)
            slot += 1
    return best


@njit_part
def substitute_bits(slot: int, ids: Ids, bits: Bits, reg: Array) -> None:
    """Do to the planes what the relation does to the sets, and free the plane of `slot`."""
    ready, plane, plane_slot, near = bits.ready, bits.plane, bits.plane_slot, bits.near
    relation, id_row, live, sets, slot_plane = ids.relation, ids.row, ids.live, ids.sets, ids.slot_plane
    bits.mask_id[:] = 0
    gone = slot_plane[slot]
    if gone < 0:
        reg[N_PLAIN] -= 1
        return
    for v in range(len(ready)):
        if not ready[v]:
            continue
        for p in range(PLANES):
            other = plane_slot[p]
            if other >= 0 and other != slot and (relation[other >> 6] >> np.uint64(other & 63)) & np.uint64(1):
                for w in range(near.shape[1]):
                    plane[p, v, w] ^= plane[gone, v, w]
        plane[gone, v, :] = 0
    plane_slot[gone] = -1
    if reg[N_PLAIN] > 0:
        # No vertex is ready while some birth has no plane, so the plane can change its owner.
        for q in range(reg[N_LIVE_IDS]):
            row = id_row[live[q]]
            for w in range(len(relation)):
                left = sets[row, w]
                other = 64 * w
                while left != 0:
                    if left & np.uint64(1) and slot_plane[other] < 0:
                        slot_plane[other] = gone
                        plane_slot[gone] = other
                        reg[N_PLAIN] -= 1
                        return
                    left >>= np.uint64(1)
                    other += 1


@njit_part
def kill(value: Any, d: Any, i: int, j: int, k: int, ids: Ids, bits: Bits, reg: Array, found: Found) -> None:
    """Let the youngest birth of the relation (of hash `value`) die in the triangle ijk.

    The relation is added to every live id that holds this birth; ids that become equal are merged.
    """
    live, id_row, hashed, relation, sets, root, place, free_rows = (
        ids.live,
        ids.row,
        ids.hash,
        ids.relation,
        ids.sets,
        ids.root,
        ids.place,
        ids.free_rows,
    )
    slot = youngest_slot(ids)
    at = reg[FOUND]
    found.birth[at] = ids.slot_birth[slot]
    found.length[at] = d
    found.triangle[at, 0] = i
    found.triangle[at, 1] = j
    found.triangle[at, 2] = k
    found.log_at[at] = write_log(relation, ids, reg, found)
    found.edges[at] = reg[EDGES_USED]
    reg[FOUND] += 1
    reg[ALIVE] -= 1
    word = slot >> 6
    bit = np.uint64(1) << np.uint64(slot & 63)
    q = 0
    while q < reg[N_LIVE_IDS]:
        x = live[q]
        row = id_row[x]
        if sets[row, word] & bit == 0:
            q += 1
            continue
        table_remove(ids, x)
        empty = True
        for w in range(len(relation)):
            sets[row, w] ^= relation[w]
            empty &= sets[row, w] == 0
        hashed[x] ^= value
        y = 0 if empty else table_find(ids, hashed[x], sets[row])
        if empty or y != 0:
            root[x] = y
            reg[N_LIVE_IDS] -= 1
            last = live[reg[N_LIVE_IDS]]
            live[q] = last
            place[last] = q
            free_rows[reg[N_FREE_ROWS]] = row
            reg[N_FREE_ROWS] += 1
        else:
            table_put(ids, x)
            q += 1
    substitute_bits(slot, ids, bits, reg)
    ids.free_slots[reg[N_FREE_SLOTS]] = slot
    reg[N_FREE_SLOTS] += 1


# ---------------------------------------------------------------------------------------------------------------------
# Queue: sorted pieces of rows and a heap of their next edges


@njit_part
def sift_down(
    heap_length: Array, heap_pair: Array, heap_vertex: Array, size: int, length: Any, pair: int, vertex: int
) -> None:
    """Put an entry in the place of the first and restore the heap."""
    at = 0
    child = 1
    while child + 1 < size:
        # Which child is smaller is a coin toss, so it is added up instead of branched upon.
        child += (heap_length[child + 1] < heap_length[child]) | (
            (heap_length[child + 1] == heap_length[child]) & (heap_pair[child + 1] < heap_pair[child])
        )
        if heap_length[child] > length or (heap_length[child] == length and heap_pair[child] >= pair):
            break
        heap_length[at] = heap_length[child]
        heap_pair[at] = heap_pair[child]
        heap_vertex[at] = heap_vertex[child]
        at = child
        child = 2 * at + 1
    if child + 1 == size and (
        heap_length[child] < length or (heap_length[child] == length and heap_pair[child] < pair)
    ):
        heap_length[at] = heap_length[child]
        heap_pair[at] = heap_pair[child]
        heap_vertex[at] = heap_vertex[child]
        at = child
    heap_length[at] = length
    heap_pair[at] = pair
    heap_vertex[at] = vertex


@njit_part
def push(queue: Queue, reg: Array, length: Any, pair: int, vertex: int) -> None:
    """Add an entry to the heap."""
    queue_length, queue_pair, queue_vertex = queue.length, queue.pair, queue.vertex
    at = reg[QUEUED]
    reg[QUEUED] += 1
    while at > 0:
        up = (at - 1) >> 1
        if queue_length[up] < length or (queue_length[up] == length and queue_pair[up] <= pair):
            break
        queue_length[at] = queue_length[up]
        queue_pair[at] = queue_pair[up]
        queue_vertex[at] = queue_vertex[up]
        at = up
    queue_length[at] = length
    queue_pair[at] = pair
    queue_vertex[at] = vertex


@njit_part
def drop_first(queue: Queue, reg: Array) -> None:
    """Remove the first entry of the heap."""
    reg[QUEUED] -= 1
    size = reg[QUEUED]
    if size > 0:
        sift_down(
            queue.length, queue.pair, queue.vertex, size, queue.length[size], queue.pair[size], queue.vertex[size]
        )


@njit_part
def pair_of(a: int, b: int) -> Any:
    """Return both ends of an edge in one number, ordered like (i, j) with i < j."""
    if a < b:
        return (np.int64(a) << 32) | np.int64(b)
    return (np.int64(b) << 32) | np.int64(a)


@njit_part
def sort_pairs(value: Array, index: Array, count: int, spare_value: Array, spare_index: Array) -> None:
    """Sort by value and keep the order of equals: insertion sort of short runs, then merging from the bottom up."""
    run = 8
    for first in range(0, count, run):
        for p in range(first + 1, min(first + run, count)):
            x = value[p]
            k = index[p]
            q = p
            while q > first and value[q - 1] > x:
                value[q] = value[q - 1]
                index[q] = index[q - 1]
                q -= 1
            value[q] = x
            index[q] = k
    while run < count:
        for first in range(0, count, 2 * run):
            middle = min(first + run, count)
            last = min(first + 2 * run, count)
            if middle == last or value[middle - 1] <= value[middle]:
                continue
            # Only the left half has to leave its place.
            for q in range(middle - first):
                spare_value[q] = value[first + q]
                spare_index[q] = index[first + q]
            a = 0
            b = middle
            at = first
            while a < middle - first:
                if b < last and value[b] < spare_value[a]:
                    value[at] = value[b]
                    index[at] = index[b]
                    b += 1
                else:
                    value[at] = spare_value[a]
                    index[at] = spare_index[a]
                    a += 1
                at += 1
        run *= 2


@njit_part
def next_segment(
    v: int, last: Any, last_k: int, want: int, D: Any, radius: Any, rows: Rows, reg: Array, scratch: Array
) -> None:
    """Sort the next piece of row v, about `want` entries behind (last, last_k). The pool must have room for n."""
    neighbour, length = rows.neighbour, rows.length
    row = whole_row(D, v, scratch)
    n = len(row)
    value = rows.value
    index = rows.index
    # Counting is so much faster than moving that bisecting the length beat selection by rank (numpy.partition).
    limit = radius
    low = last
    high = radius
    base = 0
    for k in range(n):
        base += (row[k] < last) | ((row[k] == last) & (k <= last_k))
    half = value.dtype.type(0.5)
    for _ in range(24):
        middle = low + (high - low) * half
        inside = count_below(row, middle) - base
        if inside > 2 * want:
            high = middle
            limit = middle
        elif inside < want:
            low = middle
        else:
            limit = middle
            break
    count = np.int64(0)
    for k in range(n):
        x = row[k]
        value[count] = x
        index[count] = k
        count += (x <= limit) & ((x > last) | ((x == last) & (k > last_k))) & (k != v)
    rows.complete[v] = limit >= radius
    # The entries stand in the order of k, so a stable sort by length is the total order.
    sort_pairs(value, index, count, rows.spare_value, rows.spare_index)
    if count > rows.room[v]:
        rows.room[v] = min(n, 2 * count)
        rows.at[v] = reg[ROWS_USED]
        reg[ROWS_USED] += rows.room[v]
    at = rows.at[v]
    for q in range(count):
        neighbour[at + q] = index[q]
        length[at + q] = value[q]
    rows.size[v] = count


@njit_part
def wake(v: int, u: int, D: Any, radius: Any, queue: Queue, rows: Rows, reg: Array, scratch: Array) -> None:
    """Make v active: from now on all its edges behind the edge to u are visited."""
    neighbour, row_length = rows.neighbour, rows.length
    queue.active[v] = True
    i = min(v, u)
    j = max(v, u)
    d = pair_length(D, i, j)
    size = rows.size[v]
    last = neighbour[rows.at[v] + size - 1] if size > 0 else u
    if size == 0 or (not rows.complete[v] and (last == u or before(pair_length(D, v, last), v, last, d, i, j))):
        next_segment(v, d, u, np.int64(SEGMENT), D, radius, rows, reg, scratch)
    at = rows.at[v]
    low = 0
    high = rows.size[v]
    while low < high:
        middle = (low + high) >> 1
        k = neighbour[at + middle]
        if k == u or before(row_length[at + middle], v, k, d, i, j):
            low = middle + 1
        else:
            high = middle
    rows.next[v] = low
    if low < rows.size[v]:
        length = row_length[at + low]
        if length <= radius:
            push(queue, reg, length, pair_of(v, neighbour[at + low]), v)


# ---------------------------------------------------------------------------------------------------------------------
# Labels: lists, and bits for vertices with many


@njit_part
def append_label(v: int, u: int, x: int, labels: Labels, reg: Array) -> None:
    """Note at v that the edge to u has the label x. The pool must have room for twice the list."""
    size, neighbour, label = labels.size, labels.neighbour, labels.id
    if size[v] == labels.room[v]:
        room = max(FIRST_LIST, 2 * labels.room[v])
        new = reg[LABELS_USED]
        reg[LABELS_USED] += room
        at = labels.at[v]
        for q in range(size[v]):
            neighbour[new + q] = neighbour[at + q]
            label[new + q] = label[at + q]
        labels.at[v] = new
        labels.room[v] = room
    at = labels.at[v] + size[v]
    neighbour[at] = u
    label[at] = x
    size[v] += 1


@njit_part
def clean_list(v: int, root: Array, labels: Labels, reg: Array) -> None:
    """Bring the labels at v up to date and drop those that became zero."""
    size, label, neighbour = labels.size, labels.id, labels.neighbour
    labels.clean[v] = reg[FOUND]
    at = labels.at[v]
    kept = 0
    for q in range(size[v]):
        x = label[at + q]
        if root[x] != x:
            x = find_root(root, x)
        neighbour[at + kept] = neighbour[at + q]
        label[at + kept] = x
        kept += x != 0
    size[v] = kept


@njit_part
def set_planes(v: int, u: int, x: int, ids: Ids, bits: Bits) -> None:
    """Note in the planes of v that the edge to u has the label x."""
    plane_slot, plane = bits.plane_slot, bits.plane
    sets, row = ids.sets, ids.row
    for p in range(PLANES):
        slot = plane_slot[p]
        if slot >= 0:
            held = (sets[row[x], slot >> 6] >> np.uint64(slot & 63)) & np.uint64(1)
            plane[p, v, u >> 6] |= held << np.uint64(u & 63)


@njit_part
def make_ready(v: int, d: Any, i: int, j: int, D: Any, labels: Labels, ids: Ids, bits: Bits) -> None:
    """Write the neighbourhood of v before the edge ij of length d, and its labels, as bits."""
    near = bits.near
    size, neighbour, label = labels.size, labels.neighbour, labels.id
    root = ids.root
    n = near.shape[0]
    bits.ready[v] = True
    bits.limit[v] = -1
    for w in range(near.shape[1]):
        word = np.uint64(0)
        for k in range(64 * w, min(64 * w + 64, n)):
            inside = pair_length(D, v, k) < d
            if pair_length(D, v, k) == d:
                inside = k != v and before(d, v, k, d, i, j)
            word |= np.uint64(inside) << np.uint64(k & 63)
        near[v, w] = word
    near[v, v >> 6] &= ~(np.uint64(1) << np.uint64(v & 63))
    bits.plane[:, v, :] = 0
    at = labels.at[v]
    for q in range(size[v]):
        set_planes(v, neighbour[at + q], np.int64(find_root(root, label[at + q])), ids, bits)


@njit_part
def write_limit(u: int, limit: Any, D: Any, bits: Bits) -> None:
    """Write which vertices are at most `limit` from u."""
    near = bits.near
    n = near.shape[0]
    bits.limit[u] = limit
    for w in range(near.shape[1]):
        word = np.uint64(0)
        for k in range(64 * w, min(64 * w + 64, n)):
            word |= np.uint64(pair_length(D, u, k) <= limit) << np.uint64(k & 63)
        near[u, w] = word


@njit_part
def meets(v: int, u: int, d: Any, i: int, j: int, D: Any, bits: Bits) -> bool:
    """Say whether the lune of ij = vu holds a vertex with a label at v; `near` of u may hold too much."""
    near, plane_slot, plane = bits.near, bits.plane_slot, bits.plane
    for w in range(near.shape[1]):
        both = near[v, w] & near[u, w]
        held = np.uint64(0)
        for p in range(PLANES):
            if plane_slot[p] >= 0:
                held |= plane[p, v, w]
        held &= both
        k = 64 * w
        while held != 0:
            if held & np.uint64(1) and k != u and before(pair_length(D, u, k), u, k, d, i, j):
                return True
            held >>= np.uint64(1)
            k += 1
    return False


@njit_part
def agree(v: int, u: int, p: int, bits: Bits) -> int:
    """Compare the labels of both sides over the lune in one plane: 0 all equal, 1 all different, 2 the lune disagrees."""
    near, plane = bits.near, bits.plane
    same = np.uint64(0)
    different = np.uint64(0)
    for w in range(near.shape[1]):
        both = near[v, w] & near[u, w]
        x = plane[p, v, w] ^ plane[p, u, w]
        different |= both & x
        same |= both & ~x
    if different == 0:
        return 0
    return 1 if same == 0 else 2


# ---------------------------------------------------------------------------------------------------------------------
# Sweep


@njit_part
def has_zero_witness(
    v: int, u: int, i: int, j: int, count: int, D: Any, where: Array, row_v: Array, row_u: Array
) -> bool:
    """Say whether the lune of ij = vu holds more vertices than the `count` marked in `where`."""
    from_v = whole_row(D, v, row_v)
    from_u = whole_row(D, u, row_u)
    n = len(from_v)
    d = from_v[u]
    inside = 0
    for k in range(n):
        inside += (from_v[k] <= d) & (from_u[k] <= d)
    # i and j themselves count among them, and so does every vertex of the lune; others only if they tie with the edge.
    if inside == count + 2:
        return False
    for k in range(n):
        if (
            k != i
            and k != j
            and where[k] == 0
            and before(from_v[k], v, k, d, i, j)
            and before(from_u[k], u, k, d, i, j)
        ):
            return True
    return False


@njit_inline
def short_of_room(n: int, reg: Array, rows: Rows, labels: Labels, ids: Ids, found: Found) -> int:
    """Return which pool may be too small for one more edge, or BUDGET if none is."""
    if reg[LABELS_USED] + 4 * n + 4 * FIRST_LIST > len(labels.id):
        return GROW_LABELS
    if reg[ROWS_USED] + 3 * n > len(rows.neighbour):
        return GROW_ROWS
    if reg[N_IDS] + 2 > len(ids.root):
        return GROW_IDS
    if reg[N_FREE_ROWS] == 0 or reg[N_FREE_SLOTS] == 0:
        return GROW_SETS
    if log_is_short(reg, found):
        return GROW_LOG
    if reg[KEEP_EDGES] and reg[EDGES_USED] == len(found.edge_id):
        return GROW_EDGES
    return BUDGET


@njit_inline
def log_is_short(reg: Array, found: Found) -> bool:
    """Say whether the log may have no room for two more sets of births."""
    return reg[LOG_USED] + 2 * reg[ALIVE] + 8 > len(found.log)


@njit_inline
def gather(v: int, u: int, d: Any, D: Any, labels: Labels, root: Array, reg: Array, witnesses: Witnesses) -> int:
    """Write the witnesses of vu with at least one label that is not zero, and return their number.

    A labelled edge has been processed, so it comes before vu and only the other one has to be compared.
    """
    where, seen, label_v, label_u = witnesses.where, witnesses.seen, witnesses.label_v, witnesses.label_u
    list_neighbour, list_id, list_at, list_size = labels.neighbour, labels.id, labels.at, labels.size
    i = min(v, u)
    j = max(v, u)
    count = 0
    at = list_at[v]
    for q in range(list_size[v]):
        k = list_neighbour[at + q]
        seen[count] = k
        label_v[count] = list_id[at + q]
        inside = pair_length(D, u, k) < d
        if pair_length(D, u, k) == d:
            inside = before(d, u, k, d, i, j)
        count += inside
    for q in range(count):
        label_u[q] = 0
        where[seen[q]] = q + 1
    if labels.clean[u] != reg[FOUND]:
        clean_list(u, root, labels, reg)
    at = list_at[u]
    for q in range(list_size[u]):
        k = list_neighbour[at + q]
        place = where[k]
        if place != 0:
            label_u[place - 1] = list_id[at + q]
        else:
            seen[count] = k
            label_v[count] = 0
            label_u[count] = list_id[at + q]
            inside = pair_length(D, v, k) < d
            if pair_length(D, v, k) == d:
                inside = before(d, v, k, d, i, j)
            count += inside
            where[k] = count * inside
    return count


@njit_inline
def add_up(x: int, y: int, a: int, b: int, ids: Ids) -> bool:
    """Write the sum of four sets into the relation, and say whether it is empty."""
    sets, row, relation = ids.sets, ids.row, ids.relation
    empty = True
    for w in range(len(relation)):
        relation[w] = sets[row[x], w] ^ sets[row[y], w] ^ sets[row[a], w] ^ sets[row[b], w]
        empty &= relation[w] == 0
    return empty


@njit_inline
def id_of(value: Any, ids: Ids, reg: Array, found: Found) -> int:
    """Return the id of the set in the relation, of hash `value`; a new one if it has none."""
    label = table_find(ids, value, ids.relation)
    return label if label != 0 else make_id(ids.relation, value, ids, reg, found)


@njit_inline
def label_by_lists(v: int, u: int, d: Any, state: State) -> int:
    """Return the label of vu, comparing labels one by one; -1 if the log is full.

    Where two vertices of the lune disagree, their sum is a relation, and its youngest birth dies.
    """
    D, near, reg, ids, found = state.D, state.near, state.reg, state.ids, state.found
    witnesses = state.witnesses
    where, seen, label_v, label_u = witnesses.where, witnesses.seen, witnesses.label_v, witnesses.label_u
    root, id_hash = ids.root, ids.hash
    i = min(v, u)
    j = max(v, u)
    count = gather(v, u, d, D, state.labels, root, reg, state.witnesses)
    zero = False
    base = -1
    for q in range(count):
        if label_v[q] == label_u[q]:
            zero = True
        else:
            base = q
    if base >= 0 and not zero:
        # Some sum is not zero, so it matters whether any other is; the nearest are the likely ones.
        for q in range(min(8, near.shape[1])):
            k = near[v, q]
            if (
                k != u
                and where[k] == 0
                and before(pair_length(D, v, k), v, k, d, i, j)
                and before(pair_length(D, u, k), u, k, d, i, j)
            ):
                zero = True
                break
        if not zero:
            zero = has_zero_witness(v, u, i, j, count, D, where, state.row_v, state.row_u)
    for q in range(count):
        where[seen[q]] = 0
    if base < 0:
        return 0
    a = 0 if zero else label_v[base]
    b = 0 if zero else label_u[base]
    for q in range(count):
        x = np.int64(find_root(root, label_v[q]))
        y = np.int64(find_root(root, label_u[q]))
        if (x == a and y == b) or (x == b and y == a) or (x == y and a == b):
            continue
        value = id_hash[x] ^ id_hash[y] ^ id_hash[a] ^ id_hash[b]
        if add_up(x, y, a, b, ids):
            continue
        if log_is_short(reg, found):
            return -1
        kill(value, d, i, j, seen[q], ids, state.bits, reg, found)
        a = find_root(root, a)
        b = find_root(root, b)
    if a == 0 or b == 0:
        return a + b
    if a == b:
        return 0
    add_up(a, b, np.int64(0), np.int64(0), ids)
    return id_of(id_hash[a] ^ id_hash[b], ids, reg, found)


@njit_inline
def label_by_bits(
    v: int, u: int, d: Any, D: Any, radius: Any, labels: Labels, ids: Ids, bits: Bits, reg: Array, found: Found
) -> int:
    """Return the label of vu, comparing 64 witnesses at a time; -1 where they have to be looked at one by one."""
    plane_slot = bits.plane_slot
    ready, limit = bits.ready, bits.limit
    i = min(v, u)
    j = max(v, u)
    if not ready[v]:
        make_ready(v, d, i, j, D, labels, ids, bits)
    if labels.size[u] == 0 and not ready[u]:
        if limit[u] < d:
            write_limit(u, d + (radius - d) * limit.dtype.type(0.125), D, bits)
        return -1 if meets(v, u, d, i, j, D, bits) else 0
    if not ready[u]:
        make_ready(u, d, i, j, D, labels, ids, bits)
    mask = np.int64(0)
    for p in range(PLANES):
        if plane_slot[p] >= 0:
            outcome = agree(v, u, p, bits)
            if outcome == 2:
                return -1
            mask |= outcome << p
    if mask == 0:
        return 0
    if bits.mask_id[mask] == 0:
        bits.mask_id[mask] = id_of(write_mask(mask, ids, bits), ids, reg, found)
    return bits.mask_id[mask]


@njit_part
def write_mask(mask: int, ids: Ids, bits: Bits) -> Any:
    """Write the births of a set of planes into the relation, and return their hash."""
    plane_slot = bits.plane_slot
    relation, slot_hash = ids.relation, ids.slot_hash
    value = np.uint64(0)
    relation[:] = 0
    for p in range(PLANES):
        if (mask >> p) & 1:
            slot = plane_slot[p]
            relation[slot >> 6] |= np.uint64(1) << np.uint64(slot & 63)
            value ^= slot_hash[slot]
    return value


@njit_inline
def advance(v: int, u: int, d: Any, D: Any, radius: Any, queue: Queue, rows: Rows, reg: Array, scratch: Array) -> None:
    """Let the next edge of v take the place of vu, the first of the queue."""
    p = rows.next[v] + 1
    if p >= rows.size[v] and not rows.complete[v]:
        next_segment(v, d, u, min(2 * rows.size[v], LARGEST_SEGMENT), D, radius, rows, reg, scratch)
        p = 0
    rows.next[v] = p
    at = rows.at[v] + p
    if p < rows.size[v] and rows.length[at] <= radius:
        pair = pair_of(v, rows.neighbour[at])
        sift_down(queue.length, queue.pair, queue.vertex, reg[QUEUED], rows.length[at], pair, v)
    else:
        drop_first(queue, reg)


@njit_inline
def note(i: int, j: int, label: int, radius: Any, state: State) -> None:
    """Note the label of an edge at both ends, and wake them."""
    reg, found = state.reg, state.found
    if reg[KEEP_EDGES]:
        at = reg[EDGES_USED]
        found.edge_i[at] = i
        found.edge_j[at] = j
        found.edge_id[at] = label
        reg[EDGES_USED] += 1
    for side in range(2):
        v = i if side == 0 else j
        u = j if side == 0 else i
        append_label(v, u, label, state.labels, reg)
        if state.bits.ready[v]:
            set_planes(v, u, label, state.ids, state.bits)
        if not state.queue.active[v]:
            wake(v, u, state.D, radius, state.queue, state.rows, reg, state.row_v)


@njit
def sweep(state: State, radius: Any, budget: int) -> int:
    """Visit up to `budget` edges in the total order and keep the labels; return why it stopped.

    When a pool is too small it stops *before* the edge at hand is finished. What was done to that edge until then is
    done again after the pool has grown, and changes nothing the second time.
    """
    state = refer(state)
    D, birth_i, birth_j, reg, last, labels = state.D, state.birth_i, state.birth_j, state.reg, state.last, state.labels
    heap_length, heap_pair, heap_vertex, active = (
        state.queue.length,
        state.queue.pair,
        state.queue.vertex,
        state.queue.active,
    )
    list_size, list_clean, root = labels.size, labels.clean, state.ids.root
    near, ready = state.bits.near, state.bits.ready
    n_births = len(birth_i)
    for _ in range(budget):
        if reg[ALIVE] == 0 and reg[NEXT_BIRTH] == n_births:
            return DONE
        short = short_of_room(len(active), reg, state.rows, labels, state.ids, state.found)
        if short != BUDGET:
            return short
        born = False
        if reg[NEXT_BIRTH] < n_births:
            i = birth_i[reg[NEXT_BIRTH]]
            j = birth_j[reg[NEXT_BIRTH]]
            d = pair_length(D, i, j)
            pair = pair_of(i, j)
            born = reg[QUEUED] == 0 or not (heap_length[0] < d or (heap_length[0] == d and heap_pair[0] < pair))
        label = 0
        if born:
            label = give_birth(state.ids, state.bits, reg, state.found)
            reg[LAST_PAIR] = pair
            last[0] = d
        elif reg[QUEUED] == 0:
            return DONE
        else:
            v = heap_vertex[0]
            d = heap_length[0]
            pair = heap_pair[0]
            i = np.int32(pair >> 32)
            j = np.int32(pair & 0xFFFFFFFF)
            u = j if v == i else i
            if list_clean[v] != reg[FOUND]:
                clean_list(v, root, labels, reg)
            if list_size[v] == 0:
                # An edge can be non-zero only beside a non-zero edge, so v sleeps until it gets one again.
                active[v] = False
                ready[v] = False
                drop_first(state.queue, reg)
                continue
            if pair != reg[LAST_PAIR] or d != last[0]:
                label = -1
                if reg[N_PLAIN] == 0 and list_size[v] + list_size[u] >= reg[DENSE]:
                    label = label_by_bits(v, u, d, D, radius, labels, state.ids, state.bits, reg, state.found)
                if label < 0:
                    label = label_by_lists(v, u, d, state)
                if label < 0:
                    return GROW_LOG
                reg[LAST_PAIR] = pair
                last[0] = d
            if ready[v]:
                near[v, u >> 6] |= np.uint64(1) << np.uint64(u & 63)
            advance(v, u, d, D, radius, state.queue, state.rows, reg, state.row_v)
        if label != 0:
            note(i, j, label, radius, state)
    return BUDGET
