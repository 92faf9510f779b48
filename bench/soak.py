"""Loads ``zhenzan serve`` as a careless client would, kills it meanwhile, and compares all counts.

``python -m bench.live --soak 600``

Question: is every count still exact after an hour's mischief, and does memory stand still? The
client shares no code with the package: it speaks HTTP over raw sockets, keeps the truth by itself,
and knows of the service only what ``docs/api.md`` promises. It sends single rows, batches in any
order with repeats in them, repeats of what was answered, other bodies under known ids, broken
rows, halves of requests, and requests whose answer it reads late or never; it sends again whatever
was not answered. Meanwhile the service is killed, stopped for seconds and started anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKERS = 6
BATCH_MAX = 300
START_S = 120.0
_BREAK_S = (5.0, 20.0)
"""Bounds of the time between two blows at the service."""

Row = dict[str, Any]
_STATES = ("counted", "held", "excluded", "withdrawn")


@dataclass(slots=True)
class Truth:
    """What was acknowledged, and what the service owes for it."""

    rows: dict[str, Row] = field(default_factory=dict)
    answers: dict[str, tuple[float | None, str | None]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, row: Row, told: Row) -> None:
        """Take an answer down; what was said once must be said again."""
        name, status = row["event_id"], told["status"]
        with self.lock:
            self.seen[status] += 1
            if status == "refused":
                return
            said = (told["score"], told["count_state"])
            if self.rows.setdefault(name, row) != row:
                self.faults.append(f"{name} was taken with two bodies")
            known = self.answers.get(name)
            if known is not None and status == "accepted":
                self.faults.append(f"{name} was accepted twice")
            if known is not None and told["position"] is not None and known != said:
                self.faults.append(f"{name} was answered {known}, then {said}")
            if told["position"] is not None:
                self.answers[name] = said

    def fault(self, text: str) -> None:
        """Note what should not be."""
        with self.lock:
            self.faults.append(text)

    def some(self, rng: random.Random, count: int) -> list[Row]:
        """Choose rows that were answered."""
        with self.lock:
            names = list(self.rows)
            return [self.rows[rng.choice(names)] for _ in range(count)] if names else []

    def counts(self) -> dict[tuple[str, str], Counter[str]]:
        """Count likes by item, account and merchant, as ``docs/api.md`` says they count."""
        taken_back: dict[tuple[str, str], int] = {}
        for row in self.rows.values():
            if row["kind"] == "unlike":
                pair = (row["account_id"], row["item_id"])
                taken_back[pair] = max(taken_back.get(pair, 0), row["ts"])
        found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for name, row in self.rows.items():
            if row["kind"] != "like":
                continue
            state = self.answers[name][1] if name in self.answers else None
            if row["ts"] <= taken_back.get((row["account_id"], row["item_id"]), -1):
                state = "withdrawn"
            for subject in ("item", "account", "merchant"):
                found[subject, row[f"{subject}_id"]][str(state)] += 1
        return found


class Target:
    """The service as a process that is killed and comes back on the same port."""

    def __init__(self, data: Path) -> None:
        self._data, self.port, self.key = data, 0, ""
        self.downs: list[float] = []
        self.rss_mib: list[tuple[float, float]] = []
        self.kills = self.stops = 0
        self._started = time.perf_counter()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable, "-m", "zhenzan", "serve", "--data", str(self._data),
                "--port", str(self.port), "--settle-every", "1d", "--json",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "ZHENZAN_CHECKPOINT_ROWS": "20000"},
        )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service did not come back (exit {process.wait()})")
        greeting = json.loads(line)
        self.port = int(greeting["url"].rsplit(":", 1)[1])
        if greeting["first_token"]:
            body = json.dumps({"token": greeting["first_token"]}).encode()
            self.key = self.ask("/v1/access/first", body)["key"]
        self.downs.append(time.perf_counter() - begun)
        return process

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """Ask for JSON; None where nothing of the name is there."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=body,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=START_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def strike(self, rng: random.Random) -> None:
        """Kill the service and start it anew, or stop it for seconds."""
        if rng.random() < 0.3:
            self.stops += 1
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(rng.uniform(0.5, 4.0))
            self.process.send_signal(signal.SIGCONT)
            return
        self.kills += 1
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def watch(self) -> None:
        """Note the memory in use."""
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            line = next(line for line in lines if line.startswith("VmRSS"))
            passed = time.perf_counter() - self._started
            self.rss_mib.append((round(passed), round(int(line.split()[1]) / 1024)))

    def end(self) -> int:
        """Let the service drain; give its exit status."""
        self.process.terminate()
        return self.process.wait(START_S)


