"""Arrays that grow with the codes they are indexed by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def grown(array: NDArray[Any], rows: int, *, fill: float = 0) -> NDArray[Any]:
    """Return ``array`` with at least ``rows`` rows, doubling so that growth stays linear."""
    if len(array) >= rows:
        return array
    size = max(rows, 2 * len(array), 1024)
    larger = np.full((size, *array.shape[1:]), fill, dtype=array.dtype)
    larger[: len(array)] = array
    return larger
