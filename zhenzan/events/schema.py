"""The interaction contract: its columns, its kinds, and the optional side tables.

Public and stable. Source: design.md, "The interaction contract"; rows S0-11, S2-12.
"""

from __future__ import annotations

import enum

import pyarrow as pa


class Kind(enum.IntEnum):
    """What an account did; the number is the code that kernels see."""

    REGISTER = 0
    SIGN_IN = 1
    VIEW = 2
    LIKE = 3
    UNLIKE = 4
    FAVORITE = 5
    CART = 6
    PURCHASE = 7
    REFUND = 8
    COMMENT = 9
    SHARE = 10
    FOLLOW = 11
    REPORT = 12

    @property
    def word(self) -> str:
        """The word used in logs and mappings."""
        return self.name.lower()


KINDS: dict[str, Kind] = {kind.word: kind for kind in Kind}

INTERACTION = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("ts", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string()),
        pa.field("merchant_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("device_id", pa.string()),
        pa.field("ip", pa.string()),
        pa.field("session_id", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("dwell_ms", pa.int32()),
        pa.field("completion", pa.float32()),
        pa.field("amount_cents", pa.int64()),
        pa.field("text", pa.string()),
        pa.field("campaign_id", pa.string()),
        pa.field("task_id", pa.string()),
    ]
)

REQUIRED: tuple[str, ...] = tuple(field.name for field in INTERACTION if not field.nullable)

ACCOUNTS = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("verified", pa.bool_()),
        pa.field("region", pa.string()),
    ]
)

ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("author_id", pa.string()),
    ]
)
