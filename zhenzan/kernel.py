"""The ways in which a function becomes a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

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
