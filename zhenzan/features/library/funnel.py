"""What else happens to an item or shop beside likes.

Likes against views, favourites, carts, purchases and comments (S0-11, S0-14, S1-18, S1-19),
reports after promotion (S3-21).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature

_ROWS: tuple[tuple[str, str, Kind, str], ...] = (
    ("item", "views", Kind.VIEW, "1h"),
    ("item", "views", Kind.VIEW, "24h"),
    ("item", "favorites", Kind.FAVORITE, "24h"),
    ("item", "carts", Kind.CART, "24h"),
    ("item", "purchases", Kind.PURCHASE, "24h"),
    ("item", "purchases", Kind.PURCHASE, "7d"),
    ("item", "comments", Kind.COMMENT, "24h"),
    ("item", "comments", Kind.COMMENT, "7d"),
    ("item", "shares", Kind.SHARE, "24h"),
    ("item", "reports", Kind.REPORT, "24h"),
    ("merchant", "views", Kind.VIEW, "24h"),
    ("merchant", "purchases", Kind.PURCHASE, "7d"),
)

FUNNEL: tuple[Feature, ...] = tuple(
    Feature(
        name=f"{subject}_{words}_{window}",
        key=(subject,),
        agg="count",
        kinds=(kind,),
        window=window,
        sentence=f"{words.capitalize()} of the {subject} in the last {window}.",
    )
    for subject, words, kind, window in _ROWS
)
"""Counts per stage of the funnel."""
