"""Cuts off the beginning of the audit log whose time is over, so that the rest can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from zhenzan.access.audit import CUT, AuditLog
from zhenzan.access.retention.classes import CLASSES
from zhenzan.access.retention.records import Removal
from zhenzan.store.tables.access import AUDIT_LOG

if TYPE_CHECKING:
    from zhenzan.access.retention.hold import Hold
    from zhenzan.store.engine import Store

CLASS = "ucl_action_3y"

_PAGE_ROWS = 1_000


def cut_audit_log(
    store: Store, log: AuditLog, now_us: int, *, hold: Hold, by: str, dry: bool
) -> Removal:
    """Remove the entries from the first on that are all over, up to one on hold.

    A chain loses its beginning alone: an entry that must stay keeps all after it. The cut is told
    by an entry of the same transaction, with number and hash of the last entry that went.
    """
    last = _last_over(store, CLASSES[CLASS].before_us(now_us))
    free = _before_hold(store, last, hold)
    with store.reading() as connection:
        due, held = (
            int(connection.scalar(select(func.count()).where(*where)) or 0)
            for where in (
                (AUDIT_LOG.c.seq <= last,),
                (AUDIT_LOG.c.seq <= last, AUDIT_LOG.c.seq > free),
            )
        )
    removed = 0 if dry or due == held else _cut(store, log, free, by=by)
    return Removal(CLASS, "audit log", due, held, removed)


def _last_over(store: Store, before_us: int) -> int:
    """Number the last entry of those from the first on that are over; 0 where none is."""
    with store.reading() as connection:
        young = connection.scalar(
            select(func.min(AUDIT_LOG.c.seq)).where(AUDIT_LOG.c.at_us >= before_us)
        )
        newest = connection.scalar(select(func.max(AUDIT_LOG.c.seq)))
    return int(newest or 0) if young is None else int(young) - 1


def _before_hold(store: Store, last: int, hold: Hold) -> int:
    """Number the last entry before the first that is on hold."""
    if not hold.names:
        return last
    wanted = (
        select(AUDIT_LOG.c.seq, AUDIT_LOG.c.actor, AUDIT_LOG.c.object)
        .where(AUDIT_LOG.c.seq <= last)
        .order_by(AUDIT_LOG.c.seq)
    )
    with (
        store.reading() as connection,
        connection.execution_options(yield_per=_PAGE_ROWS).execute(wanted) as rows,
    ):
        for row in rows:
            if hold.covers(row.actor, row.object):
                return int(row.seq) - 1
    return last


def _cut(store: Store, log: AuditLog, last: int, *, by: str) -> int:
    with store.writing() as connection:
        end = connection.execute(
            select(AUDIT_LOG.c.seq, AUDIT_LOG.c.hash).where(AUDIT_LOG.c.seq == last)
        ).first()
        if end is None:
            return 0  # another service has cut it off meanwhile
        # Told first: the entry must follow on the chain, also where all of the chain goes.
        log.note_in(connection, by, CUT, "audit log", {"seq": end.seq, "hash": end.hash})
        done = connection.execute(delete(AUDIT_LOG).where(AUDIT_LOG.c.seq <= last))
    return int(done.rowcount)
