"""After the detection window nothing raw remains; what is alike stays alike for a while."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.access.audit import AuditLog
from zhenzan.access.identifiers import KEPT_PERIODS, MARK, PERIOD_US, Hider, raw_left
from zhenzan.access.retention.classes import CLASSES, DETECTION_DAYS
from zhenzan.access.retention.history import HIDDEN_COLUMNS, strip_history
from zhenzan.clock import DAY_US

ROWS = 400
NOW_US = 1_700_000_000_000_000


def history(folder: Path, *, days: int, name: str = "part.parquet") -> pa.Table:
    random = np.random.default_rng(7)
    ts = NOW_US - random.integers(0, days * DAY_US, ROWS)
    number = random.integers(0, 50, ROWS)
    table = pa.table(
        {
            "event_id": [f"e{i}" for i in range(ROWS)],
            "ts": pa.array(ts, pa.timestamp("us", tz="UTC")),
            "account_id": [f"a{i}" for i in number],
            "ip": [f"203.0.113.{i}" if i % 7 else None for i in number],
            "device_id": pa.array([f"device-{i}-raw" for i in number]).dictionary_encode(),
            "session_id": [f"session-{i}-raw" for i in number],
            "text": ["kept"] * ROWS,
        }
    )
    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / name, row_group_size=100)
    return table


@pytest.fixture
def hider(store, hands) -> Hider:
    return Hider(store, clock=hands)


def test_after_the_window_nothing_raw_remains_in_the_files(hider, tmp_path):
    folder = tmp_path / "history"
    before = history(folder, days=60)
    done = strip_history(folder, hider, NOW_US)
    after = pq.read_table(folder / "part.parquet")
    old = np.array(before["ts"].cast(pa.int64())) < NOW_US - DETECTION_DAYS * DAY_US
    assert 0 < old.sum() < ROWS
    for name in HIDDEN_COLUMNS:
        assert raw_left(after[name].filter(pa.array(old))) == 0
        young = [
            table[name].cast(pa.string()).filter(pa.array(~old)).to_pylist()
            for table in (before, after)
        ]
        assert young[0] == young[1]
        assert before.schema.field(name).type == after.schema.field(name).type
    assert after["text"].equals(before["text"])
    assert done.identifiers_hidden > 0
    # Once everything is old, not one raw byte of it is on disk.
    strip_history(folder, hider, NOW_US + 40 * DAY_US)
    told = (folder / "part.parquet").read_bytes()
    whole = pq.read_table(folder / "part.parquet")
    assert b"203.0.113." not in told
    assert b"-raw" not in told
    assert "203.0.113." not in str(whole.to_pydict())
    assert "-raw" not in str(whole.to_pydict())
    assert {path.name for path in folder.iterdir()} == {"part.parquet"}


def test_a_second_run_changes_nothing(hider, tmp_path):
    history(tmp_path / "history", days=60)
    strip_history(tmp_path / "history", hider, NOW_US)
    content = (tmp_path / "history" / "part.parquet").read_bytes()
    again = strip_history(tmp_path / "history", hider, NOW_US)
    assert (again.files_changed, again.identifiers_hidden) == (0, 0)
    assert (tmp_path / "history" / "part.parquet").read_bytes() == content


def test_the_same_identifier_has_the_same_hash_within_a_period_and_not_beyond(hider):
    values = pa.array(["203.0.113.9", "203.0.113.8", None, "203.0.113.9"])
    one = hider.hide(values, NOW_US).to_pylist()
    assert one[0] == one[3] != one[1]
    assert one[2] is None
    assert one[0].startswith(MARK)
    assert hider.hide(values, NOW_US - PERIOD_US).to_pylist()[0] != one[0]
    assert hider.hide(pa.array(one), NOW_US).to_pylist() == one


def test_two_services_hide_alike_over_one_store_and_not_over_two(store, hands, hider, tmp_path):
    from zhenzan.store.engine import open_store

    values = pa.array(["device-1"])
    assert Hider(store, clock=hands).hide(values, NOW_US).equals(hider.hide(values, NOW_US))
    other = open_store(tmp_path / "other.db")
    assert not Hider(other, clock=hands).hide(values, NOW_US).equals(hider.hide(values, NOW_US))
    other.close()


def test_a_destroyed_secret_is_gone_and_its_period_stays_blank(store, hands, hider):
    values = pa.array(["device-1"])
    before = hider.hide(values, NOW_US).to_pylist()
    assert hider.rotate() == 0
    hands.now += (KEPT_PERIODS + 2) * PERIOD_US / 1e6
    assert hider.rotate() == 1
    assert hider.hide(values, NOW_US).to_pylist() == [None]
    assert Hider(store, clock=hands).hide(values, NOW_US).to_pylist() == [None]
    later = int(hands.now * 1e6)
    assert hider.hide(values, later).to_pylist() not in ([None], before)


def test_rows_past_their_class_are_deleted_and_rows_on_hold_stay(hider, tmp_path):
    folder = tmp_path / "history"
    before = history(folder, days=60)
    history(folder, days=60, name="all_old.parquet")
    end = NOW_US + CLASSES["live_3y"].days * DAY_US - 30 * DAY_US
    done = strip_history(folder, hider, end, held_accounts=frozenset(["a3"]))
    after = pq.read_table(folder / "part.parquet")
    on_hold = [a == "a3" for a in after["account_id"].to_pylist()]
    assert any(on_hold)
    assert done.rows_deleted > 0
    assert len(after) < len(before)
    for name in HIDDEN_COLUMNS:
        assert raw_left(after[name].filter(pa.array(on_hold))) > 0 or name == "ip"
        assert raw_left(after[name].filter(pa.array([not held for held in on_hold]))) == 0
    gone = strip_history(folder, hider, end + 60 * DAY_US)
    assert gone.files_emptied == 2
    assert [pq.read_table(path).num_rows for path in folder.iterdir()] == [0, 0]


def test_a_run_is_in_the_audit_log(store, hands, hider, tmp_path):
    history(tmp_path / "history", days=60)
    log = AuditLog(store, clock=hands)
    strip_history(tmp_path / "history", hider, NOW_US, log=log)
    (entry,) = log.entries()
    assert entry.action == "strip history"
    assert '"identifiers_hidden"' in entry.detail


def test_every_class_names_its_ground_and_none_is_shorter_than_the_law_asks():
    least = {"network_log_6m": 182, "promo_2y": 730, "transaction_3y": 1095, "live_3y": 1095,
             "ucl_action_3y": 1095}  # fmt: skip
    for name, days in least.items():
        assert CLASSES[name].days >= days
        assert CLASSES[name].ground
