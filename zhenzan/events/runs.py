"""Sorts rows that do not fit into memory: sorted runs on disk, then one merge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhenzan.events.order import Ordered, ordered, times

# A run of this many rows takes some 200 MB while it is sorted.
RUN_ROWS = 1 << 19
STEP_ROWS = 8_192


class RunSorter:
    """Takes rows in any order and gives them back by time and event id.

    A log of up to ``run_rows`` rows never touches the disk.
    """

    def __init__(
        self, folder: Path, *, run_rows: int = RUN_ROWS, step_rows: int = STEP_ROWS
    ) -> None:
        self._step_rows = step_rows
        self._folder = folder
        self._run_rows = run_rows
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self._runs: list[Path] = []

    @property
    def rows_count(self) -> int:
        """Count the rows held in memory."""
        return self._held_rows

    def add(self, table: pa.Table) -> None:
        """Take rows in."""
        if table.num_rows:
            self._held.append(table)
            self._held_rows += table.num_rows
        if self._held_rows >= self._run_rows:
            self._write()

    def merged(self) -> Iterator[Ordered]:
        """Give all rows back in order; the sorter is empty afterwards."""
        if not self._runs:
            if self._held_rows:
                rows = ordered(pa.concat_tables(self._held))
                self._held, self._held_rows = [], 0
                yield rows
            return
        if self._held_rows:
            self._write()
        runs = [_Run(path, self._step_rows) for path in self._runs]
        while runs:
            for run in runs:
                run.fill()
            # Rows up to here cannot be preceded by anything that is still on disk.
            edge = min(run.safe_us for run in runs)
            parts = [part for run in runs if (part := run.take(edge)).num_rows]
            if parts:
                yield ordered(pa.concat_tables(parts))
            else:
                for run in runs:
                    if run.safe_us == edge:
                        run.load()  # one tick is larger than what is held
            runs = [run for run in runs if not run.is_spent]
        for path in self._runs:
            path.unlink()
        self._runs = []

    def _write(self) -> None:
        table = ordered(pa.concat_tables(self._held)).sorted()
        self._held, self._held_rows = [], 0
        path = self._folder / f"run-{len(self._runs):05d}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_stream(file, table.schema, options=options) as writer,
        ):
            writer.write_table(table, max_chunksize=self._step_rows)
        self._runs.append(path)


class _Run:
    """One sorted run, read a step at a time."""

    def __init__(self, path: Path, step_rows: int) -> None:
        self._step_rows = step_rows
        self._reader = pa.ipc.open_stream(pa.OSFile(str(path), "rb"))
        self._schema: pa.Schema = self._reader.schema
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self._ended = False

    @property
    def is_spent(self) -> bool:
        return self._ended and not self._held_rows

    @property
    def safe_us(self) -> int:
        """Time before which nothing of this run is still on disk."""
        return 1 << 62 if self._ended else int(times(self._held[-1])[-1])

    def fill(self) -> None:
        while not self._ended and self._held_rows < self._step_rows:
            self.load()

    def load(self) -> None:
        try:
            batch = self._reader.read_next_batch()
        except StopIteration:
            self._ended = True
            return
        self._held.append(pa.Table.from_batches([batch]))
        self._held_rows += batch.num_rows

    def take(self, edge_us: int) -> pa.Table:
        """Give back the rows before the edge."""
        taken: list[pa.Table] = []
        while self._held:
            first = self._held[0]
            cut = int(np.searchsorted(times(first), edge_us, side="left"))
            if cut:
                taken.append(first.slice(0, cut))
                self._held_rows -= cut
            if cut < first.num_rows:
                self._held[0] = first.slice(cut)
                break
            self._held.pop(0)
        return pa.concat_tables(taken) if taken else self._schema.empty_table()
