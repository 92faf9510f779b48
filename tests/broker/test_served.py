"""``zhenzan serve --kafka`` as a process: killed in the middle, every count compared with the
truth.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Message
from topics import DevBroker, bodies, read_topic, send, until

from zhenzan.broker.options import BrokerOptions
from zhenzan.clock import generator
from zhenzan.counts.ledger import CountLedger
from zhenzan.store.engine import open_store

pytestmark = pytest.mark.slow

ROWS = 1_500


def interactions() -> list[dict[str, object]]:
    draw = generator(5)
    rows: list[dict[str, object]] = []
    for number in range(ROWS):
        item = int(draw.integers(40))
        rows.append(
            {
                "event_id": f"e{number}",
                "ts": 1_770_000_000_000_000 + number * 1_000_000,
                "kind": str(draw.choice(["view", "like", "like", "comment"])),
                "account_id": f"a{draw.integers(60)}",
                "item_id": f"i{item}",
                "merchant_id": f"m{item % 4}",
            }
        )
    return rows


def start(options: BrokerOptions, folder: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "zhenzan", "serve", "--data", str(folder), "--port", "0", "--json",
        "--kafka", options.brokers, "--group", options.group, "--topic-in", options.topic_in,
        "--topic-answers", options.topic_answers, "--topic-revisions", options.topic_revisions,
        "--topic-dead", options.topic_dead,
    ]  # fmt: skip
    with (folder.parent / "log").open("a") as log:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ}
        )


def stop(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.wait(120)
    assert process.stdout is not None
    process.stdout.close()


def applied(folder: Path) -> int:
    path = folder / "counts.db"
    if not path.is_file():
        return -1
    store = open_store(path, migrate=False)
    try:
        return CountLedger(store).applied_position()
    except Exception:  # the service is making the tables
        return -1
    finally:
        store.close()


def reached(process: subprocess.Popen[str], folder: Path, position: int) -> bool:
    assert process.poll() is None, (folder.parent / "log").read_text()[-3000:]
    return applied(folder) >= position


def test_a_service_killed_while_it_reads_a_topic_counts_each_interaction_once(
    dev_broker: DevBroker, options: BrokerOptions, tmp_path: Path
):
    rows, folder = interactions(), tmp_path / "data"
    draw = generator(6)
    # Some are sent twice, far apart, and some messages are no interactions at all.
    again = [rows[place] for place in draw.integers(0, ROWS, 150)]
    process = start(options, folder)
    try:
        send(options, [*rows[:900], b"{", *again[:70]])
        until(lambda: reached(process, folder, 200), "a part to be counted", wait_s=240)
    finally:
        stop(process, signal.SIGKILL)
    # This broker does not forget a member that was killed, as Kafka does after the timeout of its
    # session; its own restart, without a loss, makes it forget.
    dev_broker.stop()
    dev_broker.start()
    send(options, [*rows[900:], *again[70:], b"[]"])
    process = start(options, folder)
    likes = sum(row["kind"] == "like" for row in rows)
    try:
        until(lambda: reached(process, folder, ROWS - 1), "all to be counted", wait_s=240)
        # A crash repeats messages, so those that differ are waited for.
        address, key, value = options.brokers, Message.key, Message.value
        answers = bodies(read_topic(address, options.topic_answers, ROWS, distinct=key))
        letters = read_topic(address, options.topic_dead, 2, distinct=value)
        revisions = bodies(read_topic(address, options.topic_revisions, likes, distinct=key))
    finally:
        stop(process, signal.SIGTERM)
    assert process.returncode in (0, 128 + signal.SIGTERM), (tmp_path / "log").read_text()[-2000:]

    # Each was accepted at one position, whatever a crash repeated; later answers are the same.
    assert {answer["event_id"] for answer in answers} == {row["event_id"] for row in rows}
    # (A repeat of what is no like may have lost its answer, and then says no position.)
    told = {(a["event_id"], a["position"]) for a in answers if a["position"] is not None}
    assert len({event_id for event_id, _ in told}) == len({place for _, place in told}) == len(told)
    assert {event_id for event_id, _ in told} >= {
        r["event_id"] for r in rows if r["kind"] == "like"
    }
    assert {message.value() for message in letters} == {b"{", b"[]"}
    numbers = {row["revision"]: row["event_id"] for row in revisions}
    assert set(numbers) == set(range(1, likes + 1))
    store = open_store(folder / "counts.db")
    ledger = CountLedger(store)
    truth = Counter(row["item_id"] for row in rows if row["kind"] == "like")
    for item, count in truth.items():
        counters = ledger.counters("item", str(item))
        assert counters is not None and counters.likes.claimed == count
    assert ledger.applied_position() == ROWS - 1
    assert ledger.last_revision() == likes
    store.close()
    done = subprocess.run(
        [sys.executable, "-m", "zhenzan", "verify", "--data", str(folder), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)
