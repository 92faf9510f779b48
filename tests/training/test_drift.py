"""Drift says what moved and stays quiet where nothing did."""

from __future__ import annotations

import numpy as np

from zhenzan.training.drift import shares, stability


def test_the_same_values_do_not_drift_and_moved_ones_do():
    rng = np.random.default_rng(1)
    edges = np.linspace(-1, 1, 9)
    before = shares(rng.normal(size=5_000).astype(np.float32), edges)
    same = shares(rng.normal(size=5_000).astype(np.float32), edges)
    moved = shares(rng.normal(0.8, 1, 5_000).astype(np.float32), edges)
    assert stability(before, same) < 0.02
    assert stability(before, moved) > 0.25


def test_values_that_go_missing_are_drift():
    values = np.ones(1_000, np.float32)
    lost = values.copy()
    lost[:300] = np.nan
    assert stability(shares(values, np.zeros(0)), shares(lost, np.zeros(0))) > 0.25
