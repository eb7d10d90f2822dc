"""The one numba setting of the package, and limits on threads.

Kernels live in the files of a layer whose names begin with an underscore, such as `distances/_paths.py`. They are imported inside
the functions that use them, so that `import spectral_ph` does not pay for numba.

A kernel calls kernels of its own file only. Numba keeps compiled kernels on disk and compiles a file again when that file is
edited. It does not notice an edit in another file, so a kernel that called one from there would go on running the old one.
The same holds for this file: after an edit here, delete the folders `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from typing import Any, TypeVar, cast

import numba as nb
from numba.core import caching, types
from numba.extending import intrinsic, overload

from spectral_ph._log import logger

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


_caching: Any = caching
_InTree: Any = getattr(_caching, "InTreeCacheLocator", None) or _caching._InTreeCacheLocator  # as it was called before
_OnDisk: Any = caching.FunctionCache
_Result: Any = caching.CompileResultCacheImpl


class _InPackage(_InTree):  # type: ignore[misc]
    """The folder of the package, from which kernels that were compiled there are read even where nothing can be written."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        return cls(py_func, py_file)


class _Place(_Result):  # type: ignore[misc]
    _locator_classes = (*_Result._locator_classes, _InPackage)


class _Cache(_OnDisk):  # type: ignore[misc]
    """Numba's cache on disk, without which a kernel is compiled all the same: in each process, where it cannot be kept."""

    _impl_class = _Place

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            kept = super().load_overload(sig, target_context)
        except Exception:  # a file that was cut, or that may not be read, is as good as none
            kept = None
        if kept is None:
            _say_not_kept() if isinstance(self._impl.locator, _InPackage) else _say_compiling()
        return kept

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError:
            _say_not_kept()
        except Exception:  # the list of what is kept was cut
            with suppress(OSError):
                self.flush()
                super().save_overload(sig, data)


@cache
def _say_compiling() -> None:
    logger.warning("compiling kernels, once per machine")


@cache
def _say_not_kept() -> None:
    logger.warning(
        "compiling kernels, and again in every process, for neither the package nor the home folder can be written to. Set "
        "the environment variable NUMBA_CACHE_DIR to a folder that can be written to, to compile once."
    )


def _compiled(function: F, **options: Any) -> F:
    """Compile without the interpreter lock and with IEEE arithmetic (no fastmath); kept on disk where that can be."""
    kernel = nb.njit(nogil=True, error_model="numpy", **options)(function)
    if hasattr(kernel, "enable_caching"):  # which a plain function has not, as with NUMBA_DISABLE_JIT
        try:
            kernel._cache = _Cache(kernel.py_func)
        except RuntimeError:  # where NUMBA_CACHE_LOCATOR_CLASSES leaves no place to keep it
            _say_not_kept()
    return cast(F, kernel)


def njit(function: F) -> F:
    """Compile for one thread: cached on disk, without the interpreter lock, IEEE arithmetic (no fastmath)."""
    return _compiled(function)


def njit_inline(function: F) -> F:
    """Compile into its callers, as if it were written there; for parts of a hot loop that get many arrays.

    It has no entry from Python, for unpacking many arrays there takes as long to compile as the rest.
    """
    options: dict[str, Any] = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _compiled(function, **options)


def njit_parallel(function: F) -> F:
    """Compile with `prange` over threads; a kernel's result must not depend on how many there are."""
    return _compiled(function, parallel=True)


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
