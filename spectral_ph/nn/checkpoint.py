"""Files that hold nets: one of numbers and JSON, nothing in it is ever unpickled, and it is written whole or not at all.

A checkpoint holds what goes on with an optimisation, a saved model what transforms new points.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from spectral_ph._check import Argument, InputError
from spectral_ph._types import Settings

PathLike: TypeAlias = str | os.PathLike[str]
Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = dict[str, Array]

FORMAT = 1
TEXT = "json"
"""Name of the array that holds the JSON."""

TENSORS = {"net": "net/", "best": "best/", "optimizer": "optimizer/"}


def digest(array: Array) -> str:
    """Return a fingerprint of an array: the same for equal numbers of one shape and type, and for no others.

    Examples
    --------
    >>> digest(np.arange(3.0)) == digest(np.arange(3.0)), digest(np.arange(3.0)) == digest(np.arange(3))
    (True, False)
    """
    read = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    read.update(np.ascontiguousarray(array).data)
    return read.hexdigest()[:32]


def _check_path(path: object, name: str, otherwise: str = "") -> None:
    """Refuse what names no file."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(Argument(name), f" must be the path of a file{otherwise}, not {path!r}.")
    if Path(path).is_dir():
        raise InputError(Argument(name), f" {str(path)!r} is a folder. Name a file in it.")


def write(path: PathLike, said: Settings, arrays: Mapping[str, Array]) -> None:
    """Write a file beside the target, and give it the name of the target when all of it is on the disk.

    Parameters
    ----------
    path : the file; one that was there is replaced.
    said : what has a JSON form.
    arrays : by name.

    Raises
    ------
    InputError : if the file cannot be written.
    """
    _check_path(path, "path")
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    text = np.frombuffer(json.dumps(said | {"format": FORMAT}).encode(), dtype=np.uint8)
    try:
        with partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **({TEXT: text} | dict(arrays)))
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    except OSError as error:
        raise InputError(
            f"{target} could not be written ({error.strerror or error}). Name a file in a folder that exists and can be "
            "written to."
        ) from error
    finally:
        with suppress(OSError):  # after success it is gone
            partial.unlink()


def read(path: PathLike, what: str) -> tuple[Settings, Arrays]:
    """Read a file that `write` wrote.

    Parameters
    ----------
    path : the file.
    what : what it should be, for the sentence: "a checkpoint" or "a saved model".

    Returns
    -------
    said, arrays : as they were written.

    Raises
    ------
    InputError : for a file that is not there, is damaged, or is another one.
    """
    _check_path(path, "path")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        said = json.loads(arrays.pop(TEXT).tobytes())
    except FileNotFoundError as error:
        raise InputError(f"{os.fspath(path)} is not there. Check its name.") from error
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{os.fspath(path)} is no file that spectral_ph.nn wrote, or it is damaged ({type(error).__name__}). Name "
            f"{what}, or remove it."
        ) from error
    if said.get("format") != FORMAT:
        raise InputError(
            f"{os.fspath(path)} is of format {said.get('format')!r}, but this version of spectral_ph reads format {FORMAT}. "
            "Read it with the version that wrote it."
        )
    return said, arrays


def unfinished(path: PathLike) -> tuple[Settings, Arrays] | None:
    """Return what a checkpoint holds, or None where one can be written but is not there yet.

    Parameters
    ----------
    path : the checkpoint.

    Returns
    -------
    said, arrays : as they were written; or None.

    Raises
    ------
    InputError : for what is no path, a place that cannot be written to, or a file that is no checkpoint.
    """
    _check_path(path, "checkpoint", " or None")
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        why = f"there is no folder {folder.name!r}. Make it first."
    elif not os.access(folder, os.W_OK):
        why = f"no file can be made in the folder {folder.name!r}. Name a file in a folder that can be written to."
    elif not Path(path).exists():
        return None
    else:
        said, arrays = read(path, "a checkpoint of another run")
        if "progress" in said:
            return said, arrays
        raise InputError(
            Argument("checkpoint"), f" {path} is a saved model, with which nothing can go on. Name another file."
        )
    raise InputError(Argument("checkpoint"), f" {path} cannot be written: {why}")


def same_run(path: PathLike, there: Settings, asked: Settings) -> None:
    """Refuse a checkpoint of other settings or other data, naming what differs.

    Parameters
    ----------
    path : the checkpoint.
    there : what made it. asked : what the present fit was asked for; both as JSON gives them back.

    Raises
    ------
    InputError : if they differ.
    """
    asked = json.loads(json.dumps(asked))
    names = [name for name in (*asked, *(n for n in there if n not in asked)) if there.get(name) != asked.get(name)]
    if not names:
        return

    def told(settings: Settings) -> str:
        return ", ".join("other data" if n == "data" else f"{n}={settings.get(n)!r}" for n in names)

    raise InputError(
        Argument("checkpoint"),
        f" {os.fspath(path)} was made with {told(there)}; this fit has {told(asked)}. Fit with what made it, name another "
        "file, or remove this one to begin anew.",
    )


def packed(state: Mapping[str, Any], prefix: str) -> Arrays:
    """Return the tensors of a state_dict as arrays, their names behind a prefix."""
    return {prefix + name: value.detach().cpu().numpy() for name, value in state.items()}


def unpacked(arrays: Arrays, prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors that `packed` wrote under a prefix."""
    return {name[len(prefix) :]: torch.from_numpy(a) for name, a in arrays.items() if name.startswith(prefix)}


def optimizer_state(optimizer: torch.optim.Optimizer) -> Arrays:
    """Return the moments of an optimiser as arrays named by parameter and moment."""
    return {
        f"{TENSORS['optimizer']}{number}/{name}": value.detach().cpu().numpy()
        for number, moments in optimizer.state_dict()["state"].items()
        for name, value in moments.items()
        if isinstance(value, torch.Tensor)
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, arrays: Arrays) -> None:
    """Put back what `optimizer_state` wrote."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in unpacked(arrays, TENSORS["optimizer"]).items():
        number, moment = name.split("/")
        state.setdefault(int(number), {})[moment] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
