"""Ctrl-C while the command line is still being imported: a sentence and exit code 130 instead of the traceback of an import.

`spectral_ph/__init__.py` imports this first. In any other program than the command `spectral-ph` it does nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SENTENCE = "interrupted; nothing was written"
CODE = 130
"""What shells give a program that was ended by Ctrl-C."""


def _end(*_: object) -> None:
    os.write(2, f"{SENTENCE}\n".encode())
    os._exit(CODE)  # an import cannot be trusted to let an exception through


def watch() -> None:
    """End the process with a sentence on Ctrl-C, if it is the command and nobody else has decided what Ctrl-C does."""
    command = Path(sys.argv[0]).name if getattr(sys, "argv", None) else ""
    if not command.startswith("spectral-ph") or threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


@contextmanager
def raised() -> Iterator[list[bool]]:
    """Within the block Ctrl-C raises KeyboardInterrupt, so that what is half written is taken away.

    Yields
    ------
    list that is not empty once Ctrl-C was pressed: the exception may come out of foreign code as another one.
    """
    pressed: list[bool] = []

    def press(*_: object) -> None:
        pressed.append(True)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if before not in (_end, signal.default_int_handler):
        yield pressed
        return
    signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


watch()
