from __future__ import annotations

import numpy as np
import pytest

from zhenzan.scoring.context import RunningContext, pooled_around, shift


def test_pooling_around_equals_a_double_loop():
    rng = np.random.default_rng(1)
    ts = np.sort(rng.integers(0, 500, 400)).astype(np.int64)
    key = rng.integers(-1, 9, 400).astype(np.int32)
    probability = rng.integers(0, 1024, 400) / 1024
    order = np.lexsort((ts, key))
    suspected, likes = pooled_around(ts, key, probability, order=order, reach_us=40)
    for row in range(400):
        near = (key == key[row]) & (np.abs(ts - ts[row]) <= 40)
        near[row] = False
        if key[row] < 0:
            near[:] = False
        assert likes[row] == near.sum()
        assert suspected[row] == pytest.approx(probability[near].sum())


def test_a_like_and_its_peers_do_not_speak_for_themselves():
    ts = np.array([10, 10, 20], np.int64)
    key = np.zeros(3, np.int32)
    suspected, likes = RunningContext().update(ts, key, np.array([1.0, 1.0, 0.0]))
    assert likes[:2].tolist() == [0, 0]
    assert suspected[2] == pytest.approx(2.0, rel=1e-6)


def test_a_company_without_likes_shifts_nothing():
    assert shift(np.zeros(1), np.zeros(1), prior=0.03, weight=8.0)[0] == pytest.approx(0.0)


def test_the_shift_rises_with_the_suspected_share():
    shifts = shift(np.linspace(0, 50, 11), np.full(11, 50.0), prior=0.03, weight=8.0)
    assert (np.diff(shifts) >= 0).all()
