"""NUL characters and halves of surrogates, in every text of every route, on both databases.

PostgreSQL holds no NUL and UTF-8 no half of a surrogate: what a caller gets is a problem of the
caller's, never one of ours, and nothing that it sent stops what others send.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from zhenzan.access.audit import looks_at
from zhenzan.api.app import create_app
from zhenzan.api.gate import AccessGate
from zhenzan.api.parts import Parts
from zhenzan.events.schema import INTERACTION
from zhenzan.live.opening import open_service

if TYPE_CHECKING:
    from starlette.testclient import TestClient

TEXTS = ["\0", "a\0b", "\ud800", "a\udfffb", "\ud83d", "\ufffe\uffff"]
PIECES = ["%00", "a%00b", "%ED%A0%80", "%FF", "%F0%9F", "a%00%3Fb"]
"""The same in addresses, with bytes that are no UTF-8."""

LIKE = {
    "event_id": "e1", "ts": "2026-05-01T10:00:00Z", "kind": "like", "account_id": "ann",
    "item_id": "mug", "merchant_id": "shop",
}  # fmt: skip

BODIES: dict[str, Any] = {
    "post /v1/interactions": LIKE,
    "post /v1/alarms/{alarm_id}/acknowledge": {"note": "seen"},
    "post /v1/webhooks": {"url": "https://hook.example/x", "changes_only": True},
    "patch /v1/webhooks/{webhook_id}": {"active": True},
    "post /v1/access/first": {
        "token": "t",
        "user": {"name": "ana", "password": "long enough it is"},
    },
    "post /v1/access/session": {"name": "ana", "password": "long enough it is"},
    "post /v1/access/keys": {"name": "x", "roles": ["merchant"], "merchant_id": "m"},
}
"""A good body for each route that takes one."""


def spoilt(body: Any) -> Iterator[Any]:
    """The body with one text, or one name of a member, replaced; each text has its turn."""
    if isinstance(body, str):
        yield from TEXTS
    elif isinstance(body, list):
        for place, value in enumerate(body):
            for bad in spoilt(value):
                yield [*body[:place], bad, *body[place + 1 :]]
    elif isinstance(body, dict):
        for name, value in body.items():
            for bad in spoilt(value):
                yield {**body, name: bad}
        for text in TEXTS:
            yield {**body, text: "x"}


@pytest.fixture
def live(parts: Parts, tmp_path: Path) -> Generator[Parts]:
    """The parts over a real live service."""
    settings = replace(parts.settings, ahead_s=10**8)
    service = open_service(tmp_path / "live", settings, parts.ledger)
    parts.service, parts.settings = service, settings
    parts.alarms = service.alarms
    parts.stopping = lambda: True  # live views end at once
    yield parts
    service.close()


def described(parts: Parts) -> dict[str, Any]:
    paths = create_app(parts).openapi()["paths"]
    routes = {f"{m} {p}": what for p, methods in paths.items() for m, what in methods.items()}
    routes.pop("get /readyz")  # it says 503 here, since the server is told to stop
    return routes


def asked(client: TestClient, route: str, path: str, **more: Any) -> None:
    """Ask; whatever comes is no mistake of ours, and a problem has the one shape."""
    answer = client.request(route.split(" ")[0].upper(), path, **more)
    assert answer.status_code < 500, (route, path, more, answer.text)
    if answer.status_code >= 400:
        assert {"code", "detail", "detail_zh"} <= set(answer.json()), (route, answer.text)


def filled(path: str, value: str) -> str:
    return re.sub(r"\{\w+\}", value, path)


def test_every_route_with_a_body_has_its_turn(parts):
    routes = described(parts)
    assert {route for route, what in routes.items() if "requestBody" in what} == set(BODIES)


def test_no_address_is_a_mistake_of_ours(client, live):
    for route, what in described(live).items():
        path = route.split(" ")[1]
        for name in re.findall(r"\{(\w+)\}", path):
            for piece in PIECES:
                one = path.replace(f"{{{name}}}", piece)
                asked(client, route, filled(one, "x"), json=BODIES.get(route))
        for given in what.get("parameters", ()):
            if given["in"] == "query":
                for piece in PIECES:
                    asked(client, route, filled(path, "x") + f"?{given['name']}={piece}")
    assert isinstance(live.gate, AccessGate)
    live.gate.access.tick()  # what the access log could not hold would stop it for ever
    assert looks_at(live.ledger.store, "a\ufffdb")
    assert looks_at(live.ledger.store, "a\ufffd?b")


@pytest.mark.parametrize("route", sorted(set(BODIES) - {"post /v1/interactions"}))
def test_no_text_of_a_body_is_a_mistake_of_ours(client, live, route):
    path = filled(route.split(" ")[1], "x")
    for body in spoilt(BODIES[route]):
        asked(client, route, path, content=json.dumps(body), headers=JSON)
    raw = json.dumps(BODIES[route]).encode()
    for bad in (b"\x00", b"\xed\xa0\x80", b"\xff"):
        for place in range(0, len(raw), 7):
            content = raw[:place] + bad + raw[place:]
            asked(client, route, path, content=content, headers=JSON)
    assert isinstance(live.gate, AccessGate)
    assert live.gate.access.audit.verify() == []


JSON = {"Content-Type": "application/json"}


def test_no_header_is_a_mistake_of_ours(client, live):
    for route in described(live):
        path = filled(route.split(" ")[1], "x")
        for name in ("Last-Event-ID", "X-Request-Id", "Accept", "Cookie", "X-CSRF-Token"):
            for value in (b"\xff", b"a\xed\xa0\x80", "²".encode()):
                asked(client, route, path, headers={name: value}, json=BODIES.get(route))


def test_rows_that_no_database_can_hold_are_refused_and_the_others_counted(client, live):
    texts = [f.name for f in INTERACTION if pa.types.is_string(f.type) and f.name != "kind"]
    rows = []
    for name in texts:
        for number, text in enumerate(TEXTS):
            rows.append({**LIKE, "event_id": f"{name}{number}", name: text})
    for row in rows:
        asked(client, "post /v1/interactions", "/v1/interactions", content=json.dumps(row),
              headers=JSON)  # fmt: skip
    nul = [row for row in rows if any("\0" in value for value in row.values())]
    for start in range(0, len(nul), 20):
        batch = [*nul[start : start + 20], {**LIKE, "event_id": f"good{start}"}]
        answer = client.post("/v1/interactions", content=json.dumps(batch), headers=JSON)
        for row, told in zip(batch, answer.json()["answers"], strict=True):
            free = "\0" in row.get("text", "")  # a comment is scored and never stored
            good = free or row["event_id"].startswith("good")
            assert told["status"] in (("accepted", "repeated") if good else ("refused",)), row
            if not good:
                assert told["problem"]["reason"] == "bad_text"
                assert "NUL" in told["problem"]["detail"] and "NUL" in told["problem"]["detail_zh"]
    deadline = time.monotonic() + 30
    while live.service.health()["uncounted_rows"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live.service.health()["ledger_error"] is None
    assert live.service.health()["uncounted_rows"] == 0
    assert client.get("/v1/likes/good0").status_code == 200
