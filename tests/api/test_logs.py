"""Lines of the log: one JSON object each, with the request at hand and what was measured."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from zhenzan.api.logs import JsonLines
from zhenzan.telemetry.request import REQUEST_ID

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def written(**more: object) -> dict[str, object]:
    record = logging.LogRecord("zhenzan.live", logging.WARNING, "x", 1, "it\nfell", (), None)
    record.__dict__.update(more)
    text = JsonLines().format(record)
    assert "\n" not in text
    line: dict[str, object] = json.loads(text)
    return line


def test_a_line_names_the_request_and_what_was_measured():
    token = REQUEST_ID.set("edge-7f")
    line = written(fields={"what": "column_missing", "share": 0.25})
    REQUEST_ID.reset(token)
    assert line["request"] == "edge-7f"
    assert (line["what"], line["share"]) == ("column_missing", 0.25)
    assert (line["level"], line["part"], line["message"]) == ("warning", "zhenzan.live", "it\nfell")


def test_a_line_outside_of_a_request_names_none():
    assert "request" not in written()


def test_an_answer_and_its_problem_carry_the_id_of_the_request(client: TestClient):
    answer = client.get("/v1/likes/none", headers={"X-Request-Id": "edge-7f"})
    assert answer.headers["x-request-id"] == "edge-7f"
    assert answer.json()["instance"] == "urn:zhenzan:request:edge-7f"
    forged = client.get("/healthz", headers={"X-Request-Id": 'a" b'})
    assert forged.headers["x-request-id"] not in ('a" b', "")
