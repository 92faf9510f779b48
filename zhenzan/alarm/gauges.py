"""What the alarm watches: shares of rows, each with the rows it is a share of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector
from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind

Bools = NDArray[np.bool_]

What = Literal[
    "detector_silent", "detector_never_fires", "column_missing", "kind_gone", "channel_gone"
]
"""``detector_silent``: it can say nothing of likes it could speak of before.
``detector_never_fires``: it speaks, but no longer from the suspicious half of its scale."""

CHANNELS_MAX = 32
"""Channels watched, in the order in which they first came; the contract names about ten."""

_COLUMNS = (
    "item", "merchant", "category", "device", "ip", "session", "channel",
    "dwell_ms", "completion", "amount_cents", "text",
)  # fmt: skip
_HAS_NO_ITEM = (Kind.REGISTER, Kind.SIGN_IN)
_NAMES = {name: f"{name}_id" for name in ("item", "merchant", "device", "session")}


@dataclass(frozen=True, slots=True)
class Gauge:
    """One share: what its fall means, and of what. A channel is named by its code."""

    what: What
    name: str


class Gauges:
    """Counts rows for every gauge.

    Parameters
    ----------
    detectors
        Those whose bins are given to ``count``, in the order of its columns.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        told: list[tuple[What, Sequence[str]]] = [
            ("detector_silent", [detector.code for detector in detectors]),
            ("detector_never_fires", [detector.code for detector in detectors]),
            ("column_missing", [_NAMES.get(name, name) for name in _COLUMNS]),
            ("kind_gone", [kind.name.lower() for kind in Kind]),
            ("channel_gone", [str(code) for code in range(CHANNELS_MAX)]),
        ]
        self.all = tuple(Gauge(what, name) for what, names in told for name in names)
        self._detectors = len(detectors)
        bins = np.array([detector.bins for detector in detectors])
        low = np.array([detector.suspicious == "low" for detector in detectors], np.bool_)
        # A scale of an odd number of bins has its middle one in neither half.
        self._fires_from = np.where(low, 1, bins - bins // 2 + 1)
        self._fires_to = np.where(low, bins // 2, bins)

    def count(self, batch: Batch, bins: NDArray[np.int8]) -> tuple[Bools, Bools]:
        """Say of each row which gauges it counts for.

        Parameters
        ----------
        bins
            The bins of the batch's likes, a column for each detector; 0 where it cannot say.

        Returns
        -------
        tuple
            ``hits`` and ``tries``, each a row for a row of the batch and a column for a gauge.
        """
        rows, ends = len(batch), self._ends()
        hits = np.zeros((rows, len(self.all)), np.bool_)
        tries = np.zeros((rows, len(self.all)), np.bool_)
        is_like = batch.kind == Kind.LIKE
        speaks = bins > 0
        tries[is_like, : ends[0]] = True
        hits[is_like, : ends[0]] = speaks
        # Of the likes that it speaks of, so that one loss is not told twice.
        tries[is_like, ends[0] : ends[1]] = speaks
        hits[is_like, ends[0] : ends[1]] = (
            speaks & (bins >= self._fires_from) & (bins <= self._fires_to)
        )
        for place, (has, asked) in enumerate(_columns(batch), start=ends[1]):
            tries[:, place] = asked
            hits[:, place] = has & asked
        tries[:, ends[2] : ends[3]] = True
        hits[np.arange(rows), ends[2] + batch.kind.astype(np.int64)] = True
        known = (batch.channel >= 0).nonzero()[0]
        tries[known, ends[3] :] = True
        watched = known[batch.channel[known] < CHANNELS_MAX]
        hits[watched, ends[3] + batch.channel[watched]] = True
        return hits, tries

    def _ends(self) -> tuple[int, int, int, int]:
        after = 2 * self._detectors + len(_COLUMNS)
        return self._detectors, 2 * self._detectors, after, after + len(Kind)


def _columns(batch: Batch) -> list[tuple[Bools, Bools]]:
    """Say for each column where it has a value, and where one belongs."""
    everywhere = np.ones(len(batch), np.bool_)
    on_item = ~np.isin(batch.kind, _HAS_NO_ITEM)
    views = batch.kind == Kind.VIEW
    paid = (batch.kind == Kind.PURCHASE) | (batch.kind == Kind.REFUND)
    return [
        (batch.item >= 0, on_item),
        (batch.merchant >= 0, on_item),
        (batch.category >= 0, on_item),
        (batch.device >= 0, everywhere),
        (batch.ip >= 0, everywhere),
        (batch.session >= 0, everywhere),
        (batch.channel >= 0, on_item),
        (batch.dwell_ms >= 0, views),
        (batch.completion_permille >= 0, views),
        (batch.amount_cents != 0, paid),
        (batch.text_chars >= 0, batch.kind == Kind.COMMENT),
    ]
