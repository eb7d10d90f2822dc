"""Data to learn on: shapes whose answer is known, simulated cells of the cell cycle, images of cells, and public sets."""

from spectral_ph.datasets import cells
from spectral_ph.datasets.images import textured_cells
from spectral_ph.datasets.public import PublicSet, available, fetch
from spectral_ph.datasets.shapes import blob, circle, eyeglasses, linked_circles, sphere, swiss_roll, torus, tree

__all__ = [
    "PublicSet",
    "available",
    "blob",
    "cells",
    "circle",
    "eyeglasses",
    "fetch",
    "linked_circles",
    "sphere",
    "swiss_roll",
    "textured_cells",
    "torus",
    "tree",
]


def __dir__() -> list[str]:
    return __all__
