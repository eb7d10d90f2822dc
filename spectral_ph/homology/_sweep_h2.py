"""Compiled loops of the exact engine for degree 2 (`rips_h2`); they trust their arguments.

Sets of vertices are rows of 64-bit words, vertex v is bit v & 63 of word v >> 6. A cochain of degree 1 (one bit an edge) is a
row for each of its vertices, one of degree 2 (one bit a triangle) a block of n rows for each; rows and blocks are taken from a
pool when the first bit is set, and number 0 of either pool is empty, so that a vertex without one needs no branch.

As in `_sweep_h1.py`, `sweep` passes on the address of its state, which costs no reference counts.

Long because all its kernels are called by `sweep`, and a kernel may only call kernels of its own file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import njit, njit_part, refer

Array = NDArray[Any]

# Why `sweep` came back to Python.
BUDGET, DONE, GROW_LOOPS, GROW_VOIDS, GROW_EVENTS, FULL = range(6)

# Places of the scalars in `State.reg`.
# Of each pool: how many entries have been released, and behind it how many were ever taken.
EDGE, N_EVENTS, FREE_LOOPS, FREE_VOIDS, FREE_ROWS, USED_ROWS, FREE_BLOCKS, USED_BLOCKS, N_REGISTERS = range(9)

# First column of an event.
TREE, LOOP, VOID = range(3)


class Cochains(NamedTuple):
    """The live births of one degree, each with the cochain that tells it from the others; a slot each."""

    at: Array  # (slots, n) int32, row or block in the pool of every vertex, 0 for none
    birth: Array  # (slots,) int64, number of the edge that gave birth
    active: Array  # (n, slots / 64) uint64, slots with bits at a vertex
    vertices: Array  # (slots, words) uint64, vertices with bits in a slot
    free: Array  # (slots,) int32, stack of free slots
    pool: Array  # (rows, words) or (blocks, n, words) uint64
    free_pool: Array  # (rows,) or (blocks,) int32, stack of those released


class State(NamedTuple):
    """Everything the sweep knows between two edges."""

    i: Array  # (e,) int32, edges i < j in the total order
    j: Array
    near: Array  # (n, words) uint64, neighbours so far; every vertex is its own
    parent: Array  # (n,) int64, union-find
    loops: Cochains
    voids: Cochains
    event: Array  # (events, 3) int64: what ended, edge of its birth (-1), edge of its death
    heads: Array  # (n,) int64, scratch of `forest`
    children: Array  # (n, words) uint64
    component: Array  # (n,) int64
    queue: Array  # (n,) int64
    link: Array  # (words,) uint64
    rest: Array  # (words,) uint64
    value: Array  # (void slots, words) uint64: of the triangles on the edge that comes
    touched: Array  # (void slots,) int64: slots that have a `value`
    related: Array  # (void slots,) int64
    related_loops: Array  # (loop slots,) int64
    reg: Array


@njit_part
def lowest(x: Any) -> int:
    """Return the place of the lowest bit of a word that is not 0."""
    place = 0
    if x & np.uint64(0xFFFFFFFF) == 0:
        place += 32
        x >>= np.uint64(32)
    if x & np.uint64(0xFFFF) == 0:
        place += 16
        x >>= np.uint64(16)
    if x & np.uint64(0xFF) == 0:
        place += 8
        x >>= np.uint64(8)
    if x & np.uint64(0xF) == 0:
        place += 4
        x >>= np.uint64(4)
    if x & np.uint64(0x3) == 0:
        place += 2
        x >>= np.uint64(2)
    if x & np.uint64(0x1) == 0:
        place += 1
    return place


@njit_part
def bit(rows: Array, r: int, k: int) -> Any:
    """Return whether bit k of a row is set."""
    return np.int64((rows[r, k >> 6] >> np.uint64(k & 63)) & np.uint64(1))


@njit_part
def flip(rows: Array, r: int, k: int) -> None:
    """Flip bit k of a row."""
    rows[r, k >> 6] ^= np.uint64(1) << np.uint64(k & 63)


@njit_part
def block_bit(pool: Array, b: int, k: int, x: int) -> Any:
    """Return whether bit x of row k of a block is set."""
    return np.int64((pool[b, k, x >> 6] >> np.uint64(x & 63)) & np.uint64(1))


@njit_part
def flip_block(pool: Array, b: int, k: int, x: int) -> None:
    """Flip bit x of row k of a block."""
    pool[b, k, x >> 6] ^= np.uint64(1) << np.uint64(x & 63)


@njit_part
def find_root(parent: Array, x: int) -> int:
    """Return the root of x, halving the path."""
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit_part
def cone_point(near: Array, link: Array) -> int:
    """Return a vertex of the link that is joined to all others, or -1."""
    words = len(link)
    for w in range(words):
        left = link[w]
        while left:
            k = (w << 6) + lowest(left)
            left &= left - np.uint64(1)
            whole = True
            for z in range(words):
                if link[z] & ~near[k, z]:
                    whole = False
                    break
            if whole:
                return k
    return -1


@njit_part
def forest(
    near: Array, link: Array, heads: Array, children: Array, component: Array, queue: Array, rest: Array
) -> tuple[int, int]:
    """Write a spanning forest of the link, breadth first; return how many heads and how many trees it has.

    Head h is the vertex heads[h] of tree component[h] with the set children[h]; the first head of a tree is its root, every
    other head is a child of one before it.
    """
    words = len(link)
    left = 0
    for w in range(words):
        rest[w] = link[w]
        x = rest[w]
        while x:
            x &= x - np.uint64(1)
            left += 1
    n_heads, n_trees, first = 0, 0, 0
    while left:
        while rest[first] == 0:
            first += 1
        root = (first << 6) + lowest(rest[first])
        rest[first] &= rest[first] - np.uint64(1)
        left -= 1
        queue[0] = root
        done, queued = 0, 1
        while done < queued and (left or done == 0):
            k = queue[done]
            done += 1
            found = 0
            for w in range(words):
                new = rest[w] & near[k, w]
                children[n_heads, w] = new
                if new:
                    rest[w] &= ~new
                    while new:
                        queue[queued] = (w << 6) + lowest(new)
                        new &= new - np.uint64(1)
                        queued += 1
                        found += 1
            left -= found
            if found or k == root:
                heads[n_heads] = k
                component[n_heads] = n_trees
                n_heads += 1
        n_trees += 1
    return n_heads, n_trees


@njit_part
def entry(c: Cochains, reg: Array, place: int, s: int, a: int) -> int:
    """Return the row or block of vertex a in slot s, an empty one if there was none, or -1 if the pool has no more.

    place : of the pool in `reg`, FREE_ROWS or FREE_BLOCKS.
    """
    if c.at[s, a] > 0:
        return c.at[s, a]
    if reg[place] > 0:
        reg[place] -= 1
        taken = c.free_pool[reg[place]]
    elif reg[place + 1] < len(c.free_pool):
        taken = reg[place + 1]
        reg[place + 1] += 1
    else:
        return -1
    c.at[s, a] = taken
    c.active[a, s >> 6] |= np.uint64(1) << np.uint64(s & 63)
    c.vertices[s, a >> 6] |= np.uint64(1) << np.uint64(a & 63)
    c.pool[taken] = np.uint64(0)
    return c.at[s, a]


@njit_part
def release(c: Cochains, reg: Array, pool_place: int, slot_place: int, s: int) -> None:
    """Give back a slot with its rows or blocks."""
    for w in range(c.vertices.shape[1]):
        x = c.vertices[s, w]
        c.vertices[s, w] = np.uint64(0)
        while x:
            a = (w << 6) + lowest(x)
            x &= x - np.uint64(1)
            c.free_pool[reg[pool_place]] = c.at[s, a]
            reg[pool_place] += 1
            c.at[s, a] = 0
            c.active[a, s >> 6] ^= np.uint64(1) << np.uint64(s & 63)
    c.birth[s] = -1
    c.free[reg[slot_place]] = s
    reg[slot_place] += 1


@njit_part
def set_edge(c: Cochains, reg: Array, s: int, i: int, j: int) -> bool:
    """Set the bit of an edge that is not set; return False if the pool is empty."""
    of_i, of_j = entry(c, reg, FREE_ROWS, s, i), entry(c, reg, FREE_ROWS, s, j)
    if of_i < 0 or of_j < 0:
        return False
    flip(c.pool, of_i, j)
    flip(c.pool, of_j, i)
    return True


@njit_part
def add(c: Cochains, reg: Array, place: int, s: int, other: int) -> bool:
    """Add the cochain of another slot to that of s; return False if the pool is empty."""
    flat = c.pool.reshape(len(c.pool), -1)
    for w in range(c.vertices.shape[1]):
        x = c.vertices[other, w]
        while x:
            a = (w << 6) + lowest(x)
            x &= x - np.uint64(1)
            mine, theirs = entry(c, reg, place, s, a), c.at[other, a]
            if mine < 0:
                return False
            for z in range(flat.shape[1]):
                flat[mine, z] ^= flat[theirs, z]
    return True


@njit_part
def record(event: Array, reg: Array, kind: int, birth: int, death: int) -> None:
    """Write down what ended, and the edges of its birth and its death."""
    at = reg[N_EVENTS]
    event[at, 0], event[at, 1], event[at, 2] = kind, birth, death
    reg[N_EVENTS] += 1


@njit_part
def close_loops(state: State, e: int, i: int, j: int, root: int, first: int, related: Array) -> int:
    """Compare the loops through two trees of the link; return 1 if the youngest of those that differ dies, 0 if none does.

    -1 says that the pool is empty.
    """
    c, reg = state.loops, state.reg
    at, pool, active = c.at, c.pool, c.active
    count, young = 0, -1
    for w in range(active.shape[1]):
        x = active[i, w] | active[j, w]
        while x:
            s = (w << 6) + lowest(x)
            x &= x - np.uint64(1)
            through = bit(pool, at[s, i], root) ^ bit(pool, at[s, j], root)
            if through ^ bit(pool, at[s, i], first) ^ bit(pool, at[s, j], first):
                related[count] = s
                count += 1
                if young < 0 or c.birth[s] > c.birth[young]:
                    young = s
    if count == 0:
        return 0
    for r in range(count):
        if related[r] != young and not add(c, reg, FREE_ROWS, related[r], young):
            return -1
    record(state.event, reg, LOOP, c.birth[young], e)
    release(c, reg, FREE_ROWS, FREE_LOOPS, young)
    return 1


@njit_part
def spread(
    at: Array, pool: Array, s: int, i: int, j: int, heads: Array, children: Array, n_heads: int, value: Array
) -> None:
    """Write the values of slot s on the triangles ijk: 0 at the roots, elsewhere what the tetrahedra along the forest ask."""
    words = value.shape[1]
    of_i, of_j = at[s, i], at[s, j]
    for z in range(words):
        value[s, z] = np.uint64(0)
    for h in range(n_heads):
        k = heads[h]
        ones = ~np.uint64(0) if bit(value, s, k) else np.uint64(0)
        for z in range(words):
            value[s, z] |= (pool[of_i, k, z] ^ pool[of_j, k, z] ^ ones) & children[h, z]


@njit_part
def conflict(
    at: Array, pool: Array, vertices: Array, s: int, i: int, j: int, near: Array, link: Array, value: Array
) -> tuple[int, int]:
    """Return k, l of a tetrahedron ijkl on whose faces slot s does not add up to 0, or -1, -1."""
    words = len(link)
    of_i, of_j = at[s, i], at[s, j]
    for w in range(words):
        # Without a bit at k, k has only conflicts with vertices that have one.
        left = link[w] & (vertices[s, w] | value[s, w])
        while left:
            k = (w << 6) + lowest(left)
            left &= left - np.uint64(1)
            ones = ~np.uint64(0) if bit(value, s, k) else np.uint64(0)
            any_bit = np.uint64(0)
            for z in range(words):
                any_bit |= (pool[of_i, k, z] ^ pool[of_j, k, z] ^ value[s, z] ^ ones) & near[k, z] & link[z]
            if any_bit:
                for z in range(words):
                    bad = (pool[of_i, k, z] ^ pool[of_j, k, z] ^ value[s, z] ^ ones) & near[k, z] & link[z]
                    if bad:
                        return k, (z << 6) + lowest(bad)
    return -1, -1


@njit_part
def close_void(
    state: State, e: int, i: int, j: int, k: int, x: int, n_touched: int, touched: Array, related: Array
) -> int:
    """Let the youngest birth of a relation die and put the others in its place; return its slot, -1 if the pool is empty."""
    c, reg, value = state.voids, state.reg, state.value
    at, pool = c.at, c.pool
    count, young = 0, -1
    for q in range(n_touched):
        s = touched[q]
        if c.birth[s] < 0:
            continue
        face = block_bit(pool, at[s, i], k, x) ^ block_bit(pool, at[s, j], k, x)
        if face ^ bit(value, s, k) ^ bit(value, s, x):
            related[count] = s
            count += 1
            if young < 0 or c.birth[s] > c.birth[young]:
                young = s
    for r in range(count):
        s = related[r]
        if s != young:
            for z in range(value.shape[1]):
                value[s, z] ^= value[young, z]
            if not add(c, reg, FREE_BLOCKS, s, young):
                return -1
    record(state.event, reg, VOID, c.birth[young], e)
    release(c, reg, FREE_BLOCKS, FREE_VOIDS, young)
    return young


@njit_part
def write(c: Cochains, reg: Array, s: int, i: int, j: int, link: Array, value: Array) -> bool:
    """Set the bits of slot s on the triangles ijk; return False if the pool is empty.

    A cochain may be changed by a coboundary. That of the edge ij is all triangles on it, so the smaller half is written: a fifth
    less memory.
    """
    words = len(link)
    there, ones = 0, 0
    for z in range(words):
        x = link[z]
        while x:
            x &= x - np.uint64(1)
            there += 1
        x = value[s, z]
        while x:
            x &= x - np.uint64(1)
            ones += 1
    if 2 * ones > there:
        for z in range(words):
            value[s, z] ^= link[z]
        ones = there - ones
    if ones == 0:
        return True
    of_i, of_j = entry(c, reg, FREE_BLOCKS, s, i), entry(c, reg, FREE_BLOCKS, s, j)
    if of_i < 0 or of_j < 0:
        return False
    at, pool = c.at, c.pool
    for z in range(words):
        x = value[s, z]
        pool[of_i, j, z] = x
        pool[of_j, i, z] = x
        while x:
            k = (z << 6) + lowest(x)
            x &= x - np.uint64(1)
            of_k = at[s, k]
            if of_k == 0:
                of_k = entry(c, reg, FREE_BLOCKS, s, k)
            if of_k < 0:
                return False
            flip_block(pool, of_k, i, j)
            flip_block(pool, of_k, j, i)
            flip_block(pool, of_i, k, j)
            flip_block(pool, of_j, k, i)
    return True


@njit_part
def join(state: State, e: int, i: int, j: int) -> int:
    """Let an edge without a link join two components or give birth to a loop; return why it cannot, or BUDGET."""
    parent, reg, loops = state.parent, state.reg, state.loops
    if reg[FREE_LOOPS] == 0:
        return GROW_LOOPS
    a, b = find_root(parent, i), find_root(parent, j)
    if a != b:
        parent[a] = b
        record(state.event, reg, TREE, -1, e)
        return BUDGET
    reg[FREE_LOOPS] -= 1
    s = loops.free[reg[FREE_LOOPS]]
    loops.birth[s] = e
    return BUDGET if set_edge(loops, reg, s, i, j) else FULL


@njit_part
def part(state: State, e: int, i: int, j: int, n_heads: int, n_touched: int) -> int:
    """Let every tree of the link beyond the first end a loop or give birth to a void.

    The loop through both trees is one that dies, or the two cones over it enclose a void. Return how many voids are at hand
    then, -1 if the pool is empty.
    """
    heads, children, component, value, touched = (
        state.heads,
        state.children,
        state.component,
        state.value,
        state.touched,
    )
    reg, voids = state.reg, state.voids
    for h in range(1, n_heads):
        if component[h] == component[h - 1]:
            continue
        dead = close_loops(state, e, i, j, heads[h], heads[0], state.related_loops)
        if dead < 0:
            return -1
        if dead == 0:
            reg[FREE_VOIDS] -= 1
            s = voids.free[reg[FREE_VOIDS]]
            voids.birth[s] = e
            value[s] = np.uint64(0)
            flip(value, s, heads[h])
            for other in range(h, n_heads):
                if component[other] != component[h]:
                    break
                for w in range(value.shape[1]):
                    value[s, w] |= children[other, w]
            touched[n_touched] = s
            n_touched += 1
    return n_touched


@njit_part
def settle(state: State, e: int, i: int, j: int, n_old: int, n_touched: int) -> int:
    """Let voids die until all at hand add up to 0 on every tetrahedron; return the work that took, -1 if the pool is empty."""
    near, link, value, touched, related = state.near, state.link, state.value, state.touched, state.related
    at, pool, vertices, birth = state.voids.at, state.voids.pool, state.voids.vertices, state.voids.birth
    work = 0
    for q in range(n_old):
        s = touched[q]
        while birth[s] >= 0:
            # From the start again: what was put in the place of a dead birth has not been looked at.
            k, x = conflict(at, pool, vertices, s, i, j, near, link, value)
            work += len(near) >> 3
            if k < 0:
                break
            if close_void(state, e, i, j, k, x, n_touched, touched, related) < 0:
                return -1
    return work


@njit
def sweep(state: State, budget: int) -> int:
    """Let edges enter until all have, the budget of work is used up, or room runs out; return why it stopped.

    A unit of work is an edge, a head of the forest of its link for each void at hand, or an eighth of the vertices, for each time
    that a void is compared with the link.

    Before anything is changed for an edge there is room for all its births and deaths, so it can be begun again; only an
    empty pool (FULL) ends the computation.
    """
    state = refer(state)
    near, link, reg, event = state.near, state.link, state.reg, state.event
    heads, children, component, queue, rest = state.heads, state.children, state.component, state.queue, state.rest
    loops, voids, value, touched = state.loops, state.voids, state.value, state.touched
    edge_i, edge_j = state.i, state.j
    loop_at, loop_pool, loop_active = loops.at, loops.pool, loops.active
    void_at, void_pool, void_active = voids.at, voids.pool, voids.active
    words = len(link)
    work = 0
    while work < budget:
        work += 1
        e = reg[EDGE]
        if e == len(edge_i):
            return DONE
        i, j = np.int64(edge_i[e]), np.int64(edge_j[e])
        alive = len(loops.free) - reg[FREE_LOOPS] + len(voids.free) - reg[FREE_VOIDS]
        if len(event) - reg[N_EVENTS] < alive + 1:
            return GROW_EVENTS
        empty = True
        for w in range(words):
            link[w] = near[i, w] & near[j, w]
            if link[w]:
                empty = False
        if empty:
            why = join(state, e, i, j)
            if why != BUDGET:
                return why
            flip(near, i, j)
            flip(near, j, i)
            reg[EDGE] += 1
            continue
        # A cone has no homology: one tree, and nothing can disagree.
        n_heads, n_trees = 1, 1
        apex = cone_point(near, link)
        if apex >= 0:
            heads[0], component[0] = apex, 0
            for w in range(words):
                children[0, w] = link[w]
            flip(children, 0, apex)
        else:
            n_heads, n_trees = forest(near, link, heads, children, component, queue, rest)
        if reg[FREE_VOIDS] < n_trees - 1:
            return GROW_VOIDS
        flip(near, i, j)
        flip(near, j, i)
        reg[EDGE] += 1
        first = heads[0]
        n_touched = 0
        for w in range(void_active.shape[1]):
            x = void_active[i, w] | void_active[j, w]
            while x:
                s = (w << 6) + lowest(x)
                x &= x - np.uint64(1)
                spread(void_at, void_pool, s, i, j, heads, children, n_heads, value)
                touched[n_touched] = s
                n_touched += 1
        n_old = n_touched
        work += n_old * n_heads
        if n_trees > 1:
            n_touched = part(state, e, i, j, n_heads, n_touched)
            if n_touched < 0:
                return FULL
        if apex < 0 and n_old > 0:
            spent = settle(state, e, i, j, n_old, n_touched)
            if spent < 0:
                return FULL
            work += spent
        for q in range(n_touched):
            s = touched[q]
            if voids.birth[s] >= 0 and not write(voids, reg, s, i, j, link, value):
                return FULL
        for w in range(loop_active.shape[1]):
            x = loop_active[i, w] | loop_active[j, w]
            while x:
                s = (w << 6) + lowest(x)
                x &= x - np.uint64(1)
                through = bit(loop_pool, loop_at[s, i], first) ^ bit(loop_pool, loop_at[s, j], first)
                if through and not set_edge(loops, reg, s, i, j):
                    return FULL
    return BUDGET
