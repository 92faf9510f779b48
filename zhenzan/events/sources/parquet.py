"""Reads Parquet logs, a few row groups at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.errors import SourceError
from zhenzan.events.rejects import Rejects
from zhenzan.events.sources.ahead import read_ahead
from zhenzan.events.sources.chunk import Chunk

# Large enough to hide the cost of a call, small enough that 17 columns stay in memory.
CHUNK_ROWS = 131_072
# Columns of few distinct words are read as dictionaries, which takes a tenth off the decoding.
_FEW_WORDS = ("kind", "category", "channel")


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
                schema = file.schema_arrow
                self._columns: tuple[str, ...] = tuple(schema.names)
                self._coded = [
                    name
                    for name in _FEW_WORDS
                    if name in schema.names and pa.types.is_string(schema.field(name).type)
                ]
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
        for chunk in read_ahead(self._read(list(columns))):
            self._rows_done += len(chunk)
            yield chunk

    def _read(self, columns: list[str]) -> Generator[Chunk, None, None]:
        done = 0
        coded = [name for name in columns if name in self._coded]
        try:
            with pq.ParquetFile(self._path, pre_buffer=False, read_dictionary=coded) as file:
                for batch in file.iter_batches(CHUNK_ROWS, columns=columns):
                    rows = np.arange(done + 1, done + batch.num_rows + 1, dtype=np.int64)
                    done += batch.num_rows
                    yield Chunk(pa.Table.from_batches([batch]), rows)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> SourceError:
        reason = str(error).splitlines()[0].rstrip(".")
        return SourceError(
            f"`{self.name}` is a damaged or cut-off Parquet file ({reason})",
            hint="copy or export it again",
        )
