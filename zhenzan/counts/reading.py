"""What may be asked of the ledger; every answer is of one moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from zhenzan.counts.interface import (
    Counters,
    Group,
    LikeRow,
    StateRow,
    Subject,
    Tally,
)
from zhenzan.store.tables.counts import COUNTERS, GROUPS, LIKES, PROGRESS, STATES

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

JOURNAL = "journal"
REVISION = "revision"
"""Names under which the ledger keeps how far it has come."""

NOTHING = -1
"""The position applied before the journal's first record, whose position is 0."""

_NAMED_MAX = 500


class Reading:
    """The half of `CountLedger` that changes nothing; safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def applied_position(self) -> int:
        """Give the journal's position up to which all is applied; -1 before the first record."""
        return self.progress(JOURNAL, NOTHING)

    def last_revision(self) -> int:
        """Give the number of the newest state; 0 before the first."""
        return self.progress(REVISION)

    def progress(self, name: str, before: int = 0) -> int:
        """Give how far a reader has come that keeps its mark here; ``before`` until its first."""
        with self.store.reading() as connection:
            value = connection.scalar(select(PROGRESS.c.value).where(PROGRESS.c.name == name))
        return before if value is None else int(value)

    def like(self, event_id: str) -> tuple[LikeRow, tuple[StateRow, ...]] | None:
        """Give a like as it stands and its whole history, oldest first."""
        with self.store.reading() as connection:
            row = connection.execute(select(LIKES).where(LIKES.c.event_id == event_id)).first()
            if row is None:
                return None
            of = select(STATES).where(STATES.c.event_id == event_id).order_by(STATES.c.seq)
            history = tuple(_state(state) for state in connection.execute(of))
        return LikeRow(**row._mapping), history

    def first_answers(self, event_ids: Iterable[str]) -> dict[str, StateRow]:
        """Give the answer at once of each like that the ledger holds, by ``event_id``."""
        named = list(dict.fromkeys(event_ids))
        first = select(STATES).where(STATES.c.seq == 1)
        with self.store.reading() as connection:
            return {
                row.event_id: _state(row)
                for start in range(0, len(named), _NAMED_MAX)
                for row in connection.execute(
                    first.where(STATES.c.event_id.in_(named[start : start + _NAMED_MAX]))
                )
            }

    def standing(self, event_ids: Iterable[str]) -> dict[str, LikeRow]:
        """Give each like that the ledger holds as it stands, by ``event_id``."""
        named = list(dict.fromkeys(event_ids))
        with self.store.reading() as connection:
            return {
                row.event_id: LikeRow(**row._mapping)
                for start in range(0, len(named), _NAMED_MAX)
                for row in connection.execute(
                    select(LIKES).where(LIKES.c.event_id.in_(named[start : start + _NAMED_MAX]))
                )
            }

    def counters(self, subject: Subject, key: str) -> Counters | None:
        """Give the likes of one item, account or merchant; None where it never had one."""
        of = select(COUNTERS).where(COUNTERS.c.subject == subject, COUNTERS.c.key == key)
        with self.store.reading() as connection:
            row = connection.execute(of).mappings().first()
        return None if row is None else counters_of(row)

    def group(self, group_id: str) -> tuple[Group | None, Tally, int] | None:
        """Give a group, its likes by state, and how many accounts gave them.

        The first is None where a like names a group that nothing else was said about.
        """
        named = GROUPS.c.group_id == group_id
        of = (
            select(LIKES.c.state, LIKES.c.withdrawn, func.count())
            .where(LIKES.c.group_id == group_id)
            .group_by(LIKES.c.state, LIKES.c.withdrawn)
        )
        accounts = select(func.count(LIKES.c.account_id.distinct())).where(
            LIKES.c.group_id == group_id
        )
        with self.store.reading() as connection:
            row = connection.execute(select(GROUPS).where(named)).first()
            states = connection.execute(of).all()
            givers = int(connection.scalar(accounts) or 0)
        if row is None and not states:
            return None
        sums: dict[str, int] = {}
        for state, withdrawn, count in states:
            name = "withdrawn" if withdrawn else state
            sums[name] = sums.get(name, 0) + count
        group = None
        if row is not None:
            detail = json.loads(row.detail)
            group = Group(row.group_id, row.kind, row.size, row.as_of_us, detail)
        return group, Tally(**sums), givers

    def revisions(
        self, cursor: int, limit: int, *, first: bool = True
    ) -> tuple[Sequence[StateRow], int]:
        """Give the states after a cursor, and the cursor that follows them.

        The cursor is the number of the last state that was seen. Numbers have no gap and become
        visible in their order, so a reader that stores its cursor misses nothing.

        Parameters
        ----------
        first
            False leaves out the answers at once, and keeps what was changed afterwards.
        """
        after = select(STATES).where(STATES.c.revision > cursor)
        if not first:
            # A bounded stretch, so that a long run of first answers costs no long scan.
            after = after.where(
                STATES.c.seq > 1, STATES.c.revision <= min(cursor + _STRETCH, _REVISION_MAX)
            )
        with self.store.reading() as connection:
            newest = connection.scalar(select(PROGRESS.c.value).where(PROGRESS.c.name == REVISION))
            found = connection.execute(after.order_by(STATES.c.revision).limit(limit)).all()
        rows = [_state(row) for row in found]
        if len(rows) == limit or (rows and first):
            return rows, rows[-1].revision
        return rows, max(cursor, min(int(newest or 0), cursor + _STRETCH))


_STRETCH = 100_000
"""States that one call looks through for changes."""

_REVISION_MAX = 2**63 - 1  # beyond it no database knows a whole number


def counters_of(row: Any) -> Counters:
    """Turn a row of the table of counters, as a mapping, into `Counters`."""
    tallies = [
        Tally(**{name: row[f"{prefix}{name}"] for name in _NAMES}) for prefix in ("", "campaign_")
    ]
    return Counters(row["subject"], row["key"], *tallies)


_NAMES = ("counted", "held", "excluded", "withdrawn")


def _state(row: Any) -> StateRow:
    values = dict(row._mapping)
    values["reasons"] = tuple(json.loads(values["reasons"]))
    return StateRow(**values)
