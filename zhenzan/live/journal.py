"""The journal: every accepted interaction, in the order in which it was taken in.

A segment is a file named by the position of its first record: a magic line, then groups. A group
is what one sync makes durable: a mark, a checksum, its length, its first position, the number of
its records, and a body that the journal does not look into. Positions count records from 0
without a gap over all segments. Only the end of the last segment may be torn, by a crash in the
middle of a write; whoever sent those records was never told that they are accepted, and they are
cut off. Damage anywhere else is refused: cutting there would lose what was acknowledged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zhenzan.errors import JournalError, Unavailable
from zhenzan.live.disk import Disk

SEGMENT_BYTES = 64 << 20
"""A segment is closed at this size, so that history and recovery work on pieces."""

BODY_BYTES_MAX = 256 << 20
"""A group that claims to be longer is damaged."""

_MAGIC = b"zhenzan journal 1\n"
_MARK = b"\xf1ZJ\x1a"
_HEAD = struct.Struct("<4sIIqI")  # mark, checksum of the rest, bytes of body, position, records
_CHECKED = struct.Struct("<IqI")
_SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class JournalGroup:
    """Records ``position`` to ``position + count - 1`` and the body that holds them."""

    position: int
    count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found when a journal was opened.

    Attributes
    ----------
    end
        The position that the next record gets.
    torn_bytes
        Bytes of an unfinished write that were cut off.
    """

    end: int
    torn_bytes: int


