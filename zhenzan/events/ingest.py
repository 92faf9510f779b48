"""Reads a log from its files to batches: the entry point of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhenzan.events.batch import Batch
from zhenzan.events.encode import Encoder
from zhenzan.events.order import Reorder, TickCutter
from zhenzan.events.rejects import Rejects
from zhenzan.events.schema import INTERACTION
from zhenzan.events.sources.parquet import ParquetSource
from zhenzan.events.validate import Validator
from zhenzan.settings import Settings


class Ingest:
    """Iterates over the batches of a log."""

    def __init__(
        self, source_spec: str | Path, settings: Settings, *, rejects_path: Path | None = None
    ) -> None:
        self._source = ParquetSource(Path(source_spec))
        self._settings = settings
        self._rejects = Rejects(rejects_path, rows_max=settings.rejects_max)
        self._encoder = Encoder()
        self.tables = self._encoder.tables

    def __iter__(self) -> Iterator[Batch]:
        reorder = Reorder(self._settings.lateness_s * 1_000_000)
        cutter = TickCutter(self._settings.batch_rows)
        with self._rejects:
            for table in self._valid():
                released, late = reorder.add(table)
                if released is not None:
                    for rows in cutter.add(released):
                        yield self._encoder.encode(rows, late=False)
                if late is not None:
                    yield self._encoder.encode(late, late=True)
            released = reorder.finish()
            if released is not None:
                for rows in cutter.add(released):
                    yield self._encoder.encode(rows, late=False)
            rest = cutter.finish()
            if rest is not None:
                yield self._encoder.encode(rest, late=False)

    def _valid(self) -> Iterator[pa.Table]:
        validator = Validator(self._rejects)
        columns = [name for name in self._source.columns if name in INTERACTION.names]
        for chunk in self._source.chunks(columns, self._rejects):
            yield validator.check(
                chunk.table, rows=chunk.rows, file=self._source.name, file_index=0, raw=chunk.table
            )
