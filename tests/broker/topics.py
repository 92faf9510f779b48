"""A real broker on a free port, topics for a test, and readers of them."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from zhenzan.broker.bridge import Bridge
from zhenzan.broker.options import BrokerOptions
from zhenzan.counts.ledger import CountLedger
from zhenzan.live.interface import Service

PARTITIONS = 3
WAIT_S = 60.0
"""A message that takes longer is taken for lost; the machine may be busy."""

_numbers = itertools.count()


class DevBroker:
    """The broker of noida-db in a process of its own; what it holds outlives a stop, not a kill."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = str(files("noida_db").joinpath("noida-db"))
        Path(program).chmod(0o755)
        self._process = subprocess.Popen(
            [program, "start", "--only", "kafka", "--kafka-port", str(self.port),
             "--data-dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(lambda: _answers(self.address), "the broker to answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


def _answers(address: str) -> bool:
    try:
        return bool(client(AdminClient, address).list_topics(timeout=1).brokers)
    except KafkaException:
        return False


def client(kind: Any, address: str, **settings: object) -> Any:
    told = {"bootstrap.servers": address, "log_level": 0}
    return kind({**told, **{name.replace("_", "."): value for name, value in settings.items()}})


def until(true: Callable[[], bool], what: str, *, wait_s: float = WAIT_S) -> None:
    end = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def new_options(address: str, **changes: Any) -> BrokerOptions:
    name = f"t{next(_numbers)}"
    return BrokerOptions(
        address,
        **{
            "group": name,
            "topic_in": f"{name}-in",
            "topic_answers": f"{name}-answers",
            "topic_revisions": f"{name}-revisions",
            "topic_dead": f"{name}-dead",
            "batch_rows": 50,
            **changes,
        },
    )


def make_topics(options: BrokerOptions) -> None:
    topics = (options.topic_in, options.topic_answers, options.topic_revisions, options.topic_dead)
    admin = client(AdminClient, options.brokers)
    made = admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS) for topic in topics])
    for done in made.values():
        done.result()


def like(number: int, account: str = "a", **more: object) -> dict[str, object]:
    ts = f"2026-01-01T00:00:{number % 60:02d}Z"
    row = {"event_id": f"e{number}", "ts": ts, "kind": "like", "account_id": f"{account}{number}"}
    return {**row, "item_id": f"i{number % 5}", "merchant_id": "m0", **more}


def send(options: BrokerOptions, values: Iterable[object], *, partition: int = -1) -> None:
    """Put values on the topic of interactions: bytes as they are, anything else as JSON."""
    producer = client(Producer, options.brokers)
    for value in values:
        body = value if isinstance(value, bytes | None) else json.dumps(value).encode()
        told = {} if partition < 0 else {"partition": partition}
        producer.produce(options.topic_in, body, **told)
        producer.poll(0)
    assert producer.flush(WAIT_S) == 0


def read_topic(
    address: str, topic: str, count: int, *, distinct: Callable[[Message], object] = id
) -> list[Message]:
    """Read a topic from its start, until there are as many different messages as asked for.

    By default each differs from every other; a crash repeats some, which ``distinct`` tells.
    """
    reader = client(
        Consumer, address, group_id=f"reader{next(_numbers)}", auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=6_000,
    )  # fmt: skip
    reader.subscribe([topic])
    found: list[Message] = []
    end = time.monotonic() + WAIT_S
    while len({distinct(message) for message in found}) < count and time.monotonic() < end:
        found += [m for m in reader.consume(500, 0.1) if m.error() is None]
    reader.close()
    different = len({distinct(message) for message in found})
    assert different >= count, f"{different} of {count} messages on {topic}"
    return found


def bodies(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [json.loads(message.value() or b"null") for message in messages]


@contextmanager
def bridged(options: BrokerOptions, service: Service, ledger: CountLedger) -> Iterator[Bridge]:
    bridge = Bridge(options, service, ledger)
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()
