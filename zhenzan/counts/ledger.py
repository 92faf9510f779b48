"""The count-state ledger: applies likes, unlikes and revisions, and answers what stands.

Writes come from one thread at a time; a second writer, in this process or another, waits. Each
call is one transaction, so a reader sees all of it or nothing, and the journal's position moves
in the transaction that the journal's records caused: after a crash at any moment a replay of the
journal applies each record once (S1-15, C2-59).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_

from zhenzan.counts.batch import CURRENT, Batch, Row, changes
from zhenzan.counts.interface import Applied, Group, LikeState, Revision, Unlike
from zhenzan.counts.reading import JOURNAL, NOTHING, REVISION, Reading
from zhenzan.errors import LedgerError
from zhenzan.store.bulk import change, insertion, upsert
from zhenzan.store.tables.counts import COUNTERS, GROUPS, LIKES, PROGRESS, STATES, UNLIKES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from zhenzan.store.engine import Store

IN_MAX = 500
"""Values named in one statement: SQLite allows 32,766 parameters, and short plans are cached."""


class CountLedger(Reading):
    """The histories of all likes and the counters that follow from them.

    Parameters
    ----------
    store
        An open store; it stays open when the ledger is let go.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._add_likes = insertion(store, LIKES)
        self._add_states = insertion(store, STATES)
        self._add_unlikes = insertion(store, UNLIKES)
        self._move_counters = upsert(store, COUNTERS, adds=True)
        self._set_progress = upsert(store, PROGRESS)
        self._set_groups = upsert(store, GROUPS)
        self._change_likes = change(store, LIKES, "event_id", CURRENT)

    def apply(
        self,
        position_from: int,
        position_to: int,
        likes: Sequence[LikeState],
        unlikes: Sequence[Unlike] = (),
    ) -> Applied:
        """Apply the journal's records from one position to another, both included.

        What was applied before is passed over, so a batch may be given again, or again in
        other cuts. Records that are no likes or unlikes are in the range and in no list.

        Raises
        ------
        LedgerError
            The range leaves a gap after `applied_position`, or a record lies outside it.
        """
        _check_range(position_from, position_to, likes, unlikes)
        with self.store.writing(durable=False) as connection:
            progress = _progress(connection)
            applied, revision = progress.get(JOURNAL, NOTHING), progress.get(REVISION, 0)
            if position_to <= applied:
                return Applied(applied, revision, repeated=len(likes) + len(unlikes))
            if position_from > applied + 1:
                raise LedgerError(
                    f"records {position_from} to {position_to} leave a gap after {applied}",
                    hint=f"apply the journal from {applied + 1}",
                )
            records: list[LikeState | Unlike] = [*likes, *unlikes]
            records.sort(key=lambda record: record.position)
            batch, fresh = self._opened(connection, applied, revision, records)
            for record in fresh:
                if isinstance(record, LikeState):
                    batch.like(record)
                else:
                    batch.unlike(record)
            self._write(connection, batch, {JOURNAL: position_to})
            repeated = len(records) - len(fresh)
            return Applied(position_to, batch.revision, len(batch.states), repeated)

    def revise(
        self,
        revisions: Sequence[Revision],
        *,
        groups: Sequence[Group] = (),
        progress: Mapping[str, int] | None = None,
    ) -> Applied:
        """Give likes other answers, in the order given; one that says what stands adds nothing.

        Parameters
        ----------
        groups
            Groups as they now stand, which the revisions may name.
        progress
            How far the caller has come, under names of its own; kept in the same transaction.
        """
        assert not {JOURNAL, REVISION} & set(progress or {}), "those marks are the ledger's own"
        with self.store.writing() as connection:
            marks = _progress(connection)
            known = _likes(connection, LIKES.c.event_id, {r.event_id for r in revisions})
            batch = Batch(marks.get(REVISION, 0), known, {})
            outcomes = [batch.revise(revision) for revision in revisions]
            self._write_groups(connection, groups)
            self._write(connection, batch, dict(progress or {}))
            counts = {name: outcomes.count(name) for name in ("unchanged", "kept", "unknown")}
            position = marks.get(JOURNAL, NOTHING)
            return Applied(position, batch.revision, len(batch.states), **counts)

    def _opened(
        self,
        connection: Connection,
        applied: int,
        revision: int,
        records: Sequence[LikeState | Unlike],
    ) -> tuple[Batch, list[LikeState | Unlike]]:
        """Load what the records may touch; leave out records that the ledger holds already."""
        ids = {record.event_id for record in records}
        held = _held(connection, LIKES, ids) | _held(connection, UNLIKES, ids)
        fresh: dict[str, LikeState | Unlike] = {}
        for record in records:
            if record.position > applied and record.event_id not in held:
                fresh.setdefault(record.event_id, record)
        pairs = {(r.account_id, r.item_id) for r in fresh.values() if r.item_id is not None}
        taking = {(r.account_id, r.item_id) for r in fresh.values() if isinstance(r, Unlike)}
        known = _likes(connection, tuple_(LIKES.c.account_id, LIKES.c.item_id), taking)
        return Batch(revision, known, _unliked(connection, pairs)), list(fresh.values())

    def _write(self, connection: Connection, batch: Batch, progress: dict[str, int]) -> None:
        self._add_likes.run(connection, list(batch.added.values()))
        self._change_likes.run(connection, [changes(row) for row in batch.changed.values()])
        self._add_states.run(connection, batch.states)
        self._add_unlikes.run(connection, batch.unlikes)
        self._move_counters.run(connection, batch.counters())
        progress[REVISION] = batch.revision
        self._set_progress.run(
            connection, [{"name": name, "value": value} for name, value in progress.items()]
        )

    def _write_groups(self, connection: Connection, groups: Iterable[Group]) -> None:
        # The last word on a group counts, where several are given.
        rows = [
            {
                "group_id": group.group_id,
                "kind": group.kind,
                "size": group.size,
                "as_of_us": group.as_of_us,
                "detail": json.dumps(dict(group.detail), ensure_ascii=False, allow_nan=False),
            }
            for group in {group.group_id: group for group in groups}.values()
        ]
        self._set_groups.run(connection, rows)


