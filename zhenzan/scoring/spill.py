"""Likes that wait for their settled answer: small keys in memory, wide columns on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

KEYS = (
    "ts", "account", "item", "merchant", "category", "channel", "device", "block", "campaign",
    "registered_us",
)  # fmt: skip


class LikeSpill:
    """Append likes in time order; read them back as whole columns or chunk by chunk.

    Memory: 62 bytes a like. Disk: the measured values and bins, removed on close.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="zhenzan-", dir=folder)
        self._folder = Path(self._temporary.name)
        self._keys: dict[str, list[NDArray[Any]]] = {}
        self._files: dict[str, BinaryIO] = {}
        self._ids: pa.RecordBatchFileWriter | None = None
        self._dtypes: dict[str, np.dtype[Any]] = {}
        self.count = 0

    def append(
        self, event_id: pa.Array, keys: dict[str, NDArray[Any]], wide: dict[str, NDArray[Any]]
    ) -> None:
        """Add likes: their ids, one array per key, and matrices with one row per like."""
        ids = pa.record_batch({"event_id": event_id.cast(pa.large_string())})
        if self._ids is None:
            self._ids = pa.ipc.new_file(self._folder / "ids", ids.schema)
        self._ids.write_batch(ids)
        for name, array in keys.items():
            self._keys.setdefault(name, []).append(array)
        for name, matrix in wide.items():
            self._dtypes[name] = matrix.dtype
            if name not in self._files:
                self._files[name] = (self._folder / name).open("wb")
            self._files[name].write(np.ascontiguousarray(matrix).data)
        self.count += len(event_id)

    def key(self, name: str) -> NDArray[Any]:
        """Return one key of all likes."""
        if name not in self._keys:
            return np.zeros(0, np.int64)
        parts = self._keys[name]
        if len(parts) > 1:
            self._keys[name] = parts = [np.concatenate(parts)]
        return parts[0]

    def wide(self, name: str, columns: int) -> NDArray[Any]:
        """Return a matrix of all likes with so many columns, mapped from disk."""
        if not self.count:
            return np.zeros((0, columns), np.float32)
        self._files[name].flush()
        dtype = self._dtypes[name]
        shape = (self.count, columns)
        matrix: NDArray[Any] = np.memmap(self._folder / name, dtype=dtype, mode="r", shape=shape)
        return matrix

    def matrix(self, name: str, columns: int, dtype: type) -> NDArray[Any]:
        """Make an empty matrix on disk with one row per like."""
        if not self.count:
            return np.zeros((0, columns), dtype)
        shape = (self.count, columns)
        matrix: NDArray[Any] = np.memmap(self._folder / name, dtype=dtype, mode="w+", shape=shape)
        return matrix

    def event_ids(self) -> pa.ChunkedArray:
        """Return the ids of all likes, mapped from disk."""
        if self._ids is not None:
            self._ids.close()
            self._ids = None
        if not self.count:
            return pa.chunked_array([], pa.large_string())
        source = pa.memory_map(str(self._folder / "ids"))
        return pa.ipc.open_file(source).read_all()["event_id"]

    def __enter__(self) -> LikeSpill:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
        self._temporary.cleanup()
