"""Reads CSV logs, every cell as text, so that a bad cell costs a row and not the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from zhenzan.errors import SourceError
from zhenzan.events.rejects import Rejects
from zhenzan.events.sources.chunk import Chunk
from zhenzan.events.sources.stream import ByteStream

# The longest row that can be read; a longer one is an unclosed quote far more often than a text.
BLOCK_BYTES = 8 << 20
_DELIMITERS = (",", ";", "\t", "|")


class CsvSource:
    """A CSV log with a header; comma, semicolon, tab or bar, whichever the header uses."""

    has_open_columns = False

    def __init__(
        self,
        opened: Callable[[], ByteStream],
        *,
        size_bytes: int | None,
        is_stream: bool,
    ) -> None:
        self._opened = opened
        self._stream = opened()
        self.name = self._stream.name
        self.size_bytes = size_bytes
        self.is_stream = is_stream
        self._delimiter, self._header = _header(self._stream.name, self._stream.head)
        if not is_stream:
            self._stream.close()

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the header."""
        return self._header

    @property
    def done_bytes(self) -> int:
        """Count the bytes of the file read so far."""
        return self._stream.done_bytes

    def chunks(self, columns: Sequence[str], rejects: Rejects) -> Iterator[Chunk]:
        """Read the named columns as bytes; rows with too few or many cells are set aside.

        Raises
        ------
        SourceError
            A row is too long to be one, or the file is damaged.
        """
        if self._stream.closed:
            self._stream = self._opened()
        torn: list[int] = []
        first = 1
        try:
            with self._stream:
                for batch in self._open(columns, torn, rejects):
                    rows = _row_numbers(first, batch.num_rows, torn)
                    if len(rows):
                        first = int(rows[-1]) + 1
                    yield Chunk(pa.Table.from_batches([batch]), rows)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"`{self.name}` cannot be read as CSV near row {first:,}: {_reason(error)}",
                hint="look for a quote that is never closed",
            ) from error

    def _open(
        self, columns: Sequence[str], torn: list[int], rejects: Rejects
    ) -> Iterator[pa.RecordBatch]:
        width = len(self._header)

        def set_aside(row: pcsv.InvalidRow) -> str:
            number = int(row.number) - 1  # the header is row 1 of the reader
            torn.append(number)
            detail = f"{row.actual_columns} cells where the header has {width}"
            raw = json.dumps({"line": row.text}, ensure_ascii=False)
            rejects.add(self.name, number, reason="bad_row", detail=detail, raw=raw)
            return "skip"

        reader = pcsv.open_csv(
            pa.PythonFile(self._stream, mode="r"),
            # Row numbers are known only where one thread parses.
            read_options=pcsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pcsv.ParseOptions(
                delimiter=self._delimiter,
                newlines_in_values=True,
                invalid_row_handler=set_aside,
            ),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(self._header, pa.binary()),
                include_columns=list(columns),
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
        yield from reader


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0].rstrip(".") if str(error) else "unexpected end"
    if "straddling" in text:
        return f"a row is longer than {BLOCK_BYTES >> 20} MiB"
    return text


def _row_numbers(first: int, count: int, torn: list[int]) -> NDArray[np.int64]:
    """Number the rows of a batch, leaving out the torn rows that stand among them."""
    span = np.arange(first, first + count + len(torn), dtype=np.int64)
    if torn:
        span = span[~np.isin(span, torn)]
    rows = span[:count]
    if torn and len(rows):
        last = int(rows[-1])
        torn[:] = [number for number in torn if number > last]
    return rows


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
