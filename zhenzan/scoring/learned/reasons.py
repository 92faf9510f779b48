"""Reasons of likes that a model has strengthened: evidence and trees merged, signal by signal.

The weight of a signal is what the evidence says of it, times the slope of the model, plus the exact
contribution of the trees; neighbours and windows speak through the trees alone. Other likes keep
the reasons that the evidence gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family
from zhenzan.scoring.learned.inputs import assemble, inputs
from zhenzan.scoring.learned.model import Part
from zhenzan.scoring.learned.windows import windows
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.neighbours import NEAR
from zhenzan.scoring.reasons import (
    AGAINST_MAX,
    FOR_MAX,
    REASON,
    WEIGHT_MIN,
    Reasoner,
    in_words,
    rounded,
)

F32 = NDArray[np.float32]


class LearnedReasons:
    """Write the reasons of likes that a model has judged.

    Parameters
    ----------
    near
        The measures of neighbours of every like, and its windows.
    by_model
        True where the model has strengthened the answer.
    """

    def __init__(
        self, reasoner: Reasoner, part: Part, near: F32, by_model: NDArray[np.bool_]
    ) -> None:
        self._reasoner, self._part = reasoner, part
        self._near, self._by_model = near, by_model

    def explain(
        self, measured: Measured, likes: NDArray[np.int64], segments: NDArray[np.int16]
    ) -> pa.ListArray:
        """Return one list of reasons per like; parameters as in `Reasoner.explain`."""
        plain = self._reasoner.explain(measured, likes, segments)
        mine = self._by_model[likes]
        if not mine.any():
            return plain
        rows = likes[mine]
        values = measured.matrix(rows)
        bins = np.asarray(measured.bins[rows])
        matrix = assemble(values, bins, self._near[rows])
        merged = merged_reasons(self._reasoner, self._part, matrix, bins, segments[mine])
        place = np.arange(len(likes))
        place[mine] = len(likes) + np.arange(len(rows))
        return pa.concat_arrays([plain, merged]).take(pa.array(place))


def merged_reasons(
    reasoner: Reasoner,
    part: Part,
    matrix: F32,
    bins: NDArray[np.int8],
    segments: NDArray[np.int16],
) -> pa.ListArray:
    """Merge evidence and trees into up to four reasons for and two against, strongest first.

    Parameters
    ----------
    matrix
        Inputs of the model: detectors, measures of neighbours, windows.
    bins
        Shape (likes, detectors).
    """
    weight = part.forest.contributions(matrix)
    count = bins.shape[1]
    own = reasoner.evidence[np.arange(count), segments[:, None], bins]
    weight[:, :count] += np.float32(part.slope) * own
    # What was not measured may move the trees, but it is no reason that can be told.
    weight[np.isnan(matrix)] = 0.0
    rows, columns = _strongest(weight)
    offsets = np.searchsorted(rows, np.arange(len(matrix) + 1))
    told = weight[rows, columns]
    shown = rounded(matrix[rows, columns].astype(np.float64))
    texts = [
        _text(reasoner, column, segment, value)
        for column, segment, value in zip(
            columns.tolist(), segments[rows].tolist(), shown.tolist(), strict=True
        )
    ]
    usual = reasoner.usual_of(np.minimum(columns, count - 1), segments[rows])
    unknown = columns >= count
    beside = inputs(part.moment)[count:]
    codes = [*reasoner.codes, *(row.name.upper() for row in beside)]
    families = [*reasoner.families, *(row.family.word for row in beside)]
    values: list[Any] = [
        pa.array([codes[column] for column in columns.tolist()], pa.string()),
        pa.array([families[column] for column in columns.tolist()], pa.string()),
        pa.array(np.where(told < 0, "against", "for").tolist(), pa.string()),
        pa.array(shown),
        pa.array(usual[0], mask=unknown),
        pa.array(usual[1], mask=unknown),
        pa.array(told),
        pa.array([english for english, _ in texts], pa.string()),
        pa.array([chinese for _, chinese in texts], pa.string()),
    ]
    fields = [pa.field(f.name, v.type) for f, v in zip(REASON, values, strict=True)]
    struct = pa.StructArray.from_arrays(values, fields=fields).cast(REASON)
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), struct)


def _strongest(weight: F32) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose row by row the strongest for, then those against; the first of equals leads."""
    up = np.argsort(-weight, axis=1, kind="stable")[:, :FOR_MAX]
    down = np.argsort(weight, axis=1, kind="stable")[:, :AGAINST_MAX]
    chosen = np.concatenate([up, down], axis=1)
    told = np.take_along_axis(weight, chosen, axis=1)
    side = np.arange(chosen.shape[1]) < up.shape[1]
    keep = np.where(side, told >= WEIGHT_MIN, told <= -WEIGHT_MIN)
    rows, places = np.nonzero(keep)
    return rows, chosen[rows, places]


def _text(reasoner: Reasoner, column: int, segment: int, value: float) -> tuple[str, str]:
    if column < len(reasoner.codes):
        return reasoner.text(column, segment, value)
    place = column - len(reasoner.codes)
    if place >= len(NEAR):
        window = windows()[place - len(NEAR)]
        written = in_words(float(f"{value * window.scale:.3g}"), window.unit)
        return window.reason.format(value=written), window.reason_zh.format(value=written)
    near = NEAR[place]
    written = in_words(value, "nats")
    return near.reason.format(value=written), near.reason_zh.format(value=written)


def family_words(nats: NDArray[np.floating]) -> dict[str, float]:
    """Name the evidence of one like by family."""
    return {family.word: round(float(nats[family]), 3) for family in Family}
