"""How many other accounts recently left the same trail: a path, a text, a mark on an item."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.traces.order import tick_end

U64 = NDArray[np.uint64]

_SLOTS_MIN = 1 << 10


class SharedTrace:
    """Count, per key, the other accounts that used it within a window.

    Parameters
    ----------
    window_us
        How long a use is remembered.
    accounts_max
        The newest accounts kept per key, so that a key that everybody uses costs no more than
        any other; counts stop there.

    Peers do not see each other. State: 16 + 24 ``accounts_max`` bytes a key used within the
    window; what is older leaves when room is needed.
    """

    def __init__(self, window_us: int, *, accounts_max: int) -> None:
        self._window_us = window_us
        self._keys = np.zeros(_SLOTS_MIN, np.uint64)
        self._account = np.full((_SLOTS_MIN, accounts_max), -1, np.int32)
        self._us = np.zeros((_SLOTS_MIN, accounts_max), np.int64)
        self._used = 0
        self._newest_us = 0

    def update(
        self,
        ts: NDArray[np.int64],
        key: U64,
        account: NDArray[np.int32],
        *,
        uses: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Take in rows in time order and answer for each from the uses before it.

        Parameters
        ----------
        key
            A hash; 0 says that there is none, and the answer is NaN.
        uses
            The rows that count as a use of their key; the others only ask.
        """
        self._make_room(self._newest_us, int(uses.sum()))
        out = np.full(len(ts), np.nan)
        self._used, self._newest_us = _update(
            ts, key, account, uses, out, self._keys, self._account, self._us, self._used,
            self._newest_us, self._window_us,
        )  # fmt: skip
        return out

    def _make_room(self, now_us: int, more: int) -> None:
        if 2 * (self._used + more) <= len(self._keys):
            return
        kept = (self._keys != 0) & (self._us.max(axis=1) >= now_us - self._window_us)
        size = _SLOTS_MIN
        # Room for twice what is kept, so that the next clearing is as far away as this one.
        while size < 2 * (2 * int(kept.sum()) + more):
            size *= 2
        keys = np.zeros(size, np.uint64)
        account = np.full((size, self._account.shape[1]), -1, np.int32)
        us = np.zeros((size, self._us.shape[1]), np.int64)
        _move(np.flatnonzero(kept), self._keys, self._account, self._us, keys, account, us)
        self._keys, self._account, self._us = keys, account, us
        self._used = int(kept.sum())


@njit(cache=True, nogil=True, inline="always")
def _slot(keys, key):
    mask = np.uint64(len(keys) - 1)
    at = key & mask
    while keys[at] != np.uint64(0) and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return at


@njit(cache=True, nogil=True)
def _move(kept, old_keys, old_account, old_us, keys, account, us):
    for old in kept:
        at = _slot(keys, old_keys[old])
        keys[at] = old_keys[old]
        account[at] = old_account[old]
        us[at] = old_us[old]


@njit(cache=True, nogil=True)
def _update(
    ts, key, account, uses, out, keys, ring_account, ring_us, used, newest_us, window_us,
):  # fmt: skip
    rows = len(ts)
    start = 0
    while start < rows:
        end = tick_end(ts, start)
        now = ts[start]
        newest_us = max(newest_us, now)
        for row in range(start, end):
            if key[row] == np.uint64(0):
                continue
            at = _slot(keys, key[row])
            others = 0
            if keys[at] == key[row]:
                for place in range(ring_account.shape[1]):
                    other = ring_account[at, place]
                    ago = now - ring_us[at, place]
                    # A late row asks about its own time, not about what came since, and sees
                    # nothing that may have left by now.
                    seen = 0 < ago <= window_us and newest_us - ring_us[at, place] <= window_us
                    if other >= 0 and other != account[row] and seen:
                        others += 1
            out[row] = others
        for row in range(start, end):
            if key[row] == np.uint64(0) or not uses[row] or account[row] < 0:
                continue
            at = _slot(keys, key[row])
            if keys[at] == np.uint64(0):
                keys[at] = key[row]
                used += 1
            chosen = 0
            for place in range(ring_account.shape[1]):
                if ring_account[at, place] == account[row]:
                    chosen = place
                    break
                if ring_us[at, place] < ring_us[at, chosen]:
                    chosen = place
            if now >= ring_us[at, chosen]:
                ring_account[at, chosen] = account[row]
                ring_us[at, chosen] = now
        start = end
    return used, newest_us
