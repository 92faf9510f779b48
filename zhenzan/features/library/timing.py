"""When: gaps between likes, age and idleness.

Mechanical timing (S1-12), hour concentration and start-stop growth (S2-05, S2-06), dormant
then active accounts (S3-12), age of an item against its growth (S0-07).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature

_LIKE = (Kind.LIKE,)

TIMING: tuple[Feature, ...] = (
    Feature(
        "account_like_min_gap_1h",
        ("account",),
        "min_gap",
        _LIKE,
        window="1h",
        sentence="Shortest time between two neighbouring likes of the account in the last hour.",
    ),
    Feature(
        "account_like_max_gap_1h",
        ("account",),
        "max_gap",
        _LIKE,
        window="1h",
        sentence="Longest time between two neighbouring likes of the account in the last hour.",
    ),
    Feature(
        "item_like_min_gap_1h",
        ("item",),
        "min_gap",
        _LIKE,
        window="1h",
        sentence="Shortest time between two neighbouring likes of the item in the last hour.",
    ),
    Feature(
        "item_like_max_gap_1h",
        ("item",),
        "max_gap",
        _LIKE,
        window="1h",
        sentence="Longest time between two neighbouring likes of the item in the last hour.",
    ),
    Feature(
        "account_age_seen",
        ("account",),
        "since_first",
        sentence="Time since the account was first seen.",
    ),
    Feature(
        "account_idle",
        ("account",),
        "since_last",
        sentence="Time since the account's previous interaction.",
    ),
    Feature(
        "item_age_seen",
        ("item",),
        "since_first",
        sentence="Time since the item was first seen.",
    ),
    Feature(
        "item_like_idle",
        ("item",),
        "since_last",
        _LIKE,
        sentence="Time since the item's previous like.",
    ),
)
"""Gaps, ages and idle times, in microseconds."""
