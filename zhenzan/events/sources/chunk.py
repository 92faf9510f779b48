"""Defines what a source hands on: some rows of one file, as they stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.events.rejects import Rejects


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one file; ``rows`` holds their row numbers, starting at 1."""

    table: pa.Table
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


class Source(Protocol):
    """One opened log; its format is known, its columns can be asked for."""

    name: str
    is_stream: bool
    has_open_columns: bool
    """More columns than ``columns`` may turn up in later rows."""
    size_bytes: int | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the log."""
        ...

    @property
    def done_bytes(self) -> int:
        """Count the bytes read so far, of ``size_bytes``."""
        ...

    def chunks(self, columns: Sequence[str], rejects: Rejects) -> Iterator[Chunk]:
        """Read the named columns from the start; rows that cannot be split go to ``rejects``."""
        ...
