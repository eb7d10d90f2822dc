"""The command line."""

from spectral_ph.cli.commands import app, main

__all__ = ["app", "main"]
