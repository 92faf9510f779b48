"""A disk and a ledger that fail when a seed says so, for tests of what survives it."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from zhenzan.counts.interface import Applied, Group, LikeRow, LikeState, Revision, StateRow, Unlike
from zhenzan.counts.ledger import CountLedger
from zhenzan.live.disk import Disk


class CrashError(BaseException):
    """The process ends here: nothing catches it but the test."""


class FaultyDisk(Disk):
    """A disk that may tear a write, fail to sync, or be full for a while.

    After ``crash`` has fallen every call raises, as in a process that is gone, and ``power_off``
    then leaves of each file what was synced and any part of the rest.

    Parameters
    ----------
    crash_at
        The write or sync, counted from 0, at which the process ends; None for never.
    full_share, unsynced_share
        How often a write finds the disk full, and a sync fails.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        crash_at: int | None = None,
        full_share: float = 0.0,
        unsynced_share: float = 0.0,
    ) -> None:
        self._rng = rng
        self._crash_at = crash_at
        self._full_share, self._unsynced_share = full_share, unsynced_share
        self._calls = 0
        self._paths: dict[int, Path] = {}
        self._synced: dict[Path, int] = {}
        self.crashed = False

    def open(self, path: Path) -> int:
        """Open a file; what it holds already counts as synced."""
        self._alive()
        handle = super().open(path)
        self._paths[handle] = path
        self._synced.setdefault(path, path.stat().st_size)
        return handle

    def write(self, handle: int, data: bytes) -> None:
        """Write, or tear the write, or find the disk full."""
        if self._falls():
            super().write(handle, data[: int(self._rng.integers(0, len(data) + 1))])
            self._crash()
        if self._rng.random() < self._full_share:
            super().write(handle, data[: int(self._rng.integers(0, len(data)))])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(handle, data)

    def sync(self, handle: int) -> None:
        """Sync, or crash before it, or fail."""
        if self._falls():
            self._crash()
        if self._rng.random() < self._unsynced_share:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(handle)
        path = self._paths[handle]
        self._synced[path] = path.stat().st_size

    def cut(self, handle: int, size_bytes: int) -> None:
        """Shorten a file."""
        self._alive()
        super().cut(handle, size_bytes)
        path = self._paths[handle]
        self._synced[path] = min(self._synced[path], size_bytes)

    def power_off(self) -> None:
        """Leave of every file what was synced, and any part of what was written after it."""
        self.crashed = True
        for path, synced in self._synced.items():
            if path.exists() and path.stat().st_size > synced:
                content = path.read_bytes()
                kept = int(self._rng.integers(synced, len(content) + 1))
                path.write_bytes(content[:kept])

    def _falls(self) -> bool:
        self._alive()
        self._calls += 1
        return self._crash_at is not None and self._calls > self._crash_at

    def _alive(self) -> None:
        if self.crashed:
            raise CrashError

    def _crash(self) -> None:
        self.crashed = True
        raise CrashError


class AwayError(Exception):
    """The database does not answer."""


class FaultyLedger:
    """A ledger whose database goes away, before a transaction or after it was committed.

    Parameters
    ----------
    away_share
        How often a call fails; half of those have had their effect.

    ``away`` turns that on and off; ``gone`` ends the process at the next call.
    """

    def __init__(self, ledger: CountLedger, rng: np.random.Generator, *, away_share: float) -> None:
        self._ledger, self._rng, self._away_share = ledger, rng, away_share
        self.away, self.gone = True, False

    def apply(
        self,
        position_from: int,
        position_to: int,
        likes: Sequence[LikeState],
        unlikes: Sequence[Unlike] = (),
    ) -> Applied:
        """Apply records, or be away."""
        falls = self._falls()
        if falls and self._rng.random() < 0.5:
            raise AwayError("the server closed the connection")
        applied = self._ledger.apply(position_from, position_to, likes, unlikes)
        if falls:
            raise AwayError("the server closed the connection after it committed")
        return applied

    def revise(
        self,
        revisions: Sequence[Revision],
        *,
        groups: Sequence[Group] = (),
        progress: Mapping[str, int] | None = None,
    ) -> Applied:
        """Revise likes, or be away."""
        if self._falls():
            raise AwayError("the server closed the connection")
        return self._ledger.revise(revisions, groups=groups, progress=progress)

    def applied_position(self) -> int:
        """Give the position up to which all is applied."""
        return self._ledger.applied_position()

    def first_answers(self, event_ids: Sequence[str]) -> Mapping[str, StateRow]:
        """Give the answers at once."""
        return self._ledger.first_answers(event_ids)

    def standing(self, event_ids: Iterable[str]) -> Mapping[str, LikeRow]:
        """Give likes as they stand."""
        return self._ledger.standing(event_ids)

    def _falls(self) -> bool:
        if self.gone:
            raise AwayError("the process has ended")
        return self.away and bool(self._rng.random() < self._away_share)
