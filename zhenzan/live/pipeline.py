"""The live service: three threads that hand interactions on, and a queue before each.

*Intake* takes what has arrived, checks it, and makes it durable with one sync. *Scoring* answers
it in the order of the journal. *Counting* brings the answers to the ledger, and then the callers
get them. A group costs much the same whether it has one row or ten, so what arrives while one is
scored waits and becomes one group; under load the next is synced meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

import numpy as np

from zhenzan.alarm.told import Alarm
from zhenzan.errors import Overloaded, Unavailable
from zhenzan.live.answering import Answering, CountsLedger
from zhenzan.live.calls import Call, Taken, popped
from zhenzan.live.counting import Counting
from zhenzan.live.intake import Intake
from zhenzan.live.interface import ROWS_MAX, Answer
from zhenzan.live.journal import Journal
from zhenzan.live.recovery import Recovered
from zhenzan.live.saver import LEDGER_WAIT_S, Saver
from zhenzan.live.scorer import LiveScorer
from zhenzan.live.taking import Taking
from zhenzan.settings import Settings
from zhenzan.telemetry.tracing import TRACING

_RETRY_S = (0.1, 30.0)

_AHEAD_CALLS = 64
"""Calls that are taken in while others are scored; fewer wait for them."""


class SideJob(Protocol):
    """What runs beside the service, such as the settling of likes."""

    def health(self) -> dict[str, object]:
        """Say how it is."""
        ...

    def stop(self) -> None:
        """End it, and return when it has."""
        ...


class LiveService:
    """Answers interactions while they happen; see ``zhenzan.live.interface.Service``."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        journal: Journal,
        intake: Intake,
        scorer: LiveScorer,
        ledger: CountsLedger,
        recovered: Recovered,
        lock: int,
    ) -> None:
        self._lock = lock
        self._side: SideJob | None = None
        self._folder, self._settings = folder, settings
        self._journal, self._scorer, self._recovered = journal, scorer, recovered
        # One lock; each thread is woken for its own queue alone, since a wrong wake-up costs as
        # much as the work that it interrupts.
        self._changed = threading.Lock()
        self._arrived = threading.Condition(self._changed)
        self._durable = threading.Condition(self._changed)
        self._calls: deque[Call] = deque()
        self._taken: deque[Taken] = deque()
        self._savings: list[threading.Event] = []
        self._rows = self._scored = 0
        self._rate = 2_000.0
        self._draining = self._intake_ended = False
        self._failure: str | None = None
        disk_lock = threading.Lock()
        self._taking = Taking(intake, journal, disk_lock, settings)
        self._counting = Counting(ledger, rows_max=settings.uncounted_rows_max, failed=self._fail)
        self._answering = Answering(
            scorer, ledger, end=journal.end, counted=lambda: self._counting.applied
        )
        self._saver = Saver(
            folder,
            (intake, scorer),
            ledger=ledger,
            counted=self._counting.wait,
            disk_lock=disk_lock,
            saved=recovered.checkpoint,
        )
        self._threads = [
            threading.Thread(target=self._guarded, args=(part,), name=name, daemon=True)
            for part, name in (
                (self._take_in, "zhenzan-intake"), (self._answer_all, "zhenzan-scoring"),
            )
        ]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def submit(self, rows: Sequence[Mapping[str, object]]) -> Future[list[Answer]]:
        """Take rows in; the future gives one answer a row once all of them are on disk."""
        assert len(rows) <= ROWS_MAX, "a caller cuts longer logs"
        call = Call(rows, span=TRACING.here())
        if not rows:
            call.done.set_result([])
            return call.done
        with self._changed:
            if self._draining or self._failure or self._journal.broken:
                why = self._failure or self._journal.broken or "the service is closing"
                raise Unavailable(f"nothing can be taken in: {why}")
            if self._rows and self._rows + len(rows) > self._settings.queue_rows_max:
                raise Overloaded(float(np.clip(self._rows / self._rate, *_RETRY_S)))
            self._calls.append(call)
            self._rows += len(rows)
            self._arrived.notify()
        return call.done

    def drain(self) -> None:
        """Take nothing more in, and return once all that was taken in is answered and counted."""
        with self._changed:
            self._draining = True
            self._arrived.notify()
        for thread in self._threads:
            thread.join()
        if not self._failure:
            self._counting.wait(self._journal.end - 1, LEDGER_WAIT_S)

    def close(self) -> None:
        """Drain, write a last checkpoint, and give everything back."""
        if self._side is not None:
            self._side.stop()
        self.drain()
        self._saver.wait()
        ready = self._counting.applied >= self._journal.end - 1
        if not self._failure and ready and self._journal.end > self._saver.saved:
            self._saver.save(self._answering.end)
        self._counting.close()
        self._journal.close()
        os.close(self._lock)

    def attach(self, job: SideJob) -> None:
        """Let a job run beside the service: its health is told, and it ends with the service."""
        self._side = job

    def close_segment(self) -> None:
        """End the journal's segment, so that all that was taken in can become history."""
        self._taking.close_segment()

    def save(self) -> None:
        """Write a checkpoint of all that is answered, and return when it is written.

        A service to which little comes would keep old states for long: it writes them by number.
        """
        begun = threading.Event()
        with self._changed:
            if self._draining or self._failure:
                return
            self._savings.append(begun)
            self._durable.notify()
        begun.wait()
        self._saver.wait()

    def prepare_retirement(self) -> None:
        """End the journal's segment and save what follows from it, so that it can go one day."""
        self.close_segment()
        self.save()

    def abandon(self) -> None:
        """End at once, as a process that is killed does: nothing is drained, applied or saved."""
        self._fail(Unavailable("it was abandoned"))
        for thread in self._threads:
            thread.join()
        self._counting.abandon()
        self._saver.wait()
        self._journal.close()
        os.close(self._lock)

    def health(self) -> dict[str, object]:
        """Say how the service is: ready, positions, what waits, and what failed."""
        failure = self._failure or self._journal.broken
        return {
            "ready": not (failure or self._draining),
            "position": self._journal.end,
            "applied_position": self._counting.applied,
            "waiting_rows": self._rows,
            "uncounted_rows": self._counting.rows,
            "checkpoint_position": self._saver.saved,
            "recovered_from": self._recovered.checkpoint,
            "replayed_rows": self._recovered.replayed,
            "torn_bytes": self._journal.opened.torn_bytes,
            "failure": failure,
            "disk_free_bytes": self._journal.free_bytes,
            "disk_error": self._journal.broken,
            "ledger_error": self._counting.error,
            "checkpoint_error": self._saver.error,
            "rules_error": self._scorer.rules_error,
            "model": self._scorer.model.version if self._scorer.model else None,
            **(self._side.health() if self._side else {}),
        }

    def alarms(self) -> tuple[Alarm, ...]:
        """List what has fallen silent, as of the interactions answered so far."""
        return self._scorer.alarms()

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Stop taking anything in; what was acknowledged is in the journal."""
        with self._changed:
            self._failure = f"{type(error).__name__}: {error}".split("\n")[0]
            calls = [*self._calls, *(call for taken in self._taken for call in taken.calls)]
            self._calls.clear()
            self._taken.clear()
            self._intake_ended = True
            self._arrived.notify()
            self._durable.notify()
            savings, self._savings = self._savings, []
        for begun in savings:
            begun.set()
        for call in calls:
            call.done.set_exception(Unavailable(f"the service failed: {self._failure}"))

    # Intake

    def _take_in(self) -> None:
        while calls := self._next_calls():
            if not self._try_to_take(calls) and len(calls) > 1:
                # One caller's rows broke the check: nobody else is to suffer for it.
                for call in calls:
                    self._try_to_take([call])
        with self._changed:
            self._intake_ended = True
            self._durable.notify()

    def _try_to_take(self, calls: list[Call]) -> bool:
        """Make rows durable and hand them on; False where they are to be tried one by one."""
        try:
            with TRACING.span(
                "journal", rows=sum(len(c.rows) for c in calls), links=[c.span for c in calls]
            ):
                taken = self._taking.take(calls)
        except BaseException as error:
            known = isinstance(error, Unavailable)
            if isinstance(error, Exception) and not known and len(calls) > 1:
                return False
            with self._changed:
                self._rows -= sum(len(call.rows) for call in calls)
            told = error if known else Unavailable(f"the rows could not be taken in: {error}")
            for call in calls:
                call.done.set_exception(told)
            if not isinstance(error, Exception):
                raise
            return True
        with self._changed:
            self._taken.append(taken)
            self._scored += 1
            self._durable.notify()
        return True

    def _next_calls(self) -> list[Call]:
        with self._changed:
            self._arrived.wait_for(
                lambda: (self._calls and self._may_begin()) or self._draining or self._failure
            )
            return popped(self._calls, self._settings.group_rows_max)

    def _may_begin(self) -> bool:
        """Tell whether nothing is being scored, or so much waits that taking it in pays."""
        return not self._scored or len(self._calls) >= _AHEAD_CALLS

    # Scoring

    def _answer_all(self) -> None:
        while True:
            taken, savings = self._next_taken()
            if taken:
                self._answer_taken(taken)
            elif not savings:
                return
            end = self._answering.end
            due = end - self._saver.asked >= self._settings.checkpoint_rows
            if due or (savings and self._saver.lacks(end)):
                self._saver.save_aside(end)
            for begun in savings:
                begun.set()

    def _next_taken(self) -> tuple[list[Taken], list[threading.Event]]:
        """Wait for groups or for who wants a checkpoint; neither comes once intake has ended."""
        with self._changed:
            self._durable.wait_for(lambda: self._taken or self._savings or self._intake_ended)
            savings, self._savings = self._savings, []
            return popped(self._taken, self._settings.group_rows_max), savings

    def _answer_taken(self, taken: list[Taken]) -> None:
        started = time.perf_counter()
        try:
            with TRACING.span(
                "score",
                rows=sum(one.rows.num_rows for one in taken),
                links=[call.span for one in taken for call in one.calls],
            ):
                counted = self._answering.answer(taken)
        except BaseException as error:
            for call in (call for one in taken for call in one.calls):
                call.done.set_exception(Unavailable(f"the service failed: {error}"))
            raise
        self._counting.put(counted)
        rows = sum(len(one.answers) for one in taken)
        rate = rows / max(time.perf_counter() - started, 1e-6)
        with self._changed:
            self._rate += 0.1 * (rate - self._rate)
            self._rows -= rows
            self._scored -= len(taken)
            self._arrived.notify()
