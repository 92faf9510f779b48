"""Reads the records of a service from the first on: from the journal, or from history behind it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.errors import JournalError
from zhenzan.events.schema import Kind
from zhenzan.live.folders import HISTORY, JOURNAL
from zhenzan.live.journal import JournalGroup, read_groups, segment_path, segments
from zhenzan.live.wire import unpack

COLUMNS = ("event_id", "ts", "kind", "account_id", "item_id", "merchant_id", "campaign_id")
"""What history says as the journal did, after its identifiers were hidden too."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records from a position on.

    Attributes
    ----------
    rows
        `COLUMNS` of ``count`` rows, with ``ts`` in microseconds and kinds as numbers; None where
        the journal has lost them and history does not hold all of them any more.
    """

    position: int
    count: int
    rows: pa.Table | None


def read_records(folder: Path) -> Iterator[Stretch]:
    """Give all that was ever taken in, in order and without a gap; the service may be running.

    Raises
    ------
    JournalError
        A segment is damaged, or neither in the journal nor in history.
    """
    journal = folder / JOURNAL
    left = segments(journal)
    written = (int(path.stem) for path in (folder / HISTORY).glob("*.parquet"))
    starts = sorted({*left, *(start for start in written if not left or start < left[0])})
    if starts and starts[0] != 0:
        raise JournalError(
            f"records 0 to {starts[0] - 1:,} are neither in the journal nor in history",
            hint="restore the folder of history from a copy",
        )
    for start, after in itertools.pairwise([*starts, None]):
        assert start is not None
        groups = _groups(journal, start, after)
        if groups is None:
            assert after is not None, "the last segment is never retired"
            yield _from_history(folder, start, after)
            continue
        for group in groups:
            rows = unpack(group).select(COLUMNS)
            yield Stretch(group.position, group.count, rows)


def _groups(journal: Path, start: int, after: int | None) -> list[JournalGroup] | None:
    """Read a segment; None where it is retired, be it while it is read."""
    path = segment_path(journal, start)
    if not path.exists():
        return None
    try:
        return list(read_groups(journal, start, end=after))
    except (JournalError, FileNotFoundError):
        if path.exists():
            raise
        return None


def _from_history(folder: Path, start: int, after: int) -> Stretch:
    path = folder / HISTORY / f"{start:020d}.parquet"
    try:
        table = pq.read_table(path, columns=list(COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise JournalError(
            f"records {start:,} to {after - 1:,} cannot be read from `{path.name}` of history",
            hint="restore the file from a copy: the journal has lost them",
        ) from error
    if table.num_rows != after - start:
        return Stretch(start, after - start, None)
    kind = pc.index_in(table.column("kind"), _WORDS).cast(pa.int8())
    for name, column in (("kind", kind), ("ts", table.column("ts").cast(pa.int64()))):
        table = table.set_column(table.column_names.index(name), name, column)
    return Stretch(start, after - start, table)


_WORDS = pa.array([kind.word for kind in Kind], pa.string())
"""The word of each kind, at the place that is its number."""
