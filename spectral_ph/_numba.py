"""The one numba setting of the package, and limits on threads.

Kernels live in the files of a layer whose names begin with an underscore, such as `distances/_paths.py`. They are imported inside
the functions that use them, so that `import spectral_ph` does not pay for numba.

A kernel calls kernels of its own file only. Numba keeps compiled kernels on disk and compiles a file again when that file is
edited. It does not notice an edit in another file, so a kernel that called one from there would go on running the old one.
The same holds for this file and `_numba_parts.py`: after an edit there, delete the folders `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import numba as nb
from numba import types
from numba.extending import overload, register_jitable

from spectral_ph._log import logger

__all__ = [
    "borrow",
    "compile_both_forms",
    "njit",
    "njit_inline",
    "njit_parallel",
    "njit_part",
    "overload",
    "prange",
    "refer",
    "thread_limit",
    "threads_for",
    "types",
]

F = TypeVar("F", bound=Callable[..., Any])
prange = nb.prange
_config: Any = nb.config


def _numba_parts() -> Any:
    """Return the module of what is taken from inside numba, or None where this numba has it no longer or in another form."""
    try:
        from spectral_ph import _numba_parts
    except Exception as reason:  # whatever a name that moved brings about
        logger.debug(
            "compiling takes longer with numba %s, for names inside it have moved (%s)", nb.__version__, reason
        )
        return None
    return _numba_parts


_parts = _numba_parts()
_PART: dict[str, Any] = {} if _parts is None else _parts.PART


@cache
def _say_compiling() -> None:
    logger.warning("compiling kernels, once per machine")


@cache
def _say_not_kept() -> None:
    logger.warning(
        "compiling kernels, and again in every process, for neither the package nor the home folder can be written to. Set "
        "the environment variable NUMBA_CACHE_DIR to a folder that can be written to, to compile once."
    )


def _compiled(function: F, *, kept: bool = True, **options: Any) -> F:
    """Compile without the interpreter lock and with IEEE arithmetic (no fastmath); kept on disk where that can be."""
    kernel = cast(Any, nb.njit)(nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(function)
    # A part is kept with its callers. A plain function, as with NUMBA_DISABLE_JIT, has no caching.
    if kept and hasattr(kernel, "enable_caching"):
        try:
            if _parts is None:
                kernel.enable_caching()
            else:
                kernel._cache = _parts.Cache(kernel.py_func, _say_compiling, _say_not_kept)
        except RuntimeError:  # where no place to keep it is left
            _say_not_kept()
    return cast(F, kernel)


def njit(function: F) -> F:
    """Compile for one thread: cached on disk, without the interpreter lock, IEEE arithmetic (no fastmath)."""
    return _compiled(function)


def njit_part(function: F) -> F:
    """Compile for kernels of the same file to call, not for Python.

    It is optimised with its callers alone, which takes half the time of compiling it by itself too.
    """
    return _compiled(function, kept=False, **_PART)


def njit_inline(function: F) -> F:
    """Compile into its callers, as if it were written there; for parts of a hot loop that get many arrays."""
    return _compiled(function, kept=False, forceinline=True, **_PART)


_FORMS: list[tuple[Any, Any]] = []


def njit_parallel(function: F) -> F:
    """Compile with `prange` over threads; a kernel's result must not depend on how many there are.

    Where there is one thread it is compiled without threads, which takes a third of the time to compile.
    """
    together: Any = _compiled(function, parallel=True)
    if together is function:  # with NUMBA_DISABLE_JIT
        return function
    copy = FunctionType(function.__code__, function.__globals__, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = f"{function.__qualname__}_alone"  # by which numba finds what it keeps
    alone: Any = _compiled(copy)
    _FORMS.append((alone, together))

    @wraps(function)
    def either(*arguments: Any) -> Any:
        return (alone if nb.get_num_threads() == 1 else together)(*arguments)

    return cast(F, either)


def compile_both_forms() -> None:
    """Compile the kernels of `njit_parallel` that were called with one thread also for several, and the other way round."""
    for pair in _FORMS:
        for one, other in (pair, pair[::-1]):
            for kinds in one.signatures:
                if kinds not in other.signatures:
                    other.compile(kinds)


def borrow(arrays: Any) -> Any:
    """Return a tuple of arrays (and of tuples of them) as it is.

    In a compiled kernel the arrays come without their owners, so that taking one out of the tuple or passing it on costs no
    reference count. Those are atomic, and in a hot loop they can take more time than all the rest. Whoever calls the kernel
    must hold the tuple until it returns.
    """
    return arrays


def refer(arrays: Any) -> Any:
    """Return a named tuple of arrays (and of tuples of them) as it is.

    In a compiled kernel it becomes the address of the tuple, whose arrays come without their owners as with `borrow`. To pass
    on the tuple is then to pass on one number: with sixty arrays of six fields each, that is what makes up most of what the
    compiler has to read. The kernel that calls this must not return the tuple.
    """
    return arrays


if not _config.DISABLE_JIT:
    borrow = cast(Any, register_jitable(borrow) if _parts is None else _parts.borrow)
    refer = cast(Any, register_jitable(refer) if _parts is None else _parts.refer)


@contextmanager
def thread_limit(n_threads: int | None) -> Iterator[None]:
    """Within the block BLAS and numba use at most `n_threads` threads; None leaves them as they are."""
    if n_threads is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    before = nb.get_num_threads()
    nb.set_num_threads(max(1, min(n_threads, before)))
    try:
        with threadpool_limits(limits=n_threads):
            yield
    finally:
        nb.set_num_threads(before)


SMALL = 1000
"""Dense work on this many rows or fewer takes one thread. Then its result does not depend on how many threads there are, and
threads do not wait for each other where something else runs on the machine, which took ten times as long as the work."""


def threads_for(n: int) -> AbstractContextManager[None]:
    """Within the block work on matrices of at most `SMALL` rows is left one thread, and all others those that there are.

    So the result for few points does not depend on the number of threads.
    """
    return thread_limit(1 if n <= SMALL else None)
