"""The platform's own history as a table of the contract, and its parts in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.errors import SchemaError, SourceError
from zhenzan.events.batch import LogBatch
from zhenzan.events.ingest import Ingest
from zhenzan.events.schema import ACCOUNTS, INTERACTION, KINDS
from zhenzan.features.library import FEATURES
from zhenzan.settings import Settings

TRAIN, CALIBRATE, TEST = "train", "calibrate", "test"
_ENDS = {TRAIN: 0.55, CALIBRATE: 0.775, TEST: 1.0}
_EMBARGO_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class History:
    """A log with its side tables.

    ``table`` holds the contract's columns, sorted by (ts, event_id). ``accounts`` is the side
    table of accounts, ``items`` and ``networks`` are files; each None where there is none.
    """

    table: pa.Table
    accounts: pa.Table | None = None
    items: Path | None = None
    networks: Path | None = None

    def span_us(self) -> tuple[int, int]:
        """Give the times of the first and the last interaction."""
        ts = self.table["ts"].cast(pa.int64())
        return pc.min(ts).as_py(), pc.max(ts).as_py()

    def before(self, cut_us: int) -> History:
        """Return the history as it was known before a time."""
        known = pc.less(self.table["ts"].cast(pa.int64()), cut_us)
        return replace(self, table=self.table.filter(known))

    def without(self, fields: Iterable[str]) -> History:
        """Return the history as a platform would have it that does not log these fields.

        ``network``: devices, addresses and sessions; ``visits``: looks; ``age``: the accounts'.
        """
        table, accounts = self.table, self.accounts
        for field in fields:
            if field == "network":
                for name in ("device_id", "ip", "session_id"):
                    place = table.schema.get_field_index(name)
                    table = table.set_column(
                        place, INTERACTION.field(name), pa.nulls(len(table), pa.string())
                    )
            elif field == "visits":
                table = table.filter(pc.not_equal(table["kind"], "view"))
            elif field == "age":
                accounts = None
        return replace(self, table=table, accounts=accounts)


@dataclass(frozen=True, slots=True)
class Split:
    """Parts of a history in time order, each [start, end), with an embargo between them.

    ``embargo_wanted_us`` is the longest window of the features. A history too short for it gets a
    twentieth of its length, and the model card says so: windows then reach over the gap, but each
    part has attacks of its own, and no label does.
    """

    parts: dict[str, tuple[int, int]]
    embargo_us: int
    embargo_wanted_us: int

    def of(self, ts: NDArray[np.int64]) -> NDArray[np.str_]:
        """Name the part of each time; empty inside an embargo."""
        names = np.full(len(ts), "", dtype="<U9")
        for name, (start, end) in self.parts.items():
            names[(ts >= start) & (ts < end)] = name
        return names


def split(history: History) -> Split:
    """Split a history into parts for training, calibration and testing.

    Raises
    ------
    SchemaError
        It is shorter than two days.
    """
    first, last = history.span_us()
    length = last + 1 - first
    if length < 2 * DAY_US:
        raise SchemaError("the history is shorter than two days", hint="train on a longer one")
    wanted = max(feature.window_us or 0 for feature in FEATURES)
    embargo = min(wanted, int(_EMBARGO_SHARE * length))
    parts, start = {}, first
    for name, share in _ENDS.items():
        end = last + 1 if share == 1.0 else first + int(share * length)
        parts[name] = (start, end)
        start = end + embargo
    return Split(parts, embargo, wanted)


def read_history(
    source: str,
    *,
    mapping: str | None = None,
    accounts: Path | None = None,
    items: Path | None = None,
    networks: Path | None = None,
) -> History:
    """Read a log into a table.

    A Parquet file in the contract's columns is read as it is. Everything else goes through
    ``events``, which keeps no texts: signals of texts then say nothing.

    Raises
    ------
    SourceError
        The log cannot be opened.
    SchemaError
        It holds no like.
    """
    table = _direct(source) if mapping is None else None
    if table is None:
        table = _through_events(source, mapping)
    if not pc.any(pc.equal(table["kind"], "like")).as_py():
        raise SchemaError("the history holds no like")
    table = table.sort_by([("ts", "ascending"), ("event_id", "ascending")])
    side = None if accounts is None else _accounts(accounts)
    return History(table, side, items, networks)


def _direct(source: str) -> pa.Table | None:
    path = Path(source)
    if not path.is_file():
        return None
    try:
        names = set(pq.read_schema(path).names)
        if not {"event_id", "ts", "kind", "account_id"} <= names:
            return None
        known = [name for name in INTERACTION.names if name in names]
        table = pq.read_table(path, columns=known)
    except (OSError, ValueError):
        return None
    columns = [
        table[field.name].cast(field.type)
        if field.name in known
        else pa.chunked_array([pa.nulls(len(table), field.type)])
        for field in INTERACTION
    ]
    return pa.Table.from_arrays(columns, schema=INTERACTION)


def _accounts(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"`{path}` cannot be read: {error}") from error
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.chunked_array([pa.nulls(len(table), field.type)])
        for field in ACCOUNTS
    ]
    return pa.Table.from_arrays(columns, schema=ACCOUNTS)


def _through_events(source: str, mapping: str | None) -> pa.Table:
    ingest = Ingest(source, Settings(), mapping=mapping)
    parts = [_decoded(batch, ingest) for batch in ingest]
    ingest.refuse_unreadable()
    return pa.concat_tables(parts) if parts else INTERACTION.empty_table()


def _addresses(ip: NDArray[np.int32], ipv4: NDArray[np.uint32]) -> pa.Array:
    """Write addresses; one that is not IPv4 becomes an address of its own in a private block."""
    number = np.where(ip >= 0, ipv4[np.maximum(ip, 0)] if len(ipv4) else 0, 0).astype(np.int64)
    number = np.where((number == 0) & (ip >= 0), (10 << 24) + (ip.astype(np.int64) << 8), number)
    parts = [pa.array(number >> shift & 255).cast(pa.string()) for shift in (24, 16, 8, 0)]
    written = pc.binary_join_element_wise(*parts, ".")
    return pc.if_else(pa.array(ip >= 0), written, None)


def _decoded(batch: LogBatch, ingest: Ingest) -> pa.Table:
    """Turn a batch back into rows; names that events do not keep become their codes."""
    words = sorted(KINDS, key=lambda word: int(KINDS[word]))
    named = {
        name if name in ("category", "channel") else f"{name}_id": ingest.tables[name].strings(
            getattr(batch, name)
        )
        for name in ("account", "item", "merchant", "category", "channel")
    }
    for name in ("device", "session", "campaign", "task"):
        codes = getattr(batch, name)
        named[f"{name}_id"] = pa.array(codes, mask=codes < 0).cast(pa.string())
    named["ip"] = _addresses(batch.ip, ingest.ipv4)
    completion = batch.completion_permille.astype(np.float32) / 1_000.0
    columns = {
        "event_id": batch.event_id,
        "ts": pa.array(batch.ts),
        "kind": pa.array(np.array(words)[batch.kind]),
        **named,
        "dwell_ms": pa.array(batch.dwell_ms, mask=batch.dwell_ms < 0),
        "completion": pa.array(completion, mask=completion < 0),
        "amount_cents": pa.array(batch.amount_cents, mask=batch.amount_cents == 0),
        "text": pa.nulls(len(batch), pa.string()),
    }
    arrays = [columns[field.name].cast(field.type) for field in INTERACTION]
    return pa.Table.from_arrays(arrays, schema=INTERACTION)
