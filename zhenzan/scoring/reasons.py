"""Reasons for and against, each with the measured value beside the usual one, in two languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family
from zhenzan.scoring.evidence import Evidence
from zhenzan.scoring.measured import Measured

FOR_MAX = 4
AGAINST_MAX = 2
WEIGHT_MIN = np.float32(0.2)
"""Weaker evidence, in nats, is no reason."""
_SIDES = pa.array(["for", "against"], pa.string())

_CODE = pa.dictionary(pa.int16(), pa.string())
_WORD = pa.dictionary(pa.int8(), pa.string())
_TEXT = pa.dictionary(pa.int32(), pa.string())

REASON = pa.struct(
    [
        pa.field("code", _CODE),
        pa.field("family", _WORD),
        pa.field("side", _WORD),
        pa.field("value", pa.float64()),
        pa.field("usual_low", pa.float64()),
        pa.field("usual_high", pa.float64()),
        pa.field("weight", pa.float32()),
        pa.field("text", _TEXT),
        pa.field("text_zh", _TEXT),
    ]
)


class Reasoner:
    """Turn bins and values into the strongest reasons of each like.

    Up to four reasons for inauthenticity and two against it, strongest first. A text is made once
    per distinct (signal, rounded value, usual range), and reasons point at it.
    """

    def __init__(self, detectors: Sequence[Detector], evidence: Evidence) -> None:
        self._detectors = tuple(detectors)
        self._evidence = evidence.table
        self._low, self._high = _closed(self._detectors, evidence.low, evidence.high)
        _, ranges = np.unique(np.stack([self._low, self._high], -1).reshape(-1, 2), axis=0,
                              return_inverse=True)  # fmt: skip
        self._range = ranges.reshape(self._low.shape).astype(np.int64)
        self._ranges: dict[tuple[int, int], tuple[str, str]] = {}
        self._told: dict[tuple[int, float], tuple[str, str]] = {}
        self._codes = pa.array([d.code for d in detectors], pa.string())
        self._families = pa.array([word.word for word in Family], pa.string())
        self._family = np.array([d.family for d in detectors], np.int8)

    def explain(
        self, measured: Measured, likes: NDArray[np.int64], segments: NDArray[np.int16]
    ) -> pa.ListArray:
        """Return one list of reasons per like.

        Parameters
        ----------
        likes
            Rows of ``measured``.
        segments
            Segment of each of them.
        """
        room = len(likes) * (FOR_MAX + AGAINST_MAX)
        offsets = np.zeros(len(likes) + 1, np.int32)
        detector, weight = np.empty(room, np.int16), np.empty(room, np.float32)
        _choose(measured.bins[likes], segments, self._evidence, offsets, detector, weight)
        detector, weight = detector[: offsets[-1]], weight[: offsets[-1]]
        row = np.repeat(np.arange(len(likes)), np.diff(offsets))
        shown = rounded(measured.values(likes[row], detector).astype(np.float64))
        segment = segments[row]
        text, text_zh = self._texts(detector, segment, shown)
        struct = pa.StructArray.from_arrays(
            [
                _coded(detector, self._codes),
                _coded(self._family[detector], self._families),
                _coded((weight < 0).astype(np.int8), _SIDES),
                pa.array(shown),
                pa.array(self._low[detector, segment]),
                pa.array(self._high[detector, segment]),
                pa.array(weight),
                text,
                text_zh,
            ],
            fields=list(REASON),
        )
        return pa.ListArray.from_arrays(pa.array(offsets), struct)

    @property
    def evidence(self) -> NDArray[np.float32]:
        """The evidence of every bin."""
        return self._evidence

    @property
    def codes(self) -> list[str]:
        """The codes of the signals, in the order of the columns."""
        return [detector.code for detector in self._detectors]

    @property
    def families(self) -> list[str]:
        """The words of their families."""
        return [detector.family.word for detector in self._detectors]

    def usual_of(
        self, detector: NDArray[np.int64], segment: NDArray[np.int16]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the usual lowest and highest values of signals in segments."""
        return self._low[detector, segment], self._high[detector, segment]

    def text(self, column: int, segment: int, value: float) -> tuple[str, str]:
        """Write one reason in both languages, with the usual range."""
        return self._text(column, segment, value)

    def _texts(
        self, detector: NDArray[np.int16], segment: NDArray[np.int16], shown: NDArray[np.float64]
    ) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
        """Number the distinct texts, in the order in which they come up, in both languages."""
        kind = self._range[detector, segment] * len(self._detectors) + detector
        number, first = np.empty(len(kind), np.int32), np.empty(len(kind), np.int64)
        slots = np.full(1 << max(10, (2 * len(kind)).bit_length()), -1, np.int32)
        count = _number(kind, shown, slots, number, first)
        # Two values may be written alike, and a dictionary holds a text once.
        words: tuple[dict[str, int], dict[str, int]] = ({}, {})
        places = np.empty((2, count), np.int32)
        first = first[:count]
        told = zip(kind[first].tolist(), shown[first].tolist(), first.tolist(), strict=True)
        for place, (which, value, row) in enumerate(told):
            texts = self._told.get((which, value))
            if texts is None:
                texts = self._text(int(detector[row]), int(segment[row]), value)
                self._told[which, value] = texts
            for language, text in enumerate(texts):
                places[language, place] = words[language].setdefault(text, len(words[language]))
        english, chinese = (
            _coded(place[number], pa.array(list(known), pa.string()))
            for place, known in zip(places, words, strict=True)
        )
        return english, chinese

    def _text(self, column: int, segment: int, value: float) -> tuple[str, str]:
        detector = self._detectors[column]
        written = _written(value, detector.unit)
        english = detector.reason.format(value=written)
        chinese = detector.reason_zh.format(value=written)
        if detector.unit == "flag":
            return english, chinese
        usual, usual_zh = self._usual(column, segment)
        return english + usual, chinese + usual_zh

    def _usual(self, column: int, segment: int) -> tuple[str, str]:
        key = column, int(self._range[column, segment])
        if key not in self._ranges:
            low, high = float(self._low[column, segment]), float(self._high[column, segment])
            unit = self._detectors[column].unit
            bottom, top = _written(low, unit), _written(high, unit)
            if bottom == top:
                self._ranges[key] = f"; usual {bottom}", f"；通常为 {bottom}"
            else:
                self._ranges[key] = f"; usual {bottom} to {top}", f"；通常为 {bottom} 至 {top}"
        return self._ranges[key]


