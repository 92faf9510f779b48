"""Every table of the relational state, in one ``METADATA``; a file per part that owns them.

The migrations make the same tables, and a test compares the two.
"""

from __future__ import annotations

from zhenzan.store.tables import access, alarms, counts, webhooks
from zhenzan.store.tables.metadata import METADATA

__all__ = ["METADATA", "access", "alarms", "counts", "webhooks"]
