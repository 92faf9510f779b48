"""The arrays of one group, and where kernels keep their own counters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]

SLAB_TOP, TABLE_USED, TABLE_SHIFT, TABLE_LIMIT, NEXT_IN, NEXT_OUT = range(6)
COUNTERS = 6

DONE, NEEDS_SLAB, NEEDS_TABLE = 0, 1, 2

FIRST_LOG2 = 1
"""A ring starts with two entries: most pairs of keys never hold more."""

SCAN_LOG2 = 5
"""Rings up to 32 entries are searched from the newest entry back; larger ones use the table."""

COLUMNS_MAX = 8
"""Room for the column in a packed table key."""


class Store(NamedTuple):
    """State rows, ring slab, free blocks per capacity, table of values, counters."""

    state: I64
    slab: I64
    blocks: I64
    table: I64
    counters: I64


class Rows(NamedTuple):
    """The rows of a batch that concern a group.

    ``flags`` is 1 where the row is taken in; ``places`` is the output position, -1 for none.
    """

    index: NDArray[np.int64]
    ts: I64
    codes: NDArray[np.int32]
    flags: NDArray[np.uint8]
    places: NDArray[np.int32]
    values: I64


def empty_table(slots_log2: int, slot_words: int) -> tuple[I64, int, int]:
    """Make a table of values; give it with its shift and the number of slots that may be used."""
    slots = 1 << slots_log2
    table = np.zeros(slots * slot_words, np.int64)
    table[::slot_words] = -1
    return table, 64 - slots_log2, slots // 2
