"""Arrays that grow with the codes they are indexed by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FAST_BYTES = 1 << 26  # a request of four times this is granted on small machines too


def grown(array: NDArray[Any], rows: int, *, fill: float = 0) -> NDArray[Any]:
    """Return ``array`` with at least ``rows`` rows, more than asked so that growth stays linear.

    New rows hold ``fill``; memory that holds zeros is not in use before it is written to, which
    is why a small array may grow fast.
    """
    if len(array) >= rows:
        return array
    factor = 4 if fill == 0 and array.nbytes < _FAST_BYTES else 2
    shape = (max(rows, factor * len(array)), *array.shape[1:])
    larger = np.zeros(shape, array.dtype) if fill == 0 else np.full(shape, fill, array.dtype)
    larger[: len(array)] = array
    return larger
