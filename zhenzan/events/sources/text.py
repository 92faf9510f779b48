"""What logs of text have in common: bytes that are looked at first and read later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from zhenzan.events.sources.stream import ByteStream


class TextSource(ABC):
    """A log of text in a file or in a stream; a file is closed between the look and the reading.

    Parameters
    ----------
    opened
        Opens the bytes; a stream gives the same ones each time.
    size_bytes
        None where it is unknown.
    """

    def __init__(
        self, opened: Callable[[], ByteStream], *, size_bytes: int | None, is_stream: bool
    ) -> None:
        self._opened = opened
        self._stream = opened()
        self.name = self._stream.name
        self.size_bytes = size_bytes
        self.is_stream = is_stream
        try:
            self._look(self._stream.head)
        finally:
            if not is_stream:
                self._stream.close()

    @property
    def done_bytes(self) -> int:
        """Count the bytes of the file read so far."""
        return self._stream.done_bytes

    @abstractmethod
    def _look(self, head: bytes) -> None:
        """Learn the columns from the first bytes."""

    def _open(self) -> ByteStream:
        """Open the bytes from the start."""
        if self._stream.closed:
            self._stream = self._opened()
        return self._stream
