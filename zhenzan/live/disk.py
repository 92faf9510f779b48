"""The few things the service asks of a disk, in one place, so that their failure can be tried."""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The real disk.

    A test hands in a disk that tears a write, fills up or fails to sync (``zhenzan.testing``);
    both must keep the one promise that everything rests on: what was written before a ``sync``
    that returned is there after a crash.
    """

    def open(self, path: Path) -> int:
        """Open a file to write at its end; make it if it is not there."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)

    def write(self, handle: int, data: bytes) -> None:
        """Write all of ``data`` at the end, or raise ``OSError``."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]

    def sync(self, handle: int) -> None:
        """Return once all that was written is on the disk, or raise ``OSError``."""
        os.fdatasync(handle)

    def cut(self, handle: int, size_bytes: int) -> None:
        """Shorten a file."""
        os.ftruncate(handle, size_bytes)

    def close(self, handle: int) -> None:
        """Close a file."""
        os.close(handle)

    def replace(self, source: Path, target: Path) -> None:
        """Put a file or folder in the place of another, all of it or nothing."""
        source.replace(target)

    def free_bytes(self, path: Path) -> int:
        """Say how many bytes may still be written beside ``path``."""
        told = os.statvfs(path)
        return told.f_bavail * told.f_frsize

    def sync_folder(self, path: Path) -> None:
        """Return once the names in a folder are on the disk."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
