"""Reads Parquet logs, a few row groups at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.errors import SourceError
from zhenzan.events.rejects import Rejects
from zhenzan.events.sources.chunk import Chunk

# Large enough to hide the cost of a call, small enough that 17 columns stay in memory.
CHUNK_ROWS = 131_072


class ParquetSource:
    """A Parquet file; it needs a place on disk because its index stands at its end."""

    is_stream = False
    has_open_columns = False

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        self.name = name or str(path)
        self._path = path
        self.size_bytes: int | None = path.stat().st_size
        try:
            with pq.ParquetFile(path) as file:
                self.rows_count: int = file.metadata.num_rows
                self._columns: tuple[str, ...] = tuple(file.schema_arrow.names)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error
        self._rows_done = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the file."""
        return self._columns

    @property
    def done_bytes(self) -> int:
        """Estimate the bytes read so far from the share of rows read."""
        return int((self.size_bytes or 0) * self._rows_done / max(self.rows_count, 1))

    def chunks(self, columns: Sequence[str], rejects: Rejects) -> Iterator[Chunk]:
        """Read the named columns; ``rejects`` stays untouched, a Parquet row is never torn."""
        del rejects
        self._rows_done = 0
        try:
            with pq.ParquetFile(self._path, pre_buffer=False) as file:
                for batch in file.iter_batches(CHUNK_ROWS, columns=list(columns)):
                    first = self._rows_done + 1
                    self._rows_done += batch.num_rows
                    rows = np.arange(first, self._rows_done + 1, dtype=np.int64)
                    yield Chunk(pa.Table.from_batches([batch]), rows)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> SourceError:
        reason = str(error).splitlines()[0].rstrip(".")
        return SourceError(
            f"`{self.name}` is a damaged or cut-off Parquet file ({reason})",
            hint="copy or export it again",
        )
