"""The one way in which a function becomes a kernel."""

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
