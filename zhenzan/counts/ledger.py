"""The count-state ledger: applies likes, unlikes and revisions, and answers what stands.

Writes come from one thread at a time; a second writer, in this process or another, waits. Each
call is one transaction, so a reader sees all of it or nothing, and the journal's position moves
in the transaction that the journal's records caused: after a crash at any moment a replay of the
journal applies each record once (S1-15, C2-59).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from zhenzan.counts.batch import CURRENT, Batch, Row, changes
from zhenzan.counts.interface import Applied, Group, LikeState, Revision, Unlike
from zhenzan.counts.reading import JOURNAL, NOTHING, REVISION, Reading
from zhenzan.errors import LedgerError
from zhenzan.store.bulk import BulkRead, change, insertion, upsert
from zhenzan.store.tables.counts import COUNTERS, GROUPS, LIKES, PROGRESS, STATES, UNLIKES

if TYPE_CHECKING:
    from sqlalchemy import Connection, SelectBase

    from zhenzan.store.engine import Store


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
        self._find_held = BulkRead(store, ["event_id"], _held)
        self._find_by_id = BulkRead(store, ["event_id"], _by_id)
        self._find_by_pair = BulkRead(store, ["account_id", "item_id"], _by_pair)
        self._find_unliked = BulkRead(store, ["account_id", "item_id"], _unliked)
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
            asked = [{"event_id": name} for name in {r.event_id for r in revisions}]
            known = _known(self._find_by_id.run(connection, asked))
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
        asked = [{"event_id": record.event_id} for record in records]
        held = {row[0] for row in self._find_held.run(connection, asked)}
        fresh: dict[str, LikeState | Unlike] = {}
        for record in records:
            if record.position > applied and record.event_id not in held:
                fresh.setdefault(record.event_id, record)
        taking = _pairs(r for r in fresh.values() if isinstance(r, Unlike))
        known = _known(self._find_by_pair.run(connection, taking))
        found: Sequence[Any] = self._find_unliked.run(connection, _pairs(fresh.values()))
        unliked = {(row[0], row[1]): row[2] for row in found if row[2] is not None}
        return Batch(revision, known, unliked), list(fresh.values())

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
    found = connection.exec_driver_sql("SELECT name, value FROM progress")
    return {row[0]: row[1] for row in found}


def _known(found: Iterable[Any]) -> dict[str, Row]:
    """Turn rows of likes into what a batch changes; SQLite gives numbers for truth values."""
    rows = [dict(row._mapping) for row in found]
    for row in rows:
        row["withdrawn"], row["campaign"] = bool(row["withdrawn"]), bool(row["campaign"])
    return {row["event_id"]: row for row in rows}


def _held(given: Any) -> SelectBase:
    """Ask which ids likes or unlikes have already."""
    asked = select(given.c.event_id)
    likes = select(LIKES.c.event_id).where(LIKES.c.event_id.in_(asked))
    return likes.union_all(select(UNLIKES.c.event_id).where(UNLIKES.c.event_id.in_(asked)))


def _by_id(given: Any) -> SelectBase:
    return select(LIKES).where(LIKES.c.event_id.in_(select(given.c.event_id)))


def _by_pair(given: Any) -> SelectBase:
    """Ask for the likes of accounts on items."""
    same = and_(LIKES.c.account_id == given.c.account_id, LIKES.c.item_id == given.c.item_id)
    return select(LIKES).select_from(given.join(LIKES, same))


def _unliked(given: Any) -> SelectBase:
    """Ask when accounts last took back what they gave to items; null where they never did."""
    last = select(func.max(UNLIKES.c.ts_us)).where(
        UNLIKES.c.account_id == given.c.account_id, UNLIKES.c.item_id == given.c.item_id
    )
    return select(given.c.account_id, given.c.item_id, last.scalar_subquery())


def _pairs(records: Iterable[LikeState | Unlike]) -> list[dict[str, str]]:
    pairs = {(r.account_id, r.item_id) for r in records if r.item_id is not None}
    return [{"account_id": account, "item_id": item} for account, item in pairs]
