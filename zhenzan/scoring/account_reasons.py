"""Why likes of an account, or for a merchant, were held or excluded: the reasons that recur."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family
from zhenzan.events.state import CountState
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.reasons import FOR_MAX, rounded, sentence
from zhenzan.scoring.settled import Settled

REASONS_MAX = 3
_NATS_MIN = 0.2
_CHUNK = 131_072

RECURRING = pa.struct(
    [
        pa.field("code", pa.string()),
        pa.field("family", pa.string()),
        pa.field("likes", pa.int64()),
        pa.field("likes_excluded", pa.int64()),
        pa.field("value", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("text_zh", pa.string()),
    ]
)
"""A reason that recurs: how many held or excluded likes it speaks against, how many of them are
excluded, and the middle value that was measured on them."""


class RecurringReasons:
    """Gather, once for all keys, what speaks against the likes that do not count.

    Parameters
    ----------
    detectors
        In the order of the columns of ``values`` and ``bins``.
    measured
        Values and bins of the likes.
    segments, states
        One per like.

    Memory: 24 bytes per reason of a held or excluded like, of which a like has four at most.
    """

    def __init__(
        self,
        detectors: tuple[Detector, ...],
        settled: Settled,
        measured: Measured,
        *,
        segments: NDArray[np.int16],
        states: NDArray[np.int8],
    ) -> None:
        self._detectors = detectors
        self._excluded = states == CountState.EXCLUDED
        told = list(_against(settled.table, measured, segments, states))
        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
        like, detector, nats, value = (
            np.concatenate(part) for part in zip(empty, *told, strict=True)
        )
        self._like, self._detector = like, detector
        self._nats, self._value = nats, value

    def by(self, key: NDArray[np.int32], seen: NDArray[np.int64]) -> pa.ListArray:
        """Return up to three reasons for each key of ``seen``, the strongest first.

        Parameters
        ----------
        key
            For each like, the code of its account or merchant; -1 for none.
        seen
            The codes to answer for, in order.
        """
        code = key[self._like].astype(np.int64)
        at = np.searchsorted(seen, code)
        known = (code >= 0) & (at < len(seen))
        known &= seen[np.minimum(at, max(len(seen) - 1, 0))] == code if len(seen) else False
        cell = at[known] * len(self._detectors) + self._detector[known]
        order = np.lexsort((self._value[known], cell))
        cells, first, likes = np.unique(cell[order], return_index=True, return_counts=True)
        # Rounded to a grain at which sums are exact, so that the order of rows changes nothing.
        grained = np.round(self._nats[known][order] * 2**20) / 2**20
        nats = _sums(grained, first)
        excluded = _sums(self._excluded[self._like[known]][order].astype(np.float64), first)
        middle = self._value[known][order][first + (likes - 1) // 2]
        owner, detector = np.divmod(cells, len(self._detectors))
        strongest = np.lexsort((detector, -nats, owner))
        rank = np.arange(len(cells)) - np.searchsorted(owner, owner[strongest], side="left")
        chosen = strongest[rank < REASONS_MAX]
        counts = np.bincount(owner[chosen], minlength=len(seen))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(
            pa.array(offsets),
            self._structs(detector[chosen], likes[chosen], excluded[chosen], middle[chosen]),
        )

    def _structs(
        self,
        detector: NDArray[np.int64],
        likes: NDArray[np.int64],
        excluded: NDArray[np.float64],
        value: NDArray[np.float64],
    ) -> pa.StructArray:
        # The same few thousand sentences are said of all accounts; each is made once.
        pairs = list(zip(detector.tolist(), rounded(value).tolist(), strict=True))
        sentences = {
            (column, shown): sentence(self._detectors[column], shown)
            for column, shown in dict.fromkeys(pairs)
        }
        told = [sentences[pair] for pair in pairs]
        codes = [self._detectors[column].code for column in detector.tolist()]
        families = [Family(self._detectors[column].family).word for column in detector.tolist()]
        return pa.StructArray.from_arrays(
            [
                pa.array(codes, pa.string()),
                pa.array(families, pa.string()),
                pa.array(likes.astype(np.int64)),
                pa.array(excluded.astype(np.int64)),
                pa.array(value),
                pa.array([text for text, _ in told], pa.string()),
                pa.array([text for _, text in told], pa.string()),
            ],
            fields=list(RECURRING),
        )


def _against(
    table: NDArray[np.float32],
    measured: Measured,
    segments: NDArray[np.int16],
    states: NDArray[np.int8],
) -> Iterator[
    tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
]:
    """Yield like, detector, nats and value of the strongest reasons, chunk by chunk."""
    columns = np.arange(table.shape[0])
    for start in range(0, len(states), _CHUNK):
        part = states[start : start + _CHUNK]
        rows = start + np.flatnonzero(part != CountState.COUNTED)
        if not len(rows):
            continue
        nats = table[columns, segments[rows][:, None], measured.bins[rows]]
        chosen = np.argsort(-nats, axis=1, kind="stable")[:, :FOR_MAX]
        weight = np.take_along_axis(nats, chosen, axis=1)
        row, place = np.nonzero(weight >= _NATS_MIN)
        detector = chosen[row, place].astype(np.int64)
        value = measured.values(rows[row], detector.astype(np.int16)).astype(np.float64)
        yield rows[row], detector, weight[row, place].astype(np.float64), value


def _sums(numbers: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.add.reduceat(numbers, first) if len(first) else np.zeros(0)
