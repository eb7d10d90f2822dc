"""Arrays of images: whether they are any, their border, and how nets take them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph.nn.checkpoint import Array


def border_colour(images: Array) -> tuple[float, ...]:
    """Return the mean colour of the outermost pixels of images, by channel.

    Parameters
    ----------
    images : (n, H, W, channels), uint8 or float in [0, 1].

    Examples
    --------
    >>> border_colour(np.full((2, 4, 4, 1), 51, dtype=np.uint8))
    (0.2,)
    """
    sides = (images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1])
    pixels = sum(side.shape[0] * side.shape[1] for side in sides)
    total = sum(side.sum(axis=(0, 1), dtype=np.float64) for side in sides)
    return tuple(float(c) for c in np.atleast_1d(total / pixels / (255 if images.dtype == np.uint8 else 1)))


def tensor(images: Array) -> Tensor:
    """Return images as nets take them.

    Parameters
    ----------
    images : (b, H, W, channels), uint8 or float in [0, 1].

    Returns
    -------
    (b, channels, H, W) float32 in [0, 1].
    """
    X = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return X.float() / 255 if X.dtype == torch.uint8 else X.float()


def distinct(images: Array) -> None:
    """Refuse images that are all the same.

    Parameters
    ----------
    images : (n, H, W, channels).

    Raises
    ------
    InputError : if they are.
    """
    if all((image == images[0]).all() for image in images):
        raise _check.InputError(
            f"all {len(images)} images are the same image, so there is nothing to tell apart. Check the input."
        )


def images(given: Any, least: int) -> Array:
    """Return checked images, of the type they came in.

    Parameters
    ----------
    given : (n, H, W) or (n, H, W, channels), uint8 or float in [0, 1].
    least : how many there must be.

    Returns
    -------
    (n, H, W, channels)

    Raises
    ------
    InputError : for what are no such images, too few of them, or images whose channels seem to come first.
    """
    array = _check.numbers(given, "images")
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or 0 in array.shape[1:]:
        raise _check.InputError(
            Argument("images"),
            f" must be an array (n, H, W) or (n, H, W, channels), not one of the shape {np.shape(given)}. Stack images of one "
            "size by numpy.stack.",
        )
    if array.shape[1] in (1, 3, 4) and array.shape[3] > 4:
        raise _check.InputError(
            Argument("images"),
            f" of the shape {array.shape} look as if their channels came first. Pass images.transpose(0, 2, 3, 1). If they are "
            f"{array.shape[1]} pixels high and have {array.shape[3]} channels, lay them on their side: "
            "images.transpose(0, 2, 1, 3).",
        )
    if len(array) < least:
        raise _check.InputError(
            Argument("images"), f" has {len(array)} image(s), but a minimum of {least} is required."
        )
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise _check.InputError(
            Argument("images"),
            f" must be uint8, or float in [0, 1], not {array.dtype}. Divide by the largest value that a pixel can have.",
        )
    low, high = float(array.min()), float(array.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = int(np.flatnonzero(~np.isfinite(array).all(axis=(1, 2, 3)))[0])
        raise _check.InputError(
            Argument("images"),
            f" contains NaN or infinity (first in image {bad}). Drop those images or fill the gaps first.",
        )
    if low < 0 or high > 1:
        raise _check.InputError(
            Argument("images"),
            f" of floats must lie in [0, 1], but they go from {low:g} to {high:g}. Divide by the largest value that a "
            "pixel can have.",
        )
    return array
