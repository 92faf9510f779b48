"""The silence alarm: how often it is wrong, how soon it is right, and what it never minds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zhenzan.alarm.silence import STEP_ROWS, WINDOW_TRIES, WINDOWS_TO_RAISE, Change, SilenceAlarm
from zhenzan.clock import DAY_US, HOUR_US, generator
from zhenzan.errors import CheckpointError

Bools = NDArray[np.bool_]

DAY_ROWS = 48_000
"""Two thousand rows an hour: a window holds enough of each share below."""


def times(rows: int, *, start_us: int = 0) -> NDArray[np.int64]:
    return start_us + np.arange(rows, dtype=np.int64) * (DAY_US // DAY_ROWS)


def play(alarm: SilenceAlarm, hits: Bools, *, cut: int = 4_096, start_us: int = 0) -> list[Change]:
    """Rows that count for every share, in batches."""
    ts, tries = times(len(hits), start_us=start_us), np.ones_like(hits)
    changes: list[Change] = []
    for low in range(0, len(hits), cut):
        part = slice(low, low + cut)
        changes += alarm.observe(ts[part], hits[part], tries[part])
    return changes


def drawn(seed: int, shares: NDArray[np.float64]) -> Bools:
    """Rows whose hits are independent; ``shares`` has a row each."""
    return generator(seed).random(shares.shape) < shares


def test_streams_that_stay_the_same_raise_no_more_than_the_stated_rate():
    count, days = 60, 4
    shares = np.tile(generator(1).uniform(0.02, 0.98, count), (days * DAY_ROWS, 1))
    alarm = SilenceAlarm(count, false_alarm_us=DAY_US // 2)
    raised = [change for change in play(alarm, drawn(2, shares)) if change.began]
    assert len(raised) <= 2 * days
    assert not np.isnan(alarm.bound).any()


def test_at_the_bound_nothing_is_raised_and_well_below_it_everything():
    usual = generator(9).uniform(0.1, 0.9, 50)
    alarm = SilenceAlarm(len(usual))
    assert not play(alarm, drawn(10, np.tile(usual, (2 * DAY_ROWS, 1))))
    low = np.tile(alarm.bound, (DAY_ROWS // 4, 1))
    assert not play(alarm, drawn(11, low), start_us=2 * DAY_US)
    changes = play(alarm, drawn(12, low / 6.0), start_us=DAY_US * 9 // 4)
    assert {change.gauge for change in changes if change.began} == set(range(len(usual)))


@pytest.mark.parametrize("share", [0.95, 0.5, 0.2, 0.05])
def test_a_share_that_falls_to_nothing_is_raised_within_a_bound_of_rows(share: float):
    shares = np.full((2 * DAY_ROWS, 3), share)
    shares[-DAY_ROWS // 2 :, 1] = 0.0
    alarm = SilenceAlarm(3)
    (change,) = play(alarm, drawn(3, shares))
    assert (change.gauge, change.began) == (1, True)
    fell_us = int(times(len(shares))[-DAY_ROWS // 2])
    late_rows = (change.at_us - fell_us) // (DAY_US // DAY_ROWS)
    # The window that it fell in says little, then come those that an alarm takes; each row
    # without a hit weighs about 3/4 of the bound, which is about half of a rare share.
    window = max(WINDOW_TRIES, DAY_ROWS // 144) * 2 ** int(alarm.arrays()["doublings"][1])
    windows = max(WINDOWS_TO_RAISE, alarm.limit_nats / (0.75 * share * 0.5) / window) + 2
    assert late_rows <= windows * (window + STEP_ROWS)


def test_a_share_that_comes_back_ends_its_alarm():
    shares = np.full((3 * DAY_ROWS, 2), 0.4)
    shares[DAY_ROWS * 3 // 2 : DAY_ROWS * 7 // 4, 0] = 0.0
    began, ended = play(SilenceAlarm(2), drawn(4, shares))
    assert (began.gauge, began.began, ended.gauge, ended.began) == (0, True, 0, False)
    assert ended.since_us == began.at_us
    back_us = DAY_US * 7 // 4
    assert 0 <= ended.at_us - back_us <= 3 * HOUR_US


def test_what_stays_low_for_a_day_is_the_new_normal_and_is_watched_anew():
    shares = np.full((6 * DAY_ROWS, 1), 0.4)
    shares[2 * DAY_ROWS :] = 0.05
    shares[5 * DAY_ROWS :] = 0.0
    changes = play(SilenceAlarm(1), drawn(5, shares))
    assert [change.began for change in changes] == [True, False, True]
    assert changes[2].at_us > 5 * DAY_US


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    swing=st.floats(0.0, 0.8),
    phase=st.floats(0.0, 1.0),
    mean=st.floats(0.05, 0.5),
)
def test_a_rhythm_of_the_day_raises_nothing(seed: int, swing: float, phase: float, mean: float):
    day = np.arange(4 * DAY_ROWS) / DAY_ROWS
    shares = mean * (1.0 + swing * np.sin(2 * np.pi * (day + phase)))[:, None]
    assert play(SilenceAlarm(1), drawn(seed, shares)) == []


def test_one_client_that_sends_another_shape_for_a_while_raises_nothing():
    hits = drawn(6, np.full((2 * DAY_ROWS, 1), 0.97))
    hits[-9_000:-8_500] = False
    assert play(SilenceAlarm(1), hits) == []


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(1, 5_000), min_size=1, max_size=8))
def test_the_cuts_of_batches_change_nothing(cuts: list[int]):
    shares = np.full((DAY_ROWS, 2), 0.3)
    shares[-10_000:, 0] = 0.0
    hits, ts = drawn(7, shares), times(DAY_ROWS)
    tries = np.ones_like(hits)
    whole, apart = SilenceAlarm(2), SilenceAlarm(2)
    expected = whole.observe(ts, hits, tries)
    found: list[Change] = []
    low = turn = 0
    while low < len(ts):
        high = low + cuts[turn % len(cuts)]
        found += apart.observe(ts[low:high], hits[low:high], tries[low:high])
        low, turn = high, turn + 1
    assert found == expected
    assert len(expected) == 1
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(array, apart.arrays()[name])


def test_a_state_that_was_put_back_goes_on_as_if_nothing_had_happened():
    shares = np.full((DAY_ROWS, 2), 0.3)
    shares[-8_000:, 1] = 0.0
    hits, ts = drawn(8, shares), times(DAY_ROWS)
    tries, half = np.ones_like(hits), DAY_ROWS - 7_777
    whole, first, second = SilenceAlarm(2), SilenceAlarm(2), SilenceAlarm(2)
    expected = whole.observe(ts, hits, tries)
    found = first.observe(ts[:half], hits[:half], tries[:half])
    second.put_back({name: array.copy() for name, array in first.arrays().items()})
    found += second.observe(ts[half:], hits[half:], tries[half:])
    assert found == expected and len(found) == 1
    with pytest.raises(CheckpointError, match="another"):
        SilenceAlarm(3).put_back(first.arrays())
