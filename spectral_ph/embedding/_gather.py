"""Kernels of stochastic contrastive embeddings in gather form: every point makes its own updates.

A head i goes through the row i of the graph and writes its own row only. All other points are read as they were at the start
of a block of consecutive heads, and random numbers are a hash of seed, epoch and head. So the result has the same bits at any
number of threads. An edge of weight w is drawn floor((e + 1) w) - floor(e w) times in epoch e. The expected step of a head is
the step of gradient descent on the loss: where a loss moves both ends of a pair, the head moves twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spectral_ph._numba import borrow, njit_inline, njit_parallel, njit_part, prange
from spectral_ph._types import FloatArray, IntArray

CAUCHY, POWER, COSINE = 0, 1, 2

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)

CLIP = 4.0  # of a gradient, a coordinate, as in umap-learn


class Kernel(NamedTuple):
    """The similarity q of two points by their squared distance X."""

    kind: int  # CAUCHY: 1 / (eps + X); POWER: the odds of 1 / (1 + a X^b); COSINE: exp((1 - X / 2) / temperature)
    a: float
    b: float
    floor: float  # is added to X in front of the repulsion only
    eps: float
    temperature: float


class Rows(NamedTuple):
    """The csr arrays of a graph."""

    indptr: IntArray
    indices: IntArray
    weights: FloatArray  # at most 1
    heads: IntArray  # (nnz,) the row of every entry


class Plan(NamedTuple):
    """How an epoch goes."""

    n_negatives: int
    rate: float  # meetings of a head an epoch; below 0: n_negatives for each of its edges that is drawn
    repulsion: float  # steps for each negative: 2 where the loss moves both ends, 1 where the other is left alone
    learns: bool  # whether log c follows the data, as noise-contrastive estimation has it
    exaggeration: float
    joint: bool  # whether the negatives of InfoNCE are pairs of their own
    scale: float  # one over the mean weight of an edge
    blocks: int


@njit_inline
def mix(x: np.uint64) -> np.uint64:
    """Scramble 64 bits: the finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    x = (x ^ (x >> S30)) * MIX_1
    x = (x ^ (x >> S27)) * MIX_2
    return x ^ (x >> S31)


@njit_inline
def stream(seed: np.uint64, epoch: int, head: int) -> np.uint64:
    """Return the state from which the draws of a head in an epoch follow."""
    state = mix(seed + GOLDEN * np.uint64(epoch + 1))
    return mix(state ^ (GOLDEN * np.uint64(head + 1)))


@njit_inline
def below(state: np.uint64, n: int) -> int:
    """Return a whole number in [0, n), n < 2^32, from the state; the caller adds `GOLDEN` to the state after it."""
    return np.int64(((mix(state) >> S32) * np.uint64(n)) >> S32)  # type: ignore[return-value]


@njit_inline
def other(state: np.uint64, n: int, i: int) -> int:
    """Return a whole number in [0, n) that is not i."""
    k = below(state, n - 1)
    return k + 1 if k >= i else k


@njit_inline
def gap(one: FloatArray, i: int, two: FloatArray, j: int) -> float:
    """Return the squared distance of two rows."""
    total = 0.0
    for f in range(one.shape[1]):
        total += (one[i, f] - two[j, f]) ** 2
    return total


@njit_inline
def similarity(X: float, kernel: Kernel) -> float:
    """Return q."""
    if kernel.kind == CAUCHY:
        return 1.0 / (kernel.eps + X)
    return float(np.exp((1.0 - X / 2.0) / kernel.temperature))


@njit_inline
def steepness(X: float, kernel: Kernel) -> float:
    """Return -2 d log(q) / dX."""
    if kernel.kind == CAUCHY:
        return 2.0 / (kernel.eps + X)
    return 1.0 / kernel.temperature


@njit_inline
def power(X: float, b: float) -> float:
    """Return X^b; a logarithm and an exponential take less time than a power."""
    return X if b == 1.0 else float(np.exp(b * np.log(X)))