def _coded(codes: NDArray[np.integer], words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), words)


@njit(cache=True, nogil=True)
def _choose(bins, segments, table, offsets, detector, weight):
    """Write the strongest evidence of each like, for before against; the first of equals leads."""
    best = np.empty(FOR_MAX + AGAINST_MAX, np.int64)
    at = 0
    for like in range(len(bins)):
        found = 0
        against = 0
        for column in range(bins.shape[1]):
            nats = table[column, segments[like], bins[like, column]]
            if nats >= WEIGHT_MIN:
                place = found
                while (
                    place > 0
                    and nats > table[best[place - 1], segments[like], bins[like, best[place - 1]]]
                ):
                    place -= 1
                found = _insert(best, 0, place, found, FOR_MAX, column)
            elif nats <= -WEIGHT_MIN:
                place = against
                while (
                    place > 0
                    and nats
                    <= table[
                        best[FOR_MAX + place - 1],
                        segments[like],
                        bins[like, best[FOR_MAX + place - 1]],
                    ]
                ):
                    place -= 1
                against = _insert(best, FOR_MAX, place, against, AGAINST_MAX, column)
        for place in range(found + against):
            column = best[place] if place < found else best[FOR_MAX + place - found]
            detector[at] = column
            weight[at] = table[column, segments[like], bins[like, column]]
            at += 1
        offsets[like + 1] = at


@njit(cache=True, nogil=True, inline="always")
def _insert(best, start, place, count, count_max, column):
    if place >= count_max:
        return count
    count = min(count + 1, count_max)
    for later in range(count - 1, place, -1):
        best[start + later] = best[start + later - 1]
    best[start + place] = column
    return count


@njit(cache=True, nogil=True)
def _number(kind, shown, slots, number, first):
    """Number distinct (kind, value) pairs in order; ``first`` holds a row of each."""
    mask = np.uint64(len(slots) - 1)
    bits = shown.view(np.uint64)
    count = 0
    for row in range(len(kind)):
        h = (bits[row] ^ (bits[row] >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
        h = (h ^ (h >> np.uint64(29)) ^ np.uint64(kind[row])) * np.uint64(0xBB67AE8584CAA73B)
        slot = (h ^ (h >> np.uint64(32))) & mask
        while slots[slot] >= 0:
            known = first[slots[slot]]
            if kind[known] == kind[row] and bits[known] == bits[row]:
                break
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            slots[slot] = count
            first[count] = row
            count += 1
        number[row] = slots[slot]
    return count


def _closed(
    detectors: Sequence[Detector], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give open ends a number: counts start at 0, and an open top repeats the last edge."""
    low, high = low.copy(), high.copy()
    for column, detector in enumerate(detectors):
        first = 1.0 if detector.unit == "count" and detector.edges[0] >= 2 else 0.0
        low[column][np.isneginf(low[column])] = min(first, detector.edges[0])
        high[column][np.isposinf(high[column])] = detector.edges[-1]
        if detector.unit == "count":
            # A bin [2, 4) of whole numbers holds 2 to 3.
            high[column] = np.maximum(high[column] - 1.0, low[column])
    return low, high


def rounded(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep three significant digits, so that texts can be shared."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 2 - np.floor(np.log10(np.abs(value)))
        scale = 10.0 ** np.clip(np.nan_to_num(digits, posinf=0.0, neginf=0.0), -12, 6)
    return np.where(value == 0, 0.0, np.round(value * scale) / scale)


def in_words(value: float, unit: str) -> str:
    """Write a value with its unit."""
    return _written(value, unit)


def _written(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.0f} %"
    if unit == "seconds":
        return _duration(value)
    if unit == "count" or abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}"


def _duration(seconds: float) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.3g} s"


def sentence(detector: Detector, value: float) -> tuple[str, str]:
    """Write what a detector says at a value, in English and Chinese, without the usual range."""
    written = _written(float(f"{value:.3g}"), detector.unit)
    return detector.reason.format(value=written), detector.reason_zh.format(value=written)
