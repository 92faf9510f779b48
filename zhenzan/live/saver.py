"""Saves checkpoints of the live service, while it goes on answering."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from zhenzan.files import force
from zhenzan.live import checkpoint
from zhenzan.live.checkpoint import LiveState
from zhenzan.live.counting import CHECKPOINT_MARK, Ledger
from zhenzan.live.folders import CHECKPOINTS, IDS
from zhenzan.live.intake import Intake
from zhenzan.live.scorer import LiveScorer

LEDGER_WAIT_S = 60.0
"""How long a checkpoint waits for the ledger to have all that came before it."""


class Saver:
    """Copies the state, waits until the ledger holds all before it, and writes it.

    Parameters
    ----------
    folder
        The service's folder.
    state_of
        Whose state is saved: the ids that are known, and the scorer.
    counted
        Waits until the ledger has a position; False where it does not within a time in seconds.
    disk_lock
        Held while ids are looked at: under it what is known is what is on disk.
    saved
        The position of the checkpoint that the service came back from.
    """

    def __init__(
        self,
        folder: Path,
        state_of: tuple[Intake, LiveScorer],
        *,
        ledger: Ledger,
        counted: Callable[[int, float], bool],
        disk_lock: threading.Lock,
        saved: int,
    ) -> None:
        self._folder = folder
        self._intake, self._scorer = state_of
        self._ledger, self._counted, self._disk_lock = ledger, counted, disk_lock
        self._needed: deque[tuple[str, ...]] = deque(maxlen=checkpoint.KEPT)
        self._thread: threading.Thread | None = None
        self.error: str | None = None
        self._saved = self._asked = saved

    @property
    def saved(self) -> int:
        """The position of the newest checkpoint; 0 before the first."""
        return self._saved

    @property
    def asked(self) -> int:
        """The position of the newest checkpoint, or of the one that is being written."""
        return self._asked

    def lacks(self, answered: int) -> bool:
        """Say whether a checkpoint that is kept lies before ``answered``, or is missing.

        Then records from before it cannot go: where nothing comes any more, a second state of the
        same position lets them.
        """
        kept = checkpoint.positions(self._folder / CHECKPOINTS)[-checkpoint.KEPT :]
        return answered > 0 and kept != [answered] * checkpoint.KEPT

    def save_aside(self, answered: int) -> None:
        """Copy the state after all records before ``answered``, and write it in a thread.

        It is called between two groups, by whoever answers them; while one checkpoint is written
        no other is begun.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        state = self._state(answered)
        self._asked = state.position
        self._thread = threading.Thread(
            target=self._write, args=(state,), name="zhenzan-checkpoint"
        )
        self._thread.start()

    def save(self, answered: int) -> None:
        """Write the state after all records before ``answered``, and return when it is done."""
        self._write(self._state(answered))

    def wait(self) -> None:
        """Return once nothing is being written."""
        if self._thread is not None:
            self._thread.join()

    def _state(self, answered: int) -> LiveState:
        with self._disk_lock:
            duplicates = self._intake.duplicates
            ids = {name: array.copy() for name, array in duplicates.arrays().items()}
            put_away, newest_us = tuple(duplicates.put_away), self._intake.newest_us
        snapshot = self._scorer.snapshot()
        return LiveState(answered, self._scorer.version, snapshot, ids, put_away, newest_us)

    def _write(self, state: LiveState) -> None:
        if not self._counted(state.position - 1, LEDGER_WAIT_S):
            self.error = "the ledger is behind"
            return
        try:
            # A durable transaction: all that the ledger was given before is on disk as well.
            self._ledger.revise([], progress={CHECKPOINT_MARK: state.position})
            for name in state.put_away:
                force(self._folder / IDS / name)
            checkpoint.save(self._folder / CHECKPOINTS, state)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}".split("\n")[0]
            return
        self.error, self._saved = None, state.position
        self._needed.append(state.put_away)
        if len(self._needed) == checkpoint.KEPT:
            with self._disk_lock:
                names = {name for put_away in self._needed for name in put_away}
                self._intake.duplicates.sweep(names)
