"""What a detector is: one measured signal per like, and how to read it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zhenzan.errors import DetectorError

F64 = NDArray[np.float64]
Likes = Mapping[str, NDArray[Any]]
"""One array per name, aligned with the likes: features, traces and batch columns."""


class Family(enum.IntEnum):
    """Kinds of evidence that fail for different reasons; no exclusion rests on one alone."""

    ACCOUNT = 0
    BEHAVIOUR = 1
    NETWORK = 2
    TARGET = 3
    GROUP = 4
    CONTEXT = 5

    @property
    def word(self) -> str:
        """The word used in outputs and reports."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Detector:
    """One signal with its bins and its limits; scoring learns what is usual from the log.

    Attributes
    ----------
    code
        Stable short code such as ``NET001``; never reused.
    name
        The pattern it sees, worded so that "allow NAME" makes sense.
    family
        The kind of evidence.
    settled
        True if it reads what happens after the like; such a signal never enters the at-once score.
    timed
        True if the value says when or how fast something happened; it says nothing in a log whose
        likes all share one time.
    reads
        Names in ``Likes`` that ``measure`` needs.
    measure
        Turns them into one float64 per like; NaN where nothing can be said.
    edges
        Ascending bin edges; bin k holds values in [edges[k-1], edges[k]).
    suspicious
        Which end of the scale speaks for an inauthentic like.
    segment
        What a usual value is compared within: likes of the same category, or all likes.
    weight_max
        Most evidence for, in nats of log odds.
    clears_max
        Most evidence against, in nats of log odds.
    unit
        How the value is written: count, share, seconds, days, ratio, flag, nats.
    reason, reason_zh
        A sentence with ``{value}``; the usual range is added to it.
    """

    code: str
    name: str
    family: Family
    reads: tuple[str, ...]
    measure: Callable[[Likes], F64]
    edges: tuple[float, ...]
    reason: str
    reason_zh: str
    suspicious: Literal["high", "low"] = "high"
    segment: Literal["category", "all"] = "all"
    settled: bool = False
    timed: bool = False
    weight_max: float = 3.0
    clears_max: float = 1.0
    unit: Literal["count", "share", "seconds", "days", "ratio", "flag", "nats"] = "count"

    def __post_init__(self) -> None:
        if list(self.edges) != sorted(set(self.edges)):
            raise DetectorError(f"`{self.code}`: edges must ascend, got {self.edges}")
        if "{value}" not in self.reason and self.unit != "flag":
            raise DetectorError(f"`{self.code}`: the reason must show `{{value}}`")

    @property
    def bins(self) -> int:
        """Number of bins, without the one for values that cannot be said."""
        return len(self.edges) + 1

    def bin(self, likes: Likes) -> tuple[F64, NDArray[np.int8]]:
        """Measure every like; return the values and their bins, 0 where nothing can be said."""
        values = np.asarray(self.measure(likes), dtype=np.float64)
        bins = (np.searchsorted(self.edges, values, side="right") + 1).astype(np.int8)
        bins[np.isnan(values)] = 0
        return values, bins


def known(values: NDArray[Any]) -> F64:
    """Turn a feature into float64 with NaN where the engine says -1, "cannot say"."""
    result = np.asarray(values, dtype=np.float64)
    return np.where(result < 0, np.nan, result)
