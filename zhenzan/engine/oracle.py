"""The slow definition: every answer by looking at all rows, in plain Python, for tests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from zhenzan.engine.interface import Columns
from zhenzan.events.batch import Batch, Bools
from zhenzan.features.compile import Group, Plan, compile_features
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import CODED, Feature

_Row = dict[str, Any]


class OracleEngine:
    """Remembers every row and searches all of them for every answer; small logs only."""

    name: ClassVar[str] = "oracle"
    streams: ClassVar[bool] = True
    takes_late: ClassVar[bool] = True
    checkpoints: ClassVar[bool] = False

    def __init__(self, features: Sequence[Feature]) -> None:
        self._features = tuple(features)
        self._plan: Plan = compile_features(features, known=FEATURES)
        self._rows: list[_Row] = []

    @property
    def features(self) -> tuple[Feature, ...]:
        """List what is computed, in order."""
        return self._features

    def compute(self, batch: Batch, emit: Bools | None = None) -> Columns:
        """Take in all rows of ``batch`` and answer for those where ``emit`` is True."""
        rows = _rows(batch)
        late = bool(len(batch)) and bool(batch.late[0])
        if not late:
            self._rows += rows
        asked = [row for i, row in enumerate(rows) if emit is None or emit[i]]
        answers: dict[str, list[Any]] = {}
        for group in self._plan.groups:
            for feature in group.features:
                answers[feature.name] = [
                    self._answer(feature, group, row, late=late) for row in asked
                ]
        for ratio in self._plan.ratios:
            parts = zip(answers[str(ratio.numerator)], answers[str(ratio.denominator)], strict=True)
            answers[ratio.name] = [a / b if a >= 0 and b > 0 else math.nan for a, b in parts]
        return {
            feature.name: np.array(
                answers[feature.name], np.float64 if feature.is_float else np.int64
            )
            for feature in self._features
        }

    def _answer(self, feature: Feature, group: Group, row: _Row, *, late: bool) -> float:
        if any(row[column] < 0 for column in feature.key):
            return math.nan if feature.is_float else -1
        seen = [other for other in self._rows if _measures(feature, row, other)]
        if feature.window_us is None:
            return _lifetime(feature, seen, row, late=late)
        t, low = row["ts"], row["ts"] - feature.window_us
        if late:
            low = max(low, self._rows[-1]["ts"] - group.windows_us[-1] if self._rows else low)
        inside = [other for other in seen if low <= other["ts"] <= t]
        if late and _measures(feature, row, row):
            inside.append(row)
        return _aggregate(feature, inside)


def _rows(batch: Batch) -> list[_Row]:
    names = ("ts", "dwell_ms", "completion_permille", "text_chars", "amount_cents", *CODED)
    columns = {name: getattr(batch, name).tolist() for name in names}
    return [{name: columns[name][i] for name in names} for i in range(len(batch))]


def _measures(feature: Feature, row: _Row, other: _Row) -> bool:
    if any(row[column] != other[column] for column in feature.key):
        return False
    if feature.kinds and other["kind"] not in feature.kinds:
        return False
    return feature.where is None or other[feature.where[0]] == feature.where[1]


def _lifetime(feature: Feature, seen: list[_Row], row: _Row, *, late: bool) -> int:
    t, own = row["ts"], late and _measures(feature, row, row)
    times = [other["ts"] for other in seen if late or other["ts"] <= t]
    if feature.agg == "count":
        return len(times) + own
    if feature.agg == "since_first":
        first = min(times, default=t + 1)
        return t - first if first <= t else (0 if own else -1)
    known = sorted(set(times))[-2:] if late else times
    return min((t - time for time in known if time < t), default=-1)


def _aggregate(feature: Feature, inside: list[_Row]) -> float:
    if feature.agg == "count":
        return len(inside)
    if feature.agg in {"min_gap", "max_gap"}:
        times = [other["ts"] for other in inside]
        gaps = [after - before for before, after in pairwise(times)]
        return (min if feature.agg == "min_gap" else max)(gaps, default=-1)
    column = str(feature.column)
    values: list[int] = [int(other[column]) for other in inside]
    values = [value for value in values if (value != 0 if column == "amount_cents" else value >= 0)]
    if feature.agg == "nunique":
        return len(set(values))
    if feature.agg == "sum":
        return sum(values)
    if not values:
        return math.nan
    if feature.agg == "mean":
        return sum(values) / len(values)
    shares = [count / len(values) for count in Counter(values).values()]
    return max(shares) if feature.agg == "top_share" else -sum(s * math.log2(s) for s in shares)
