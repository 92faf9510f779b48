"""Tests each share against its own past, window by window, and says when it has fallen.

Rows are taken in steps of ``STEP_ROWS``; a share's windows are ``WINDOW_US`` long and hold
``WINDOW_TRIES`` tries or more. Where a share comes and goes so that some windows have an eighth
of its mean, its windows are doubled until they show it evenly, and a share that no window shows
evenly is not judged: it was silent before, so silence is no news.

The bound is the lowest share of the past windows (without the lowest fiftieth, which is where
glitches lie). Each window multiplies the evidence that the share has fallen to a quarter of the
bound's odds by its likelihood ratio, and the evidence never falls below 1: this is an e-detector
in the sense of Shin, Ramdas and Rinaldo (2022, "E-detectors: a nonparametric framework for
sequential change detection"). Wherever the chance of a hit, given what came before, is at or
above the bound, the mean number of windows to a false alarm is at least the limit that the
evidence is held against, whatever the dependence between rows.

While less than a day is known a day's rhythm is not, so the bound is four times lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, MINUTE_US
from zhenzan.errors import CheckpointError

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

FALSE_ALARM_US = 30 * DAY_US
"""Time for each false alarm, over all shares together: one a month."""

STEP_ROWS = 256
"""Windows end at such a row, so that the cuts of batches do not matter."""

WINDOW_US = 10 * MINUTE_US
WINDOW_TRIES = 200
DOUBLINGS_MAX = 6
"""The longest windows are of 11 hours: beyond them a share has no past to speak of in a week."""

UNEVEN = 8.0

FALL = 4.0
"""The fall in odds that is tested for; a share that is halved is found as well, but later."""

WINDOWS_TO_RAISE = 3
"""Windows that an alarm takes at the least, so that no single burst of other rows raises one."""

WINDOWS_KEPT = 1_024
"""A week of the shortest windows, so that each weekday is among them."""

WINDOWS_MIN = 6
"""Windows before a share is judged."""

LOOKED_AT_EVERY = 6

DROPPED = 0.02
"""Share of the lowest windows that the bound does not look at."""

UNKNOWN_DAY = 4.0

NEW_NORMAL_US = DAY_US
"""After so long a share that stays low is taken for usual, and its past begins anew."""

_BOUND_MAX = 0.95
_NEVER = -1


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that began or ended.

    Attributes
    ----------
    gauge
        Number of the share.
    began
        False where the share is back, or what it is now is taken for usual.
    since_us
        Event time at which the alarm was raised; with the gauge it names the alarm.
    at_us
        Event time of the change.
    share_bound
        The share that was usual at the least.
    share
        The share in the last window.
    """

    gauge: int
    began: bool
    since_us: int
    at_us: int
    share_bound: float
    share: float


