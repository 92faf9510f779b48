"""Webhooks, how far each has been told, and the messages that could not be delivered."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from zhenzan.store.tables.metadata import METADATA

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("webhook_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("changes_only", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_us", BigInteger, nullable=False),
    Column("last_error", Text),
)
"""``cursor`` is the last revision delivered or set aside; ``attempts`` and ``next_us`` belong to
the message after it. The secret signs, so it is kept as it is."""

DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    Column("letter_id", Text, primary_key=True),
    Column(
        "webhook_id",
        Text,
        ForeignKey("webhooks.webhook_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("revision_from", BigInteger, nullable=False),
    Column("revision_to", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("given_up_us", BigInteger, nullable=False),
)
"""The revisions of a message that was given up; they are read again when it is replayed."""
