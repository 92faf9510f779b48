"""The journal keeps what it acknowledged and cuts only what it never did."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from zhenzan.errors import JournalError, Unavailable
from zhenzan.live.disk import Disk
from zhenzan.live.journal import Journal, read_groups, segment_path, segments


def _filled(folder: Path, groups: int = 20, *, segment_bytes: int = 1 << 20) -> list[int]:
    journal = Journal(folder, segment_bytes=segment_bytes)
    rng = np.random.default_rng(3)
    counts = [int(n) for n in rng.integers(1, 9, groups)]
    for number, count in enumerate(counts):
        journal.append(f"body {number}".encode() * count, count=count)
    journal.close()
    return counts


def test_positions_are_dense_and_bodies_come_back_as_they_were(tmp_path):
    counts = _filled(tmp_path, segment_bytes=200)
    groups = list(read_groups(tmp_path))
    assert [g.count for g in groups] == counts
    assert [g.position for g in groups] == [sum(counts[:i]) for i in range(len(counts))]
    assert all(g.body == f"body {i}".encode() * g.count for i, g in enumerate(groups))
    assert len(segments(tmp_path)) > 1


def test_reading_begins_with_the_group_that_holds_the_position(tmp_path):
    counts = _filled(tmp_path, segment_bytes=200)
    for position in range(sum(counts)):
        first = next(read_groups(tmp_path, position))
        assert first.position <= position < first.position + first.count


def test_a_cut_at_any_byte_loses_whole_groups_at_the_end_and_nothing_else(tmp_path):
    counts = _filled(tmp_path / "whole", 8)
    content = segment_path(tmp_path / "whole", 0).read_bytes()
    for size in range(len(content)):
        folder = tmp_path / f"cut{size}"
        folder.mkdir()
        segment_path(folder, 0).write_bytes(content[:size])
        journal = Journal(folder)
        kept = list(journal.read())
        assert [g.count for g in kept] == counts[: len(kept)]
        assert journal.end == sum(counts[: len(kept)])
        assert journal.append(b"next", count=1) == journal.opened.end
        journal.close()
        assert [g.body for g in read_groups(folder)][-1] == b"next"


def test_damage_in_the_middle_is_refused_with_its_place(tmp_path):
    _filled(tmp_path, 8)
    path = segment_path(tmp_path, 0)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged at byte \d+, before position"):
        Journal(tmp_path)
    with pytest.raises(JournalError, match="damaged"):
        list(read_groups(tmp_path))


def test_damage_at_the_end_of_a_closed_segment_is_refused(tmp_path):
    _filled(tmp_path, segment_bytes=200)
    path = segment_path(tmp_path, segments(tmp_path)[0])
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(JournalError):
        list(read_groups(tmp_path))


def test_a_missing_segment_is_refused(tmp_path):
    _filled(tmp_path, segment_bytes=200)
    segment_path(tmp_path, segments(tmp_path)[1]).unlink()
    with pytest.raises(JournalError, match="missing"):
        list(read_groups(tmp_path))


def test_reading_before_the_first_segment_is_refused(tmp_path):
    _filled(tmp_path, segment_bytes=200)
    segment_path(tmp_path, 0).unlink()
    with pytest.raises(JournalError, match="begins at position"):
        list(read_groups(tmp_path, 0))


class _Full(Disk):
    """A disk that takes half of a write and is full then."""

    full = False

    def write(self, handle: int, data: bytes) -> None:
        if self.full:
            super().write(handle, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(handle, data)


def test_a_full_disk_refuses_the_group_and_goes_on_when_there_is_room(tmp_path):
    disk = _Full()
    journal = Journal(tmp_path, disk=disk)
    journal.append(b"one", count=1)
    disk.full = True
    with pytest.raises(Unavailable, match="No space left"):
        journal.append(b"two", count=1)
    disk.full = False
    assert journal.append(b"three", count=2) == 1
    assert [g.body for g in journal.read()] == [b"one", b"three"]


class _Failing(Disk):
    """A disk that fails to sync."""

    failing = False

    def sync(self, handle: int) -> None:
        if self.failing:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(handle)


def test_after_a_failed_sync_nothing_is_taken_in_until_the_journal_is_opened_anew(tmp_path):
    disk = _Failing()
    journal = Journal(tmp_path, disk=disk)
    journal.append(b"one", count=1)
    disk.failing = True
    with pytest.raises(Unavailable):
        journal.append(b"two", count=1)
    disk.failing = False
    with pytest.raises(Unavailable, match="sync failed"):
        journal.append(b"three", count=1)
    assert [g.body for g in journal.read()] == [b"one"]
    assert next(iter(Journal(tmp_path).read())).body == b"one"
