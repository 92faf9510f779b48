"""A process that is killed at any moment loses nothing that it acknowledged (kill -9)."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from zhenzan.counts.ledger import CountLedger
from zhenzan.live.interface import Answer
from zhenzan.store.engine import open_store
from zhenzan.testing.oracle import check_counts
from zhenzan.testing.piped import SETTINGS
from zhenzan.testing.rows import client_rows


def _serve(
    folder: Path, rows: list[dict[str, object]], told: dict[str, Answer], kill_after_s: float | None
) -> None:
    """Send what has no answer yet; kill the process after a while, or let it drain.

    Its input stays open until it is killed: a quick machine would have answered everything, and
    the process would have ended by itself.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "zhenzan.testing.piped", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "[]\n"
    started = time.monotonic()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                for name, status, position, score, state in json.loads(line):
                    assert status in ("accepted", "repeated")
                    told.setdefault(name, Answer(name, status, position, score, state))

    reader = threading.Thread(target=read)
    reader.start()
    if kill_after_s is not None:
        killer = threading.Timer(kill_after_s, process.kill)
        killer.start()
    pending = [row for row in rows if row["event_id"] not in told]
    try:
        for start in range(0, len(pending), 7):
            process.stdin.write(json.dumps(pending[start : start + 7]) + "\n")
            process.stdin.flush()
    except BrokenPipeError:
        assert kill_after_s is not None
    if kill_after_s is None:
        process.stdin.close()
    process.wait(120)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    reader.join()
    process.stdout.close()
    assert (process.returncode == 0) == (kill_after_s is None), time.monotonic() - started


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path, seed):
    rng = random.Random(seed)
    rows = client_rows(15_000, seed=seed, days=2.0)
    told: dict[str, Answer] = {}
    for _ in range(4):
        _serve(tmp_path, rows, told, rng.uniform(0.05, 1.2))
    _serve(tmp_path, rows, told, None)
    assert set(told) == {row["event_id"] for row in rows}
    store = open_store(tmp_path / "counts.sqlite")
    without = {name: Answer(name, answer.status, answer.position) for name, answer in told.items()}
    check_counts(tmp_path, CountLedger(store), without, rows, SETTINGS)
    held = CountLedger(store).first_answers(told)
    for name, answer in told.items():
        if answer.score is not None:
            assert (held[name].score, held[name].state) == (answer.score, answer.count_state)
    store.close()
