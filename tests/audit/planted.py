"""A small history with planted groups, and a search that finds them by their devices.

The audit takes any search for groups, so what it does with groups can be tested apart from how
they are found: here, accounts that share a device and like at least two items together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.audit.options import AuditOptions
from zhenzan.groups import schema
from zhenzan.groups.schema import Groups

DAY_US = 86_400_000_000
START_US = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
OPTIONS = AuditOptions(every_us=7 * DAY_US, window_us=21 * DAY_US)


def like(day: float, account: str, item: str, device: str | None = None) -> dict[str, object]:
    ts = START_US + int(day * DAY_US)
    return {
        "event_id": f"{account}-{item}-{ts}",
        "ts": ts,
        "kind": "like",
        "account_id": account,
        "item_id": item,
        "merchant_id": f"shop{item[-1]}",
        "category": "home",
        "device_id": device,
    }


def honest(days: int, *, seed: int = 1, per_day: int = 60) -> list[dict[str, object]]:
    """Likes of ordinary people, each on a device of their own."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(days):
        for _ in range(per_day):
            account, item = rng.integers(400), rng.integers(40)
            when = day + rng.random()
            rows.append(like(when, f"person{account}", f"item{item}", f"own{account}"))
    return rows


def act(day: float, members: list[str], items: list[str], device: str) -> list[dict[str, object]]:
    """All members like all items within minutes."""
    return [
        like(day + 0.0001 * (i * len(members) + m), account, item, device)
        for i, item in enumerate(items)
        for m, account in enumerate(members)
    ]


def write(rows: list[dict[str, object]], path: Path) -> Path:
    table = pa.Table.from_pylist(rows)
    ts = table["ts"].cast(pa.timestamp("us", tz="UTC"))
    table = table.set_column(table.column_names.index("ts"), "ts", ts)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def by_device(likes: pa.Table, options: AuditOptions) -> Groups:
    """Find every device shared by three accounts or more, and call it a scripted farm."""
    del options
    columns = {name: likes[name].to_numpy() for name in likes.column_names}
    parts: dict[str, list[dict[str, object]]] = {name: [] for name in schema.SCHEMAS}
    for device in np.unique(columns["device"][columns["device"] >= 0]):
        rows = np.flatnonzero(columns["device"] == device)
        accounts = np.unique(columns["account"][rows])
        if len(accounts) < 3:
            continue
        _describe(columns, rows, accounts, parts)
    tables = {
        name: pa.Table.from_pylist(rows, schema=schema.SCHEMAS[name])
        for name, rows in parts.items()
    }
    return Groups(**tables)


def _describe(columns, rows, accounts, parts):
    ts, item, account = columns["ts"][rows], columns["item"][rows], columns["account"][rows]
    items = np.unique(item)
    name = f"g{int(ts.min()) % 999_983:06d}{int(ts.sum() % 999_979):06d}{len(rows):04d}"
    # A planted club has two items, a planted farm more.
    benign = len(items) == 2
    span = {"first_us": int(ts.min()), "last_us": int(ts.max())}
    parts["groups"].append(
        {
            "group_id": name,
            "kind": "fan_club" if benign else "scripted_farm",
            "confidence": 0.9,
            "benign": benign,
            "size": len(accounts),
            "items": len(items),
            "merchants": len(items),
            "likes": len(rows),
            **span,
            "cohesion": len(rows) / (len(accounts) * len(items)),
            "log10_p": -20.0,
            "q_value": 1e-9,
            "order_asymmetry": 0.0,
            "supplier": None,
        }
    )
    for code in accounts:
        parts["members"].append(
            {
                "group_id": name,
                "account": code,
                "strength": 5.0,
                "likes": int((account == code).sum()),
                **span,
                "role": "executor",
            }
        )
    for code in items:
        owner = columns["merchant"][rows][item == code][0]
        parts["targets"].append(
            {
                "group_id": name,
                "item": code,
                "merchant": owner,
                "likes": int((item == code).sum()),
                "role": "beneficiary",
            }
        )
    parts["pairs"].append(
        {
            "group_id": name,
            "account_a": accounts[0],
            "account_b": accounts[1],
            "shared": len(items),
            "expected": 0.1,
            "surprise": 9.0,
            "gap_s": 10.0,
        }
    )
    for row in rows:
        parts["evidence"].append({"row": columns["row"][row], "group_id": name, "nats": 8.0})
