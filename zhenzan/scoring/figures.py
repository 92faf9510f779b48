"""The figures of items, accounts, merchants and hours: a function of what was counted.

Scoring and the audit call the same functions, so after a revision every figure is what scoring
would have written had it known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.clock import HOUR_US
from zhenzan.events.state import CountState
from zhenzan.scoring.authenticity import authentic_engagement
from zhenzan.scoring.health import account_health, merchant_health

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Facts = Mapping[str, Any]
"""One array per name, one row per item, account or merchant."""

TS = pa.timestamp("us", tz="UTC")

PLURAL = {
    "view": "views", "favorite": "favorites", "cart": "carts", "purchase": "purchases",
    "comment": "comments", "share": "shares", "refund": "refunds", "report": "reports",
}  # fmt: skip
"""Kind of interaction to the column that counts it per item."""

ITEM_FACTS = (
    "item_id", "merchant_id", "category", *PLURAL.values(), "repurchases", "dwell_ms_sum",
    "dwell_views", "completion_sum", "completion_views", "comment_chars_sum",
    "comment_texts_distinct", "first_ts", "last_ts",
)  # fmt: skip
"""What is known of an item whatever its likes are worth; `item_figures` passes it on."""

ACCOUNT_FACTS = ("account_id", "kinds", "purchases", "first_ts", "last_ts")
"""The same of an account; ``verified`` where the platform says so, ``reasons`` where gathered."""

_SUMMED = ("favorites", "carts", "purchases", "refunds", "repurchases")


@dataclass(frozen=True, slots=True)
class Counted:
    """What figures need of every like, one row each.

    ``item``, ``account`` and ``merchant`` are places in the facts, -1 where the log names none.
    """

    ts: I64
    item: I32
    account: I32
    merchant: I32
    states: NDArray[np.int8]
    campaign: Bools
    verified_buyer: Bools


def item_figures(facts: Facts, likes: Counted) -> pa.Table:
    """Count the likes of each item and score its engagement; sorted by ``item_id``."""
    size = len(facts["item_id"])
    counts = _by_state(likes.item, likes.states, likes.campaign, size)
    verified = likes.verified_buyer & (likes.states == CountState.COUNTED) & (likes.item >= 0)
    counts["likes_verified_buyer"] = _count(likes.item, verified, size)
    columns: dict[str, Any] = {name: facts[name] for name in ITEM_FACTS[:3]}
    columns |= counts
    columns |= {name: facts[name] for name in ITEM_FACTS[3:]}
    claimed = np.maximum(counts["likes_claimed"], 1)
    columns["contamination"] = counts["likes_excluded"] / claimed
    inputs = dict(columns)
    _drop_silent_kinds(inputs)
    scores = authentic_engagement(pa.table(inputs))
    columns |= {name: scores[name] for name in scores.column_names}
    return pa.table(columns).sort_by("item_id")


def _drop_silent_kinds(inputs: dict[str, Any]) -> None:
    """A kind that the whole log never holds is missing, not zero (safety rule 3)."""
    for name in ("views", "favorites", "carts", "purchases", "comments", "shares", "refunds"):
        if not np.any(inputs[name]):
            del inputs[name]
    if "purchases" not in inputs:
        inputs.pop("repurchases", None)
        inputs.pop("likes_verified_buyer", None)


def account_figures(facts: Facts, likes: Counted) -> pa.Table:
    """Count the likes of each account and describe its health; sorted by ``account_id``."""
    nobody = np.zeros(len(likes.account), np.bool_)
    counts = _by_state(likes.account, likes.states, nobody, len(facts["account_id"]))
    columns: dict[str, Any] = {
        "account_id": facts["account_id"],
        "likes": counts["likes_claimed"],
        "likes_excluded": counts["likes_excluded"],
        "likes_held": counts["likes_held"],
    }
    columns |= {name: facts[name] for name in ACCOUNT_FACTS[1:]}
    if "verified" in facts:
        columns["verified"] = facts["verified"]
    health = account_health(pa.table(columns))
    if "reasons" in facts:
        columns["reasons"] = facts["reasons"]
    return _with_health(columns, health).sort_by("account_id")


def merchant_figures(merchants: Facts, owner: I32, items: Facts, likes: Counted) -> pa.Table:
    """Count the likes and items of each merchant and describe its health.

    Sorted by ``merchant_id``; a merchant without items and likes is left out.

    Parameters
    ----------
    merchants
        Column ``merchant_id``, and ``reasons`` where scoring has gathered them.
    owner
        Place of the merchant of each item in ``merchant_id``; -1 where the log names none.
    items
        The facts of the items.
    """
    size = len(merchants["merchant_id"])
    counts = _by_state(likes.merchant, likes.states, likes.campaign, size)
    told = owner >= 0
    held = np.bincount(owner[told], minlength=size)
    seen = np.flatnonzero(held + counts["likes_claimed"] > 0)
    places = pa.array(seen)
    columns: dict[str, Any] = {
        "merchant_id": merchants["merchant_id"].take(places),
        "items": held[seen],
    }
    columns |= {name: column[seen] for name, column in counts.items()}
    inputs = dict(columns)
    for name in _SUMMED:
        total = np.bincount(owner[told], np.asarray(items[name])[told], minlength=size)
        if total.any():
            inputs[name] = total[seen]
    if "reasons" in merchants:
        columns["reasons"] = merchants["reasons"].take(places)
    return _with_health(columns, merchant_health(pa.table(inputs))).sort_by("merchant_id")


def timeline(likes: Counted) -> pa.Table:
    """Count the likes of each hour from the first to the last."""
    first = int(likes.ts.min()) // HOUR_US if len(likes.ts) else 0
    hour = (likes.ts // HOUR_US - first).astype(np.int32)
    size = int(hour.max(initial=-1)) + 1
    counts = _by_state(hour, likes.states, likes.campaign, size)
    return pa.table({"hour": pa.array((np.arange(size) + first) * HOUR_US, TS), **counts})


def _with_health(columns: dict[str, Any], health: pa.Table) -> pa.Table:
    parts = [name for name in health.column_names if name != "health"]
    columns["health"] = health["health"]
    chunks = [health[name].combine_chunks() for name in parts]
    columns["components"] = pa.StructArray.from_arrays(chunks, names=parts)
    return pa.table(columns)


def _by_state(key: I32, states: NDArray[np.int8], campaign: Bools, size: int) -> dict[str, I64]:
    """Count likes per key: campaign likes apart (safety rule 7), the rest by count state."""
    return {
        "likes_claimed": _count(key, np.ones(len(key), np.bool_), size),
        "likes_counted": _count(key, (states == CountState.COUNTED) & ~campaign, size),
        "likes_held": _count(key, (states == CountState.HELD) & ~campaign, size),
        "likes_excluded": _count(key, (states == CountState.EXCLUDED) & ~campaign, size),
        "likes_campaign": _count(key, campaign, size),
    }


def _count(key: I32, mask: Bools, size: int) -> I64:
    return np.bincount(key[mask & (key >= 0)], minlength=size).astype(np.int64)
