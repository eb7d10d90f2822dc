"""Backbones: nets that turn an image into a row of features."""

from __future__ import annotations

from torch import Tensor, nn

BACKBONES = ("small", "resnet18")


class Block(nn.Module):  # type: ignore[misc]
    """Two 3 x 3 convolutions beside a shortcut, the basic block of a residual net.

    Parameters
    ----------
    before, after : channels. stride : of the first convolution.
    """

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.short: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.short = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, X: Tensor) -> Tensor:
        """Return what the block makes of (b, before, H, W)."""
        return nn.functional.relu(self.inner(X) + self.short(X))


def small(channels: int) -> nn.Sequential:
    """Return three 3 x 3 convolutions of stride 2 with batch normalisation: 96 features, for small images on a CPU.

    Parameters
    ----------
    channels : of an image.
    """
    layers: list[nn.Module] = []
    for before, after in ((channels, 24), (24, 48), (48, 96)):
        layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def resnet18(channels: int) -> nn.Sequential:
    """Return a ResNet-18 for small images, its first convolution 3 x 3 of stride 1, without pooling after it: 512 features.

    Parameters
    ----------
    channels : of an image.

    References
    ----------
    He, Zhang, Ren, Sun, CVPR 2016; the change for small images: Chen et al., ICML 2020.
    """
    layers: list[nn.Module] = [nn.Conv2d(channels, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    before = 64
    for after, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(before, after, stride), Block(after, after, 1)]
        before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
