"""Texts that many accounts leave, and texts that ask for likes or offer them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import DAY_US
from zhenzan.events.batch import Batch
from zhenzan.events.hashing import spread
from zhenzan.events.schema import Kind
from zhenzan.traces.order import tick_end
from zhenzan.traces.shared import SharedTrace

WINDOW_US = 7 * DAY_US
CHARS_MIN = 8
"""Shorter texts are cheers that everybody writes."""

_ACCOUNTS_MAX = 24

SIGNALS = ("shared_texts", "solicited", "solicitors")


class TextTrace:
    """Remember who left which text on comments and shares.

    Signals, one float64 per like, over 7 d before it:

    - ``shared_texts``: other accounts that had left a text of this account before it did, at
      most 24, for its most copied text of 8 characters or more (S3-01); whoever wrote first is
      not meant. NaN for accounts that left no such text.
    - ``solicited``: 1 if a text of the account asked for likes or offered them, 0 if it left
      texts that did not, NaN without texts (S3-01, S3-11).
    - ``solicitors``: accounts that left such texts on this item, at most 24; NaN while the item
      has no texts.

    State: 33 bytes an account, 8 an item, and two ``SharedTrace``.
    """

    def __init__(self) -> None:
        self._texts = SharedTrace(WINDOW_US, accounts_max=_ACCOUNTS_MAX)
        self._marks = SharedTrace(WINDOW_US, accounts_max=_ACCOUNTS_MAX)
        self._copied = np.zeros(0)
        self._us = np.zeros((0, 3), np.int64)
        self._item_us = np.zeros(0, np.int64)

    def update(
        self, batch: Batch, *, solicits: NDArray[np.bool_], emit: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float64]]:
        """Take in a batch and answer for its emitted rows.

        Parameters
        ----------
        solicits
            The rows whose text asks for likes or offers them.
        """
        self._copied = grown(self._copied, int(batch.account.max(initial=-1)) + 1)
        self._us = grown(self._us, int(batch.account.max(initial=-1)) + 1)
        self._item_us = grown(self._item_us, int(batch.item.max(initial=-1)) + 1)
        written = (batch.text_chars > 0) & np.isin(batch.kind, (Kind.COMMENT, Kind.SHARE))
        rows = np.flatnonzero(written | emit)
        out = np.full((len(rows), len(SIGNALS)), np.nan)
        if not (self._item_us.any() or self._us.any() or written.any()):
            # The log has no texts so far.
            return {name: out[:, column] for column, name in enumerate(SIGNALS)}
        ts, account, item = batch.ts[rows], batch.account[rows], batch.item[rows]
        long = written[rows] & (batch.text_chars[rows] >= CHARS_MIN)
        text = np.where(long, batch.text_hash[rows], 0).view(np.uint64)
        copied = self._texts.update(ts, text, account, uses=long)
        mark = spread((item + 1).astype(np.uint64))
        asks = solicits[rows] & written[rows]
        solicitors = self._marks.update(ts, mark, account, uses=asks)
        _update(
            ts, account, item, written[rows], long, asks, emit[rows], copied, solicitors, out,
            self._copied, self._us, self._item_us,
        )  # fmt: skip
        answers = emit[rows]
        return {name: out[answers, column] for column, name in enumerate(SIGNALS)}


@njit(cache=True, nogil=True)
def _update(
    ts, account, item, written, long, asks, emit, copied, solicitors, out, most, us, item_us,
):  # fmt: skip
    rows = len(ts)
    start = 0
    while start < rows:
        end = tick_end(ts, start)
        since = ts[start] - WINDOW_US
        for row in range(start, end):
            code = account[row]
            if not emit[row] or code < 0:
                continue
            if us[code, 0] > 0 and us[code, 0] >= since:
                out[row, 0] = most[code]
            if us[code, 1] > 0 and us[code, 1] >= since:
                out[row, 1] = 1.0 if us[code, 2] > 0 and us[code, 2] >= since else 0.0
            if item[row] >= 0 and item_us[item[row]] > 0 and item_us[item[row]] >= since:
                out[row, 2] = solicitors[row]
        for row in range(start, end):
            code = account[row]
            if not written[row] or code < 0:
                continue
            if long[row] and (us[code, 0] < since or copied[row] >= most[code]):
                most[code] = copied[row]
                us[code, 0] = ts[row]
            us[code, 1] = ts[row]
            if asks[row]:
                us[code, 2] = ts[row]
            if item[row] >= 0:
                item_us[item[row]] = ts[row]
        start = end
