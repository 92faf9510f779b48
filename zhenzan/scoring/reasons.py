"""Reasons for and against, each with the measured value beside the usual one, in two languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family
from zhenzan.scoring.settled import Settled

FOR_MAX = 4
AGAINST_MAX = 2
_NATS_MIN = 0.2

REASON = pa.struct(
    [
        pa.field("code", pa.string()),
        pa.field("family", pa.string()),
        pa.field("side", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("usual_low", pa.float64()),
        pa.field("usual_high", pa.float64()),
        pa.field("weight", pa.float32()),
        pa.field("text", pa.string()),
        pa.field("text_zh", pa.string()),
    ]
)


class Reasoner:
    """Turn bins and values into the strongest reasons of each like.

    Up to four reasons for inauthenticity and two against it, strongest first. Texts are made
    once per distinct (signal, rounded value, usual range) and shared.
    """

    def __init__(self, detectors: Sequence[Detector], settled: Settled) -> None:
        self._detectors = tuple(detectors)
        self._evidence = settled.table
        low, high = settled.baseline.usual()
        self._low, self._high = _closed(self._detectors, low, high)

    def explain(
        self,
        values: NDArray[np.float32],
        bins: NDArray[np.int8],
        segments: NDArray[np.int16],
    ) -> pa.ListArray:
        """Return one list of reasons per like.

        Parameters
        ----------
        values, bins
            Shape (likes, detectors).
        """
        columns = np.arange(len(self._detectors))
        nats = self._evidence[columns, segments[:, None], bins]
        order = np.argsort(-nats, axis=1, kind="stable")
        chosen = np.concatenate([order[:, :FOR_MAX], order[:, ::-1][:, :AGAINST_MAX]], axis=1)
        weight = np.take_along_axis(nats, chosen, axis=1)
        speaks = np.concatenate(
            [weight[:, :FOR_MAX] >= _NATS_MIN, weight[:, FOR_MAX:] <= -_NATS_MIN], axis=1
        )
        row, place = np.nonzero(speaks)
        detector = chosen[row, place]
        return self._build(
            detector=detector,
            value=values[row, detector].astype(np.float64),
            segment=segments[row],
            weight=weight[row, place],
            counts=speaks.sum(axis=1),
        )

    def _build(
        self,
        *,
        detector: NDArray[np.int64],
        value: NDArray[np.float64],
        segment: NDArray[np.int16],
        weight: NDArray[np.float32],
        counts: NDArray[np.int64],
    ) -> pa.ListArray:
        low = self._low[detector, segment]
        high = self._high[detector, segment]
        shown = _rounded(value)
        # Sorting whole rows is slow; number the values, then pair the number with the rest.
        _, value_code = np.unique(shown, return_inverse=True)
        segments = int(segment.max(initial=0)) + 1
        key = (value_code * len(self._detectors) + detector) * segments + segment
        _, first, text_code = np.unique(key, return_index=True, return_inverse=True)
        texts = [self._text(int(detector[k]), shown[k], low[k], high[k]) for k in first]
        index = pa.array(text_code.reshape(-1).astype(np.int32))
        family = np.array([d.family for d in self._detectors], np.int16)
        struct = pa.StructArray.from_arrays(
            [
                _coded(detector.astype(np.int16), [d.code for d in self._detectors]),
                _coded(family[detector], [word.word for word in Family]),
                _coded((weight < 0).astype(np.int8), ["for", "against"]),
                pa.array(shown),
                pa.array(low),
                pa.array(high),
                pa.array(weight),
                pa.array([text[0] for text in texts], pa.string()).take(index),
                pa.array([text[1] for text in texts], pa.string()).take(index),
            ],
            fields=list(REASON),
        )
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), struct)

    def _text(self, column: int, value: float, low: float, high: float) -> tuple[str, str]:
        detector = self._detectors[column]
        written = _written(value, detector.unit)
        english = detector.reason.format(value=written)
        chinese = detector.reason_zh.format(value=written)
        if detector.unit == "flag":
            return english, chinese
        bottom, top = _written(low, detector.unit), _written(high, detector.unit)
        if bottom == top:
            return f"{english}; usual {bottom}", f"{chinese}；通常为 {bottom}"
        return f"{english}; usual {bottom} to {top}", f"{chinese}；通常为 {bottom} 至 {top}"


def _coded(codes: NDArray[np.integer], words: list[str]) -> pa.StringArray:
    return pa.array(words, pa.string()).take(pa.array(codes))


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


def _rounded(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep three significant digits, so that texts can be shared."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 2 - np.floor(np.log10(np.abs(value)))
        scale = 10.0 ** np.clip(np.nan_to_num(digits, posinf=0.0, neginf=0.0), -12, 6)
    return np.where(value == 0, 0.0, np.round(value * scale) / scale)


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
