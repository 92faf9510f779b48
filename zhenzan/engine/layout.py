"""Where a group keeps what: words of a key's state, of a ring entry, of a table slot.

A key's state is one row of int64 words::

    HEAD PLACE | tail, tail_ts per window | BASE FIRST LAST PREV (if asked for) | tracked values

``HEAD`` counts the rows ever taken in and never falls. ``PLACE`` says where the ring lies:
offset in the slab times 64 plus the binary logarithm of its capacity, -1 for none. ``tail`` is
the number of the first row inside a window and ``tail_ts`` its time, so that a window that loses
nothing costs one comparison and no look at the ring.

A ring entry is ``ts``, then one word per column that is tracked, then one word per deque or
histogram, which borrow the ring's capacity. A coded value v is written as 2 v, plus 1 once a
later row of the key carries the same value; -1 where missing. An amount v is 2 v + 1; 0 where
missing. A table slot is ``packed key and value``, ``number of the latest row``, and one counter
per tally.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zhenzan.features.compile import Group
from zhenzan.features.spec import Feature

I64 = NDArray[np.int64]

HEAD, PLACE, WINDOWS = 0, 1, 2
BASE, FIRST, LAST, PREV = 0, 1, 2, 3
NEVER = np.iinfo(np.int64).min
NOTHING_TO_LOSE = np.iinfo(np.int64).max

NUNIQUE, TALLY, SUM, PRESENT, MIN_GAP, MAX_GAP = range(6)
OUT_COUNT, OUT_LIFETIME, OUT_WORD, OUT_GAP, OUT_FIRST, OUT_LAST = range(6)
OUT_MEAN, OUT_ENTROPY, OUT_TOP = 6, 7, 8

_TALLY_WORDS = 3  # known values, sum of c log2 c in fixed point, highest count
_WORDS = {NUNIQUE: 1, TALLY: _TALLY_WORDS, SUM: 1, PRESENT: 1, MIN_GAP: 2, MAX_GAP: 2}
_OPS: dict[str, tuple[int, ...]] = {
    "nunique": (NUNIQUE,),
    "entropy": (TALLY,),
    "top_share": (TALLY,),
    "sum": (SUM,),
    "mean": (SUM, PRESENT),
    "min_gap": (MIN_GAP,),
    "max_gap": (MAX_GAP,),
}


class Layout(NamedTuple):
    """The tables that a kernel reads; items are what is tracked per window.

    ``item_start`` cuts the items into windows; ``item_word`` is the first state word;
    ``item_column`` the ring word of the measured column; ``item_borrowed`` the ring word of a
    deque or histogram; ``item_slot`` the word of a tally in a table slot. ``column_items`` are
    items in the order of columns, cut by ``column_start``, gaps last. ``column_longest`` is the
    longest window with a distinct count, -1 for none; ``column_tallies`` how many tallies
    there are.
    """

    windows: I64
    row_words: int
    entry_words: int
    slot_words: int
    history: int
    columns: int
    column_source: I64
    column_coded: I64
    column_longest: I64
    column_tallies: I64
    column_start: I64
    column_items: I64
    item_start: I64
    item_op: I64
    item_window: I64
    item_column: I64
    item_word: I64
    item_borrowed: I64
    item_slot: I64
    counts: I64
    count_row: I64
    words: I64
    word_row: I64
    out_op: I64
    out_window: I64
    out_word: I64
    out_item: I64
    out_row: I64
    rest: I64
    out_is_float: I64


def lay_out(group: Group, sources: dict[str, int], rows: dict[str, int]) -> Layout:
    """Give every tracked value of a group its place.

    Parameters
    ----------
    group
        What is tracked.
    sources
        Row of the matrix of values, per column.
    rows
        Row of the output matrix, per feature.
    """
    keys = sorted(
        {
            (group.windows_us.index(feature.window_us), op, feature.column or "")
            for feature in group.features
            for op in _OPS.get(feature.agg, ())
            if feature.window_us is not None
        }
    )
    columns = sorted({column for _, _, column in keys if column})
    word = WINDOWS + 2 * len(group.windows_us)
    history = word if _needs_history(group) else -1
    word += 4 if history >= 0 else 0
    entry_words, slots = 1 + len(columns), dict.fromkeys(columns, 2)
    words, borrowed, slot = {}, [], []
    for key in keys:
        _, op, column = key
        words[key] = word
        word += _WORDS[op]
        borrows = op in (TALLY, MIN_GAP, MAX_GAP)
        borrowed.append(entry_words if borrows else -1)
        entry_words += borrows
        slot.append(slots[column] if op == TALLY else -1)
        if op == TALLY:
            slots[column] += 1
    coded = [any(k[2] == column and k[1] in (NUNIQUE, TALLY) for k in keys) for column in columns]
    longest = [max((k[0] for k in keys if k[1:] == (NUNIQUE, c)), default=-1) for c in columns]
    by_column = [[i for i, key in enumerate(keys) if key[2] == column] for column in [*columns, ""]]
    starts = [sum(key[0] < window for key in keys) for window in range(len(group.windows_us) + 1)]
    outs = _outputs(group, words, history, rows)
    return Layout(
        windows=_array(group.windows_us),
        row_words=word,
        entry_words=entry_words,
        slot_words=max(slots.values(), default=2),
        history=history,
        columns=len(columns),
        column_source=_array([sources[column] for column in columns]),
        column_coded=_array(coded),
        column_longest=_array(longest),
        column_tallies=_array([slots[column] - 2 for column in columns]),
        column_start=_array(np.cumsum([0, *(len(items) for items in by_column)])),
        column_items=_array([item for items in by_column for item in items]),
        item_start=_array(starts),
        item_op=_array([key[1] for key in keys]),
        item_window=_array([key[0] for key in keys]),
        item_column=_array([1 + columns.index(key[2]) if key[2] else 0 for key in keys]),
        item_word=_array([words[key] for key in keys]),
        item_borrowed=_array(borrowed),
        item_slot=_array(slot),
        out_item=_array([_item(feature, group, keys) for feature in group.features]),
        **outs,
    )


def blank_row(layout: Layout) -> I64:
    """Make the state of a key that was never seen."""
    row = np.zeros(layout.row_words, np.int64)
    row[PLACE] = -1
    row[WINDOWS + 1 : WINDOWS + 2 * len(layout.windows) : 2] = NOTHING_TO_LOSE
    if layout.history >= 0:
        row[layout.history + FIRST : layout.history + PREV + 1] = NEVER
    return row


def _outputs(
    group: Group, words: dict[tuple[int, int, str], int], history: int, rows: dict[str, int]
) -> dict[str, I64]:
    outs = [_out(feature, group, words, history) for feature in group.features]
    out_rows = [rows[feature.name] for feature in group.features]
    counts = [i for i, out in enumerate(outs) if out[0] == OUT_COUNT]
    plain = [i for i, out in enumerate(outs) if out[0] == OUT_WORD]
    return {
        "counts": _array([WINDOWS + 2 * outs[i][1] for i in counts]),
        "count_row": _array([out_rows[i] for i in counts]),
        "words": _array([outs[i][2] for i in plain]),
        "word_row": _array([out_rows[i] for i in plain]),
        "out_op": _array([out[0] for out in outs]),
        "out_window": _array([out[1] for out in outs]),
        "out_word": _array([out[2] for out in outs]),
        "out_row": _array(out_rows),
        "rest": _array([i for i in range(len(outs)) if i not in (*counts, *plain)]),
        "out_is_float": _array([feature.is_float for feature in group.features]),
    }


def _needs_history(group: Group) -> bool:
    return any(feature.window is None for feature in group.features)


def _out(
    feature: Feature, group: Group, words: dict[tuple[int, int, str], int], history: int
) -> tuple[int, int, int]:
    if feature.window_us is None:
        op = {"count": OUT_LIFETIME, "since_first": OUT_FIRST, "since_last": OUT_LAST}
        return op[feature.agg], -1, history
    window = group.windows_us.index(feature.window_us)
    if feature.agg == "count":
        return OUT_COUNT, window, -1
    if feature.agg == "mean":  # its second word is the number of known values
        parts = [words[window, op, feature.column or ""] for op in _OPS["mean"]]
        return OUT_MEAN, parts[1], parts[0]
    op = {
        "nunique": OUT_WORD,
        "sum": OUT_WORD,
        "entropy": OUT_ENTROPY,
        "top_share": OUT_TOP,
        "min_gap": OUT_GAP,
        "max_gap": OUT_GAP,
    }
    return op[feature.agg], window, words[window, _OPS[feature.agg][0], feature.column or ""]


def _item(feature: Feature, group: Group, keys: list[tuple[int, int, str]]) -> int:
    if feature.window_us is None or feature.agg == "count":
        return -1
    window = group.windows_us.index(feature.window_us)
    return keys.index((window, _OPS[feature.agg][0], feature.column or ""))


def _array(values: object) -> I64:
    return np.ascontiguousarray(values, dtype=np.int64).reshape(-1)
