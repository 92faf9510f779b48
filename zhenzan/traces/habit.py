"""How an account views: how much its dwell varies, and how long it takes from view to like."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import HOUR_US
from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind
from zhenzan.traces.order import tick_end

_VIEW = int(Kind.VIEW)
_VIEWS = 4
_REACH_US = HOUR_US
_MEMORY = 0.2
_VIEWS_MIN = 5
_SEVERAL = -2

SIGNALS = ("view_to_like_s", "dwell_spread")


class HabitTrace:
    """Remember each account's last four views and how much its dwell times differ.

    Signals, one float64 per emitted row, NaN where nothing can be said:

    - ``view_to_like_s``: seconds from the account's latest view of the item to the like, among
      its last four views and within 1 h (S2-14).
    - ``dwell_spread``: mean absolute difference of successive log dwell times of the account's
      views; 0 is a script that waits a set time. Needs 5 views with a dwell time (S1-12, S3-12).

    Views count from the moment after their own. Several views of one account at the same time
    have no order, so they say nothing of which came last and start a new comparison.

    State: 84 bytes an account.
    """

    def __init__(self) -> None:
        self._item = np.zeros((0, _VIEWS), np.int32)
        self._us = np.zeros((0, _VIEWS), np.int64)
        self._dwell = np.zeros((0, 2))
        self._views = np.zeros(0, np.int32)
        self._open = np.zeros(0, np.int8)
        self._open_ms = np.zeros(0, np.int32)

    def update(self, batch: Batch, *, emit: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
        """Take in a batch and answer for its emitted rows."""
        rows = int(batch.account.max(initial=-1)) + 1
        self._item = grown(self._item, rows, fill=-1)
        self._us = grown(self._us, rows)
        self._dwell = grown(self._dwell, rows)
        self._views = grown(self._views, rows)
        self._open = grown(self._open, rows)
        self._open_ms = grown(self._open_ms, rows)
        out = np.full((len(batch), len(SIGNALS)), np.nan)
        _update(
            batch.ts, batch.kind, batch.account, batch.item, batch.dwell_ms, emit, out,
            self._item, self._us, self._dwell, self._views, self._open, self._open_ms,
        )  # fmt: skip
        return {name: out[emit, column] for column, name in enumerate(SIGNALS)}


@njit(cache=True, nogil=True)
def _update(
    ts, kind, account, item, dwell_ms, emit, out, seen_item, seen_us, dwell, views, pending,
    pending_ms,
):  # fmt: skip
    rows = len(ts)
    start = 0
    while start < rows:
        end = tick_end(ts, start)
        now = ts[start]
        for row in range(start, end):
            code = account[row]
            if code < 0:
                continue
            if pending[code] and now > seen_us[code, 0]:
                # The account's latest views are over: only now do they enter its habit.
                _close(code, pending[code], pending_ms[code], dwell, views)
                pending[code] = 0
            if not emit[row]:
                continue
            if views[code] >= _VIEWS_MIN:
                out[row, 1] = dwell[code, 1]
            if item[row] < 0:
                continue
            for place in range(_VIEWS):
                waited = now - seen_us[code, place]
                if seen_item[code, place] == item[row] and 0 < waited <= _REACH_US:
                    out[row, 0] = waited / 1e6
                    break
        for row in range(start, end):
            code = account[row]
            if code < 0 or kind[row] != _VIEW or now < seen_us[code, 0]:
                continue
            if pending[code]:
                pending[code] = 2
                if seen_item[code, 0] != item[row]:
                    seen_item[code, 0] = _SEVERAL
                continue
            for place in range(_VIEWS - 1, 0, -1):
                seen_item[code, place] = seen_item[code, place - 1]
                seen_us[code, place] = seen_us[code, place - 1]
            seen_item[code, 0] = item[row]
            seen_us[code, 0] = now
            pending[code] = 1
            pending_ms[code] = dwell_ms[row]
        start = end


@njit(cache=True, nogil=True, inline="always")
def _close(code, count, last_ms, dwell, views):
    if count > 1:
        views[code] = 0
        return
    if last_ms <= 0:
        return
    length = np.log(float(last_ms))
    if views[code] > 0:
        memory = max(_MEMORY, 1.0 / views[code])
        dwell[code, 1] += memory * (abs(length - dwell[code, 0]) - dwell[code, 1])
    dwell[code, 0] = length
    views[code] += 1
