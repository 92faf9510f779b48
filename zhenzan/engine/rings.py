"""Kernels that move rings: find an entry, lose what left a window, take and free room."""

from __future__ import annotations

import math

import numpy as np

from zhenzan.engine.layout import (
    HEAD,
    MIN_GAP,
    NOTHING_TO_LOSE,
    NUNIQUE,
    PLACE,
    PRESENT,
    SUM,
    TALLY,
    WINDOWS,
    Layout,
)
from zhenzan.engine.store import FIRST_LOG2, SCAN_LOG2, SLAB_TOP, TABLE_SHIFT, TABLE_USED, Store
from zhenzan.kernel import inner, merged

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio: spreads dense codes
_LOGS = 1 << 12
_FIXED = float(1 << 32)


@inner
def _c_log2_c(count: int) -> int:
    """Compute c log2 c in steps of 2**-32: sums of whole numbers do not drift."""
    return np.int64(math.floor(count * math.log2(count) * _FIXED + 0.5)) if count > 1 else 0


_C_LOG2_C = np.array([_c_log2_c.py_func(count) for count in range(_LOGS)], np.int64)


@merged
def _step(count: int) -> int:
    """Compute how c log2 c rises from ``count`` to ``count + 1``."""
    if count + 1 < _LOGS:
        return _C_LOG2_C[count + 1] - _C_LOG2_C[count]
    return _c_log2_c(count + 1) - _c_log2_c(count)


@merged
def address(place: int, number: int, entry_words: int) -> int:
    """Find where row ``number`` of a ring lies in the slab."""
    mask = (np.int64(1) << (place & 63)) - 1
    return (place >> 6) + (number & mask) * entry_words


@merged
def pack(code: int, column: int, value: int) -> int:
    """Join key code (29 bits), column (3) and value (31) to one table key."""
    return (np.int64(code) << 34) | (np.int64(column) << 31) | value


@merged
def home(counters: np.ndarray, packed: int) -> int:
    """Compute the slot where a search starts."""
    return np.int64((np.uint64(packed) * _GOLDEN) >> np.uint64(counters[TABLE_SHIFT]))


@merged
def seek(layout: Layout, store: Store, packed: int) -> int:
    """Find the first word of the slot of ``packed``, making one if there is none."""
    table, words = store.table, layout.slot_words
    mask = (np.int64(1) << (64 - store.counters[TABLE_SHIFT])) - 1
    slot = home(store.counters, packed)
    while table[slot * words] != packed:
        if table[slot * words] == -1:
            at = slot * words
            table[at] = packed
            table[at + 1] = -1
            for word in range(2, words):
                table[at + word] = 0
            store.counters[TABLE_USED] += 1
            break
        slot = (slot + 1) & mask
    return slot * words


@inner
def tally_one(layout: Layout, store: Store, row: int, item: int, slot: int, sign: int) -> None:
    """Raise or lower the counter of one value, with the sums that hang on it."""
    state, slab = store.state, store.slab
    at, word = slot + layout.item_slot[item], row + layout.item_word[item]
    borrowed = (state[row + PLACE] >> 6) + layout.item_borrowed[item]
    before = store.table[at]
    after = before + sign
    store.table[at] = after
    state[word] += sign
    state[word + 1] += _step(before) if sign > 0 else -_step(after)
    if before > 0:
        slab[borrowed + (before - 1) * layout.entry_words] -= 1
    if after > 0:
        slab[borrowed + (after - 1) * layout.entry_words] += 1
    if after > state[word + 2] or (
        before == state[word + 2] and (slab[borrowed + (before - 1) * layout.entry_words] == 0)
    ):
        state[word + 2] = after


@merged
def _lose(layout: Layout, store: Store, row: int, window: int, at: int) -> None:
    for item in range(layout.item_start[window], layout.item_start[window + 1]):
        op = layout.item_op[item]
        if op >= MIN_GAP:
            continue
        value = store.slab[at + layout.item_column[item]]
        word = row + layout.item_word[item]
        if op == NUNIQUE:
            store.state[word] -= 1 - (value & 1)
        elif op == SUM:
            store.state[word] -= value >> 1
        elif op == PRESENT:
            store.state[word] -= value & 1
        elif value >= 0:
            code = row // layout.row_words - 1
            packed = pack(code, layout.item_column[item], value >> 1)
            tally_one(layout, store, row, item, seek(layout, store, packed), -1)


@inner
def _shorten_deques(layout: Layout, store: Store, row: int, window: int, tail: int) -> None:
    place = store.state[row + PLACE]
    for item in range(layout.item_start[window], layout.item_start[window + 1]):
        if layout.item_op[item] < MIN_GAP:
            continue
        word = row + layout.item_word[item]
        front, back = store.state[word], store.state[word + 1]
        borrowed = layout.item_borrowed[item]
        # a gap belongs to the window if the row before it does
        while front < back and (
            store.slab[address(place, front, layout.entry_words) + borrowed] <= tail
        ):
            front += 1
        store.state[word] = front


