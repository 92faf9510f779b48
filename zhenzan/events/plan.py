"""Decides how the files of a log are put into one order, by a look at their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhenzan.events.binding import Binding
from zhenzan.events.convert import BAD_TS
from zhenzan.events.rejects import Rejects
from zhenzan.events.sources.chunk import Source
from zhenzan.events.sources.parquet import ParquetSource


@dataclass(frozen=True, slots=True)
class Plan:
    """In which order to read the sources, and how far back a row can come.

    ``disorder_us`` is None where the rows have to be sorted as a whole.
    """

    order: tuple[int, ...]
    disorder_us: int | None


@dataclass(frozen=True, slots=True)
class _Span:
    first_us: int
    last_us: int
    disorder_us: int


def make_plan(sources: Sequence[Source], bindings: Sequence[Binding], bound_us: int) -> Plan:
    """Look at the times of Parquet sources; other formats would have to be read twice."""
    order = tuple(range(len(sources)))
    spans: list[_Span] = []
    for source, binding in zip(sources, bindings, strict=True):
        if not isinstance(source, ParquetSource):
            return Plan(order, None)
        span = _look(source, binding)
        if span.disorder_us > bound_us:
            return Plan(order, None)
        spans.append(span)
    order = tuple(sorted(order, key=lambda index: (spans[index].first_us, index)))
    disorder_us, newest_us = 0, -(1 << 62)
    for index in order:
        span = spans[index]
        disorder_us = max(disorder_us, span.disorder_us, newest_us - span.first_us)
        newest_us = max(newest_us, span.last_us)
    return Plan(order, disorder_us if disorder_us <= bound_us else None)


def _look(source: ParquetSource, binding: Binding) -> _Span:
    first_us, last_us, disorder_us = 1 << 62, -(1 << 62), 0
    columns = binding.time_reads
    if not columns:
        return _Span(0, 0, 0)
    for chunk in source.chunks(columns, Rejects()):
        ts = binding.times_us(chunk)
        ts = ts[ts != BAD_TS]
        if not len(ts):
            continue
        newest = np.maximum.accumulate(np.maximum(ts, last_us))
        disorder_us = max(disorder_us, int((newest - ts).max()))
        first_us = min(first_us, int(ts.min()))
        last_us = int(newest[-1])
    return _Span(first_us, last_us, disorder_us)
