"""The service as a process: interactions in, killed in the middle, started again, every count
compared with an oracle that saw the same interactions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from zhenzan.clock import generator
from zhenzan.settings import DATABASE_VARIABLE

pytestmark = pytest.mark.slow

ROWS = 500
START = datetime(2026, 5, 1, 10, tzinfo=UTC)


def interactions(seed: int) -> list[dict[str, str]]:
    """Views, likes and unlikes of few accounts on few items, a second apart."""
    draw = generator(seed)
    rows = []
    for number in range(ROWS):
        item = int(draw.integers(12))
        row = {
            "event_id": f"e{number}",
            "ts": (START + timedelta(seconds=number)).isoformat(),
            "kind": str(draw.choice(["view", "like", "like", "unlike"])),
            "account_id": f"a{draw.integers(20)}",
            "item_id": f"i{item}",
            "merchant_id": f"m{item % 3}",
        }
        if row["kind"] == "like" and draw.random() < 0.1:
            row["campaign_id"] = "spring"
        rows.append(row)
    return rows


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str


def _environment(database: str | None) -> dict[str, str]:
    return {**os.environ, **({DATABASE_VARIABLE: database} if database else {})}


def exchanged(url: str, token: str) -> str:
    """The first key, for the token that the first start printed; the token opens no more."""
    answer = httpx.post(f"{url}/v1/access/first", json={"token": token}, timeout=30)
    assert answer.status_code == 201, answer.text
    assert httpx.post(f"{url}/v1/access/first", json={"token": token}).status_code == 403
    key: str = answer.json()["key"]
    return key


@contextmanager
def service(data: Path, database: str | None, keys: list[str], *flags: str) -> Generator[Running]:
    """Run ``zhenzan serve`` on a free port; the key that its token gives is added to ``keys``."""
    command = [sys.executable, "-m", "zhenzan", "serve", "--data", str(data), "--port", "0"]
    command += ["--json", *flags]
    with (data.parent / "log").open("a") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=_environment(database)
        )
    try:
        assert process.stdout is not None
        greeting = json.loads(process.stdout.readline() or "{}")
        assert greeting, (data.parent / "log").read_text()[-3000:]
        if greeting["first_token"] and not keys:
            keys.append(exchanged(greeting["url"], greeting["first_token"]))
        yield Running(process, greeting["url"])
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


def send(client: httpx.Client, rows: list[dict[str, str]]) -> bool:
    """Send rows once; False where no answer came, so that they must be sent again."""
    try:
        answer = client.post("/v1/interactions", json=rows)
    except httpx.TransportError:
        return False
    if answer.status_code != 200:
        return False
    assert {row["status"] for row in answer.json()["answers"]} <= {"accepted", "repeated"}
    return True


def expected(rows: list[dict[str, str]]) -> Counter[tuple[str, str, str, bool]]:
    """Likes of each item, account and merchant: standing or taken back, campaigns apart."""
    sums: Counter[tuple[str, str, str, bool]] = Counter()
    for row in rows:
        if row["kind"] != "like":
            continue
        pair = (row["account_id"], row["item_id"])
        taken_back = any(
            other["kind"] == "unlike"
            and (other["account_id"], other["item_id"]) == pair
            and other["ts"] >= row["ts"]
            for other in rows
        )
        for subject in ("item", "account", "merchant"):
            word = "withdrawn" if taken_back else "standing"
            sums[subject, row[f"{subject}_id"], word, "campaign_id" in row] += 1
    return sums


def stored(client: httpx.Client, keys: set[tuple[str, str]]) -> Counter:
    sums: Counter[tuple[str, str, str, bool]] = Counter()
    for subject, key in keys:
        body = client.get(f"/v1/{subject}s/{key}").json()
        for name, campaign in (("likes", False), ("campaign_likes", True)):
            tally = body[name]
            standing = tally["counted"] + tally["held"] + tally["excluded"]
            assert tally["claimed"] == standing + tally["withdrawn"]
            sums[subject, key, "standing", campaign] = standing
            sums[subject, key, "withdrawn", campaign] = tally["withdrawn"]
    return +sums


def test_no_count_differs_after_a_kill_in_the_middle(tmp_path: Path):
    run(tmp_path, None)


def test_no_count_differs_after_a_kill_with_postgresql(tmp_path: Path, postgres_url: str):
    run(tmp_path, postgres_url)


def run(tmp_path: Path, database: str | None) -> None:
    data = tmp_path / "data"
    keys: list[str] = []
    rows = interactions(7)
    parts = [rows[start : start + 10] for start in range(0, ROWS, 10)]
    with service(data, database, keys) as running:
        headers = {"Authorization": f"Bearer {keys[0]}"}
        with httpx.Client(base_url=running.url, headers=headers, timeout=120) as client:
            assert send(client, parts[0])
            with ThreadPoolExecutor(4) as pool:
                sent = [pool.submit(send, client, part) for part in parts[1:]]
                while sum(future.done() for future in sent) < len(sent) // 3:
                    time.sleep(0.005)
                running.process.kill()
                done = [True, *(future.result() for future in sent)]
    assert not all(done), "the kill came after everything was answered"
    pending = [number for number, arrived in enumerate(done) if not arrived]
    with (
        service(data, database, keys) as running,
        httpx.Client(base_url=running.url, headers=headers, timeout=120) as client,
    ):
        for number in pending:
            assert send(client, parts[number])
        # Half of it once more: nothing may count again.
        assert send(client, rows[:250])
        wanted = expected(rows)
        found = stored(client, {(subject, key) for subject, key, _, _ in wanted})
    assert found == wanted
    assert len(keys) == 1
    assert (data / "counts.db").exists() == (database is None)
    assert running.process.returncode == 143
    command = [sys.executable, "-m", "zhenzan", "verify", "--data", str(data), "--json"]
    verified = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_environment(database)
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    told = json.loads(verified.stdout)
    assert told["likes"] == sum(row["kind"] == "like" for row in rows)


def test_what_is_over_goes_while_the_service_runs(tmp_path, monkeypatch):
    from zhenzan.access.audit import AuditLog, Look, looks_at, write_looks
    from zhenzan.store.engine import open_store

    monkeypatch.setenv("ZHENZAN_RETENTION_EVERY_S", "1")
    (tmp_path / "hold").write_text("held\n", "utf-8")
    keys: list[str] = []
    (tmp_path / "data").mkdir()
    store = open_store(tmp_path / "data" / "counts.db")
    write_looks(store, [Look(1, "key x (0a)", "r", name) for name in ("gone", "held")])
    with service(tmp_path / "data", None, keys, "--hold", str(tmp_path / "hold")) as running:
        headers = {"Authorization": f"Bearer {keys[0]}"}
        deadline = time.monotonic() + 60
        while looks_at(store, "gone") and time.monotonic() < deadline:
            time.sleep(0.2)
        metrics = httpx.get(f"{running.url}/metrics", headers=headers).text
    assert looks_at(store, "gone") == []
    assert len(looks_at(store, "held")) == 1
    assert "zhenzan_retention_failing 0.0" in metrics
    entries = [entry for entry in AuditLog(store).entries() if entry.actor == "retention"]
    assert [entry.action for entry in entries[:2]] == ["remove records", "retention"]
    store.close()
