"""Puts rows into the order in which repeats are looked for: by time, then by event id.

Scoring sees peers in an order that no event id tells: `HashedRows.peers_by`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.hashed import HashedRows
from zhenzan.events.hashing import U8, string_buffers

_I64 = NDArray[np.int64]


def times(table: pa.Table) -> _I64:
    """View the ``ts`` column of canonical rows as numbers."""
    ts: _I64 = one_array(table.column("ts")).to_numpy(zero_copy_only=False)
    return ts


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Give a column as one array, copied only where it stands in several."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@njit(cache=True, nogil=True)
def _compare(offsets: NDArray[np.int32], data: U8, left: int, right: int) -> int:
    a, a_end = offsets[left], offsets[left + 1]
    b, b_end = offsets[right], offsets[right + 1]
    while a < a_end and b < b_end:
        if data[a] != data[b]:
            return -1 if data[a] < data[b] else 1
        a += 1
        b += 1
    return int(a_end - a) - int(b_end - b)


@njit(cache=True, nogil=True)
def _order_small_ticks(
    ts: _I64, order: _I64, offsets: NDArray[np.int32], data: U8, peers_max: int
) -> int:
    """Order peers by id inside each tick; give back how many rows stand in larger ticks."""
    left, rest, size = 0, 0, order.shape[0]
    while left < size:
        right = left + 1
        while right < size and ts[order[right]] == ts[order[left]]:
            right += 1
        if right - left > peers_max:
            rest += right - left
        else:
            for i in range(left + 1, right):
                row = order[i]
                k = i
                while k > left and _compare(offsets, data, order[k - 1], row) > 0:
                    order[k] = order[k - 1]
                    k -= 1
                order[k] = row
        left = right
    return rest


# Up to here insertion in place beats a general sort.
_SMALL_TICK = 24


@dataclass(frozen=True, slots=True)
class Ordered:
    """Canonical rows and the order in which they are to be read; None where they stand in it.

    Strings are dear to move and most of them are never looked at again, so that only numbers
    are put into order.
    """

    table: pa.Table
    order: _I64 | None

    def sorted(self) -> pa.Table:
        """Move the rows into their order."""
        if self.order is None:
            return self.table
        # Taking from one chunk is several times faster than from many.
        return self.table.combine_chunks().take(pa.array(self.order))


def ordered(table: pa.Table) -> Ordered:
    """Find the order by time, then event id; rows with both equal keep their order."""
    ts = times(table)
    steps = np.diff(ts)
    is_sorted = bool(np.all(steps >= 0))
    if is_sorted and bool(np.all(steps)):
        return Ordered(table, None)
    order = np.arange(len(ts)) if is_sorted else np.argsort(ts, kind="stable")
    offsets, data = string_buffers(one_array(table.column("event_id")))
    if _order_small_ticks(ts, order, offsets, data, _SMALL_TICK):
        keys = [("ts", "ascending"), ("event_id", "ascending"), ("file", "ascending")]
        keys.append(("row", "ascending"))
        order = pc.sort_indices(table, sort_keys=keys).to_numpy().astype(np.int64)
    return Ordered(table, None if bool(np.all(order[1:] > order[:-1])) else order)


class Reorder:
    """Holds rows back until no row in order can come before them.

    The bound is a function of the data alone: a row is late when its time lies more than
    ``bound_us`` behind the newest time that stood before it in its log.
    """

    def __init__(self, bound_us: int) -> None:
        self._bound_us = bound_us
        self._newest_us = -(1 << 62)
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self._release_at = 0

    def add(self, table: pa.Table) -> tuple[Ordered | None, Ordered | None]:
        """Take rows in; give back rows that are free to go, and late rows."""
        if not table.num_rows:
            return None, None
        ts = times(table)
        newest = np.maximum.accumulate(np.maximum(ts, self._newest_us))
        is_late = ts < newest - self._bound_us
        self._newest_us = int(newest[-1])
        late = None
        if is_late.any():
            late = ordered(table.filter(pa.array(is_late)))
            table = table.filter(pa.array(~is_late))
        self._held.append(table)
        self._held_rows += table.num_rows
        # Sorting again only when the held rows have doubled keeps the cost per row constant.
        if self._held_rows < self._release_at:
            return None, late
        return self._release(self._newest_us - self._bound_us), late

    def finish(self) -> Ordered | None:
        """Give back everything that is still held."""
        return self._release(1 << 62)

    def _release(self, before_us: int) -> Ordered | None:
        if not self._held_rows:
            return None
        rows = ordered(pa.concat_tables(self._held))
        ts = times(rows.table)
        cut = int(np.count_nonzero(ts < before_us))
        if rows.order is None:
            free, held = Ordered(rows.table.slice(0, cut), None), rows.table.slice(cut)
        else:
            free = Ordered(rows.table, rows.order[:cut])
            held = rows.table.take(pa.array(rows.order[cut:]))
        self._held = [held]
        self._held_rows = held.num_rows
        self._release_at = 2 * self._held_rows
        return free if cut else None


class TickCutter:
    """Cuts a sorted stream into batches, never inside a tick.

    A batch ends at the first tick boundary at which it holds ``batch_rows`` rows or more,
    counted from the start of the stream, so that the cuts do not depend on how rows arrived.
    """

    def __init__(self, batch_rows: int) -> None:
        self._batch_rows = batch_rows
        self._held: list[HashedRows] = []
        self._held_rows = 0

    def add(self, rows: HashedRows) -> list[list[HashedRows]]:
        """Take sorted rows in; give back the batches that are complete, in parts."""
        done: list[list[HashedRows]] = []
        self._held.append(rows)
        self._held_rows += len(rows)
        while self._held_rows > self._batch_rows:
            head, tail = _split(self._held, self._batch_rows)
            if not tail:
                break
            done.append(head)
            self._held = tail
            self._held_rows = sum(len(part) for part in tail)
        return done

    def finish(self) -> list[list[HashedRows]]:
        """Give back the last batch, if any rows are left."""
        rest = [self._held] if self._held_rows else []
        self._held, self._held_rows = [], 0
        return rest


def _split(parts: list[HashedRows], rows: int) -> tuple[list[HashedRows], list[HashedRows]]:
    """Split sorted rows at the end of the tick in which the given number of rows is reached."""
    before, k = 0, 0
    while before + len(parts[k]) < rows:
        before += len(parts[k])
        k += 1
    last_us = parts[k].ts[rows - before - 1]
    head, tail = parts[:k], parts[k:]
    while tail:
        cut = int(np.searchsorted(tail[0].ts, last_us, side="right"))
        part = tail.pop(0)
        head.append(part.part(0, cut))
        if cut < len(part):
            tail.insert(0, part.part(cut, len(part)))
            break
    return head, tail
