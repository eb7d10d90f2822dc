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
from functools import cache, wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import numba as nb
from numba.core import caching, cgutils, codegen, compiler, compiler_machinery, typed_passes, types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, overload, register_model

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


_code: Any = cgutils
_config: Any = nb.config
_lower_field: Any = lower_getattr_generic
_register: Any = compiler_machinery.register_pass
_Library: Any = codegen.JITCodeLibrary
_Lowering: Any = typed_passes.NativeLowering
_Compiler: Any = compiler.CompilerBase
_Steps: Any = compiler.DefaultPassBuilder


class _Linked(_Library):  # type: ignore[misc]
    """Code that is only linked into that of its callers and optimised there, together with theirs.

    Numba would optimise each function by itself, turn it into code of the machine, and then do both again in every caller.
    """

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@_register(mutates_CFG=True, analysis_only=False)
class _PartLowering(_Lowering):  # type: ignore[misc]
    """Lower a function that only kernels call, without code that could be called from Python."""

    _name = "lowering_of_a_part"

    def run_pass(self, state: Any) -> bool:
        state.library = _Linked(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        result = state["cr"]
        # Numba finds a function by an object of its own, which must be a built-in method. This one is that of a new list.
        key = list[Any]().append
        state["cr"] = result._replace(cfunc=key)
        state.library.finalize()
        state.targetctx.insert_user_function(key, result.fndesc, [state.library])
        return True


class _PartCompiler(_Compiler):  # type: ignore[misc]
    def define_pipelines(self) -> list[Any]:
        usual = _Steps.define_nopython_pipeline(self.state)
        usual.passes = [(_PartLowering if step is _Lowering else step, text) for step, text in usual.passes]
        usual.finalize()
        return [usual]


_PART: dict[str, Any] = {"no_cpython_wrapper": True, "pipeline_class": _PartCompiler}


def _compiled(function: F, **options: Any) -> F:
    """Compile without the interpreter lock and with IEEE arithmetic (no fastmath); kept on disk where that can be."""
    kernel = cast(Any, nb.njit)(nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(function)
    # A part is kept with its callers. A plain function, as with NUMBA_DISABLE_JIT, has no caching.
    if "pipeline_class" not in options and hasattr(kernel, "enable_caching"):
        try:
            kernel._cache = _Cache(kernel.py_func)
        except RuntimeError:  # where NUMBA_CACHE_LOCATOR_CLASSES leaves no place to keep it
            _say_not_kept()
    return cast(F, kernel)


def njit(function: F) -> F:
    """Compile for one thread: cached on disk, without the interpreter lock, IEEE arithmetic (no fastmath)."""
    return _compiled(function)


def njit_part(function: F) -> F:
    """Compile for kernels of the same file to call, not for Python.

    It is optimised with its callers alone, which takes half the time of compiling it by itself too.
    """
    return _compiled(function, **_PART)


def njit_inline(function: F) -> F:
    """Compile into its callers, as if it were written there; for parts of a hot loop that get many arrays."""
    return _compiled(function, forceinline=True, **_PART)


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


def _borrowing(_: Any, arrays: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owners(context, builder, signature.args[0], arguments[0])

    return arrays(arrays), code


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


def refer(arrays: Any) -> Any:
    """Return a named tuple of arrays (and of tuples of them) as it is.

    In a compiled kernel it becomes the address of the tuple, whose arrays come without their owners as with `borrow`. To pass
    on the tuple is then to pass on one number: with sixty arrays of six fields each, that is what makes up most of what the
    compiler has to read. The kernel that calls this must not return the tuple.
    """
    return arrays


class _Reference(types.Type):
    """The address of a named tuple in the frame of a caller."""

    def __init__(self, target: Any) -> None:
        self.target = target
        super().__init__(name=f"reference({target})")


@register_model(_Reference)
class _ReferenceModel(models.OpaqueModel):
    pass


def _referring(_: Any, arrays: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = _without_owners(context, builder, signature.args[0], arguments[0])
        place = _code.alloca_once_value(builder, value)
        return builder.bitcast(place, context.get_value_type(signature.return_type))

    return _Reference(arrays)(arrays), code


@infer_getattr
class _Field(AttributeTemplate):
    key = _Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:  # type: ignore[override]
        if name not in reference.target.fields:
            return None
        kind = reference.target[reference.target.fields.index(name)]
        return _Reference(kind) if isinstance(kind, types.BaseNamedTuple) else kind


@_lower_field(_Reference)  # type: ignore[untyped-decorator]
def _field(context: Any, builder: Any, reference: Any, value: Any, name: str) -> Any:
    target = reference.target
    at = target.fields.index(name)
    whole = builder.bitcast(value, context.get_value_type(target).as_pointer())
    place = _code.gep_inbounds(builder, whole, 0, at)
    return builder.bitcast(place, value.type) if isinstance(target[at], types.BaseNamedTuple) else builder.load(place)


if not _config.DISABLE_JIT:
    # The intrinsics themselves: an overload would be one function more to compile for each kind of tuple, and took a second.
    borrow = cast(Any, intrinsic(_borrowing))
    refer = cast(Any, intrinsic(_referring))


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
