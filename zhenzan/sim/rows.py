"""Rows under construction: one array per column, codes in place of strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

HONEST, ATTACK, CAMOUFLAGE = 0, 1, 2
ROLES: tuple[str, ...] = ("honest", "attack", "camouflage")

_DEFAULTS: dict[str, tuple[type, float]] = {
    "ts": (np.int64, 0),
    "kind": (np.int8, 0),
    "account": (np.int32, -1),
    "item": (np.int32, -1),
    "device": (np.int32, -1),
    "ip": (np.int64, -1),
    "session": (np.int64, -1),
    "channel": (np.int8, -1),
    "dwell_ms": (np.int32, -1),
    "completion": (np.float32, np.nan),
    "amount_cents": (np.int64, -1),
    "text": (np.int32, -1),
    "campaign": (np.int32, -1),
    "task": (np.int32, -1),
    "role": (np.int8, HONEST),
    "order": (np.int16, -1),
    "twin": (np.int8, -1),
    "group": (np.int32, -1),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Interactions and their labels; every array has the same length, -1 (or NaN) is null."""

    ts: I64
    kind: I8
    account: I32
    item: I32
    device: I32
    ip: I64
    session: I64
    channel: I8
    dwell_ms: I32
    completion: F32
    amount_cents: I64
    text: I32
    campaign: I32
    task: I32
    role: I8
    order: I16
    twin: I8
    group: I32

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def make(cls, count: int, **columns: Any) -> Rows:
        """Build ``count`` rows from arrays and single values; what is not named is null."""
        made: dict[str, Any] = {}
        for name, (dtype, default) in _DEFAULTS.items():
            made[name] = np.array(
                np.broadcast_to(np.asarray(columns.pop(name, default)), (count,)), dtype=dtype
            )
        assert not columns, f"unknown columns {sorted(columns)}"
        return cls(**made)

    @classmethod
    def join(cls, parts: Sequence[Rows]) -> Rows:
        """Put rows of several sources behind each other."""
        if not parts:
            return cls.make(0)
        return cls(
            **{
                row.name: np.concatenate([getattr(part, row.name) for part in parts])
                for row in fields(cls)
            }
        )

    def take(self, chosen: NDArray[Any]) -> Rows:
        """Keep the rows that a mask or an index array names."""
        return Rows(**{row.name: getattr(self, row.name)[chosen] for row in fields(self)})

    def with_(self, **columns: Any) -> Rows:
        """Replace columns by arrays or single values."""
        kept = {
            row.name: getattr(self, row.name) for row in fields(self) if row.name not in columns
        }
        return Rows.make(len(self), **kept, **columns)
