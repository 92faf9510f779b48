"""Makes the tables of the count-state ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATES = "state IN ('counted', 'held', 'excluded')"


def upgrade() -> None:
    """Make likes, their histories, unlikes, counters, groups and progress."""
    _likes()
    _states()
    op.create_table(
        "unlikes",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ts_us", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_unlikes"),
    )
    op.create_index("ix_unlikes_account_id_item_id", "unlikes", ["account_id", "item_id"])
    op.create_table(
        "counters",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        *(
            sa.Column(f"{prefix}{name}", sa.BigInteger(), nullable=False, server_default="0")
            for prefix in ("", "campaign_")
            for name in ("counted", "held", "excluded", "withdrawn")
        ),
        sa.PrimaryKeyConstraint("subject", "key", name="pk_counters"),
        sa.CheckConstraint(
            "subject IN ('item', 'account', 'merchant')", name="ck_counters_subject"
        ),
    )
    op.create_table(
        "groups",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("as_of_us", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name="pk_groups"),
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_progress"),
    )


def _likes() -> None:
    op.create_table(
        "likes",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ts_us", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text()),
        sa.Column("merchant_id", sa.Text()),
        sa.Column("campaign", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("as_of_us", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.Text()),
        sa.Column("rule_version", sa.Text()),
        sa.Column("model_version", sa.Text()),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_likes"),
        sa.CheckConstraint(_STATES, name="ck_likes_state"),
    )
    op.create_index("ix_likes_account_id_item_id", "likes", ["account_id", "item_id"])
    named = sa.text("group_id IS NOT NULL")
    op.create_index(
        "ix_likes_group_id", "likes", ["group_id"], sqlite_where=named, postgresql_where=named
    )


def _states() -> None:
    op.create_table(
        "like_states",
        sa.Column("revision", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text()),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("as_of_us", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.Text()),
        sa.Column("rule_version", sa.Text()),
        sa.Column("model_version", sa.Text()),
        sa.Column("position", sa.BigInteger()),
        sa.PrimaryKeyConstraint("revision", name="pk_like_states"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["likes.event_id"], name="fk_like_states_event_id_likes"
        ),
        sa.UniqueConstraint("event_id", "seq", name="uq_like_states_event_id_seq"),
        sa.CheckConstraint(_STATES, name="ck_like_states_state"),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("progress", "groups", "counters", "unlikes", "like_states", "likes"):
        op.drop_table(name)
