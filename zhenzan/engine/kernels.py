"""The kernel that takes in rows and answers for them, tick by tick.

All peers of a tick are taken in before any of them is answered, so that they see each other.
The kernel stops where the slab or the table must grow, and goes on from there.
"""

from __future__ import annotations

import math

import numpy as np

from zhenzan.engine.layout import (
    BASE,
    FIRST,
    HEAD,
    LAST,
    MIN_GAP,
    NEVER,
    NOTHING_TO_LOSE,
    NUNIQUE,
    OUT_ENTROPY,
    OUT_FIRST,
    OUT_GAP,
    OUT_LIFETIME,
    OUT_MEAN,
    PLACE,
    PREV,
    SUM,
    TALLY,
    WINDOWS,
    Layout,
)
from zhenzan.engine.rings import (
    address,
    advance,
    advance_inner,
    give_back,
    home,
    make_room,
    pack,
    seek,
    tally_one,
)
from zhenzan.engine.store import (
    DONE,
    NEEDS_SLAB,
    NEEDS_TABLE,
    NEXT_IN,
    NEXT_OUT,
    SCAN_LOG2,
    TABLE_LIMIT,
    TABLE_USED,
    Rows,
    Store,
)
from zhenzan.kernel import inner, kernel, merged, prefetch

_FIXED = float(1 << 32)
_FAR, _NEAR = 8, 4  # rows ahead: first the state row, then what the state row points to


@merged
def _previous(layout: Layout, store: Store, row: int, column: int, value: int, slot: int) -> int:
    """Find the latest earlier row with the same value, mark it as followed; -1 for none."""
    state, slab, words = store.state, store.slab, layout.entry_words
    head, place = state[row + HEAD], state[row + PLACE]
    tail = state[row + WINDOWS + 2 * layout.column_longest[column]]
    if slot >= 0:
        found = store.table[slot + 1]
        store.table[slot + 1] = head
    else:
        found = head - 1
        while found >= tail and (
            slab[address(place, found, words) + 1 + column] >> 1 != value >> 1
        ):
            found -= 1
    if found < tail:
        return -1
    slab[address(place, found, words) + 1 + column] |= 1
    return found


