"""One loop of epochs for all nets: stages, early stopping, a record of losses, and checkpoints that go on to the same bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from spectral_ph import _check, _log
from spectral_ph._check import Argument
from spectral_ph._types import Settings
from spectral_ph.nn import checkpoint as files
from spectral_ph.nn.networks import seeded

Record = dict[str, Any]
"""Of one epoch: "stage", "epoch" (from 1 in each stage), "loss" and its parts, each the mean over the batches."""

Callback = Callable[[int, Record], Any]
"""Called after each epoch with its number (from 1 in each stage) and its record; True ends the stage."""

Losses = dict[str, Tensor]
"""The "loss" that is descended, and parts of it that are recorded."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A stretch of the optimisation with one optimiser.

    Attributes
    ----------
    name : in the records.
    epochs : at most.
    begin : changes the net, if need be, and returns the optimiser.
    rate : learning rate by the epoch, from 0, as a factor of what the optimiser was made with.
    steps : yields the losses of the batches of an epoch, given its number from 0.
    judge : the loss on held-out data, given the number of the epoch; None: there is no early stopping.
    patience : epochs without a new least loss after which the stage ends; the weights of the least loss are taken.
    patient_from : the first epoch that counts for that.
    clip : largest absolute value of an entry of the gradient.
    """

    name: str
    epochs: int
    begin: Callable[[], torch.optim.Optimizer]
    steps: Callable[[int], Iterator[Losses]]
    rate: Callable[[int], float] = lambda epoch: 1.0
    judge: Callable[[int], float] | None = None
    patience: int = 10
    patient_from: int = 0
    clip: float | None = None


@dataclass(eq=False)
class _Progress:
    """Where an optimisation stands at the end of an epoch."""

    stage: int = 0
    epoch: int = 0
    least: float = math.inf
    waited: int = 0
    best: dict[str, Tensor] | None = None
    done: bool = False  # with the stage
    history: list[Record] = field(default_factory=list)

    def said(self) -> Settings:
        return {
            "stage": self.stage,
            "epoch": self.epoch,
            "least": self.least if math.isfinite(self.least) else None,
            "waited": self.waited,
            "done": self.done,
            "history": self.history,
        }

    @classmethod
    def read(cls, said: Settings, arrays: files.Arrays) -> _Progress:
        least = math.inf if said["least"] is None else said["least"]
        best = files.unpacked(arrays, files.TENSORS["best"]) or None
        return cls(said["stage"], said["epoch"], least, said["waited"], best, said["done"], said["history"])


def shuffled(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield the indices of the batches of an epoch; the last one is dropped where it is not full, unless it is the only one.

    Parameters
    ----------
    n : number of rows.
    size : of a batch.
    generator : shuffles.

    Examples
    --------
    >>> [len(batch) for batch in shuffled(10, 4, torch.Generator())], [len(b) for b in shuffled(3, 4, torch.Generator())]
    ([4, 4], [3])
    """
    order = torch.randperm(n, generator=generator)
    size = min(n, size)
    for at in range(0, n - size + 1, size):
        yield order[at : at + size]


def train(
    net: nn.Module,
    stages: list[Stage],
    generator: torch.Generator,
    *,
    name: str,
    device: torch.device,
    checkpoint: files.PathLike | None = None,
    settings: Settings | None = None,
    callback: Callback | None = None,
) -> list[Record]:
    """Run the stages, or what is left of them.

    A checkpoint is written after each epoch. It holds the net, the moments of the optimiser, the generator, the records and
    where early stopping stands, so that a run that was killed goes on to the bits of an unbroken one. Every epoch has its own
    seed for what draws from the global generator, such as dropout in a net of the user, and leaves that generator as it was.

    Parameters
    ----------
    net : trained in place; on `device`.
    stages : in their order.
    generator : of batches, augmentations and negatives, on the CPU.
    name : of what is trained, for the progress bar.
    device : where the net is.
    checkpoint : path of the file; one that is there is gone on with. None: none is written.
    settings : what the checkpoint must have been made with.
    callback : see `Callback`.

    Returns
    -------
    list of records.

    Raises
    ------
    InputError : for a checkpoint of other settings, or a loss that is not finite.
    """
    from tqdm import tqdm

    at, optimizer = _resumed(net, stages, generator, checkpoint, settings or {}, device)
    total = sum(stage.epochs for stage in stages)
    bar = tqdm(
        total=total,
        initial=len(at.history),
        desc=name,
        unit="epoch",
        delay=2.0,
        leave=False,
        disable=not _log.shows_bars(),
    )
    with bar:
        while True:
            stage = stages[at.stage]
            while not at.done and at.epoch < stage.epochs:
                assert optimizer is not None
                _epoch(net, stage, optimizer, generator, at, device)
                stop = callback is not None and callback(at.epoch, dict(at.history[-1])) is True
                at.done = at.done or stop or at.epoch == stage.epochs
                if at.done and at.best is not None:
                    net.load_state_dict(at.best)
                if checkpoint is not None:
                    _write(checkpoint, settings or {}, net, optimizer, generator, at)
                bar.update()
                bar.set_postfix(loss=f"{at.history[-1]['loss']:.3g}", stage=stage.name, refresh=False)
            if at.stage + 1 == len(stages):
                return at.history
            at = _Progress(stage=at.stage + 1, history=at.history)
            optimizer = stages[at.stage].begin()


