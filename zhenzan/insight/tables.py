"""Rows of the report's tables: items, accounts, merchants, rejects, how it was computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zhenzan.insight.limits import (
    REJECT_REASONS_MAX,
    REJECT_SAMPLES_MAX,
    SETTINGS_ROWS_MAX,
    TABLE_ROWS_MAX,
)
from zhenzan.insight.outputs import Outputs, Row

AES_COMPONENTS = (
    "dwell",
    "completion",
    "comment",
    "follow_up",
    "repurchase",
    "verified_buyer",
    "like",
)

_THRESHOLD_ENDINGS = ("_min", "_max", "_threshold")
"""Settings whose names end so decide about people; they stay out of the report (T16)."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The first rows of a table and how many there are in all."""

    rows: tuple[Row, ...]
    all: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """One reason why rows could not be read, with samples."""

    reason: str
    rows: int
    samples: tuple[Row, ...]


def items(outputs: Outputs) -> Listing:
    """List items by likes claimed, each with its rank by claim and by authentic engagement."""
    parts = [name for name in AES_COMPONENTS if outputs.has("items", name)]
    wanted = ["item_id", "merchant_id", "category", "views", "purchases", "comments", "shares",
              "favorites", "likes_claimed", "likes_counted", "likes_held", "likes_excluded",
              "likes_campaign", "contamination", "authentic_engagement"]  # fmt: skip
    columns = ", ".join(f"{outputs.column('items', name)} AS {name}" for name in wanted + parts)
    rows = outputs.ask(
        f"""
        SELECT {columns},
               rank() OVER (ORDER BY likes_claimed DESC) AS rank_claimed,
               rank() OVER (ORDER BY likes_counted DESC) AS rank_counted,
               CASE WHEN authentic_engagement IS NOT NULL THEN
                   rank() OVER (ORDER BY authentic_engagement DESC NULLS LAST) END AS rank_authentic
        FROM items
        ORDER BY likes_claimed DESC, item_id LIMIT {TABLE_ROWS_MAX}
        """
        if outputs.has("items", "authentic_engagement")
        else f"SELECT {columns}, NULL AS rank_authentic, rank() OVER (ORDER BY likes_claimed DESC) "
        f"AS rank_claimed FROM items ORDER BY likes_claimed DESC, item_id LIMIT {TABLE_ROWS_MAX}"
    )
    return Listing(tuple(rows), _count(outputs, "items"))


def accounts(outputs: Outputs) -> Listing:
    """List the accounts with most likes that do not count."""
    return _people(outputs, "accounts", "account_id", "likes")


def merchants(outputs: Outputs) -> Listing:
    """List merchants by likes claimed."""
    return _people(outputs, "merchants", "merchant_id", "likes_claimed")


def _people(outputs: Outputs, table: str, key: str, claimed: str) -> Listing:
    if not outputs.has(table, key, claimed):
        return Listing((), 0)
    order = f"{claimed} DESC" if table == "merchants" else "likes_excluded DESC, likes_held DESC"
    rows = outputs.ask(
        f"""
        SELECT * EXCLUDE ({_stamps(outputs, table)}), {key} AS id, {claimed} AS claimed
        FROM {table} WHERE {key} IS NOT NULL ORDER BY {order}, {key} LIMIT {TABLE_ROWS_MAX}
        """
        if _stamps(outputs, table)
        else f"SELECT *, {key} AS id, {claimed} AS claimed FROM {table} "
        f"WHERE {key} IS NOT NULL ORDER BY {order}, {key} LIMIT {TABLE_ROWS_MAX}"
    )
    for row in rows:
        row["components"] = components(row)
        row.setdefault("likes_held", 0)
        row["counted"] = row["claimed"] - row["likes_held"] - row["likes_excluded"]
    return Listing(tuple(rows), _count(outputs, table))


def _stamps(outputs: Outputs, table: str) -> str:
    return ", ".join(name for name in ("first_ts", "last_ts") if outputs.has(table, name))


_NOT_COMPONENTS = frozenset(("health", "id", "claimed", "items", "likes", "counted"))


def components(row: Row) -> dict[str, float]:
    """Collect the health components of a row: fields of a struct, or plain fractions beside it."""
    found: dict[str, float] = {}
    for name, value in row.items():
        nested = value if isinstance(value, dict) else {name: value}
        for part, level in nested.items():
            if isinstance(level, float) and part not in _NOT_COMPONENTS:
                found[part] = level
    return found


def rejects(outputs: Outputs) -> list[Rejected]:
    """Group what could not be read by reason, most frequent first, with a few samples."""
    if not outputs.has("rejects", "reason"):
        return []
    reasons = outputs.ask(
        f"SELECT reason, count(*) AS rows FROM rejects GROUP BY reason "
        f"ORDER BY rows DESC, reason LIMIT {REJECT_REASONS_MAX}"
    )
    samples = outputs.ask(
        f"""
        SELECT file, "row", reason, detail, left(raw, 2000) AS raw FROM rejects
        QUALIFY row_number() OVER (PARTITION BY reason ORDER BY file, "row")
            <= {REJECT_SAMPLES_MAX}
        ORDER BY file, "row"
        """
    )
    return [
        Rejected(
            str(found["reason"]),
            found["rows"],
            tuple(sample for sample in samples if sample["reason"] == found["reason"]),
        )
        for found in reasons
    ]


def computed(summary: Mapping[str, Any]) -> list[tuple[str, str | int | float]]:
    """Flatten the summary into (dotted name, value) rows, thresholds left out."""
    rows = [(name, value) for name, value in _flat("", summary) if not is_threshold(name)]
    return rows[:SETTINGS_ROWS_MAX]


def is_threshold(name: str) -> bool:
    """Say whether a setting decides about people and must stay out of a text they read."""
    last = name.rsplit(".", 1)[-1]
    return last.endswith(_THRESHOLD_ENDINGS) and ("score" in last or "threshold" in last)


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str | int | float]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner)
    elif isinstance(value, list | tuple):
        yield prefix, ", ".join(str(inner) for inner in value[:20] if not isinstance(inner, dict))
    elif isinstance(value, bool) or value is None:
        yield prefix, str(value)
    elif isinstance(value, int | float):
        yield prefix, value
    else:
        yield prefix, str(value)


def _count(outputs: Outputs, table: str) -> int:
    return int(outputs.ask(f"SELECT count(*) AS n FROM {table}")[0]["n"])
