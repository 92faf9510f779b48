"""Makes the rows of calls durable: one group, one sync."""

from __future__ import annotations

import threading

from zhenzan.clock import SECOND_US
from zhenzan.live.calls import Call, Taken
from zhenzan.live.intake import Intake
from zhenzan.live.interface import Answer
from zhenzan.live.journal import Journal
from zhenzan.live.wire import pack
from zhenzan.settings import Settings


class Taking:
    """Checks rows and writes what is accepted to the journal.

    Parameters
    ----------
    disk_lock
        Held while a group is checked and written: under it what the duplicate memory knows is
        what is on disk, which a checkpoint needs.
    """

    def __init__(
        self, intake: Intake, journal: Journal, disk_lock: threading.Lock, settings: Settings
    ) -> None:
        self._intake, self._journal = intake, journal
        self._disk_lock, self._settings = disk_lock, settings
        self._segment_us = 0

    def take(self, calls: list[Call]) -> Taken:
        """Make the rows of calls durable; all that is accepted is on disk when it returns.

        Raises
        ------
        Unavailable
            The disk refused; then the ids of the group are forgotten again.
        """
        rows = [row for call in calls for row in call.rows]
        ids = [str(row.get("event_id") or "") for row in rows]
        with self._disk_lock:
            checked = self._intake.check(rows)
            position = self._journal.end
            if checked.accepted.num_rows:
                try:
                    self._turn_segment()
                    position = self._journal.append(
                        pack(checked.accepted), count=checked.accepted.num_rows
                    )
                except BaseException:
                    self._intake.duplicates.withdraw(checked.ids)
                    raise
        answers: list[Answer | None] = [None] * len(rows)
        for place, problem in checked.refused.items():
            answers[place] = Answer(ids[place], "refused", problem=problem)
        places = checked.places.tolist()
        return Taken(calls, checked.accepted, position, answers, places, checked.repeated, ids)

    def _turn_segment(self) -> None:
        """Begin a segment once the present one spans its time, so that it can become history."""
        newest_us = self._intake.newest_us
        if self._journal.end == self._journal.segment_start:
            self._segment_us = newest_us
        if newest_us - self._segment_us >= self._settings.segment_s * SECOND_US:
            self._journal.rotate()
            self._segment_us = newest_us

    def close_segment(self) -> None:
        """End the journal's segment, so that all that was taken in can become history."""
        with self._disk_lock:
            self._journal.rotate()
