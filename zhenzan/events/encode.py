"""Turns canonical rows into batches of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import DAY_US
from zhenzan.events.addresses import read_addresses
from zhenzan.events.batch import KEYS, Forgotten, LogBatch, joined
from zhenzan.events.codes import CodeTable, Idleness
from zhenzan.events.hashed import HashedRows
from zhenzan.events.network import UNKNOWN, Networks
from zhenzan.events.tables import AccountFacts, ItemFacts
from zhenzan.events.wording import solicits, text_hashes

COLUMN_OF: dict[str, str] = {
    "account": "account_id",
    "item": "item_id",
    "merchant": "merchant_id",
    "category": "category",
    "device": "device_id",
    "ip": "ip",
    "session": "session_id",
    "channel": "channel",
    "campaign": "campaign_id",
    "task": "task_id",
}
"""The contract column behind each key; ``block`` is derived from ``ip``."""

KEPT: frozenset[str] = frozenset({"account", "item", "merchant", "category", "channel"})
"""Keys whose strings can be had back from their codes; outputs name them."""


RECYCLED: tuple[str, ...] = ("device", "ip", "session")
"""Keys whose codes are given back once they are idle: they are many, and no output names them.
Blocks are not among them, since accounts remember their home networks for good."""

IDLE_US = 8 * DAY_US
"""How long a key may rest before its code is given back: the longest window and a day."""


class Encoder:
    """Owns the code tables of a run and the facts that hang on address codes."""

    def __init__(
        self,
        *,
        accounts: AccountFacts | None = None,
        items: ItemFacts | None = None,
        networks: Networks | None = None,
    ) -> None:
        self.tables: dict[str, CodeTable] = {key: CodeTable(keep=key in KEPT) for key in KEYS}
        self.accounts = accounts
        self.items = items
        self.bad_addresses_count = 0
        self._networks = networks or Networks()
        self._ipv4 = np.zeros(1 << 10, np.uint32)
        self._block_key = np.zeros(1 << 10, np.uint64)
        self._network_class = np.full(1 << 10, UNKNOWN, np.int8)
        self._asn = np.full(1 << 10, -1, np.int64)
        self._region = np.full(1 << 10, -1, np.int32)
        # Regions of accounts and of addresses are compared by name, so they share their codes.
        regions = accounts.regions if accounts is not None else CodeTable()
        self._region_codes = regions.encode(self._networks.region_names)
        self._idle = {key: Idleness() for key in RECYCLED}
        self._now_us = 0
        self._swept_us = 0

    @property
    def ipv4(self) -> NDArray[np.uint32]:
        """View the IPv4 number behind each ip code; 0 for IPv6 and for what is no address."""
        return self._ipv4[: len(self.tables["ip"])]

    @property
    def network_class(self) -> NDArray[np.int8]:
        """View the network class behind each ip code; -1 where nothing is known."""
        return self._network_class[: len(self.tables["ip"])]

    @property
    def asn(self) -> NDArray[np.int64]:
        """View the autonomous system behind each ip code; -1 where nothing is known."""
        return self._asn[: len(self.tables["ip"])]

    @property
    def sweep_due_us(self) -> int:
        """Say from which time on a batch gives idle codes back before it is encoded.

        Whoever wants answers that do not depend on how a stream is cut ends a batch with the first
        row at or after this time.
        """
        return self._swept_us + DAY_US

    def encode(self, parts: Sequence[HashedRows], *, late: bool) -> LogBatch:
        """Encode rows that are sorted and free of duplicates into one batch."""
        forgotten = None if late else self._forget()
        batch = joined([self._encode(part, late=late) for part in parts if len(part)], forgotten)
        for key, idle in self._idle.items():
            idle.touch(getattr(batch, key), batch.ts, floor_us=self._now_us if late else 0)
        if not late:
            self._now_us = int(batch.ts[-1])
        return batch

    def _forget(self) -> Forgotten | None:
        """Give idle codes back, once a day of event time, so that looking costs little."""
        if self._now_us - self._swept_us < DAY_US:
            return None
        self._swept_us = self._now_us
        before_us = self._now_us - IDLE_US
        codes = {key: idle.take(before_us) for key, idle in self._idle.items()}
        for key, idle_codes in codes.items():
            self.tables[key].forget(idle_codes)
        # What stood behind an idle address is gone with it: no checkpoint is to hold it.
        self._ipv4[codes["ip"]] = 0
        self._block_key[codes["ip"]] = 0
        return Forgotten(before_us, codes)

    def _encode(self, rows: HashedRows, *, late: bool) -> LogBatch:
        codes: dict[str, NDArray[Any]] = {
            key: self.tables[key].encode_hashed(rows.hashes[column], partial(rows.strings, column))
            for key, column in COLUMN_OF.items()
        }
        if self.accounts is not None:
            self.accounts.extend(self.tables["account"])
        if self.items is not None:
            self._fill_from_items(self.items, codes)
        codes["block"] = self._blocks(codes["ip"], rows)
        text_hash, text_chars, asks = _texts(rows)
        return LogBatch(
            event_id=rows.strings("event_id"),
            **rows.numbers,
            text_hash=text_hash,
            text_chars=text_chars,
            late=np.full(len(rows), late, np.bool_),
            network_class=self._classes(codes["ip"]),
            region=self._regions(codes["account"], codes["ip"]),
            solicits=asks,
            forgotten=None,
            **codes,
        )

    def _blocks(self, ip: NDArray[np.int32], rows: HashedRows) -> NDArray[np.int32]:
        table = self.tables["ip"]
        if len(table.fresh):
            number, block, garbage = read_addresses(rows.strings("ip", table.fresh))
            self.bad_addresses_count += garbage
            self._ipv4 = grown(self._ipv4, len(table))
            self._block_key = grown(self._block_key, len(table))
            self._ipv4[ip[table.fresh]] = number
            self._block_key[ip[table.fresh]] = block
            self._network_class = grown(self._network_class, len(table))
            self._asn = grown(self._asn, len(table))
            self._network_class[ip[table.fresh]] = self._networks.classes_of(number)
            self._asn[ip[table.fresh]] = self._networks.asn_of(number)
            if len(self._region_codes):
                at = self._networks.regions_of(number)
                self._region = grown(self._region, len(table))
                self._region[ip[table.fresh]] = np.where(at >= 0, self._region_codes[at], -1)
        keys = np.where(ip >= 0, self._block_key[np.maximum(ip, 0)], np.uint64(0))
        return self.tables["block"].encode_hashed(keys)

    def _classes(self, ip: NDArray[np.int32]) -> NDArray[np.int8]:
        classes = self._network_class[np.maximum(ip, 0)]
        return np.where(ip >= 0, classes, UNKNOWN).astype(np.int8)

    def _regions(self, account: NDArray[np.int32], ip: NDArray[np.int32]) -> NDArray[np.int32]:
        region = np.full(len(account), -1, np.int32)
        if len(self._region_codes):
            region = np.where(ip >= 0, self._region[np.maximum(ip, 0)], -1).astype(np.int32)
        if self.accounts is None:
            return region
        own = self.accounts.region[account]
        return np.where(own >= 0, own, region).astype(np.int32)

    def _fill_from_items(self, items: ItemFacts, codes: dict[str, NDArray[np.int32]]) -> None:
        """Take merchant and category from the items table where the log leaves them out."""
        items.extend(self.tables["item"], self.tables["merchant"], self.tables["category"])
        item = codes["item"]
        for key, facts in (("merchant", items.merchant), ("category", items.category)):
            gap = (codes[key] < 0) & (item >= 0)
            if gap.any():
                codes[key][gap] = facts[item[gap]]


def _texts(
    rows: HashedRows,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]:
    """Hash texts, count their characters as written, and mark those that trade in likes."""
    hashes, chars = np.zeros(len(rows), np.int64), np.full(len(rows), -1, np.int32)
    asks = np.zeros(len(rows), np.bool_)
    told = np.flatnonzero(rows.hashes["text"])
    if len(told):
        # Many comments are word for word the same.
        _, first, text_of = np.unique(
            rows.hashes["text"][told], return_index=True, return_inverse=True
        )
        text = rows.strings("text", told[first])
        hashes[told] = text_hashes(text).view(np.int64)[text_of]
        chars[told] = pc.utf8_length(text).to_numpy()[text_of]
        asks[told] = solicits(text)[text_of]
    return hashes, chars, asks
