"""Readiness names each part, and metrics are told whatever is away."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from zhenzan.api import readiness, shapes
from zhenzan.api.parts import Parts
from zhenzan.live.disk import Disk
from zhenzan.live.journal import Journal
from zhenzan.testing.rows import client_rows

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ALL_WELL = {"service": "ready", "database": "ready", "disk": "unused", "broker": "unused"}


def refused(client: TestClient) -> tuple[dict[str, str], list[str]]:
    """The states of a service that is not ready, and the parts that say why."""
    answer = client.get("/readyz")
    assert answer.status_code == 503, answer.text
    shapes.Problem.model_validate(answer.json())
    told = answer.json()
    assert all(error["detail"] and error["detail_zh"] for error in told["errors"])
    return told["parts"], [error["field"] for error in told["errors"]]


def test_a_ready_service_names_its_parts(client: TestClient):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200, {"status": "ready", "parts": ALL_WELL, "errors": []},
    )  # fmt: skip
    shapes.Readiness.model_validate(answer.json())


def test_a_service_that_closes_or_stops_is_not_ready(client: TestClient, parts: Parts):
    parts.stopping = lambda: True
    assert refused(client) == ({**ALL_WELL, "service": "away"}, ["service"])
    parts.stopping = lambda: False
    parts.service.close()
    assert refused(client)[1] == ["service"]


def test_a_database_that_is_away_is_named_and_metrics_are_told(client, parts, database_away):
    before = client.get("/metrics")
    assert "zhenzan_database_up 1.0" in before.text and "zhenzan_last_revision" in before.text
    with database_away():
        assert refused(client) == ({**ALL_WELL, "database": "away"}, ["database"])
        metrics = client.get("/metrics")
        assert metrics.status_code == 200
        assert "zhenzan_database_up 0.0" in metrics.text
        assert "zhenzan_live_position" in before.text  # what lies in memory is told all the same
        assert "zhenzan_live_position" in metrics.text
        assert "zhenzan_last_revision" not in metrics.text
        assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert "zhenzan_last_revision 0.0" in client.get("/metrics").text


def test_a_database_that_does_not_answer_in_time_counts_as_away(client, parts, monkeypatch):
    from threading import Event

    monkeypatch.setattr(readiness, "ANSWER_S", 0.05)
    answered = Event()
    real = parts.ledger.last_revision
    monkeypatch.setattr(
        type(parts.ledger), "last_revision", lambda _: (answered.wait(20), real())[1]
    )
    assert refused(client)[1] == ["database"]
    assert "zhenzan_database_up 0.0" in client.get("/metrics").text
    answered.set()


@pytest.mark.parametrize(
    ("health", "word"),
    [
        ({"disk_free_bytes": 10**9, "disk_error": None}, "ready"),
        ({"disk_free_bytes": 999, "disk_error": None}, "away"),
        ({"disk_free_bytes": None, "disk_error": None}, "away"),
        ({"disk_free_bytes": 10**9, "disk_error": "a sync failed"}, "away"),
    ],
)
def test_a_disk_that_is_full_or_broken_is_named(client, parts, monkeypatch, health, word):
    parts.settings = replace(parts.settings, disk_free_bytes_min=1_000)
    monkeypatch.setattr(parts.service, "health", lambda: {"ready": True, **health})
    if word == "away":
        assert refused(client) == ({**ALL_WELL, "disk": "away"}, ["disk"])
    else:
        assert client.get("/readyz").json()["parts"] == {**ALL_WELL, "disk": "ready"}


@pytest.mark.parametrize("needed", [0, 1])
@pytest.mark.parametrize(("connected", "running"), [(1, 1), (1, 0), (0, 1)])
def test_a_broker_that_is_away_is_named_and_stops_only_who_has_no_other_way_in(
    client, parts, connected, running, needed
):
    parts.settings = replace(parts.settings, broker_needed=needed)
    parts.beside["broker"] = lambda: {"connected": connected, "running": running}
    away = {**ALL_WELL, "broker": "away"}
    if connected and running:
        assert client.get("/readyz").json()["parts"] == {**ALL_WELL, "broker": "ready"}
    elif needed:
        assert refused(client) == (away, ["broker"])
    else:
        answer = client.get("/readyz")
        told = answer.json()
        shapes.Readiness.model_validate(told)
        assert (answer.status_code, told["status"], told["parts"]) == (200, "degraded", away)
        (error,) = told["errors"]
        assert error["field"] == "broker"
        assert error["detail"] and error["detail_zh"]
        # What the word promises: interactions are taken.
        sent = client.post("/v1/interactions", json=client_rows(1, seed=3)[0])
        assert sent.status_code == 200, sent.text


def test_everything_that_is_away_is_named_at_once(client, parts, database_away):
    parts.beside["broker"] = lambda: {"connected": 0, "running": 1}
    parts.service.close()
    with database_away():
        assert refused(client)[1] == ["service", "database", "broker"]


def test_the_journal_says_what_its_disk_has_left(tmp_path):
    class Gone(Disk):
        def free_bytes(self, path):
            raise OSError(5, "it is gone")

    free = Journal(tmp_path / "a").free_bytes
    assert free is not None
    assert 0 < free <= os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    assert Journal(tmp_path / "b", disk=Gone()).free_bytes is None