@njit_inline
def pull(X: float, c: float, kernel: Kernel) -> float:
    """Return the attraction along an edge, twice the derivative of log(1 + c / q) by X."""
    if kernel.kind == CAUCHY:
        return 2.0 * c / (1.0 + c * (kernel.eps + X))
    if kernel.kind == POWER:
        if X <= 0.0:
            return 0.0
        grown = power(X, kernel.b)
        return 2.0 * kernel.a * kernel.b * (grown / X) / (1.0 + kernel.a * grown)
    return c / (similarity(X, kernel) + c) / kernel.temperature


@njit_inline
def push(X: float, c: float, kernel: Kernel) -> float:
    """Return the repulsion from a negative, minus twice the derivative of log(1 + q / c) by X."""
    if X <= 0.0:
        return 0.0  # which way, nobody could say
    if kernel.kind == CAUCHY:
        s = kernel.eps + X
        return 2.0 / ((kernel.floor + s) * (1.0 + c * s))
    if kernel.kind == POWER:
        return 2.0 * kernel.b / ((kernel.floor + X) * (1.0 + kernel.a * power(X, kernel.b)))
    q = similarity(X, kernel)
    return q / (q + c) / kernel.temperature


@njit_inline
def clip(x: float, most: float) -> float:
    """Return x within [-most, most]."""
    return min(max(x, -most), most)


@njit_inline
def on_sphere(Y: FloatArray, i: int) -> None:
    """Scale a row to length 1."""
    total = 0.0
    for f in range(Y.shape[1]):
        total += Y[i, f] ** 2
    scale = 1.0 / np.sqrt(total)
    for f in range(Y.shape[1]):
        Y[i, f] *= scale


@njit_inline
def pulled(Y: FloatArray, i: int, frozen: FloatArray, j: int, g: float, step: float, kind: int) -> None:
    """Move the head along an edge: the proximal step, in which the ends meet half-way at most.

    The two directions of an edge are drawn equally often, so the plain step would be 2 step g. Both ends make it, and
    together they would overshoot. The backward Euler step of their distance divides it by 1 + 4 step g.
    """
    share = 2.0 * step * g / (1.0 + 4.0 * step * g)
    most = 2.0 * CLIP * step
    for f in range(Y.shape[1]):
        Y[i, f] += clip(share * (frozen[j, f] - Y[i, f]), most)
    if kind == COSINE:
        on_sphere(Y, i)


@njit_inline
def pushed(Y: FloatArray, i: int, frozen: FloatArray, k: int, g: float, step: float, kind: int) -> None:
    """Move the head away from a point."""
    for f in range(Y.shape[1]):
        Y[i, f] += step * clip(g * (Y[i, f] - frozen[k, f]), CLIP)
    if kind == COSINE:
        on_sphere(Y, i)


@njit_inline
def times(weight: float, epoch: int) -> int:
    """Return how often something of this rate comes up in an epoch."""
    return int(np.floor((epoch + 1) * weight)) - int(np.floor(epoch * weight))


