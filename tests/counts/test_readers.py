"""Readers beside a writer: whatever moment they see, it is a whole one."""

from __future__ import annotations

import threading

from sqlalchemy import func, select

from zhenzan.counts.interface import STATES, LikeState, Revision
from zhenzan.counts.ledger import CountLedger
from zhenzan.store.engine import Store
from zhenzan.store.tables.counts import COUNTERS, LIKES, PROGRESS
from zhenzan.store.tables.counts import STATES as HISTORY

BATCHES = 25
ROWS = 12


def _moment(store: Store) -> tuple[int, int, int, int, int]:
    """Likes, their sum over items and over accounts, states, and the last revision."""
    columns = [COUNTERS.c[name] for name in (*STATES, "withdrawn")]
    total = func.coalesce(func.sum(sum(columns[1:], columns[0])), 0)
    with store.reading() as connection:
        likes = connection.scalar(select(func.count()).select_from(LIKES))
        sums = [
            connection.scalar(select(total).where(COUNTERS.c.subject == subject))
            for subject in ("item", "account")
        ]
        states = connection.scalar(select(func.count()).select_from(HISTORY))
        last = connection.scalar(select(PROGRESS.c.value).where(PROGRESS.c.name == "revision"))
    return int(likes or 0), int(sums[0]), int(sums[1]), int(states or 0), int(last or 0)


def test_no_reader_sees_half_a_batch(store: Store):
    ledger = CountLedger(store)
    done = threading.Event()
    seen: list[tuple[int, int, int, int, int]] = []

    def read() -> None:
        while not done.is_set():
            seen.append(_moment(store))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for batch in range(BATCHES):
            first = batch * ROWS
            likes = [
                LikeState(
                    f"e{first + n}", first + n, n, f"a{n % 5}", f"i{n % 3}", None, False,
                    STATES[n % 3], 0.5, n,
                )
                for n in range(ROWS)
            ]  # fmt: skip
            ledger.apply(first, first + ROWS - 1, likes)
            ledger.revise([Revision(like.event_id, "held", 0.4, 9, "settled") for like in likes])
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert len(set(seen)) > 2
    for likes_count, items, accounts, states, last in seen:
        assert likes_count % ROWS == 0
        assert items == accounts == likes_count
        assert states == last
