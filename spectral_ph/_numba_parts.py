"""What the package takes from inside numba, where names move between versions: `_numba` does without this file where they did.

Functions that only kernels call are compiled with their callers alone; tuples of arrays are passed on without their owners, or
by their address; and what was compiled is read where nothing can be written. All of it saves time, and changes no result.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numba import types
from numba.core import caching, cgutils, codegen, compiler, compiler_machinery, typed_passes
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model

__all__ = ["PART", "Cache", "borrow", "refer"]


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


class Cache(_OnDisk):  # type: ignore[misc]
    """Numba's cache on disk, without which a kernel is compiled all the same: in each process, where it cannot be kept."""

    _impl_class = _Place

    def __init__(self, function: Any, say_compiling: Callable[[], None], say_not_kept: Callable[[], None]) -> None:
        super().__init__(function)
        self._say_compiling, self._say_not_kept = say_compiling, say_not_kept

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            kept = super().load_overload(sig, target_context)
        except Exception:  # a file that was cut, or that may not be read, is as good as none
            kept = None
        if kept is None:
            self._say_not_kept() if isinstance(self._impl.locator, _InPackage) else self._say_compiling()
        return kept

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError:
            self._say_not_kept()
        except Exception:  # the list of what is kept was cut
            with suppress(OSError):
                self.flush()
                super().save_overload(sig, data)


_code: Any = cgutils
_lower_field: Any = lower_getattr_generic
_register: Any = compiler_machinery.register_pass
_Library: Any = codegen.JITCodeLibrary
_Lowering: Any = typed_passes.NativeLowering
_Compiler: Any = compiler.CompilerBase
_Steps: Any = compiler.DefaultPassBuilder
# What is replaced below, for in a numba that has it no longer the replacement would never be called.
_replaced: Any = (
    _Library._optimize_functions,
    _Library._optimize_final_module,
    _Library._finalize_final_module,
    _Lowering.run_pass,
)


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


PART: dict[str, Any] = {"no_cpython_wrapper": True, "pipeline_class": _PartCompiler}


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


# The intrinsics themselves: an overload would be one function more to compile for each kind of tuple, and took a second.
borrow: Any = intrinsic(_borrowing)
refer: Any = intrinsic(_referring)
