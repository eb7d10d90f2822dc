"""Text of figures as it is: without LaTeX, and without reading mathematics into names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")


def without_latex(draw: Callable[Given, Made]) -> Callable[Given, Made]:
    """Have a function write its text without LaTeX, whatever the user's style says.

    LaTeX may not be installed, and it stumbles over names such as MT-ND1_2 and over letters such as π.
    """

    @wraps(draw)
    def wrapped(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        import matplotlib

        with matplotlib.rc_context({"text.usetex": False}):
            return draw(*args, **kwargs)

    return wrapped


def literal(text: str) -> str:
    """Return text from data so that matplotlib draws it as it is, not as mathematics."""
    return str(text).replace("$", r"\$")
