"""The command line."""

from spectral_ph.cli.commands import app
from spectral_ph.cli.entry import main

__all__ = ["app", "main"]
