"""The ways in which a function becomes a kernel, and one instruction that Numba lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function over arrays and numbers; it runs without the interpreter's lock.

    Kernels allocate nothing, so reference counting is left out: counting the arrays of a layout
    at every call of an inner kernel took three fifths of the time of the embedded engine.
    """
    compiled = njit(cache=True, nogil=True, _nrt=False)(function)  # type: ignore[call-overload]
    return cast(Function, compiled)


def inner(function: Function) -> Function:
    """Compile what only kernels call.

    No way in from Python is made: to unpack the arrays of a layout for it takes longer to compile
    than most kernels do.
    """
    compiled = njit(  # type: ignore[call-overload]
        cache=True, nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return cast(Function, compiled)


def merged(function: Function) -> Function:
    """Compile what runs for every row into the kernels that call it.

    A call hands over every array of a layout, some two hundred words; merged, nothing is handed
    over.
    """
    compiled = njit(  # type: ignore[call-overload]
        cache=True,
        nogil=True,
        forceinline=True,
        _nrt=False,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )(function)
    return cast(Function, compiled)


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line that holds ``array[index]``; no bounds are checked, none matter.

    State is far larger than the caches, so that a kernel's time is mostly waiting for memory;
    asking for the lines of the rows to come lets those waits overlap.
    """
    del typing_context, index

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type = signature.args[0]
        view = context.make_array(array_type)(context, builder, args[0])
        place = builder.gep(view.data, [args[1]])
        byte = ir.IntType(8).as_pointer()
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        name = "llvm.prefetch.p0"
        find: Any = cgutils.get_or_insert_function
        call = find(builder.module, kind, name)
        # for writing too, keep in all caches, data rather than instructions
        builder.call(call, [builder.bitcast(place, byte), flag(1), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
