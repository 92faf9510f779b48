"""From a file to batches."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from logs import log_table, write_parquet

from zhenzan.events.ingest import Ingest
from zhenzan.settings import Settings


def test_a_parquet_file_becomes_sorted_batches_that_never_split_a_tick(tmp_path: Path) -> None:
    table = log_table(500)
    log = write_parquet(table, tmp_path / "log.parquet")
    batches = list(Ingest(log, Settings(batch_rows=50)))
    assert sum(map(len, batches)) == 500
    for before, after in zip(batches, batches[1:], strict=False):
        assert before.ts[-1] < after.ts[0]
    ts = np.concatenate([batch.ts for batch in batches])
    assert np.all(np.diff(ts) >= 0)
    ids = [name for batch in batches for name in batch.event_id.to_pylist()]
    assert sorted(ids) == sorted(table["event_id"].to_pylist())