@njit_part
def move_by_pairs(
    i: int,
    Y: FloatArray,
    frozen: FloatArray,
    rows: Rows,
    kernel: Kernel,
    plan: Plan,
    c: float,
    step: float,
    seed: np.uint64,
    epoch: int,
    slopes: FloatArray,
) -> None:
    """Make the updates of one head for a loss that is a sum over pairs; see `epoch_of_pairs`."""
    rows = borrow(rows)
    n = len(frozen)
    first, last = rows.indptr[i], rows.indptr[i + 1]
    drawn = 0
    for p in range(first, last):
        drawn += times(rows.weights[p], epoch)
    meetings = plan.n_negatives * drawn if plan.rate < 0 else times(plan.rate, epoch)
    if first == last:
        return
    state = stream(seed, epoch, i)
    done, met, p, left = 0, 0, first, 0
    slope, curvature = 0.0, 0.0
    while done < drawn or met < meetings:
        if done < drawn:
            while left == 0:
                left = times(rows.weights[p], epoch)
                p += 1
            j = rows.indices[p - 1]
            X = gap(Y, i, frozen, j)
            if plan.learns:
                q = similarity(X, kernel)
                slope += c / (q + c)
                curvature += q * c / (q + c) ** 2
            pulled(Y, i, frozen, j, pull(X, c, kernel), step, kernel.kind)
            left -= 1
            done += 1
        goal = meetings * done // drawn if drawn > 0 else meetings
        while met < goal:
            k = below(state, n)
            state += GOLDEN
            met += 1
            if k == i:
                continue
            X = gap(Y, i, frozen, k)
            if plan.learns:
                q = similarity(X, kernel)
                slope -= q / (q + c)
                curvature += q * c / (q + c) ** 2
            pushed(Y, i, frozen, k, push(X, c, kernel), plan.repulsion * step, kernel.kind)
    slopes[i, 0] = slope
    slopes[i, 1] = curvature


@njit_parallel
def epoch_of_pairs(
    Y: FloatArray,
    frozen: FloatArray,
    rows: Rows,
    kernel: Kernel,
    plan: Plan,
    c: FloatArray,
    step: float,
    seed: np.uint64,
    epoch: int,
    slopes: FloatArray,
) -> None:
    """Run one epoch of UMAP, Neg-t-SNE or NC-t-SNE.

    Y, frozen : (n, d) two copies of the points, written.
    c : (1,) noise per pair in the unit of q, learned if plan.learns. step : learning rate.
    slopes : (n, 2), written: first and second derivative of the loss by log c, of every head.
    """
    n = len(Y)
    for block in range(plan.blocks):
        low, high = block * n // plan.blocks, (block + 1) * n // plan.blocks
        now = c[0]
        for i in prange(low, high):
            slopes[i, 0] = 0.0
            slopes[i, 1] = 0.0
            move_by_pairs(i, Y, frozen, rows, kernel, plan, now, step, seed, epoch, slopes)
        frozen[low:high] = Y[low:high]
        if plan.learns:
            first, second = 0.0, 0.0
            for i in range(low, high):  # one after the other, in an order that no thread decides
                first += slopes[i, 0]
                second += slopes[i, 1]
            if second > 0.0:
                c[0] = now * np.exp(-step * clip(first / second, 1.0))


@njit_inline
def company(one: FloatArray, row: int, frozen: FloatArray, h: int, m: int, state: np.uint64, kernel: Kernel) -> float:
    """Return the sum of q of a row with m negatives of the head h, which take m draws."""
    total, n = 0.0, len(frozen)
    for _ in range(m):
        total += similarity(gap(one, row, frozen, other(state, n, h)), kernel)
        state += GOLDEN
    return total


@njit_inline
def strangers(frozen: FloatArray, m: int, state: np.uint64, kernel: Kernel) -> float:
    """Return the sum of q over m pairs, which take 2 m draws."""
    total, n = 0.0, len(frozen)
    for _ in range(m):
        h = below(state, n)
        k = other(state + GOLDEN, n, h)
        total += similarity(gap(frozen, h, frozen, k), kernel)
        state += GOLDEN + GOLDEN
    return total


