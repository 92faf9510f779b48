"""Keeps the rows that could not be read, each with its file, row number and reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

REJECT = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("raw", pa.string(), nullable=False),
    ]
)
RAW_CHARS_MAX = 2_000
_FLUSH_ROWS = 16_384


class Rejects:
    """Writes the quarantine file; beyond ``rows_max`` rows it only counts.

    Without a path nothing is written and the counts are kept all the same.
    """

    def __init__(self, path: Path | None = None, *, rows_max: int = 10_000_000) -> None:
        self.counts: Counter[str] = Counter()
        self._writer = pq.ParquetWriter(path, REJECT, compression="zstd") if path else None
        self._room = rows_max
        self._columns: list[list[object]] = [[] for _ in REJECT]

    @property
    def rows_count(self) -> int:
        """Count the rows set aside so far."""
        return sum(self.counts.values())

    @property
    def wanted(self) -> int:
        """Count the rows that would still be written; texts beyond it need not be made."""
        return self._room if self._writer else 0

    def add(self, file: str, row: int, *, reason: str, detail: str, raw: str) -> None:
        """Set one row aside."""
        self.counts[reason] += 1
        if self.wanted <= 0:
            return
        self._room -= 1
        clean = raw[:RAW_CHARS_MAX].encode("utf-8", "replace").decode("utf-8")
        for column, value in zip(self._columns, (file, row, reason, detail, clean), strict=True):
            column.append(value)
        if len(self._columns[0]) >= _FLUSH_ROWS:
            self._flush()

    def add_rows(
        self,
        file: str | Sequence[str],
        rows: NDArray[np.int64],
        table: pa.Table,
        *,
        reason: str,
        detail: str,
    ) -> None:
        """Set the rows of a table aside, written as JSON text."""
        written = min(len(rows), self.wanted)
        for index in range(written):
            name = file if isinstance(file, str) else file[index]
            raw = json_text(table, index)
            self.add(name, int(rows[index]), reason=reason, detail=detail, raw=raw)
        self.counts[reason] += len(rows) - written

    def close(self) -> None:
        """Write what is left and end the file."""
        if self._writer:
            self._flush()
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _flush(self) -> None:
        assert self._writer is not None
        if self._columns[0]:
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(self._columns, REJECT, strict=True)
            ]
            self._writer.write_table(pa.table(arrays, schema=REJECT))
            for column in self._columns:
                column.clear()


def json_text(table: pa.Table, index: int) -> str:
    """Write one row as JSON text; null columns are left out, bad bytes are replaced."""
    row: dict[str, object] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        value = _value(column[index])
        if value is not None:
            row[name] = value
    return json.dumps(row, ensure_ascii=False, default=str)


def _value(scalar: pa.Scalar) -> object:
    try:
        value: object = scalar.as_py()
    except (UnicodeDecodeError, ValueError, OverflowError):
        buffer = scalar.as_buffer() if hasattr(scalar, "as_buffer") else b""
        return bytes(buffer).decode("utf-8", "replace")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
