"""Removes the beginning of the journal once nothing needs it any more.

A segment goes when each of its records is past the detection window, stands in history, is
counted durably, and lies before every checkpoint that the service may come back from. What is
left is a journal that begins later; what needs the part that went says so (`recovery`).
Requirements, section 6: identifiers are stripped as soon as the detection purpose ends (C7-05).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.clock import DAY_US
from zhenzan.errors import CheckpointError, JournalError
from zhenzan.files import force
from zhenzan.live import checkpoint
from zhenzan.live.apart import forget_listing
from zhenzan.live.counting import CHECKPOINT_MARK
from zhenzan.live.folders import CHECKPOINTS, HISTORY, JOURNAL
from zhenzan.live.history import as_contract, write_history
from zhenzan.live.journal import read_groups, segment_path, segments
from zhenzan.live.wire import unpack


class Marks(Protocol):
    """What the retirement asks of ``zhenzan.counts.ledger.CountLedger``."""

    def progress(self, name: str, before: int = 0) -> int:
        """Give how far a reader has come that keeps its mark here."""
        ...


@dataclass(frozen=True, slots=True)
class Retired:
    """What a run found; numbers are records.

    Attributes
    ----------
    due
        Past the window, and needed by nothing else.
    held
        Those of them that stay: a legal hold is on one whose history no longer says everything,
        or they lie behind such a one.
    removed
        Those that went; 0 in a dry run.
    """

    due: int
    held: int
    removed: int


class Retirement:
    """Retires segments of one service, which may be running.

    Parameters
    ----------
    folder
        The service's folder.
    ledger
        Its ledger: what it does not hold durably stays in the journal.
    days
        How long records stay at least, from the moment that they tell of.
    prepare
        Ends the segment that is written to and saves a checkpoint, so that the records before it
        can go; None where the service does not run in this process.
    """

    def __init__(
        self,
        folder: Path,
        ledger: Marks,
        *,
        days: int,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self._folder, self._ledger, self._days = folder, ledger, days
        self._prepare = prepare

    def complete_history(self) -> None:
        """Turn every record that has come into history, where it can be stripped.

        Raises
        ------
        JournalError
            A segment is damaged.
        """
        if self._prepare is not None:
            self._prepare()
        write_history(self._folder / JOURNAL, self._folder / HISTORY)

    def retire(
        self, now_us: int, accounts: frozenset[str], *, rows_over_us: int, dry: bool
    ) -> Retired:
        """Remove segments from the oldest on, one after the other, each durably.

        A run that is cut off leaves a journal that begins between two segments, as a run that
        ends does, and the next run goes on from there.

        Parameters
        ----------
        now_us
            The moment from which the window is counted back.
        accounts
            Accounts under legal hold. A segment with one of them goes where history says of them
            all that the journal says, since history keeps what is on hold; else it stays, and so
            does all behind it.
        rows_over_us
            Records before that moment may have been deleted from history.

        Raises
        ------
        JournalError
            A segment is damaged, or its history does not hold what it holds; nothing of it went.
        """
        journal = self._folder / JOURNAL
        before_us = now_us - self._days * DAY_US
        due = held = removed = 0
        needed: int | None = None
        for start, after in itertools.pairwise(segments(journal)):
            rows = pa.concat_tables(
                [unpack(group) for group in read_groups(journal, start, end=after)]
            )
            if int(pc.max(rows.column("ts")).as_py()) >= before_us:
                break
            needed = self._needed_from() if needed is None else needed
            if after > needed:
                break
            due += after - start
            written = (self._folder / HISTORY / f"{start:020d}.parquet").exists() or not dry
            if held or (written and not self._keeps(start, rows, accounts, rows_over_us)):
                held += after - start
            elif not dry:
                segment_path(journal, start).unlink()
                force(journal)
                removed += after - start
        if not dry:
            forget_listing(self._folder)
        return Retired(due, held, removed)

    def _needed_from(self) -> int:
        """Give the position from which on records are needed to come back; 0 for all.

        That is the older of the two checkpoints that are kept, where both are sound and of the
        version that opened the folder last: one may be damaged without a loss.
        """
        folder = self._folder / CHECKPOINTS
        kept = checkpoint.kept(folder)[-checkpoint.KEPT :]
        if len(kept) < checkpoint.KEPT:
            return 0
        opened_by = checkpoint.opened_by(self._folder)
        try:
            states = [checkpoint.load(path) for path in kept]
        except CheckpointError:
            return 0
        if {state.version for state in states} != {opened_by}:
            return 0
        return min(states[0].position, self._ledger.progress(CHECKPOINT_MARK))

    def _keeps(
        self, start: int, rows: pa.Table, accounts: frozenset[str], rows_over_us: int
    ) -> bool:
        """Say whether history says all of the accounts on hold that a segment says.

        Raises
        ------
        JournalError
            History does not hold the records at all.
        """
        path = self._folder / HISTORY / f"{start:020d}.parquet"
        hint = "remove the file: the segment is turned into history anew"
        try:
            told = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            message = f"`{path.name}` of history cannot be read; its segment stays"
            raise JournalError(message, hint=hint) from error
        raw = as_contract(rows)
        young = [_ids(table, rows_over_us) for table in (raw, told)]
        if young[0] != young[1]:
            message = f"`{path.name}` of history holds other records than its segment, which stays"
            raise JournalError(message, hint=hint)
        names = pa.array(sorted(accounts), pa.string())
        wanted, found = (
            table.filter(pc.is_in(table.column("account_id"), names)) for table in (raw, told)
        )
        return bool(wanted.equals(found.cast(wanted.schema)))


def _ids(table: pa.Table, since_us: int) -> list[str]:
    ts = table.column("ts").cast(pa.int64())
    ids: list[str] = table.filter(pc.greater_equal(ts, since_us)).column("event_id").to_pylist()
    return ids
