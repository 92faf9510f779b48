"""Who liked the item before: whether registered on the same days, from the same region."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown, peers_by
from zhenzan.clock import DAY_US
from zhenzan.traces.order import tick_end

_RING = 32
_WINDOW_US = 7 * DAY_US
_BORN_NEAR_US = DAY_US
_BORN_BEFORE_US = 7 * DAY_US
_REGION_WINDOW_US = DAY_US
_REGIONS_MIN = 12
_UNKNOWN = -1

SIGNALS = ("born_together", "region_top_share")


class CompanyTrace:
    """Keep the last 32 likers of each item with their date of registration and their region.

    Signals, one float64 per like, from the likers before it:

    - ``born_together``: likers of the item within 7 d that were registered within one day of
      this account; only accounts older than 7 d are asked or counted, so newcomers who arrive
      together are not meant (S0-04, T17). NaN where the date is unknown or too recent.
    - ``region_top_share``: share of the most frequent region among the likers within 24 h whose
      region is known, from 12 on, else NaN (S0-15, S2-13).

    Items whose likers have neither date nor region take no room. State: 772 bytes an item with
    known likers, 4 bytes an item.
    """

    def __init__(self) -> None:
        self._slot = np.zeros(0, np.int32)
        self._used = 0
        self._account = np.zeros((0, _RING), np.int32)
        self._region = np.zeros((0, _RING), np.int32)
        self._us = np.zeros((0, _RING), np.int64)
        self._born_us = np.zeros((0, _RING), np.int64)
        self._head = np.zeros(0, np.int32)

    def update(
        self,
        ts: NDArray[np.int64],
        item: NDArray[np.int32],
        account: NDArray[np.int32],
        *,
        born_us: NDArray[np.int64],
        region: NDArray[np.int32],
    ) -> dict[str, NDArray[np.float64]]:
        """Take in likes in time order and answer for each.

        Parameters
        ----------
        born_us
            For each like, when its account was registered; -1 unknown.
        region
            For each like, a code of the region it comes from; -1 unknown.
        """
        out = np.full((len(ts), len(SIGNALS)), np.nan)
        told = (item >= 0) & ((born_us > 0) | (region >= 0))
        if told.any():
            self._slot = grown(self._slot, int(item.max(initial=-1)) + 1, fill=-1)
            need = self._used + len(np.unique(item[told]))
            self._account = grown(self._account, need, fill=-1)
            self._region = grown(self._region, need, fill=_UNKNOWN)
            self._us = grown(self._us, need)
            self._born_us = grown(self._born_us, need)
            self._head = grown(self._head, need)
            # The ring keeps the last of each peers by what it keeps of them.
            order = peers_by(ts, born_us, region, account)
            self._used = _update(
                ts, item, account, born_us, region, told, order, out, self._slot, self._used,
                self._account, self._region, self._us, self._born_us, self._head,
            )  # fmt: skip
        return {name: out[:, column] for column, name in enumerate(SIGNALS)}


@njit(cache=True, nogil=True)
def _update(
    ts, item, account, born_us, region, told, order, out, slot, used, ring_account, ring_region,
    ring_us, ring_born, head,
):  # fmt: skip
    rows = len(ts)
    start = 0
    while start < rows:
        end = tick_end(ts, start)
        now = ts[start]
        for row in range(start, end):
            if item[row] < 0 or slot[item[row]] < 0:
                if told[row] and now - born_us[row] > _BORN_BEFORE_US and born_us[row] > 0:
                    out[row, 0] = 0.0
                continue
            at = slot[item[row]]
            if born_us[row] > 0 and now - born_us[row] > _BORN_BEFORE_US:
                out[row, 0] = _born_near(
                    now, account[row], born_us[row], ring_account[at], ring_us[at], ring_born[at]
                )
            out[row, 1] = _top_share(now, ring_region[at], ring_us[at])
        for row in order[start:end]:
            if not told[row]:
                continue
            if slot[item[row]] < 0:
                slot[item[row]] = used
                used += 1
            at = slot[item[row]]
            place = head[at]
            ring_account[at, place] = account[row]
            ring_region[at, place] = region[row]
            ring_us[at, place] = now
            ring_born[at, place] = born_us[row]
            head[at] = (place + 1) % _RING
        start = end
    return used


@njit(cache=True, nogil=True, inline="always")
def _born_near(now, account, born, others, us, births):
    near = 0
    for place in range(_RING):
        if others[place] < 0 or others[place] == account:
            continue
        if not 0 < now - us[place] <= _WINDOW_US:
            continue
        if births[place] <= 0 or now - births[place] <= _BORN_BEFORE_US:
            continue
        if abs(births[place] - born) <= _BORN_NEAR_US:
            near += 1
    return near


@njit(cache=True, nogil=True, inline="always")
def _top_share(now, regions, us):
    known = 0
    most = 0
    for place in range(_RING):
        if regions[place] < 0 or not 0 < now - us[place] <= _REGION_WINDOW_US:
            continue
        known += 1
        same = 0
        for other in range(_RING):
            if regions[other] == regions[place] and 0 < now - us[other] <= _REGION_WINDOW_US:
                same += 1
        most = max(most, same)
    return most / known if known >= _REGIONS_MIN else np.nan
