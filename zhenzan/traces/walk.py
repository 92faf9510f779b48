"""Which items an account went through last, in which order."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown, peers_by
from zhenzan.clock import DAY_US
from zhenzan.events.batch import Batch
from zhenzan.events.hashing import finish
from zhenzan.traces.order import tick_end
from zhenzan.traces.ring import to_front
from zhenzan.traces.shared import SharedTrace

_ITEMS = 4
_ACCOUNTS_MAX = 8


class WalkTrace:
    """Count the other accounts that liked at the end of the same walk within 24 h.

    A walk is the account's last four different items, in order, whatever it did to them; two
    people rarely share one by chance, while a script, a list of tasks or a ring walks it again
    with every account (S1-12 "repeated sequences", S3-11). NaN before an account has been with
    four items. Items that it was with at one time come in the order in which the log came to
    know them, the one that was liked last.

    State: 16 bytes an account, and a ``SharedTrace`` of the walks of 24 h.
    """

    def __init__(self) -> None:
        self._items = np.zeros((0, _ITEMS), np.int32)
        self._shared = SharedTrace(DAY_US, accounts_max=_ACCOUNTS_MAX)

    def update(self, batch: Batch, *, emit: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Take in a batch and answer for its emitted rows, each of which ends a walk."""
        self._items = grown(self._items, int(batch.account.max(initial=-1)) + 1, fill=-1)
        walk = np.zeros(len(batch), np.uint64)
        order = peers_by(batch.ts, batch.account, batch.item)
        _walks(batch.ts, batch.account, batch.item, emit, order, walk, self._items)
        ends = np.ones(int(emit.sum()), np.bool_)
        return self._shared.update(batch.ts[emit], walk[emit], batch.account[emit], uses=ends)


@njit(cache=True, nogil=True)
def _walks(ts, account, item, emit, order, walk, items):
    rows = len(order)
    start = 0
    while start < rows:
        # Peers alone change places, so that times stand as they stood.
        end = tick_end(ts, start)
        for row in order[start:end]:
            if account[row] >= 0 and item[row] >= 0:
                to_front(items[account[row]], item[row])
        for row in order[start:end]:
            if not emit[row] or account[row] < 0 or item[row] < 0:
                continue
            last = items[account[row]].copy()
            to_front(last, item[row])
            if last[_ITEMS - 1] >= 0:
                mixed = np.uint64(1)
                for step in range(_ITEMS):
                    mixed = finish(mixed ^ np.uint64(last[step] + 1))
                walk[row] = max(mixed, np.uint64(1))
        start = end
