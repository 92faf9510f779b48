"""Makes small logs for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.events.batch import KEYS, Batch
from zhenzan.events.encode import KEPT
from zhenzan.events.ingest import Ingest

START_US = 1_700_000_000_000_000


def log_table(rows_count: int = 200, *, seed: int = 7, span_s: int = 600) -> pa.Table:
    """Make a log in the contract, sorted by time, with gaps and with peers."""
    draw = np.random.default_rng(seed)
    seconds = np.sort(draw.integers(0, span_s, rows_count))

    def gaps(values: list[object], share: float) -> list[object]:
        missing = draw.random(len(values)) < share
        return [None if gone else value for value, gone in zip(values, missing, strict=True)]

    def words(prefix: str, count: int, share: float = 0.1) -> list[object]:
        return gaps([f"{prefix}{k}" for k in draw.integers(0, count, rows_count)], share)

    kinds = ["view", "like", "favorite", "purchase", "comment"]
    completion = np.round(draw.random(rows_count), 3).astype(np.float32)
    columns = {
        "event_id": [f"e{k:06d}" for k in draw.permutation(rows_count)],
        "ts": pa.array(START_US + seconds * 1_000_000).cast(pa.timestamp("us", "UTC")),
        "kind": [kinds[k] for k in draw.integers(0, len(kinds), rows_count)],
        "account_id": words("a", 20, 0.0),
        "item_id": words("i", 9),
        "merchant_id": words("m", 4),
        "category": words("类别", 3),
        "device_id": words("d", 12),
        "ip": words("10.0.0.", 40),
        "session_id": words("s", 60),
        "channel": words("channel", 3),
        "dwell_ms": pa.array(
            gaps(list(map(int, draw.integers(0, 9000, rows_count))), 0.5), pa.int32()
        ),
        "completion": pa.array(gaps(list(completion), 0.5), pa.float32()),
        "amount_cents": pa.array(
            gaps(list(map(int, draw.integers(0, 9999, rows_count))), 0.8), pa.int64()
        ),
        "text": gaps([f'so "good", 好 {k}\nreally' for k in range(rows_count)], 0.8),
        "campaign_id": words("c", 2, 0.9),
        "task_id": words("t", 2, 0.9),
    }
    return pa.table(columns)


def write_parquet(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path, row_group_size=64)
    return path


def strings_of(batch: Batch, ingest: Ingest) -> dict[str, list[object]]:
    """Give a batch back in words, to compare runs whose codes may differ."""
    words: dict[str, list[object]] = {
        name: getattr(batch, name).tolist()
        for name in Batch.__slots__
        if name not in KEYS and name != "event_id"
    }
    words["event_id"] = batch.event_id.to_pylist()
    for key in sorted(KEPT):
        words[key] = ingest.tables[key].strings(getattr(batch, key)).to_pylist()
    return words


def same_batches(left: list[Batch], right: list[Batch]) -> bool:
    """Say whether two runs gave the same batches, codes included."""
    if len(left) != len(right):
        return False
    return all(
        a.event_id.equals(b.event_id)
        and all(
            np.array_equal(getattr(a, name), getattr(b, name))
            for name in Batch.__slots__
            if name != "event_id"
        )
        for a, b in zip(left, right, strict=True)
    )
