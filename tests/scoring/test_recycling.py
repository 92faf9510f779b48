"""Codes of idle keys are given to others, and no answer changes by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.clock import DAY_US
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.events.codes import CodeTable
from zhenzan.events.ingest import Ingest
from zhenzan.scoring.signals import SignalSource
from zhenzan.settings import Settings

DAYS = 40
START_US = 1_700_000_000_000_000
RECYCLED = {"session": "session_id", "device": "device_id", "ip": "ip"}
SETTINGS = Settings(batch_rows=1_000)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Forty days in which sessions, devices and addresses last a day or three each."""
    random = np.random.default_rng(4)
    rows = 500 * DAYS
    ts = np.sort(START_US + random.integers(0, DAYS * DAY_US, rows))
    day = (ts - START_US) // DAY_US
    account = random.integers(0, 60, rows)
    words = {
        "event_id": [f"e{k}" for k in range(rows)],
        "kind": random.choice(["view", "like", "like", "purchase", "register"], rows).tolist(),
        "account_id": [f"a{a}" for a in account],
        "item_id": [f"i{i}" for i in random.integers(0, 40, rows)],
        "merchant_id": [f"m{m}" for m in random.integers(0, 5, rows)],
        "session_id": [f"s{a}-{d}" for a, d in zip(account, day, strict=True)],
        "device_id": [f"d{a}-{d // 3}" for a, d in zip(account, day, strict=True)],
        "ip": [f"10.{d}.{a}.7" for a, d in zip(account, day, strict=True)],
    }
    path = tmp_path_factory.mktemp("long") / "log.parquet"
    pq.write_table(pa.table({"ts": pa.array(ts, pa.timestamp("us", "UTC")), **words}), path)
    return path


def test_memory_follows_the_active_keys(log):
    ingest = Ingest(log, SETTINGS)
    live = {name: [] for name in RECYCLED}
    handed_out = {name: [] for name in RECYCLED}
    for _ in ingest:
        for name in RECYCLED:
            live[name].append(ingest.tables[name].live_count)
            handed_out[name].append(len(ingest.tables[name]))
    for name in RECYCLED:
        half = len(live[name]) // 2
        # Ten days of keys at most: eight at rest, the running one, and one until the next look.
        assert max(live[name]) <= 60 * 11
        assert handed_out[name][-1] == handed_out[name][half], "later keys live in old places"


def test_recycled_codes_move_no_feature(log):
    strings = pq.read_table(log)
    source = SignalSource()
    plain = EmbeddedEngine(source.features)
    tables = {name: CodeTable() for name in RECYCLED}
    start, forgotten = 0, 0
    for batch in Ingest(log, SETTINGS):
        rows = strings.slice(start, len(batch))
        start += len(batch)
        own = {
            name: tables[name].encode(rows[column].combine_chunks())
            for name, column in RECYCLED.items()
        }
        wanted = plain.compute(replace(batch, **own))
        if batch.forgotten is not None:
            forgotten += sum(len(codes) for codes in batch.forgotten.codes.values())
        found = engine_of(source, batch)
        for name, values in wanted.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert start == len(strings)
    assert forgotten > 3_000
    assert source.engine.state_bytes < 0.6 * plain.state_bytes


def engine_of(source, batch):
    if batch.forgotten is not None:
        source.forget(batch.forgotten)
    return source.engine.compute(batch)
