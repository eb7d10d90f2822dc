"""The one numba setting of the package, and limits on threads.

Kernels live in the files of a layer whose names begin with an underscore, such as `distances/_paths.py`. They are imported inside
the functions that use them, so that `import spectral_ph` does not pay for numba.

A kernel calls kernels of its own file only. Numba keeps compiled kernels on disk and compiles a file again when that file is
edited. It does not notice an edit in another file, so a kernel that called one from there would go on running the old one.
The same holds for this file: after an edit here, delete the folders `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar, cast

import numba as nb
from numba.core import types
from numba.extending import intrinsic, overload

__all__ = [
    "borrow",
    "njit",
    "njit_inline",
    "njit_parallel",
    "overload",
    "prange",
    "thread_limit",
    "threads_for",
    "types",
]

F = TypeVar("F", bound=Callable[..., Any])
prange = nb.prange


def njit(function: F) -> F:
    """Compile for one thread: cached on disk, without the interpreter lock, IEEE arithmetic (no fastmath)."""
    return cast(F, nb.njit(cache=True, nogil=True, error_model="numpy")(function))


def njit_inline(function: F) -> F:
    """Compile into its callers, as if it were written there; for parts of a hot loop that get many arrays.

    It has no entry from Python, for unpacking many arrays there takes as long to compile as the rest.
    """
    options: dict[str, Any] = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(F, nb.njit(cache=True, nogil=True, error_model="numpy", **options)(function))


def njit_parallel(function: F) -> F:
    """Compile with `prange` over threads; a kernel's result must not depend on how many there are."""
    return cast(F, nb.njit(cache=True, nogil=True, error_model="numpy", parallel=True)(function))


def borrow(arrays: Any) -> Any:
    """Return a tuple of arrays (and of tuples of them) as it is.

    In a compiled kernel the arrays come without their owners, so that taking one out of the tuple or passing it on costs no
    reference count. Those are atomic, and in a hot loop they can take more time than all the rest. Whoever calls the kernel
    must hold the tuple until it returns.
    """
    return arrays


def _borrowing(_: Any, arrays: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owners(context, builder, signature.args[0], arguments[0])

    return arrays(arrays), code


_borrow: Any = intrinsic(_borrowing)


def _without_owners(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = array.meminfo.type(None)
        array.parent = array.parent.type(None)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        fields: Any = kind
        items = [_without_owners(context, builder, k, builder.extract_value(value, q)) for q, k in enumerate(fields)]
        return context.make_tuple(builder, kind, items)
    return value


@overload(borrow, strict=False)  # strict would compare annotations too
def _borrowed(arrays: Any) -> Any:
    return lambda arrays: _borrow(arrays)


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
