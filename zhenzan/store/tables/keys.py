"""The key that the first start of the service printed, as a hash."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from zhenzan.store.tables.metadata import METADATA

FIRST_KEYS = Table("first_keys", METADATA, Column("sha256", Text, primary_key=True))
"""SHA-256 in hexadecimal; the key itself is nowhere."""
