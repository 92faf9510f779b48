"""After the detection window no file of the service holds an address, a device or a session."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.access.retention.run import Retention, What
from zhenzan.clock import DAY_US
from zhenzan.counts.ledger import CountLedger
from zhenzan.events.hashing import hash_strings
from zhenzan.live import open_service
from zhenzan.live.retirement import Retirement
from zhenzan.live.settler import settle
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.testing.rows import START_US, client_rows

SETTINGS = replace(Settings(), ahead_s=10**8)
RAW = ("198.51.100.77", "2001:db8::c0:ffee", "device-raw-7f3a", "session-raw-91c2")

NEEDLES: dict[str, bytes] = {name: name.encode() for name in RAW}
NEEDLES |= {f"hash of {name}": bytes(hash_strings(pa.array([name]))) for name in RAW}
NEEDLES["number of the address"] = struct.pack("<I", (198 << 24) + (51 << 16) + (100 << 8) + 77)
"""What of a raw identifier may lie in a file: its text, its number, and its hash without a key."""


def part(seed: int, day: float, *, raw: bool) -> list[dict[str, object]]:
    rows = client_rows(120, seed=seed, days=0.4)
    for place, row in enumerate(rows):
        row["ts"] = int(row["ts"]) + int(day * DAY_US)
        if raw:
            row |= {"ip": RAW[place % 2], "device_id": RAW[2], "session_id": RAW[3]}
        else:
            row.pop("ip", None)  # a new address would take the place of an old one in memory
    return rows


def found_in(folder: Path) -> dict[str, set[str]]:
    """What each file holds, by its place; Parquet is unpacked first."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += repr(pq.read_table(path).to_pylist()).encode()
        if here := {name for name, needle in NEEDLES.items() if needle in content}:
            found[str(path.relative_to(folder))] = here
    return found


def test_nothing_raw_is_left_in_any_file_after_the_window(tmp_path):
    store = open_store(tmp_path / "counts.db")
    ledger = CountLedger(store)
    folder = tmp_path / "live"

    def take(rows: list[dict[str, object]]) -> None:
        service = open_service(folder, SETTINGS, ledger)
        service.submit(rows).result(60)
        service.close_segment()
        service.close()

    def remove(day: float) -> None:
        what = What(folder / "history", None, Retirement(folder, ledger, days=30))
        now_s = (START_US + day * DAY_US) / 1e6
        Retention(store, what, by="tests", clock=lambda: now_s).run()

    take(part(1, 0, raw=True))
    settle(folder, SETTINGS, ledger)
    remove(1)
    before = found_in(tmp_path)
    told = set().union(*before.values())
    assert told == set(NEEDLES), "within the window all of it is there, in one form or another"
    places = {place.split("/")[1] for place in before}
    assert {"journal", "history", "checkpoints"} <= places
    # A settler that was killed leaves links to the files of history that it read.
    link = folder / "settled" / "interactions"
    link.mkdir(exist_ok=True)
    (link / "0.parquet").hardlink_to(next((folder / "history").glob("*.parquet")))
    for number, day in enumerate((33.0, 34.5, 36.0)):
        take(part(2 + number, day, raw=False))
    remove(37)
    assert found_in(tmp_path) == {}
    store.close()
