"""Pieces that clean shapes are made of, with and without a loop: a sample takes n and a stream and gives points (n, d)."""

from collections.abc import Callable

import numpy as np

Sample = Callable[[int, np.random.Generator], np.ndarray]


class _Parent(np.random.Generator):
    """A generator that hands on a ready stream as its first child."""

    def __init__(self, first):
        super().__init__(np.random.PCG64(0))
        self.first = first

    def spawn(self, n_children):
        return [self.first, *super().spawn(n_children - 1)]


def of_package(function) -> Sample:
    """Return sample(n, rng) of a shape of `sph.datasets`, whose own stream for the shape is the first of four."""

    def sample(n, rng):
        # A generator whose first child is the stream we were given, so that the bits are those of the package's shape.
        return function(n, 5, 0.0, random_state=_Parent(rng), return_latent=True)[1]

    return sample


def ring(angle, radius=1.0):
    """Return the points (n, 2) at the angles (n,), in radians, on a circle; `radius` is a number or (n,)."""
    return np.reshape(radius, (-1, 1)) * np.column_stack([np.cos(angle), np.sin(angle)])


def disc(n, rng, outer=1.0, inner=0.0):
    """Return (n, 2) uniform in area between the radii `inner` and `outer` of a circle."""
    return ring(rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(inner**2, outer**2, n)))
