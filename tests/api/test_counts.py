"""What is told of likes, counters, groups and revisions."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.api import shapes
from zhenzan.api.app import OPEN
from zhenzan.api.export import ARROW, PARQUET
from zhenzan.api.gate import Caller
from zhenzan.api.parts import Parts
from zhenzan.counts.interface import Group, Revision

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.testclient import TestClient

LIKE = {
    "event_id": "a/b 赞",
    "ts": "2026-05-01T10:00:00Z",
    "kind": "like",
    "account_id": "new1",
    "item_id": "mug",
    "merchant_id": "shop",
}


@pytest.fixture
def filled(client: TestClient, parts: Parts) -> TestClient:
    """One held like that a group's finding excludes, one of a campaign, one taken back."""
    rows = [
        LIKE,
        {**LIKE, "event_id": "e2", "account_id": "ann", "campaign_id": "c"},
        {**LIKE, "event_id": "e3", "account_id": "bob"},
        {**LIKE, "event_id": "u3", "account_id": "bob", "kind": "unlike"},
    ]
    assert client.post("/v1/interactions", json=rows).json()["accepted"] == 4
    revision = Revision(LIKE["event_id"], "excluded", 0.95, 2_000_000, "group", group_id="g1")
    parts.ledger.revise([revision], groups=[Group("g1", "paid_crowd", 30, 2_000_000, {"p": 0.01})])
    return client


def test_a_like_is_told_with_the_history_of_its_states(filled: TestClient):
    body = filled.get("/v1/likes/a%2Fb%20赞").json()
    shapes.Like.model_validate(body)
    assert (body["count_state"], body["group_id"]) == ("excluded", "g1")
    assert [(s["seq"], s["from_state"], s["cause"]) for s in body["history"]] == [
        (1, None, "at_once"),
        (2, "held", "group"),
    ]
    assert body["history"][0]["reasons"][0]["text_zh"]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("items/mug", shapes.Item),
        ("merchants/shop", shapes.Merchant),
        ("accounts/new1", shapes.Account),
    ],
)
def test_counters_have_the_described_shape(filled: TestClient, path: str, shape: type):
    body = filled.get(f"/v1/{path}").json()
    assert shape.model_validate(body).likes.excluded == 1  # type: ignore[attr-defined]


def test_likes_of_a_campaign_and_those_taken_back_stand_apart(filled: TestClient):
    body = filled.get("/v1/items/mug").json()
    assert body["likes"] == {
        "claimed": 2, "counted": 0, "held": 0, "excluded": 1, "withdrawn": 1,
    }  # fmt: skip
    assert body["campaign_likes"]["counted"] == 1


def test_a_group_is_told_with_its_likes(filled: TestClient):
    body = filled.get("/v1/groups/g1").json()
    shapes.GroupShape.model_validate(body)
    assert (body["kind"], body["accounts"], body["likes"]["excluded"]) == ("paid_crowd", 1, 1)


