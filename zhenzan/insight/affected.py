"""The items that lost most likes: claim, strongest reasons, funnel beside the category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from zhenzan.insight.limits import CATEGORY_ITEMS_MIN, ITEM_CARDS_MAX
from zhenzan.insight.outputs import Outputs, Row

REASONS_MAX = 3

STEPS: tuple[tuple[str, str, str], ...] = (
    ("like", "likes_claimed", "views"),
    ("favorite", "favorites", "likes_claimed"),
    ("cart", "carts", "likes_claimed"),
    ("purchase", "purchases", "likes_claimed"),
    ("comment", "comments", "likes_claimed"),
)
"""Steps of the funnel: name, what is counted, per hundred of what."""

SHOWN = ("views", "purchases", "comments", "category", "authentic_engagement")
"""Columns that a card shows; a log that does not record one leaves its place empty."""

REFUND_STEP = ("refund", "refunds", "purchases")
"""Shown beside the funnel: a good thing that rises while refunds rise is no good thing (S2-07)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason over all likes of an item that do not count."""

    code: str
    family: str
    likes: int
    value: float | None
    usual_low: float | None
    usual_high: float | None
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel per hundred, with the usual value and where it comes from."""

    name: str
    per: str
    value: float | None
    usual: float | None


@dataclass(frozen=True, slots=True)
class Affected:
    """One item with its numbers, reasons and funnel."""

    row: Row
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    compared_with: str
    """``category``, ``log`` or ``none``: where the usual values come from."""


def affected_items(outputs: Outputs) -> list[Affected]:
    """Give the items with most likes that do not count, most first."""
    rows = outputs.ask(
        f"""
        SELECT * REPLACE (
            epoch_us(first_ts) AS first_ts, epoch_us(last_ts) AS last_ts
        ) FROM items
        WHERE likes_excluded + likes_held > 0 AND item_id IS NOT NULL
        ORDER BY likes_excluded DESC, likes_held DESC, likes_claimed, item_id
        LIMIT {ITEM_CARDS_MAX}
        """
    )
    if not rows:
        return []
    outputs.keep("chosen_items", pa.table({"item_id": [row["item_id"] for row in rows]}))
    for row in rows:
        for name in SHOWN:
            row.setdefault(name, None)
    reasons = _reasons(outputs)
    usual = _usual(outputs)
    cards = []
    for row in rows:
        steps, compared = _steps(row, usual)
        cards.append(Affected(row, tuple(reasons.get(row["item_id"], [])), steps, compared))
    return cards


def _reasons(outputs: Outputs) -> dict[str, list[Reason]]:
    """Give each chosen item's strongest reasons: how many likes they carry times how strongly.

    The text is that of the like whose value is the median one, so that words and number agree.
    """
    if not outputs.has("likes", "reasons"):
        return {}
    rows = outputs.ask(
        f"""
        WITH of_likes AS (
            SELECT item_id, event_id, unnest(reasons) AS r
            FROM likes SEMI JOIN chosen_items USING (item_id)
            WHERE count_state <> 'counted'
        ), flat AS (
            SELECT item_id, event_id, r.code AS code, r.family AS family, r.value AS value,
                   r.usual_low AS low, r.usual_high AS high, abs(r.weight) AS weight,
                   r.text AS text, r.text_zh AS text_zh
            FROM of_likes WHERE r.side = 'for'
        ), ranked AS (
            SELECT *, row_number() OVER (
                       PARTITION BY item_id, code ORDER BY value, event_id) AS place,
                   count(*) OVER (PARTITION BY item_id, code) AS likes,
                   sum(weight) OVER (PARTITION BY item_id, code) AS strength
            FROM flat
        )
        SELECT item_id, code, family, value, low, high, text, text_zh, likes
        FROM ranked WHERE place = (likes + 1) // 2
        QUALIFY row_number() OVER (
            PARTITION BY item_id ORDER BY strength DESC, code) <= {REASONS_MAX}
        ORDER BY item_id, strength DESC, code
        """
    )
    found: dict[str, list[Reason]] = {}
    for row in rows:
        found.setdefault(row["item_id"], []).append(
            Reason(
                row["code"] or "",
                row["family"] or "",
                row["likes"],
                row["value"],
                row["low"],
                row["high"],
                row["text"] or "",
                row["text_zh"] or row["text"] or "",
            )
        )
    return found


def _usual(outputs: Outputs) -> dict[str | None, Row]:
    """Learn each category's medians; the whole log stands under None."""
    known = [step for step in (*STEPS, REFUND_STEP) if outputs.has("items", step[1], step[2])]
    medians = ", ".join(
        f"median(100.0 * {top} / {bottom}) FILTER ({bottom} > 0) AS {name}"
        for name, top, bottom in known
    )
    if not medians:
        return {}
    category = outputs.column("items", "category")
    sums = ", ".join(f"sum({top}) AS sum_{name}" for name, top, _ in known)
    rows = outputs.ask(
        f"""
        SELECT CAST({category} AS VARCHAR) AS category, grouping({category}) AS is_whole,
               count(*) AS items, {medians}, {sums}
        FROM items GROUP BY GROUPING SETS (({category}), ())
        """
        if outputs.has("items", "category")
        else f"SELECT NULL AS category, 1 AS is_whole, count(*) AS items, {medians}, {sums} "
        "FROM items"
    )
    whole = [row for row in rows if row["is_whole"]]
    return {row["category"]: row for row in rows if not row["is_whole"]} | {None: whole[0]}


def _steps(row: Row, usual: dict[str | None, Row]) -> tuple[tuple[Step, ...], str]:
    """Measure one item's funnel beside its category, or the log where the category is small."""
    whole = usual.get(None, {"items": 0})
    own = usual.get(row.get("category"), {"items": 0}) if row.get("category") else {"items": 0}
    beside, compared = (own, "category") if own["items"] >= CATEGORY_ITEMS_MIN else (whole, "log")
    if beside["items"] < CATEGORY_ITEMS_MIN:
        compared = "none"
    steps = []
    for name, top, bottom in (*STEPS, REFUND_STEP):
        if not whole.get(f"sum_{name}"):
            continue  # the log never records this step: nothing to compare
        count, of = row.get(top), row.get(bottom)
        value = 100.0 * count / of if count is not None and of else None
        middle = beside.get(name) if compared != "none" else None
        steps.append(Step(name, bottom, value, middle))
    return tuple(steps), compared


def item_ids(cards: Sequence[Affected]) -> list[str]:
    """List the items of the cards in order."""
    return [str(card.row["item_id"]) for card in cards]
