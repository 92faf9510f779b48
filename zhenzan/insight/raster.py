"""Account x time rasters: who liked when, one row an account, one mark a like.

A raster shows an item's likers with all their likes, on this item (long marks) and on any other
(short marks), because accounts that act together draw vertical stripes and people do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.insight.limits import (
    RASTER_ACCOUNTS_MAX,
    RASTER_COLUMNS,
    RASTER_LIKES_SCANNED_MAX,
    RASTER_MARKS_MAX,
)
from zhenzan.insight.outputs import Outputs, Row

STATES = ("counted", "held", "excluded")
ROW_HEIGHT = 4
"""Height of one account's row in the drawing's units; its marks are lower than that."""


@dataclass(frozen=True, slots=True)
class Raster:
    """One item's drawing: SVG path data by (count state, own item or other)."""

    number: int
    paths: Mapping[str, str]
    width: int
    height: int
    accounts_shown: int
    accounts_all: int
    start_us: int
    end_us: int


def rasters(outputs: Outputs, items: Sequence[str]) -> dict[str, Raster]:
    """Draw the raster of each item; sampling is even and repeatable."""
    if not items:
        return {}
    outputs.keep("raster_items", pa.table({"item_id": list(items)}))
    outputs.ask("CREATE OR REPLACE TEMP TABLE raster_rows AS " + _chosen_accounts())
    rows = outputs.ask("SELECT * FROM raster_rows ORDER BY item_id, place")
    marks = outputs.ask(
        f"""
        SELECT l.account_id, l.item_id, epoch_us(l.ts) AS t, l.count_state AS state
        FROM likes l SEMI JOIN raster_rows USING (account_id)
        ORDER BY l.ts, l.event_id LIMIT {RASTER_LIKES_SCANNED_MAX}
        """
    )
    by_account: dict[str, list[Row]] = {}
    for mark in marks:
        by_account.setdefault(mark["account_id"], []).append(mark)
    by_item: dict[str, list[Row]] = {}
    for row in rows:
        by_item.setdefault(row["item_id"], []).append(row)
    return {
        item: _draw(item, found, by_account, number=number)
        for number, (item, found) in enumerate(sorted(by_item.items()), start=1)
    }


def _chosen_accounts() -> str:
    """Choose each item's rows: evenly from all its likers, ordered by count state and time.

    Each state that occurs keeps at least a tenth of the rows, so that no state is invisible.
    """
    floor = RASTER_ACCOUNTS_MAX // 10
    return f"""
        WITH likers AS (
            SELECT item_id, account_id, min(ts) AS ts, arg_min(count_state, ts) AS state
            FROM likes SEMI JOIN raster_items USING (item_id)
            GROUP BY item_id, account_id
        ), numbered AS (
            SELECT *, row_number() OVER w AS n, count(*) OVER (PARTITION BY item_id, state) AS m,
                   count(*) OVER (PARTITION BY item_id) AS of_item
            FROM likers WINDOW w AS (PARTITION BY item_id, state ORDER BY ts, account_id)
        ), quota AS (
            SELECT *, least(m, greatest({floor},
                floor({RASTER_ACCOUNTS_MAX - 2 * floor} * m / of_item)))::BIGINT AS q
            FROM numbered
        )
        SELECT item_id, account_id, state, of_item, epoch_us(ts) AS t,
               row_number() OVER (
                   PARTITION BY item_id
                   ORDER BY CASE state WHEN 'excluded' THEN 0 WHEN 'held' THEN 1 ELSE 2 END,
                            ts, account_id) - 1 AS place
        FROM quota
        WHERE of_item <= {RASTER_ACCOUNTS_MAX} OR (n * q) // m > ((n - 1) * q) // m
    """


def _draw(
    item: str, rows: list[Row], by_account: Mapping[str, list[Row]], *, number: int
) -> Raster:
    """Place the marks of one item's rows on a grid and write one path for each kind of mark."""
    times = np.array([row["t"] for row in rows], dtype=np.int64)
    start, end = _window(times)
    span = max(1, end - start)
    cells: dict[str, dict[tuple[int, int], None]] = {}
    drawn = 0
    for own in (True, False):
        for row in rows:
            for mark in by_account.get(row["account_id"], []):
                if (mark["item_id"] == item) is not own or not start <= mark["t"] <= end:
                    continue
                if drawn >= RASTER_MARKS_MAX:
                    break
                x = (mark["t"] - start) * (RASTER_COLUMNS - 8) // span + 4
                kind = f"{mark['state']}-{'own' if own else 'other'}"
                before = cells.setdefault(kind, {})
                drawn += (x, row["place"]) not in before
                before[(x, row["place"])] = None
    return Raster(
        number=number,
        paths={kind: _path(kind, places) for kind, places in sorted(cells.items())},
        width=RASTER_COLUMNS,
        height=ROW_HEIGHT * len(rows),
        accounts_shown=len(rows),
        accounts_all=rows[0]["of_item"],
        start_us=start,
        end_us=end,
    )


def _window(times: NDArray[np.int64]) -> tuple[int, int]:
    """Show where the item's likes are, with a margin; far outliers do not squeeze the rest."""
    low, high = np.quantile(times, (0.01, 0.99)) if len(times) > 50 else (times.min(), times.max())
    margin = max(60_000_000, int(high - low) // 20)
    return int(low) - margin, int(high) + margin


def _path(kind: str, places: Mapping[tuple[int, int], None]) -> str:
    """Write marks as one path: a dot is counted, a dash is held, an upright tick is excluded."""
    half = {"own": ROW_HEIGHT * 0.42, "other": ROW_HEIGHT * 0.24}[kind.rsplit("-", 1)[1]]
    steps = []
    for x, row in places:
        y = row * ROW_HEIGHT + ROW_HEIGHT / 2
        if kind.startswith("excluded"):
            steps.append(f"M{x} {y - half:.1f}v{2 * half:.1f}")
        elif kind.startswith("held"):
            steps.append(f"M{x - 2} {y:g}h4")
        else:
            steps.append(f"M{x} {y:g}h0")
    return "".join(steps)
