"""Maps of images by contrastive learning: two views of an image lie close by, all others apart."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Settings
from spectral_ph.nn import checkpoint as files
from spectral_ph.nn import convolutions, pixels
from spectral_ph.nn.augment import AUGMENTATIONS, Augment, Augmentation, check_augment, check_finite, two_views
from spectral_ph.nn.base import Neural
from spectral_ph.nn.losses import info_nce
from spectral_ph.nn.networks import built, chosen_device, torch_generator
from spectral_ph.nn.training import Callback, Losses, Stage, descended, shuffled, warm_cosine

BLOCK = 512
"""Images that go through the net at a time once it is trained."""

WIDE = 128
"""Columns of the first stage."""

STAGES = ("wide", "last layer", "all layers")


@dataclass(frozen=True)
class Preset:
    """The settings of the three stages.

    Attributes
    ----------
    backbone : by name. head : width of the hidden layer of the head.
    epochs, warm_up : of each stage. batch_size : images.
    rates : learning rate of each stage at this batch size.
    paper : SGD with momentum, rates in proportion to the batch size and clipped gradients; else AdamW.
    crop : smallest area of a crop; None: that of the augmentation.
    """

    backbone: str
    head: int
    epochs: tuple[int, int, int]
    warm_up: tuple[int, int, int]
    batch_size: int
    rates: tuple[float, float, float]
    paper: bool
    crop: float | None


PRESETS = {
    "quick": Preset("small", 256, (40, 8, 13), (0, 0, 0), 128, (2e-3, 2e-3, 0.3 * 2e-3), False, 0.4),
    "paper": Preset(
        "resnet18", 1024, (1000, 50, 450), (10, 0, 10), 1024, (0.03 * 4, 0.03 * 4, 0.03 * 4 / 1000), True, None
    ),
}
WEIGHT_DECAY, MOMENTUM, CLIP = 5e-4, 0.9, 4.0


class Mapper(nn.Module):  # type: ignore[misc]
    """A backbone and a head of one hidden layer.

    Parameters
    ----------
    backbone : from images to features. features, hidden, columns : widths of the head.
    """

    def __init__(self, backbone: nn.Module, features: int, hidden: int, columns: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.hidden = nn.Linear(features, hidden)
        self.last = nn.Linear(hidden, columns)

    def forward(self, X: Tensor) -> Tensor:
        """Return the rows of (b, channels, H, W) images."""
        return self.last(torch.relu(self.hidden(self.backbone(X))))


class TSimCNE(Neural):
    """A map of images in the plane, learned from random views of them: t-SimCNE.

    Two views of each of b images give 2 b rows. With s = 1 / (1 + |z_i - z_j|^2) the loss is

        mean over rows of -log s(i, other view of i) + log sum over j != i of s(i, j).

    A net is trained with 128 columns first. Then it gets a new last layer of `n_components` columns, which is trained alone, and
    last all of it is trained. While the last layer is trained, batch normalisation goes on counting.

    Parameters
    ----------
    n_components : columns of the map.
    augment : how views are made. "natural" for photographs: crops, mirror images, colours. "rotation" for what lies in any
        direction, such as cells on a slide: any angle and both mirror images as well. Or an `Augmentation`, or any function of
        (images, generator), which gets a (b, channels, H, W) tensor in [0, 1] and a torch.Generator on the CPU, and returns one
        of the same shape and type.
    preset : "quick" for minutes on a CPU: three convolutions, 40 + 8 + 13 epochs of batches of 128, crops of .4 or more of the
        area under the named augmentations. "paper" for days on a GPU: ResNet-18, 1000 + 50 + 450 epochs of batches of 1024.
    backbone : "small", "resnet18", or a torch module from (b, channels, H, W) to (b, features), of which a copy is trained. None:
        that of the preset. The named ones take images of any size from 1 x 1 pixels; "small" halves the sides three times, so
        that of 8 x 8 pixels one is left.
    epochs : of the three stages; None: those of the preset.
    batch_size : images of a step, at most; None: that of the preset. The preset "paper" takes rates in proportion to it.
    learning_rate : of the first stage; the others keep their proportion to it. None: that of the preset.
    random_state, device, checkpoint, callback : see `spectral_ph.nn.base.Neural`.

    Attributes
    ----------
    net_, loss_history_, settings_ : see `spectral_ph.nn.base.Neural`. Records are of the stages "wide", "last layer" and
        "all layers".
    image_shape_ : (H, W, channels) of the images it was fitted to.

    References
    ----------
    Böhm, Berens, Kobak, Unsupervised visualization of image datasets using contrastive learning, ICLR 2023; Nwabufo, Böhm,
    Berens, Kobak, 2024 (medical images). The preset "quick" and its optimiser are of this package.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> cells = sph.datasets.textured_cells(60)
    >>> sph.nn.TSimCNE(augment="rotation", epochs=(1, 1, 1)).fit_transform(cells.images).shape
    (60, 2)
    """

    _numbers: ClassVar[tuple[str, ...]] = ("image_shape_",)
    _callables: ClassVar[tuple[str, ...]] = ("augment", "backbone")

    def __init__(
        self,
        n_components: int = 2,
        *,
        augment: str | Augment = "natural",
        preset: str = "quick",
        backbone: str | nn.Module | None = None,
        epochs: tuple[int, int, int] | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        random_state: Any = 0,
        device: str = "auto",
        checkpoint: files.PathLike | None = None,
        callback: Callback | None = None,
    ) -> None:
        self.n_components = n_components
        self.augment = augment
        self.preset = preset
        self.backbone = backbone
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.device = device
        self.checkpoint = checkpoint
        self.callback = callback

    def _check_arguments(self) -> None:
        self._check_common()
        _check.positive_int(self.n_components, "n_components")
        _check.one_of(self.preset, PRESETS, "preset", "preset")
        if callable(self.augment):
            check_augment(self.augment)
        else:
            _check.one_of(self.augment, AUGMENTATIONS, "augmentation", "augment")
        if isinstance(self.backbone, type):
            name = self.backbone.__name__
            raise _check.InputError(
                Argument("backbone"), f" must be an instance, not the class {name}. Pass {name}(...)."
            )
        if self.backbone is not None and not isinstance(self.backbone, nn.Module):
            _check.one_of(self.backbone, convolutions.BACKBONES, "backbone", "backbone")
        if self.epochs is not None:
            if not isinstance(self.epochs, (tuple, list)) or len(self.epochs) != 3:
                raise _check.InputError(
                    Argument("epochs"), f" must be three numbers, one for each stage, or None, not {self.epochs!r}."
                )
            for number in self.epochs:
                _check.positive_int(number, "epochs")
        if self.batch_size is not None:
            _check.positive_int(self.batch_size, "batch_size", least=2)
        if self.learning_rate is not None:
            _check.positive(self.learning_rate, "learning_rate")

    def fit(self, images: Any, y: object = None) -> Self:
        """Train the net.

        Parameters
        ----------
        images : (n, H, W) or (n, H, W, channels), uint8 or float in [0, 1]; at least 2, not all the same.
        y : not used.

        Returns
        -------
        self

        Raises
        ------
        InputError : for bad images or arguments, a checkpoint of other settings or data, or a loss that is not finite.
        """
        self._check_arguments()
        checked = pixels.images(images, least=2)
        pixels.distinct(checked)
        self.image_shape_ = np.array(checked.shape[1:])
        plan = PRESETS[self.preset]
        size = min(self.batch_size or plan.batch_size, len(checked))
        with _check.collected() as heard:
            generator = torch_generator(self.random_state)
            net = built(lambda: self._mapper(WIDE), generator).to(chosen_device(self.device))
            augment = self._augmentation(checked)
            self.settings_: Settings = {"batch_size": size, "augment": repr(augment)}
            stages = [self._stage(k, net, checked, augment, size, generator) for k in range(3)]
            self._train(net, stages, generator, self._asked(images=checked))
        self.settings_["warnings"] = list(heard)
        self.net_ = net.to("cpu").eval()
        return self

    def _augmentation(self, images: files.Array) -> Augment:
        if not isinstance(self.augment, str):
            return (
                self.augment.filled(pixels.border_colour(images))
                if isinstance(self.augment, Augmentation)
                else self.augment
            )
        chosen = AUGMENTATIONS[self.augment]
        least = PRESETS[self.preset].crop
        if least is not None:
            chosen = replace(chosen, crop=(least, chosen.crop[1]))
        return chosen.filled(pixels.border_colour(images))

    def _mapper(self, columns: int) -> Mapper:
        """Return a new net; the number of features of a backbone of the user is found by one image of zeros."""
        height, width, channels = (int(side) for side in self.image_shape_)
        chosen = self.backbone or PRESETS[self.preset].backbone
        backbone = getattr(convolutions, chosen)(channels) if isinstance(chosen, str) else copy.deepcopy(chosen)
        was = backbone.training
        shape = f"(b, {channels}, {height}, {width})"
        try:
            with torch.no_grad():
                made = backbone.eval()(torch.zeros(2, channels, height, width))
        except Exception as error:  # whatever a module of the user raises
            raise _check.InputError(
                Argument("backbone"),
                f" takes no images of the shape {shape} ({error}). Pass one for {channels} channel(s) and {height} x {width} "
                "pixels, or change the images.",
            ) from error
        if not isinstance(made, Tensor) or made.ndim != 2 or len(made) != 2:
            what = tuple(made.shape) if isinstance(made, Tensor) else f"{type(made).__name__}"
            raise _check.InputError(
                Argument("backbone"), f" must make (b, features) of {shape} images, but it made {what} of 2."
            )
        return Mapper(backbone.train(was), made.shape[1], PRESETS[self.preset].head, columns)

    def _make_net(self) -> nn.Module:
        return built(lambda: self._mapper(self.n_components), torch.Generator())

    def _stage(
        self,
        number: int,
        net: Mapper,
        images: files.Array,
        augment: Augment,
        size: int,
        generator: torch.Generator,
    ) -> Stage:
        plan, device = PRESETS[self.preset], chosen_device(self.device)
        epochs = (self.epochs or plan.epochs)[number]
        rate = plan.rates[number] * (1.0 if self.learning_rate is None else self.learning_rate / plan.rates[0])
        if plan.paper and self.learning_rate is None:
            rate *= size / plan.batch_size

        def begin() -> torch.optim.Optimizer:
            if number == 1:
                net.last = built(lambda: nn.Linear(net.hidden.out_features, self.n_components), generator).to(device)
                weights = torch.randn(net.last.weight.shape, generator=generator)
                with torch.no_grad():
                    net.last.weight.copy_(weights)
                    net.last.bias.zero_()
            parts = net.last.parameters() if number == 1 else net.parameters()
            if plan.paper:
                return descended(torch.optim.SGD(parts, rate, MOMENTUM, weight_decay=WEIGHT_DECAY))
            return descended(torch.optim.AdamW(parts, rate, weight_decay=WEIGHT_DECAY))

        def steps(epoch: int) -> Iterator[Losses]:
            net.train()
            for batch in shuffled(len(images), size, generator):
                X = pixels.tensor(images[batch.numpy()]).to(device)
                views = two_views(augment, X, generator)
                if number == 1:
                    with torch.no_grad():
                        hidden = torch.relu(net.hidden(net.backbone(views)))
                    Z = net.last(hidden)
                else:
                    Z = net(views)
                loss = info_nce(*Z.chunk(2), kernel="cauchy")
                if not loss.isfinite():
                    check_finite(views)
                yield {"loss": loss}

        return Stage(
            STAGES[number],
            epochs,
            begin,
            steps,
            rate=warm_cosine(plan.warm_up[number], epochs),
            clip=CLIP if plan.paper else None,
        )

    def fit_transform(self, images: Any, y: object = None) -> FloatArray:
        """Train the net and return the map of the images; what `fit(images).transform(images)` gives.

        Parameters
        ----------
        images : as for `fit`. y : not used.

        Returns
        -------
        (n, n_components) float64, in the order of the images.

        Raises
        ------
        InputError : as `fit`.
        """
        return self.fit(images).transform(images)

    def transform(self, images: Any) -> FloatArray:
        """Return the place of images in the map, old or new ones.

        Parameters
        ----------
        images : (m, H, W) or (m, H, W, channels), of the size that the net was fitted to.

        Returns
        -------
        (m, n_components) float64, in the order of the images.

        Raises
        ------
        NotFittedError : before `fit`. InputError : for bad images.
        """
        return self._through(images, lambda net, X: net(X))

    def features(self, images: Any) -> FloatArray:
        """Return what the backbone makes of images, before the head: rows for `neighbor_graph` and distances.

        Parameters
        ----------
        images : as for `transform`.

        Returns
        -------
        (m, features) float64, in the order of the images.

        Raises
        ------
        NotFittedError : before `fit`. InputError : for bad images.
        """
        return self._through(images, lambda net, X: net.backbone(X))

    def _through(self, images: Any, part: Callable[[nn.Module, Tensor], Tensor]) -> FloatArray:
        check_is_fitted(self)
        checked = pixels.images(images, least=1)
        if checked.shape[1:] != tuple(self.image_shape_):
            sides = ["x".join(str(int(side)) for side in shape) for shape in (self.image_shape_, checked.shape[1:])]
            raise _check.InputError(
                f"this net was fitted to images of {sides[0]} (height, width, channels), not {sides[1]}. Resize them first."
            )
        with torch.no_grad():
            made = [
                part(self.net_, pixels.tensor(checked[at : at + BLOCK])).numpy() for at in range(0, len(checked), BLOCK)
            ]
        return np.concatenate(made).astype(np.float64)

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components)

    @classmethod
    def load(
        cls,
        path: files.PathLike,
        *,
        augment: Augment | None = None,
        backbone: nn.Module | None = None,
    ) -> Self:
        """Return the model that `save` wrote.

        Parameters
        ----------
        path : the file.
        augment, backbone : where they were functions or modules, which no file can hold.

        Returns
        -------
        TSimCNE, with the bits that were saved.

        Raises
        ------
        InputError : for a file that is not there, is damaged, or holds something else, or where a function or module is missing.
        """
        return cls._load(path, {"augment": augment, "backbone": backbone})
