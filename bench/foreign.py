"""Runs the product over a foreign log: every like one row of the log, in the log's own order."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.detectors.registry import all_detectors
from zhenzan.events.ingest import Ingest
from zhenzan.events.mapping import Mapping
from zhenzan.groups.find import find_groups
from zhenzan.groups.schema import Groups
from zhenzan.scoring.job import Run, read, score_log
from zhenzan.scoring.spill import LikeSpill
from zhenzan.settings import Settings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_TIME_US = 1_325_376_000_000_000
"""2012-01-01, the time of every row of a log without time, as in the mapping `yelpchi`."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Who liked what and when, by row; codes from 0, ``ts`` in microseconds since 1970 (UTC)."""

    ts: Ints
    account: Ints
    item: Ints

    def log(self) -> pa.Table:
        """Write the rows as interactions; the row number is the event id and nothing more."""
        count = len(self.ts)
        text = {name: pc.cast(pa.array(getattr(self, name)), pa.string())
                for name in ("account", "item")}  # fmt: skip
        return pa.table(
            {
                "event_id": pc.cast(pa.array(np.arange(count)), pa.string()),
                "ts": pa.array(self.ts, pa.timestamp("us", "UTC")),
                "kind": pa.repeat("like", count),
                "account_id": text["account"],
                "item_id": text["item"],
            }
        )

    def likes(self) -> pa.Table:
        """Give the rows as the search for groups reads them."""
        return pa.table(
            {
                "row": np.arange(len(self.ts)),
                "ts": self.ts,
                "account": self.account.astype(np.int32),
                "item": self.item.astype(np.int32),
            }
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """What the product said about each row, and what it cost."""

    score: Floats
    score_at_once: Floats
    state: NDArray[Any]
    cpu_s: float


@dataclass(slots=True)
class Clock:
    """CPU seconds of the process, all its threads and what the system does for it."""

    cpu_s: float = field(default=0.0)


@contextmanager
def cpu_clock() -> Iterator[Clock]:
    """Measure the CPU seconds of a block."""
    clock, before = Clock(), resource.getrusage(resource.RUSAGE_SELF)
    yield clock
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    clock.cpu_s = round(used, 2)


def warm() -> None:
    """Compile every kernel on a few rows, so that no figure counts it."""
    few = np.arange(64)
    rows = Rows(NO_TIME_US + few * 1_000_000, few % 7, few % 5)
    answers(rows)
    at_once(rows)


def answers(rows: Rows) -> Answers:
    """Score rows as ``zhenzan score`` does."""
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as name:
        folder = Path(name)
        pq.write_table(rows.log(), folder / "log.parquet")
        with cpu_clock() as clock:
            score_log(Ingest(folder / "log.parquet", Settings()), folder / "out", Settings())
        columns = ["event_id", "score", "score_at_once", "count_state"]
        likes = pq.read_table(folder / "out" / "likes.parquet", columns=columns)
    assert len(likes) == len(rows.ts), "every row is one like"
    order = np.argsort(pc.cast(likes["event_id"], pa.int64()).to_numpy())
    score, once = (likes[name].to_numpy()[order].astype(np.float64) for name in columns[1:3])
    state = likes["count_state"].cast(pa.string()).take(pa.array(order))
    return Answers(score, once, np.asarray(state.to_pylist(), object), clock.cpu_s)


def at_once(rows: Rows, *, signals: Sequence[str] = ()) -> tuple[Floats, dict[str, Floats], float]:
    """Give, in one pass, the scores at once, some signals by their names, and CPU seconds.

    Signals are turned so that more is more suspicious; where nothing can be said is least.
    """
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as name, LikeSpill(Path(name)) as spill:
        log = Path(name, "log.parquet")
        pq.write_table(rows.log(), log)
        run = Run(Ingest(log, Settings()), Settings(), spill)
        with cpu_clock() as clock:
            read(run)
        order = np.argsort(spill.event_ids().cast(pa.int64()).to_numpy())
        found = {}
        detectors = [detector for detector in all_detectors() if not detector.settled]
        values = spill.wide("values", len(detectors))
        for column, detector in enumerate(detectors):
            if detector.name in signals:
                value = values[:, column][order].astype(np.float64)
                value = value if detector.suspicious == "high" else -value
                found[detector.name] = np.nan_to_num(value, nan=-np.inf)
        return spill.key("score_at_once")[order], found, clock.cpu_s


def groups_of(rows: Rows) -> tuple[Groups, float]:
    """Find the groups among rows; give them and the CPU seconds of the search."""
    likes = rows.likes()
    started = time.process_time()
    groups = find_groups(likes)
    return groups, round(time.process_time() - started, 2)


def by_code(table: pa.Table, key: str, *, count: int) -> Floats:
    """Spread the evidence of a table over all codes of ``key``; 0 where there is none."""
    nats = np.zeros(count)
    nats[table[key].to_numpy()] = table["nats"].to_numpy()
    return nats


def mean_by(code: Ints, values: Floats, *, count: int) -> Floats:
    """Average values by code; 0 for codes that do not occur."""
    size = np.bincount(code, minlength=count)
    return np.asarray(np.bincount(code, values, minlength=count) / np.maximum(size, 1))


@dataclass(frozen=True, slots=True)
class Harm:
    """What a scoring run did to a log: count states, groups and their members by name."""

    states: dict[str, int]
    groups: list[dict[str, Any]]
    members_by_group: dict[str, set[str]]
    accounts_count: int
    cpu_s: float

    @property
    def likes(self) -> int:
        """Count all likes."""
        return sum(self.states.values())

    def share(self, state: str) -> float:
        """Give the share of likes in a count state."""
        return self.states[state] / max(self.likes, 1)

    def groups_count(self, *, benign: bool) -> int:
        """Count the groups on one side."""
        return sum(group["benign"] is benign for group in self.groups)

    def members(self, *, benign: bool) -> list[set[str]]:
        """Give the members of each group on one side."""
        sides = [group["group_id"] for group in self.groups if group["benign"] is benign]
        return [self.members_by_group[name] for name in sides]

    def accounts(self, *, benign: bool) -> set[str]:
        """Give the accounts of all groups on one side."""
        return set().union(*self.members(benign=benign))


def scored(log: Path, mapping: Mapping | str) -> Harm:
    """Score a foreign log through a mapping, as ``zhenzan score LOG --map MAPPING`` does."""
    with tempfile.TemporaryDirectory(prefix="zhenzan-") as name:
        out = Path(name)
        with cpu_clock() as clock:
            summary = score_log(Ingest(log, Settings(), mapping), out, Settings())
        groups = pq.read_table(out / "groups.parquet", columns=["group_id", "benign", "kind"])
        members: dict[str, set[str]] = {}
        for row in pq.read_table(out / "group_members.parquet").to_pylist():
            members.setdefault(row["group_id"], set()).add(row["account_id"])
        accounts = pq.read_metadata(out / "accounts.parquet").num_rows
    return Harm(summary["states"], groups.to_pylist(), members, accounts, clock.cpu_s)
