"""Compiled loops of the exact H1 engine (`rips_h1`); they trust their arguments.

Edges are compared in the total order (length, i, j) with i < j everywhere. Along one row v of the distances that is the
order (length, k): the pairs (k, v) with k < v come before the pairs (v, k) with k > v, each in the order of k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import njit

# Why `sweep` came back to Python.
BUDGET, DONE, GROW_LISTS, GROW_ORDER, GROW_IDS, GROW_SETS, GROW_LOG, GROW_EDGES = range(8)

# Places of the scalars in `State.reg`; they live in an array because a named tuple of arrays cannot be written to.
(
    HEAP_SIZE,
    NEXT_BIRTH,
    ALIVE,
    FOUND,
    LAST_PAIR,
    LIST_USED,
    ORDER_USED,
    N_IDS,
    N_LIVE_IDS,
    N_FREE_ROWS,
    N_FREE_SLOTS,
    LOG_USED,
    EDGES_USED,
    KEEP_EDGES,
    N_REGISTERS,
) = range(15)

# Entries wanted of the first piece of a row that is sorted after waking, and capacity of a vertex's first list.
SEGMENT = 32
FIRST_LIST = 4


class State(NamedTuple):
    """Everything `sweep` knows between two calls. n points, m births, float is the type of the distances.

    A *class* is a set of live births; it has an id (0 is the empty set). Ids are canonical: `root` leads from an id to
    the one id that now stands for its set, so two labels are equal exactly when their roots are the same number.
    """

    D: NDArray[np.floating]  # (n, n)
    near: NDArray[np.int32]  # (n, nearest)
    birth_i: NDArray[np.int32]  # (m,) births in the total order
    birth_j: NDArray[np.int32]  # (m,)
    reg: NDArray[np.int64]  # (N_REGISTERS,)
    last_length: NDArray[np.floating]  # (1,) length of the last edge that was processed; its pair is reg[LAST_PAIR]
    # Queue: a binary heap of the next edge of every active vertex.
    heap_length: NDArray[np.floating]  # (n,)
    heap_pair: NDArray[np.int64]  # (n,) i << 32 | j
    heap_vertex: NDArray[np.int32]  # (n,)
    active: NDArray[np.bool_]  # (n,)
    # A sorted piece of the row of every vertex, in one pool; first its nearest neighbours. It is kept in sleep.
    order: NDArray[np.int32]  # pool of neighbours
    order_at: NDArray[np.int64]  # (n,) where the piece of a vertex starts
    order_len: NDArray[np.int32]  # (n,)
    order_cap: NDArray[np.int32]  # (n,)
    order_next: NDArray[np.int32]  # (n,) first neighbour that has not been visited
    order_done: NDArray[np.bool_]  # (n,) whether nothing up to the radius comes behind the piece
    row_value: NDArray[np.floating]  # (n,) scratch
    row_index: NDArray[np.int32]  # (n,) scratch
    spare_value: NDArray[np.floating]  # (n,) scratch
    spare_index: NDArray[np.int32]  # (n,) scratch
    # Non-zero labels: of every vertex the neighbours and the ids, in one pool.
    list_vertex: NDArray[np.int32]  # pool
    list_id: NDArray[np.int32]  # pool
    list_at: NDArray[np.int64]  # (n,)
    list_len: NDArray[np.int32]  # (n,)
    list_cap: NDArray[np.int32]  # (n,)
    list_clean: NDArray[np.int32]  # (n,) number of deaths when the list was last brought up to date
    # Witnesses of the edge at hand.
    where: NDArray[np.int32]  # (n,) 1 + place among the witnesses, 0 for none
    seen: NDArray[np.int32]  # (n,)
    label_v: NDArray[np.int32]  # (n,)
    label_u: NDArray[np.int32]  # (n,)
    # Ids.
    root: NDArray[np.int32]  # (ids,)
    id_hash: NDArray[np.uint64]  # (ids,)
    id_row: NDArray[np.int32]  # (ids,) row in `sets`
    id_place: NDArray[np.int32]  # (ids,) place in `live_ids`
    id_log: NDArray[np.int64]  # (ids + 1,) where the births of an id, as it was made, start in `log`
    live_ids: NDArray[np.int32]  # (ids,)
    table: NDArray[np.int32]  # open addressing by hash, size a power of two; 0 is free
    # Sets of live births as bits over slots that are used again after a death.
    sets: NDArray[np.uint64]  # (rows, words); row 0 is the empty set
    free_rows: NDArray[np.int32]
    free_slots: NDArray[np.int32]
    slot_birth: NDArray[np.int32]  # (64 words,)
    slot_hash: NDArray[np.uint64]  # (64 words,)
    relation: NDArray[np.uint64]  # (words,) scratch
    # Results.
    death_birth: NDArray[np.int32]  # (m,) which birth died, in the order of the deaths
    death_length: NDArray[np.floating]  # (m,)
    death_triangle: NDArray[np.int32]  # (m, 3)
    death_log: NDArray[np.int64]  # (m,) where the relation of a death starts in `log`; it ends with -1
    death_edges: NDArray[np.int64]  # (m,) labelled edges before a death
    log: NDArray[np.int32]  # pool
    edge_i: NDArray[np.int32]  # pool: labelled edges, if asked for
    edge_j: NDArray[np.int32]
    edge_id: NDArray[np.int32]


# ---------------------------------------------------------------------------------------------------------------------
# Relative neighbourhood graph and spanning tree


@njit
def before(x, a, b, d, i, j):  # type: ignore[no-untyped-def]
    """Whether the edge ab of length x comes before the edge ij of length d; i < j, while a and b may stand in any order."""
    if x != d:
        return x < d
    if a > b:
        a, b = b, a
    return a < i or (a == i and b < j)


@njit
def count_below(row, x):  # type: ignore[no-untyped-def]
    """How many entries are below x: a loop over a whole array without branches, which LLVM vectorises."""
    count = 0
    for k in range(len(row)):
        count += row[k] < x
    return count


@njit
def count_within(row_a, row_b, x):  # type: ignore[no-untyped-def]
    """How many places hold at most x in both rows."""
    count = 0
    for k in range(len(row_a)):
        count += (row_a[k] <= x) & (row_b[k] <= x)
    return count


@njit
def nearest(D, start, stop, near, near_length, largest):  # type: ignore[no-untyped-def]
    """For the rows start..stop: the first neighbours in the order (length, k), and the largest length of the row."""
    n = D.shape[0]
    m = near.shape[1]
    block = 128
    for i in range(start, stop):
        row = D[i]
        count = 0
        worst = row[0]
        most = row[0]
        for first in range(0, n, block):
            piece = row[first : first + block]
            # Few pieces hold one of the nearest or a new largest, and counting is vectorised (a minimum is not).
            if len(piece) - count_below(piece, most) > 0:
                for x in piece:
                    most = max(most, x)
            if count == m and count_below(piece, worst) == 0:
                continue
            for k in range(first, first + len(piece)):
                x = row[k]
                if k == i or (count == m and not x < worst):
                    continue
                q = count if count < m else m - 1
                while q > 0 and near_length[i, q - 1] > x:
                    near_length[i, q] = near_length[i, q - 1]
                    near[i, q] = near[i, q - 1]
                    q -= 1
                near_length[i, q] = x
                near[i, q] = k
                if count < m:
                    count += 1
                worst = near_length[i, count - 1]
        largest[i] = most


@njit
def empty_lune(D, i, j, near, near_length):  # type: ignore[no-untyped-def]
    """Whether no k has both ik and jk before ij (i < j)."""
    n = D.shape[0]
    m = near.shape[1]
    d = D[i, j]
    Di = D[i]
    Dj = D[j]
    for side in range(2):
        a, other = (i, Dj) if side == 0 else (j, Di)
        b = j if side == 0 else i
        for q in range(m):
            k = near[a, q]
            if not before(near_length[a, q], a, k, d, i, j):
                return True  # every vertex nearer than this one has been tried
            if k != b and before(other[k], b, k, d, i, j):
                return False
    block = 256
    for first in range(0, n, block):
        last = min(first + block, n)
        if count_within(Di[first:last], Dj[first:last], d) == 0:
            continue
        for k in range(first, last):
            if k != i and k != j and before(Di[k], i, k, d, i, j) and before(Dj[k], j, k, d, i, j):
                return False
    return True


@njit
def rng_rows(D, start, stop, radius, near, near_length, by_rank, by_rank_length, survivors, out_i, out_j):  # type: ignore[no-untyped-def]
    """Edges i < j up to `radius` with an empty lune, for the rows start..stop; returns their number.

    `by_rank` is `near` transposed. If there are more than `out_i` holds, they are counted and not written.
    """
    n = D.shape[0]
    m = by_rank.shape[0]
    found = 0
    for i in range(start, stop):
        row = D[i]
        count = 0
        # The neighbours of j are the first witnesses, because then only row i is read (it stays in the first cache);
        # the loops keep survivors without a branch, since each witness removes about half of them.
        for j in range(i + 1, n):
            d = row[j]
            survivors[count] = j
            count += (d <= radius) & ((row[by_rank[0, j]] >= d) | (by_rank_length[0, j] >= d))
        for q in range(1, m):
            kept = 0
            for s in range(count):
                j = survivors[s]
                d = row[j]
                survivors[kept] = j
                kept += (row[by_rank[q, j]] >= d) | (by_rank_length[q, j] >= d)
            count = kept
        for s in range(count):
            j = survivors[s]
            if empty_lune(D, i, j, near, near_length):
                if found < len(out_i):
                    out_i[found] = i
                    out_j[found] = j
                found += 1
    return found


@njit
def spanning_tree(edge_i, edge_j, n):  # type: ignore[no-untyped-def]
    """Which of the edges, given in the total order, join two components (Kruskal)."""
    parent = np.arange(n)
    joins = np.zeros(len(edge_i), np.bool_)
    for e in range(len(edge_i)):
        a = edge_i[e]
        b = edge_j[e]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[a] = b
            joins[e] = True
    return joins


# ---------------------------------------------------------------------------------------------------------------------
# Classes: ids, hashes, bit sets


@njit
def mix(x):  # type: ignore[no-untyped-def]
    """64 well-mixed bits of a number (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    z = np.uint64(x) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit
def table_put(table, id_hash, x):  # type: ignore[no-untyped-def]
    """Enter the id x under its hash."""
    mask = len(table) - 1
    at = np.int64(id_hash[x] & np.uint64(mask))
    while table[at] != 0:
        at = (at + 1) & mask
    table[at] = x


@njit
def table_remove(table, id_hash, x):  # type: ignore[no-untyped-def]
    """Remove the id x, closing the gap so that later entries of its run stay reachable."""
    mask = len(table) - 1
    at = np.int64(id_hash[x] & np.uint64(mask))
    while table[at] != x:
        at = (at + 1) & mask
    gap = at
    while True:
        at = (at + 1) & mask
        y = table[at]
        if y == 0:
            break
        home = np.int64(id_hash[y] & np.uint64(mask))
        if ((at - home) & mask) >= ((at - gap) & mask):
            table[gap] = y
            gap = at
    table[gap] = 0


@njit
def table_find(table, id_hash, id_row, sets, value, words):  # type: ignore[no-untyped-def]
    """The id whose set is `words` and whose hash is `value`, or 0; equal hashes are verified, so collisions do no harm."""
    mask = len(table) - 1
    at = np.int64(value & np.uint64(mask))
    while table[at] != 0:
        x = table[at]
        if id_hash[x] == value:
            row = id_row[x]
            same = True
            for w in range(len(words)):
                if sets[row, w] != words[w]:
                    same = False
                    break
            if same:
                return x
        at = (at + 1) & mask
    return 0


@njit
def find_root(root, x):  # type: ignore[no-untyped-def]
    """The id that now stands for the set of x."""
    while root[x] != x:
        x = root[x]
    return x


@njit
def forget_id(x, reg, live_ids, id_place, id_row, free_rows):  # type: ignore[no-untyped-def]
    """Take x off the list of live ids and free its row of bits."""
    last = live_ids[reg[N_LIVE_IDS] - 1]
    live_ids[id_place[x]] = last
    id_place[last] = id_place[x]
    reg[N_LIVE_IDS] -= 1
    free_rows[reg[N_FREE_ROWS]] = id_row[x]
    reg[N_FREE_ROWS] += 1


@njit
def substitute(relation, value, slot, reg, root, id_hash, id_row, id_place, live_ids, table, sets, free_rows):  # type: ignore[no-untyped-def]
    """Add the relation (bits, hash `value`) to every live id that holds `slot`, merging ids that become equal."""
    word = slot >> 6
    bit = np.uint64(1) << np.uint64(slot & 63)
    words = sets.shape[1]
    q = 0
    while q < reg[N_LIVE_IDS]:
        x = live_ids[q]
        row = id_row[x]
        if sets[row, word] & bit == 0:
            q += 1
            continue
        table_remove(table, id_hash, x)
        empty = True
        for w in range(words):
            sets[row, w] ^= relation[w]
            empty &= sets[row, w] == 0
        id_hash[x] ^= value
        y = 0 if empty else table_find(table, id_hash, id_row, sets, id_hash[x], sets[row])
        if empty or y != 0:
            root[x] = y
            forget_id(x, reg, live_ids, id_place, id_row, free_rows)
        else:
            table_put(table, id_hash, x)
            q += 1


@njit
def make_id(words, value, reg, root, id_hash, id_row, id_place, id_log, live_ids, table, sets, free_rows, slot_birth, log):  # type: ignore[no-untyped-def]
    """Give a new id to the set `words`, and log its births."""
    x = reg[N_IDS]
    reg[N_IDS] += 1
    reg[N_FREE_ROWS] -= 1
    row = free_rows[reg[N_FREE_ROWS]]
    root[x] = x
    id_hash[x] = value
    id_row[x] = row
    id_place[x] = reg[N_LIVE_IDS]
    live_ids[reg[N_LIVE_IDS]] = x
    reg[N_LIVE_IDS] += 1
    for w in range(len(words)):
        sets[row, w] = words[w]
    table_put(table, id_hash, x)
    id_log[x] = reg[LOG_USED]
    log_births(words, slot_birth, reg, log)
    return x


@njit
def log_births(words, slot_birth, reg, log):  # type: ignore[no-untyped-def]
    """Write the births of a set to the log and close them with -1."""
    at = reg[LOG_USED]
    for w in range(len(words)):
        bits = words[w]
        b = 0
        while bits != 0:
            if bits & np.uint64(1):
                log[at] = slot_birth[64 * w + b]
                at += 1
            bits >>= np.uint64(1)
            b += 1
    log[at] = -1
    reg[LOG_USED] = at + 1


@njit
def youngest_slot(words, slot_birth):  # type: ignore[no-untyped-def]
    """The slot of the youngest birth in a set that is not empty."""
    best = -1
    for w in range(len(words)):
        bits = words[w]
        b = 0
        while bits != 0:
            if bits & np.uint64(1) and (best < 0 or slot_birth[64 * w + b] > slot_birth[best]):
                best = 64 * w + b
            bits >>= np.uint64(1)
            b += 1
    return best


# ---------------------------------------------------------------------------------------------------------------------
# Queue: sorted rows and a heap of their next edges


@njit
def sift_down(heap_length, heap_pair, heap_vertex, size, length, pair, vertex):  # type: ignore[no-untyped-def]
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


@njit
def sift_up(heap_length, heap_pair, heap_vertex, size, length, pair, vertex):  # type: ignore[no-untyped-def]
    """Append an entry to a heap of `size` entries."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if heap_length[up] < length or (heap_length[up] == length and heap_pair[up] <= pair):
            break
        heap_length[at] = heap_length[up]
        heap_pair[at] = heap_pair[up]
        heap_vertex[at] = heap_vertex[up]
        at = up
    heap_length[at] = length
    heap_pair[at] = pair
    heap_vertex[at] = vertex


@njit
def pop_first(reg, heap_length, heap_pair, heap_vertex):  # type: ignore[no-untyped-def]
    """Remove the first entry of the heap."""
    size = reg[HEAP_SIZE] - 1
    reg[HEAP_SIZE] = size
    if size > 0:
        sift_down(heap_length, heap_pair, heap_vertex, size, heap_length[size], heap_pair[size], heap_vertex[size])


@njit
def pair_of(a, b):  # type: ignore[no-untyped-def]
    """Both ends of an edge in one number, ordered like (i, j) with i < j."""
    if a < b:
        return (np.int64(a) << 32) | np.int64(b)
    return (np.int64(b) << 32) | np.int64(a)


@njit
def sort_pairs(value, index, count, spare_value, spare_index):  # type: ignore[no-untyped-def]
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


@njit
def next_segment(v, last, last_k, want, D, radius, reg, order, order_at, order_len, order_cap, order_done, value, index, spare_value, spare_index):  # type: ignore[no-untyped-def]
    """Sort the next piece of row v, at least `want` entries behind (last, last_k). The pool must have room for n."""
    n = D.shape[0]
    row = D[v]
    # Counting is so much faster than moving that bisecting the length beats every selection by rank.
    limit = radius
    low = last
    high = radius
    base = count_below(row, last)
    for _ in range(24):
        middle = low + (high - low) / 2
        inside = count_below(row, middle) - base
        if inside > 2 * want:
            high = middle
            limit = middle
        elif inside < want:
            low = middle
        else:
            limit = middle
            break
    count = 0
    for k in range(n):
        x = row[k]
        value[count] = x
        index[count] = k
        count += (x <= limit) & ((x > last) | ((x == last) & (k > last_k))) & (k != v)
    order_done[v] = limit >= radius
    # The entries stand in the order of k, so a stable sort by length is the total order.
    sort_pairs(value, index, count, spare_value, spare_index)
    if count > order_cap[v]:
        order_cap[v] = min(n, 2 * count)
        order_at[v] = reg[ORDER_USED]
        reg[ORDER_USED] += order_cap[v]
    at = order_at[v]
    for q in range(count):
        order[at + q] = index[q]
    order_len[v] = count


@njit
def wake(v, i, j, D, radius, reg, heap_length, heap_pair, heap_vertex, active, order, order_at, order_len, order_cap, order_next, order_done, value, index, spare_value, spare_index):  # type: ignore[no-untyped-def]
    """Make v active: from now on all its edges after ij are visited."""
    active[v] = True
    d = D[i, j]
    row = D[v]
    u = j if v == i else i
    have = order_len[v]
    k = order[order_at[v] + have - 1] if have > 0 else u
    if have == 0 or (not order_done[v] and (k == u or before(row[k], v, k, d, i, j))):
        next_segment(
            v, d, u, SEGMENT, D, radius, reg, order, order_at, order_len, order_cap, order_done, value, index,
            spare_value, spare_index,
        )  # fmt: skip
    at = order_at[v]
    low = 0
    high = order_len[v]
    while low < high:
        middle = (low + high) >> 1
        k = order[at + middle]
        if k == u or before(row[k], v, k, d, i, j):
            low = middle + 1
        else:
            high = middle
    order_next[v] = low
    if low < order_len[v] and row[order[at + low]] <= radius:
        k = order[at + low]
        sift_up(heap_length, heap_pair, heap_vertex, reg[HEAP_SIZE], row[k], pair_of(v, k), v)
        reg[HEAP_SIZE] += 1


@njit
def append_label(v, u, x, reg, list_vertex, list_id, list_at, list_len, list_cap):  # type: ignore[no-untyped-def]
    """Note at v that the edge to u has the label x. The pool must have room for twice the list."""
    if list_len[v] == list_cap[v]:
        cap = max(FIRST_LIST, 2 * list_cap[v])
        new = reg[LIST_USED]
        reg[LIST_USED] += cap
        at = list_at[v]
        for q in range(list_len[v]):
            list_vertex[new + q] = list_vertex[at + q]
            list_id[new + q] = list_id[at + q]
        list_at[v] = new
        list_cap[v] = cap
    at = list_at[v] + list_len[v]
    list_vertex[at] = u
    list_id[at] = x
    list_len[v] += 1


@njit
def clean_list(v, root, list_vertex, list_id, list_at, list_len, list_clean, reg):  # type: ignore[no-untyped-def]
    """Bring the labels at v up to date and drop those that became zero."""
    list_clean[v] = reg[FOUND]
    at = list_at[v]
    kept = 0
    for q in range(list_len[v]):
        x = list_id[at + q]
        if root[x] != x:
            x = find_root(root, x)
        list_vertex[at + kept] = list_vertex[at + q]
        list_id[at + kept] = x
        kept += x != 0
    list_len[v] = kept


# ---------------------------------------------------------------------------------------------------------------------
# Sweep


@njit
def has_zero_witness(v, u, i, j, count, D, where):  # type: ignore[no-untyped-def]
    """Whether the lune of ij = vu holds more vertices than the `count` marked in `where`."""
    n = D.shape[0]
    d = D[i, j]
    inside = 0
    for k in range(n):
        inside += (D[v, k] <= d) & (D[u, k] <= d)
    # i and j themselves count among them, and so does every vertex of the lune; others only if they tie with the edge.
    if inside == count + 2:
        return False
    for k in range(n):
        if k != i and k != j and where[k] == 0 and before(D[v, k], v, k, d, i, j) and before(D[u, k], u, k, d, i, j):
            return True
    return False


@njit
def sweep(D, near, birth_i, birth_j, reg, last_length, heap_length, heap_pair, heap_vertex, active, order, order_at, order_len, order_cap, order_next, order_done, row_value, row_index, spare_value, spare_index, list_vertex, list_id, list_at, list_len, list_cap, list_clean, where, seen, label_v, label_u, root, id_hash, id_row, id_place, id_log, live_ids, table, sets, free_rows, free_slots, slot_birth, slot_hash, relation, death_birth, death_length, death_triangle, death_log, death_edges, log, edge_i, edge_j, edge_id, radius, budget):  # type: ignore[no-untyped-def]
    """Visit up to `budget` edges in the total order and keep the labels; returns why it stopped.

    When a pool is too small it stops *before* the edge at hand is finished. What was done to that edge until then is
    done again after the pool has grown, and changes nothing the second time.
    """
    n = D.shape[0]
    n_births = len(birth_i)
    words = sets.shape[1]
    for _ in range(budget):
        if reg[ALIVE] == 0 and reg[NEXT_BIRTH] == n_births:
            return DONE
        if reg[LIST_USED] + 4 * n + 4 * FIRST_LIST > len(list_id):
            return GROW_LISTS
        if reg[ORDER_USED] + 3 * n > len(order):
            return GROW_ORDER
        if reg[N_IDS] + 1 > len(root) - 1:
            return GROW_IDS
        if reg[N_FREE_ROWS] == 0 or reg[N_FREE_SLOTS] == 0:
            return GROW_SETS
        if reg[LOG_USED] + 2 * reg[ALIVE] + 8 > len(log):
            return GROW_LOG
        if reg[KEEP_EDGES] and reg[EDGES_USED] == len(edge_id):
            return GROW_EDGES

        born = False
        if reg[NEXT_BIRTH] < n_births:
            i = birth_i[reg[NEXT_BIRTH]]
            j = birth_j[reg[NEXT_BIRTH]]
            d = D[i, j]
            born = reg[HEAP_SIZE] == 0 or not (
                heap_length[0] < d or (heap_length[0] == d and heap_pair[0] < pair_of(i, j))
            )
        label = 0
        if born:
            reg[N_FREE_SLOTS] -= 1
            slot = free_slots[reg[N_FREE_SLOTS]]
            slot_birth[slot] = reg[NEXT_BIRTH]
            slot_hash[slot] = mix(reg[NEXT_BIRTH] + 1)
            for w in range(words):
                relation[w] = 0
            relation[slot >> 6] = np.uint64(1) << np.uint64(slot & 63)
            label = make_id(
                relation, slot_hash[slot], reg, root, id_hash, id_row, id_place, id_log, live_ids, table,
                sets, free_rows, slot_birth, log,
            )  # fmt: skip
            reg[NEXT_BIRTH] += 1
            reg[ALIVE] += 1
            reg[LAST_PAIR] = pair_of(i, j)
            last_length[0] = d
        else:
            if reg[HEAP_SIZE] == 0:
                return DONE
            v = heap_vertex[0]
            d = heap_length[0]
            pair = heap_pair[0]
            i = np.int32(pair >> 32)
            j = np.int32(pair & 0xFFFFFFFF)
            u = j if v == i else i
            if list_clean[v] != reg[FOUND]:
                clean_list(v, root, list_vertex, list_id, list_at, list_len, list_clean, reg)
            if list_len[v] == 0:
                # An edge can be non-zero only beside a non-zero edge, so v sleeps until it gets one again.
                active[v] = False
                pop_first(reg, heap_length, heap_pair, heap_vertex)
                continue
            if pair != reg[LAST_PAIR] or d != last_length[0]:
                # Witnesses of which at least one of the two labels is not zero. A labelled edge has been processed,
                # so it comes before ij and only the other one has to be compared.
                count = 0
                zero = True
                differ = False
                at = list_at[v]
                for q in range(list_len[v]):
                    # Written in any case and kept by counting: whether a neighbour is in the lune is a coin toss.
                    k = list_vertex[at + q]
                    seen[count] = k
                    label_v[count] = list_id[at + q]
                    inside = D[u, k] < d
                    if D[u, k] == d:
                        inside = before(d, u, k, d, i, j)
                    count += inside
                for q in range(count):
                    label_u[q] = 0
                    where[seen[q]] = q + 1
                if list_clean[u] != reg[FOUND]:
                    clean_list(u, root, list_vertex, list_id, list_at, list_len, list_clean, reg)
                at = list_at[u]
                for q in range(list_len[u]):
                    k = list_vertex[at + q]
                    place = where[k]
                    if place != 0:
                        label_u[place - 1] = list_id[at + q]
                    else:
                        seen[count] = k
                        label_v[count] = 0
                        label_u[count] = list_id[at + q]
                        inside = D[v, k] < d
                        if D[v, k] == d:
                            inside = before(d, v, k, d, i, j)
                        count += inside
                        where[k] = count * inside
                base = 0
                for q in range(count):
                    if label_v[q] != label_u[q]:
                        differ = True
                        base = q
                a = 0
                b = 0
                if differ:
                    # Not all is zero, so it matters whether any witness is.
                    zero = False
                    for q in range(count):
                        zero |= label_v[q] == label_u[q]
                    if not zero:
                        for q in range(min(8, near.shape[1])):
                            k = near[v, q]
                            if (
                                k != u
                                and where[k] == 0
                                and before(D[v, k], v, k, d, i, j)
                                and before(D[u, k], u, k, d, i, j)
                            ):
                                zero = True
                                break
                    if not zero:
                        zero = has_zero_witness(v, u, i, j, count, D, where)
                for q in range(count):
                    where[seen[q]] = 0
                if differ:
                    if not zero:
                        a = label_v[base]
                        b = label_u[base]
                    for q in range(count):
                        x = find_root(root, label_v[q])
                        y = find_root(root, label_u[q])
                        if (x == a and y == b) or (x == b and y == a) or (zero and x == y):
                            continue
                        value = id_hash[x] ^ id_hash[y] ^ id_hash[a] ^ id_hash[b]
                        empty = True
                        for w in range(words):
                            relation[w] = (
                                sets[id_row[x], w]
                                ^ sets[id_row[y], w]
                                ^ sets[id_row[a], w]
                                ^ sets[id_row[b], w]
                            )
                            empty &= relation[w] == 0
                        if empty:
                            continue
                        if reg[LOG_USED] + 2 * reg[ALIVE] + 8 > len(log):
                            return GROW_LOG
                        slot = youngest_slot(relation, slot_birth)
                        found = reg[FOUND]
                        death_birth[found] = slot_birth[slot]
                        death_length[found] = d
                        death_triangle[found, 0] = i
                        death_triangle[found, 1] = j
                        death_triangle[found, 2] = seen[q]
                        death_log[found] = reg[LOG_USED]
                        death_edges[found] = reg[EDGES_USED]
                        log_births(relation, slot_birth, reg, log)
                        reg[FOUND] += 1
                        reg[ALIVE] -= 1
                        substitute(
                            relation, value, slot, reg, root, id_hash, id_row, id_place, live_ids, table,
                            sets, free_rows,
                        )  # fmt: skip
                        free_slots[reg[N_FREE_SLOTS]] = slot
                        reg[N_FREE_SLOTS] += 1
                        a = find_root(root, a)
                        b = find_root(root, b)
                    if a == 0 or b == 0:
                        label = a + b
                    elif a != b:
                        value = id_hash[a] ^ id_hash[b]
                        for w in range(words):
                            relation[w] = sets[id_row[a], w] ^ sets[id_row[b], w]
                        label = table_find(table, id_hash, id_row, sets, value, relation)
                        if label == 0:
                            label = make_id(
                                relation, value, reg, root, id_hash, id_row, id_place, id_log, live_ids,
                                table, sets, free_rows, slot_birth, log,
                            )  # fmt: skip
                reg[LAST_PAIR] = pair
                last_length[0] = d
            # The next edge of v takes the place of this one.
            p = order_next[v] + 1
            if p >= order_len[v] and not order_done[v]:
                next_segment(
                    v, d, u, 2 * order_len[v], D, radius, reg, order, order_at, order_len, order_cap,
                    order_done, row_value, row_index, spare_value, spare_index,
                )  # fmt: skip
                p = 0
            order_next[v] = p
            if p < order_len[v] and D[v, order[order_at[v] + p]] <= radius:
                k = order[order_at[v] + p]
                sift_down(heap_length, heap_pair, heap_vertex, reg[HEAP_SIZE], D[v, k], pair_of(v, k), v)
            else:
                pop_first(reg, heap_length, heap_pair, heap_vertex)
        if label != 0:
            append_label(i, j, label, reg, list_vertex, list_id, list_at, list_len, list_cap)
            append_label(j, i, label, reg, list_vertex, list_id, list_at, list_len, list_cap)
            if reg[KEEP_EDGES]:
                at = reg[EDGES_USED]
                edge_i[at] = i
                edge_j[at] = j
                edge_id[at] = label
                reg[EDGES_USED] += 1
            for side in range(2):
                v = i if side == 0 else j
                if not active[v]:
                    wake(
                        v, i, j, D, radius, reg, heap_length, heap_pair, heap_vertex, active, order, order_at,
                        order_len, order_cap, order_next, order_done, row_value, row_index,
                        spare_value, spare_index,
                    )  # fmt: skip
    return BUDGET