class Journal:
    """Append groups, and read them from a position on; one writer, any number of readers.

    Parameters
    ----------
    folder
        Where the segments lie; it is made if it is not there.

    Raises
    ------
    JournalError
        A segment is damaged in its middle, missing, or none of ours.
    """

    def __init__(
        self, folder: Path, *, disk: Disk | None = None, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._disk = disk or Disk()
        self._segment_bytes = segment_bytes
        self._broken: str | None = None
        starts = segments(folder)
        torn = 0
        if not starts:
            self._handle, self._start = -1, 0
            self._begin(0)
        else:
            self._start = starts[-1]
            torn = self._reopen()
        self.opened = Opened(self.end, torn)

    @property
    def end(self) -> int:
        """The position that the next record gets; all before it are on disk."""
        return self._end

    @property
    def first(self) -> int:
        """The first position that is left; greater than 0 once segments were removed."""
        return segments(self._folder)[0]

    @property
    def segment_start(self) -> int:
        """The first position of the segment that is written to."""
        return self._start

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more; None while all is well."""
        return self._broken

    @property
    def free_bytes(self) -> int | None:
        """How many bytes the disk has left; None where it does not say."""
        try:
            return self._disk.free_bytes(self._folder)
        except OSError:
            return None

    def append(self, body: bytes, *, count: int) -> int:
        """Write a group and return once it is on disk; give the position of its first record.

        Raises
        ------
        Unavailable
            The disk refused. After a failed write the group is cut off again and the journal
            goes on; after a failed sync nobody knows what is on disk, and the journal takes
            nothing more in until it is opened anew.
        """
        assert count > 0
        if self._broken:
            raise Unavailable(f"the journal cannot be written: {self._broken}")
        if self._size >= self._segment_bytes:
            self.rotate()
        position = self._end
        checked = _CHECKED.pack(len(body), position, count)
        head = _HEAD.pack(_MARK, zlib.crc32(body, zlib.crc32(checked)), len(body), position, count)
        try:
            self._disk.write(self._handle, head + body)
        except OSError as error:
            self._take_back(error)
            raise Unavailable(f"the journal cannot be written: {error.strerror}") from error
        try:
            self._disk.sync(self._handle)
        except OSError as error:
            self._broken = f"a sync failed ({error.strerror})"
            raise Unavailable(f"the journal cannot be written: {self._broken}") from error
        self._size += len(head) + len(body)
        self._end += count
        return position

    def rotate(self) -> None:
        """Close the segment and begin another, unless it is empty."""
        if self._end == self._start:
            return
        old = self._handle
        try:
            self._begin(self._end)
        except OSError as error:
            raise Unavailable(f"no new segment can be begun: {error.strerror}") from error
        self._disk.close(old)

    def read(self, position: int = 0) -> Iterator[JournalGroup]:
        """Give the groups that hold ``position`` and what follows it, up to the present end."""
        yield from read_groups(self._folder, position, end=self._end)

    def close(self) -> None:
        """Close the file; everything in it is on disk already."""
        if self._handle >= 0:
            self._disk.close(self._handle)
            self._handle = -1
            self._broken = "it is closed"

    def _begin(self, position: int) -> None:
        path = segment_path(self._folder, position)
        handle = self._disk.open(path)
        try:
            self._disk.cut(handle, 0)
            self._disk.write(handle, _MAGIC)
            self._disk.sync(handle)
            self._disk.sync_folder(self._folder)
        except OSError:
            self._disk.close(handle)
            path.unlink(missing_ok=True)
            raise
        self._handle, self._start = handle, position
        self._end, self._size = position, len(_MAGIC)

    def _reopen(self) -> int:
        """Find the end of the last segment and cut off what is torn; give the bytes cut."""
        path = segment_path(self._folder, self._start)
        content = path.read_bytes()
        self._end, self._size = self._start, len(_MAGIC)
        if not content.startswith(_MAGIC):
            if not _MAGIC.startswith(content):
                raise JournalError(f"`{path.name}` is not a journal segment")
            # A crash while the segment was begun: it holds nothing yet.
            self._begin(self._start)
            return len(content)
        for group, end in _scan(content, path, is_last=True, expected=self._start):
            self._end, self._size = group.position + group.count, end
        self._handle = self._disk.open(path)
        torn = len(content) - self._size
        if torn:
            self._disk.cut(self._handle, self._size)
            self._disk.sync(self._handle)
        return torn

    def _take_back(self, error: OSError) -> None:
        try:
            self._disk.cut(self._handle, self._size)
        except OSError:
            self._broken = f"a write failed ({error.strerror}) and could not be taken back"


def segments(folder: Path) -> list[int]:
    """List the first positions of the segments in a folder, in order."""
    return sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def segment_path(folder: Path, start: int) -> Path:
    """Name the segment that begins at a position."""
    return folder / f"{start:020d}{_SUFFIX}"


def read_groups(
    folder: Path, position: int = 0, *, end: int | None = None
) -> Iterator[JournalGroup]:
    """Read a journal without opening it for writing.

    Parameters
    ----------
    position
        Where to begin; the first group given is the one that holds it.
    end
        Where to stop; None for all that is there.

    Raises
    ------
    JournalError
        A segment is damaged or missing, or ``position`` lies before the first one.
    """
    starts = segments(folder)
    if starts and position < starts[0]:
        raise JournalError(
            f"the journal begins at position {starts[0]:,}, not at {position:,}",
            hint="earlier segments were removed; restore from a checkpoint at or after it",
        )
    for place, start in enumerate(starts):
        after = starts[place + 1] if place + 1 < len(starts) else None
        if after is not None and after <= position:
            continue
        path = segment_path(folder, start)
        content = path.read_bytes()
        if not content.startswith(_MAGIC):
            if after is None and _MAGIC.startswith(content):
                return
            raise JournalError(f"`{path.name}` is not a journal segment")
        reached = start
        for group, _ in _scan(content, path, is_last=after is None, expected=start):
            if end is not None and group.position >= end:
                return
            reached = group.position + group.count
            if reached > position:
                yield group
        if after is not None and reached != after:
            raise JournalError(
                f"positions {reached:,} to {after - 1:,} are missing after `{path.name}`"
            )


def _scan(
    content: bytes, path: Path, *, is_last: bool, expected: int
) -> Iterator[tuple[JournalGroup, int]]:
    """Give the sound groups of a segment, each with the byte at which it ends."""
    at = len(_MAGIC)
    while at < len(content):
        group = _group_at(content, at)
        if group is None or group.position != expected:
            if is_last and group is None and not _any_sound(content, at + 1, expected):
                return
            raise JournalError(
                f"`{path.name}` is damaged at byte {at:,}, before position {expected:,}",
                hint="restore the segment from a copy; what follows it was acknowledged",
            )
        at += _HEAD.size + len(group.body)
        expected += group.count
        yield group, at


def _group_at(content: bytes, at: int) -> JournalGroup | None:
    if at + _HEAD.size > len(content):
        return None
    mark, checksum, length, position, count = _HEAD.unpack_from(content, at)
    first = at + _HEAD.size
    if mark != _MARK or length > BODY_BYTES_MAX or first + length > len(content) or not count:
        return None
    body = content[first : first + length]
    if zlib.crc32(body, zlib.crc32(_CHECKED.pack(length, position, count))) != checksum:
        return None
    return JournalGroup(position, count, body)


def _any_sound(content: bytes, at: int, expected: int) -> bool:
    """Say whether a sound later group stands behind damage: then the damage is no torn end.

    One group is written at a time and synced before the next, so a sound group proves that all
    before it was on disk once.
    """
    while (at := content.find(_MARK, at)) >= 0:
        group = _group_at(content, at)
        if group is not None and group.position > expected:
            return True
        at += 1
    return False
