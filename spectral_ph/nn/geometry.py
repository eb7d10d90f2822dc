"""What a decoder does to areas and lengths: its Jacobian, the logarithm of its area scaling, and the pulled-back metric.

A decoder f maps a latent point z to R^D, row by row. J(z) is its (D, d) Jacobian and G = J'J the metric that it pulls back: a
small step dz is sqrt(dz' G dz) long in R^D, and a small area is multiplied by sqrt(det G).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spectral_ph._types import FloatArray

Decoder = Callable[[Tensor], Tensor]

# Slope of an activation at h, given its value there. What is not here goes through forward-mode differentiation.
_SLOPES: dict[type[nn.Module], Callable[[nn.Module, Tensor, Tensor], Tensor]] = {
    nn.Identity: lambda layer, h, value: torch.ones_like(h),
    nn.ReLU: lambda layer, h, value: (h > 0).to(h.dtype),
    nn.ELU: lambda layer, h, value: torch.where(h > 0, torch.ones_like(h), value + layer.alpha),
    nn.Tanh: lambda layer, h, value: 1 - value**2,
    nn.Sigmoid: lambda layer, h, value: value * (1 - value),
    nn.SiLU: lambda layer, h, value: torch.sigmoid(h) * (1 + h - value),
}


def jacobian(decoder: Decoder, Z: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a decoder makes of latent points, and its Jacobian there; both carry gradients.

    Through a Sequential of Linear layers and usual activations the tangents are carried by hand, which takes half the time of
    forward-mode differentiation. Any other decoder goes through `torch.func.jvp`.

    Parameters
    ----------
    decoder : maps (b, d) to (b, D), each row by itself: batch normalisation, if any, must be in evaluation mode.
    Z : (b, d) latent points.

    Returns
    -------
    Y : (b, D).
    J : (b, D, d).

    Examples
    --------
    >>> Y, J = jacobian(lambda Z: Z**2, torch.tensor([[1.0, 2.0]]))
    >>> J.tolist()
    [[[2.0, 0.0], [0.0, 4.0]]]
    """
    if isinstance(decoder, nn.Sequential) and all(type(layer) in _SLOPES or _is_linear(layer) for layer in decoder):
        return _carried(decoder, Z)
    return _forward_mode(decoder, Z)


def _is_linear(layer: nn.Module) -> bool:
    return type(layer) is nn.Linear


def _carried(layers: nn.Sequential, Z: Tensor) -> tuple[Tensor, Tensor]:
    b, d = Z.shape
    h = Z
    T = torch.eye(d, dtype=Z.dtype, device=Z.device)[
        :, None, :
    ]  # (d, 1 or b, columns): one tangent for each latent axis
    for layer in layers:
        if _is_linear(layer):
            h, T = layer(h), T @ layer.weight.T
            continue
        value = layer(h)
        T = T * _SLOPES[type(layer)](layer, h, value)
        h = value
    return h, T.expand(d, b, -1).permute(1, 2, 0)


def _forward_mode(decoder: Decoder, Z: Tensor) -> tuple[Tensor, Tensor]:
    b, d = Z.shape
    # All tangents at once, on as many copies of the batch as there are latent axes.
    axes = torch.eye(d, dtype=Z.dtype, device=Z.device).repeat_interleave(b, dim=0)
    Y, T = torch.func.jvp(decoder, (Z.repeat(d, 1),), (axes,))
    return Y[:b], T.reshape(d, b, -1).permute(1, 2, 0)


def log_det(J: Tensor) -> Tensor:
    """Return log det J'J for each Jacobian, twice the logarithm of the area scaling, by Gram-Schmidt.

    It is 2 sum log R_kk, R_kk the length of column k less its part in the columns before. The determinant of J'J itself
    squares all lengths: in single precision it is 0 or not finite for decoders of the scale 1e-12 or 1e12, and where two
    columns are parallel up to 1e-3.

    Parameters
    ----------
    J : (b, D, d), d <= D.

    Returns
    -------
    (b,), finite: what is left of a column counts as the smallest normal number, as a share of the column, if it is less.

    References
    ----------
    Nazari, Damrich, Hamprecht, Geometric autoencoders, ICML 2023 (the determinant as a regulariser).

    Examples
    --------
    >>> J = torch.tensor([[[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]])
    >>> round(float(log_det(J).exp()), 3)
    144.0
    """
    tiny = torch.finfo(J.dtype).tiny
    directions: list[Tensor] = []
    total = torch.zeros(J.shape[0], dtype=J.dtype, device=J.device)
    for k in range(J.shape[2]):
        # Scaled by its largest entry, which is no part of the graph: its logarithm is added, and so cancels in the gradient.
        largest = J[:, :, k].detach().abs().amax(dim=1, keepdim=True).clamp_min(tiny)
        column = J[:, :, k] / largest
        for q in directions:
            column = column - (column * q).sum(dim=1, keepdim=True) * q
        length = (column**2).sum(dim=1, keepdim=True).clamp_min(tiny).sqrt()
        total = total + (2 * (length.log() + largest.log())).squeeze(1)
        directions.append(column / length)
    return total


def log_det_variance(J: Tensor) -> Tensor:
    """Return the variance of log det J'J over a batch: 0 where all areas are scaled alike, whatever the scale.

    Parameters
    ----------
    J : (b, D, d), b at least 2.

    Returns
    -------
    scalar, the unbiased variance.
    """
    return log_det(J).var()


@dataclass(frozen=True, eq=False, repr=False)
class Indicatrices:
    """Small circles of the space of the data, as they look in the latent plane.

    Attributes
    ----------
    at : (m, 2) latent points.
    outlines : (m, k, 2) points around each, all at the distance `radius` from it under the pulled-back metric.
    radius : in the unit of the data.

    References
    ----------
    Nazari, Damrich, Hamprecht, ICML 2023; after Tissot's indicatrices of maps.
    """

    at: FloatArray
    outlines: FloatArray
    radius: float

    def __repr__(self) -> str:
        return f"Indicatrices({len(self.at)} ellipses of radius {self.radius:.3g})"


SHARE = 0.25
"""Of the bounding box of the points an average ellipse would fill, all together, if no radius is given."""


def outlines(J: FloatArray, Z: FloatArray, radius: float | None, vertices: int) -> Indicatrices:
    """Return the indicatrices at latent points.

    Parameters
    ----------
    J : (m, D, 2) Jacobians. Z : (m, 2) latent points.
    radius : in the unit of the data; None: one at which an average ellipse takes its share of the bounding box of Z.
    vertices : of each outline.
    """
    R: Any = np.linalg.qr(
        J, mode="r"
    )  # G = R'R, so that z + radius inv(R) u is at the distance radius for every unit vector u
    if radius is None:
        box = float(np.prod(Z.max(axis=0) - Z.min(axis=0))) or 1.0
        areas = np.pi / np.abs(R[:, 0, 0] * R[:, 1, 1])
        radius = float(np.sqrt(SHARE * box / len(Z) / np.median(areas)))
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    return Indicatrices(Z, Z[:, None, :] + radius * np.linalg.solve(R, circle[None]).transpose(0, 2, 1), radius)
