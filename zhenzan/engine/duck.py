"""The same features as SQL: the independent check, and the engine over history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import duckdb
import numpy as np
import pyarrow as pa

from zhenzan.engine.interface import Columns
from zhenzan.events.batch import Batch, Bools
from zhenzan.features.compile import compile_features
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import Feature

_DIRECT = {"count", "nunique", "sum", "since_first", "since_last"}


class DuckEngine:
    """Answers one closed log at a time with window functions; keeps nothing between calls."""

    name: ClassVar[str] = "duckdb"
    streams: ClassVar[bool] = False
    takes_late: ClassVar[bool] = False
    checkpoints: ClassVar[bool] = False

    def __init__(self, features: Sequence[Feature], *, threads: int | None = None) -> None:
        compile_features(features, known=FEATURES)
        self._features = tuple(features)
        self._threads = threads

    @property
    def features(self) -> tuple[Feature, ...]:
        """List what is computed, in order."""
        return self._features

    def compute(self, batch: Batch, emit: Bools | None = None) -> Columns:
        """Answer for the rows of ``batch`` where ``emit`` is True; ``batch`` is the whole log."""
        assert not batch.late.any(), "history has no late rows: all rows are there"
        columns = {"ts", "kind", *(c for f in self._features for c in _reads(f))}
        interactions = pa.table(
            {name: getattr(batch, name) for name in sorted(columns)}
            | {"row_number": np.arange(len(batch))}
        )
        config: dict[str, str | bool | int | float | list[str]] = (
            {} if self._threads is None else {"threads": self._threads}
        )
        with duckdb.connect(config=config) as connection:
            connection.register("interactions", interactions)
            result = connection.execute(features_sql(self._features)).fetchnumpy()
        chosen = slice(None) if emit is None else emit
        answers: Columns = {}
        for feature in self._features:
            kind = np.float64 if feature.is_float else np.int64
            missing = np.nan if feature.is_float else -1
            values = np.ma.filled(np.ma.asarray(result[feature.name]), missing)
            answers[feature.name] = values.astype(kind)[chosen]
        return answers


def features_sql(features: Sequence[Feature]) -> str:
    """Write the features as one query over the table ``interactions``, ordered by row."""
    pool = {feature.name: feature for feature in (*FEATURES, *features)}
    inner, outer = [], []
    for feature in features:
        if feature.agg == "ratio":
            above, below = pool[str(feature.numerator)], pool[str(feature.denominator)]
            value = f"{_windowed(above)}::DOUBLE / nullif({_windowed(below)}, 0)"
        else:
            value = _windowed(feature)
        known = " AND ".join(f"{column} >= 0" for column in feature.key)
        inner.append(f"CASE WHEN {known} THEN {value} END AS {feature.name}")
        outer.append(f"{_read_off(feature)} AS {feature.name}")
    return (
        f"SELECT {', '.join(outer)}\nFROM (\n  SELECT row_number AS row_order,\n    "
        + ",\n    ".join(inner)
        + "\n  FROM interactions\n)\nORDER BY row_order"
    )


def _reads(feature: Feature) -> list[str]:
    parts = [] if feature.where is None else [feature.where[0]]
    return [*feature.key, *parts, *([feature.column] if feature.column else [])]


def _windowed(feature: Feature) -> str:
    conditions = [f"{column} >= 0" for column in feature.key]
    if feature.kinds:
        conditions.append(f"kind IN ({', '.join(str(int(kind)) for kind in feature.kinds)})")
    if feature.where is not None:
        conditions.append(f"{feature.where[0]} = {feature.where[1]}")
    start = "UNBOUNDED" if feature.window_us is None else str(feature.window_us)
    end = "1 PRECEDING" if feature.agg == "since_last" else "CURRENT ROW"
    over = (
        f"OVER (PARTITION BY {', '.join(feature.key)} ORDER BY ts"
        f" RANGE BETWEEN {start} PRECEDING AND {end})"
    )
    if feature.column is not None:
        known = "<> 0" if feature.column == "amount_cents" else ">= 0"
        conditions.append(f"{feature.column} {known}")
    call = {
        "count": "count(*)",
        "nunique": f"count(DISTINCT {feature.column})",
        "sum": f"sum({feature.column})",
        "mean": f"avg({feature.column})",
        "min_gap": "list(ts)",
        "max_gap": "list(ts)",
        "entropy": f"histogram({feature.column})",
        "top_share": f"histogram({feature.column})",
        "since_first": "min(ts)",
        "since_last": "max(ts)",
    }[feature.agg]
    value = f"{call} FILTER (WHERE {' AND '.join(conditions)}) {over}"
    if feature.agg == "sum":
        return f"coalesce({value}, 0)::BIGINT"
    return f"ts - {value}" if feature.agg.startswith("since") else value


def _read_off(feature: Feature) -> str:
    name = feature.name
    if feature.agg in {"min_gap", "max_gap"}:
        times, pick = f"list_sort({name})", feature.agg.removesuffix("_gap")
        gaps = f"[{times}[i + 1] - {times}[i] FOR i IN range(1, len({name}))]"
        return f"list_{pick}({gaps})"
    if feature.agg in {"entropy", "top_share"}:
        counts = f"map_values({name})"
        known = f"list_sum({counts})"
        if feature.agg == "top_share":
            return f"list_max({counts}) / {known}"
        return f"log2({known}) - list_sum([c * log2(c) FOR c IN {counts}]) / {known}"
    return name
