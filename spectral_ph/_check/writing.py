"""A file that is written whole or not at all, with a sentence for a place that cannot be written to."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from spectral_ph._check.sentences import InputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a place that holds no more: it is full, or what one may write there is."""


@contextmanager
def whole(path: str | os.PathLike[str], mode: str = "x") -> Iterator[IO[Any]]:
    """Open a file beside the target that takes its name only when all was written.

    Parameters
    ----------
    path : the file; one that was there is replaced.
    mode : "x" for text, UTF-8; "xb" for bytes.

    Yields
    ------
    the open file.

    Raises
    ------
    InputError : the file cannot be written.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        # A name from a damaged file may hold half a surrogate pair, which UTF-8 cannot.
        text: Any = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
        with partial.open(mode, **text) as stream:
            yield stream
        partial.replace(target)
    except OSError as error:
        way = "Name a file in a folder that exists and can be written to."
        if error.errno in FULL:
            way = "Make room there, or name a file elsewhere."
        raise InputError(f"{target} could not be written ({error.strerror or error}). {way}") from error
    finally:
        with suppress(OSError):  # after success it is gone, and without its folder it never was
            partial.unlink()
