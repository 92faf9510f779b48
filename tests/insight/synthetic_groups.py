"""Adds groups, and the likes that they gave, to an output folder, for the tests of the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.groups.schema import BENIGN_KINDS, KINDS
from zhenzan.groups.tables import GROUPS, MEMBERS, PAIRS, TARGETS

DAY0_US = 1_780_272_000_000_000
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US


@dataclass(frozen=True, slots=True)
class Shape:
    """How one group looks: its kind, its size, how tightly and in which order it acts."""

    kind: str
    members: int
    targets: int
    spread_s: float
    in_order: bool = False
    supplier: str | None = None
    days: float = 2.0


USUAL = (
    Shape("scripted_farm", 31, 12, 240.0, in_order=True, supplier="pool-1"),
    Shape("paid_crowd", 80, 9, 5_400.0, supplier="pool-1"),
    Shape("mutual_help_ring", 14, 14, 40_000.0),
    Shape("fan_club", 45, 20, 9_000.0),
    Shape("dormitory", 6, 5, 900.0),
)


def many(count: int, *, large: int = 20) -> tuple[Shape, ...]:
    """Make ``count`` groups of every kind in turn, the first ``large`` of them large."""
    return tuple(
        Shape(
            KINDS[n % len(KINDS)],
            140 if n < large else 5,
            40 if n < large else 4,
            300.0,
            supplier=f"pool-{n % 9}",
        )
        for n in range(count)
    )


def write_groups(
    folder: Path, shapes: tuple[Shape, ...] = USUAL, *, names: str = "member-{}", seed: int = 5
) -> Path:
    """Write the four tables of groups and add the members' likes to ``likes.parquet``."""
    rng = np.random.Generator(np.random.PCG64(seed))
    items = pq.read_table(folder / "items.parquet")["item_id"].to_pylist()
    tables: dict[str, list[dict[str, object]]] = {"g": [], "m": [], "t": [], "p": []}
    likes: list[dict[str, object]] = []
    for number, shape in enumerate(shapes):
        _add(number, shape, tables, likes, items, names, rng)
    for name, rows, schema in (
        ("groups", tables["g"], GROUPS),
        ("group_members", tables["m"], MEMBERS),
        ("group_targets", tables["t"], TARGETS),
        ("group_pairs", tables["p"], PAIRS),
    ):
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    _append(folder / "likes.parquet", likes)
    return folder


def _add(number, shape, tables, likes, items, names, rng):  # type: ignore[no-untyped-def]
    group_id = f"g{number:03d}-{rng.integers(1 << 32):08x}"
    start = DAY0_US + int(rng.integers(0, 12)) * HOUR_US
    accounts = [names.format(f"{number}-{m}") for m in range(shape.members)]
    chosen = [items[int(i)] for i in rng.choice(len(items), min(shape.targets, len(items)), False)]
    wave = np.sort(rng.uniform(0, shape.days * 24 * HOUR_US, len(chosen)))
    first, last, given = {}, {}, 0
    for place, item in enumerate(chosen):
        lag = rng.exponential(shape.spread_s, shape.members) * SECOND_US
        lag = np.sort(lag) if shape.in_order else lag
        for m in np.flatnonzero(rng.random(shape.members) < 0.85):
            ts = start + int(wave[place] + lag[m])
            account = accounts[m]
            first[account] = min(first.get(account, ts), ts)
            last[account] = max(last.get(account, ts), ts)
            given += 1
            state = "counted" if shape.kind in BENIGN_KINDS else rng.choice(["excluded", "held"])
            likes.append(_like(ts, account, item, str(state)))
    for account in accounts:
        for item in rng.choice(items, rng.integers(0, 6)):
            ts = start + int(rng.uniform(0, shape.days * 24)) * HOUR_US
            if item not in chosen:
                likes.append(_like(ts, account, str(item), "counted"))
    low, high = min(first.values()), max(last.values())
    merchants = len({items.index(i) % 7 for i in chosen})
    tables["g"].append(
        {
            "group_id": group_id, "kind": shape.kind, "confidence": 0.6 + 0.39 / (number + 1),
            "benign": shape.kind in BENIGN_KINDS, "size": shape.members, "items": len(chosen),
            "merchants": merchants, "likes": given, "first_ts": low, "last_ts": high,
            "cohesion": given / (shape.members * len(chosen)), "log10_p": -41.2 + number / 20,
            "q_value": 10.0 ** min(-2.3, -38 + number), "supplier": shape.supplier,
            "order_asymmetry": 0.83 if shape.in_order else 0.06,
        }
    )  # fmt: skip
    lead = "distributor" if shape.supplier else "executor"
    tables["m"] += [
        {
            "group_id": group_id, "account_id": account, "strength": 40.0 - m, "likes": 9,
            "first_ts": first.get(account, low), "last_ts": last.get(account, low),
            "role": "supplier" if m == 0 and shape.supplier else lead if m < 3 else "executor",
        }
        for m, account in enumerate(accounts)
    ]  # fmt: skip
    tables["t"] += [
        {
            "group_id": group_id, "item_id": item,
            "merchant_id": f"merchant-{items.index(item) % 7}",
            "likes": 20, "role": "camouflage" if place == 0 else "beneficiary",
        }
        for place, item in enumerate(chosen)
    ]  # fmt: skip
    tables["p"] += [
        {
            "group_id": group_id, "account_a_id": accounts[m], "account_b_id": accounts[m + 1],
            "shared": len(chosen) - 1, "expected": 0.02, "surprise": 60.0 - m,
            "gap_s": shape.spread_s,
        }
        for m in range(shape.members - 1)
    ]  # fmt: skip


def _like(ts: int, account: str, item: str, state: str) -> dict[str, object]:
    return {"ts": ts, "account_id": account, "item_id": item, "count_state": state}


def _append(path: Path, likes: list[dict[str, object]]) -> None:
    table = pq.read_table(path)
    columns: dict[str, pa.Array] = {}
    for field in table.schema:
        values = [like.get(field.name) for like in likes]
        if field.name == "event_id":
            columns[field.name] = pa.array([f"g{n:07d}" for n in range(len(likes))], field.type)
        elif field.name in ("score", "campaign", "late", "withdrawn"):
            columns[field.name] = pa.array([0] * len(likes)).cast(field.type)
        elif field.name == "count_state_at_once":
            columns[field.name] = pa.array([like["count_state"] for like in likes]).cast(field.type)
        elif pa.types.is_dictionary(field.type):
            columns[field.name] = pa.array(values, pa.string()).cast(field.type)
        else:
            columns[field.name] = pa.array(values, field.type)
    added = pa.table([columns[name] for name in table.column_names], schema=table.schema)
    both = pa.concat_tables([table, added]).unify_dictionaries()
    pq.write_table(both.sort_by("ts"), path)
