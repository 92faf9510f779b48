"""Arrays that grow with the codes they are indexed by."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FAST_BYTES = 1 << 26  # a request of four times this is granted on small machines too

_LARGE_BYTES = 1 << 22
_MMAP_THRESHOLD = -3  # its number in malloc.h of the GNU C library


def release_large_arrays() -> None:
    """Have the system get the memory of large arrays back as soon as they are freed.

    The GNU C library keeps blocks of up to 32 MiB, for each thread apart, once it has seen one
    freed: a tenth of the peak of a run. Elsewhere nothing changes.
    """
    if sys.platform == "linux":
        change = getattr(ctypes.CDLL(None), "mallopt", None)
        if change is not None:
            change(_MMAP_THRESHOLD, _LARGE_BYTES)


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


def peers_by(ts: NDArray[np.int64], *keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return the positions that put rows of equal time into the order of keys.

    Codes are given in the order in which ids first appear, so that what a trace does with peers
    in the order of their codes depends on the past and not on what anything is called
    (design.md, safety rule 5). Rows come in time order.

    Parameters
    ----------
    keys
        Shape (rows,) each, the first one decides first.

    Examples
    --------
    >>> peers_by(np.array([1, 2, 2, 3]), np.array([0, 9, 4, 1])).tolist()
    [0, 2, 1, 3]
    """
    order = np.arange(len(ts))
    tied = np.flatnonzero(ts[1:] == ts[:-1])
    if not len(tied):
        return order
    peers = np.union1d(tied, tied + 1)
    order[peers] = peers[np.lexsort((*(key[peers] for key in reversed(keys)), ts[peers]))]
    return order
