"""Carries answers to the ledger of counts, in order, and waits for it where it is away."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from zhenzan.counts.interface import Applied, LikeState, Reviser, Unlike
from zhenzan.errors import LedgerError
from zhenzan.live.interface import Answer
from zhenzan.telemetry.tracing import TRACING

CHECKPOINT_MARK = "live_checkpoint"
"""Where the ledger notes up to which position a checkpoint relies on it."""

_ROWS_AT_ONCE = 4_096
_WAIT_S = (0.05, 5.0)


class Ledger(Reviser, Protocol):
    """What the live service needs of ``zhenzan.counts.ledger.CountLedger``."""

    def apply(
        self,
        position_from: int,
        position_to: int,
        likes: Sequence[LikeState],
        unlikes: Sequence[Unlike] = (),
    ) -> Applied:
        """Apply the journal's records from one position to another, both included."""
        ...

    def applied_position(self) -> int:
        """Give the position up to which all is applied; -1 before the first record."""
        ...


@dataclass(slots=True)
class Counted:
    """The effect of some records on the counts, and who waits for it.

    ``told`` are the callers with their answers, which they get once the ledger has it; where the
    ledger is away they get them at once, since the journal holds the records.
    """

    position_from: int
    position_to: int
    likes: list[LikeState] = field(default_factory=list)
    unlikes: list[Unlike] = field(default_factory=list)
    told: list[tuple[Future[list[Answer]], list[Answer]]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Count the records."""
        return self.position_to - self.position_from + 1


class Counting:
    """A thread that applies what is handed to it; records wait, in order, while it cannot.

    Parameters
    ----------
    rows_max
        Records that may wait; ``put`` blocks beyond it.
    failed
        Called with an error that no waiting mends.
    """

    def __init__(
        self, ledger: Ledger, *, rows_max: int, failed: Callable[[BaseException], None]
    ) -> None:
        self._ledger = ledger
        self._rows_max = rows_max
        self._waiting: deque[Counted] = deque()
        self._rows = 0
        self._changed = threading.Condition()
        self._closing = False
        self.error: str | None = None
        self._failed = failed
        self.applied = ledger.applied_position()
        self._thread = threading.Thread(target=self._run, name="zhenzan-counts", daemon=True)
        self._thread.start()

    @property
    def rows(self) -> int:
        """Count the records that wait."""
        return self._rows

    def put(self, counted: Counted) -> None:
        """Hand records over; blocks while too many wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows < self._rows_max or self._closing)
            self._waiting.append(counted)
            self._rows += counted.rows
            self._changed.notify_all()

    def wait(self, position: int, timeout_s: float | None = None) -> bool:
        """Wait until all up to ``position`` is applied; False where it is not within the time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.applied >= position or self._closing, timeout_s
            ) and (self.applied >= position)

    def close(self, *, timeout_s: float = 30.0) -> None:
        """Apply what waits and end; what the ledger does not take is in the journal."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def abandon(self) -> None:
        """End at once, whatever waits."""
        with self._changed:
            self._waiting.clear()
        self.close()

    def _run(self) -> None:
        pause_s = _WAIT_S[0]
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                batch = self._batch()
            try:
                self._apply(batch)
            except LedgerError as error:  # the order of records is broken: no waiting mends that
                self._tell(batch)
                self.error = str(error)
                self._failed(error)
                with self._changed:
                    self._closing = True
                    self._changed.notify_all()
                return
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}".split("\n")[0]
                self._tell(batch)
                with self._changed:
                    if self._changed.wait_for(lambda: self._closing, pause_s):
                        return
                pause_s = min(2 * pause_s, _WAIT_S[1])
                continue
            self.error, pause_s = None, _WAIT_S[0]
            self._tell(batch)
            with self._changed:
                for one in batch:
                    self._waiting.popleft()
                    self._rows -= one.rows
                self.applied = batch[-1].position_to
                self._changed.notify_all()

    def _batch(self) -> list[Counted]:
        batch, rows = [], 0
        for one in self._waiting:
            batch.append(one)
            rows += one.rows
            if rows >= _ROWS_AT_ONCE:
                break
        return batch

    def _apply(self, batch: list[Counted]) -> None:
        first, last = batch[0].position_from, batch[-1].position_to
        if last < first:
            return  # callers that repeat or are refused: no record of theirs is new
        likes = [like for one in batch for like in one.likes]
        unlikes = [unlike for one in batch for unlike in one.unlikes]
        with TRACING.span("count", rows=last - first + 1):
            self._ledger.apply(first, last, likes, unlikes)

    @staticmethod
    def _tell(batch: list[Counted]) -> None:
        for one in batch:
            for done, answers in one.told:
                done.set_result(answers)
            one.told = []
