"""One instruction that Numba lacks: ask for a cache line before it is needed.

State is far larger than the caches, so that a kernel's time is mostly waiting for memory; asking
for the lines of the rows to come lets those waits overlap.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line that holds ``array[index]``; no bounds are checked, none matter."""
    del typing_context, index

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type = signature.args[0]
        view = context.make_array(array_type)(context, builder, args[0])
        place = builder.gep(view.data, [args[1]])
        byte = ir.IntType(8).as_pointer()
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        name = "llvm.prefetch.p0"
        call = cgutils.get_or_insert_function(builder.module, kind, name)
        # for writing too, keep in all caches, data rather than instructions
        builder.call(call, [builder.bitcast(place, byte), flag(1), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
