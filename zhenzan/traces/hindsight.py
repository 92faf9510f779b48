"""What the run of an item's likes looks like once it is over: drips, round stops, channels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.clock import HOUR_US
from zhenzan.traces.order import by_key

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_NEAR = 12
_GAPS_MIN = 12
_RUN_GAP_US = 6 * HOUR_US
_RUN_LIKES_MIN = 90
_ROUND_SLACK = 0.02
_COHORT_MIN = 10


def drip_spread(ts: I64, item: I32) -> F64:
    """Measure how even the gaps around each like of its item are: their squared variation.

    The variance of the gaps between the 12 likes before and after, over the square of their
    mean; likes of one time have the same neighbours. About 1 for a Poisson stream, near 0 for a
    constant drip, above 1 for bursts. NaN with fewer than 12 gaps. Source: S2-05, S2-22.
    """
    out = np.full(len(ts), np.nan)
    order = by_key(ts, item)
    _spread(ts, item, order, out)
    return out


def round_stop(ts: I64, item: I32) -> F64:
    """Say whether the run of likes that a like belongs to stopped near a round number.

    A run is a stretch of an item's likes without a gap of 6 h. 1 if its length is at most 2 %
    above a multiple of 100 (500 from 1,000 likes on, 1,000 from 5,000 on), else 0; NaN for runs
    under 90 likes. Source: S2-04.
    """
    out = np.full(len(ts), np.nan)
    order = by_key(ts, item)
    _stops(ts, item, order, out)
    return out


def channel_quality(item: I32, channel: I32, engaged: F64) -> F64:
    """Average what an item's other likers from the same channel did afterwards.

    Share, 0 to 1, of the other likes of the item from this channel that were followed by
    anything else on item or shop; NaN with fewer than 10 others. Source: S1-05.
    """
    known = (item >= 0) & (channel >= 0) & ~np.isnan(engaged)
    key = item.astype(np.int64) * (int(channel.max(initial=0)) + 1) + channel
    _, cell = np.unique(key[known], return_inverse=True)
    count = np.bincount(cell).astype(np.float64)
    total = np.bincount(cell, engaged[known])
    others = count[cell] - 1
    out = np.full(len(item), np.nan)
    enough = others >= _COHORT_MIN
    share = np.full(len(cell), np.nan)
    share[enough] = (total[cell] - engaged[known])[enough] / others[enough]
    out[known] = share
    return out


@njit(cache=True, nogil=True)
def _spread(ts, item, order, out):
    rows = len(order)
    start = 0
    while start < rows:
        end = start
        while end < rows and item[order[end]] == item[order[start]]:
            end += 1
        if item[order[start]] >= 0:
            first = last = start
            for place in range(start, end):
                if ts[order[place]] != ts[order[first]]:
                    first = place
                while last + 1 < end and ts[order[last + 1]] <= ts[order[place]]:
                    last += 1
                low = max(start, first - _NEAR)
                high = min(end - 1, last + _NEAR)
                gaps = high - low
                if gaps < _GAPS_MIN:
                    continue
                mean = (ts[order[high]] - ts[order[low]]) / gaps
                if mean <= 0.0:
                    continue
                square = 0.0
                for step in range(low, high):
                    gap = (ts[order[step + 1]] - ts[order[step]]) / mean
                    square += (gap - 1.0) * (gap - 1.0)
                out[order[place]] = square / gaps
        start = end


@njit(cache=True, nogil=True)
def _stops(ts, item, order, out):
    rows = len(order)
    start = 0
    while start < rows:
        end = start + 1
        while (
            end < rows
            and item[order[end]] == item[order[start]]
            and ts[order[end]] - ts[order[end - 1]] < _RUN_GAP_US
        ):
            end += 1
        length = end - start
        if item[order[start]] >= 0 and length >= _RUN_LIKES_MIN:
            base = 100 if length < 1_000 else (500 if length < 5_000 else 1_000)
            over = length % base
            stopped = 1.0 if length >= base and over <= _ROUND_SLACK * length else 0.0
            for place in range(start, end):
                out[order[place]] = stopped
        start = end
