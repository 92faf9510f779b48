"""Silence alarms over HTTP: listed, acknowledged once, and counted for Prometheus."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from zhenzan.access.audit import AuditLog
from zhenzan.alarm.told import TEXTS, Alarm
from zhenzan.api.parts import Parts
from zhenzan.cli import main

if TYPE_CHECKING:
    from starlette.testclient import TestClient

LOST = Alarm("column_missing:ip:7", "column_missing", "ip", 1_700_000_000_000_007, 0.93, 0.0)


def test_nothing_is_listed_where_nothing_is_on(client: TestClient):
    assert client.get("/v1/alarms").json() == {"alarms": []}


def test_an_alarm_is_listed_acknowledged_once_and_measured(client: TestClient, parts: Parts):
    parts.alarms = lambda: (LOST,)
    (shown,) = client.get("/v1/alarms").json()["alarms"]
    assert shown["since"] == "2023-11-14T22:13:20.000007Z"
    assert shown["text"] == "column ip goes missing: at least 93.00% of rows had it, now 0.00%"
    assert shown["acknowledged"] is None
    path = f"/v1/alarms/{LOST.alarm_id}/acknowledge"
    first = client.post(path, json={"note": "the app was released without it"}).json()
    assert first["acknowledged"]["note"] == "the app was released without it"
    assert client.post(path, json={"note": "another"}).json() == first
    (entry,) = (e for e in AuditLog(parts.ledger.store).entries() if e.object == LOST.alarm_id)
    assert (entry.action, entry.actor) == ("acknowledge alarm", first["acknowledged"]["actor"])
    assert "released without it" in entry.detail
    assert client.get("/v1/alarms").json()["alarms"] == [first]
    metric = 'zhenzan_silence_alarm{name="ip",what="column_missing"} 1.0'
    assert metric in client.get("/metrics").text
    parts.alarms = lambda: ()
    assert metric not in client.get("/metrics").text


def test_an_alarm_that_is_not_on_cannot_be_acknowledged(client: TestClient):
    answer = client.post("/v1/alarms/kind_gone:like:1/acknowledge", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_every_alarm_speaks_both_languages():
    for what in TEXTS:
        alarm = Alarm("x", what, "NAME", 1, 0.5, 0.01)
        assert "NAME" in alarm.text and "50.00%" in alarm.text
        assert "NAME" in alarm.text_zh and "1.00%" in alarm.text_zh


def test_answers_are_measured_by_state_family_and_detector(client: TestClient):
    rows = [
        {"event_id": f"e{number}", "ts": "2026-01-01T00:00:00Z", "kind": "like",
         "account_id": account, "item_id": "i"}
        for number, account in enumerate(["bot1", "new1", "a1", "a2"])
    ]  # fmt: skip
    assert client.post("/v1/interactions", json=rows).status_code == 200
    text = client.get("/metrics").text
    assert 'zhenzan_likes_total{count_state="counted"} 2.0' in text
    assert 'zhenzan_likes_by_family_total{count_state="excluded",family="behaviour"} 1.0' in text
    assert 'zhenzan_reasons_total{code="BEH001"} 4.0' in text
    assert "zhenzan_batch_rows_sum 4.0" in text
    assert "zhenzan_late_seconds_count 4.0" in text


def test_alarms_are_listed_and_acknowledged_from_a_terminal(
    parts_and_key, address, monkeypatch, capsys
):
    parts, key = parts_and_key
    parts.alarms = lambda: (replace(LOST, alarm_id="channel_gone:a/b c:7"), LOST)
    monkeypatch.setenv("ZHENZAN_KEY", key)

    def run(*words: str) -> tuple[int, str]:
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as left:
                main(["alarms", *words, "--url", address])
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out + out.err

    code, out = run("list")
    assert code == 1
    assert out.count("not seen yet 尚未确认") == 2
    assert LOST.text in out and LOST.text_zh in out
    code, out = run("acknowledge", LOST.alarm_id, "--note", "已知")
    assert code == 0 and "seen 已确认: key first (" in out and "已知" in out
    assert run("list")[0] == 1
    assert run("acknowledge", "channel_gone:a/b c:7")[0] == 0
    code, out = run("list", "--json")
    assert (code, [a["acknowledged"]["note"] for a in json.loads(out)]) == (0, ["", "已知"])
    parts.alarms = lambda: ()
    assert run("list") == (0, "No alarm is on. 没有告警。\n")
    code, out = run("acknowledge", LOST.alarm_id)
    assert code == 2 and "answered 404: no alarm is named" in out
