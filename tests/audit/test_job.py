"""An audit goes through months of history, survives being killed, and repeats itself exactly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted import DAY_US, OPTIONS, START_US, act, by_device, honest, like, write

from zhenzan.audit.job import Source, audit_log
from zhenzan.errors import CheckpointError, SourceError
from zhenzan.settings import Settings

FILES = (
    "groups", "group_members", "group_targets", "group_pairs", "revisions", "growths",
)  # fmt: skip
FARM = [f"bot{k}" for k in range(8)]


def rows(days: int = 50) -> list[dict[str, object]]:
    everything = honest(days)
    for week in range(days // 7):
        everything += act(7 * week + 2, FARM, [f"item{week % 5}", "item20", "item21"], "farm")
    return everything


def audit(log: Path, out: Path, **changed: object) -> dict[str, object]:
    options = replace(OPTIONS, **changed)
    return audit_log(Source(str(log)), out, options, Settings(), find=by_device)


def content(out: Path) -> dict[str, bytes]:
    names = [f"{name}.parquet" for name in FILES] + ["summary.json", "rejects.parquet"]
    return {name: (out / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    return write(rows(), tmp_path_factory.mktemp("history") / "log.parquet")


@pytest.fixture(scope="module")
def audited(log, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("audited")
    audit(log, out)
    return out


def test_a_group_is_one_group_over_all_windows_with_string_ids(audited):
    groups = pq.read_table(audited / "groups.parquet").to_pylist()
    assert len(groups) == 1
    assert groups[0]["runs"] == 8
    assert groups[0]["status"] == "active"
    members = pq.read_table(audited / "group_members.parquet")
    assert sorted(members["account_id"].to_pylist()) == sorted(FARM)
    targets = set(pq.read_table(audited / "group_targets.parquet")["item_id"].to_pylist())
    assert {"item20", "item21"} <= targets
    pairs = pq.read_table(audited / "group_pairs.parquet").to_pylist()
    assert {pairs[0]["account_a_id"], pairs[0]["account_b_id"]} <= set(FARM)


def test_running_again_changes_no_byte(log, audited):
    before = content(audited)
    audit(log, audited)
    assert content(audited) == before


def test_the_order_and_the_files_of_the_rows_change_no_byte(audited, tmp_path):
    everything = rows()
    order = np.random.default_rng(3).permutation(len(everything))
    shuffled = [everything[k] for k in order]
    write(shuffled[:1000], tmp_path / "log" / "b.parquet")
    write(shuffled[1000:], tmp_path / "log" / "a.parquet")
    audit(tmp_path / "log", tmp_path / "out")
    for name in FILES:
        assert content(tmp_path / "out")[f"{name}.parquet"] == content(audited)[f"{name}.parquet"]


_KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from planted import OPTIONS, by_device
from zhenzan.audit.job import Source, audit_log
from zhenzan.settings import Settings
audit_log(Source(sys.argv[2]), Path(sys.argv[3]), OPTIONS, Settings(), find=by_device)
"""


@pytest.mark.slow
def test_a_killed_audit_goes_on_and_gives_the_same_bytes(log, audited, tmp_path):
    # Killed twice with SIGKILL, each time as soon as one more window is finished.
    out = tmp_path / "out"
    command = [sys.executable, "-c", _KILLED, str(Path(__file__).parent), str(log), str(out)]
    windows = out / ".audit" / "windows"
    for finished in (2, 5):
        running = subprocess.Popen(command)
        deadline = time.monotonic() + 120
        while len(list(windows.glob("[0-9]*[0-9]"))) < finished:
            assert running.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    assert not (out / "summary.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in windows.glob("*/window.json")}
    audit(log, out)
    assert content(out) == content(audited)
    assert len(kept) >= 5
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items())


def test_a_history_that_has_grown_is_taken_further(log, tmp_path):
    out = tmp_path / "out"
    earlier = [row for row in rows() if row["ts"] < START_US + 30 * DAY_US]
    audit(write(earlier, tmp_path / "log.parquet"), out)
    first = pq.read_table(out / "groups.parquet").to_pylist()
    audit(write(rows(), tmp_path / "log.parquet"), out)
    second = pq.read_table(out / "groups.parquet").to_pylist()
    assert [row["group_id"] for row in first] == [row["group_id"] for row in second]
    assert second[0]["runs"] > first[0]["runs"]
    assert second[0]["first_seen"] == first[0]["first_seen"]