@merged
def _take_column(layout: Layout, store: Store, row: int, column: int, value: int) -> None:
    state = store.state
    slot, found = np.int64(-1), np.int64(-1)
    coded = layout.column_coded[column] == 1
    if coded and value < 0:
        return
    if coded:
        if layout.column_tallies[column] > 0 or state[row + PLACE] & 63 > SCAN_LOG2:
            packed = pack(row // layout.row_words - 1, column + 1, value >> 1)
            slot = seek(layout, store, packed)
        if layout.column_longest[column] >= 0:
            found = _previous(layout, store, row, column, value, slot)
    for i in range(layout.column_start[column], layout.column_start[column + 1]):
        item = layout.column_items[i]
        op, word = layout.item_op[item], row + layout.item_word[item]
        if op == NUNIQUE:
            tail = state[row + WINDOWS + 2 * layout.item_window[item]]
            state[word] += 1 if found < tail else 0
        elif op == TALLY:
            tally_one(layout, store, row, item, slot, 1)
        elif op == SUM:
            state[word] += value >> 1
        else:
            state[word] += value & 1


@merged
def _gap(layout: Layout, store: Store, place: int, number: int) -> int:
    after = store.slab[address(place, number, layout.entry_words)]
    return after - store.slab[address(place, number - 1, layout.entry_words)]


@inner
def _take_gap(layout: Layout, store: Store, row: int, item: int) -> None:
    state, slab, words = store.state, store.slab, layout.entry_words
    head, place = state[row + HEAD], state[row + PLACE]
    if state[row + WINDOWS + 2 * layout.item_window[item]] >= head:
        return
    gap, word = _gap(layout, store, place, head), row + layout.item_word[item]
    front, back = state[word], state[word + 1]
    borrowed, sign = layout.item_borrowed[item], 1 if layout.item_op[item] == MIN_GAP else -1
    while front < back:
        number = slab[address(place, back - 1, words) + borrowed]
        if sign * _gap(layout, store, place, number) < sign * gap:
            break
        back -= 1
    slab[address(place, back, words) + borrowed] = head
    state[word + 1] = back + 1


@merged
def _take_in(layout: Layout, store: Store, row: int, ts: int, values: np.ndarray, at: int) -> int:
    """Take one row in; say what must grow first, if anything."""
    state, counters = store.state, store.counters
    if layout.windows.size > 0:
        if counters[TABLE_USED] > counters[TABLE_LIMIT]:
            return NEEDS_TABLE
        head, last = state[row + HEAD], layout.windows.size - 1
        held, place = head - state[row + WINDOWS + 2 * last], state[row + PLACE]
        crowded = place < 0 or held >= np.int64(1) << (place & 63)
        if crowded and not make_room(layout, store, row, ts):
            return NEEDS_SLAB
        entry = address(state[row + PLACE], head, layout.entry_words)
        store.slab[entry] = ts
        for window in range(layout.windows.size):
            word = row + WINDOWS + 2 * window
            if state[word] == head:
                state[word + 1] = ts
        for column in range(layout.columns):
            value = values[layout.column_source[column], at]
            store.slab[entry + 1 + column] = value
            _take_column(layout, store, row, column, value)
        start = layout.column_start[layout.columns]
        for i in range(start, layout.column_start[layout.columns + 1]):
            _take_gap(layout, store, row, layout.column_items[i])
    state[row + HEAD] += 1
    if layout.history >= 0:
        past = row + layout.history
        if state[past + FIRST] == NEVER:
            state[past + FIRST] = ts
        if ts > state[past + LAST]:
            state[past + PREV] = state[past + LAST]
            state[past + LAST] = ts
    return DONE


@merged
def _whole(layout: Layout, store: Store, row: int, out: int, ts: int) -> int:
    state, op = store.state, layout.out_op[out]
    word = row + layout.out_word[out]
    if op == OUT_LIFETIME:
        return state[row + HEAD] - state[word + BASE]
    if op == OUT_GAP:
        if state[word] == state[word + 1]:
            return -1
        place = state[row + PLACE]
        item = layout.out_item[out]
        at = address(place, state[word], layout.entry_words) + layout.item_borrowed[item]
        return _gap(layout, store, place, store.slab[at])
    if op == OUT_FIRST:
        return ts - state[word + FIRST] if state[word + FIRST] != NEVER else -1
    last = state[word + LAST] if state[word + LAST] < ts else state[word + PREV]
    return ts - last if last != NEVER else -1


@inner
def _fraction(layout: Layout, store: Store, row: int, out: int) -> float:
    state, op = store.state, layout.out_op[out]
    word = row + layout.out_word[out]
    if op == OUT_MEAN:
        known = state[row + layout.out_window[out]]
        return state[word] / known if known > 0 else math.nan
    known = state[word]
    if known == 0:
        return math.nan
    if op == OUT_ENTROPY:
        return max(0.0, math.log2(known) - state[word + 1] / _FIXED / known)
    return state[word + 2] / known


@inner
def _answer_missing(layout: Layout, place: int, whole: np.ndarray, part: np.ndarray) -> None:
    for out in range(layout.out_op.size):
        if layout.out_is_float[out] == 1:
            part[layout.out_row[out], place] = math.nan
        else:
            whole[layout.out_row[out], place] = -1


@merged
def _answer(
    layout: Layout,
    store: Store,
    code: int,
    ts: int,
    place: int,
    whole: np.ndarray,
    part: np.ndarray,
) -> None:
    """Write what is known of a key at ``ts``; a code of -1 is missing, -2 was never taken in."""
    if code == -1:
        _answer_missing(layout, place, whole, part)
        return
    state = store.state
    row = (code + 1) * layout.row_words if code >= 0 else 0
    for window in range(layout.windows.size):
        limit = ts - layout.windows[window]
        if state[row + WINDOWS + 2 * window + 1] < limit:
            advance_inner(layout, store, row, window, limit)
    head = state[row + HEAD]
    for i in range(layout.counts.size):
        whole[layout.count_row[i], place] = head - state[row + layout.counts[i]]
    for i in range(layout.words.size):
        whole[layout.word_row[i], place] = state[row + layout.words[i]]
    for i in range(layout.rest.size):
        out = layout.rest[i]
        if layout.out_is_float[out] == 1:
            part[layout.out_row[out], place] = _fraction(layout, store, row, out)
        else:
            whole[layout.out_row[out], place] = _whole(layout, store, row, out, ts)


@merged
def _look_ahead(layout: Layout, store: Store, rows: Rows, k: int) -> None:
    """Ask for the memory of the rows to come."""
    state = store.state
    if k + _FAR < rows.index.size:
        row = (rows.codes[rows.index[k + _FAR]] + 1) * layout.row_words
        if row > 0:
            prefetch(state, np.int64(row))
            if layout.row_words > 8:
                prefetch(state, np.int64(row + 8))
            if layout.row_words > 16:
                prefetch(state, np.int64(row + 16))
    if k + _NEAR < rows.index.size and layout.windows.size > 0:
        r = rows.index[k + _NEAR]
        row = (rows.codes[r] + 1) * layout.row_words
        if row <= 0 or state[row + PLACE] < 0:
            return
        place = state[row + PLACE]
        for window in range(layout.windows.size):
            at = row + WINDOWS + 2 * window
            if state[at + 1] < rows.ts[r] - layout.windows[window]:
                prefetch(store.slab, address(place, state[at], layout.entry_words))
        if rows.flags[r] == 1:
            prefetch(store.slab, address(place, state[row + HEAD], layout.entry_words))
            for column in range(layout.columns):
                value = rows.values[layout.column_source[column], r]
                if (
                    layout.column_coded[column] == 1
                    and value >= 0
                    and (layout.column_tallies[column] > 0 or place & 63 > SCAN_LOG2)
                ):
                    packed = pack(np.int64(rows.codes[r]), column + 1, value >> 1)
                    slot = home(store.counters, packed)
                    prefetch(store.table, slot * layout.slot_words)


@kernel
def run(layout: Layout, store: Store, rows: Rows, whole: np.ndarray, part: np.ndarray) -> int:
    """Take in and answer rows from where the counters stand; say what must grow, if anything."""
    counters, index = store.counters, rows.index
    i, e = counters[NEXT_IN], counters[NEXT_OUT]
    while e < index.size:
        ts = rows.ts[index[e]]
        while i < index.size and rows.ts[index[i]] == ts:
            _look_ahead(layout, store, rows, i)
            r = index[i]
            code = np.int64(rows.codes[r])
            if rows.flags[r] == 1 and code >= 0:
                row = (code + 1) * layout.row_words
                need = _take_in(layout, store, row, ts, rows.values, r)
                if need != DONE:
                    counters[NEXT_IN], counters[NEXT_OUT] = i, e
                    return need
            i += 1
        while e < i:
            r = index[e]
            if rows.places[r] >= 0:
                code = np.int64(rows.codes[r])
                _answer(layout, store, code, ts, rows.places[r], whole, part)
            e += 1
    counters[NEXT_IN], counters[NEXT_OUT] = 0, 0
    return DONE


@kernel
def forget(layout: Layout, store: Store, codes: np.ndarray) -> None:
    """Free the state of keys.

    The number of rows ever taken in stays, so that no old table slot passes for a new one.
    """
    state = store.state
    for code in codes:
        row = (np.int64(code) + 1) * layout.row_words
        if row >= state.size:
            continue
        for window in range(layout.windows.size):
            advance(layout, store, row, window, NOTHING_TO_LOSE)
        if state[row + PLACE] >= 0:
            give_back(store, state[row + PLACE])
            state[row + PLACE] = -1
        if layout.history >= 0:
            past = row + layout.history
            state[past + BASE] = state[row + HEAD]
            state[past + FIRST] = NEVER
            state[past + LAST] = NEVER
            state[past + PREV] = NEVER


@inner
def _lives(layout: Layout, store: Store, at: int) -> bool:
    packed = store.table[at]
    if packed < 0:
        return False
    for word in range(2, layout.slot_words):
        if store.table[at + word] != 0:
            return True
    column = ((packed >> 31) & 7) - 1
    longest = layout.column_longest[column]
    row = ((packed >> 34) + 1) * layout.row_words
    return longest >= 0 and store.table[at + 1] >= store.state[row + WINDOWS + 2 * longest]


@kernel
def count_living(layout: Layout, store: Store) -> int:
    """Count the table slots that may still matter."""
    living = 0
    for at in range(0, store.table.size, layout.slot_words):
        living += _lives(layout, store, at)
    return living


@kernel
def carry_over(layout: Layout, old: Store, new: Store) -> None:
    """Copy the living slots of a table to a fresh one."""
    for at in range(0, old.table.size, layout.slot_words):
        if _lives(layout, old, at):
            slot = seek(layout, new, old.table[at])
            for word in range(1, layout.slot_words):
                new.table[slot + word] = old.table[at + word]
