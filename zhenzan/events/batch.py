"""A batch: interactions as arrays of numbers, the only form that kernels see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

KEYS: tuple[str, ...] = (
    "account",
    "item",
    "merchant",
    "category",
    "device",
    "ip",
    "block",
    "session",
    "channel",
    "campaign",
    "task",
)
"""Columns that hold codes: dense non-negative int32 numbers, -1 where the log says nothing.

A code stands for a string while the log is read; it carries no information of its own
(rule 5 of design.md) and may differ between two runs over the same log.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Interactions of closed ticks, sorted by ``ts``; all arrays have the same length.

    ``ts`` is in microseconds since 1970 (UTC). ``block`` is the address block: the /24 of an
    IPv4 address, the /48 of an IPv6 address. ``dwell_ms``, ``completion_permille`` and
    ``text_chars`` are -1 where missing; ``amount_cents`` and ``text_hash`` are 0 where missing.
    ``late`` marks rows that came after the lateness bound. Peers (equal ``ts``) never span two
    batches, late ones excepted.
    """

    event_id: pa.Array
    ts: I64
    kind: I8
    account: I32
    item: I32
    merchant: I32
    category: I32
    device: I32
    ip: I32
    block: I32
    session: I32
    channel: I32
    campaign: I32
    task: I32
    dwell_ms: I32
    completion_permille: I16
    amount_cents: I64
    text_hash: I64
    text_chars: I32
    late: Bools

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True)
class LogBatch(Batch):
    """A batch as it comes from a log.

    ``network_class`` is that of the row's address: -1 unknown, 0 ordinary, 1 hosting, 2 VPN.
    ``region`` is a code of the account's region, else of its address's; -1 unknown.
    ``solicits`` marks rows whose text asks for likes or offers them.
    ``forgotten`` says what to forget before the batch is taken in; None if nothing.
    """

    network_class: I8
    region: I32
    solicits: Bools
    forgotten: Forgotten | None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Codes that were given back: from here on they may stand for other strings.

    They are those that no interaction has held since ``before_us``, by column; whoever keeps
    state by them forgets it.
    """

    before_us: int
    codes: Mapping[str, I32]


_COLUMNS = tuple(column.name for column in fields(Batch))


def joined(parts: Sequence[LogBatch], forgotten: Forgotten | None) -> LogBatch:
    """Put batches behind each other into one."""
    if len(parts) == 1:
        return replace(parts[0], forgotten=forgotten)
    columns = {
        name: [getattr(part, name) for part in parts]
        for name in (*_COLUMNS, "network_class", "region", "solicits")
    }
    ids = pa.concat_arrays(columns.pop("event_id"))
    whole = {name: np.concatenate(rows) for name, rows in columns.items()}
    return LogBatch(event_id=ids, forgotten=forgotten, **whole)
