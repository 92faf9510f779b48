"""What an account's own past says about its next like: rhythm, waking up, home network."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.arrays import grown
from zhenzan.clock import DAY_US
from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind
from zhenzan.traces.order import tick_end
from zhenzan.traces.ring import to_front

_REGISTER = int(Kind.REGISTER)
_LIKE = int(Kind.LIKE)
_HOMES = 4
_WAKE_GAP_US = 3 * DAY_US
_WAKE_MEMORY_US = DAY_US
_GAP_MEMORY = 0.25
_RHYTHM_GAPS_MIN = 4
_HOME_ROWS_MIN = 8

SIGNALS = ("rhythm_spread", "wake_gap_days", "new_network", "registration_batch")


class AccountTrace:
    """Remember each account's rhythm, longest recent sleep, home networks and registration.

    Signals, one float64 per emitted row, NaN where nothing can be said:

    - ``rhythm_spread``: mean absolute difference of successive log gaps between the account's
      likes; 0 is a metronome, people are above 0.8. Needs 4 gaps (S1-12, S3-12).
    - ``wake_gap_days``: length in days of the sleep from which the account woke within the last
      24 h; 0 without such a sleep (S3-12).
    - ``new_network``: 1 if the address block is none of the account's last four, else 0; needs 8
      earlier interactions with a known block (S2-23, S4-29).
    - ``registration_batch``: accounts registered from the same device or block within 1 h before
      this account's registration, itself included (S0-04).

    State: 104 bytes an account.
    """

    def __init__(self) -> None:
        self._last_us = np.zeros(0, np.int64)
        self._like_us = np.zeros(0, np.int64)
        self._log_gap = np.zeros(0)
        self._spread = np.zeros(0)
        self._gaps = np.zeros(0, np.int32)
        self._wake_us = np.zeros(0, np.int64)
        self._wake_gap = np.zeros(0, np.int64)
        self._homes = np.zeros((0, _HOMES), np.int32)
        self._known = np.zeros(0, np.int32)
        self._batch = np.zeros(0, np.float64)

    def update(
        self, batch: Batch, *, registered_together: NDArray[np.float64], emit: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float64]]:
        """Take in a batch and answer for its emitted rows.

        Parameters
        ----------
        registered_together
            For each row of kind register: accounts registered from its device or block within
            1 h; ignored for other rows.
        emit
            The rows to answer for.
        """
        self._grow(int(batch.account.max(initial=-1)) + 1)
        out = np.full((len(batch), len(SIGNALS)), np.nan)
        _update(
            batch.ts, batch.kind, batch.account, batch.block, registered_together, emit, out,
            self._last_us, self._like_us, self._log_gap, self._spread, self._gaps,
            self._wake_us, self._wake_gap, self._homes, self._known, self._batch,
        )  # fmt: skip
        return {name: out[emit, column] for column, name in enumerate(SIGNALS)}

    def _grow(self, rows: int) -> None:
        self._last_us = grown(self._last_us, rows)
        self._like_us = grown(self._like_us, rows)
        self._log_gap = grown(self._log_gap, rows)
        self._spread = grown(self._spread, rows)
        self._gaps = grown(self._gaps, rows)
        self._wake_us = grown(self._wake_us, rows)
        self._wake_gap = grown(self._wake_gap, rows)
        self._homes = grown(self._homes, rows, fill=-1)
        self._known = grown(self._known, rows)
        self._batch = grown(self._batch, rows, fill=np.nan)


@njit(cache=True, nogil=True)
def _update(
    ts, kind, account, block, together, emit, out,
    last_us, like_us, log_gap, spread, gaps, wake_us, wake_gap, homes, known, batch,
):  # fmt: skip
    rows = len(ts)
    start = 0
    while start < rows:
        end = tick_end(ts, start)
        now = ts[start]
        # Phase one: every peer is answered from the state before the tick.
        for row in range(start, end):
            code = account[row]
            if code < 0:
                continue
            if kind[row] == _REGISTER and not batch[code] >= together[row]:
                batch[code] = together[row]
            if emit[row]:
                _answer(
                    out[row], now, code, block[row],
                    last_us, like_us, spread, gaps, wake_us, wake_gap, homes, known, batch,
                )  # fmt: skip
        # Phase two: the tick enters the state.
        for row in range(start, end):
            code = account[row]
            if code < 0:
                continue
            if last_us[code] and now - last_us[code] >= _WAKE_GAP_US:
                wake_us[code] = now
                wake_gap[code] = now - last_us[code]
            last_us[code] = now
            if kind[row] == _LIKE:
                if like_us[code] and now > like_us[code]:
                    step = np.log(1.0 + (now - like_us[code]) / 1e6)
                    if gaps[code] > 0:
                        moved = abs(step - log_gap[code])
                        memory = max(_GAP_MEMORY, 1.0 / gaps[code])
                        spread[code] += memory * (moved - spread[code])
                    log_gap[code] = step
                    gaps[code] += 1
                like_us[code] = now
            _remember_home(homes[code], known, code, block[row])
        start = end


@njit(cache=True, nogil=True, inline="always")
def _answer(
    out, now, code, block,
    last_us, like_us, spread, gaps, wake_us, wake_gap, homes, known, batch,
):  # fmt: skip
    if gaps[code] > _RHYTHM_GAPS_MIN and now > like_us[code]:
        out[0] = spread[code]
    if last_us[code]:
        sleep = now - last_us[code]
        if sleep >= _WAKE_GAP_US:
            out[1] = sleep / DAY_US
        elif wake_us[code] and now - wake_us[code] <= _WAKE_MEMORY_US:
            out[1] = wake_gap[code] / DAY_US
        else:
            out[1] = 0.0
    if block >= 0 and known[code] >= _HOME_ROWS_MIN:
        out[2] = 1.0
        for slot in range(_HOMES):
            if homes[code, slot] == block:
                out[2] = 0.0
    out[3] = batch[code]


@njit(cache=True, nogil=True, inline="always")
def _remember_home(homes, known, code, block):
    if block < 0:
        return
    known[code] += 1
    # Most recent first, so that four networks in use are never forgotten for a fifth seen once.
    to_front(homes, block)
