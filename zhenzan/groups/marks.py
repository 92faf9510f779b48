"""Marked likes of the last hours, by item: those that the watch for groups looks at again."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_GROWTH = 1.25


class Marks:
    """Marked likes of the last hours, by item, in the order in which they arrived."""

    def __init__(self) -> None:
        self._fresh: list[tuple[I64, I32, I32]] = []
        self._held: dict[int, _Cohort] = {}
        self.count = 0

    def add(self, ts: I64, account: I32, item: I32) -> None:
        """Take in marked likes."""
        if len(ts):
            self._fresh.append((ts, account, item))

    def grown_cohorts(self, before_us: int, *, least: int) -> list[tuple[int, I64, I32]]:
        """Give the items whose marked likes have grown by a quarter since they were last given.

        Those with fewer than ``least`` wait. For each the times and accounts of its marked likes
        that are no older than ``before_us``.
        The geometric steps keep the cost in proportion to the likes, whatever an item collects.
        """
        if not self._fresh:
            return []
        ts, account, item = (np.concatenate(column) for column in zip(*self._fresh, strict=True))
        self._fresh = []
        self.count += len(ts)
        order = np.argsort(item, kind="stable")
        ts, account, item = ts[order], account[order], item[order]
        starts = np.flatnonzero(np.diff(item, prepend=-1))
        ends = [*starts.tolist(), len(item)]
        found = []
        for code, (start, end) in zip(item[starts].tolist(), pairwise(ends), strict=True):
            cohort = self._held.get(code)
            if cohort is None:
                cohort = self._held[code] = _Cohort()
            # A view would keep the likes of other items from being let go.
            cohort.add(ts[start:end].copy(), account[start:end].copy())
            if cohort.count >= max(least, cohort.due):
                self.count -= cohort.forget(before_us)
                cohort.due = cohort.count * _GROWTH
                found.append((code, *cohort.columns()))
        return found

    def bound(self, before_us: int, most: int) -> None:
        """Let go of all that is older once there are too many, and of the older half if need be."""
        while self.count > most:
            for item in list(self._held):
                cohort = self._held[item]
                self.count -= cohort.forget(before_us)
                if not cohort.count:
                    del self._held[item]
            newest = [int(cohort.parts[-1][0][-1]) for cohort in self._held.values()]
            before_us += max((max(newest, default=before_us) - before_us) // 2, 1)


@dataclass(slots=True)
class _Cohort:
    """The marked likes of one item."""

    parts: list[tuple[I64, I32]] = field(default_factory=list)
    count: int = 0
    due: float = 0.0

    def add(self, ts: I64, account: I32) -> None:
        """Take in marked likes."""
        self.parts.append((ts, account))
        self.count += len(ts)

    def forget(self, before_us: int) -> int:
        """Let go of parts that are older; give the number of likes."""
        gone = 0
        while self.parts and int(self.parts[0][0][-1]) < before_us:
            gone += len(self.parts.pop(0)[0])
        self.count -= gone
        return gone

    def columns(self) -> tuple[I64, I32]:
        """Give times and accounts."""
        ts = np.concatenate([part[0] for part in self.parts])
        return ts, np.concatenate([part[1] for part in self.parts])