class Client(threading.Thread):
    """One connection's worth of carelessness."""

    def __init__(self, target: Target, truth: Truth, number: int, until: float) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self._target, self._truth, self._until = target, truth, until
        self._number, self._made = number, 0
        self._rng = random.Random(number)
        self._link: socket.socket | None = None

    def run(self) -> None:
        """Send until the time is over, and then only what is still unanswered."""
        ways = [
            (0.50, self._single), (0.20, self._batch), (0.10, self._again), (0.08, self._conflict),
            (0.04, self._half), (0.02, self._late_reader), (0.03, self._broken),
            (0.01, self._too_many), (0.02, self._pause),
        ]  # fmt: skip
        try:
            while time.perf_counter() < self._until:
                self._rng.choices([way for _, way in ways], [share for share, _ in ways])[0]()
        except Exception as error:
            self._truth.fault(f"{self.name} gave up: {type(error).__name__}: {error}")

    def _row(self) -> Row:
        rng = self._rng
        self._made += 1
        account, item = int(rng.paretovariate(0.7)) % 3_000, int(rng.paretovariate(0.6)) % 500
        back_s = rng.choice([0, 0, 0, rng.uniform(0, 60), rng.uniform(0, 20_000)])
        row = {
            "event_id": f"c{self._number}-{self._made}-{rng.randrange(10**6)}",
            "ts": int((time.time() - back_s) * 1e6),
            "kind": rng.choices(["like", "view", "unlike"], [7, 2, 1])[0],
            "account_id": f"a{account}",
            "item_id": f"i{item}",
            "merchant_id": f"m{item % 40}",
        }
        if rng.random() < 0.7:
            row |= {"device_id": f"d{account % 900}", "ip": f"10.0.{account % 250}.{item % 250}"}
        return row

    def _single(self) -> None:
        row = self._row()
        self._told([row], *self._sent(row))

    def _batch(self) -> None:
        rows = [self._row() for _ in range(self._rng.randint(1, BATCH_MAX))]
        rows += self._truth.some(self._rng, self._rng.randint(0, 20)) + rows[:5]
        self._rng.shuffle(rows)
        self._told(rows, *self._sent(rows))

    def _again(self) -> None:
        for row in self._truth.some(self._rng, 3):
            self._told([row], *self._sent(row), wanted="repeated")

    def _conflict(self) -> None:
        for row in self._truth.some(self._rng, 1):
            status, _ = self._sent({**row, "account_id": "somebody else"})
            if status != 409:
                self._truth.fault(f"another body under {row['event_id']} got {status}")

    def _broken(self) -> None:
        wrong: Row = self._rng.choice(
            [{"ts": "yesterday"}, {"kind": "adore"}, {"account_id": None}, {"dwell_ms": -4}]
        )
        status, _ = self._sent({**self._row(), **wrong})
        if status != 422:
            self._truth.fault(f"a row with {wrong} got {status}")

    def _too_many(self) -> None:
        status, _ = self._sent([self._row() for _ in range(1_001)])
        if status != 413:
            self._truth.fault(f"a batch beyond the limit got {status}")

    def _half(self) -> None:
        """Send a part of a request and hang up; the row counts only once it is sent whole."""
        row = self._row()
        request = self._request(row)
        with contextlib.suppress(OSError):
            self._connected().sendall(request[: self._rng.randrange(1, len(request))])
            time.sleep(self._rng.random() * 0.2)
        self._hang_up()
        if self._rng.random() < 0.5:
            # The whole request, whose answer nobody reads: then the row is sent again.
            with contextlib.suppress(OSError):
                self._connected().sendall(request)
            self._hang_up()
        self._told([row], *self._sent(row))

    def _late_reader(self) -> None:
        rows = [self._row() for _ in range(BATCH_MAX)]
        try:
            link = self._connected()
            link.sendall(self._request(rows))
            time.sleep(self._rng.uniform(0.5, 3.0))
            self._told(rows, *self._read(link))
        except (OSError, ValueError):
            self._hang_up()
            self._told(rows, *self._sent(rows))

    def _pause(self) -> None:
        time.sleep(self._rng.uniform(0.0, 2.0))

    def _told(self, rows: list[Row], status: int, body: Any, *, wanted: str | None = None) -> None:
        if status == 503 or status == 429:  # of a late reader: nothing was read twice
            status, body = self._sent(rows)
        if status != 200:
            self._truth.fault(f"{len(rows)} sound rows got {status}: {body}")
            return
        answers = body.get("answers", [body])
        for row, told in zip(rows, answers, strict=True):
            if told["status"] == "refused":
                self._truth.fault(f"{row['event_id']} was refused: {told['problem']}")
            if wanted is not None and told["status"] != wanted:
                self._truth.fault(f"{row['event_id']} sent again was {told['status']}")
            self._truth.answered(row, told)

    def _sent(self, body: Row | list[Row]) -> tuple[int, Any]:
        """Send until there is an answer that is one."""
        request = self._request(body)
        while True:
            try:
                link = self._connected()
                link.sendall(request)
                status, told = self._read(link)
            except (OSError, ValueError):
                self._hang_up()
                time.sleep(self._rng.uniform(0.01, 0.3))
                continue
            if status not in (429, 503):
                return status, told
            self._truth.seen[str(status)] += 1
            time.sleep(self._rng.uniform(0.05, 0.5))

    def _request(self, body: Row | list[Row]) -> bytes:
        text = json.dumps(body, ensure_ascii=False).encode()
        head = (
            f"POST /v1/interactions HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._target.key}\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        return head.encode() + text

    def _connected(self) -> socket.socket:
        if self._link is None:
            self._link = socket.create_connection(("127.0.0.1", self._target.port), timeout=60)
        return self._link

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    @staticmethod
    def _read(link: socket.socket) -> tuple[int, Any]:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (part := link.recv(65_536)):
                raise ValueError("the connection ended")
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        while len(body) < length:
            if not (part := link.recv(65_536)):
                raise ValueError("the connection ended")
            body += part
        return int(head.split(b" ", 2)[1]), json.loads(body)


def measure_soak(seconds: float, *, seed: int = 11) -> dict[str, Any]:
    """Load and strike for so many seconds, then compare everything; ``faults`` is to be empty."""
    rng, truth = random.Random(seed), Truth()
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder))
        until = time.perf_counter() + seconds
        clients = [Client(target, truth, number, until) for number in range(WORKERS)]
        for client in clients:
            client.start()
        blow = time.perf_counter() + rng.uniform(*_BREAK_S)
        while time.perf_counter() < until:
            time.sleep(1.0)
            target.watch()
            if time.perf_counter() >= blow:
                target.strike(rng)
                blow = time.perf_counter() + rng.uniform(*_BREAK_S)
        for client in clients:
            client.join(2 * START_S)
            if client.is_alive():
                truth.fault(f"{client.name} still waits for an answer")
        found = _compare(target, truth)
        if (status := target.end()) != 128 + signal.SIGTERM:
            truth.fault(f"the service ended with {status}")
        verified = subprocess.run(
            [sys.executable, "-m", "zhenzan", "verify", "--data", folder, "--json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    return {
        "seconds": seconds, "rows": len(truth.rows), "answers": dict(truth.seen),
        "kills": target.kills, "stops": target.stops,
        "start_s": round(target.downs[0], 1),
        "down_s_max": round(max(target.downs[1:], default=0.0), 1), **found,
        "verify": json.loads(verified.stdout or "{}").get("sound"),
        "rss_mib": target.rss_mib[:: max(1, len(target.rss_mib) // 20)],
        "faults_count": len(truth.faults), "faults": truth.faults[:20],
    }  # fmt: skip


def _compare(target: Target, truth: Truth) -> dict[str, int]:
    """Ask for every item, account and merchant, and for the history of some likes."""
    compared = 0
    for (subject, name), wanted in truth.counts().items():
        told = target.ask(f"/v1/{subject}s/{name}")
        held = (told or {"likes": None})["likes"]
        owed = {state: wanted[state] for state in _STATES} | {"claimed": wanted.total()}
        compared += 1
        if held != owed:
            truth.fault(f"{subject} {name} has {held}, and the truth is {owed}")
    likes = [name for name, row in truth.rows.items() if row["kind"] == "like"]
    for name in likes[:: max(1, len(likes) // 500)]:
        told = target.ask(f"/v1/likes/{name}")
        if told is None:
            truth.fault(f"{name} was acknowledged and is not there")
    return {"likes": len(likes), "counters_compared": compared}
