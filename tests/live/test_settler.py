"""Closed segments become history, and history settles what the answer at once could not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.counts.interface import LikeState, Revision
from zhenzan.errors import JournalError
from zhenzan.events.ingest import Ingest
from zhenzan.events.schema import INTERACTION
from zhenzan.live import open_service
from zhenzan.live.history import as_contract, write_history
from zhenzan.live.journal import segment_path, segments
from zhenzan.live.settler import MARK, revise_from, settle
from zhenzan.scoring.reasons import REASON
from zhenzan.settings import Settings
from zhenzan.testing.rows import START_US, canonical, client_rows

SETTINGS = replace(Settings(), ahead_s=10**8)


def test_history_says_what_the_journal_says(tmp_path):
    rows = canonical(client_rows(500, seed=9))
    path = tmp_path / "history.parquet"
    pq.write_table(as_contract(rows), path)
    assert pq.read_schema(path).equals(INTERACTION)
    ingest = Ingest(path, SETTINGS)
    batches = list(ingest)
    assert ingest.counts.rejected_rows == 0
    read = {
        name: np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("ts", "kind", "dwell_ms", "completion_permille", "amount_cents")
    }
    ids = pa.concat_arrays([batch.event_id for batch in batches])
    place = {name: at for at, name in enumerate(rows.column("event_id").to_pylist())}
    order = [place[name] for name in ids.to_pylist()]
    for name, values in read.items():
        assert values.tolist() == rows.column(name).to_numpy()[order].tolist()


def test_each_closed_segment_becomes_one_file_once(tmp_path, ledger):
    folder = tmp_path / "live"
    service = open_service(folder, SETTINGS, ledger)
    for part in range(3):
        service.submit(client_rows(20, seed=part)).result(30)
        service.close_segment()
    service.submit(client_rows(20, seed=7)).result(30)
    written = write_history(folder / "journal", folder / "history")
    assert [pq.read_metadata(path).num_rows for path in written] == [20, 20, 20]
    assert write_history(folder / "journal", folder / "history") == []
    service.close()


def test_damaged_segments_do_not_become_history(tmp_path, ledger):
    folder = tmp_path / "live"
    service = open_service(folder, SETTINGS, ledger)
    service.submit(client_rows(20, seed=1)).result(30)
    service.close_segment()
    service.close()
    path = segment_path(folder / "journal", segments(folder / "journal")[0])
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(JournalError):
        write_history(folder / "journal", folder / "history")
    assert not list((folder / "history").glob("*.parquet"))


def test_segments_turn_with_the_time_of_interactions(tmp_path, ledger):
    service = open_service(tmp_path / "live", replace(SETTINGS, segment_s=3_600), ledger)
    rows = client_rows(200, seed=3, days=0.5)
    for start in range(0, 200, 20):
        service.submit(rows[start : start + 20]).result(30)
    service.close()
    assert len(segments(tmp_path / "live" / "journal")) > 5


def _outputs(folder, rows: list[dict[str, object]]) -> None:
    """Write likes as scoring does, of which the settler reads these columns."""
    folder.mkdir(exist_ok=True)
    us = pa.timestamp("us", "UTC")
    kinds = {
        "ts": us, "as_of": us, "score": pa.float32(), "group_id": pa.string(),
        "reasons": pa.list_(REASON),
    }  # fmt: skip
    table = {
        name: pa.array([row[name] for row in rows], kinds.get(name))
        for name in ("event_id", "ts", "score", "count_state", "reasons", "group_id", "as_of")
    }
    # A large run has several row groups.
    pq.write_table(pa.table(table), folder / "likes.parquet", row_group_size=2)


def _row(name: str, state: str, *, ts: int = START_US, group: str | None = None):
    return {
        "event_id": name, "ts": ts, "score": 0.5, "count_state": state,
        "reasons": [{"code": "BEH001"}], "group_id": group, "as_of": ts + 86_400_000_000,
    }  # fmt: skip


def test_only_changes_of_likes_with_a_closed_window_are_written(tmp_path, ledger):
    like = LikeState("", 0, START_US, "ann", "item", "shop", False, "held", 0.4, START_US)
    states = {"a": "held", "b": "counted", "c": "counted", "d": "held", "e": "excluded"}
    ledger.apply(
        0,
        4,
        [
            replace(like, event_id=name, position=at, state=state)
            for at, (name, state) in enumerate(states.items())
        ],
    )
    ledger.revise([Revision("e", "counted", 0.2, START_US, "review")])
    rows = [
        _row("a", "counted"), _row("b", "counted"), _row("c", "excluded", group="g"),
        _row("d", "counted", ts=START_US + 10), _row("e", "excluded"), _row("x", "held"),
    ]  # fmt: skip
    _outputs(tmp_path / "settled", rows)
    report = revise_from(tmp_path / "settled", START_US, ledger)
    assert report.moves == {"held to counted": 1, "counted to excluded": 1}
    assert ledger.progress(MARK) == START_US
    now = {name: ledger.like(name)[0] for name in states}
    assert [now[name].state for name in "abcde"] == [
        "counted", "counted", "excluded", "held", "counted",
    ]  # fmt: skip
    assert (now["a"].cause, now["c"].cause, now["c"].group_id) == ("settled", "group", "g")
    before = ledger.last_revision()
    again = revise_from(tmp_path / "settled", START_US, ledger)
    assert (again.moves, ledger.last_revision()) == ({}, before)


def test_a_run_settles_what_has_closed_and_a_second_changes_nothing(tmp_path, ledger):
    folder = tmp_path / "live"
    service = open_service(folder, SETTINGS, ledger)
    rows = client_rows(1_500, seed=3, days=3.0)
    for start in range(0, len(rows), 500):
        service.submit(rows[start : start + 500]).result(60)
    service.close_segment()
    service.close()
    report = settle(folder, SETTINGS, ledger)
    newest = max(int(str(row["ts"])) for row in rows)
    assert report.until_us == newest - 86_400_000_000
    due = [r for r in rows if r["kind"] == "like" and int(str(r["ts"])) <= report.until_us]
    assert report.likes == len(due)
    before = ledger.last_revision()
    assert settle(folder, SETTINGS, ledger).moves == {}
    assert ledger.last_revision() == before
