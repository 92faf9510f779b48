"""Tests each share against its own past, row by row, and says when it has fallen.

Rows are taken in steps of ``STEP_ROWS``, and a share's past is kept in windows of an hour or
more. The bound is the lowest share of the past windows (without the lowest fiftieth, which is
where glitches lie). After each step the evidence that the share has fallen to a quarter of the
bound's odds is multiplied up by the likelihood ratio of the step, and never falls below 1: this
is an e-detector in the sense of Shin, Ramdas and Rinaldo (2022, "E-detectors: a nonparametric
framework for sequential change detection"). Wherever the chance of a hit, given what came before,
is at or above the bound, the mean time to a false alarm is at least the limit that the evidence
is held against, for any dependence between rows.

While less than a day is known a day's rhythm is not, so the bound is four times lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, HOUR_US

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

FALSE_ALARM_ROWS = 1_000_000_000
"""Rows for each false alarm, over all shares together: six days at 2,000 rows a second."""

STEP_ROWS = 256

FALL = 4.0
"""The fall in odds that is tested for; a share that is halved is found as well, but later."""

WINDOW_US = HOUR_US
WINDOW_TRIES_MIN = 200
WINDOW_HITS_MIN = 20
WINDOW_TRIES_ENOUGH = 20_000
"""A window has to show its share to about a fifth (20 hits), or that it is below one in 1,000."""

WINDOWS_KEPT = 200
"""Eight days of hours, so that each weekday is among them."""

WINDOWS_MIN = 6
"""Windows before a share is judged."""

DROPPED = 0.02
"""Share of the lowest windows that the bound does not look at."""

UNKNOWN_DAY = 4.0

NEW_NORMAL_US = DAY_US
"""After so long a share that stays low is taken for usual, and its past begins anew."""

STEPS_MIN = 8
"""Steps that an alarm takes at the least: one client that sends a few dozen rows of another shape
in a row is no change of the input."""

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
        The share in the window up to now.
    tries
        Rows of that window.
    """

    gauge: int
    began: bool
    since_us: int
    at_us: int
    share_bound: float
    share: float
    tries: int


