"""How the command line spells the arguments of the functions, and how it reads them."""

from __future__ import annotations

import ast
import shlex

import click

import spectral_ph as sph
from spectral_ph._check import Argument, InputError
from spectral_ph._types import Settings
from spectral_ph.graph.recipe import Recipe

# Arguments of the functions that have an option, or none at all, here.
OPTIONS = {
    "n_neighbors": "--n-neighbors",
    "metric": "--metric",
    "distance": "--distance",
    "threshold": "--threshold",
    "random_state": "--seed",
    "engine": "--engine",
    "maxdim": "--maxdim",
    "coeff": "--coeff",
    "n_loops": "--n-loops",
    "splits": "--splits",
    "split_by": "--split-by",
    "level": "--level",
    "max_points": "--max-points",
    "at": "--at",
    "spacing": "--spacing",
    "method": "--method",
    "n_landmarks": "--n-landmarks",
    "graph": "--graph",
    "use_rep": "--use-rep",
    "layer": "--layer",
    "drop_empty": "--drop-empty",
    "feature_type": "--feature-type",
    "delimiter": "--delimiter",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "header": "--header",
    "index": "--index",
    "transpose": "--transpose",
    "kind": "--preprocess",
    "overwrite": "--overwrite",
    "embedding": "--embedding",
    "affinity": "--affinity",
    "pursue": "--pursue",
    "start_genes": "--start-gene",
    "groupby": "--groupby",
    "min_cells": "--min-cells",
    "genes": "--genes",
    "labels": "--label",
    "confounders": "--confounder",
    "basis": "--basis",
}


OPPOSITES = {"header": "--no-header", "index": "--no-index"}
"""What one types for False, where the default is neither True nor False."""

OF_EMBEDDINGS = (
    "Z_bar",
    "a",
    "b",
    "denominators",
    "early_exaggeration",
    "early_steps",
    "init",
    "jitter_tolerance",
    "kernel",
    "learning_rate",
    "loss",
    "min_dist",
    "n_components",
    "n_epochs",
    "n_negatives",
    "n_steps",
    "perplexity",
    "rho",
    "s",
    "solver",
    "spread",
    "temperature",
)
"""Arguments of embeddings. They are listed, for importing the embeddings takes longer than a command should to begin."""

BY_PARAM = {name for row in sph.DISTANCES.values() for name in row.parameters} | {
    *Recipe.names(),
    "dtype",
    *OF_EMBEDDINGS,
}
"""Arguments of graph, distance and embedding, which `--param` takes."""

DATA = ("X", "counts")
"""What the functions call the data, which is the INPUT here."""


def option(argument: Argument) -> str:
    """Return what one types here for an argument of the functions.

    Parameters
    ----------
    argument : with or without a value.

    Returns
    -------
    str, as in Python where nothing here takes the argument, or the command that runs does not.

    Examples
    --------
    >>> option(Argument("n_neighbors", 14)), option(Argument("drop_empty", True)), option(Argument("t", 8))
    ('--n-neighbors 14', '--drop-empty', '--param t=8')
    >>> option(Argument("threshold")), option(Argument("mode")), option(Argument("X")), option(Argument("bins", 36))
    ('--threshold', '--param mode', 'INPUT', 'bins=36')
    """
    name, value = argument.name, argument.value
    if name in DATA:
        return "INPUT"
    if name not in OPTIONS and name not in BY_PARAM:
        return str(argument)
    if not _taken(OPTIONS.get(name, "--param")):
        return str(argument)
    if isinstance(value, (list, tuple)) and name in OPTIONS:
        return " ".join(f"{OPTIONS[name]} {shlex.quote(str(one))}" for one in value)
    if name == "pursue" and isinstance(value, bool):
        value = "yes" if value else "no"
    flag, joint = (OPTIONS[name], " ") if name in OPTIONS else (f"--param {name}", "=")
    if value is ... or (value is True and name in OPTIONS):
        return flag
    if value is False and name in OPPOSITES:
        return OPPOSITES[name]
    return f"no {flag}" if value is False and name in OPTIONS else f"{flag}{joint}{shlex.quote(str(value))}"


def _taken(flag: str) -> bool:
    """Tell whether the command that runs, if one does, has an option."""
    context = click.get_current_context(silent=True)
    return context is None or any(flag in one.opts for one in context.command.params)


def params(items: tuple[str, ...]) -> Settings:
    """Read NAME=VALUE; the value is a number, True, False, None or else text."""
    params: Settings = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--param takes NAME=VALUE, such as --param t=8, not {item!r}.")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        name = name.strip().replace("-", "_")
        if name in OPTIONS or name == "X":
            there = {opt for option in click.get_current_context().command.params for opt in option.opts}
            way = "Pass the points as INPUT" if name == "X" else f"Use {OPTIONS[name]}"
            if name != "X" and OPTIONS[name] not in there:
                way = f"Leave it out, for this command has no {OPTIONS[name]}"
            raise InputError(f"--param {item} names no parameter of graph or distance. {way}.")
        if name in params:
            raise InputError(f"--param gives {name} twice. Leave one out.")
        params[name] = value
    return params
