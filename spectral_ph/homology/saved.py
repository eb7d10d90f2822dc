"""Diagrams in a file: .npz without pickle, written whole or not at all, and read with a sentence for whatever is wrong."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check
from spectral_ph._check.writing import whole

if TYPE_CHECKING:
    from spectral_ph.homology.diagram import Persistence

FORMAT = 1
"""Number of the layout. A file of a larger number is of a newer version, and is not guessed at."""
HEADER = "spectral_ph.Persistence"
"""Array that holds the header, as the bytes of a text in JSON; files without it are of somebody else."""


def write(P: Persistence, path: str | os.PathLike[str]) -> None:
    """Write diagrams to a file; see `Persistence.save`.

    Parameters
    ----------
    P : what to write. path : the file; one that was there is replaced when all is written.
    """
    head = {
        "format": FORMAT,
        "n_points": P.n_points,
        "engine": P.engine,
        "settings": _plain(P.settings),
        "warnings": list(P.warnings),
        "degrees": len(P.diagrams),
        "birth_edges": P.birth_edges is not None,
        "cocycles": None if P.cocycles is None else [len(part) for part in P.cocycles],
    }
    text = json.dumps(head, default=_refuse).encode()
    arrays: dict[str, NDArray[Any]] = {HEADER: np.frombuffer(text, dtype=np.uint8)}
    for k, diagram in enumerate(P.diagrams):
        arrays[f"diagram_{k}"] = diagram
        if P.birth_edges is not None:
            arrays[f"birth_edges_{k}"] = P.birth_edges[k]
        if P.cocycles is not None and P.cocycles[k]:
            arrays[f"cocycles_{k}"] = np.concatenate(P.cocycles[k])
            arrays[f"cocycles_{k}_sizes"] = np.array([len(c) for c in P.cocycles[k]])
    with whole(path, "xb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def read(path: str | os.PathLike[str]) -> Persistence:
    """Read diagrams from a file; see `Persistence.load`.

    Parameters
    ----------
    path : the file.

    Returns
    -------
    Persistence
    """
    source = Path(path)
    try:
        with source.open("rb") as stream:
            return _from(stream, source)
    except OSError as error:
        raise _check.InputError(
            f"{source} could not be read ({error.strerror or error}). Pass a file that Persistence.save wrote."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        if isinstance(error, _check.InputError):
            raise
        raise _check.InputError(
            f"{source} is damaged, or was cut short while it was written or copied ({error}). Copy it again, or compute "
            "the diagrams again."
        ) from error


def _from(stream: IO[bytes], source: Path) -> Persistence:
    from spectral_ph.homology.diagram import Persistence

    start = stream.read(4)
    stream.seek(0)
    if not start.startswith(b"PK"):
        raise _foreign(source)
    with np.load(stream, allow_pickle=False) as arrays:
        if HEADER not in arrays.files:
            raise _foreign(source)
        head = json.loads(arrays[HEADER].tobytes())
        if head["format"] > FORMAT:
            raise _check.InputError(
                f"{source} was written by a newer version of spectral_ph (layout {head['format']}, this one reads up to "
                f"{FORMAT}). Update spectral_ph to read it."
            )
        degrees = range(head["degrees"])
        cocycles = None
        if head["cocycles"] is not None:
            cocycles = [_cut(arrays, k) if count else [] for k, count in enumerate(head["cocycles"])]
        return Persistence(
            diagrams=[arrays[f"diagram_{k}"] for k in degrees],
            n_points=head["n_points"],
            engine=head["engine"],
            settings=_back(head["settings"]),
            warnings=tuple(head["warnings"]),
            birth_edges=[arrays[f"birth_edges_{k}"] for k in degrees] if head["birth_edges"] else None,
            cocycles=cocycles,
        )


def _cut(arrays: Any, k: int) -> list[NDArray[np.int64]]:
    """Return the cocycles of a degree one by one."""
    ends = np.cumsum(arrays[f"cocycles_{k}_sizes"])
    return [part.copy() for part in np.split(arrays[f"cocycles_{k}"], ends[:-1])]


def _foreign(source: Path) -> _check.InputError:
    return _check.InputError(f"{source} holds no diagrams of spectral_ph. Pass a file that Persistence.save wrote.")


TUPLE = "()"
"""Key under which a tuple lies in JSON, which has only lists."""


def _plain(value: Any) -> Any:
    """Return settings as JSON has them, so that the same come back."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return {TUPLE: [_plain(part) for part in value]}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if callable(value):
        name = getattr(value, "__qualname__", repr(value))
        _check.warn(f"the settings hold a function ({name}), of which only the name is kept in the file.")
        return name
    return value


def _refuse(value: object) -> Any:
    raise _check.InputError(
        f"the settings hold {value!r} of type {type(value).__name__}, which no file of diagrams can hold. Take it out by "
        "dataclasses.replace(P, settings=...)."
    )


def _back(value: Any) -> Any:
    """Undo `_plain`."""
    if isinstance(value, dict):
        if set(value) == {TUPLE}:
            return tuple(_back(part) for part in value[TUPLE])
        return {name: _back(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_back(part) for part in value]
    return value
