"""Makes the table of who has seen which silence alarm."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alarm_acknowledgements",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name="pk_alarm_acknowledgements"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("alarm_acknowledgements")
