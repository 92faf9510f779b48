"""Finds where the rows of CSV text begin and end, so that a torn row costs only itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.hashing import U8

# A longer row is a quote that is never closed far more often than a text.
ROW_BYTES_MAX = 1 << 18

_I64 = NDArray[np.int64]

ENDED, OPEN, OVERLONG = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a block that are not blank: byte places and cell counts.

    ``used`` bytes have been looked at; a row that begins there has not ended yet. A row of
    -1 cells has quotes that do not match, or is too long; it reaches to its line end.
    """

    starts: _I64
    ends: _I64
    cells: _I64
    used: int


@njit(cache=True, nogil=True)
def _row_end(data: U8, at: int, size: int, delimiter: int, row_max: int) -> tuple[int, int, int]:
    """Read one row: its end (after the line end), its cells, and how it ended."""
    start = at
    cells = 1
    at_start, quoted, torn = True, False, False
    while at < size:
        if at - start > row_max:
            return at, cells, 2
        symbol = data[at]
        if quoted:
            if symbol == 34:
                if at + 1 < size and data[at + 1] == 34:
                    at += 1
                else:
                    quoted = False
                    after = data[at + 1] if at + 1 < size else np.uint8(10)
                    torn = torn or after not in (delimiter, 10, 13)
        elif symbol == 10 or symbol == 13:
            if symbol == 13 and at + 1 < size and data[at + 1] == 10:
                at += 1
            return at + 1, -1 if torn else cells, 0
        elif symbol == delimiter:
            cells += 1
            at_start = True
            at += 1
            continue
        elif symbol == 34 and at_start:
            quoted = True
        at_start = False
        at += 1
    return size, -1 if torn else cells, 1


@njit(cache=True, nogil=True)
def _line_end(data: U8, at: int, size: int) -> int:
    """Find the end of the line, whatever is quoted; 0 where the block ends before it."""
    while at < size:
        if data[at] == 10:
            return at + 1
        at += 1
    return 0


@njit(cache=True, nogil=True)
def _find(
    data: U8, delimiter: int, width: int, is_last: bool, row_max: int, out: _I64
) -> tuple[int, int]:
    size = data.shape[0]
    count, at = 0, 0
    while at < size:
        end, cells, state = _row_end(data, at, size, delimiter, row_max)
        if state == 1 and not is_last:
            break
        # A quote that is never closed runs on into the next rows: give up its first line only,
        # so that the rows after it are read.
        line = _line_end(data, at, size) if state != 0 or cells != width else 0
        if state == 1:
            last = data[size - 1] == 10
            if 0 < line < size or (line == size and last):
                cells, end = -1, line
        elif state == 2:
            cells = -1
            end = line if line else size
        elif width > 0 and cells != width and line and line < end:
            end = line
        is_blank = end - at <= 2
        for k in range(at, end):
            is_blank = is_blank and (data[k] == 10 or data[k] == 13)
            if not is_blank:
                break
        if not is_blank:
            out[3 * count], out[3 * count + 1], out[3 * count + 2] = at, end, cells
            count += 1
        at = end
    return count, at


def find_rows(block: bytes, *, delimiter: str, width: int, is_last: bool) -> Rows:
    """Find the rows of a block that begins at a row; ``is_last`` says that no more follows."""
    data = np.frombuffer(block, np.uint8)
    lines = int(np.count_nonzero(data == 10)) + int(np.count_nonzero(data == 13)) + 2
    lines += len(data) // ROW_BYTES_MAX
    out = np.empty(3 * lines, np.int64)
    count, used = _find(data, ord(delimiter), width, is_last, ROW_BYTES_MAX, out)
    table = out[: 3 * count].reshape(-1, 3)
    return Rows(table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy(), int(used))
