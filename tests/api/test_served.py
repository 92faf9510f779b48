"""Over a real socket: answers, the live view, and many callers at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx

LIKE = {
    "ts": "2026-05-01T10:00:00Z",
    "kind": "like",
    "account_id": "ann",
    "item_id": "kettle",
    "merchant_id": "shop",
}


def _post(client: httpx.Client, *names: str, **changes: str) -> httpx.Response:
    rows = [{**LIKE, **changes, "event_id": name} for name in names]
    return client.post("/v1/interactions", json=rows)


def test_many_callers_at_once_are_all_counted_once(served: httpx.Client):
    names = [f"s{n}" for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: _post(served, name, name), [*names, *names]))
    assert {answer.status_code for answer in answers} == {200}
    assert served.get("/v1/items/kettle").json()["likes"]["counted"] == 60


def test_the_live_view_shows_what_happens_and_goes_on_after_a_lost_connection(
    served: httpx.Client,
):
    start = served.get("/v1/revisions?limit=1").json()["newest"]
    seen: list[tuple[int, str]] = []
    with served.stream("GET", "/v1/live") as view:
        _post(served, "v1", "v2", item_id="pan")
        assert view.headers["content-type"].startswith("text/event-stream")
        for line in view.iter_lines():
            if line.startswith("data: "):
                row = json.loads(line.removeprefix("data: "))
                seen.append((row["revision"], row["event_id"]))
            if len(seen) == 2:
                break
    assert seen == [(start + 1, "v1"), (start + 2, "v2")]
    headers = {"Last-Event-ID": str(start + 1)}
    with served.stream("GET", "/v1/live", headers=headers) as view:
        numbers = (line for line in view.iter_lines() if line.startswith("id: "))
        assert next(numbers) == f"id: {start + 2}"


def test_the_life_of_a_webhook(served: httpx.Client):
    refused = served.post("/v1/webhooks", json={"url": "https://10.0.0.1/hook"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert served.post("/v1/webhooks", content=b"{").status_code in (400, 415, 422)
    made = served.post("/v1/webhooks", json={"url": "http://127.0.0.1:1/hook"})
    assert made.status_code == 201
    name, secret = made.json()["webhook_id"], made.json()["secret"]
    assert secret.startswith("whsec_")
    shown = served.get("/v1/webhooks").json()["webhooks"]
    assert [one["webhook_id"] for one in shown] == [name]
    assert secret not in json.dumps(shown)
    changed = served.patch(f"/v1/webhooks/{name}", json={"active": False})
    assert changed.json()["active"] is False
    assert served.get(f"/v1/webhooks/{name}/dead-letters").json() == {"dead_letters": []}
    gone = served.post(f"/v1/webhooks/{name}/dead-letters/dl_0/replay")
    assert gone.status_code == 404
    assert served.delete(f"/v1/webhooks/{name}").status_code == 204
    assert served.get(f"/v1/webhooks/{name}").status_code == 404
