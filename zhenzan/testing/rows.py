"""Makes rows of the interaction contract as a client sends them: a small busy platform."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhenzan.clock import DAY_US, MINUTE_US, generator
from zhenzan.events.rejects import Rejects
from zhenzan.events.schema import KINDS
from zhenzan.events.sources.rows import rows_table
from zhenzan.events.validate import Validator
from zhenzan.live.wire import RECORD

START_US = 1_700_000_000_000_000

_KINDS = ("view", "like", "unlike", "comment", "register", "purchase", "favorite")
_SHARES = (0.2, 0.6, 0.04, 0.06, 0.03, 0.03, 0.04)
_TEXTS = ("L4L? like for like", "what a lovely lamp it is", "互赞群 加我", None)


def client_rows(count: int, *, seed: int, days: float = 1.0) -> list[dict[str, object]]:
    """Make rows in the order in which they arrive: some at one moment, some late, some very late.

    Parameters
    ----------
    days
        Time that they span.
    """
    rng = generator(seed)
    ts = START_US + np.sort(rng.integers(0, int(days * DAY_US), count))
    ts[1:] = np.where(rng.random(count - 1) < 0.1, ts[:-1], ts[1:])
    behind = rng.choice([0, 2 * MINUTE_US, 3 * 60 * MINUTE_US], count, p=[0.9, 0.07, 0.03])
    rows: list[dict[str, object]] = []
    for place in range(count):
        kind = str(rng.choice(_KINDS, p=_SHARES))
        assert kind in KINDS
        account, item = int(rng.integers(0, 40)), int(rng.integers(0, 25))
        row: dict[str, object] = {
            "event_id": f"{seed}-{place}",
            "ts": int(ts[place] - behind[place]),
            "kind": kind,
            "account_id": f"account {account}",
        }
        if kind != "register":
            row |= {"item_id": f"item {item}", "merchant_id": f"shop {item % 5}"}
            row["category"] = f"kind {item % 3}"
        if rng.random() < 0.8:
            row["device_id"] = f"device {account // 2}"
            row["ip"] = f"10.{account % 3}.0.{account}"
            row["session_id"] = f"session {account}-{place // 50}"
        if kind == "view":
            row |= {"dwell_ms": int(rng.integers(100, 60_000)), "completion": float(rng.random())}
        if kind == "comment":
            row["text"] = _TEXTS[int(rng.integers(0, len(_TEXTS)))]
        if rng.random() < 0.05:
            row["campaign_id"] = "spring"
        rows.append(row)
    return rows


def canonical(rows: list[dict[str, object]]) -> pa.Table:
    """Turn rows, all of them sound, into what the journal keeps of them."""
    raw, faults = rows_table(rows)
    rejects = Rejects()
    places = np.arange(len(rows))
    table = Validator(rejects).check(raw, rows=places, file="", file_index=0, raw=raw)
    assert not faults and not rejects.rows_count, "sound rows are wanted here"
    return table.select(RECORD.names)
