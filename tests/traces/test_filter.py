"""The filter forgets nothing in a week, and seldom knows what it was not told."""

from __future__ import annotations

import numpy as np
from numba import njit

from zhenzan.traces.filter import TwoWeekFilter, mark


@njit
def marked(words, keys, epoch):
    known = np.zeros(len(keys), np.bool_)
    for row in range(len(keys)):
        known[row] = mark(words, keys[row], epoch)
    return known


def test_what_was_marked_is_known_for_one_to_two_weeks():
    seen, keys = TwoWeekFilter(), np.arange(1_000, dtype=np.int64) << 20
    marked(seen.words, keys, 7)
    seen.renew(8)
    assert marked(seen.words, keys, 8).all()
    seen.renew(9)
    assert marked(seen.words, keys, 9).all()
    seen.renew(10)
    seen.renew(11)
    assert not marked(seen.words, keys, 11).any()


def test_few_keys_are_taken_for_known():
    seen = TwoWeekFilter()
    keys = np.random.default_rng(1).integers(0, 1 << 62, 8_500_000)
    known = marked(seen.words, keys, 0)
    assert known[:500_000].mean() < 1e-4
    assert known[8_000_000:].mean() < 0.01
