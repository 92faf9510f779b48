"""The likes of a log, coded once and kept in time order on disk.

Strings become codes while the log is read; windows then hold numbers only, and names are looked
up again where outputs are written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.events.batch import LogBatch
from zhenzan.events.hashing import hash_strings
from zhenzan.events.ingest import Ingest
from zhenzan.events.schema import Kind
from zhenzan.groups import schema
from zhenzan.groups.authors import authors_of
from zhenzan.groups.schema import MISSING
from zhenzan.scoring.ahead import ahead

_CODED = ("account", "item", "merchant", "category", "device", "block", "channel")
_RECYCLED = ("device",)
_HASHED = tuple(key for key in _CODED if key not in _RECYCLED)
_NAMED = ("account", "item", "merchant", "category")
_ROW_GROUP = 262_144
_UNSEEN_US = 1 << 62

Report = Callable[[float], None]
"""Called with the part of the log that has been read, 0 to 1."""


class History:
    """Likes in time order, numbered from 0, as `read_history` left them in a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = pq.ParquetFile(folder / "likes.parquet")
        self.path = folder / "likes.parquet"
        self.facts: dict[str, Any] = json.loads((folder / "facts.json").read_text("utf-8"))
        self._codes = {key: pq.read_table(folder / f"{key}.parquet") for key in _HASHED}
        self._registered_us = self._codes["account"]["registered_us"].to_numpy()
        self.created_us = self._codes["item"]["created_us"].to_numpy()
        self._authors = tuple(self._codes[key]["author"].to_numpy() for key in ("item", "merchant"))
        meta = self._file.metadata
        rows = [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
        ts = [meta.row_group(k).column(1).statistics for k in range(meta.num_row_groups)]
        self._first = np.array([one.min for one in ts], np.int64)
        self._last = np.array([one.max for one in ts], np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def first_us(self) -> int:
        """The time of the first like; 0 where there is none."""
        return int(self._first[0]) if len(self) else 0

    @property
    def last_us(self) -> int:
        """The time of the last like; -1 where there is none."""
        return int(self._last[-1]) if len(self) else -1

    def row_at(self, ts_us: int) -> int:
        """Give the number of the first like at ``ts_us`` or later."""
        group = int(np.searchsorted(self._last, ts_us, side="left"))
        if group == len(self._last):
            return len(self)
        ts = self._file.read_row_group(group, ["ts"])["ts"].to_numpy()
        return int(self._starts[group] + np.searchsorted(ts, ts_us, side="left"))

    def likes(self, start_us: int, end_us: int) -> pa.Table:
        """Read the likes in [start, end), with the columns of ``groups.schema.LIKES``.

        A registration at ``end_us`` or later is not known yet.
        """
        first, last = self.row_at(start_us), self.row_at(end_us)
        table = self._rows(first, last, ["ts", *_CODED, "campaign"])
        account = table["account"].to_numpy()
        registered = np.where(account >= 0, self._registered_us[account], MISSING)
        registered = np.where(registered < end_us, registered, MISSING)
        columns = {name: table[name] for name in table.column_names}
        columns["row"] = pa.array(np.arange(first, last))
        columns["registered_us"] = pa.array(registered)
        item, merchant = table["item"].to_numpy(), table["merchant"].to_numpy()
        columns["author"] = pa.array(authors_of(item, merchant, *self._authors))
        return pa.table({name: columns[name] for name in schema.LIKES.names}).cast(schema.LIKES)

    def event_ids(self, rows: NDArray[np.int64]) -> pa.Array:
        """Give the ids of the likes with these ascending numbers."""
        parts = [pa.array([], pa.string())]
        for group in range(len(self._first)):
            low, high = np.searchsorted(rows, self._starts[group : group + 2])
            if low < high:
                ids = self._file.read_row_group(group, ["event_id"])["event_id"].combine_chunks()
                parts.append(ids.take(pa.array(rows[low:high] - self._starts[group])))
        return pa.concat_arrays(parts)

    def strings(self, key: str) -> Callable[[NDArray[np.int32]], pa.Array]:
        """Give what turns the codes of one key into strings, a missing one into null."""
        names = self._codes[key]["name"].combine_chunks()

        def named(codes: NDArray[np.int32]) -> pa.Array:
            if not len(names):
                return pa.nulls(len(codes), pa.string())
            return names.take(pa.array(np.maximum(codes, 0), mask=codes < 0)).cast(pa.string())

        return named

    def digest(self, start_us: int, end_us: int, *, after: str) -> str:
        """Chain a digest over the content of the likes in [start, end); codes do not show."""
        digest = hashlib.blake2b(after.encode(), digest_size=16)
        first, last = self.row_at(start_us), self.row_at(end_us)
        for begin in range(first, last, _ROW_GROUP):
            part = self._rows(
                begin, min(begin + _ROW_GROUP, last), ["event_id", "ts", *_CODED, "campaign"]
            )
            ids = hash_strings(part["event_id"].combine_chunks())
            columns = [ids, part["ts"].to_numpy(), part["campaign"].to_numpy()]
            for key in _HASHED:
                known = np.append(self._codes[key]["hash"].to_numpy(), np.uint64(0))
                columns.append(known[part[key].to_numpy()])
            # Numbered by first appearance, so that the numbers follow from the content.
            columns += [part[key].to_numpy() for key in _RECYCLED]
            matrix = np.stack([c.astype(np.int64, copy=False).view(np.uint64) for c in columns], 1)
            digest.update(np.ascontiguousarray(matrix).tobytes())
        return digest.hexdigest()

    def _rows(self, first: int, last: int, columns: list[str]) -> pa.Table:
        low = max(int(np.searchsorted(self._starts, first, side="right")) - 1, 0)
        high = int(np.searchsorted(self._starts, last, side="left"))
        if first >= last:
            return self._file.schema_arrow.empty_table().select(columns)
        table = self._file.read_row_groups(list(range(low, high)), columns)
        return table.slice(first - int(self._starts[low]), last - first).combine_chunks()


def read_history(ingest: Ingest, folder: Path, report: Report) -> None:
    """Read a log to its end and write its likes, coded, to ``folder``."""
    writer = _Writer(folder)
    registered = np.zeros(0, np.int64)
    for batch in ahead(ingest):
        assert not batch.late.any(), "files are merged by time, so nothing in them is late"
        registered = grown(registered, int(batch.account.max(initial=-1)) + 1, fill=_UNSEEN_US)
        told = batch.kind == Kind.REGISTER
        np.minimum.at(registered, batch.account[told], batch.ts[told])
        writer.add(batch)
        report(ingest.done)
    writer.close()
    ingest.refuse_unreadable()
    _write_codes(ingest, folder, registered)
    counts = {name: value for name, value in ingest.counts.as_dict().items() if name != "files"}
    (folder / "facts.json").write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n")


class _Lasting:
    """Numbers that last for codes that are given back once they are idle for days.

    A device that comes back after that is a new one here.
    """

    def __init__(self) -> None:
        self._number = np.zeros(0, np.int32)
        self._used = 0

    def number(self, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Number codes in the order in which they first appear; a missing one stays so."""
        self._number = grown(self._number, int(codes.max(initial=-1)) + 1, fill=MISSING)
        told = codes[codes >= 0]
        fresh, first = np.unique(told[self._number[told] < 0], return_index=True)
        fresh = fresh[np.argsort(first)]
        self._number[fresh] = np.arange(self._used, self._used + len(fresh))
        self._used += len(fresh)
        return np.append(self._number, np.int32(MISSING))[codes]

    def forget(self, codes: NDArray[np.int32]) -> None:
        """Let codes stand for something new from here on."""
        self._number[codes[codes < len(self._number)]] = MISSING


class _Writer:
    """Writes likes in row groups of the same size, whatever the size of the batches."""

    def __init__(self, folder: Path) -> None:
        fields = [pa.field("event_id", pa.string()), pa.field("ts", pa.int64())]
        fields += [pa.field(key, pa.int32()) for key in _CODED]
        fields += [pa.field("campaign", pa.int8())]
        self._schema = pa.schema(fields)
        self._writer = pq.ParquetWriter(folder / "likes.parquet", self._schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._lasting = {key: _Lasting() for key in _RECYCLED}

    def add(self, batch: LogBatch) -> None:
        """Take in the likes of a batch."""
        if batch.forgotten is not None:
            for key in _RECYCLED:
                self._lasting[key].forget(batch.forgotten.codes[key])
        is_like = (batch.kind == Kind.LIKE) & (batch.item >= 0)
        if not is_like.any():
            return
        columns = [batch.event_id.filter(pa.array(is_like)), pa.array(batch.ts[is_like])]
        for key in _CODED:
            codes = getattr(batch, key)[is_like]
            lasting = self._lasting.get(key)
            columns.append(pa.array(lasting.number(codes) if lasting else codes))
        columns += [pa.array((batch.campaign[is_like] >= 0).astype(np.int8))]
        self._waiting.append(pa.table(columns, schema=self._schema))
        self._rows += len(columns[0])
        while self._rows >= _ROW_GROUP:
            table = pa.concat_tables(self._waiting)
            self._writer.write_table(table.slice(0, _ROW_GROUP), _ROW_GROUP)
            self._waiting = [table.slice(_ROW_GROUP)]
            self._rows -= _ROW_GROUP

    def close(self) -> None:
        """Write what waits."""
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._waiting), _ROW_GROUP)
        self._writer.close()


def _write_codes(ingest: Ingest, folder: Path, registered: NDArray[np.int64]) -> None:
    for key in _HASHED:
        codes = ingest.tables[key]
        count = len(codes)
        columns: dict[str, Any] = {"hash": codes.hashes()}
        if key in _NAMED:
            columns["name"] = codes.strings(np.arange(count, dtype=np.int32))
        if key == "account":
            known = grown(registered, count, fill=_UNSEEN_US)[:count]
            told = np.full(count, MISSING, np.int64)
            told[: len(ingest.created_us)] = ingest.created_us[:count]
            columns["registered_us"] = np.where(
                known < _UNSEEN_US, known, np.where(told >= 0, told, MISSING)
            )
        if key == "item":
            created = np.full(count, MISSING, np.int64)
            if ingest.items is not None:
                created[: len(ingest.items)] = ingest.items.created_at_us[:count]
            columns["created_us"] = created
            columns["author"] = ingest.item_authors()
        if key == "merchant":
            columns["author"] = ingest.merchant_accounts()
        pq.write_table(pa.table(columns), folder / f"{key}.parquet", compression="zstd")
