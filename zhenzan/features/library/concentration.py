"""Whether an item's likes come from few places.

Abnormally concentrated addresses (S0-15), devices and regions (S2-13), channels (S1-05, S1-17);
likes of one item from one address block, one channel.
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Agg, Feature

_WORDS = {"block": "address block", "device": "device", "channel": "channel"}


def _spread(column: str, agg: Agg, window: str) -> Feature:
    what = "Share of the most frequent" if agg == "top_share" else "Entropy in bits of the"
    return Feature(
        name=f"item_like_{column}_{agg}_{window}",
        key=("item",),
        agg=agg,
        kinds=(Kind.LIKE,),
        column=column,
        window=window,
        sentence=f"{what} {_WORDS[column]} among the item's likes in the last {window}.",
    )


def _likes(second: str, window: str) -> Feature:
    return Feature(
        name=f"item_{second}_likes_{window}",
        key=("item", second),
        agg="count",
        kinds=(Kind.LIKE,),
        window=window,
        sentence=f"Likes of this item through this {_WORDS[second]} in the last {window}.",
    )


CONCENTRATION: tuple[Feature, ...] = (
    _spread("block", "top_share", "1h"),
    _spread("block", "entropy", "24h"),
    _spread("device", "top_share", "24h"),
    _spread("channel", "top_share", "1h"),
    Feature(
        "item_like_accounts_24h",
        ("item",),
        "nunique",
        (Kind.LIKE,),
        column="account",
        window="24h",
        sentence="Different accounts among the item's likes in the last 24h.",
    ),
    _likes("block", "1h"),
    _likes("channel", "1h"),
)
"""Entropy, top share and pair counts of an item's likes."""
