"""Removes records of the store whose class is over, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, delete, or_, select

from zhenzan.access.first import TOKEN_US
from zhenzan.access.retention.classes import CLASSES
from zhenzan.access.users import IDLE_US, LIFETIME_US
from zhenzan.store.tables.access import ACCESS_LOG, API_KEYS, FIRST_TOKENS, SESSIONS, USERS

if TYPE_CHECKING:
    from zhenzan.access.audit import AuditLog
    from zhenzan.access.retention.hold import Hold
    from zhenzan.store.engine import Store

PAGE_ROWS = 5_000
"""Rows removed in one transaction: the ledger, which writes through the same lock, waits no
longer than that takes."""

_OVER_ROWS = 500  # keys of one statement: SQLite has a limit on what a statement may name


@dataclass(frozen=True, slots=True)
class Removal:
    """What was done about one kind of records.

    Attributes
    ----------
    due
        Records whose time is over.
    held
        Those of them that stay because of a legal hold.
    removed
        Those that went; 0 in a dry run.
    """

    class_name: str
    what: str
    due: int
    held: int
    removed: int


@dataclass(frozen=True, slots=True)
class Kind:
    """One table with records that end: which are over, and which columns a hold may name."""

    class_name: str
    what: str
    table: Table
    over: Callable[[int], ColumnElement[bool]]
    names: tuple[str, ...]

    @property
    def key(self) -> ColumnElement[object]:
        """Give the one column that tells records apart."""
        (key,) = self.table.primary_key.columns
        return key


KINDS: tuple[Kind, ...] = (
    Kind(
        "session_1d", "sessions", SESSIONS,
        lambda before: or_(SESSIONS.c.seen_us < before - IDLE_US,
                           SESSIONS.c.created_us < before - LIFETIME_US),
        ("name",),
    ),
    Kind(
        "session_1d", "first tokens", FIRST_TOKENS,
        lambda before: or_(FIRST_TOKENS.c.used_us < before,
                           FIRST_TOKENS.c.created_us < before - TOKEN_US),
        (),
    ),
    Kind(
        "network_log_6m", "access log", ACCESS_LOG,
        lambda before: ACCESS_LOG.c.at_us < before, ("actor", "subject"),
    ),
    Kind(
        "ucl_action_3y", "closed users", USERS,
        lambda before: and_(USERS.c.active.is_(False), USERS.c.closed_us < before),
        ("name", "merchant_id"),
    ),
    Kind(
        "ucl_action_3y", "ended keys", API_KEYS,
        lambda before: or_(API_KEYS.c.revoked_us < before, API_KEYS.c.expires_us < before),
        ("prefix", "name", "merchant_id"),
    ),
)  # fmt: skip
"""Every kind of records in the store that is removed by its age, besides the audit log."""


def remove_kind(
    store: Store, log: AuditLog, kind: Kind, now_us: int, *, hold: Hold, by: str, dry: bool
) -> Removal:
    """Remove the records of one kind whose time is over and that no hold names.

    Each page of rows and its entry in the audit log are one transaction.

    Parameters
    ----------
    by
        Who is named in the audit log.
    dry
        Count, and remove nothing.
    """
    due = held = removed = 0
    before_us = CLASSES[kind.class_name].before_us(now_us)
    for rows in _pages(store, kind, before_us):
        free = [row[0] for row in rows if not hold.covers(*_texts(row))]
        due += len(rows)
        held += len(rows) - len(free)
        if free and not dry:
            removed += _remove(store, log, kind, free, before_us, by=by)
    return Removal(kind.class_name, kind.what, due, held, removed)


def _texts(row: Row[Any]) -> list[str]:
    """Give what a hold may name of a row; the key comes first and is not among it."""
    texts: list[str | None] = list(row[1:])
    return [text for text in texts if text is not None]


def _pages(store: Store, kind: Kind, before_us: int) -> Iterator[list[Row[Any]]]:
    columns = [kind.key, *(kind.table.c[name] for name in kind.names)]
    wanted = select(*columns).where(kind.over(before_us)).order_by(kind.key).limit(PAGE_ROWS)
    page = wanted
    while True:
        with store.reading() as connection:
            rows = list(connection.execute(page))
        if not rows:
            return
        yield rows
        page = wanted.where(kind.key > rows[-1][0])


def _remove(
    store: Store, log: AuditLog, kind: Kind, keys: list[object], before_us: int, *, by: str
) -> int:
    number = 0
    # What began anew since it was read, such as a session that was seen, is no longer over.
    gone = delete(kind.table).where(
        kind.key.in_(bindparam("keys", expanding=True)), kind.over(before_us)
    )
    with store.writing() as connection:
        for start in range(0, len(keys), _OVER_ROWS):
            done = connection.execute(gone, {"keys": keys[start : start + _OVER_ROWS]})
            number += done.rowcount
        told = {"class": kind.class_name, "before_us": before_us, "removed": number}
        log.note_in(connection, by, "remove records", kind.what, told)
    return number