class SilenceAlarm:
    """Watch shares.

    Parameters
    ----------
    count
        How many shares there are.
    false_alarm_rows
        Rows for each false alarm, over all shares together.
    """

    def __init__(self, count: int, *, false_alarm_rows: int = FALSE_ALARM_ROWS) -> None:
        self.limit_nats = float(np.log(count * false_alarm_rows / STEP_ROWS))
        zeros = np.zeros(count, np.int64)
        self._arrays: dict[str, NDArray[Any]] = {
            "step_hits": zeros.copy(),
            "step_tries": zeros.copy(),
            "hits": zeros.copy(),
            "tries": zeros.copy(),
            "window_us": np.full(count, _NEVER, np.int64),
            "first_us": np.full(count, _NEVER, np.int64),
            "raised_us": np.full(count, _NEVER, np.int64),
            "windows": zeros.copy(),
            "past": np.zeros((count, WINDOWS_KEPT), np.float32),
            "bound": np.full(count, np.nan),
            "nats": np.zeros(count),
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
        ValueError
            It is the state of other shares.
        """
        for name, array in self._arrays.items():
            if name not in state or state[name].shape != array.shape:
                raise ValueError(f"the state of the silence alarm has another `{name}`")
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
            state["step_hits"] += hits[start:end].sum(axis=0)
            state["step_tries"] += tries[start:end].sum(axis=0)
            clock[0] += end - start
            clock[1] = max(int(clock[1]), int(ts[start:end].max()))
            if clock[0] == STEP_ROWS:
                changes += self._step(int(clock[1]))
                clock[0] = 0
            start = end
        return changes

    def _step(self, now_us: int) -> list[Change]:
        state = self._arrays
        hits, tries = state["step_hits"], state["step_tries"]
        opened = (state["window_us"] == _NEVER) & (tries > 0)
        state["window_us"][opened] = now_us
        state["first_us"][(state["first_us"] == _NEVER) & (tries > 0)] = now_us
        state["hits"] += hits
        state["tries"] += tries
        state["nats"] = np.maximum(state["nats"], 0.0) + self._evidence(hits, tries)
        hits[:] = 0
        tries[:] = 0
        begun = (state["nats"] >= self.limit_nats) & (state["raised_us"] == _NEVER)
        state["raised_us"][begun] = now_us
        changes = [self._change(int(gauge), True, now_us) for gauge in np.flatnonzero(begun)]
        return changes + self._close_windows(now_us)

    def _evidence(self, hits: I64, tries: I64) -> F64:
        """Weigh the hits of a step: nats for a fall to a quarter of the bound's odds."""
        bound = self._arrays["bound"]
        judged = ~np.isnan(bound)
        usual = np.where(judged, bound, 0.5)
        odds = usual / (1.0 - usual) / FALL
        fallen = odds / (1.0 + odds)
        nats = hits * np.log(fallen / usual) + (tries - hits) * np.log(
            (1.0 - fallen) / (1.0 - usual)
        )
        # Evidence that is cut from above only makes false alarms rarer.
        return np.where(judged, np.minimum(nats, self.limit_nats / STEPS_MIN), 0.0)

    def _close_windows(self, now_us: int) -> list[Change]:
        state = self._arrays
        hits, tries, raised = state["hits"], state["tries"], self.raised
        shown = (hits >= WINDOW_HITS_MIN) | (tries >= WINDOW_TRIES_ENOUGH) | raised
        due = now_us - state["window_us"] >= WINDOW_US
        closing = np.flatnonzero(shown & due & (tries >= WINDOW_TRIES_MIN))
        if not len(closing):
            return []
        share = hits[closing] / tries[closing]
        changes = self._end_alarms(closing, share, now_us)
        # What is under suspicion must not lower the bound that it is judged by.
        calm = ~self.raised[closing] & (state["nats"][closing] < self.limit_nats / 4)
        kept = closing[calm]
        place = state["windows"][kept] % WINDOWS_KEPT
        state["past"][kept, place] = share[calm]
        state["windows"][kept] += 1
        self._set_bounds(kept, now_us)
        hits[closing] = 0
        tries[closing] = 0
        state["window_us"][closing] = now_us
        return changes

    def _end_alarms(self, closing: I64, share: F64, now_us: int) -> list[Change]:
        """End alarms whose share is back, and those that have become the new normal."""
        state, changes = self._arrays, []
        for gauge, now in zip(closing.tolist(), share.tolist(), strict=True):
            since = int(state["raised_us"][gauge])
            # A whole window that came after it was raised.
            if since == _NEVER or state["window_us"][gauge] < since:
                continue
            is_back = now >= state["bound"][gauge] / 2
            if not is_back and now_us - since < NEW_NORMAL_US:
                continue
            changes.append(self._change(gauge, False, now_us))
            state["raised_us"][gauge] = _NEVER
            state["nats"][gauge] = 0.0
            if not is_back:
                state["windows"][gauge] = 0
                state["first_us"][gauge] = state["window_us"][gauge]
                state["bound"][gauge] = np.nan
        return changes

    def _set_bounds(self, gauges: I64, now_us: int) -> None:
        state = self._arrays
        for gauge in gauges.tolist():
            windows = min(int(state["windows"][gauge]), WINDOWS_KEPT)
            if windows < WINDOWS_MIN:
                continue
            past = state["past"][gauge, :windows]
            lowest = float(np.partition(past, int(DROPPED * windows))[int(DROPPED * windows)])
            lowest = min(lowest, _BOUND_MAX)
            if now_us - state["first_us"][gauge] < DAY_US:
                odds = lowest / (1.0 - lowest) / UNKNOWN_DAY
                lowest = odds / (1.0 + odds)
            state["bound"][gauge] = lowest if lowest > 0.0 else np.nan

    def _change(self, gauge: int, began: bool, now_us: int) -> Change:
        state = self._arrays
        tries = int(state["tries"][gauge])
        return Change(
            gauge=gauge,
            began=began,
            since_us=int(state["raised_us"][gauge]),
            at_us=now_us,
            share_bound=float(state["bound"][gauge]),
            share=int(state["hits"][gauge]) / max(tries, 1),
            tries=tries,
        )
