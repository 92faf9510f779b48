"""Tables of who may do what, of what was done, and of the keys that hide identifiers.

No key, password, token or cookie stands in them: only hashes of them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, LargeBinary, Table, Text

from zhenzan.store.tables.metadata import METADATA

USERS = Table(
    "users",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("merchant_id", Text),
    Column("active", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("closed_us", BigInteger),
)
"""``roles`` are words parted by blanks; ``password_hash`` is Argon2id with its own salt;
``closed_us`` is null for who may enter."""

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("prefix", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("merchant_id", Text),
    Column("rate_per_s", Float, nullable=False),
    Column("burst", Float, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
)
"""The prefix is the part of a key that finds it; it opens nothing."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("sha256", Text, primary_key=True),
    Column("csrf_sha256", Text, nullable=False),
    Column("name", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
)

FIRST_TOKENS = Table(
    "first_tokens",
    METADATA,
    Column("sha256", Text, primary_key=True),
    Column("created_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
)
"""The token that the first start prints; it makes one administrator, once."""

AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
"""Each row holds the hash of the one before (requirements 3.4), see ``access.audit``. Entries whose
time is over are cut off from the start, and an entry further on tells of the cut."""

ACCESS_LOG = Table(
    "access_log",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("subject", Text, nullable=False),
)
"""Who looked at whose data."""

IDENTIFIER_KEYS = Table(
    "identifier_keys",
    METADATA,
    Column("period", BigInteger, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary),
    Column("destroyed_us", BigInteger),
)
"""The secret under which identifiers of one period were hashed; gone once it is destroyed."""
