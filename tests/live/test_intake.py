"""Rows over HTTP are checked by the rules of a file, and no id is taken in twice."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenzan.events.ingest import Ingest
from zhenzan.events.schema import INTERACTION
from zhenzan.live.intake import Intake
from zhenzan.settings import Settings
from zhenzan.testing.rows import START_US, client_rows

NOW_S = START_US / 1e6 + 86_400

BROKEN: list[dict[str, object]] = [
    {"event_id": "a", "kind": "like", "account_id": "x"},
    {"ts": START_US, "kind": "like", "account_id": "x"},
    {"event_id": "b", "ts": "the day before", "kind": "like", "account_id": "x"},
    {"event_id": "c", "ts": START_US, "kind": "clap", "account_id": "x"},
    {"event_id": "d", "ts": START_US, "kind": "view", "account_id": "x", "completion": 1.5},
    {"event_id": "e", "ts": START_US, "kind": "view", "account_id": "x", "dwell_ms": -4},
    {"event_id": "f", "ts": START_US, "kind": "view", "account_id": "x", "dwell_ms": "long"},
    {"event_id": "g", "ts": START_US, "kind": "like", "account_id": {"id": 4}},
    {"event_id": "h" * 5_000, "ts": START_US, "kind": "like", "account_id": "x"},
    {"event_id": "i", "ts": 1e300, "kind": "like", "account_id": "x"},
    {"event_id": "j", "ts": START_US, "kind": "like", "account_id": "x", "amount_cents": 10**30},
    {"event_id": "k", "ts": True, "kind": "like", "account_id": "x"},
]

SOUND: list[dict[str, object]] = [
    {"event_id": 7, "ts": "2023-11-15T01:00:00Z", "kind": " LIKE ", "account_id": "x"},
    {"event_id": "l", "ts": START_US / 1e6, "kind": "like", "account_id": 12, "text": "\ud83d"},
    {"event_id": "m", "ts": START_US, "kind": "view", "account_id": "x", "dwell_ms": "40"},
    {"event_id": "n", "ts": START_US, "kind": "view", "account_id": "x", "completion": None},
]


@pytest.fixture
def intake(tmp_path) -> Intake:
    return Intake(tmp_path / "ids", Settings(), clock=lambda: NOW_S)


def test_rows_are_refused_for_the_reasons_of_a_file(intake, tmp_path):
    rows = [*BROKEN, *SOUND]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rejects = tmp_path / "rejects.parquet"
    kept = sum(len(batch) for batch in Ingest(log, Settings(), rejects_path=rejects))
    table = pq.read_table(rejects)
    from_file = {
        row - 1: (reason, detail)
        for row, reason, detail in zip(
            *(table.column(name).to_pylist() for name in ("row", "reason", "detail")), strict=True
        )
    }
    checked = intake.check(rows)
    assert {k: (p.reason, p.detail) for k, p in checked.refused.items()} == from_file
    assert checked.accepted.num_rows == kept == len(SOUND)
    assert all(problem.detail_zh for problem in checked.refused.values())


def test_the_first_row_with_an_id_is_taken_in_and_the_others_repeat_or_conflict(intake):
    row = client_rows(1, seed=1)[0]
    other = {**row, "account_id": "somebody else"}
    first = intake.check([row, row, other])
    assert (first.places.tolist(), first.repeated, list(first.refused)) == ([0], [1], [2])
    assert first.refused[2].reason == "duplicate_conflict"
    second = intake.check([other, row])
    assert (second.accepted.num_rows, second.repeated, list(second.refused)) == (0, [1], [0])


def test_an_id_that_was_withdrawn_may_come_again_with_any_body(intake):
    row = client_rows(1, seed=1)[0]
    intake.duplicates.withdraw(intake.check([row]).ids)
    again = {**row, "account_id": "somebody else"}
    assert intake.check([again]).accepted.num_rows == 1
    assert intake.check([again]).repeated == [0]
    assert list(intake.check([row]).refused) == [0]


def test_rows_that_come_together_are_taken_in_as_they_happened(intake):
    rows = list(reversed(client_rows(50, seed=2)))
    checked = intake.check(rows)
    ts = checked.accepted.column("ts").to_pylist()
    assert ts == sorted(ts)
    assert [rows[place]["event_id"] for place in checked.places] == checked.accepted.column(
        "event_id"
    ).to_pylist()


def test_a_row_from_the_future_is_refused_and_one_a_little_ahead_is_not(intake):
    row = client_rows(1, seed=1)[0]
    ahead = {**row, "event_id": "ahead", "ts": NOW_S + 3_600}
    near = {**row, "event_id": "near", "ts": NOW_S + 200}
    checked = intake.check([ahead, near])
    assert checked.refused[0].reason == "in_the_future"
    assert checked.places.tolist() == [1]


def test_a_clock_that_is_set_back_refuses_nothing_that_goes_on(tmp_path):
    now_s = [NOW_S]
    intake = Intake(tmp_path / "ids", Settings(), clock=lambda: now_s[0])
    row = client_rows(1, seed=1)[0]
    assert intake.check([{**row, "ts": NOW_S}]).accepted.num_rows == 1
    now_s[0] -= 7 * 86_400
    assert intake.check([{**row, "event_id": "next", "ts": NOW_S + 1}]).accepted.num_rows == 1


def test_ids_are_remembered_however_many_are_put_away(tmp_path):
    settings = replace(Settings(), duplicate_ids_max=1_000)
    intake = Intake(tmp_path / "ids", settings, clock=lambda: NOW_S)
    rows = client_rows(12_000, seed=3, days=0.5)
    for start in range(0, len(rows), 500):
        assert intake.check(rows[start : start + 500]).accepted.num_rows == 500
    state, files = intake.duplicates.arrays(), intake.duplicates.put_away
    assert files
    other = Intake(tmp_path / "ids", settings, clock=lambda: NOW_S)
    other.duplicates.put_back({name: array.copy() for name, array in state.items()}, files)
    for memory in (intake, other):
        assert len(memory.check(rows).repeated) == len(rows)
    intake.duplicates.sweep(set())
    assert len(intake.check(rows).repeated) == len(rows)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["like", "view", "2023-11-15T01:00:00Z", START_US, START_US / 1e6]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)
ROW = st.dictionaries(st.sampled_from([*INTERACTION.names, "unknown"]), VALUES, max_size=8)


@given(st.lists(ROW, max_size=6))
def test_whatever_is_sent_each_row_is_accepted_repeated_or_refused(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("ids")
    checked = Intake(folder, Settings(), clock=lambda: NOW_S).check(rows)
    told = [*checked.places.tolist(), *checked.repeated, *checked.refused]
    assert sorted(told) == list(range(len(rows)))
    assert len(checked.ids) == checked.accepted.num_rows
