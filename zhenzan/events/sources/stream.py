"""Reads bytes from a file or from standard input, unpacked, looked at before they are used."""

from __future__ import annotations

import io
import sys
import zlib
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from zhenzan.errors import SourceError
from zhenzan.events.sources.sniff import check_compression

HEAD_BYTES = 1 << 18
_READ_BYTES = 1 << 20


class ByteStream(io.RawIOBase):
    """Unpacked bytes of a log; ``head`` shows the first of them without using them up."""

    def __init__(self, name: str, raw: BinaryIO) -> None:
        super().__init__()
        self.name = name
        self.done_bytes = 0
        self._raw = raw
        first = self._fill(6)
        compression = check_compression(name, first)
        self._pending = first
        self._unpack: _Gzip | _Zstd | None = None
        if compression == "gz":
            self._unpack = _Gzip(self)
        elif compression == "zst":
            self._unpack = _Zstd(self)
        self.head = self._start()
        self._front = self.head

    @property
    def is_packed(self) -> bool:
        """Say whether the bytes are compressed in the file."""
        return self._unpack is not None

    def readable(self) -> bool:
        """Say that bytes can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer with the next unpacked bytes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        block = self.read_block(len(view))
        view[: len(block)] = block
        return len(block)

    def read_block(self, size: int) -> bytes:
        """Read up to ``size`` unpacked bytes; nothing at the end of the log.

        Raises
        ------
        SourceError
            The compressed data is damaged or cut off.
        """
        if self._front:
            block, self._front = self._front[:size], self._front[size:]
            return block
        return self._unpacked(size)

    def take_packed(self, size: int) -> bytes:
        """Read bytes as they stand in the file."""
        if self._pending:
            block, self._pending = self._pending, b""
            return block
        block = self._raw.read(size)
        self.done_bytes += len(block)
        return block

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if not self.closed and self._raw is not sys.stdin.buffer:
            self._raw.close()
        super().close()

    def _unpacked(self, size: int) -> bytes:
        if self._unpack is None:
            return self.take_packed(size)
        try:
            return self._unpack.read(size)
        except (zlib.error, OSError, EOFError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0].rstrip(".") if str(error) else "unexpected end"
            raise SourceError(
                f"`{self.name}` is a damaged or cut-off compressed file ({reason})",
                hint="copy or compress it again",
            ) from error

    def _start(self) -> bytes:
        parts, size = [], 0
        while size < HEAD_BYTES:
            block = self._unpacked(HEAD_BYTES - size)
            if not block:
                break
            parts.append(block)
            size += len(block)
        return b"".join(parts)

    def _fill(self, size: int) -> bytes:
        block = b""
        while len(block) < size:
            more = self._raw.read(size - len(block))
            if not more:
                break
            block += more
        self.done_bytes += len(block)
        return block


class _Gzip:
    """Unpacks gzip, several members in a row included."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._engine = zlib.decompressobj(wbits=31)
        self._left = b""
        self._started = False

    def read(self, size: int) -> bytes:
        while True:
            data = self._left or self._stream.take_packed(_READ_BYTES)
            if not data:
                if not self._started or self._engine.eof:
                    return b""
                rest = self._engine.decompress(b"", size)
                if not rest:
                    raise EOFError("it ends in the middle")
                return rest
            if self._engine.eof:
                data = data.lstrip(b"\0")  # some tools pad the end with zero bytes
                if not data:
                    self._left = b""
                    continue
                self._engine = zlib.decompressobj(wbits=31)
            self._started = True
            out = self._engine.decompress(data, size)
            self._left = self._engine.unused_data or self._engine.unconsumed_tail
            if out:
                return out


class _Zstd:
    """Unpacks zstd through Arrow's codec."""

    def __init__(self, stream: ByteStream) -> None:
        self._packed = _Packed(stream)
        self._file = pa.CompressedInputStream(pa.PythonFile(self._packed, mode="r"), "zstd")

    def read(self, size: int) -> bytes:
        block: bytes = self._file.read(size)
        return block


class _Packed(io.RawIOBase):
    """Shows the packed bytes of a stream as a file."""

    def __init__(self, stream: ByteStream) -> None:
        super().__init__()
        self._stream = stream
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            self._left = self._stream.take_packed(_READ_BYTES)
        size = len(self._left) if size < 0 else size
        block, self._left = self._left[:size], self._left[size:]
        return block


def open_stream(path: Path) -> ByteStream:
    """Open a file for reading.

    Raises
    ------
    SourceError
        The file cannot be read, or its compression is not the one that its name claims.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"`{path}` cannot be read: {reason.lower()}") from error
    try:
        return ByteStream(str(path), file)
    except BaseException:
        file.close()
        raise
