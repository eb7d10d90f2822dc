"""The nets, and where their random numbers come from: no net here touches the global generator of torch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, RandomState

ACTIVATIONS: dict[str, type[nn.Module]] = {"elu": nn.ELU, "relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh}
DEVICES = ("auto", "cpu", "cuda", "mps")
SEED_BOUND = 2**63 - 1

Net = TypeVar("Net", bound=nn.Module)


def torch_generator(random_state: RandomState) -> torch.Generator:
    """Return a generator of torch on the CPU; an int seeds it, None draws fresh entropy.

    Parameters
    ----------
    random_state : int, numpy Generator or None.

    Examples
    --------
    >>> a, b = torch_generator(0), torch_generator(0)
    >>> bool(torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b)))
    True
    """
    generator = torch.Generator()
    generator.manual_seed(int(_check.generator(random_state).integers(SEED_BOUND)))
    return generator


@contextmanager
def seeded(generator: torch.Generator, device: torch.device | None = None) -> Iterator[None]:
    """Within the block the global generator of torch goes on from a number that `generator` draws; then it is as it was.

    Layers take their first weights from the global generator, and dropout its zeros.

    Parameters
    ----------
    generator : of the object that works.
    device : where it works; the generator of a CUDA device is put back, too.
    """
    seed = int(torch.randint(SEED_BOUND, (1,), generator=generator))
    cuda = device is not None and device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        # Not torch.manual_seed, which seeds every device there is.
        torch.random.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield


def built(make: Callable[[], Net], generator: torch.Generator) -> Net:
    """Return the net that `make` builds, with first weights that depend on `generator` alone.

    Parameters
    ----------
    make : builds the net.
    generator : of the object the net is for.

    Examples
    --------
    >>> before = torch.random.get_rng_state()
    >>> net = built(lambda: perceptron([3, 10, 2], "elu"), torch_generator(0))
    >>> bool(torch.equal(before, torch.random.get_rng_state()))
    True
    """
    with seeded(generator):
        return make()


def chosen_device(name: str) -> torch.device:
    """Return a device by its name; "auto" is the first of "cuda", "mps" and "cpu" that there is.

    Parameters
    ----------
    name : one of `DEVICES`.

    Raises
    ------
    InputError : for another name, or a device that this machine does not have.
    """
    _check.one_of(name, DEVICES, "device", "device")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there))
    if not there[name]:
        raise _check.InputError(
            Argument("device", name),
            f" is not there: torch {torch.__version__} finds {', '.join(k for k, v in there.items() if v)} only. Pass ",
            Argument("device", "auto"),
            ".",
        )
    return torch.device(name)


def perceptron(sizes: Sequence[int], activation: str = "relu", *, bias: bool = True) -> nn.Sequential:
    """Return a multilayer perceptron with the activation between its layers, and none before the first or after the last.

    Parameters
    ----------
    sizes : number of columns that go in, of each hidden layer, and that come out.
    activation : one of `ACTIVATIONS`.
    bias : whether the layers have one.

    Examples
    --------
    >>> perceptron([3, 10, 2], "elu")
    Sequential(
      (0): Linear(in_features=3, out_features=10, bias=True)
      (1): ELU(alpha=1.0)
      (2): Linear(in_features=10, out_features=2, bias=True)
    )
    """
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(itertools.pairwise(sizes)):
        if place:
            layers.append(ACTIVATIONS[activation]())
        layers.append(nn.Linear(before, after, bias=bias))
    return nn.Sequential(*layers)


def evaluated(net: nn.Module, X: FloatArray, block: int = 4096) -> FloatArray:
    """Return what a net makes of the rows of X, in double precision on the CPU.

    Parameters
    ----------
    net : of float64 weights, on the CPU.
    X : (n, d) float64.
    block : rows at a time.

    Returns
    -------
    (n, m) float64.
    """
    with torch.no_grad():
        made = [net(torch.from_numpy(X[at : at + block])).numpy() for at in range(0, len(X), block)]
    return np.concatenate(made)
