"""Whatever fails, no acknowledged interaction is lost and none is counted twice.

A seed decides what the clients send, when the process ends, how a write is torn, when the disk is
full or fails to sync, and when the database is away. An oracle that knows nothing of the service
but its journal then checks every count; the journal itself must hold all that was acknowledged.
"""

from __future__ import annotations

import contextlib
import errno
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zhenzan.counts.ledger import CountLedger
from zhenzan.errors import Overloaded, Unavailable
from zhenzan.live import open_service
from zhenzan.live.interface import Answer
from zhenzan.live.pipeline import LiveService
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.testing.faults import FaultyDisk, FaultyLedger
from zhenzan.testing.oracle import check_counts
from zhenzan.testing.rows import client_rows

SETTINGS = replace(Settings(), checkpoint_rows=150, group_rows_max=64, ahead_s=10**8)
LIVES = 4


def _send(
    service: LiveService, rows: list[dict[str, object]], rng: np.random.Generator
) -> list[tuple[list[dict[str, object]], Future[list[Answer]]]]:
    """Send rows in small calls, some of them twice, as clients whose answer was lost do."""
    sent = []
    at = 0
    while at < len(rows):
        part = rows[at : at + int(rng.integers(1, 24))]
        at += len(part)
        for _ in range(2 if rng.random() < 0.2 else 1):
            try:
                sent.append((part, service.submit(part)))
            except (Unavailable, Overloaded):
                return sent
    return sent


def _acknowledged(
    sent: list[tuple[list[dict[str, object]], Future[list[Answer]]]], wait_s: float
) -> dict[str, Answer]:
    told: dict[str, Answer] = {}
    end = time.monotonic() + wait_s
    for rows, done in sent:
        with contextlib.suppress(Unavailable, TimeoutError):
            for row, answer in zip(
                rows, done.result(max(end - time.monotonic(), 0.0)), strict=True
            ):
                assert answer.status in ("accepted", "repeated"), answer
                assert answer.event_id == row["event_id"]
                known = told.setdefault(answer.event_id, answer)
                assert answer.score in (known.score, None)
    return told


def _started(folder: Path, ledger: FaultyLedger, disk: FaultyDisk) -> LiveService:
    """Start the service; where the disk failed at the start, start it again."""
    while True:
        try:
            return open_service(folder, SETTINGS, ledger, disk=disk)
        except OSError as error:
            assert not disk.crashed
            assert error.errno in (errno.ENOSPC, errno.EIO)


def _live_through(seed: int, folder: Path) -> None:
    rng = np.random.default_rng(seed)
    rows = client_rows(240 * LIVES, seed=seed, days=3.0)
    told: dict[str, Answer] = {}
    for life in range(LIVES + 1):
        store = open_store(folder / "counts.sqlite")
        last = life == LIVES
        disk = FaultyDisk(
            np.random.default_rng([seed, life]),
            crash_at=None if last or rng.random() < 0.2 else int(rng.integers(2, 40)),
            full_share=0.0 if last else float(rng.choice([0.0, 0.1])),
            unsynced_share=0.0 if last else float(rng.choice([0.0, 0.02])),
        )
        away = 0.0 if last else float(rng.choice([0.0, 0.3]))
        ledger = FaultyLedger(CountLedger(store), rng, away_share=away)
        ledger.away = False
        service = _started(folder, ledger, disk)
        ledger.away = True
        # Clients send what they have no answer to, in the last life until all is answered.
        for _ in range(2):
            pending = [row for row in rows[: 240 * (life + 1)] if row["event_id"] not in told]
            told |= _acknowledged(_send(service, pending, rng), 20.0)
        if disk.crashed or not last:
            ledger.gone = True
            disk.power_off()
            service.abandon()
        else:
            service.close()
        store.close()
    assert set(told) == {row["event_id"] for row in rows}
    store = open_store(folder / "counts.sqlite")
    check_counts(folder, CountLedger(store), told, rows, SETTINGS)
    store.close()


@pytest.mark.parametrize("seed", [2])
def test_nothing_acknowledged_is_lost_or_counted_twice(tmp_path, seed):
    _live_through(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 30))
def test_nothing_acknowledged_is_lost_or_counted_twice_over_many_seeds(tmp_path, seed):
    _live_through(seed, tmp_path)
