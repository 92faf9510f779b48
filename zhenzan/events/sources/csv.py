"""Reads CSV logs, every cell as text, so that a bad cell costs a row and not the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from zhenzan.errors import SourceError
from zhenzan.events.rejects import RAW_CHARS_MAX, Rejects
from zhenzan.events.sources.chunk import Chunk
from zhenzan.events.sources.csv_rows import ROW_BYTES_MAX, Rows, find_rows
from zhenzan.events.sources.text import TextSource

BLOCK_BYTES = 4 << 20
_DELIMITERS = (",", ";", "\t", "|")


class CsvSource(TextSource):
    """A CSV log with a header; comma, semicolon, tab or bar, whichever the header uses."""

    has_open_columns = False

    def _look(self, head: bytes) -> None:
        self._delimiter, self._header = _header(self.name, head)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the header."""
        return self._header

    def chunks(self, columns: Sequence[str], rejects: Rejects) -> Iterator[Chunk]:
        """Read the named columns as bytes; rows with too few or many cells are set aside.

        Raises
        ------
        SourceError
            The file is damaged.
        """
        first = 0  # row 0 is the header
        with self._open():
            for block, rows in self._blocks():
                numbers = np.arange(first, first + len(rows.starts), dtype=np.int64)
                is_good = rows.cells == len(self._header)
                if first == 0 and len(numbers):
                    is_good[0] = False
                for index in np.flatnonzero(~is_good & (numbers > 0)):
                    line = block[rows.starts[index] : rows.ends[index]]
                    self._set_aside(int(numbers[index]), int(rows.cells[index]), line, rejects)
                first += len(numbers)
                if is_good.any():
                    table = self._parse(_kept(block, rows, is_good), columns)
                    assert len(table) == np.count_nonzero(is_good), "both parsers see the same rows"
                    yield Chunk(table, numbers[is_good])

    def _blocks(self) -> Iterator[tuple[bytes, Rows]]:
        """Cut the log at row ends."""
        held, is_first = b"", True
        while True:
            block = self._stream.read_block(BLOCK_BYTES)
            held += block
            if is_first:
                held, is_first = held.removeprefix(b"\xef\xbb\xbf"), False
            rows = find_rows(
                held, delimiter=self._delimiter, width=len(self._header), is_last=not block
            )
            if len(rows.starts):
                yield held, rows
            held = held[rows.used :]
            if not block:
                return

    def _set_aside(self, number: int, cells: int, line: bytes, rejects: Rejects) -> None:
        detail = f"{cells} cells where the header has {len(self._header)}"
        if cells < 0:
            detail = f"its quotes do not match, or the row is over {ROW_BYTES_MAX >> 10} KiB"
        text = line[: 4 * RAW_CHARS_MAX].decode("utf-8", "replace").rstrip("\r\n")
        raw = json.dumps({"line": text}, ensure_ascii=False)
        rejects.add(self.name, number, reason="bad_row", detail=detail, raw=raw)

    def _parse(self, block: bytes, columns: Sequence[str]) -> pa.Table:
        try:
            return pcsv.read_csv(
                pa.BufferReader(block),
                read_options=pcsv.ReadOptions(
                    block_size=len(block) + 1, use_threads=False, column_names=self._header
                ),
                parse_options=pcsv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                convert_options=pcsv.ConvertOptions(
                    column_types=dict.fromkeys(self._header, pa.binary()),
                    include_columns=list(columns),
                    null_values=[""],
                    strings_can_be_null=True,
                    check_utf8=False,
                ),
            )
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"`{self.name}` cannot be read as CSV: {str(error).splitlines()[0].rstrip('.')}",
                hint="write it again with one row a line",
            ) from error


def _kept(block: bytes, rows: Rows, is_good: NDArray[np.bool_]) -> bytes:
    """Cut the rows that are set aside out of a block."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_good, [False])).astype(np.int8)))
    spans = edges.reshape(-1, 2)
    return b"".join(block[rows.starts[low] : rows.ends[high - 1]] for low, high in spans)


def _header(name: str, head: bytes) -> tuple[str, tuple[str, ...]]:
    text = head.decode("utf-8-sig", "replace").lstrip("\r\n")
    line = text.splitlines()[0] if text else ""
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        cells = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except (csv.Error, StopIteration) as error:
        raise SourceError(
            f"`{name}` has no header that can be read ({error})",
            hint="put the column names into the first line",
        ) from error
    twice = sorted({cell for cell in cells if cells.count(cell) > 1})
    if twice:
        raise SourceError(
            f"`{name}` has the column `{twice[0]}` twice", hint="rename one of the two"
        )
    return delimiter, tuple(cells)