def test_an_unknown_name_is_not_found(filled: TestClient):
    for name in ("likes", "items", "accounts", "merchants", "groups"):
        for key in ("nobody", "%00", "%ff", "x" * 3000):
            answer = filled.get(f"/v1/{name}/{key}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name


def test_revisions_are_read_page_by_page(filled: TestClient):
    cursor, seen = 0, []
    while page := filled.get(f"/v1/revisions?cursor={cursor}&limit=2").json():
        shapes.Revisions.model_validate(page)
        if not page["revisions"]:
            break
        seen += [row["revision"] for row in page["revisions"]]
        cursor = page["cursor"]
    assert seen == [1, 2, 3, 4, 5]
    changes = filled.get("/v1/revisions?changes_only=true").json()
    assert [row["cause"] for row in changes["revisions"]] == ["unlike", "group"]
    assert (changes["cursor"], changes["newest"]) == (5, 5)


@pytest.mark.parametrize("query", ["cursor=-1", "cursor=x", "limit=0", f"cursor={2**63}"])
def test_a_cursor_or_limit_out_of_range_is_refused(filled: TestClient, query: str):
    answer = filled.get(f"/v1/revisions?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"].startswith("query.")


def test_a_page_beyond_the_limit_is_refused_and_the_limit_named(filled: TestClient):
    answer = filled.get("/v1/revisions?limit=201")
    assert answer.status_code == 413
    assert answer.json()["limit"] == {"name": "page_rows_max", "value": 200}


def test_unknown_addresses_and_methods_have_the_same_shape(client: TestClient):
    missing = client.get("/v1/nothing")
    wrong = client.put("/v1/interactions")
    for answer, code in ((missing, "not_found"), (wrong, "method_not_allowed")):
        shapes.Problem.model_validate(answer.json())
        assert answer.json()["code"] == code


def test_a_table_is_exported_as_an_arrow_stream(filled: TestClient):
    answer = filled.get("/v1/export/likes", headers={"Accept": ARROW})
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table["event_id"].to_pylist() == ["a/b 赞", "e2", "e3"]
    assert table["count_state"].to_pylist() == ["excluded", "counted", "counted"]
    assert table["count_state_at_once"].to_pylist() == ["held", "counted", "counted"]
    assert table["withdrawn"].to_pylist() == [False, False, True]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("likes", 3), ("states", 5), ("unlikes", 1), ("items", 1), ("accounts", 3),
        ("merchants", 1), ("groups", 1),
    ],
)  # fmt: skip
def test_every_table_is_exported_as_parquet(filled: TestClient, table: str, rows: int):
    answer = filled.get(f"/v1/export/{table}", headers={"Accept": PARQUET})
    assert pq.read_table(io.BytesIO(answer.content)).num_rows == rows


def test_an_export_in_another_format_or_of_another_table_is_refused(filled: TestClient):
    assert filled.get("/v1/export/likes", headers={"Accept": "text/csv"}).status_code == 406
    assert filled.get("/v1/export/secrets").status_code == 422


def test_more_exports_than_the_limit_are_turned_away(filled: TestClient, parts: Parts):
    parts.exports = parts.settings.exports_max
    answer = filled.get("/v1/export/likes")
    assert answer.status_code == 429
    assert answer.json()["limit"]["name"] == "exports_max"


@pytest.mark.parametrize("cursor", [2**63 - 1, 2**63 - 2, 2**63 - 100_000])
@pytest.mark.parametrize("changes_only", [False, True])
def test_a_cursor_beyond_every_state_gives_none(filled: TestClient, cursor, changes_only):
    asked = {"cursor": cursor, "changes_only": changes_only}
    told = filled.get("/v1/revisions", params=asked).json()
    assert (told["revisions"], told["cursor"]) == ([], cursor)


def test_a_merchant_sees_its_own_figures_alone(filled: TestClient, parts: Parts):
    class MerchantGate:
        def admit(self, request: Request, roles: frozenset[str]) -> Caller:
            assert "merchant" in roles
            return Caller("cup shop", frozenset({"merchant"}), "cups")

    filled.app.state.gate = MerchantGate()  # type: ignore[attr-defined]
    assert filled.get("/v1/merchants/shop").status_code == 404
    filled.app.state.gate = parts.gate  # type: ignore[attr-defined]


def test_metrics_name_routes_and_not_ids(filled: TestClient):
    filled.get("/v1/items/mug")
    text = filled.get("/metrics").text
    assert 'zhenzan_requests_total{route="/v1/items/{item_id:path}",status="200"} 1.0' in text
    assert 'zhenzan_interactions_total{status="accepted"} 4.0' in text
    assert "zhenzan_applied_position 3.0" in text
    assert "mug" not in text


def test_the_description_is_openapi_3_1_and_names_the_key_of_every_route(client: TestClient):
    description = client.get("/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    open_to_all = [
        path
        for path, methods in description["paths"].items()
        for method in methods.values()
        if "security" not in method
    ]
    assert sorted(open_to_all) == sorted(one.split(" ")[1] for one in OPEN)
