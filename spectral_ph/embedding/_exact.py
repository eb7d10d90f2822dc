"""Kernels over all pairs of points: t-SNE's gradient, ForceAtlas2's forces, and MDS by majorisation. For this layer only.

A block of heads meets all points in their order, and a head adds up its own sums in that order. So the result does not depend on
the number of threads, and a head's sums lie side by side with those of its block, which is what a vector unit needs.
"""

from __future__ import annotations

import numpy as np

from spectral_ph._numba import njit, njit_parallel, prange
from spectral_ph._types import FloatArray, IntArray

HEADS = 64  # of a block: their sums fit into the first cache


@njit_parallel
def repulsion(Y: FloatArray, force: FloatArray, mass: FloatArray) -> None:
    """Add up phi = 1 / (1 + d^2) and phi^2 (y_i - y_j) over all other points.

    Y : (d, n), a row for each dimension. force : (d, n), written. mass : (n,), written, the sum of phi.
    """
    d, n = Y.shape
    for b in prange((n + HEADS - 1) // HEADS):
        first, last = b * HEADS, min((b + 1) * HEADS, n)
        heads = last - first
        z = np.zeros(heads)
        if d == 2:
            x0, x1 = Y[0, first:last], Y[1, first:last]
            f0, f1 = np.zeros(heads), np.zeros(heads)
            for j in range(n):
                y0, y1 = Y[0, j], Y[1, j]
                for a in range(heads):
                    u, v = x0[a] - y0, x1[a] - y1
                    phi = 1.0 / (1.0 + u * u + v * v)
                    z[a] += phi
                    phi *= phi
                    f0[a] += phi * u
                    f1[a] += phi * v
            force[0, first:last] = f0
            force[1, first:last] = f1
        else:
            square = np.empty(heads)
            for c in range(d):
                force[c, first:last] = 0.0
            for j in range(n):
                square[:] = 0.0
                for c in range(d):
                    x, y = Y[c, first:last], Y[c, j]
                    for a in range(heads):
                        square[a] += (x[a] - y) * (x[a] - y)
                for a in range(heads):
                    square[a] = 1.0 / (1.0 + square[a])
                    z[a] += square[a]
                    square[a] *= square[a]
                for c in range(d):
                    x, f, y = Y[c, first:last], force[c, first:last], Y[c, j]
                    for a in range(heads):
                        f[a] += square[a] * (x[a] - y)
        mass[first:last] = z - 1.0  # a point met itself, where phi is 1 and the difference 0


@njit_parallel
def attraction(indptr: IntArray, indices: IntArray, weights: FloatArray, Y: FloatArray, force: FloatArray) -> None:
    """Add up w phi (y_i - y_j) over the edges of every point.

    indptr, indices, weights : symmetric graph. Y : (d, n). force : (d, n), written.
    """
    d, n = Y.shape
    for i in prange(n):
        if d == 2:
            x0, x1, f0, f1 = Y[0, i], Y[1, i], 0.0, 0.0
            for e in range(indptr[i], indptr[i + 1]):
                u, v = x0 - Y[0, indices[e]], x1 - Y[1, indices[e]]
                pull = weights[e] / (1.0 + u * u + v * v)
                f0 += pull * u
                f1 += pull * v
            force[0, i], force[1, i] = f0, f1
        else:
            for c in range(d):
                force[c, i] = 0.0
            for e in range(indptr[i], indptr[i + 1]):
                j = indices[e]
                square = 1.0
                for c in range(d):
                    square += (Y[c, i] - Y[c, j]) * (Y[c, i] - Y[c, j])
                pull = weights[e] / square
                for c in range(d):
                    force[c, i] += pull * (Y[c, i] - Y[c, j])


@njit_parallel
def log_kernels(indptr: IntArray, indices: IntArray, weights: FloatArray, Y: FloatArray, out: FloatArray) -> None:
    """Add up w log phi over the edges of every point.

    indptr, indices, weights : graph. Y : (d, n). out : (n,), written.
    """
    d, n = Y.shape
    for i in prange(n):
        total = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            square = 0.0
            for c in range(d):
                square += (Y[c, i] - Y[c, indices[e]]) * (Y[c, i] - Y[c, indices[e]])
            total -= weights[e] * np.log1p(square)
        out[i] = total


@njit
def momentum_step(
    gradient: FloatArray,
    Y: FloatArray,
    update: FloatArray,
    gains: FloatArray,
    rate: float,
    momentum: float,
    most: float,
) -> None:
    """Take one step of gradient descent with momentum and gains, in place, and centre the layout.

    A coordinate's gain grows by .2 while its gradient and its last step differ in sign, and is multiplied by .8 (plus .01) where
    they agree. gradient, Y, update, gains : (d, n). most : longest step of a point.
    """
    d, n = Y.shape
    for i in range(n):
        length = 0.0
        for c in range(d):
            if np.sign(update[c, i]) != np.sign(gradient[c, i]):
                gains[c, i] += 0.2
            else:
                gains[c, i] = gains[c, i] * 0.8 + 0.01
            update[c, i] = momentum * update[c, i] - rate * gains[c, i] * gradient[c, i]
            length += update[c, i] * update[c, i]
        length = np.sqrt(length)
        if length > most:
            for c in range(d):
                update[c, i] *= most / length
    for c in range(d):
        total = 0.0
        for i in range(n):
            Y[c, i] += update[c, i]
            total += Y[c, i]
        for i in range(n):
            Y[c, i] -= total / n


@njit_parallel
def atlas_forces(
    indptr: IntArray, indices: IntArray, weights: FloatArray, mass: FloatArray, Y: FloatArray, force: FloatArray
) -> None:
    """Add up ForceAtlas2's forces: w (y_j - y_i) over the edges, 2 m_i m_j (y_i - y_j) / |y_i - y_j|^2 over all others.

    indptr, indices, weights : symmetric graph. mass : (n,). Y : (d, n). force : (d, n), written.
    """
    d, n = Y.shape
    for b in prange((n + HEADS - 1) // HEADS):
        first, last = b * HEADS, min((b + 1) * HEADS, n)
        heads = last - first
        square = np.empty(heads)
        for c in range(d):
            force[c, first:last] = 0.0
        for j in range(n):
            square[:] = 0.0
            for c in range(d):
                x, y = Y[c, first:last], Y[c, j]
                for a in range(heads):
                    square[a] += (x[a] - y) * (x[a] - y)
            twice = 2.0 * mass[j]
            for a in range(heads):
                square[a] = twice / square[a] if square[a] > 0.0 else 0.0
            for c in range(d):
                x, f, y = Y[c, first:last], force[c, first:last], Y[c, j]
                for a in range(heads):
                    f[a] += square[a] * (x[a] - y)
        for i in range(first, last):
            for c in range(d):
                force[c, i] *= mass[i]
            for e in range(indptr[i], indptr[i + 1]):
                j = indices[e]
                for c in range(d):
                    force[c, i] += weights[e] * (Y[c, j] - Y[c, i])


@njit_parallel
def atlas_energy(mass: FloatArray, Y: FloatArray, energy: FloatArray) -> None:
    """Write for every point the sum over all others of m_i m_j log |y_i - y_j|^2; coinciding points do not count.

    mass : (n,). Y : (d, n). energy : (n,), written.
    """
    d, n = Y.shape
    for i in prange(n):
        total = 0.0
        for j in range(n):
            square = 0.0
            for c in range(d):
                square += (Y[c, i] - Y[c, j]) * (Y[c, i] - Y[c, j])
            if square > 0.0:
                total += mass[j] * np.log(square)
        energy[i] = mass[i] * total


@njit_parallel
def majorise(D: FloatArray, Y: FloatArray, out: FloatArray, stress: FloatArray) -> None:
    """Take one step of SMACOF: y_i becomes the mean over all j of y_j + D_ij (y_i - y_j) / |y_i - y_j|.

    D : (n, n) distances. Y : (n, d), centred. out : (n, d), written. stress : (n,), written, sum over j of (|y_i - y_j| - D_ij)^2
    before the step.
    """
    n, d = Y.shape
    for i in prange(n):
        total = 0.0
        for c in range(d):
            out[i, c] = 0.0
        for j in range(n):
            square = 0.0
            for c in range(d):
                square += (Y[i, c] - Y[j, c]) * (Y[i, c] - Y[j, c])
            length = np.sqrt(square)
            total += (length - D[i, j]) * (length - D[i, j])
            if length > 0.0:
                for c in range(d):
                    out[i, c] += D[i, j] / length * (Y[i, c] - Y[j, c])
        for c in range(d):
            out[i, c] /= n
        stress[i] = total
