"""Settles likes whose follow-up window has closed, and revises the counts where answers differ.

The job scores the history of the last days as ``zhenzan score`` does, in a process of its own
with low priority, and compares with what the ledger holds. It sorts by time and knows what came
after each like, so it is exact where the answer at once could only know what had arrived. Only
changes are written: another count state, or a group where none was known. A second run over the
same history finds nothing to change.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.clock import DAY_US, SECOND_US
from zhenzan.counts.interface import Cause, Group, LikeRow, Reviser, Revision, State
from zhenzan.live.apart import closed_likes, score_apart, span_us
from zhenzan.live.folders import HISTORY, JOURNAL, SETTLED
from zhenzan.live.history import write_history
from zhenzan.live.scorer import Facts
from zhenzan.rules.batch import FILE
from zhenzan.rules.ruleset import Mode
from zhenzan.settings import Settings

MARK = "settled_us"
"""Where the ledger notes up to which time likes are settled."""


class SettledLedger(Reviser, Protocol):
    """What the settler needs of ``zhenzan.counts.ledger.CountLedger``."""

    def standing(self, event_ids: Iterable[str]) -> Mapping[str, LikeRow]:
        """Give each like that the ledger holds as it stands."""
        ...


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What a run did.

    Attributes
    ----------
    until_us
        Likes up to this time are settled; 0 where no window has closed yet.
    likes
        Likes looked at.
    moves
        How many likes went from one state to another, such as ``held to counted``.
    """

    until_us: int
    likes: int
    moves: dict[str, int]


def settle(
    folder: Path, settings: Settings, ledger: SettledLedger, *, facts: Facts | None = None
) -> SettleReport:
    """Write history, score it in a process of its own, and revise what came out differently.

    Parameters
    ----------
    folder
        The service's folder; the service may be running.

    Raises
    ------
    JournalError
        A segment is damaged.
    ZhenzanError
        The scoring of history failed; its last words are in the message.
    """
    write_history(folder / JOURNAL, folder / HISTORY)
    files = _recent(sorted((folder / HISTORY).glob("*.parquet")), settings.settle_days)
    if not files:
        return SettleReport(0, 0, {})
    score_apart(files, folder / SETTLED, settings, facts or Facts())
    newest_us = max(span_us(path)[1] for path in files)
    return revise_from(folder / SETTLED, newest_us - settings.follow_up_s * SECOND_US, ledger)


def revise_from(outputs: Path, until_us: int, ledger: SettledLedger) -> SettleReport:
    """Compare outputs of scoring with the ledger, and revise likes not after ``until_us``."""
    moves: Counter[str] = Counter()
    likes = 0
    groups = _groups(outputs / "groups.parquet")
    rules = _Rules(outputs / FILE)
    for rows in closed_likes(outputs, until_us):
        likes += len(rows)
        held = ledger.standing(str(row["event_id"]) for row in rows)
        revisions = []
        for row in rows:
            stands = held.get(str(row["event_id"]))
            if stands is None or stands.cause == "review":
                continue
            grouped = row["group_id"] is not None and stands.group_id is None
            if row["count_state"] == stands.state and not grouped:
                continue
            moves[f"{stands.state} to {row['count_state']}"] += 1
            revisions.append(_revision(row))
        revisions = rules.named(revisions)
        named = [groups[name] for name in {r.group_id for r in revisions} if name in groups]
        ledger.revise(revisions, groups=sorted(named, key=lambda group: group.group_id))
    ledger.revise([], progress={MARK: max(until_us, 0)})
    return SettleReport(max(until_us, 0), likes, dict(sorted(moves.items())))


class _Rules:
    """Says which live rules fired at likes: without their names no rule could be taken back."""

    def __init__(self, path: Path) -> None:
        columns = ["event_id", "rule", "version", "mode"]
        self._fired = pq.read_table(path, columns=columns) if path.exists() else None

    def named(self, revisions: list[Revision]) -> list[Revision]:
        if self._fired is None or not revisions:
            return revisions
        ids = pa.array([revision.event_id for revision in revisions], pa.string())
        mine = self._fired.filter(pc.is_in(self._fired["event_id"], ids))
        keys: dict[str, list[str]] = {}
        for row in mine.filter(pc.equal(mine["mode"], Mode.LIVE.word)).to_pylist():
            keys.setdefault(row["event_id"], []).append(f"{row['rule']}@{row['version']}")
        return [
            replace(revision, rule_version=",".join(sorted(keys[revision.event_id])))
            if revision.event_id in keys
            else revision
            for revision in revisions
        ]


def _revision(row: Mapping[str, object]) -> Revision:
    cause: Cause = "settled" if row["group_id"] is None else "group"
    return Revision(
        event_id=str(row["event_id"]),
        state=cast(State, row["count_state"]),
        score=cast(float, row["score"]),
        as_of_us=cast(int, row["as_of"]),
        cause=cause,
        reasons=cast("Sequence[Mapping[str, object]]", row["reasons"] or ()),
        group_id=cast("str | None", row["group_id"]),
    )


def _groups(path: Path) -> dict[str, Group]:
    if not path.exists():
        return {}
    table = pq.read_table(path)
    found = {}
    for row in table.to_pylist():
        last_us = int(row["last_ts"].timestamp() * SECOND_US)
        detail = {
            name: value if isinstance(value, str | int | float | bool | None) else str(value)
            for name, value in row.items()
            if name not in ("group_id", "kind", "size")
        }
        found[row["group_id"]] = Group(row["group_id"], row["kind"], row["size"], last_us, detail)
    return found


def _recent(files: list[Path], days: int) -> list[Path]:
    """Choose the files with rows of the last days before the newest row."""
    newest = {path: span_us(path)[1] for path in files}
    since_us = max(newest.values(), default=0) - days * DAY_US
    return [path for path in files if newest[path] >= max(since_us, 1)]


class Settling:
    """A thread that settles again and again; what fails is told and tried again.

    Parameters
    ----------
    close_segment
        Ends the journal's segment, so that all that was taken in is looked at.
    every_s
        Seconds from the end of one run to the beginning of the next.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        ledger: SettledLedger,
        *,
        facts: Facts | None,
        close_segment: Callable[[], None],
        every_s: float,
    ) -> None:
        self._job = (folder, settings, ledger, facts)
        self._close_segment, self._every_s = close_segment, every_s
        self._stopping = threading.Event()
        self.report: SettleReport | None = None
        self.error: str | None = None
        self._thread = threading.Thread(target=self._run, name="zhenzan-settling", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the run that is under way."""
        self._stopping.set()
        self._thread.join()

    def health(self) -> dict[str, object]:
        """Say up to when likes are settled, and what went wrong last."""
        until_us = self.report.until_us if self.report else 0
        return {"settled_until_us": until_us, "settle_error": self.error}

    def _run(self) -> None:
        folder, settings, ledger, facts = self._job
        while not self._stopping.wait(self._every_s):
            try:
                self._close_segment()
                self.report = settle(folder, settings, ledger, facts=facts)
                self.error = None
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}".split("\n")[0]