def _check_range(
    position_from: int, position_to: int, likes: Sequence[LikeState], unlikes: Sequence[Unlike]
) -> None:
    records: list[LikeState | Unlike] = [*likes, *unlikes]
    outside = [r.event_id for r in records if not position_from <= r.position <= position_to]
    if position_from < 0 or position_to < position_from or outside:
        named = f": `{outside[0]}` lies outside" if outside else ""
        raise LedgerError(f"records {position_from} to {position_to} are no range{named}")


def _progress(connection: Connection) -> dict[str, int]:
    return {row.name: row.value for row in connection.execute(select(PROGRESS))}


def _cut(values: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), IN_MAX):
        yield ordered[start : start + IN_MAX]


def _held(connection: Connection, table: Table, ids: set[str]) -> set[str]:
    column = table.c.event_id
    return {
        name
        for some in _cut(ids)
        for name in connection.scalars(select(column).where(column.in_(some)))
    }


def _likes(connection: Connection, column: Any, values: set[Any]) -> dict[str, Row]:
    return {
        row["event_id"]: dict(row)
        for some in _cut(values)
        for row in connection.execute(select(LIKES).where(column.in_(some))).mappings()
    }


def _unliked(connection: Connection, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    pair = (UNLIKES.c.account_id, UNLIKES.c.item_id)
    latest = select(*pair, func.max(UNLIKES.c.ts_us)).group_by(*pair)
    return {
        (account, item): ts_us
        for some in _cut(pairs)
        for account, item, ts_us in connection.execute(latest.where(tuple_(*pair).in_(some)))
    }
