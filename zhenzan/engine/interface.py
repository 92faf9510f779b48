"""What every engine promises."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from zhenzan.events.batch import Batch, Bools
from zhenzan.features.spec import Feature

Columns = dict[str, NDArray[Any]]
"""Feature name to values: int64 with -1 missing, or float64 with NaN missing."""


class Engine(Protocol):
    """Computes features of interactions; all engines give the same numbers.

    Attributes
    ----------
    name
        How tests and the bench call it.
    streams
        True if state is kept from batch to batch; False if every call stands alone.
    takes_late
        True if late batches are answered; False if they are refused.
    checkpoints
        True if its state can be saved and restored.
    """

    name: ClassVar[str]
    streams: ClassVar[bool]
    takes_late: ClassVar[bool]
    checkpoints: ClassVar[bool]

    @property
    def features(self) -> tuple[Feature, ...]:
        """List what is computed, in order."""
        ...

    def compute(self, batch: Batch, emit: Bools | None = None) -> Columns:
        """Take in all rows of ``batch`` and answer for those where ``emit`` is True."""
        ...
