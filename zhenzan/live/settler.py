"""Settles likes whose follow-up window has closed, and revises the counts where answers differ.

The job scores the history of the last days as ``zhenzan score`` does, in a process of its own
with low priority, and compares with what the ledger holds. It sorts by time and knows what came
after each like, so it is exact where the answer at once could only know what had arrived. Only
changes are written: another count state, or a group where none was known. A second run over the
same history finds nothing to change.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.clock import DAY_US, SECOND_US
from zhenzan.counts.interface import Applied, Cause, Group, LikeRow, Revision, State
from zhenzan.errors import ZhenzanError
from zhenzan.events.ingest import Ingest
from zhenzan.live.folders import HISTORY, JOURNAL
from zhenzan.live.history import write_history
from zhenzan.live.scorer import Facts
from zhenzan.rules.batch import hook_of
from zhenzan.scoring.job import score_log
from zhenzan.scoring.learned.model import load_model
from zhenzan.settings import Settings

SETTLED = "settled"
"""Folder of the outputs of the last run, inside the service's folder."""

MARK = "settled_us"
"""Where the ledger notes up to which time likes are settled."""

_LISTING = "interactions"
"""Folder of links to the files of history that a run reads, inside that of the outputs."""

_NICE = 10
_LIKES = ["event_id", "ts", "score", "count_state", "reasons", "group_id", "as_of"]
_BATCH_ROWS = 10_000


class SettledLedger(Protocol):
    """What the settler needs of ``zhenzan.counts.ledger.CountLedger``."""

    def standing(self, event_ids: Iterable[str]) -> Mapping[str, LikeRow]:
        """Give each like that the ledger holds as it stands."""
        ...

    def revise(
        self,
        revisions: Sequence[Revision],
        *,
        groups: Sequence[Group] = (),
        progress: Mapping[str, int] | None = None,
    ) -> Applied:
        """Give likes other answers, in the order given."""
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
    _score_apart(files, folder / SETTLED, settings, facts or Facts())
    newest_us = max(_newest_us(path) for path in files)
    return revise_from(folder / SETTLED, newest_us - settings.follow_up_s * SECOND_US, ledger)


def revise_from(outputs: Path, until_us: int, ledger: SettledLedger) -> SettleReport:
    """Compare outputs of scoring with the ledger, and revise likes not after ``until_us``."""
    moves: Counter[str] = Counter()
    likes = 0
    groups = _groups(outputs / "groups.parquet")
    for rows in _closed(outputs / "likes.parquet", until_us):
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
        named = [groups[name] for name in {r.group_id for r in revisions} if name in groups]
        ledger.revise(revisions, groups=sorted(named, key=lambda group: group.group_id))
    ledger.revise([], progress={MARK: max(until_us, 0)})
    return SettleReport(max(until_us, 0), likes, dict(sorted(moves.items())))


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


def _closed(path: Path, until_us: int) -> Iterator[list[dict[str, object]]]:
    """Give likes whose follow-up window has closed, some at a time."""
    likes = pq.ParquetFile(path)
    # By row groups: batches that cross them cannot be read where reasons are dictionaries.
    for group in range(likes.num_row_groups):
        table = likes.read_row_group(group, columns=_LIKES)
        for name in ("ts", "as_of"):
            column = table.column(name).cast(pa.int64())
            table = table.set_column(table.column_names.index(name), name, column)
        table = table.filter(pc.less_equal(table.column("ts"), until_us))
        for start in range(0, table.num_rows, _BATCH_ROWS):
            yield table.slice(start, _BATCH_ROWS).to_pylist()


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


def _newest_us(path: Path) -> int:
    """Give the time of the newest row; 0 for a file whose rows were all removed by their age."""
    column = pq.read_table(path, columns=["ts"]).column("ts").cast(pa.int64())
    return int(pc.max(column).as_py() or 0)


def _recent(files: list[Path], days: int) -> list[Path]:
    """Choose the files with rows of the last days before the newest row."""
    newest = {path: _newest_us(path) for path in files}
    since_us = max(newest.values(), default=0) - days * DAY_US
    return [path for path in files if newest[path] >= max(since_us, 1)]


def forget_listing(folder: Path) -> None:
    """Remove what a run that was killed still links and history has replaced or removed since."""
    for link in (folder / SETTLED / _LISTING).glob("*.parquet"):
        if link.stat().st_nlink == 1:
            link.unlink()


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


def _score_apart(files: list[Path], out: Path, settings: Settings, facts: Facts) -> None:
    """Score in a process of its own, so that callers of the service do not wait for it."""
    job = {
        "files": [str(path) for path in files],
        "out": str(out),
        "settings": asdict(settings),
        "facts": {k: str(v) if v else None for k, v in asdict(facts).items()},
    }
    done = subprocess.run(
        [sys.executable, "-m", "zhenzan.live.settler"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().split("\n")[-1]
        raise ZhenzanError(f"the scoring of history failed: {last}")


def _score_here(job: Mapping[str, object]) -> None:
    facts = cast("dict[str, str | None]", job["facts"])
    side = {name: Path(path) if path else None for name, path in facts.items()}
    out = Path(cast(str, job["out"]))
    out.mkdir(parents=True, exist_ok=True)
    listing = out / _LISTING
    listing.mkdir(exist_ok=True)
    for old in listing.iterdir():
        old.unlink()
    for path in map(Path, cast("list[str]", job["files"])):
        os.link(path, listing / path.name)
    settings = Settings(**cast("dict[str, int]", job["settings"]))
    ingest = Ingest(
        listing,
        settings,
        rejects_path=out / "rejects.parquet",
        accounts=side["accounts"],
        items=side["items"],
        networks=side["networks"],
    )
    model = load_model(side["model"]) if side["model"] else None
    score_log(ingest, out, settings, rules=hook_of(side["rules"]), model=model)
    for link in listing.iterdir():
        link.unlink()


if __name__ == "__main__":
    os.nice(_NICE)
    _score_here(json.loads(sys.stdin.read()))
