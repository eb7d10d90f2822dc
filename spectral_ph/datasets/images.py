"""Simulated images of cells that lie in any direction, with their texture and direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, IntArray, RandomState

TEXTURES = ("smooth", "striped", "spotted", "ringed")


@dataclass(frozen=True, eq=False, repr=False)
class TexturedCells:
    """Images and the truth behind them.

    Attributes
    ----------
    images : (n, size, size) float64 in [0, 1].
    texture : (n,) int64, the place of each cell's texture in `TEXTURES`.
    angle : (n,) float64, its direction in radians, in [0, 2 pi): from the centre of the cell to that of its nucleus.
    """

    images: FloatArray
    texture: IntArray
    angle: FloatArray

    def __repr__(self) -> str:
        n, height, width = self.images.shape
        return f"TexturedCells({n} images of {height} x {width}, {len(set(self.texture.tolist()))} textures)"


def textured_cells(
    n: int = 1024, size: int = 24, *, noise: float = 0.05, random_state: RandomState = 0
) -> TexturedCells:
    """Draw images of cells: ellipses with a nucleus off their centre and one of four textures, in any direction.

    Texture and direction do not depend on each other, so that a map of the cells should show the first and not the second.

    Parameters
    ----------
    n : number of images.
    size : of an image, in pixels, at least 12.
    noise : standard deviation of Gaussian noise on every pixel.
    random_state : int, numpy Generator or None.

    Returns
    -------
    TexturedCells

    Raises
    ------
    InputError : for a size below 12, or noise that is negative or not finite.

    See Also
    --------
    spectral_ph.datasets.cells.cell_cycle

    Examples
    --------
    >>> textured_cells(100)
    TexturedCells(100 images of 24 x 24, 4 textures)
    """
    _check.positive_int(n, "n")
    _check.positive_int(size, "size", least=12)
    _check.real(noise, "noise", least=0.0, most=10.0)
    rng = _check.generator(random_state)
    texture = rng.integers(len(TEXTURES), size=n)
    angle, long, round_, wave, start = rng.uniform(
        [0, 0.72, 0.62, 0.26, 0], [2 * np.pi, 0.88, 0.78, 0.32, 2 * np.pi], size=(n, 5)
    ).T
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    y, x = np.meshgrid(axis, axis, indexing="ij")
    images = np.empty((n, size, size))
    for i in range(n):
        c, s = np.cos(angle[i]), np.sin(angle[i])
        along, across = c * x + s * y, c * y - s * x  # in the cell's own directions
        inside = _soft(1 - np.hypot(along / long[i], across / (long[i] * round_[i])), size)
        nucleus = _soft(1 - np.hypot(along - 0.37, across) / 0.24, size)
        cell = 0.5 + 0.2 * _pattern(TEXTURES[texture[i]], along, across, wave[i], start[i])
        images[i] = 0.1 + inside * (cell - 0.1)
        images[i] += nucleus * (0.95 - images[i])
    images += noise * rng.standard_normal(images.shape)
    return TexturedCells(np.clip(images, 0, 1), texture, angle)


def _soft(depth: FloatArray, size: int) -> FloatArray:
    """Return 1 inside and 0 outside, with an edge about a pixel wide."""
    return np.asarray(np.clip(0.5 + depth * size / 3, 0, 1))


def _pattern(name: str, along: FloatArray, across: FloatArray, wave: float, start: float) -> FloatArray:
    """Return a pattern between -1 and 1 of a wavelength, in units of half the image."""
    k = 2 * np.pi / wave
    if name == "striped":
        return np.asarray(np.sin(k * across + start))
    if name == "spotted":
        return np.asarray(np.sin(k * along + start) * np.sin(k * across + start))
    if name == "ringed":
        return np.asarray(np.sin(k * np.hypot(along, across) + start))
    return np.zeros_like(along)
