"""Tables of the count-state ledger: likes, their histories, counters, and how far they reach.

A row of `STATES` is never changed or removed (S1-15: an excluded like keeps its row and reason).
`LIKES` holds the latest of them and `COUNTERS` the sums; both follow from the histories alone.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from zhenzan.store.tables.metadata import METADATA

_STATES = "('counted', 'held', 'excluded')"

LIKES = Table(
    "likes",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("ts_us", BigInteger, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("item_id", Text),
    Column("merchant_id", Text),
    Column("campaign", Boolean, nullable=False),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    Column("score", Double, nullable=False),
    Column("as_of_us", BigInteger, nullable=False),
    Column("group_id", Text),
    Column("rule_version", Text),
    Column("model_version", Text),
    Column("seq", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    CheckConstraint(f"state IN {_STATES}", name="state"),
    # An unlike looks for the likes of its account on its item.
    Index(None, "account_id", "item_id"),
    Index(
        "ix_likes_group_id",
        "group_id",
        sqlite_where=text("group_id IS NOT NULL"),
        postgresql_where=text("group_id IS NOT NULL"),
    ),
)
"""Each like as it stands; ``cause`` is what made the answer, never ``unlike``, while ``seq`` and
``revision`` are those of its latest state, whatever made it."""

STATES = Table(
    "like_states",
    METADATA,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, ForeignKey("likes.event_id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_before", Text),
    Column("withdrawn", Boolean, nullable=False),
    Column("score", Double, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("as_of_us", BigInteger, nullable=False),
    Column("group_id", Text),
    Column("rule_version", Text),
    Column("model_version", Text),
    Column("position", BigInteger),
    UniqueConstraint("event_id", "seq"),
    CheckConstraint(f"state IN {_STATES}", name="state"),
)
"""The history of every like; ``revision`` numbers all rows of all likes without a gap."""

UNLIKES = Table(
    "unlikes",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("ts_us", BigInteger, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Index(None, "account_id", "item_id"),
)

COUNTERS = Table(
    "counters",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    *(
        Column(f"{prefix}{name}", BigInteger, nullable=False, server_default="0")
        for prefix in ("", "campaign_")
        for name in ("counted", "held", "excluded", "withdrawn")
    ),
    CheckConstraint("subject IN ('item', 'account', 'merchant')", name="subject"),
)
"""Likes by state of each item, account and merchant; those of campaigns apart."""

GROUPS = Table(
    "groups",
    METADATA,
    Column("group_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("as_of_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)

PROGRESS = Table(
    "progress",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""How far each reader of the journal has come; ``journal`` and ``revision`` are the ledger's."""
