"""No sentence names an option, or an argument, that does not exist at the door where it is said."""

import ast
import re
from pathlib import Path

import click
import pytest

import spectral_ph as sph
from spectral_ph._check import Argument
from spectral_ph.cli import app
from spectral_ph.cli.spelling import BY_PARAM, DATA, OPTIONS, option

PACKAGE = Path(sph.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
COMMANDS = {
    name: {opt for one in command.params for opt in (*one.opts, *one.secondary_opts)}
    for name, command in app.commands.items()
}
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
KEYWORD = re.compile(r"(?<![\w.\['(/])([A-Za-z_]\w*)=(?=['\w\[({])")


def texts(tree):
    """Return the pieces of text of a file, what documents something left out."""
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    return [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs
    ]


def test_every_option_that_a_sentence_names_is_one():
    every = set.union(*COMMANDS.values()) | {"--help", "--version"}
    named = {(path.name, flag) for path, tree in TREES.items() for text in texts(tree) for flag in FLAG.findall(text)}
    assert len(named) > 40
    assert {(file, flag) for file, flag in named if flag not in every} == set()
    assert set(OPTIONS.values()) <= every


def taken():
    """Return the names of all arguments of functions, and of all fields and distances, that the package has."""
    functions = [n for tree in TREES.values() for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    names = {a.arg for f in functions for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)}
    fields = {
        n.target.id
        for t in TREES.values()
        for n in ast.walk(t)
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    return names | fields | BY_PARAM | set(DATA)


def said(tree):
    """Return the pieces of text of what is raised and warned in a file."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    names = [(n, ast.unparse(n.func)) for n in calls]
    told = [n for n, name in names if name.endswith(("Error", "warn")) and "Argument" not in name]
    return [
        text.value
        for n in told
        for text in ast.walk(n)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]


def test_every_argument_that_a_sentence_names_is_one():
    known = taken()
    arguments = {
        n.args[0].value
        for tree in TREES.values()
        for n in ast.walk(tree)
        if isinstance(n, ast.Call)
        and ast.unparse(n.func).endswith("Argument")
        and n.args
        and isinstance(n.args[0], ast.Constant)
    }
    assert len(arguments) > 40
    assert arguments - known == set()
    typed = {word for tree in TREES.values() for text in said(tree) for word in KEYWORD.findall(text)}
    assert {word for word in typed if word not in known | FOREIGN} == set()


FOREIGN = {"min_counts", "NAME"}
"""Arguments of other programs, and what stands for any name."""


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_names_only_options_that_it_has(command):
    with click.Context(app.commands[command]):
        for name in {*OPTIONS, *BY_PARAM}:
            for value in (..., 3, True, False, ["a", "b"]):
                spelled = option(Argument(name, value))
                assert set(FLAG.findall(spelled)) <= COMMANDS[command], (command, name, spelled)


@pytest.mark.parametrize(
    ("argument", "command", "typed"),
    [
        (Argument("confounders", ["batch", "my donor"]), "loops", "--confounder batch --confounder 'my donor'"),
        (Argument("pursue", True), "loops", "--pursue yes"),
        (Argument("pursue", False), "loops", "--pursue no"),
        (Argument("start_genes"), "loops", "--start-gene"),
        (Argument("splits", 3), "persistence", "splits=3"),
        (Argument("maxdim", 2), "loops", "maxdim=2"),
    ],
)
def test_an_argument_is_spelled_for_the_command_that_runs(argument, command, typed):
    with click.Context(app.commands[command]):
        assert option(argument) == typed
