"""Makes the tables of access: users, keys, sessions, logs, and keys of identifiers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; the first key becomes one of ``api_keys``."""
    op.drop_table("first_keys")
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.Text()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.Text()),
        sa.Column("rate_per_s", sa.Float(), nullable=False),
        sa.Column("burst", sa.Float(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("revoked_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("prefix", name="pk_api_keys"),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("csrf_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["name"], ["users.name"], name="fk_sessions_name_users", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "first_tokens",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sha256", name="pk_first_tokens"),
    )
    _logs()


def _logs() -> None:
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("actor", "action", "object", "detail", "previous", "hash")
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
    )
    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_at_us", "access_log", ["at_us"])
    op.create_table(
        "identifier_keys",
        sa.Column("period", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("destroyed_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("period", name="pk_identifier_keys"),
    )


_NAMES = (
    "identifier_keys", "access_log", "audit_log", "first_tokens", "sessions", "api_keys", "users",
)  # fmt: skip


def downgrade() -> None:
    """Remove them."""
    for name in _NAMES:
        op.drop_table(name)
    op.create_table(
        "first_keys",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_first_keys"),
    )