def _resumed(
    net: nn.Module,
    stages: list[Stage],
    generator: torch.Generator,
    checkpoint: files.PathLike | None,
    settings: Settings,
    device: torch.device,
) -> tuple[_Progress, torch.optim.Optimizer]:
    """Return where to go on and the optimiser of that stage, with the net and the generator as they were then."""
    optimizer = stages[0].begin()
    if checkpoint is None or (found := files.unfinished(checkpoint)) is None:
        return _Progress(), optimizer
    said, arrays = found
    files.same_run(checkpoint, said["settings"], settings)
    at = _Progress.read(said["progress"], arrays)
    for stage in stages[1 : at.stage + 1]:  # so that the net has the layers of that stage
        optimizer = stage.begin()
    net.load_state_dict(files.unpacked(arrays, files.TENSORS["net"]))
    files.restore_optimizer(optimizer, arrays)
    generator.set_state(torch.from_numpy(arrays["generator"]))
    if at.best is not None:
        at.best = {key: value.to(device) for key, value in at.best.items()}
    return at, optimizer


def _write(
    path: files.PathLike,
    settings: Settings,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    at: _Progress,
) -> None:
    arrays = files.packed(net.state_dict(), files.TENSORS["net"]) | files.optimizer_state(optimizer)
    if at.best is not None and not at.done:
        arrays |= files.packed(at.best, files.TENSORS["best"])
    arrays["generator"] = generator.get_state().numpy()
    files.write(path, {"settings": settings, "progress": at.said()}, arrays)


def _epoch(
    net: nn.Module,
    stage: Stage,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    at: _Progress,
    device: torch.device,
) -> None:
    """Run one epoch, and write down what it gave."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * stage.rate(at.epoch)
    sums: dict[str, float] = {}
    count = 0
    with seeded(generator, device):
        for losses in stage.steps(at.epoch):
            optimizer.zero_grad(set_to_none=True)
            losses["loss"].backward()
            if stage.clip is not None:
                nn.utils.clip_grad_value_([p for g in optimizer.param_groups for p in g["params"]], stage.clip)
            optimizer.step()
            count += 1
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
    record: Record = {"stage": stage.name, "epoch": at.epoch + 1}
    record |= {name: value / count for name, value in sums.items()}
    if not math.isfinite(record["loss"]):
        raise _check.InputError(
            f"the loss is {record['loss']} in epoch {record['epoch']} of stage {stage.name!r}. Pass a smaller ",
            Argument("learning_rate"),
            ", or look for rows that are far larger than the others.",
        )
    if stage.judge is not None:
        with torch.no_grad():
            record["held_out"] = stage.judge(at.epoch)
        _watch(net, stage, at, record["held_out"])
    at.epoch += 1
    at.history.append(record)


def _watch(net: nn.Module, stage: Stage, at: _Progress, value: float) -> None:
    """Take note of the loss on held-out data, and end the stage where it has not fallen for long."""
    if at.epoch < stage.patient_from:
        return
    if value < at.least:
        at.least, at.waited = value, 0
        at.best = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
    else:
        at.waited += 1
        at.done = at.waited >= stage.patience


def descended(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Return the optimiser after it has noted the learning rates that factors by the epoch refer to."""
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer


def warm_cosine(warm_up: int, epochs: int) -> Callable[[int], float]:
    """Return a learning rate that rises linearly over some epochs and falls to 0 along half a cosine over the rest.

    Parameters
    ----------
    warm_up : epochs of the rise, 0 for none.
    epochs : in all.

    Examples
    --------
    >>> [round(warm_cosine(2, 6)(epoch), 2) for epoch in range(6)]
    [0.5, 1.0, 1.0, 0.85, 0.5, 0.15]
    """
    warm_up = min(warm_up, epochs - 1)

    def rate(epoch: int) -> float:
        if epoch < warm_up:
            return (epoch + 1) / warm_up
        return (1 + math.cos(math.pi * (epoch - warm_up) / (epochs - warm_up))) / 2

    return rate


def falling(epochs: int) -> Callable[[int], float]:
    """Return a learning rate that falls linearly from 1, to one step above 0 in the last epoch.

    Examples
    --------
    >>> [falling(4)(epoch) for epoch in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """
    return lambda epoch: 1 - epoch / epochs