def test_a_history_that_has_changed_is_refused(tmp_path):
    out = tmp_path / "out"
    audit(write(rows(), tmp_path / "log.parquet"), out)
    before = content(out)
    changed = [*rows(), like(3.5, "somebody", "item3")]
    with pytest.raises(CheckpointError, match="history has changed before 2026-01-08"):
        audit(write(changed, tmp_path / "log.parquet"), out)
    assert content(out) == before
    # The history it was begun with still goes through.
    audit(write(rows(), tmp_path / "log.parquet"), out)
    assert content(out) == before


def test_other_options_are_refused(log, audited):
    with pytest.raises(CheckpointError, match="was begun with options"):
        audit(log, audited, window_us=14 * DAY_US)


def test_other_address_ranges_are_refused(log, tmp_path):
    ranges = pa.table({"ip_start": [3_221_225_984], "ip_end": [3_221_226_239], "kind": ["hosting"]})
    pq.write_table(ranges, tmp_path / "networks.parquet")
    out = tmp_path / "out"
    source = Source(str(log), networks=tmp_path / "networks.parquet")
    audit_log(source, out, OPTIONS, Settings(), find=by_device)
    with pytest.raises(CheckpointError, match="was begun with networks"):
        audit_log(Source(str(log)), out, OPTIONS, Settings(), find=by_device)


def test_another_feature_list_is_refused(log, audited):
    path = audited / ".audit" / "manifest.json"
    before = path.read_text()
    manifest = json.loads(before)
    manifest["begun_with"]["feature list"] = "0" * 16
    path.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="feature list"):
        audit(log, audited)
    path.write_text(before)


def test_standard_input_is_refused(tmp_path):
    with pytest.raises(SourceError, match="more than once"):
        audit_log(Source("-"), tmp_path, OPTIONS, Settings(), find=by_device)


def test_a_history_without_likes_gives_empty_tables(tmp_path):
    views = [{**row, "kind": "view"} for row in honest(2)]
    summary = audit(write(views, tmp_path / "log.parquet"), tmp_path / "out")
    assert summary["windows"] == []
    for name in FILES:
        assert len(pq.read_table(tmp_path / "out" / f"{name}.parquet")) == 0


def test_a_mapping_is_read_as_in_score(tmp_path):
    everything = [
        {"id": row["event_id"], "when": row["ts"], "who": row["account_id"],
         "what": row["item_id"], "phone": row["device_id"]}
        for row in rows(20)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(everything), tmp_path / "log.parquet")
    (tmp_path / "map.yaml").write_text(
        "columns:\n  event_id: id\n  ts: {column: when, unit: us}\n  kind: {constant: like}\n"
        "  account_id: who\n  item_id: what\n  device_id: phone\n"
    )
    source = Source(str(tmp_path / "log.parquet"), mapping=str(tmp_path / "map.yaml"))
    audit_log(source, tmp_path / "out", OPTIONS, Settings(), find=by_device)
    assert len(pq.read_table(tmp_path / "out" / "groups.parquet")) == 1


def test_the_search_hears_who_made_an_item(tmp_path):
    # item1 by the items table; item2 by its merchant, which is an account where that is said.
    log = write(
        [*honest(8), like(3, "person1", "item1"), like(4, "shop2", "item2")],
        tmp_path / "log.parquet",
    )
    made = pa.table({"item_id": ["item1"], "author_id": ["person7"]})
    pq.write_table(made, tmp_path / "items.parquet")
    heard = []

    def find(likes, options):
        heard.append(likes)
        return by_device(likes, options)

    for settings in (Settings(), Settings(merchants_are_accounts=1)):
        out = tmp_path / f"out{len(heard)}"
        source = Source(str(log), items=tmp_path / "items.parquet")
        audit_log(source, out, OPTIONS, settings, find=find)
    told = [
        {
            (row["item"], row["author"])
            for one in part
            for row in one.to_pylist()
            if row["author"] >= 0
        }
        for part in (heard[: len(heard) // 2], heard[len(heard) // 2 :])
    ]
    assert len(told[0]) == 1
    assert told[1] > told[0]
    # All items that end in 2 belong to `shop2`, which is the only account among the merchants.
    assert len({author for _, author in told[1] - told[0]}) == 1
    assert len(told[1] - told[0]) == 4
