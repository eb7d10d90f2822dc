"""Gradient descent on a loss over all pairs of points, where every other point is a negative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spectral_ph._types import FloatArray

MOMENTUM = 0.8
GAIN_UP, GAIN_DOWN, LEAST_GAIN = 0.2, 0.8, 0.01

FIRST, SECOND, TINY = 0.9, 0.999, 1e-12  # of Adam

Gradient = Callable[[int, FloatArray], FloatArray]
Look = Callable[[int, FloatArray], bool]


def descend(Y: FloatArray, gradient: Gradient, n_steps: int, step: float, look: Look | None = None) -> FloatArray:
    """Descend with momentum and a gain for every coordinate, as t-SNE does.

    Parameters
    ----------
    Y : (n, d) start.
    gradient : of the number of the step from 0 and the layout.
    n_steps, step : how many and how large.
    look : called after each step with its number from 1 and the layout; True ends the descent.

    Returns
    -------
    (n, d)

    References
    ----------
    Gains: Jacobs, Neural Networks 1988, in the form of van der Maaten, Hinton, JMLR 2008.
    """
    Y = np.array(Y)
    speed, gains = np.zeros_like(Y), np.ones_like(Y)
    for number in range(n_steps):
        G = gradient(number, Y)
        turned = np.sign(G) == np.sign(speed)
        gains = np.maximum(np.where(turned, gains * GAIN_DOWN, gains + GAIN_UP), LEAST_GAIN)
        speed = MOMENTUM * speed - step * gains * G
        Y += speed
        Y -= Y.mean(axis=0)
        if look is not None and look(number + 1, Y):
            break
    return Y


def adam(Y: FloatArray, gradient: Gradient, n_steps: int, step: float, look: Look | None = None) -> FloatArray:
    """Descend by Adam, the step falling to 0 along half a cosine; for layouts in which only directions count.

    Parameters
    ----------
    Y, gradient, n_steps, step, look : as for `descend`.

    Returns
    -------
    (n, d)

    References
    ----------
    Kingma, Ba, ICLR 2015; Loshchilov, Hutter, ICLR 2017 (cosine annealing).
    """
    Y = np.array(Y)
    first, second = np.zeros_like(Y), np.zeros_like(Y)
    for number in range(n_steps):
        G = gradient(number, Y)
        first = FIRST * first + (1 - FIRST) * G
        second = SECOND * second + (1 - SECOND) * G**2
        t = number + 1
        along = first / (1 - FIRST**t) / (np.sqrt(second / (1 - SECOND**t)) + TINY)
        Y -= step * (1 + np.cos(np.pi * number / n_steps)) / 2 * along
        if look is not None and look(t, Y):
            break
    return Y
