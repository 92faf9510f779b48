"""Turns closed journal segments into history: Parquet files of the public contract."""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.events.schema import INTERACTION, Kind
from zhenzan.files import whole_file
from zhenzan.live.journal import read_groups, segments
from zhenzan.live.wire import unpack

_WORDS = pa.array([kind.word for kind in Kind], pa.string())


def write_history(journal: Path, history: Path) -> list[Path]:
    """Write every closed segment that is not history yet; give the new files.

    A segment is closed once a later one has begun. A file is named as its segment and stands for
    exactly its records, so a run that was interrupted is taken up by the next.

    Raises
    ------
    JournalError
        A segment is damaged.
    """
    history.mkdir(parents=True, exist_ok=True)
    written = []
    with _alone(history):
        for start, after in itertools.pairwise(segments(journal)):
            path = history / f"{start:020d}.parquet"
            if path.exists():
                continue
            groups = read_groups(journal, start, end=after)
            with whole_file(path) as unfinished:
                pq.write_table(
                    as_contract(pa.concat_tables([unpack(group) for group in groups])),
                    unfinished,
                    compression="zstd",
                )
            written.append(path)
    return written


@contextmanager
def _alone(history: Path) -> Iterator[None]:
    """Wait until nobody else writes history: settling and retention both do."""
    handle = os.open(history, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def as_contract(rows: pa.Table) -> pa.Table:
    """Turn what the journal keeps of rows back into columns of the contract."""
    permille = rows.column("completion_permille").to_numpy()
    dwell, cents = (rows.column(name).to_numpy() for name in ("dwell_ms", "amount_cents"))
    own = {
        "ts": rows.column("ts").cast(pa.timestamp("us", "UTC")),
        "kind": _WORDS.take(rows.column("kind").combine_chunks().cast(pa.int32())),
        "dwell_ms": pa.array(dwell, mask=dwell < 0),
        "completion": pa.array((permille / 1000).astype(np.float32), mask=permille < 0),
        "amount_cents": pa.array(cents, mask=cents == 0),
    }
    columns = [own.get(name) for name in INTERACTION.names]
    return pa.table(
        [
            rows.column(name) if column is None else column
            for name, column in zip(INTERACTION.names, columns, strict=True)
        ],
        schema=INTERACTION,
    )
