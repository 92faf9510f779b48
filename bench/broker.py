"""Measures the way through a broker: ``python -m bench.broker [--rows N] [--batch N]``.

Interactions lie on a topic of noida-db, a broker for development, on this machine; the bridge
brings them to the live service and its answers and revisions back to topics. The broker is a
process of its own, and its CPU time is not counted. It answers a fetch at once where it should
wait for messages, so that an idle consumer asks it thousands of times a second; the client's CPU
time for that is in the figures, which are therefore too low.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import subprocess
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from zhenzan.broker.bridge import Bridge
from zhenzan.broker.options import BrokerOptions
from zhenzan.counts.ledger import CountLedger
from zhenzan.live.opening import open_service
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.testing.rows import client_rows

PARTITIONS = 4


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = str(files("noida_db").joinpath("noida-db"))
    process = subprocess.Popen(
        [program, "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1.0)
    return process, f"127.0.0.1:{port}"


def _fill(options: BrokerOptions, rows: int) -> None:
    admin = AdminClient({"bootstrap.servers": options.brokers})
    topics = (options.topic_in, options.topic_answers, options.topic_revisions, options.topic_dead)
    for done in admin.create_topics(
        [NewTopic(t, num_partitions=PARTITIONS) for t in topics]
    ).values():
        done.result()
    producer = Producer({"bootstrap.servers": options.brokers, "linger.ms": 20})
    # Within the lateness bound, since a backlog of several partitions is not read in its order.
    for row in client_rows(rows, seed=1, days=1 / 48):
        producer.produce(
            options.topic_in, json.dumps(row).encode(), str(row["account_id"]).encode()
        )
        producer.poll(0)
    producer.flush(60)


def measure(rows: int, batch: int) -> dict[str, Any]:
    """Bring rows through the broker and give the rate, and CPU seconds of service and bridge."""
    with tempfile.TemporaryDirectory() as folder:
        process, address = _start(Path(folder) / "broker")
        try:
            options = BrokerOptions(address, batch_rows=batch)
            _fill(options, rows)
            store = open_store(Path(folder) / "counts.db")
            ledger = CountLedger(store)
            service = open_service(Path(folder) / "live", Settings(), ledger)
            bridge = Bridge(options, service, ledger)
            cpu_s, wall_s = _cpu_s(), time.perf_counter()
            bridge.start()
            while True:
                figures = bridge.figures()
                done = sum(int(str(figures[n])) for n in ("accepted", "repeated", "refused"))
                if done >= rows and figures["pending_messages"] == 0:
                    break
                assert figures["trouble"] is None, figures["trouble"]
                time.sleep(0.05)
            answered_s, answered_cpu_s = time.perf_counter() - wall_s, _cpu_s() - cpu_s
            while bridge.figures()["revision_cursor"] != ledger.last_revision():
                time.sleep(0.05)
            told_s = time.perf_counter() - wall_s
            bridge.stop()
            service.close()
            store.close()
        finally:
            process.terminate()
            process.wait(20)
    return {
        "rows": rows,
        "batch_rows": batch,
        "rows_per_s": round(rows / answered_s),
        "rows_per_cpu_s": round(rows / answered_cpu_s),
        "seconds_until_revisions": round(told_s, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=500)
    told = parser.parse_args()
    print(json.dumps(measure(told.rows, told.batch), indent=2))


if __name__ == "__main__":
    main()