class SilenceAlarm:
    """Watch shares.

    Parameters
    ----------
    count
        How many shares there are.
    false_alarm_us
        Event time for each false alarm, over all shares together.
    """

    def __init__(self, count: int, *, false_alarm_us: int = FALSE_ALARM_US) -> None:
        self.limit_nats = float(np.log(count * false_alarm_us / WINDOW_US))
        zeros = np.zeros(count, np.int64)
        self._arrays: dict[str, NDArray[Any]] = {
            "hits": zeros.copy(),
            "tries": zeros.copy(),
            "window_us": np.full(count, _NEVER, np.int64),
            "first_us": np.full(count, _NEVER, np.int64),
            "doublings": zeros.copy(),
            "windows": zeros.copy(),
            "past_hits": np.zeros((count, WINDOWS_KEPT), np.int32),
            "past_tries": np.zeros((count, WINDOWS_KEPT), np.int32),
            "bound": np.full(count, np.nan),
            "nats": np.zeros(count),
            "raised_us": np.full(count, _NEVER, np.int64),
            "raised_share": np.zeros(count),
            # Rows in the step, and the newest time.
            "clock": np.array([0, np.iinfo(np.int64).min], np.int64),
        }

    @property
    def raised(self) -> Bools:
        """Say of each share whether its alarm is on."""
        on: Bools = self._arrays["raised_us"] != _NEVER
        return on

    @property
    def bound(self) -> F64:
        """Give the share that is usual at the least; NaN where it is not judged."""
        return self._arrays["bound"]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """List the whole state as named arrays."""
        return self._arrays

    def put_back(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the whole state by what ``arrays`` gave.

        Raises
        ------
        CheckpointError
            It is the state of other shares.
        """
        for name, array in self._arrays.items():
            if name not in state or state[name].shape != array.shape:
                raise CheckpointError(f"the state of the silence alarm has another `{name}`")
            array[...] = state[name]

    def observe(self, ts: I64, hits: Bools, tries: Bools) -> list[Change]:
        """Take rows in, in their order; give the alarms that began or ended.

        Parameters
        ----------
        ts
            When each row happened; one that is late is taken at the newest time.
        hits, tries
            For each row and share, whether it counts for it, and whether it could have.
        """
        state, clock = self._arrays, self._arrays["clock"]
        changes: list[Change] = []
        start = 0
        while start < len(ts):
            end = min(len(ts), start + STEP_ROWS - int(clock[0]))
            state["hits"] += hits[start:end].sum(axis=0)
            state["tries"] += tries[start:end].sum(axis=0)
            clock[0] += end - start
            clock[1] = max(int(clock[1]), int(ts[start:end].max()))
            if clock[0] == STEP_ROWS:
                changes += self._step(int(clock[1]))
                clock[0] = 0
            start = end
        return changes

    def _step(self, now_us: int) -> list[Change]:
        """Begin windows, and end those that hold enough."""
        state = self._arrays
        begins = (state["window_us"] == _NEVER) & (state["tries"] > 0)
        state["window_us"][begins] = now_us
        state["first_us"][begins & (state["first_us"] == _NEVER)] = now_us
        factor = np.int64(1) << state["doublings"]
        enough = state["tries"] >= WINDOW_TRIES * factor
        long = now_us - state["window_us"] >= WINDOW_US * factor
        changes: list[Change] = []
        for gauge in np.flatnonzero(enough & long & ~begins).tolist():
            changes += self._end_window(gauge, now_us)
            state["hits"][gauge] = state["tries"][gauge] = 0
            state["window_us"][gauge] = now_us
        return changes

    def _end_window(self, gauge: int, now_us: int) -> list[Change]:
        state = self._arrays
        hits, tries = int(state["hits"][gauge]), int(state["tries"][gauge])
        since = int(state["raised_us"][gauge])
        if since != _NEVER:
            return self._while_raised(gauge, hits / tries, since, now_us)
        self._keep(gauge, hits, tries)
        nats = max(float(state["nats"][gauge]), 0.0) + self._evidence(gauge, hits, tries)
        state["nats"][gauge] = nats
        if nats >= self.limit_nats:
            state["raised_us"][gauge] = now_us
            state["raised_share"][gauge] = hits / tries
            return [self._change(gauge, hits / tries, now_us, began=True)]
        if nats <= 0.0:
            # What is under suspicion must not lower the bound that it is judged by.
            self._set_bound(gauge, now_us)
        return []

    def _evidence(self, gauge: int, hits: int, tries: int) -> float:
        """Weigh a window: nats for a fall to a quarter of the bound's odds."""
        bound = float(self._arrays["bound"][gauge])
        if np.isnan(bound):
            return 0.0
        odds = bound / (1.0 - bound) / FALL
        fallen = odds / (1.0 + odds)
        nats = hits * np.log(fallen / bound) + (tries - hits) * np.log(
            (1.0 - fallen) / (1.0 - bound)
        )
        # Evidence that is cut from above only makes false alarms rarer.
        return min(float(nats), self.limit_nats / WINDOWS_TO_RAISE)

    def _while_raised(self, gauge: int, share: float, since: int, now_us: int) -> list[Change]:
        """End an alarm whose share is back, or has become the new normal."""
        state = self._arrays
        is_back = share >= state["bound"][gauge] / 2
        if not is_back and now_us - since < NEW_NORMAL_US:
            return []
        change = self._change(gauge, share, now_us, began=False)
        state["raised_us"][gauge] = _NEVER
        state["nats"][gauge] = 0.0
        if not is_back:
            state["windows"][gauge] = state["doublings"][gauge] = 0
            state["first_us"][gauge] = now_us
            state["bound"][gauge] = np.nan
        return [change]

    def _keep(self, gauge: int, hits: int, tries: int) -> None:
        """Add a window to the past; the oldest makes room."""
        state = self._arrays
        count = int(state["windows"][gauge])
        for name, value in (("past_hits", hits), ("past_tries", tries)):
            past = state[name][gauge]
            if count == WINDOWS_KEPT:
                past[:-1] = past[1:].copy()
            past[min(count, WINDOWS_KEPT - 1)] = value
        state["windows"][gauge] = min(count + 1, WINDOWS_KEPT)

    def _set_bound(self, gauge: int, now_us: int) -> None:
        state = self._arrays
        count = int(state["windows"][gauge])
        # A long past moves slowly, so it is not looked at after every window.
        if count < WINDOWS_MIN or (count % LOOKED_AT_EVERY and count < WINDOWS_KEPT):
            return
        hits, tries = state["past_hits"][gauge, :count], state["past_tries"][gauge, :count]
        place = int(DROPPED * count)
        lowest = float(np.partition(hits / tries, place)[place])
        if lowest * UNEVEN < hits.sum() / tries.sum():
            state["bound"][gauge] = np.nan
            if state["doublings"][gauge] < DOUBLINGS_MAX:
                self._double(gauge, count)
            return
        bound = min(lowest, _BOUND_MAX)
        if now_us - state["first_us"][gauge] < DAY_US:
            odds = bound / (1.0 - bound) / UNKNOWN_DAY
            bound = odds / (1.0 + odds)
        state["bound"][gauge] = bound if bound > 0.0 else np.nan

    def _double(self, gauge: int, count: int) -> None:
        """Join each two windows, the newest with the one before it."""
        state = self._arrays
        half = count // 2
        for name in ("past_hits", "past_tries"):
            past = state[name][gauge]
            past[:half] = past[count - 2 * half : count].reshape(half, 2).sum(axis=1)
        state["windows"][gauge] = half
        state["doublings"][gauge] += 1

    def _change(self, gauge: int, share: float, now_us: int, *, began: bool) -> Change:
        state = self._arrays
        since, bound = int(state["raised_us"][gauge]), float(state["bound"][gauge])
        return Change(gauge, began, since, now_us, bound, share)
