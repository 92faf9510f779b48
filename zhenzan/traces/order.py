"""Puts likes into the order of a key, then of time, and tells where a tick ends."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def by_key(ts: NDArray[np.int64], key: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the positions that sort likes by (key, ts); equal ones keep their order.

    Likes come in time order but for late ones, so that counting the keys sorts them in one pass.

    Examples
    --------
    >>> by_key(np.array([1, 2, 3, 4]), np.array([5, -1, 5, 0], np.int32)).tolist()
    [1, 3, 0, 2]
    """
    is_sorted = bool(np.all(ts[1:] >= ts[:-1]))
    order = np.arange(len(ts)) if is_sorted else np.argsort(ts, kind="stable")
    start = np.zeros(int(key.max(initial=-1)) + 3, np.int64)
    out = np.empty_like(order)
    _place(key, order, start, out)
    return out


@njit(cache=True, nogil=True, inline="always")
def tick_end(ts, start):
    """Give the row after the last one that has the time of row ``start``; rows in time order."""
    end = start + 1
    while end < len(ts) and ts[end] == ts[start]:
        end += 1
    return end


@njit(cache=True, nogil=True)
def _place(key, order, start, out):
    for row in range(len(key)):
        start[key[row] + 2] += 1
    for cell in range(1, len(start)):
        start[cell] += start[cell - 1]
    for row in order:
        cell = key[row] + 1
        out[start[cell]] = row
        start[cell] += 1
