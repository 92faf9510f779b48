"""The inner parts of a kernel: always merged into what calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def inner(function: Function) -> Function:
    """Compile a function into its callers.

    A call hands over every array of a layout, some two hundred words; merged, nothing is handed
    over. That matters in what runs for every row.
    """
    compiled = njit(cache=True, nogil=True, forceinline=True, _nrt=False)(function)  # type: ignore[call-overload]
    return cast(Function, compiled)
