"""Where rules take part in scoring: called at once and when likes settle, known here by shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.detectors.interface import Likes
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.spill import LikeSpill

if TYPE_CHECKING:
    from zhenzan.events.codes import CodeTable

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I8 = NDArray[np.int8]
Rows = NDArray[np.int64]

Decide = Callable[[F64, F32, Rows], I8]
"""Decides the count states of some rows from their scores and their evidence by family."""

Answered = tuple[F64, F32, I8]
"""Scores, evidence by family, and count states, one row per like."""


class RuleHook(Protocol):
    """What a set of rules does while a log is scored.

    What is learned from a log (what is usual, what company a like keeps) never sees the scores
    that rules gave, so that a rule cannot confirm itself.
    """

    @property
    def features(self) -> frozenset[str]:
        """Window features to measure beside those of the detectors."""
        ...

    def at_once(
        self,
        likes: Likes,
        answer: Answered,
        tables: Mapping[str, CodeTable],
        decide: Decide,
    ) -> tuple[F64, I8, dict[str, NDArray[Any]]]:
        """Give scores and states at once, and matrices to keep until the likes settle."""
        ...

    def settled(
        self,
        answer: Answered,
        spill: LikeSpill,
        measured: Measured,
        *,
        decide: Decide,
        benign: NDArray[np.bool_],
    ) -> Answered:
        """Give the settled answer with rules."""
        ...

    def reasons(self, reasons: pa.ListArray, rows: Rows) -> pa.ListArray:
        """Add to the reasons of some rows what the rules say about them."""
        ...

    def write(self, event_id: pa.ChunkedArray, out: Path) -> dict[str, Any]:
        """Write which rule did what to which like; return what the summary says of it."""
        ...
