"""Runs of retention by the clock, beside a service."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhenzan.access.retention.run import Retention

LOG = logging.getLogger("zhenzan.retention")

FIRST_RUN_S = 300.0
"""The first run comes no later than this after a start, so that a service which is started anew
each day removes something too; and not at once, when the service has its journal to catch up."""


class Schedule:
    """A thread that runs retention again and again; what fails is told and tried again.

    Parameters
    ----------
    every_s
        Seconds from the end of one run to the beginning of the next.
    """

    def __init__(self, retention: Retention, every_s: float) -> None:
        self._retention, self._every_s = retention, every_s
        self._stopping = threading.Event()
        self._figures: dict[str, int] = {"runs": 0, "failures": 0, "failing": 0, "removed": 0}
        self._thread = threading.Thread(target=self._run, name="zhenzan-retention", daemon=True)

    def start(self) -> None:
        """Begin; the first run comes after `FIRST_RUN_S`, or ``every_s`` where that is less."""
        self._thread.start()

    def stop(self) -> None:
        """End after the run that is under way."""
        self._stopping.set()
        self._thread.join()

    def figures(self) -> Mapping[str, object]:
        """Count runs, failures and what was removed; ``failing`` is 1 where the last one failed."""
        return dict(self._figures)

    def _run(self) -> None:
        wait_s = min(FIRST_RUN_S, self._every_s)
        while not self._stopping.wait(wait_s):
            wait_s = self._every_s
            self._once()

    def _once(self) -> None:
        figures = self._figures
        try:
            done = self._retention.run()
        except Exception as error:
            figures["failures"] += 1
            figures["failing"] = 1
            # Statements and addresses of a database are nobody's business.
            LOG.error("a run of retention failed (%s)", type(error).__name__)
        else:
            figures["runs"] += 1
            figures["failing"] = 0
            figures["removed"] += sum(removal.removed for removal in done)
