"""How the command line spells the arguments of the functions, and how it reads them."""

from __future__ import annotations

import ast
import re
import shlex

import spectral_ph as sph
from spectral_ph._check import Argument, InputError, SpectralWarning
from spectral_ph._types import Settings

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
    "level": "--level",
    "max_points": "--max-points",
    "at": "--at",
    "method": "--method",
    "n_landmarks": "--n-landmarks",
    "graph": "--graph",
    "use_rep": "--use-rep",
    "layer": "--layer",
    "drop_empty": "--drop-empty",
    "delimiter": "--delimiter",
    "kind": "--preprocess",
    "overwrite": "--overwrite",
}


PARAMETERS = {name for row in sph.DISTANCES.values() for name in row.parameters} | {
    "mode",
    "weighted",
    "search",
    "dtype",
    "method",
    "n_landmarks",
}


def option(argument: Argument) -> str:
    """Return what one types here for an argument of the functions.

    Parameters
    ----------
    argument : with or without a value.

    Returns
    -------
    str

    Examples
    --------
    >>> option(Argument("n_neighbors", 14)), option(Argument("drop_empty", True)), option(Argument("t", 8))
    ('--n-neighbors 14', '--drop-empty', '--param t=8')
    >>> option(Argument("threshold")), option(Argument("mode")), option(Argument("X"))
    ('--threshold', '--param mode', 'INPUT')
    """
    name, value = argument.name, argument.value
    if name == "X":
        return "INPUT"
    flag, joint = (OPTIONS[name], " ") if name in OPTIONS else (f"--param {name}", "=")
    if value is ... or (value is True and name in OPTIONS):
        return flag
    return f"no {flag}" if value is False and name in OPTIONS else f"{flag}{joint}{shlex.quote(str(value))}"


def spelled(sentence: InputError | SpectralWarning) -> str:
    """Return a sentence with its arguments as one types them here.

    Parameters
    ----------
    sentence : an error or a warning, in parts.

    Returns
    -------
    str
    """
    return "".join(option(part) if isinstance(part, Argument) else in_options(str(part)) for part in sentence.args)


def in_options(sentence: str) -> str:
    """Rewrite what a sentence that is not in parts says to type in Python as what to type here."""

    def typed(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        if name in OPTIONS:
            return OPTIONS[name] if value == "True" else f"{OPTIONS[name]} {value}"
        return f"--param {name}={value}" if name in PARAMETERS else match[0]

    before, name = r"(?<!--param )(?<![\w'-])", r"(?P<name>[a-z_]+)"
    sentence = re.sub(rf"{before}{name}='(?P<value>[\w.-]+)'", typed, sentence)
    sentence = re.sub(rf"{before}{name}=(?P<value>True|False|-?[\d.]*\d)(?![\w(])", typed, sentence)
    names = "|".join(name for name in OPTIONS if "_" in name)
    return re.sub(rf"(?<![\w'-])({names})(?![\w'=])", lambda match: OPTIONS[match[1]], sentence)


def params(items: tuple[str, ...]) -> Settings:
    """Read NAME=VALUE; the value is a number, True, False, None or else text."""
    params: Settings = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--param takes NAME=VALUE, and {item!r} came; for example --param t=8.")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        name = name.strip().replace("-", "_")
        if name in OPTIONS or name == "X":
            way = f"use {OPTIONS[name]}" if name in OPTIONS else "pass the points as INPUT"
            raise InputError(f"--param {item} names what is no parameter of graph or distance; {way}.")
        if name in params:
            raise InputError(f"--param gives {name} twice; leave one out.")
        params[name] = value
    return params
