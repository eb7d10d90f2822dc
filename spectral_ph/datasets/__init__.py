"""Data whose answer is known: shapes under noise, and simulated cells of the cell cycle."""

from spectral_ph.datasets import cells
from spectral_ph.datasets.shapes import blob, circle, eyeglasses, linked_circles, sphere, swiss_roll, torus, tree

__all__ = ["blob", "cells", "circle", "eyeglasses", "linked_circles", "sphere", "swiss_roll", "torus", "tree"]


def __dir__() -> list[str]:
    return __all__
