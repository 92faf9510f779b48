"""Makes small batches for tests: ties, gaps, missing values, rows on the edge of a window."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.events.batch import I64, KEYS, Batch
from zhenzan.events.schema import Kind

_TYPES: dict[str, Any] = {
    "kind": np.int8,
    "completion_permille": np.int16,
    "amount_cents": np.int64,
    "text_hash": np.int64,
    "text_chars": np.int32,
    "dwell_ms": np.int32,
} | dict.fromkeys(KEYS, np.int32)
_NOTHING = {"amount_cents": 0, "text_hash": 0, "kind": int(Kind.LIKE)}

STEPS_US: tuple[int, ...] = tuple(
    step + extra
    for step in (0, MINUTE_US, 10 * MINUTE_US, HOUR_US, DAY_US, 7 * DAY_US)
    for extra in (0, 1)
)
"""Times between rows that fall on the edge of a window, or one microsecond past it."""

START_US = 1_700_000_000_000_000


def make_batch(ts: NDArray[Any] | list[int], *, late: bool = False, **columns: Any) -> Batch:
    """Make a batch from the columns that matter; everything else is missing."""
    count = len(ts)
    arrays = {
        name: np.ascontiguousarray(columns.get(name, [_NOTHING.get(name, -1)] * count), kind)
        for name, kind in _TYPES.items()
    }
    return Batch(
        event_id=pa.array([str(i) for i in range(count)], pa.string()),
        ts=np.asarray(ts, np.int64),
        late=np.full(count, late),
        **arrays,
    )


def random_batch(
    random: np.random.Generator,
    rows: int,
    *,
    codes: int = 4,
    start_us: int = START_US,
    late: bool = False,
) -> Batch:
    """Draw a batch in which a few codes meet often and many rows are peers."""
    steps = np.where(random.random(rows) < 0.5, 0, random.choice(STEPS_US, rows))
    steps = np.where(steps > HOUR_US, np.where(random.random(rows) < 0.2, steps, 0), steps)
    return make_batch(
        start_us + np.cumsum(steps),
        late=late,
        kind=np.where(random.random(rows) < 0.5, Kind.LIKE, random.integers(0, len(Kind), rows)),
        dwell_ms=random.integers(-1, 50, rows),
        completion_permille=random.integers(-1, 1001, rows),
        amount_cents=random.integers(0, 4, rows),
        text_chars=random.integers(-1, 9, rows),
        **{key: random.integers(-1, codes, rows) for key in KEYS},
    )


def select(batch: Batch, rows: Any) -> Batch:
    """Cut or pick rows of a batch."""
    if not isinstance(rows, slice):
        rows = np.asarray(rows)
    return Batch(**{field.name: getattr(batch, field.name)[rows] for field in fields(Batch)})


def split(batch: Batch, cuts: I64 | list[int]) -> list[Batch]:
    """Cut a batch at rows, moved back to where a tick starts."""
    places = {0, len(batch)}
    for cut in cuts:
        if len(batch):
            places.add(int(np.searchsorted(batch.ts, batch.ts[min(int(cut), len(batch) - 1)])))
    ends = sorted(places)
    return [select(batch, slice(a, b)) for a, b in pairwise(ends)]
