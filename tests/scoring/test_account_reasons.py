"""An account shows which reasons recur over its likes that do not count."""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.registry import all_detectors
from zhenzan.events.state import CountState
from zhenzan.scoring.account_reasons import REASONS_MAX, RecurringReasons
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.settled import Keys, settle

LIKES = 4_000
COUNTED, HELD, EXCLUDED = CountState.COUNTED, CountState.HELD, CountState.EXCLUDED


def gathered(shown, states, account, *, seed=4):
    """Score likes of which some are unusual in a few detectors, and gather their reasons."""
    detectors = all_detectors()
    names = [d.name for d in detectors]
    bins = np.zeros((LIKES, len(detectors)), np.int8)
    values = np.full((LIKES, len(detectors)), np.nan, np.float32)
    rng = np.random.default_rng(seed)
    for name in {name for mine in shown.values() for name in mine}:
        column = names.index(name)
        bins[:, column] = rng.integers(1, 3, LIKES)
        values[:, column] = 1.0
    for row, mine in shown.items():
        for name, value in mine.items():
            column = names.index(name)
            values[row, column] = value
            bins[row, column] = np.searchsorted(detectors[column].edges, value, side="right") + 1
    nowhere = np.full(LIKES, -1, np.int32)
    keys = Keys(np.arange(LIKES), nowhere, account, nowhere, nowhere, np.zeros(LIKES, np.bool_))
    settled = settle(detectors, bins, keys, score_at_once=np.full(LIKES, 0.01))
    later = [detector.settled for detector in detectors]
    measured = Measured(
        detectors, values[:, [not is_later for is_later in later]], values[:, later], bins
    )
    return RecurringReasons(
        detectors, settled, measured, segments=np.zeros(LIKES, np.int16), states=states
    )


def test_reasons_are_counted_over_the_likes_that_do_not_count_and_the_strongest_leads():
    account = np.arange(LIKES, dtype=np.int32) % 50
    account[:6] = 7
    states = np.full(LIKES, COUNTED, np.int8)
    states[:6] = [EXCLUDED, EXCLUDED, EXCLUDED, HELD, HELD, COUNTED]
    shown = {row: {"device_fan_out": 30.0 + row} for row in range(6)}
    shown[3]["like_burst"] = 60.0
    reasons = gathered(shown, states, account).by(account, np.array([3, 7])).to_pylist()
    assert reasons[0] == []
    first, second = reasons[1]
    assert (first["code"], first["family"]) == ("NET001", "network")
    assert (first["likes"], first["likes_excluded"], first["value"]) == (5, 3, 32.0)
    assert first["text"] == "32 accounts on this device in 24 h"
    assert first["text_zh"] == "24 小时内同一设备上有 32 个账号"
    assert second["likes"] == 1 and second["likes_excluded"] == 0


def test_no_more_than_three_reasons_are_told_and_counted_likes_give_none():
    account = np.zeros(LIKES, np.int32)
    states = np.full(LIKES, COUNTED, np.int8)
    shown = {
        0: {"device_fan_out": 50.0, "same_device_same_item": 50.0, "block_crowd": 90.0,
            "device_registrations": 50.0, "bundled_actions": 3.0},
    }  # fmt: skip
    none = gathered(shown, states, account).by(account, np.array([0]))
    assert none.to_pylist() == [[]]
    states[0] = HELD
    (told,) = gathered(shown, states, account).by(account, np.array([0])).to_pylist()
    assert len(told) == REASONS_MAX
    assert len({reason["code"] for reason in told}) == REASONS_MAX


def test_a_log_without_likes_has_accounts_without_reasons():
    detectors = all_detectors()
    empty = np.zeros(0, np.int32)
    keys = Keys(np.zeros(0, np.int64), empty, empty, empty, empty, np.zeros(0, np.bool_))
    bins = np.zeros((0, len(detectors)), np.int8)
    settled = settle(detectors, bins, keys, score_at_once=np.zeros(0))
    reasons = RecurringReasons(
        detectors,
        settled,
        Measured(detectors, bins.astype(np.float32), bins[:, :0].astype(np.float32), bins),
        segments=np.zeros(0, np.int16),
        states=np.zeros(0, np.int8),
    )
    assert reasons.by(empty, np.array([2, 5])).to_pylist() == [[], []]
    assert reasons.by(empty, np.zeros(0, np.int64)).to_pylist() == []
