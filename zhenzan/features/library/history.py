"""What an account did before: purchases, comments, views, and with this shop or category.

Consumption history (S1-08), category affinity (S1-09, S1-13), no browsing before the like
(S0-13, S2-14), single-purpose accounts (S0-04).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature


def _count(name: str, key: tuple[str, ...], window: str | None, *kinds: Kind) -> Feature:
    what = " or ".join(kind.word for kind in kinds) or "any"
    subject = "account" if len(key) == 1 else f"account with the {key[1]}"
    span = "since first seen" if window is None else f"in the last {window}"
    return Feature(
        name=name,
        key=key,
        agg="count",
        kinds=kinds,
        window=window,
        sentence=f"Interactions of the {subject} {span}; kinds: {what}.",
    )


_PAIR_SHOP = ("account", "merchant")
_PAIR_ITEM = ("account", "item")
_PAIR_CATEGORY = ("account", "category")

HISTORY: tuple[Feature, ...] = (
    _count("account_views_1h", ("account",), "1h", Kind.VIEW),
    _count("account_views_24h", ("account",), "24h", Kind.VIEW),
    _count("account_views_7d", ("account",), "7d", Kind.VIEW),
    _count("account_purchases", ("account",), None, Kind.PURCHASE),
    _count("account_comments_7d", ("account",), "7d", Kind.COMMENT),
    _count("account_merchant_likes_24h", _PAIR_SHOP, "24h", Kind.LIKE),
    _count("account_merchant_views_7d", _PAIR_SHOP, "7d", Kind.VIEW),
    _count("account_merchant_purchases", _PAIR_SHOP, None, Kind.PURCHASE),
    _count("account_item_views_1h", _PAIR_ITEM, "1h", Kind.VIEW),
    _count("account_item_views_24h", _PAIR_ITEM, "24h", Kind.VIEW),
    _count("account_item_events_24h", _PAIR_ITEM, "24h"),
    _count("account_category_views_7d", _PAIR_CATEGORY, "7d", Kind.VIEW),
    _count("account_category_events_7d", _PAIR_CATEGORY, "7d"),
    Feature(
        "account_dwell_24h",
        ("account",),
        "sum",
        (Kind.VIEW,),
        column="dwell_ms",
        window="24h",
        sentence="Time spent viewing by the account in the last 24h, in milliseconds.",
    ),
    Feature(
        "account_view_dwell_mean_24h",
        ("account",),
        "mean",
        (Kind.VIEW,),
        column="dwell_ms",
        window="24h",
        sentence="Mean dwell of the account's views in the last 24h, in milliseconds.",
    ),
    Feature(
        "account_item_dwell_24h",
        _PAIR_ITEM,
        "sum",
        (Kind.VIEW,),
        column="dwell_ms",
        window="24h",
        sentence="Time this account spent viewing this item in the last 24h, in milliseconds.",
    ),
    Feature(
        "account_like_share_7d",
        ("account",),
        "ratio",
        numerator="account_likes_7d",
        denominator="account_events_7d",
        sentence="Share of likes among the account's interactions in the last 7d.",
    ),
)
"""Counts and sums of what an account did."""