@njit_part
def meet(
    i: int,
    Y: FloatArray,
    frozen: FloatArray,
    rows: Rows,
    kernel: Kernel,
    plan: Plan,
    step: float,
    state: np.uint64,
) -> np.uint64:
    """Push a head off as a negative sample of an edge that is drawn at random; return the state after it.

    Edges are drawn uniformly, and the weight of one is a factor of the step. With joint denominators the head is an end of
    a pair, which stands for 2 m places; else it is a negative of the head of the edge, one of m n / (n - 1) places.
    """
    rows = borrow(rows)
    n, m, rho = len(frozen), plan.n_negatives, plan.exaggeration
    e = below(state, len(rows.heads))
    state += GOLDEN
    h, t = rows.heads[e], rows.indices[e]
    q = similarity(gap(frozen, h, frozen, t), kernel)
    if plan.joint:
        k = other(state, n, i)
        rest = strangers(frozen, m - 1, state + GOLDEN, kernel)
        state += GOLDEN * np.uint64(2 * m - 1)
        places = 2.0 * m
    else:
        k = h
        rest = company(frozen, h, frozen, h, m - 1, state, kernel)
        state += GOLDEN * np.uint64(m - 1)
        places = m * n / (n - 1.0)
        if h == i:
            return state
    X = gap(Y, i, frozen, k)
    mine = similarity(X, kernel)
    factor = rows.weights[e] * plan.scale * places / rho
    pushed(Y, i, frozen, k, mine / (q + rest + mine) * steepness(X, kernel), factor * step, kernel.kind)
    return state


@njit_part
def move_by_choice(
    i: int,
    Y: FloatArray,
    frozen: FloatArray,
    rows: Rows,
    kernel: Kernel,
    plan: Plan,
    step: float,
    seed: np.uint64,
    epoch: int,
) -> None:
    """Make the updates of one head for InfoNCE: as the head of its edges, as their tail, and as a negative of others."""
    rows = borrow(rows)
    n, m, rho = len(frozen), plan.n_negatives, plan.exaggeration
    first, last = rows.indptr[i], rows.indptr[i + 1]
    if first == last:
        return
    meetings = times(plan.rate, epoch)
    state = stream(seed, epoch, i)
    met, drawn, done = 0, 0, 0
    for p in range(first, last):
        drawn += times(rows.weights[p], epoch)
    p, left = first, 0
    while done < drawn or met < meetings:
        if done < drawn:
            while left == 0:
                left = times(rows.weights[p], epoch)
                p += 1
            j = rows.indices[p - 1]
            X = gap(Y, i, frozen, j)
            q = similarity(X, kernel)
            if plan.joint:
                of_head = of_tail = strangers(frozen, m, state, kernel)
                state += GOLDEN * np.uint64(2 * m)
            else:
                of_head = company(Y, i, frozen, i, m, state, kernel)
                for s in range(m):
                    k = other(state + GOLDEN * np.uint64(s), n, i)
                    X_k = gap(Y, i, frozen, k)
                    g = similarity(X_k, kernel) / (rho * (q + of_head)) * steepness(X_k, kernel)
                    pushed(Y, i, frozen, k, g, step, kernel.kind)
                state += GOLDEN * np.uint64(m)
                of_tail = company(frozen, j, frozen, j, m, state, kernel)
                state += GOLDEN * np.uint64(m)
            chosen = (q / (q + of_head) + q / (q + of_tail)) / 2.0
            pulled(Y, i, frozen, j, (1.0 - chosen / rho) * steepness(X, kernel), step, kernel.kind)
            left -= 1
            done += 1
        goal = meetings * done // drawn if drawn > 0 else meetings
        while met < goal:
            state = meet(i, Y, frozen, rows, kernel, plan, step, state)
            met += 1


@njit_parallel
def epoch_of_choices(
    Y: FloatArray,
    frozen: FloatArray,
    rows: Rows,
    kernel: Kernel,
    plan: Plan,
    step: float,
    seed: np.uint64,
    epoch: int,
) -> None:
    """Run one epoch of InfoNC-t-SNE; arguments as in `epoch_of_pairs`."""
    n = len(Y)
    for block in range(plan.blocks):
        low, high = block * n // plan.blocks, (block + 1) * n // plan.blocks
        for i in prange(low, high):
            move_by_choice(i, Y, frozen, rows, kernel, plan, step, seed, epoch)
        frozen[low:high] = Y[low:high]
