"""What a refusal or a warning is made of, and how a result collects its warnings."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Argument:
    """An argument that a sentence names, so that each door can spell it its own way.

    Attributes
    ----------
    name : of the parameter, as in Python.
    value : the value that was passed or is to be passed; left out, the sentence means the argument itself.

    Examples
    --------
    >>> str(Argument("n_neighbors", 14)), str(Argument("mode", "union")), str(Argument("threshold"))
    ('n_neighbors=14', "mode='union'", 'threshold')
    """

    name: str
    value: Any = ...

    def __str__(self) -> str:
        return self.name if self.value is ... else f"{self.name}={self.value!r}"


class _Sentence(Exception):
    """A sentence in parts: text, and the arguments it names."""

    def __str__(self) -> str:
        return self.spelled(str)

    def spelled(self, spell: Callable[[Argument], str]) -> str:
        """Return the sentence with every argument as `spell` writes it.

        Parameters
        ----------
        spell : from an argument to what one types for it, such as `--n-neighbors 14`.

        Returns
        -------
        str
        """
        return "".join(spell(part) if isinstance(part, Argument) else str(part) for part in self.args)


class InputError(_Sentence, ValueError):
    """What the user passed cannot be used; the message says what to type instead.

    Its arguments are the parts of the sentence: text, and an `Argument` wherever the sentence names a parameter.

    See Also
    --------
    TooLargeError, MissingExtraError, SpectralWarning

    Examples
    --------
    >>> import spectral_ph as sph
    >>> try:
    ...     sph.persistence([[0.0, float("nan")]] * 20)
    ... except sph.InputError as error:
    ...     print(type(error).__name__, isinstance(error, ValueError))
    InputError True
    """


class WrongTypeError(InputError, TypeError):
    """What was passed is no array of numbers, or one that holds other things than numbers."""


class TooLargeError(InputError, MemoryError):
    """The job would not fit in memory; raised before anything is allocated.

    See Also
    --------
    InputError

    Examples
    --------
    >>> import spectral_ph as sph
    >>> issubclass(sph.TooLargeError, MemoryError)
    True
    """


class MissingExtraError(InputError, ImportError):
    """An optional dependency is not installed; the message holds the install line.

    See Also
    --------
    InputError

    Examples
    --------
    >>> import spectral_ph as sph
    >>> issubclass(sph.MissingExtraError, ImportError)
    True
    """


class SpectralWarning(_Sentence, UserWarning):
    """The answer stands, but something about it should be known. It is made of parts, as `InputError` is.

    See Also
    --------
    InputError

    Examples
    --------
    >>> import spectral_ph as sph
    >>> issubclass(sph.SpectralWarning, UserWarning)
    True
    """


_collecting: ContextVar[list[str] | None] = ContextVar("collecting", default=None)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect what `warn` says within the block, so that a result can carry its warnings while the user still sees them.

    Each thread has its own list; `warnings.catch_warnings` would mix those of parallel callers.
    """
    texts: list[str] = []
    token = _collecting.set(texts)
    try:
        yield texts
    finally:
        _collecting.reset(token)


_unheard: ContextVar[bool] = ContextVar("unheard", default=False)


@contextmanager
def unheard() -> Iterator[list[str]]:
    """Collect what `warn` says within the block and show none of it: the halves' result tells what matters of it."""
    token = _unheard.set(True)
    try:
        with collected() as texts:
            yield texts
    finally:
        _unheard.reset(token)


def warn(*parts: object) -> None:
    """Issue a SpectralWarning that points at the first line outside of this package, and note it for the result.

    Parameters
    ----------
    *parts : text, and an `Argument` wherever the sentence names a parameter.
    """
    warning = SpectralWarning(*parts)
    if (texts := _collecting.get()) is not None:
        texts.append(str(warning))
    if _unheard.get():
        return
    frame, level = inspect.currentframe(), 0
    while frame is not None and str(frame.f_globals.get("__name__")).split(".")[0] in ("spectral_ph", "contextlib"):
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level + 1)
