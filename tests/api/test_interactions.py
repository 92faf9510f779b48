"""Interactions in, answers out, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from zhenzan.api.measured import MeasuredService
from zhenzan.api.parts import Parts
from zhenzan.testing.instant import InstantService

if TYPE_CHECKING:
    from starlette.testclient import TestClient

LIKE = {
    "event_id": "e1",
    "ts": "2026-05-01T10:00:00Z",
    "kind": "like",
    "account_id": "ann",
    "item_id": "mug",
    "merchant_id": "shop",
}
URL = "/v1/interactions"


def _rows(count: int) -> list[dict[str, str]]:
    return [{**LIKE, "event_id": f"e{n}"} for n in range(count)]


def test_one_interaction_is_answered_by_one_answer(client: TestClient):
    answer = client.post(URL, json={**LIKE, "account_id": "bot1"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["count_state"], body["score"]) == ("accepted", "excluded", 0.9)
    assert body["reasons"][0]["text"].startswith("the account liked 30 items")
    assert body["problem"] is None


def test_the_same_interaction_again_gets_the_same_answer_and_counts_once(client: TestClient):
    first = client.post(URL, json=LIKE).json()
    again = client.post(URL, json=LIKE).json()
    assert (first.pop("status"), again.pop("status")) == ("accepted", "repeated")
    assert first == again
    assert client.get("/v1/items/mug").json()["likes"]["claimed"] == 1


def test_another_body_under_the_same_id_is_refused(client: TestClient):
    client.post(URL, json=LIKE)
    answer = client.post(URL, json={**LIKE, "account_id": "bob"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "conflict"


def test_a_batch_is_answered_row_by_row(client: TestClient):
    rows = [*_rows(2), {"kind": "like"}, {**LIKE, "event_id": "e1", "item_id": "cup"}]
    answer = client.post(URL, json=rows)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["repeated"], body["refused"]) == (2, 0, 2)
    problems = [row["problem"] and row["problem"]["code"] for row in body["answers"]]
    assert problems == [None, None, "invalid", "conflict"]


def test_lines_are_a_batch_too(client: TestClient):
    text = "\n".join(json.dumps(row) for row in _rows(3)) + "\n\n"
    answer = client.post(URL, content=text, headers={"Content-Type": "application/x-ndjson"})
    assert answer.json()["accepted"] == 3


def test_an_empty_batch_is_answered_by_nothing(client: TestClient):
    assert client.post(URL, json=[]).json()["answers"] == []


def test_an_unlike_takes_a_like_back(client: TestClient):
    client.post(URL, json=LIKE)
    client.post(URL, json={**LIKE, "event_id": "u1", "kind": "unlike"})
    likes = client.get("/v1/items/mug").json()["likes"]
    assert likes == {"claimed": 1, "counted": 0, "held": 0, "excluded": 0, "withdrawn": 1}


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_request"),
        (b"\xff", "application/json", 400, "bad_request"),
        (b"", "application/json", 400, "bad_request"),
        (b"NaN", "application/json", 400, "bad_request"),
        (b"[" * 5000, "application/json", 400, "bad_request"),
        (b'{"event_id": "\\ud800"}', "application/json", 400, "bad_request"),
        (b'{"a": 1}\n{', "application/x-ndjson", 400, "bad_request"),
        (b"3", "application/json", 422, "invalid"),
        (b"[1]", "application/json", 422, "invalid"),
        (b'{"kind": "like"}', "application/json", 422, "invalid"),
        (b"a,b", "text/csv", 415, "unsupported_media"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(
    client: TestClient, body: bytes, kind: str, status: int, code: str
):
    answer = client.post(URL, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["status"] == status
    assert answer.json()["detail_zh"]


def test_a_line_that_is_no_json_is_named(client: TestClient):
    answer = client.post(
        URL, content=b'{"a": 1}\n{', headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.json()["detail"].startswith("line 2: ")


def test_too_many_rows_or_bytes_are_refused_and_the_limit_named(client: TestClient):
    rows = client.post(URL, json=_rows(51))
    assert rows.status_code == 413
    assert rows.json()["limit"] == {"name": "request_rows_max", "value": 50}
    size = client.post(URL, json={**LIKE, "text": "x" * 30_000})
    assert size.json()["limit"] == {"name": "request_bytes_max", "value": 20_000}

    def chunks():
        for _ in range(30):
            yield b"x" * 1_000

    without_length = client.post(URL, content=chunks())
    assert without_length.status_code == 413


def test_a_compressed_body_is_refused(client: TestClient):
    answer = client.post(URL, content=b"{}", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_an_overloaded_service_says_when_to_come_back(client: TestClient, parts: Parts):
    assert isinstance(parts.service, MeasuredService)
    assert isinstance(parts.service.service, InstantService)
    parts.service.service.retry_after_s = 1.2
    answer = client.post(URL, json=LIKE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json()["code"] == "overloaded"


def test_a_closing_service_takes_nothing_in(client: TestClient, parts: Parts):
    parts.service.close()
    answer = client.post(URL, json=LIKE)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_a_mistake_of_ours_shows_nothing_of_the_inside(client: TestClient, parts: Parts):
    parts.service.submit = None  # type: ignore[assignment,method-assign]
    answer = client.post(URL, json=LIKE)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "NoneType" not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer zz_wrong", "Basic zz_wrong", "é"])
def test_without_the_key_nothing_is_told(client: TestClient, header: str):
    headers = {"Authorization": header.encode("latin-1")}
    for method, path in (("POST", URL), ("GET", "/v1/items/mug"), ("GET", "/metrics")):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] == "unauthenticated"
