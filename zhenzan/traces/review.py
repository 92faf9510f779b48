"""Answers for likes again once their pairs of accounts are on record, in both directions."""

from __future__ import annotations

import numpy as np
from numba import njit

from zhenzan.traces.pair import EMPTY, find, pair_key

_REVIEWED = 64
_FOLLOWS_SHARE_MIN = 0.25


@njit(cache=True, nogil=True)
def review(ts, item, account, out, pairs, met, sign, nearest, window_us):
    """Fill ``out`` with the signals of `CoLikeTrace` for likes in the order of item, then time.

    Parameters
    ----------
    out
        Zeros, a row per like: partners that were not nearly always led, coincidences with all, the
        share led (NaN without any), and partners in one shop.
    pairs, met, sign
        Keys of the pairs on record; their coincidences, 0 where they met in one shop only; how
        often the lower code came first less how often the higher did.
    nearest
        Likes on either side that are looked at, and those of the same time as the last of them up
        to 64.
    window_us
        Likes of an item no further apart are a coincidence.
    """
    rows = len(ts)
    start = 0
    while start < rows:
        end = start
        while end < rows and item[end] == item[start]:
            end += 1
        if item[start] >= 0:
            first = last = start
            for row in range(start, end):
                if ts[row] != ts[first]:
                    first = row
                while last + 1 < end and ts[last + 1] <= ts[row]:
                    last += 1
                low = max(start, first - nearest)
                while low > start and ts[low - 1] == ts[low] and low > row - _REVIEWED:
                    low -= 1
                high = min(end, last + nearest + 1)
                while high < end and ts[high] == ts[high - 1] and high <= row + _REVIEWED:
                    high += 1
                low, high = max(low, row - _REVIEWED), min(high, row + _REVIEWED + 1)
                for near in range(low, high):
                    if near == row or account[near] == account[row]:
                        continue
                    if abs(ts[near] - ts[row]) > window_us:
                        continue
                    slot = find(pairs, pair_key(account[row], account[near]))
                    if pairs[slot] == EMPTY:
                        continue
                    count = met[slot]
                    if count == 0:
                        out[row, 3] += 1.0
                        continue
                    lead = sign[slot]
                    lead = lead if account[row] < account[near] else -lead
                    follows = 0.5 * (1.0 - lead / count)
                    out[row, 2] += min(count, 8) * (1.0 - follows)
                    out[row, 1] += min(count, 8)
                    if follows >= _FOLLOWS_SHARE_MIN:
                        out[row, 0] += 1.0
                if out[row, 1] > 0.0:
                    out[row, 2] /= out[row, 1]
                else:
                    out[row, 2] = np.nan
        start = end
