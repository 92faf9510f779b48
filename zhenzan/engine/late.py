"""Answers rows that came too late: looks at what is retained and changes nothing.

A late row at time t sees, over a window of length w, itself and the rows that came in time with
time in [t - w, t] that are retained: those not older than the newest interaction of the stream
less the longest window of the group. It sees no other late row. Lifetime counts hold all that
is known by now; ``since_last`` knows the two newest ticks of a key.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from zhenzan.engine.layout import (
    BASE,
    FIRST,
    HEAD,
    LAST,
    MIN_GAP,
    NEVER,
    OUT_COUNT,
    OUT_ENTROPY,
    OUT_FIRST,
    OUT_GAP,
    OUT_LAST,
    OUT_LIFETIME,
    OUT_MEAN,
    OUT_WORD,
    PLACE,
    PREV,
    SUM,
    WINDOWS,
    Layout,
)
from zhenzan.engine.rings import address
from zhenzan.engine.store import Rows, Store

# Only kernels call the parts, which take arrays of their own: no way in from Python is compiled.
_part = njit(  # type: ignore[call-overload]
    cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
)


@_part
def _span(layout: Layout, store: Store, row: int, low: int, high: int) -> tuple[int, int]:
    """Find the retained rows with time in [low, high], as a range of row numbers."""
    last = layout.windows.size - 1
    start = store.state[row + WINDOWS + 2 * last]
    stop = store.state[row + HEAD]
    place = store.state[row + PLACE]
    while start < stop and store.slab[address(place, start, layout.entry_words)] < low:
        start += 1
    while start < stop and store.slab[address(place, stop - 1, layout.entry_words)] > high:
        stop -= 1
    return start, stop


@_part
def _gather(
    layout: Layout, store: Store, row: int, span: tuple[int, int], word: int, own: int, mine: bool
) -> np.ndarray:
    place = store.state[row + PLACE]
    found = np.empty(span[1] - span[0] + 1, np.int64)
    count = 0
    for number in range(span[0], span[1]):
        found[count] = store.slab[address(place, number, layout.entry_words) + word]
        count += 1
    if mine:
        found[count] = own
        count += 1
    return found[:count]


@_part
def _gap_of(times: np.ndarray, shortest: bool) -> int:
    best = np.int64(-1)
    for i in range(1, times.size):
        gap = times[i] - times[i - 1]
        if best < 0 or (gap < best) == shortest:
            best = gap
    return best


@_part
def _distinct(words: np.ndarray) -> tuple[int, int, int, float]:
    """Count distinct known values, known values, the most frequent one, and their entropy."""
    values = np.sort(words[words >= 0] >> 1)
    distinct, top, run, total = 0, 0, 0, 0.0
    for i in range(values.size):
        run += 1
        if i + 1 == values.size or values[i + 1] != values[i]:
            distinct += 1
            top = max(top, run)
            total -= run / values.size * math.log2(run / values.size)
            run = 0
    return distinct, values.size, top, max(0.0, total)


@_part
def _lifetime(layout: Layout, store: Store, row: int, out: int, ts: int, mine: bool) -> int:
    state, word, op = store.state, row + layout.out_word[out], layout.out_op[out]
    if op == OUT_LIFETIME:
        return state[row + HEAD] - state[word + BASE] + (1 if mine else 0)
    if op == OUT_FIRST:
        first = state[word + FIRST]
        if first != NEVER and first <= ts:
            return ts - first
        return 0 if mine else -1
    last = state[word + LAST] if state[word + LAST] < ts else state[word + PREV]
    return ts - last if last != NEVER and last < ts else -1


@_part
def _windowed(
    layout: Layout, store: Store, rows: Rows, r: int, row: int, out: int, now: int
) -> tuple[int, float]:
    op, item = layout.out_op[out], layout.out_item[out]
    window = layout.out_window[out] if op == OUT_COUNT else layout.item_window[item]
    ts, mine = rows.ts[r], rows.flags[r] == 1
    low = max(ts - layout.windows[window], now - layout.windows[layout.windows.size - 1])
    span = _span(layout, store, row, low, ts)
    if op == OUT_COUNT:
        return span[1] - span[0] + (1 if mine else 0), 0.0
    if op == OUT_GAP:
        times = _gather(layout, store, row, span, 0, ts, mine)
        return _gap_of(times, layout.item_op[item] == MIN_GAP), 0.0
    column = layout.item_column[item]
    own = rows.values[layout.column_source[column - 1], r]
    words = _gather(layout, store, row, span, column, own, mine)
    if op == OUT_MEAN or layout.item_op[item] == SUM:
        known, total = np.sum(words & 1), np.sum(words >> 1)
        return total, (total / known if known > 0 else math.nan)
    distinct, known, top, entropy = _distinct(words)
    if op == OUT_WORD:
        return distinct, 0.0
    if known == 0:
        return 0, math.nan
    return 0, (entropy if op == OUT_ENTROPY else top / known)


@njit(cache=True, nogil=True)
def answer_late(
    layout: Layout, store: Store, rows: Rows, now: int, whole: np.ndarray, part: np.ndarray
) -> None:
    """Answer late rows; ``now`` is the newest time that came in."""
    for r in rows.index:
        code, place = np.int64(rows.codes[r]), rows.places[r]
        row = (code + 1) * layout.row_words if code >= 0 else np.int64(0)
        for out in range(layout.out_op.size):
            at, op = layout.out_row[out], layout.out_op[out]
            number, fraction = np.int64(-1), math.nan
            if code != -1 and (op == OUT_LIFETIME or op == OUT_FIRST or op == OUT_LAST):
                number = _lifetime(layout, store, row, out, rows.ts[r], rows.flags[r] == 1)
            elif code != -1:
                number, fraction = _windowed(layout, store, rows, r, row, out, now)
            if layout.out_is_float[out] == 1:
                part[at, place] = fraction
            else:
                whole[at, place] = number
