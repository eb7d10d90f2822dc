"""The arguments that all embeddings share: written once, and shown in the signature and the docstring of each."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypedDict

from spectral_ph._types import FloatArray, RandomState

Callback = Callable[[int, float | None, FloatArray], Any]
"""Called with the step, the loss (None unless losses are recorded) and a copy of the layout; True stops the optimisation."""


class Common(TypedDict, total=False):
    """The arguments that all embeddings share, for type checkers; `Embedding` has their meaning and their defaults."""

    affinity: str
    perplexity: float
    n_neighbors: int
    affinity_params: dict[str, Any] | None
    init: str | FloatArray
    n_jobs: int | None
    random_state: RandomState
    callback: Callback | None
    callback_every: int
    record_loss: bool


def show_common(cls: type, base: type) -> None:
    """Put the arguments of a base where a class has `**common`: scikit-learn reads the signature, and users the docstring.

    Parameters
    ----------
    cls : has `**common` in its `__init__`, or takes that of the base, and an entry "**common" in its docstring. Both are
        changed. An argument that the docstring describes itself keeps its description.
    base : has the arguments in its `__init__`, and their entries in its docstring.
    """
    cls.__doc__ = _with_entries(cls.__doc__, base.__doc__)
    own = inspect.signature(cls.__init__)  # type: ignore[misc]
    if any(p.kind is p.VAR_KEYWORD for p in own.parameters.values()):
        shared = inspect.signature(base.__init__).parameters  # type: ignore[misc]
        named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        added = [p for p in shared.values() if p.name not in own.parameters]
        cls.__init__.__signature__ = own.replace(parameters=named + added)  # type: ignore[misc]


def _with_entries(doc: str | None, shared: str | None) -> str | None:
    """Return a docstring with the entries of the common arguments, but those it has itself, in place of "**common"."""
    if not doc or not shared:  # python -OO has no docstrings
        return doc
    doc = inspect.cleandoc(doc)
    parameters = inspect.cleandoc(shared).partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^(\w+) :(.*(?:\n .*)*)", parameters, flags=re.M)
    missing = [f"{name} :{text}" for name, text in entries if not re.search(rf"^{name} :", doc, flags=re.M)]
    return re.sub(r"^\*\*common : .*(?:\n .*)*", lambda _: "\n".join(missing), doc, flags=re.M)
