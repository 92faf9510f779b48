"""Account x time rasters: who liked when, one row an account, one mark a like.

A raster shows accounts with all their likes, on the items it is about (long marks) and on any
other (short marks), because accounts that act together draw vertical stripes and people do not.
It is about one item and its likers, or about the targets of a group and its members.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    """One drawing: SVG path data by (count state, own item or other)."""

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
    by_account = likes_of(outputs, "raster_rows")
    by_item: dict[str, list[Row]] = {}
    for row in rows:
        by_item.setdefault(row["item_id"], []).append(row)
    return {
        item: draw(
            [row["account_id"] for row in found],
            by_account,
            {item},
            window=time_window([row["t"] for row in found]),
            accounts_all=found[0]["of_item"],
            number=number,
        )
        for number, (item, found) in enumerate(sorted(by_item.items()), start=1)
    }


def likes_of(outputs: Outputs, table: str, *, when: str = "true") -> dict[str, list[Row]]:
    """Read the likes of the accounts of a kept table, by account in time order.

    ``when`` may narrow them by columns of the like ``l`` and of the table's row ``r``. At most
    ``RASTER_LIKES_SCANNED_MAX`` likes are read, the earliest.
    """
    marks = outputs.ask(
        f"""
        SELECT l.account_id, l.item_id, epoch_us(l.ts) AS t, l.count_state AS state
        FROM likes l SEMI JOIN {table} r ON l.account_id = r.account_id AND {when}
        ORDER BY l.ts, l.event_id LIMIT {RASTER_LIKES_SCANNED_MAX}
        """
    )
    by_account: dict[str, list[Row]] = {}
    for mark in marks:
        by_account.setdefault(mark["account_id"], []).append(mark)
    return by_account


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


def draw(
    accounts: Sequence[str],
    by_account: Mapping[str, Sequence[Row]],
    own_items: Collection[str],
    *,
    window: tuple[int, int],
    accounts_all: int,
    number: int,
) -> Raster:
    """Place marks on a grid, one row an account, and write one path for each kind of mark.

    Parameters
    ----------
    accounts
        The rows from top to bottom.
    by_account
        Likes of each account: ``item_id``, ``t`` in microseconds and ``state``.
    own_items
        Items whose likes get the long marks.
    window
        Start and end in microseconds; what lies outside is not drawn.
    accounts_all
        How many accounts there are, drawn or not.
    number
        Names the drawing within the page.
    """
    start, end = window
    span = max(1, end - start)
    cells: dict[str, dict[tuple[int, int], None]] = {}
    drawn = 0
    for own in (True, False):
        for row, account in enumerate(accounts):
            for mark in by_account.get(account, []):
                if (mark["item_id"] in own_items) is not own or not start <= mark["t"] <= end:
                    continue
                if drawn >= RASTER_MARKS_MAX:
                    break
                x = (mark["t"] - start) * (RASTER_COLUMNS - 8) // span + 4
                kind = f"{mark['state']}-{'own' if own else 'other'}"
                before = cells.setdefault(kind, {})
                drawn += (x, row) not in before
                before[(x, row)] = None
    return Raster(
        number=number,
        paths={kind: _path(kind, places) for kind, places in sorted(cells.items())},
        width=RASTER_COLUMNS,
        height=ROW_HEIGHT * len(accounts),
        accounts_shown=len(accounts),
        accounts_all=accounts_all,
        start_us=start,
        end_us=end,
    )


def time_window(moments: Sequence[int]) -> tuple[int, int]:
    """Show where the likes are, with a margin; far outliers do not squeeze the rest."""
    times: NDArray[np.int64] = np.array(moments, dtype=np.int64)
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
