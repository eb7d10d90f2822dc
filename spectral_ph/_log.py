"""Messages about what is being done: the logger "spectral_ph" of the standard library, at the levels that scanpy uses.

Warnings are shown unless they are turned off; `logging.getLogger("spectral_ph").setLevel("INFO")` shows what is added and how
long it took. Where a program has set up logging of its own, messages go there. Where scanpy is loaded,
`scanpy.settings.verbosity` decides too.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

HINT = 15
"""Between information and debugging, as in scanpy."""

logger = logging.getLogger("spectral_ph")


class _Shown(logging.Handler):
    """Print to standard error where the program has no handlers of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one message."""
        if not logging.getLogger().handlers:
            try:
                print(self.format(record), file=sys.stderr)
            except OSError:  # a closed pipe takes no message, and this is no place to stop for that
                self.handleError(record)


def _set_up() -> None:
    logging.addLevelName(HINT, "HINT")
    if not logger.handlers:
        logger.addHandler(_Shown())


_set_up()


def say(level: int, text: str) -> None:
    """Send a message to the logger, or to scanpy's where only scanpy has been asked to show such messages.

    Parameters
    ----------
    level : such as logging.INFO or `HINT`.
    text : the message.
    """
    if logger.isEnabledFor(level):
        logger.log(level, text)
        return
    scanpy = sys.modules.get("scanpy")
    if scanpy is not None:
        names = {logging.WARNING: "warning", logging.INFO: "info", HINT: "hint", logging.DEBUG: "debug"}
        getattr(scanpy.logging, names[level])(text)


def shows_bars() -> bool:
    """Return whether bars are drawn while long work is done.

    They are where standard error is a terminal and warnings are shown: neither the level of the logger nor the verbosity of
    scanpy, where that is loaded, asks for errors alone.
    """
    scanpy = sys.modules.get("scanpy")
    wanted = logger.isEnabledFor(logging.WARNING) and (scanpy is None or int(scanpy.settings.verbosity) > 0)
    return wanted and sys.stderr is not None and sys.stderr.isatty()


def since(start: float) -> str:
    """Return the time since `start`, a value of `time.monotonic`, as "0:00:12"."""
    return str(timedelta(seconds=round(monotonic() - start)))


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Say what is begun, and when it is finished how long it took and what it gave.

    Parameters
    ----------
    what : what is done, such as "finding loops of 300 cells".

    Yields
    ------
    list, to which the block may add what it gave, such as "added obs['phase']".
    """
    say(logging.INFO, what)
    start, gave = monotonic(), list[str]()
    yield gave
    say(logging.INFO, f"    finished ({since(start)})" + (f": {', '.join(gave)}" if gave else ""))
