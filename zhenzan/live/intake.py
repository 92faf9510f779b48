"""Checks rows as they come in: against the contract, and against all ids that were there before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.clock import SECOND_US, Clock
from zhenzan.events.duplicates import CONFLICTING, NEW, REPEATED, Duplicates
from zhenzan.events.hashed import HashedRows
from zhenzan.events.order import ordered
from zhenzan.events.rejects import Rejects
from zhenzan.events.sources.rows import rows_table
from zhenzan.events.validate import Validator
from zhenzan.live.interface import Problem
from zhenzan.settings import Settings

_ZH = {
    "missing_required": "缺少必填值",
    "bad_type": "值的类型不对",
    "bad_value": "值超出范围",
    "bad_time": "时间无法读取（须在 1990 年至 2100 年之间）",
    "bad_text": "不是 UTF-8 文本，或含有 NUL 字符",
    "too_long": "值过长",
    "unknown_kind": "未知的互动种类",
    "duplicate_conflict": "该编号此前已用于不同的内容",
    "in_the_future": "时间晚于服务时钟所允许的范围",
}
_NAMED = re.compile(r"`([^`]+)`")


@dataclass(slots=True)
class Checked:
    """Rows sorted into what comes next for them; numbers are places in the rows as given.

    ``accepted`` are canonical rows in the order of the journal, ``places`` says where each came
    from, ``ids`` holds the hashes of their event ids, in no order.
    """

    accepted: pa.Table
    places: NDArray[np.int64]
    ids: NDArray[np.uint64]
    repeated: list[int] = field(default_factory=list)
    refused: dict[int, Problem] = field(default_factory=dict)


class _Problems(Rejects):
    """Notes what is wrong with each row, in place of a quarantine file."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, Problem] = {}

    def add_rows(
        self,
        file: str | Sequence[str],
        rows: NDArray[np.int64],
        table: pa.Table,
        *,
        reason: str,
        detail: str,
    ) -> None:
        """Note one problem of some rows."""
        super().add_rows(file, rows, table, reason=reason, detail=detail)
        told = problem(reason, detail)
        self.found |= dict.fromkeys(rows.tolist(), told)


class Intake:
    """Check rows; remember the ids of those that are accepted.

    Parameters
    ----------
    folder
        Where ids beyond those in memory are put away.
    clock
        The service's own clock: the one place where it is looked at. A row that claims to be far
        ahead of it would push the engine's time past everybody else's rows.
    """

    def __init__(self, folder: Path, settings: Settings, *, clock: Clock) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.duplicates = Duplicates(
            memory_us=settings.duplicate_memory_s * SECOND_US,
            folder=folder,
            generation_ids_max=settings.duplicate_ids_max,
        )
        self._ahead_us = settings.ahead_s * SECOND_US
        self._clock = clock
        self.newest_us = 0

    def check(self, rows: Sequence[Mapping[str, object]]) -> Checked:
        """Sort rows into accepted, repeated and refused; the first row with an id is the new one.

        Accepted rows are put in the order of time, then of event id, so that rows that come
        together are taken in as they happened.
        """
        raw, nested = rows_table(rows)
        problems = _Problems()
        places = np.arange(len(rows))
        found = Validator(problems).check(raw, rows=places, file="", file_index=0, raw=raw)
        refused = problems.found
        for place, detail in nested.items():
            refused[place] = problem("bad_type", detail)
        found = self._within(found, refused)
        if not found.num_rows:
            return Checked(found, _NO_PLACES, _NO_IDS, [], refused)
        hashed = HashedRows.of(found, None)
        verdicts = self._verdicts(hashed)
        at = found.column("row").to_numpy()
        for place in at[verdicts == CONFLICTING].tolist():
            refused[place] = problem(
                "duplicate_conflict", "the event id was used before with another content"
            )
        repeated = at[verdicts == REPEATED].tolist()
        if not (verdicts == NEW).all():
            found = found.filter(pa.array(verdicts == NEW))
        if not found.num_rows:
            return Checked(found, _NO_PLACES, _NO_IDS, repeated, refused)
        ids = hashed.hashes["event_id"][verdicts == NEW]
        accepted = ordered(found).sorted()
        return Checked(accepted, accepted.column("row").to_numpy(), ids, repeated, refused)

    def remember(self, rows: pa.Table) -> None:
        """Remember the ids of rows that the journal holds."""
        self._verdicts(HashedRows.of(rows.combine_chunks(), None))

    def _verdicts(self, hashed: HashedRows) -> NDArray[np.int8]:
        self.newest_us = max(self.newest_us, int(hashed.ts.max()))
        return self.duplicates.check(
            hashed.hashes["event_id"], hashed.contents(), newest_us=self.newest_us
        )

    def _within(self, found: pa.Table, refused: dict[int, Problem]) -> pa.Table:
        """Refuse rows from the future; a clock that was set back refuses nothing it let in."""
        limit_us = max(int(self._clock() * SECOND_US), self.newest_us) + self._ahead_us
        ahead = found.column("ts").to_numpy() > limit_us
        keep = ~ahead
        if nested := set(refused):
            keep &= ~np.isin(found.column("row").to_numpy(), list(nested))
        if keep.all():
            return found
        seconds = self._ahead_us // SECOND_US
        detail = f"`ts` lies more than {seconds:,} s ahead of the service's clock"
        told = problem("in_the_future", detail)
        refused |= dict.fromkeys(found.column("row").to_numpy()[ahead].tolist(), told)
        return found.filter(pa.array(keep))


_NO_IDS, _NO_PLACES = np.zeros(0, np.uint64), np.zeros(0, np.int64)


def problem(reason: str, detail: str) -> Problem:
    """Say in both languages what is wrong."""
    named = _NAMED.findall(detail)
    said = _ZH[reason]
    return Problem(reason, detail, f"`{named[0]}`：{said}" if named else said)