@merged
def advance_inner(layout: Layout, store: Store, row: int, window: int, limit: int) -> None:
    """Lose the rows of a window with time before ``limit``."""
    state = store.state
    at = row + WINDOWS + 2 * window
    if state[at + 1] >= limit:
        return
    head, place, tail = state[row + HEAD], state[row + PLACE], state[at]
    tracks = layout.item_start[window] < layout.item_start[window + 1]
    oldest = NOTHING_TO_LOSE
    while tail < head:
        entry = address(place, tail, layout.entry_words)
        oldest = store.slab[entry]
        if oldest >= limit:
            break
        if tracks:
            _lose(layout, store, row, window, entry)
        tail += 1
    state[at] = tail
    state[at + 1] = oldest if tail < head else NOTHING_TO_LOSE
    if tracks:
        _shorten_deques(layout, store, row, window, tail)


@inner
def advance(layout: Layout, store: Store, row: int, window: int, limit: int) -> None:
    """Lose the rows of a window with time before ``limit``; for what runs seldom."""
    advance_inner(layout, store, row, window, limit)


@inner
def _take(layout: Layout, store: Store, log2: int) -> int:
    """Take room for a ring: its place, or -1 where the slab is full."""
    words = layout.entry_words << log2
    offset = store.blocks[log2]
    if offset >= 0:
        store.blocks[log2] = store.slab[offset]
    else:
        offset = store.counters[SLAB_TOP]
        if offset + words > store.slab.size:
            return -1
        store.counters[SLAB_TOP] = offset + words
    if layout.entry_words > 1 + layout.columns:
        store.slab[offset : offset + words] = 0
    return (offset << 6) | log2


@inner
def give_back(store: Store, place: int) -> None:
    """Put the room of a ring on the list of free blocks."""
    store.slab[place >> 6] = store.blocks[place & 63]
    store.blocks[place & 63] = place >> 6


@inner
def _move(layout: Layout, store: Store, row: int, source: int, target: int) -> None:
    state, slab, words = store.state, store.slab, layout.entry_words
    last = layout.windows.size - 1
    for number in range(state[row + WINDOWS + 2 * last], state[row + HEAD]):
        a, b = address(source, number, words), address(target, number, words)
        for word in range(1 + layout.columns):
            slab[b + word] = slab[a + word]
    for item in range(layout.item_op.size):
        borrowed, word = layout.item_borrowed[item], row + layout.item_word[item]
        if layout.item_op[item] == TALLY:
            for i in range(np.int64(1) << (source & 63)):
                a, b = (source >> 6) + i * words, (target >> 6) + i * words
                slab[b + borrowed] = slab[a + borrowed]
        elif layout.item_op[item] >= MIN_GAP:
            for i in range(state[word], state[word + 1]):
                a, b = address(source, i, words), address(target, i, words)
                slab[b + borrowed] = slab[a + borrowed]


@inner
def _enter_table(layout: Layout, store: Store, row: int) -> None:
    """Enter the latest row of every value: the ring is now too long to be searched."""
    code, place = row // layout.row_words - 1, store.state[row + PLACE]
    for column in range(layout.columns):
        longest = layout.column_longest[column]
        if longest < 0 or layout.column_tallies[column] > 0:
            continue
        for number in range(store.state[row + WINDOWS + 2 * longest], store.state[row + HEAD]):
            at = address(place, number, layout.entry_words) + 1 + column
            value = store.slab[at]
            if value & 1 == 0:
                slot = seek(layout, store, pack(code, column + 1, value >> 1))
                store.table[slot + 1] = number


@inner
def make_room(layout: Layout, store: Store, row: int, ts: int) -> bool:
    """Make room for one more entry; False where the slab must grow first."""
    state = store.state
    place, last = state[row + PLACE], layout.windows.size - 1
    if place < 0:
        place = _take(layout, store, FIRST_LOG2)
        if place >= 0:
            state[row + PLACE] = place
        return place >= 0
    room = np.int64(1) << (place & 63)
    if state[row + HEAD] - state[row + WINDOWS + 2 * last] < room:
        return True
    for window in range(layout.windows.size):
        advance(layout, store, row, window, ts - layout.windows[window])
    if state[row + HEAD] - state[row + WINDOWS + 2 * last] < room:
        return True
    target = _take(layout, store, (place & 63) + 1)
    if target < 0:
        return False
    _move(layout, store, row, place, target)
    state[row + PLACE] = target
    give_back(store, place)
    if place & 63 == SCAN_LOG2:
        _enter_table(layout, store, row)
    return True
