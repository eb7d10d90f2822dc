"""The pages of the API reference, written from `__all__` of the public modules, so that no public name is missing."""

import contextlib
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import click

from spectral_ph import MissingExtraError

MODULES = {
    "spectral_ph": "The chain",
    "spectral_ph.tl": "AnnData: compute",
    "spectral_ph.pl": "AnnData: draw",
    "spectral_ph.plot": "Figures of results",
    "spectral_ph.report": "Reports",
    "spectral_ph.datasets": "Data with known answers",
    "spectral_ph.datasets.cells": "Simulated cells",
    "spectral_ph.embedding": "Layouts",
    "spectral_ph.files": "Files",
    "spectral_ph.nn": "Networks",
}
"""Modules with names for users, in the order of the reference, and their headings."""

INVENTORIES = {
    "anndata": "https://anndata.readthedocs.io/en/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "python": "https://docs.python.org/3/",
    "scanpy": "https://scanpy.readthedocs.io/en/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
}


def inventories(folder):
    """Return (file, address) of the inventories that a folder holds, none without a folder."""
    found = [] if not folder else [(Path(folder) / f"{name}.inv", address) for name, address in INVENTORIES.items()]
    return [(path, address) for path, address in found if path.exists()]


def modules():
    """Return the public modules that this installation has, by name; one whose extra is missing is left out."""
    there = {}
    for name in MODULES:
        parent, _, last = name.rpartition(".")
        inside = pkgutil.iter_modules(importlib.import_module(parent).__path__) if parent else ()
        if parent and all(found.name != last for found in inside):
            continue
        with contextlib.suppress(MissingExtraError):
            module = importlib.import_module(name)
            for public in module.__all__:
                getattr(module, public)  # some are looked up on first use, and need the extra then
            there[name] = module
    return there


def names():
    """Return (name with its module, object) of every public name that is not a module of its own."""
    return [
        (f"{module_name}.{name}", getattr(module, name))
        for module_name, module in modules().items()
        for name in module.__all__
        if not inspect.ismodule(getattr(module, name))
    ]


def page(name, module):
    """Return the page of a module, in reStructuredText: what it says of itself, and a table that leads to its names."""
    own = [public for public in module.__all__ if not inspect.ismodule(getattr(module, public))]
    title = f"{MODULES[name]}: ``{name}``"
    return "\n".join(
        [
            title,
            "=" * len(title),
            "",
            f".. automodule:: {name}",
            "   :no-members:",
            "",
            f".. currentmodule:: {name}",
            "",
            ".. autosummary::",
            "   :toctree: names",
            "   :nosignatures:",
            "",
            *(f"   {public}" for public in own),
            "",
        ]
    )


def commands():
    """Return the page of the command line, in Markdown: what each command does, and its options under their headings."""
    from spectral_ph.cli import app

    parts = ["# Commands", "", app.help, "", "Every command prints this with `--help`.", ""]
    for name, command in sorted(app.commands.items()):
        context = click.Context(command, info_name=f"spectral-ph {name}")
        parts += [f"## spectral-ph {name}", "", _prose(command.help), "", "```", command.get_usage(context), "```", ""]
        groups = {}
        for option in command.get_params(context):
            if isinstance(option, click.Option):
                groups.setdefault(getattr(option, "group", "Running"), []).append(option.get_help_record(context))
        for group, rows in groups.items():
            parts += [f"**{group}**", "", "| option | what it does |", "|---|---|"]
            parts += [f"| `{_cell(names)}` | {_cell(_marked(says))} |" for names, says in rows] + [""]
    return "\n".join(parts)


def _prose(text):
    return " ".join(line.strip() for line in (text or "").splitlines()).strip()


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def _marked(text):
    """Return words of a help text so that Markdown takes no sign in them for a mark."""
    return re.sub(r"([*_<>\[\]`])", r"\\\1", text)


def write(folder):
    """Write a page for every public module into a folder; files that are as they should be are not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.rst": page(name, module) for name, module in modules().items()} | {"commands.md": commands()}
    for name, text in pages.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)
