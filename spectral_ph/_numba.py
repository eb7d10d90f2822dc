"""The one numba setting of the package, and limits on threads.

Kernels live in the files of a layer whose names begin with an underscore, such as `distances/_paths.py`. They are imported inside
the functions that use them, so that `import spectral_ph` does not pay for numba.

A kernel calls kernels of its own file only. Numba keeps compiled kernels on disk and compiles a file again when that file is
edited. It does not notice an edit in another file, so a kernel that called one from there would go on running the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numba as nb
from numba.core import types
from numba.extending import overload

__all__ = ["njit", "njit_parallel", "overload", "prange", "thread_limit", "types"]

F = TypeVar("F", bound=Callable[..., Any])
prange = nb.prange


def njit(function: F) -> F:
    """Compile for one thread: cached on disk, without the interpreter lock, IEEE arithmetic (no fastmath)."""
    return cast(F, nb.njit(cache=True, nogil=True, error_model="numpy")(function))


def njit_parallel(function: F) -> F:
    """Compile with `prange` over threads; a kernel's result must not depend on how many there are."""
    return cast(F, nb.njit(cache=True, nogil=True, error_model="numpy", parallel=True)(function))


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
