"""``zhenzan audit`` as a person meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

DAY_US = 86_400_000_000


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zhenzan", "audit", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    """Three weeks of 300 people, and 25 accounts that like six shops' items together."""
    rng = np.random.default_rng(4)
    account = rng.integers(0, 300, 4_000)
    item = rng.integers(0, 200, 4_000)
    ts = rng.integers(0, 21 * DAY_US, 4_000)
    for order in range(6):
        account = np.append(account, np.arange(1_000, 1_025))
        item = np.append(item, np.full(25, 500 + order))
        ts = np.append(ts, 3 * order * DAY_US + rng.integers(0, 3_600_000_000, 25))
    table = pa.table(
        {
            "event_id": [f"e{k}" for k in range(len(ts))],
            "ts": pa.array(ts + 20_000 * DAY_US, pa.timestamp("us", tz="UTC")),
            "kind": ["like"] * len(ts),
            "account_id": [f"a{k}" for k in account],
            "item_id": [f"i{k}" for k in item],
            "merchant_id": [f"m{k}" for k in item],
        }
    )
    path = tmp_path_factory.mktemp("history") / "log.parquet"
    pq.write_table(table, path)
    return path


def test_an_audit_prints_its_summary_and_finds_who_acts_together(log: Path, tmp_path: Path):
    out = tmp_path / "out"
    done = run(str(log), "--out", str(out), "--window", "30d", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert [window["likes"] for window in summary["windows"]][-1] == 4_150
    members = pq.read_table(out / "group_members.parquet")
    assert set(members["account_id"].to_pylist()) == {f"a{k}" for k in range(1_000, 1_025)}
    groups = pq.read_table(out / "groups.parquet").to_pylist()
    assert [group["status"] for group in groups] == ["active"]
    assert groups[0]["runs"] >= 2
    # Other options do not go on with what was begun.
    again = run(str(log), "--out", str(out), "--window", "14d")
    assert again.returncode == 2
    assert again.stdout == ""
    assert "was begun with options" in again.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--every", "fortnight"), "is not a duration"),
        (("--every", "30d", "--window", "7d"), "leave gaps"),
    ],
)
def test_a_bad_duration_is_an_error_with_a_hint(log: Path, tmp_path: Path, words, message):
    done = run(str(log), "--out", str(tmp_path / "out"), *words)
    assert done.returncode == 2
    assert message in done.stderr
