"""A live service that is measured: every call counts, whether it came over HTTP or a topic."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from zhenzan.clock import SECOND_US
from zhenzan.errors import Overloaded
from zhenzan.live.disk import Disk
from zhenzan.live.interface import Answer, Service
from zhenzan.telemetry.tracing import TRACING

if TYPE_CHECKING:
    from zhenzan.api.metrics import Metrics


class MeasuredService:
    """Keeps the promises of the service it stands before, and counts what it answers."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        self.service, self._metrics = service, metrics

    def submit(self, rows: Sequence[Mapping[str, object]]) -> Future[list[Answer]]:
        """Take rows in; see `zhenzan.live.interface.Service`."""
        start = time.perf_counter()
        try:
            with TRACING.span("receive", rows=len(rows)) as received:
                answers = self.service.submit(rows)
        except Overloaded:
            self._metrics.overloads.inc()
            raise

        def answered(done: Future[list[Answer]]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._metrics.batch_rows.observe(len(rows))
                self._metrics.answer_seconds.observe(time.perf_counter() - start)
                with TRACING.span("answer", rows=len(rows), links=[received]):
                    self._count(done.result())

        answers.add_done_callback(answered)
        return answers

    def drain(self) -> None:
        """Take nothing more in, and return once all is answered."""
        self.service.drain()

    def close(self) -> None:
        """Drain and give everything back."""
        self.service.close()

    def health(self) -> dict[str, object]:
        """Say how the service is."""
        return self.service.health()

    def _count(self, answers: list[Answer]) -> None:
        """Count answers; a call often has one, so nothing is built that one row does not need."""
        metrics = self._metrics
        for answer in answers:
            metrics.taken(answer.status, 1)
            if answer.status != "accepted":
                continue
            metrics.late.observe(answer.late_by_us / SECOND_US)
            if answer.count_state is not None:
                against = [reason for reason in answer.reasons if reason["weight"] > 0.0]
                metrics.judged(
                    answer.count_state,
                    {reason["family"] for reason in against},
                    [reason["code"] for reason in against],
                )


class MeasuredDisk(Disk):
    """The real disk, with the time that each sync of a file took."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def sync(self, handle: int) -> None:
        """Return once all that was written is on the disk, or raise ``OSError``."""
        start = time.perf_counter()
        super().sync(handle)
        self._metrics.sync_seconds.observe(time.perf_counter() - start)
