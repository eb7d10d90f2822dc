"""How the command line spells the arguments of the functions, and how it reads them."""

from __future__ import annotations

import ast
import re

import spectral_ph as sph
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
    "graph": "--graph",
    "use_rep": "--use-rep",
    "layer": "--layer",
    "drop_empty": "--drop-empty",
    "delimiter": "--delimiter",
    "kind": "--preprocess",
}


PARAMETERS = {name for row in sph.DISTANCES.values() for name in row.parameters} | {
    "mode",
    "weighted",
    "search",
    "dtype",
    "n_landmarks",
}


def in_options(sentence: str) -> str:
    """Rewrite what a sentence says to type in Python as what to type here."""

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
            raise sph.InputError(f"--param takes NAME=VALUE, and {item!r} came; for example --param t=8.")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        name = name.strip().replace("-", "_")
        if name in OPTIONS or name == "X":
            way = f"use {OPTIONS[name]}" if name in OPTIONS else "pass the points as INPUT"
            raise sph.InputError(f"--param {item} names what is no parameter of graph or distance; {way}.")
        if name in params:
            raise sph.InputError(f"--param gives {name} twice; leave one out.")
        params[name] = value
    return params
