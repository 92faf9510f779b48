"""Measures the live service: latency against the offered rate, recovery, and memory.

``python -m bench.live [--seconds 10] [--http]``, or ``--soak 600`` for ``bench.soak`` alone

Question: how long does a caller wait for one interaction at a given rate, how long does the
service take to come back, and what does a key cost in memory? Estimate before measuring: a group
costs about 10 ms of one core however small it is, so at rates far below 100 groups a second a
caller waits for its own group and at most one before it; at higher rates groups grow and the wait
with them. A replay is batch scoring: some 100,000 rows a second.

Load is open: calls are sent when they are due, whether or not earlier ones were answered, and a
call's latency counts from when it was due. Writes ``bench/results/live.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.soak import measure_soak
from zhenzan.counts.ledger import CountLedger
from zhenzan.errors import Overloaded
from zhenzan.live import open_service
from zhenzan.live.intake import Intake
from zhenzan.live.journal import Journal
from zhenzan.live.recovery import count
from zhenzan.live.scorer import LiveScorer
from zhenzan.live.wire import pack
from zhenzan.settings import Settings
from zhenzan.sim import scenarios
from zhenzan.store.engine import open_store
from zhenzan.testing.rows import canonical, client_rows

ROOT = Path(__file__).parents[1]
RATES = (100, 500, 1_000, 2_000)
SETTINGS = replace(Settings(), ahead_s=10**8)
STAGES = ("intake", "journal", "scoring", "counting")
_CONNECTIONS = 128


def _stream(count: int) -> list[dict[str, Any]]:
    """Take the first rows of the simulated day, as a client sends them."""
    table = scenarios.run("day", scenarios.Setup(7)).interactions.slice(0, count)
    rows = table.to_pylist()
    for row in rows:
        row["ts"] = row["ts"].isoformat()
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


def _percentiles(latency_s: list[float]) -> dict[str, float]:
    values = np.percentile(np.array(latency_s) * 1e3, [50, 95, 99])
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), values.round(1).tolist(), strict=True))


def _noted(latency: list[float], due: float) -> Callable[[object], None]:
    return lambda _: latency.append(time.perf_counter() - due)


def measure_core(rows: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
    """Offer single interactions to the service itself, without HTTP."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "counts.sqlite")
        service = open_service(Path(folder), SETTINGS, CountLedger(store))
        given = iter(rows)
        for rate in RATES:
            latency: list[float] = []
            refused, futures = 0, []
            cpu, started = time.process_time(), time.perf_counter()
            for number in range(int(rate * seconds)):
                due = started + number / rate
                if (wait := due - time.perf_counter()) > 0:
                    time.sleep(wait)
                try:
                    done = service.submit([next(given)])
                except Overloaded:
                    refused += 1
                    continue
                done.add_done_callback(_noted(latency, due))
                futures.append(done)
            for done in futures:
                done.result(120)
            wall = time.perf_counter() - started
            found.append(
                {
                    "offered_per_s": rate,
                    "answered_per_s": round(len(futures) / wall),
                    "refused": refused,
                    "cpu_s_per_wall_s": round((time.process_time() - cpu) / wall, 2),
                    **_percentiles(latency),
                }
            )
        service.close()
        store.close()
    return found


