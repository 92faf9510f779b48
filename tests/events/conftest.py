"""Small logs, and ways to write and compare them, for the tests of this folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from zhenzan.events.batch import Batch
from zhenzan.events.ingest import Ingest
from zhenzan.settings import Settings

START_US = 1_700_000_000_000_000


def _log_table(rows_count: int = 200, *, seed: int = 7, span_s: int = 600) -> pa.Table:
    draw = np.random.default_rng(seed)
    seconds = np.sort(draw.integers(0, span_s, rows_count))

    def gaps(values: list[object], share: float) -> list[object]:
        missing = draw.random(len(values)) < share
        return [None if gone else value for value, gone in zip(values, missing, strict=True)]

    def words(prefix: str, count: int, share: float = 0.1) -> list[object]:
        return gaps([f"{prefix}{k}" for k in draw.integers(0, count, rows_count)], share)

    def numbers(limit: int, share: float) -> list[object]:
        return gaps([int(k) for k in draw.integers(0, limit, rows_count)], share)

    kinds = ["view", "like", "favorite", "purchase", "comment"]
    shares: list[object] = [k / 1000 for k in draw.integers(0, 1001, rows_count)]
    return pa.table(
        {
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
            "dwell_ms": pa.array(numbers(9000, 0.5), pa.int32()),
            "completion": pa.array(gaps(shares, 0.5), pa.float32()),
            "amount_cents": pa.array(numbers(9999, 0.8), pa.int64()),
            "text": gaps([f'so "good", 好 {k}\nreally' for k in range(rows_count)], 0.8),
            "campaign_id": words("c", 2, 0.9),
            "task_id": words("t", 2, 0.9),
        }
    )


def _json_lines(table: pa.Table) -> bytes:
    lines = []
    for row in table.to_pylist():
        row = {name: value for name, value in row.items() if value is not None}
        row["ts"] = row["ts"].isoformat()
        lines.append(json.dumps(row, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def _write(table: pa.Table, path: Path) -> Path:
    """Write a log in the format and the compression that the name ends in."""
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    sink = pa.BufferOutputStream()
    if name.endswith(".parquet"):
        pq.write_table(table, sink, row_group_size=64)
    elif name.endswith(".csv"):
        pcsv.write_csv(table, sink)
    else:
        sink.write(_json_lines(table))
    data = sink.getvalue().to_pybytes()
    if path.name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    if path.name.endswith(".zst"):
        packed = pa.BufferOutputStream()
        with pa.CompressedOutputStream(packed, "zstd") as file:
            file.write(data)
        data = packed.getvalue().to_pybytes()
    path.write_bytes(data)
    return path


def _difference(left: list[Batch], right: list[Batch]) -> str:
    """Say in words where two runs differ, codes included; nothing where they are the same."""
    sizes = [len(batch) for batch in left], [len(batch) for batch in right]
    if sizes[0] != sizes[1]:
        return f"batch sizes {sizes}"
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        for name in Batch.__slots__:
            x, y = getattr(a, name), getattr(b, name)
            same = x.equals(y) if name == "event_id" else np.array_equal(x, y)
            if not same:
                return f"batch {index}, {name}: {x} and {y}"
    return ""


def _ingest(spec: str | Path, **more: object) -> tuple[list[Batch], Ingest]:
    """Read a log to its end."""
    settings = more.pop("settings", None) or Settings(batch_rows=50)
    ingest = Ingest(spec, settings, **more)  # type: ignore[arg-type]
    return list(ingest), ingest


@pytest.fixture(scope="session")
def log_table() -> Callable[..., pa.Table]:
    """Make a log in the contract, sorted by time, with gaps and with peers."""
    return _log_table


@pytest.fixture(scope="session")
def write() -> Callable[[pa.Table, Path], Path]:
    return _write


@pytest.fixture(scope="session")
def difference() -> Callable[[list[Batch], list[Batch]], str]:
    return _difference


@pytest.fixture(scope="session")
def read() -> Callable[..., tuple[list[Batch], Ingest]]:
    return _ingest
