"""Compiled loops of the exact engine for sparse filtrations (`rips_sparse`); they trust their arguments.

Edges are numbered in the total order. The row of a vertex holds its neighbours in that order too, so the neighbours so far are a
piece from its start, and a search stops at the first edge that has not come yet.

Labels are sets of live births. An id stands for a set, 0 for the empty one; equal sets have equal ids after `find_root`. Loops
label edges (one id each), voids label triangles: a list at each of the three edges of a triangle holds the vertex across and
the id, and triangles that are labelled by the empty set are in no list.

As in `_sweep_h1.py`, `sweep` borrows the arrays of its state, so that passing them on costs no reference counts.

Long because all its kernels are called by `sweep`, and a kernel may only call kernels of its own file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectral_ph._numba import borrow, njit, njit_part
from spectral_ph.homology._links import Graph, Links

Array = NDArray[Any]

# Why `sweep` came back to Python.
BUDGET, DONE, GROW_LOOPS, GROW_VOIDS, GROW_NODES = range(5)

# What the link of an edge is, as in `_links`.
EMPTY, CONE, WHOLE, PARTS = range(4)

# Places of the scalars in `State.reg`: next edge; nodes ever taken; first free node; the edge at which parts of a link have
# been settled, and how many of them; how many vertices of the link at hand have been reached; what ran out of room; largest
# degree of homology; most neighbours of a vertex.
EDGE, NODES_USED, FREE_NODE, PARTS_EDGE, PARTS_DONE, REACHED, SHORT, DEGREE, WIDEST, N_REGISTERS = range(10)

# Places of the scalars in `Sets.reg`.
N_BIRTHS, N_IDS, POOL_USED, HOLDERS_USED, N_SET_REGISTERS = range(5)


class Sets(NamedTuple):
    """Sets of live births and their ids; births in a set stand in increasing order."""

    root: Array  # (ids,) int32, the id that now stands for the set of an id
    hash: Array  # (ids,) uint64, the sum (XOR) of the hashes of the births
    at: Array  # (ids,) int64, where the births start
    size: Array  # (ids,) int32
    room: Array  # (ids,) int32
    table: Array  # (power of two,) int32, open addressing by hash; 0 is free
    pool: Array  # int32, births of all sets
    holders: Array  # (births,) int32, first holder of a birth, 0 for none
    holder_id: Array  # int32, a set that holds or held it
    holder_next: Array  # int32
    birth: Array  # (births,) int32, edge
    death: Array  # (births,) int32, edge, -1 for none
    key: Array  # (births,) uint64, hash
    one: Array  # (births,) int32, scratch like the next two
    two: Array
    relation: Array
    reg: Array


class State(NamedTuple):
    """Everything the sweep knows between two edges."""

    graph: Graph
    links: Links
    parent: Array  # (n,) int32, union-find
    joins: Array  # (e,) bool, edges that join two components
    loops: Sets
    voids: Sets
    loop_of: Array  # (e,) int32, label of every edge
    head: Array  # (e,) int32, first node of the list at every edge, 0 for none
    node_vertex: Array  # int32, vertex across
    node_id: Array  # int32, label of the triangle
    node_next: Array  # int32
    crowd: Array  # (n,) int64, nodes in the lists at the edges of a vertex
    to_i: Array  # (n,) int32, scratch: 1 + number of the edge to i
    to_j: Array
    place: Array  # (n,) int32, 1 + place in the link
    vertex: Array  # (n,) int32, vertices of the link, in the order they are reached
    label: Array  # (2 n,) int32, label of the triangle with the vertex, -1 where it is not known
    from_i: Array  # (n,) int32, label of a triangle at i
    from_j: Array
    touched: Array  # (2 n,) int32
    outcome: Array  # (n,) int32, birth that a part of the link gave, -1 if it ended a loop
    reg: Array


# ---------------------------------------------------------------------------------------------------------------------
# Sets of births


@njit_part
def find_root(root: Array, x: int) -> int:
    """Return the root of x, halving the path."""
    while root[x] != x:
        root[x] = root[root[x]]
        x = root[x]
    return x


@njit_part
def merge(a: Array, n_a: int, b: Array, n_b: int, out: Array) -> int:
    """Write the sum over Z/2 of two sorted lists, and return its length."""
    p, q, size = 0, 0, 0
    while p < n_a and q < n_b:
        if a[p] < b[q]:
            out[size] = a[p]
            p += 1
            size += 1
        elif a[p] > b[q]:
            out[size] = b[q]
            q += 1
            size += 1
        else:
            p += 1
            q += 1
    while p < n_a:
        out[size] = a[p]
        p += 1
        size += 1
    while q < n_b:
        out[size] = b[q]
        q += 1
        size += 1
    return size


@njit_part
def add_up(s: Sets, a: int, b: int, c: int, d: int) -> int:
    """Write the sum of four sets, given by their roots, into the relation, and return how many births it has."""
    n_one = merge(s.pool[s.at[a] :], s.size[a], s.pool[s.at[b] :], s.size[b], s.one)
    n_two = merge(s.pool[s.at[c] :], s.size[c], s.pool[s.at[d] :], s.size[d], s.two)
    return merge(s.one, n_one, s.two, n_two, s.relation)


@njit_part
def value_of(s: Sets, births: Array, count: int) -> Any:
    """Return the hash of a set."""
    value = np.uint64(0)
    for q in range(count):
        value ^= s.key[births[q]]
    return value


@njit_part
def look_up(s: Sets, value: Any, births: Array, count: int) -> int:
    """Return the id of a set that is not empty, or 0 if it has none."""
    mask = np.int64(len(s.table) - 1)
    place = np.int64(value & np.uint64(mask))
    while s.table[place] != 0:
        x = s.table[place]
        if s.hash[x] == value and s.size[x] == count:
            same = True
            for q in range(count):
                if s.pool[s.at[x] + q] != births[q]:
                    same = False
                    break
            if same:
                return x
        place = (place + 1) & mask
    return 0


@njit_part
def enter(s: Sets, x: int) -> None:
    """Put an id into the table."""
    mask = np.int64(len(s.table) - 1)
    place = np.int64(s.hash[x] & np.uint64(mask))
    while s.table[place] != 0:
        place = (place + 1) & mask
    s.table[place] = x


@njit_part
def leave(s: Sets, x: int) -> None:
    """Take an id out of the table, and move up those behind it that would not be found any more."""
    mask = np.int64(len(s.table) - 1)
    gap = np.int64(s.hash[x] & np.uint64(mask))
    while s.table[gap] != x:
        gap = (gap + 1) & mask
    place = gap
    while True:
        place = (place + 1) & mask
        y = s.table[place]
        if y == 0:
            break
        wanted = np.int64(s.hash[y] & np.uint64(mask))
        if (place - wanted) & mask >= (place - gap) & mask:
            s.table[gap] = y
            gap = place
    s.table[gap] = 0


@njit
def refill(s: Sets) -> None:
    """Put all ids that stand for themselves into an empty table."""
    for x in range(1, s.reg[N_IDS]):
        if s.root[x] == x:
            enter(s, x)


@njit_part
def holds(s: Sets, x: int, birth: int) -> bool:
    """Say whether a set holds a birth."""
    low = s.at[x]
    high = low + s.size[x]
    end = high
    while low < high:
        middle = (low + high) >> 1
        if s.pool[middle] < birth:
            low = middle + 1
        else:
            high = middle
    return low < end and s.pool[low] == birth


@njit_part
def note_holder(s: Sets, birth: int, x: int) -> None:
    """Note that a set holds a birth."""
    at = s.reg[HOLDERS_USED]
    s.holder_id[at] = x
    s.holder_next[at] = s.holders[birth]
    s.holders[birth] = at
    s.reg[HOLDERS_USED] += 1


@njit_part
def store(s: Sets, x: int, births: Array, count: int) -> None:
    """Write the births of a set, at the end of the pool if they do not fit where it was."""
    if count > s.room[x]:
        s.at[x] = s.reg[POOL_USED]
        s.room[x] = count
        s.reg[POOL_USED] += count
    at = s.at[x]
    for q in range(count):
        s.pool[at + q] = births[q]
    s.size[x] = count


@njit_part
def id_of(s: Sets, births: Array, count: int) -> int:
    """Return the id of a set, a new one if it has none; -1 if there is no room."""
    if count == 0:
        return 0
    value = value_of(s, births, count)
    x = look_up(s, value, births, count)
    if x != 0:
        return x
    reg = s.reg
    if (
        reg[N_IDS] == len(s.root)
        or reg[POOL_USED] + count > len(s.pool)
        or reg[HOLDERS_USED] + count > len(s.holder_id)
    ):
        return -1
    x = reg[N_IDS]
    reg[N_IDS] += 1
    s.root[x] = x
    s.hash[x] = value
    s.room[x] = 0
    store(s, x, births, count)
    enter(s, x)
    for q in range(count):
        note_holder(s, births[q], x)
    return x


@njit_part
def total(s: Sets, a: int, b: int, c: int) -> int:
    """Return the id of the sum of three sets, -1 if there is no room."""
    a, b, c = find_root(s.root, a), find_root(s.root, b), find_root(s.root, c)
    if a == b:
        return c
    if a == c:
        return b
    if b == c:
        return a
    return id_of(s, s.relation, add_up(s, a, b, c, 0))


@njit_part
def differ(s: Sets, a: int, b: int, c: int, d: int) -> int:
    """Write the sum of four sets into the relation, and return how many births it has."""
    a, b, c, d = find_root(s.root, a), find_root(s.root, b), find_root(s.root, c), find_root(s.root, d)
    if (a == b and c == d) or (a == c and b == d) or (a == d and b == c):
        return 0
    return add_up(s, a, b, c, d)


@njit_part
def give_birth(s: Sets, e: int) -> int:
    """Let a class be born at an edge, and return the id of the set of it, -1 if there is no room."""
    b = s.reg[N_BIRTHS]
    s.birth[b] = e
    s.death[b] = -1
    s.holders[b] = 0
    s.one[0] = b
    x = id_of(s, s.one, 1)
    s.reg[N_BIRTHS] += x > 0
    return x


@njit_part
def kill(s: Sets, count: int, e: int) -> bool:
    """Let the youngest birth of the relation die, and put the others in its place; False if there is no room to."""
    young = s.relation[count - 1]
    births, holders = 0, 0
    node = s.holders[young]
    while node != 0:
        x = s.holder_id[node]
        if s.root[x] == x and holds(s, x, young):
            births += s.size[x] + count
            holders += count
        node = s.holder_next[node]
    if s.reg[POOL_USED] + births > len(s.pool) or s.reg[HOLDERS_USED] + holders > len(s.holder_id):
        return False
    value = value_of(s, s.relation, count)
    node = s.holders[young]
    while node != 0:
        x = s.holder_id[node]
        node = s.holder_next[node]
        if s.root[x] != x or not holds(s, x, young):
            continue
        leave(s, x)
        left = merge(s.pool[s.at[x] :], s.size[x], s.relation, count, s.one)
        if left == 0:
            s.root[x] = 0
            continue
        s.hash[x] ^= value
        same = look_up(s, s.hash[x], s.one, left)
        if same != 0:
            s.root[x] = same
            continue
        for q in range(count - 1):
            if not holds(s, x, s.relation[q]):
                note_holder(s, s.relation[q], x)
        store(s, x, s.one, left)
        enter(s, x)
    s.holders[young] = 0
    s.death[young] = e
    return True


@njit_part
def is_short(s: Sets, widest: int) -> bool:
    """Say whether there may be no room for what an edge can give birth to, and for a label of each triangle on it."""
    reg = s.reg
    return (
        reg[N_BIRTHS] + widest >= len(s.birth)
        or reg[N_IDS] + 3 * widest >= len(s.root)
        or reg[POOL_USED] + 3 * widest >= len(s.pool)
        or reg[HOLDERS_USED] + 3 * widest >= len(s.holder_id)
    )


# ---------------------------------------------------------------------------------------------------------------------
# Sweep


@njit_part
def mark_row(graph: Graph, v: int, e: int, to: Array) -> None:
    """Write 1 + the number of the edge to each neighbour so far of a vertex."""
    for r in range(graph.start[v], graph.start[v + 1]):
        if graph.edge[r] >= e:
            break
        to[graph.neighbour[r]] = graph.edge[r] + 1


@njit_part
def clear_row(graph: Graph, v: int, e: int, to: Array) -> None:
    """Undo `mark_row`."""
    for r in range(graph.start[v], graph.start[v + 1]):
        if graph.edge[r] >= e:
            break
        to[graph.neighbour[r]] = 0


@njit_part
def read_list(state: State, f: int, to: Array, label: Array, touched: Array, count: int) -> int:
    """Write the labels of the triangles at edge f whose third vertex is marked in `to`; return how many vertices are touched.

    Nodes of the empty set are taken out of the list on the way.
    """
    head, node_vertex, node_id, node_next = state.head, state.node_vertex, state.node_id, state.node_next
    root, reg, crowd = state.voids.root, state.reg, state.crowd
    node, before = head[f], 0
    while node != 0:
        after = node_next[node]
        x = find_root(root, node_id[node])
        if x == 0:
            if before == 0:
                head[f] = after
            else:
                node_next[before] = after
            node_next[node] = reg[FREE_NODE]
            reg[FREE_NODE] = node
            crowd[state.graph.i[f]] -= 1
            crowd[state.graph.j[f]] -= 1
        else:
            node_id[node] = x
            before = node
            k = node_vertex[node]
            if to[k] > 0:
                label[k] = x
                touched[count] = k
                count += 1
        node = after
    return count


@njit_part
def add_node(state: State, f: int, vertex: int, x: int) -> None:
    """Put a triangle with its label into the list at an edge."""
    reg = state.reg
    node = reg[FREE_NODE]
    if node != 0:
        reg[FREE_NODE] = state.node_next[node]
    else:
        node = reg[NODES_USED]
        reg[NODES_USED] += 1
    state.node_vertex[node] = vertex
    state.node_id[node] = x
    state.node_next[node] = state.head[f]
    state.head[f] = node
    state.crowd[state.graph.i[f]] += 1
    state.crowd[state.graph.j[f]] += 1


@njit_part
def add_triangle(state: State, e: int, i: int, j: int, k: int, x: int) -> None:
    """Label the triangle of the edge e = ij and the vertex k, whose edges to i and j are marked."""
    add_node(state, e, k, x)
    add_node(state, state.to_i[k] - 1, j, x)
    add_node(state, state.to_j[k] - 1, i, x)


@njit_part
def cone(state: State, e: int, i: int, j: int) -> bool:
    """Label the triangles on an edge whose link is a cone: ijk as those of i and of j with the apex and k. False: no room."""
    graph, voids = state.graph, state.voids
    to_i, to_j, from_i, from_j, touched = state.to_i, state.to_j, state.from_i, state.from_j, state.touched
    at_i, at_j = state.links.at_i[e], state.links.at_j[e]
    mark_row(graph, i, e, to_i)
    mark_row(graph, j, e, to_j)
    # A triangle with i and the apex has an edge to i, so what is left to ask is whether there is one to j.
    n_i = read_list(state, at_i, to_j, from_i, touched, 0)
    n_both = read_list(state, at_j, to_i, from_j, touched, n_i)
    # Of a vertex that is touched from both sides the second turn finds nothing left.
    fits = True
    for q in range(n_both):
        k = touched[q]
        state.label[q] = total(voids, from_i[k], from_j[k], 0) if fits else 0
        from_i[k] = from_j[k] = 0
        fits &= state.label[q] >= 0
    if fits:
        for q in range(n_both):
            if state.label[q] > 0:
                add_triangle(state, e, i, j, touched[q], state.label[q])
    clear_row(graph, i, e, to_i)
    clear_row(graph, j, e, to_j)
    return fits


@njit_part
def gather(state: State, e: int, i: int, j: int) -> int:
    """Write the vertices of the link of an edge, after both ends have been marked, and return how many there are."""
    graph, to_i, vertex, place = state.graph, state.to_i, state.vertex, state.place
    size = 0
    for r in range(graph.start[j], graph.start[j + 1]):
        if graph.edge[r] >= e:
            break
        k = graph.neighbour[r]
        if to_i[k] > 0:
            vertex[size] = k
            size += 1
            place[k] = size
    return size


@njit_part
def settle_part(state: State, e: int, part: int, first: int, root: int) -> int:
    """Let a part of a link beyond the first end a loop or give birth to a void; return the label of its root, -1 for no room.

    The loop through vertices of both parts is one that dies, or the two cones over it enclose a void. What has been done before
    the sweep ran out of room at this edge is not done again.
    """
    reg, loops, voids, loop_of = state.reg, state.loops, state.voids, state.loop_of
    to_i, to_j, outcome = state.to_i, state.to_j, state.outcome
    if reg[PARTS_EDGE] != e:
        reg[PARTS_EDGE] = e
        reg[PARTS_DONE] = 0
    if part > reg[PARTS_DONE]:
        count = differ(
            loops, loop_of[to_i[first] - 1], loop_of[to_j[first] - 1], loop_of[to_i[root] - 1], loop_of[to_j[root] - 1]
        )
        if count > 0:
            if not kill(loops, count, e):
                reg[SHORT] = GROW_LOOPS
                return -1
            outcome[part] = 0
        else:
            outcome[part] = give_birth(voids, e) if reg[DEGREE] > 1 else 0
            if outcome[part] < 0:
                return -1
        reg[PARTS_DONE] = part
    return outcome[part]


@njit_part
def spread(state: State, e: int, k: int) -> int:
    """Label what is joined to k in a link, and compare the labels of what is labelled; return the work done, -1 for no room."""
    graph, voids, label, place = state.graph, state.voids, state.label, state.place
    from_i, from_j, touched = state.from_i, state.from_j, state.touched
    f, g = state.to_i[k] - 1, state.to_j[k] - 1
    count = read_list(state, f, place, from_i, touched, 0)
    count = read_list(state, g, place, from_j, touched, count)
    own = label[k]
    work, fits = 0, True
    for r in range(graph.start[k], graph.start[k + 1]):
        if graph.edge[r] >= e:
            break
        x = graph.neighbour[r]
        work += 1
        if place[x] == 0:
            continue
        if label[x] < 0:
            label[x] = total(voids, own, from_i[x], from_j[x])
            if label[x] < 0:
                fits = False
                break
            state.vertex[state.reg[REACHED]] = x
            state.reg[REACHED] += 1
        elif own != label[x] or from_i[x] != from_j[x]:
            found = differ(voids, own, from_i[x], from_j[x], label[x])
            if found > 0:
                if not kill(voids, found, e):
                    fits = False
                    break
                own = find_root(voids.root, own)
    for q in range(count):
        from_i[touched[q]] = from_j[touched[q]] = 0
    return work if fits else -1


@njit_part
def is_plain(state: State, size: int) -> bool:
    """Say whether no triangle of either end and two vertices of the link has a label."""
    head, from_i, touched = state.head, state.from_i, state.touched
    for s in range(size):
        k = state.vertex[s]
        for side in range(2):
            f = (state.to_i[k] if side == 0 else state.to_j[k]) - 1
            if head[f] != 0:
                count = read_list(state, f, state.place, from_i, touched, 0)
                for q in range(count):
                    from_i[touched[q]] = 0
                if count > 0:
                    return False
    return True


@njit_part
def label_parts(state: State, e: int, i: int, j: int) -> int:
    """Label the vertices of a link, part by part; return the work done, -1 for no room.

    `vertex` becomes the queue; what has not been reached is found along the row of j.
    """
    graph, to_i, vertex, label, reg = state.graph, state.to_i, state.vertex, state.label, state.reg
    reg[REACHED] = 0
    done, part, work, first = 0, 0, 0, -1
    for r in range(graph.start[j], graph.start[j + 1]):
        if graph.edge[r] >= e:
            break
        root = graph.neighbour[r]
        if to_i[root] == 0 or label[root] >= 0:
            continue
        if part == 0:
            first = root
            label[root] = 0
        else:
            label[root] = settle_part(state, e, part, first, root)
            if label[root] < 0:
                return -1
        part += 1
        vertex[reg[REACHED]] = root
        reg[REACHED] += 1
        while done < reg[REACHED]:
            spent = spread(state, e, vertex[done])
            done += 1
            if spent < 0:
                return -1
            work += spent
    return work


@njit_part
def whole_link(state: State, e: int, i: int, j: int) -> int:
    """Label the triangles on an edge whose link is no cone; return the work done, -1 for no room."""
    graph, voids, place, vertex = state.graph, state.voids, state.place, state.vertex
    label, reg = state.label, state.reg
    reg[SHORT] = GROW_VOIDS
    mark_row(graph, i, e, state.to_i)
    mark_row(graph, j, e, state.to_j)
    size = gather(state, e, i, j)
    work = size
    if state.links.kind[e] == PARTS or not is_plain(state, size):
        for s in range(size):
            label[vertex[s]] = -1
        work = label_parts(state, e, i, j)
        if work >= 0 and reg[DEGREE] > 1:
            for s in range(size):
                x = find_root(voids.root, label[vertex[s]])
                if x != 0:
                    add_triangle(state, e, i, j, vertex[s], x)
    for r in range(graph.start[j], graph.start[j + 1]):
        if graph.edge[r] >= e:
            break
        place[graph.neighbour[r]] = 0
    clear_row(graph, i, e, state.to_i)
    clear_row(graph, j, e, state.to_j)
    return work


@njit
def sweep(state: State, budget: int) -> int:
    """Let edges enter until all have, the budget of work is used up, or room runs out; return why it stopped.

    A unit of work is an edge, or a neighbour that was looked at beside one whose link is no cone.

    When room runs out it stops before the edge at hand is finished. What was done to that edge until then is done again, and
    changes nothing the second time.
    """
    state = borrow(state)
    graph, links, loops, voids, reg = state.graph, state.links, state.loops, state.voids, state.reg
    parent, loop_of, head, crowd = state.parent, state.loop_of, state.head, state.crowd
    kind, at_i, at_j = links.kind, links.at_i, links.at_j
    edge_i, edge_j = graph.i, graph.j
    widest = reg[WIDEST]
    voids_too = reg[DEGREE] > 1
    work = 0
    while work < budget:
        work += 1
        e = reg[EDGE]
        if e == len(edge_i):
            return DONE
        i, j = np.int64(edge_i[e]), np.int64(edge_j[e])
        if kind[e] == EMPTY:
            if is_short(loops, 1):
                return GROW_LOOPS
            a, b = find_root(parent, i), find_root(parent, j)
            if a != b:
                parent[a] = b
                state.joins[e] = True
            else:
                loop_of[e] = give_birth(loops, e)
            reg[EDGE] += 1
            continue
        if voids_too:
            if kind[e] == CONE:
                if head[at_i[e]] != 0 or head[at_j[e]] != 0:
                    if is_short(voids, widest):
                        return GROW_VOIDS
                    if reg[NODES_USED] + 3 * widest > len(state.node_id):
                        return GROW_NODES
                    work += 1
                    if not cone(state, e, i, j):
                        return GROW_VOIDS
            elif kind[e] == PARTS or crowd[i] > 0 or crowd[j] > 0:
                if is_short(voids, widest):
                    return GROW_VOIDS
                if is_short(loops, 1):
                    return GROW_LOOPS
                if reg[NODES_USED] + 3 * widest > len(state.node_id):
                    return GROW_NODES
                spent = whole_link(state, e, i, j)
                if spent < 0:
                    return reg[SHORT]
                work += spent
        elif kind[e] == PARTS:
            if is_short(loops, 1):
                return GROW_LOOPS
            spent = whole_link(state, e, i, j)
            if spent < 0:
                return reg[SHORT]
            work += spent
        x = loop_of[at_i[e]]
        y = loop_of[at_j[e]]
        if x != 0 or y != 0:
            if is_short(loops, 1):
                return GROW_LOOPS
            x = total(loops, x, y, 0)
            if x < 0:
                return GROW_LOOPS
            loop_of[e] = x
        reg[EDGE] += 1
    return BUDGET
