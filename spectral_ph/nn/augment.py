"""Random views of images: crop, turn and flips in one resampling, then colours. Everything random comes from one generator."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from spectral_ph import _check
from spectral_ph._check import Argument

Augment = Callable[[Tensor, torch.Generator], Tensor]
"""Makes a view of each of (b, channels, H, W) images."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness of a pixel (ITU-R BT.601)."""


def _are_numbers(values: object) -> bool:
    """Return whether values are a tuple or a list of nothing but numbers."""
    return isinstance(values, (tuple, list)) and all(
        isinstance(v, (int, float, np.integer, np.floating)) and not isinstance(v, bool) for v in values
    )


@dataclass(frozen=True)
class Augmentation:
    """Random views of a batch of images.

    Called with images and a generator it returns a view of each. Turn and crop, flips and scale are one affine map and one
    resampling. The colours come after it in the order brightness, contrast, saturation, hue, grey, and stay in [0, 1].
    Saturation, hue and grey are for images of three channels only.

    Parameters
    ----------
    crop : smallest and largest area of the crop, as a share of the image, above 0 and at most 1.
    ratio : smallest and largest ratio of its width to its height, above 0.
    flip, vertical_flip : whether half of the images are mirrored, left to right or top to bottom.
    turn : largest angle by which images are turned, in degrees, evenly both ways, up to 360; 180 reaches all angles.
    brightness, contrast, saturation : half the range of the factor around 1, up to 1.
    hue : half the range of the shift, as a share of the circle, up to .5.
    jitter : share of the images whose colours change.
    grey : share of the images that become grey.
    invert : share of the images of which the negative is taken.
    fill : colour beyond the border of a turned image, one number in [0, 1] for all channels or one for each. Empty: the mean
        colour of the border of the images that the estimator is fitted to, and black where no estimator makes the views.

    Raises
    ------
    InputError : for numbers out of these ranges.

    References
    ----------
    Chen et al., ICML 2020 (SimCLR); Nwabufo et al. 2024 (turns and fill for medical images).

    Examples
    --------
    >>> view = Augmentation()(torch.rand(4, 3, 16, 16), torch.Generator().manual_seed(0))
    >>> tuple(view.shape)
    (4, 3, 16, 16)
    """

    crop: tuple[float, float] = (0.2, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: bool = True
    vertical_flip: bool = False
    turn: float = 0.0
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    jitter: float = 0.8
    grey: float = 0.2
    invert: float = 0.0
    fill: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, most in (("crop", 1.0), ("ratio", math.inf)):
            span = getattr(self, name)
            pair = _are_numbers(span) and len(span) == 2
            if not pair or not 0 < span[0] <= span[1] <= most or math.isinf(span[1]):
                upto = f" <= {most:g}" if name == "crop" else ""
                raise _check.InputError(
                    Argument(name), f" must be two numbers, 0 < smallest <= largest{upto}, not {span!r}."
                )
        for name in ("flip", "vertical_flip"):
            _check.flag(getattr(self, name), name)
        _check.real(self.turn, "turn", least=0.0, most=360.0)
        _check.real(self.hue, "hue", least=0.0, most=0.5)
        for name in ("brightness", "contrast", "saturation", "jitter", "grey", "invert"):
            _check.real(getattr(self, name), name, least=0.0, most=1.0)
        if not _are_numbers(self.fill):
            raise _check.InputError(
                Argument("fill"),
                f" must be a tuple of numbers in [0, 1], one for all channels or one for each, not {self.fill!r}.",
            )
        for channel in self.fill:
            _check.real(channel, "fill", least=0.0, most=1.0)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return a view of each image.

        Parameters
        ----------
        images : (b, channels, H, W) float in [0, 1].
        generator : on the CPU.

        Returns
        -------
        of the same shape.

        Raises
        ------
        InputError : for what are no such images, no such generator, or a fill colour of another number of channels.
        """
        if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point():
            what = f"{images.dtype} of the shape {tuple(images.shape)}" if isinstance(images, Tensor) else _kind(images)
            raise _check.InputError(
                Argument("images"), f" must be a (b, channels, H, W) tensor of floating numbers in [0, 1], not {what}."
            )
        if not isinstance(generator, torch.Generator) or generator.device.type != "cpu":
            raise _check.InputError(Argument("generator"), f" must be a torch.Generator on the CPU, not {generator!r}.")
        if len(self.fill) not in (0, 1, images.shape[1]):
            raise _check.InputError(
                Argument("fill"),
                f" has {len(self.fill)} numbers, but the images have {images.shape[1]} channel(s). Pass one number for all "
                "channels, or one for each.",
            )
        views = warped(images, self._map(images, generator), self._beyond(images))
        return self._coloured(views, generator).clamp(0, 1)

    def filled(self, border: tuple[float, ...]) -> Augmentation:
        """Return the same with a fill colour, unless it has one."""
        return self if self.fill else replace(self, fill=border)

    def _beyond(self, images: Tensor) -> Tensor | None:
        """Return the colour beyond the border, or None where nothing is turned and the border goes on."""
        if self.turn == 0:
            return None
        fill = self.fill or (0.0,)
        return torch.tensor(fill, dtype=images.dtype, device=images.device).expand(images.shape[1])

    def _map(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return (b, 2, 3) maps from a view to its image, in coordinates that go from -1 to 1 in both directions."""
        b, _, height, width = images.shape
        draw = torch.rand(b, 7, generator=generator, dtype=torch.float64)
        area = self.crop[0] + (self.crop[1] - self.crop[0]) * draw[:, 0]
        low, high = (math.log(r) for r in self.ratio)
        ratio = torch.exp(low + (high - low) * draw[:, 1]) * (height / width)  # of sides in units of the image's
        wide, tall = (area * ratio).sqrt().clamp_max(1), (area / ratio).sqrt().clamp_max(1)
        x, y = ((1 - side) * (2 * draw[:, k] - 1) for k, side in ((2, wide), (3, tall)))
        if self.flip:
            wide = torch.where(draw[:, 4] < 0.5, -wide, wide)
        if self.vertical_flip:
            tall = torch.where(draw[:, 5] < 0.5, -tall, tall)
        angle = math.radians(self.turn) * (2 * draw[:, 6] - 1)
        return placed(wide, tall, x, y, angle, height / width).to(images.device, images.dtype)

    def _coloured(self, X: Tensor, generator: torch.Generator) -> Tensor:
        draw = torch.rand(len(X), 7, generator=generator).to(X.device)[:, :, None, None, None]
        colours = X.shape[1] == 3
        Y = (X * (1 + self.brightness * (2 * draw[:, 0] - 1))).clamp(0, 1)
        mean = (luma(Y) if colours else Y).mean(dim=(1, 2, 3), keepdim=True)
        Y = (mean + (Y - mean) * (1 + self.contrast * (2 * draw[:, 1] - 1))).clamp(0, 1)
        if colours:
            light = luma(Y)
            Y = (light + (Y - light) * (1 + self.saturation * (2 * draw[:, 2] - 1))).clamp(0, 1)
            if self.hue:
                Y = shifted_hue(Y, self.hue * (2 * draw[:, 3, 0] - 1))
        X = torch.where(draw[:, 4] < self.jitter, Y, X)
        if colours:
            X = torch.where(draw[:, 5] < self.grey, luma(X), X)
        return torch.where(draw[:, 6] < self.invert, 1 - X, X)


NATURAL = Augmentation()
"""Views of photographs, which have an upright position."""
ROTATION = Augmentation(vertical_flip=True, turn=180.0)
"""Views of what lies in any direction, such as cells on a slide."""
AUGMENTATIONS = {"natural": NATURAL, "rotation": ROTATION}


def check_augment(augment: object) -> None:
    """Refuse what is no function of (images, generator), as far as its signature tells.

    Parameters
    ----------
    augment : what was passed in place of a name.

    Raises
    ------
    InputError : for what cannot be called so, and for a class.
    """
    if isinstance(augment, type):
        raise _check.InputError(
            Argument("augment"),
            f" must be an instance, not the class {augment.__name__}. Pass {augment.__name__}(...).",
        )
    called = augment.forward if isinstance(augment, nn.Module) else augment
    try:
        signature = inspect.signature(called)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # of what is not written in Python
        return
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise _check.InputError(
            Argument("augment"),
            f" must be a function of (images, generator), but it takes {signature}. Wrap it: lambda images, generator: ...",
        ) from error


def two_views(augment: Augment, images: Tensor, generator: torch.Generator) -> Tensor:
    """Return two views of each image, all first ones before all second ones.

    Parameters
    ----------
    augment : makes the views.
    images : (b, channels, H, W).
    generator : on the CPU.

    Returns
    -------
    (2 b, channels, H, W)

    Raises
    ------
    InputError : if `augment` returns anything but such images.
    """
    views = [augment(images, generator), augment(images, generator)]
    for view in views:
        if not isinstance(view, Tensor):
            raise _check.InputError(Argument("augment"), f" must return a tensor, not {_kind(view)}.")
        if view.shape != images.shape:
            raise _check.InputError(
                Argument("augment"),
                f" must return images of the shape {tuple(images.shape)}, as it got them, not {tuple(view.shape)}.",
            )
        if (view.dtype, view.device) != (images.dtype, images.device):
            raise _check.InputError(
                Argument("augment"),
                f" must return images of the type {images.dtype} on the device {images.device}, as it got them, not "
                f"{view.dtype} on {view.device}.",
            )
    return torch.cat(views)


def check_finite(views: Tensor) -> None:
    """Refuse views that hold NaN or infinity, for a loss that is not finite.

    Parameters
    ----------
    views : as `two_views` returns them.

    Raises
    ------
    InputError : if they do.
    """
    if not views.isfinite().all():
        raise _check.InputError(
            Argument("augment"),
            " returned images that hold NaN or infinity, though it got none. Look for a division by 0 in it.",
        )


def placed(wide: Tensor, tall: Tensor, x: Tensor, y: Tensor, angle: Tensor, aspect: float) -> Tensor:
    """Return maps from views to images: a crop, within the image turned by an angle around its centre.

    Parameters
    ----------
    wide, tall : (b,) half the sides of the crop, in units of half the image's; negative: mirrored.
    x, y : (b,) its centre.
    angle : (b,) in radians.
    aspect : height over width of the image, for an angle is one of pixels.

    Returns
    -------
    (b, 2, 3)
    """
    c, s = torch.cos(angle), torch.sin(angle)
    rows = [
        [c * wide, s * tall * aspect, c * x + s * y * aspect],
        [-s * wide / aspect, c * tall, c * y - s * x / aspect],
    ]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def warped(images: Tensor, maps: Tensor, fill: Tensor | None) -> Tensor:
    """Resample images, bilinearly.

    Parameters
    ----------
    images : (b, channels, H, W).
    maps : (b, 2, 3), from a view to its image, as `placed` returns.
    fill : (channels,) colour beyond the image; None: its border goes on.

    Returns
    -------
    of the same shape.

    Examples
    --------
    >>> same = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> X = torch.rand(1, 2, 5, 5)
    >>> bool(torch.allclose(warped(X, same, None), X, atol=1e-6))
    True
    """
    grid = torch.nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    if fill is None:
        return torch.nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    colour = fill[None, :, None, None]
    return torch.nn.functional.grid_sample(images - colour, grid, padding_mode="zeros", align_corners=False) + colour


def luma(X: Tensor) -> Tensor:
    """Return the brightness of (b, 3, H, W) images as (b, 1, H, W)."""
    weights = torch.tensor(LUMA, dtype=X.dtype, device=X.device)[None, :, None, None]
    return (X * weights).sum(dim=1, keepdim=True)


def shifted_hue(X: Tensor, shift: Tensor) -> Tensor:
    """Turn the hue of images round the circle of colours, at the same saturation and value (HSV).

    Parameters
    ----------
    X : (b, 3, H, W) in [0, 1].
    shift : (b, 1, 1), as a share of the circle.

    Returns
    -------
    (b, 3, H, W)

    Examples
    --------
    >>> red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]
    >>> [round(v, 3) for v in shifted_hue(red, torch.full((1, 1, 1), 1 / 3)).flatten().tolist()]
    [0.0, 1.0, 0.0]
    """
    value, top = X.max(dim=1)
    spread = value - X.min(dim=1).values
    safe = torch.where(spread > 0, spread, torch.ones_like(spread))
    r, g, b = X.unbind(dim=1)
    sixths = torch.where(top == 0, (g - b) / safe, torch.where(top == 1, 2 + (b - r) / safe, 4 + (r - g) / safe))
    hue = 6 * torch.remainder(sixths / 6 + shift, 1.0)
    # Each channel falls from the value by the spread over a third of the circle, and rises again.
    channels = []
    for n in (5.0, 3.0, 1.0):
        k = torch.remainder(n + hue, 6.0)
        channels.append(value - spread * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, dim=1)


def _kind(value: object) -> str:
    return type(value).__name__