def measure_stages(rows: list[dict[str, Any]], groups: int = 150) -> list[dict[str, Any]]:
    """Measure the CPU time of each stage for groups of several sizes, one after the other."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder / "counts.sqlite")
        ledger, journal = CountLedger(store), Journal(folder / "journal")
        intake = Intake(folder / "ids", SETTINGS, clock=time.time)
        scorer, at = LiveScorer(SETTINGS), 0
        for size in (1, 20, 100):
            spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
            for number in range(groups + 20):
                moments = [time.thread_time()]
                checked = intake.check(rows[at : at + size])
                at += size
                moments.append(time.thread_time())
                table = checked.accepted
                position = journal.append(pack(table), count=table.num_rows)
                moments.append(time.thread_time())
                judged = scorer.answer(table)
                moments.append(time.thread_time())
                effect = count(table, position, judged, version="bench")
                ledger.apply(position, position + size - 1, effect.likes, effect.unlikes)
                moments.append(time.thread_time())
                if number >= 20:  # the first ones load kernels
                    for stage, low, high in zip(STAGES, moments, moments[1:], strict=False):
                        spent[stage].append(high - low)
            stages = {stage: _percentiles(values) for stage, values in spent.items()}
            found.append({"rows_per_group": size, "cpu_ms": stages})
        store.close()
    return found


def _offer(
    port: int, key: str, rows: list[dict[str, Any]], rate: int, seconds: float
) -> dict[str, Any]:
    """Send single interactions over kept connections, each when it is due.

    One thread waits for all of them: the client shares the machine's cores, so it must take little.
    """
    head = (
        f"POST /v1/interactions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    bodies = (json.dumps(row).encode() for row in rows[: int(rate * seconds)])
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    free = deque(socket.create_connection(("127.0.0.1", port)) for _ in range(_CONNECTIONS))
    links = {link.fileno(): link for link in free}
    waiting = select.epoll()
    for number, link in links.items():
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(number, select.EPOLLIN)
    due: dict[int, float] = {}
    half: dict[int, bytes] = {}
    latency: list[float] = []
    statuses: Counter[str] = Counter()
    sent, cpu, started = 0, time.process_time(), time.perf_counter()
    while len(latency) < len(requests):
        while sent < len(requests) and free and started + sent / rate <= time.perf_counter():
            link = free.popleft()
            link.sendall(requests[sent])
            due[link.fileno()] = started + sent / rate
            sent += 1
        more = sent < len(requests) and free
        wait = max(0.0, started + sent / rate - time.perf_counter()) if more else 60.0
        for number, _ in waiting.poll(wait):
            answer = half.pop(number, b"") + links[number].recv(65_536)
            told, found, body = answer.partition(b"\r\n\r\n")
            length = told.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            if not found or len(body) < int(length):
                half[number] = answer
                continue
            latency.append(time.perf_counter() - due[number])
            statuses[told[9:12].decode()] += 1
            free.append(links[number])
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    waiting.close()
    for link in links.values():
        link.close()
    return {
        "offered_per_s": rate, "answered_per_s": round(len(latency) / wall),
        "statuses": dict(statuses), "client_cpu_s_per_wall_s": round(cpu / wall, 2),
        **_percentiles(latency),
    }  # fmt: skip


def _first_key(greeting: dict[str, str]) -> str:
    """Exchange the token of the first start for a key."""
    request = urllib.request.Request(
        f"{greeting['url']}/v1/access/first",
        data=json.dumps({"token": greeting["first_token"]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        key: str = json.load(answer)["key"]
    return key


def measure_http(rows: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
    """Offer single interactions to ``zhenzan serve``; the client shares the machine's cores."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ZHENZAN_AHEAD_S": str(10**8)}
        process = subprocess.Popen(
            [sys.executable, "-m", "zhenzan", "serve", "--data", folder, "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert process.stdout is not None
        try:
            greeting = json.loads(process.stdout.readline())
            port = int(greeting["url"].rsplit(":", 1)[1])
            key = _first_key(greeting)
            _offer(port, key, rows[:200], 100, 2.0)
            found, start = [], 200
            for rate in RATES:
                end = start + int(rate * seconds)
                cpu = _cpu_s(process.pid)
                told = _offer(port, key, rows[start:end], rate, seconds)
                spent = (_cpu_s(process.pid) - cpu) / (end - start) * 1e3
                found.append({**told, "server_cpu_ms_per_row": round(spent, 2)})
                start = end
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()
    return found


def _cpu_s(process: int) -> float:
    """Read the CPU time that a process has taken."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def measure_recovery(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Time an opening after a kill: from the journal alone, and from a checkpoint."""
    found = []
    for size in sizes:
        rows = client_rows(size, seed=3, days=2.0)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            store = open_store(folder / "counts.sqlite")
            service = open_service(folder, SETTINGS, CountLedger(store))
            for start in range(0, size, 1_000):
                service.submit(rows[start : start + 1_000]).result(300)
            service.close()
            state = next((folder / "checkpoints").glob("*.checkpoint")).stat().st_size
            facts: dict[str, Any] = {"rows": size, "checkpoint_mib": round(state / 2**20, 1)}
            for way in ("checkpoint", "journal"):
                if way == "journal":
                    shutil.rmtree(folder / "checkpoints")
                cpu, started = time.process_time(), time.perf_counter()
                service = open_service(folder, SETTINGS, CountLedger(store))
                facts[f"{way}_s"] = round(time.perf_counter() - started, 2)
                facts[f"{way}_cpu_s"] = round(time.process_time() - cpu, 2)
                service.abandon()
            store.close()
        found.append(facts)
    return found


def measure_memory(accounts: int = 200_000) -> dict[str, Any]:
    """Measure what keys cost: accounts that act twice each, on a twentieth as many items."""
    scorer = LiveScorer(SETTINGS)
    empty = sum(array.nbytes for array in scorer.snapshot().arrays.values())
    rng = np.random.default_rng(5)
    template = client_rows(2, seed=5)[0]
    keys: set[str] = set()
    for start in range(0, 2 * accounts, 50_000):
        rows = []
        for number in range(start, min(start + 50_000, 2 * accounts)):
            account, item = number % accounts, int(rng.integers(0, accounts // 20))
            row = {
                **template, "event_id": str(number), "kind": "like" if number % 4 else "view",
                "ts": 1_700_000_000_000_000 + number * 100_000, "account_id": f"a{account}",
                "item_id": f"i{item}", "device_id": f"d{account}", "session_id": f"s{account}",
                "ip": f"10.{account >> 16 & 255}.{account >> 8 & 255}.{account & 255}",
            }  # fmt: skip
            keys |= {f"a{account}", f"i{item}", f"d{account}", f"s{account}", f"p{account}"}
            rows.append(row)
        scorer.answer(canonical(rows), explain=False)
    used = sum(array.nbytes for array in scorer.snapshot().arrays.values())
    return {
        "keys": len(keys),
        "empty_mib": round(empty / 2**20, 1),
        "mib_per_million_keys": round((used - empty) / 2**20 / len(keys) * 1e6),
    }


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="time at each rate")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--http", action="store_true", help="over HTTP as well")
    parser.add_argument(
        "--soak", type=float, nargs="?", const=600.0, help="only load and kill, so many seconds"
    )
    options = parser.parse_args()
    if options.soak is not None:
        _write("soak", measure_soak(options.soak))
        return
    rows = _stream(max(int(sum(RATES) * options.seconds) + 200, 170 * 121))
    facts: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start",
        "seconds": options.seconds,
        "stages": measure_stages(rows),
        "core": measure_core(rows, options.seconds),
        "recovery": measure_recovery(options.sizes),
        "memory": measure_memory(),
    }
    if options.http:
        facts["http"] = measure_http(rows, options.seconds)
    _write("live", facts)


def _write(name: str, facts: dict[str, Any]) -> None:
    text = json.dumps(facts, indent=1)
    print(text)
    (ROOT / "bench" / "results" / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
