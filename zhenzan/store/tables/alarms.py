"""Table of who has seen which silence alarm; the alarms themselves follow from the journal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text

from zhenzan.store.tables.metadata import METADATA

ACKNOWLEDGEMENTS = Table(
    "alarm_acknowledgements",
    METADATA,
    Column("alarm_id", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
)
