"""How the command line begins and ends: an exit code, and one sentence for whatever ended it early."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

import spectral_ph as sph
from spectral_ph import _interrupt
from spectral_ph.cli import output
from spectral_ph.cli.commands import app
from spectral_ph.cli.spelling import option


def main() -> None:
    """Run the command line: exit code 0, 2 and one sentence where it cannot go on, 130 when interrupted."""
    with _interrupt.raised() as pressed:
        try:
            code = _run(pressed)
            if not code:  # else the one sentence was said
                sys.stdout.flush()
        except OSError as error:  # what was printed is written when it is flushed
            code = _refuse(output.not_written(error))
        except KeyboardInterrupt:
            code = _stop()
        _leave_nothing_to_flush()
        sys.exit(code)


def _run(pressed: list[bool]) -> int:
    try:
        # Figures go to files; a window system must not be needed.
        import matplotlib

        matplotlib.use("Agg")
        with matplotlib.rc_context({"text.usetex": False}):  # whatever the user's style says: LaTeX may not be there
            app(prog_name="spectral-ph", standalone_mode=False)
    except click.UsageError as error:
        return _refuse(error.format_message())
    except sph.InputError as error:
        return _refuse(error.spelled(option))
    except (KeyboardInterrupt, click.Abort):
        return _stop()
    except BaseException as error:
        if pressed:  # foreign code may turn the interrupt into an error of its own
            return _stop()
        if isinstance(error, MemoryError):
            return _refuse(
                "the memory that this process may have is used up. Use fewer points, or raise the limit (ulimit -v, or that of "
                "the container)."
            )
        if isinstance(error, OSError):
            return _refuse(output.not_written(error))
        raise
    return 0


def _refuse(sentence: str) -> int:
    _say(f"error: {sentence}")
    return 2


def _stop() -> int:
    _say(_interrupt.SENTENCE)
    return _interrupt.CODE


def _say(text: str) -> None:
    with suppress(OSError):  # nobody may be reading it
        click.echo(text, err=True)


def _leave_nothing_to_flush() -> None:
    """Give what could not be printed to nobody: Python would try once more as it ends, and show a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            try:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
            except (OSError, ValueError):  # no stream of the system, as in a test
                return
