"""Keys of unordered pairs of codes, and where they stand in a table."""

from __future__ import annotations

import numpy as np
from numba import njit

EMPTY = np.int64(-1)
"""Stands where a table holds no key."""


@njit(cache=True, nogil=True, inline="always")
def mix(key):
    """Spread a key over 64 bits: the finaliser of MurmurHash3 (Appleby 2011)."""
    h = np.uint64(key)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    return h


@njit(cache=True, nogil=True, inline="always")
def pair_key(first, second):
    """Pack two codes into one key, the same whichever comes first."""
    if first < second:
        return (np.int64(first) << 32) | np.int64(second)
    return (np.int64(second) << 32) | np.int64(first)


@njit(cache=True, nogil=True, inline="always")
def find(pairs, key):
    """Give the slot of a key, or the empty one where it belongs; the table is never full.

    Parameters
    ----------
    pairs
        Keys and `EMPTY`, as many as a power of two.
    """
    mask = np.uint64(len(pairs) - 1)
    slot = mix(key) & mask
    while pairs[slot] != key and pairs[slot] != EMPTY:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)
