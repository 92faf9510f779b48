"""Tells when a user was closed, so that it can be removed when its time is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the audit log says when those were closed that are closed already."""
    op.add_column("users", sa.Column("closed_us", sa.BigInteger()))
    op.execute(
        "UPDATE users SET closed_us = (SELECT MAX(at_us) FROM audit_log"
        " WHERE audit_log.action = 'close account' AND audit_log.object = users.name)"
        " WHERE NOT active"
    )


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("users") as users:
        users.drop_column("closed_us")
