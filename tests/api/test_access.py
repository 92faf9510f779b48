"""Who may use which route: the table in the manual is what the service does, cell by cell."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zhenzan.access.access import Access
from zhenzan.access.audit import looks_at
from zhenzan.access.roles import ROLES, Role
from zhenzan.api.app import OPEN, create_app
from zhenzan.api.gate import COOKIE, AccessGate
from zhenzan.api.parts import Parts
from zhenzan.counts.interface import LikeState

if TYPE_CHECKING:
    from starlette.testclient import TestClient

PASSWORD = "correct horse battery"
MANUAL = Path(__file__).resolve().parents[2] / "docs/security.md"


@dataclass
class Hands:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Served:
    client: TestClient
    access: Access
    hands: Hands
    keys: dict[Role, str]

    def ask(self, method: str, path: str, role: Role, **more: object) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        done = self.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]
        return done.status_code, done.text


@pytest.fixture
def served(parts: Parts) -> Generator[Served]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient

    hands = Hands()
    access = Access(parts.ledger.store, clock=hands, steady=hands)
    parts.gate = AccessGate(access)
    parts.stopping = lambda: True  # live views end at once
    keys: dict[Role, str] = {}
    for role in ROLES:
        merchant = "m1" if role == "merchant" else None
        keys[role] = access.keys.make(role, [role], by="tests", merchant_id=merchant, burst=1e5)
    likes = [
        LikeState(f"e{n}", n - 1, n, f"a{n}", f"i{n}", f"m{n}", False, "counted", 0.1, n, ())
        for n in (1, 2)
    ]
    parts.ledger.apply(0, 1, likes, [])
    with TestClient(create_app(parts), raise_server_exceptions=False) as client:
        yield Served(client, access, hands, keys)


def matrix() -> dict[str, frozenset[str]]:
    """The table of the manual: route to roles, administrators among them."""
    rows = re.findall(r"^\| `([A-Z]+ /\S*)` \|([^|]*)\|$", MANUAL.read_text("utf-8"), re.MULTILINE)
    return {route: frozenset(re.findall(r"\w+", roles)) | {"admin"} for route, roles in rows}


def routes(parts: Parts) -> list[str]:
    paths = create_app(parts).openapi()["paths"]
    return sorted(
        f"{method.upper()} {path}" for path, methods in paths.items() for method in methods
    )


def filled(path: str, number: int) -> str:
    """The address of a route with ids of one merchant in it."""
    ids = {"event_id": "e", "item_id": "i", "account_id": "a", "merchant_id": "m"}
    path = path.replace("{table}", "likes")
    return re.sub(r"\{(\w+)\}", lambda found: f"{ids.get(found[1], 'x')}{number}", path)


def test_the_manual_names_every_route_and_no_other(parts):
    open_to_all = {f"{m.upper()} {path}" for m, path in (one.split(" ") for one in OPEN)}
    assert set(routes(parts)) - open_to_all == set(matrix())


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_use_the_routes_of_its_rows_and_no_others(served: Served, role: Role):
    for route, roles in matrix().items():
        method, path = route.split(" ")
        status, text = served.ask(method, filled(path, 1), role)
        assert (status == 403) == (role not in roles), (route, status, text)
        assert status != 401, route


def test_without_a_key_no_route_of_the_table_opens(served):
    for route in matrix():
        method, path = route.split(" ")
        assert served.client.request(method, filled(path, 1)).status_code == 401, route


def test_a_merchant_gets_nothing_of_another_from_any_route(served, parts):
    for route in routes(parts):
        method, path = route.split(" ")
        if method != "GET" or f"get {path}" in OPEN:
            continue
        for more in ("", "?merchant_id=m2", "?cursor=0&limit=5"):
            status, text = served.ask("GET", filled(path, 2) + more, "merchant")
            assert status in (403, 404), (route, status)
            for ids in ("e2", "i2", "a2"):
                assert f'"{ids}"' not in text, route


def test_a_merchant_sees_its_own_and_cannot_tell_a_rival_from_nobody(served):
    status, text = served.ask("GET", "/v1/merchants/m1", "merchant")
    assert (status, '"m1"' in text) == (200, True)
    rival = served.ask("GET", "/v1/merchants/m2", "merchant")[1]
    nobody = served.ask("GET", "/v1/merchants/m9", "merchant")[1]
    hide: Callable[[str], str] = lambda text: re.sub(r"m\d|request:\w+", "", text)  # noqa: E731
    assert hide(rival) == hide(nobody)


def test_a_revoked_or_expired_key_opens_nothing_any_more(served):
    made = served.access.keys.make("x", ["viewer"], by="tests", days=1)
    headers = {"Authorization": f"Bearer {made}"}
    assert served.client.get("/v1/likes/e1", headers=headers).status_code == 200
    served.hands.now += 86_400
    assert served.client.get("/v1/likes/e1", headers=headers).status_code == 401
    done = served.ask("DELETE", f"/v1/access/keys/{served.keys['viewer'].split('_')[1]}", "admin")
    assert done[0] == 204
    assert served.ask("GET", "/v1/likes/e1", "viewer")[0] == 401


def test_a_key_that_asks_too_often_is_told_how_long_to_wait(served):
    made = served.access.keys.make("x", ["viewer"], by="tests", rate_per_s=0.5, burst=2)
    headers = {"Authorization": f"Bearer {made}"}
    codes = [served.client.get("/v1/likes/e1", headers=headers) for _ in range(3)]
    assert [done.status_code for done in codes] == [200, 200, 429]
    assert codes[2].headers["Retry-After"] == "2"
    served.hands.now += 2
    assert served.client.get("/v1/likes/e1", headers=headers).status_code == 200


def test_who_sees_personal_data_is_on_record(served, parts):
    served.ask("GET", "/v1/accounts/a1", "analyst")
    served.ask("GET", "/v1/accounts/a1", "merchant")
    served.access.tick()
    (look,) = looks_at(parts.ledger.store, "a1")
    assert look.actor.startswith("key analyst (")
    assert look.route == "/v1/accounts/{account_id}"


def test_who_sees_likes_in_revisions_is_on_record(served, parts):
    store = parts.ledger.store
    assert served.ask("GET", "/v1/revisions?cursor=2", "viewer")[0] == 200  # an empty page
    served.access.tick()
    assert looks_at(store, "revisions 1 to 2") == []
    assert served.ask("GET", "/v1/revisions", "viewer")[0] == 200
    assert served.ask("GET", "/v1/revisions?limit=1", "analyst")[0] == 200
    assert served.ask("GET", "/v1/revisions", "merchant")[0] == 403
    served.access.tick()
    (whole,) = looks_at(store, "revisions 1 to 2")
    (page,) = looks_at(store, "revisions 1 to 1")
    assert (whole.route, page.route) == ("/v1/revisions", "/v1/revisions")
    assert whole.actor.startswith("key viewer (") and page.actor.startswith("key analyst (")


def test_a_live_view_is_on_record_from_its_first_like_to_its_last(served, parts):
    left = iter([False, False, True])
    parts.stopping = lambda: next(left, True)
    status, text = served.ask("GET", "/v1/live?cursor=0", "viewer")
    assert (status, text.count("event: revision")) == (200, 2)
    served.access.tick()
    for subject in ("revisions from 1 on", "revisions up to 2"):
        (look,) = looks_at(parts.ledger.store, subject)
        assert look.route == "/v1/live" and look.actor.startswith("key viewer (")


def test_no_like_is_shown_that_the_access_log_cannot_take_down(served, parts, monkeypatch):
    monkeypatch.setattr(served.access, "look", lambda *_: False)
    status, text = served.ask("GET", "/v1/revisions", "viewer")
    assert (status, '"e1"' in text) == (503, False)
    parts.stopping = lambda: False
    status, text = served.ask("GET", "/v1/live?cursor=0", "viewer")
    assert (status, "event: revision" in text) == (200, False)
    assert parts.streams == 0


def signed_in(served: Served, role: Role) -> tuple[dict[str, str], str]:
    served.access.users.add("ana", PASSWORD, [role], by="tests")
    done = served.client.post("/v1/access/session", json={"name": "ana", "password": PASSWORD})
    assert done.status_code == 200
    cookie = done.headers["set-cookie"]
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    value = cookie.split(";")[0].removeprefix(f"{COOKIE}=")
    return {"Cookie": f"{COOKIE}={value}"}, done.json()["csrf_token"]


def test_a_browser_reads_with_its_cookie_and_changes_only_with_its_token(served):
    cookie, token = signed_in(served, "admin")
    assert served.client.get("/v1/access/keys", headers=cookie).status_code == 200
    body = {"name": "new", "roles": ["viewer"]}
    for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x"}):
        done = served.client.post("/v1/access/keys", json=body, headers={**cookie, **wrong})
        assert done.status_code == 401, wrong
    right = {**cookie, "X-CSRF-Token": token}
    made = served.client.post("/v1/access/keys", json=body, headers=right)
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    assert served.client.get("/v1/likes/e1", headers=headers).status_code == 200
    # A key that opens nothing is not made good by a cookie beside it.
    wrong_key = {**cookie, "Authorization": "Bearer zz_x"}
    assert served.client.get("/v1/likes/e1", headers=wrong_key).status_code == 401
    assert served.client.delete("/v1/access/session", headers=right).status_code == 204
    assert served.client.get("/v1/access/keys", headers=cookie).status_code == 401


def test_the_first_token_makes_an_administrator_over_http_once(served):
    token = served.access.first.make()
    root, second = ({"name": name, "password": PASSWORD} for name in ("root", "second"))
    done = served.client.post("/v1/access/first", json={"token": token, "user": root})
    assert done.status_code == 204
    again = served.client.post("/v1/access/first", json={"token": token, "user": second})
    assert again.status_code == 403
    done = served.client.post("/v1/access/session", json={"name": "root", "password": PASSWORD})
    assert done.json()["roles"] == ["admin"]


def test_the_audit_log_is_checked_over_http(served):
    status, text = served.ask("GET", "/v1/access/audit", "admin")
    assert status == 200
    assert '"whole":true' in text


def test_the_list_of_keys_shows_nothing_that_opens_anything(served):
    _, text = served.ask("GET", "/v1/access/keys", "admin")
    for key in served.keys.values():
        assert key.split("_")[1] in text
        assert key.split("_", 2)[2] not in text
    assert "sha256" not in text
