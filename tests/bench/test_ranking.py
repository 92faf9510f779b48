"""The figures of a ranking say what counting by hand says, whatever the order of the rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.ranking import named, ndcg, ranked, resampled, roc_auc


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(1)
    score = rng.integers(0, 12, 200).astype(np.float64)
    positive = rng.random(200) < 0.3
    right = [
        1.0 if a > b else 0.5 if a == b else 0.0 for a in score[positive] for b in score[~positive]
    ]
    assert roc_auc(score, positive) == pytest.approx(np.mean(right))


def test_no_ranking_is_told_without_both_sides():
    assert math.isnan(roc_auc(np.array([1.0, 2.0]), np.array([True, True])))
    assert math.isnan(ndcg(np.array([1.0, 2.0]), np.array([False, False]), first=1))


def test_the_order_of_rows_moves_no_figure():
    rng = np.random.default_rng(2)
    score = rng.integers(0, 5, 300).astype(np.float64)
    positive = rng.random(300) < 0.2
    order = rng.permutation(300)
    assert ranked(score, positive) == ranked(score[order], positive[order])
    for first in (10, 100, 1_000):
        assert ndcg(score, positive, first=first) == pytest.approx(
            ndcg(score[order], positive[order], first=first)
        )


def test_the_discounted_gain_of_distinct_scores_is_the_textbook_sum():
    score = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    positive = np.array([True, False, True, False, True])
    gained = 1 / math.log2(2) + 1 / math.log2(4)
    ideal = 1 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(score, positive, first=4) == pytest.approx(gained / ideal)


def test_a_choice_is_told_by_precision_and_recall():
    chosen = np.array([True, True, False, False])
    positive = np.array([True, False, True, True])
    told = named(chosen, positive)
    assert told == pytest.approx({"precision": 0.5, "recall": 1 / 3, "f1": 0.4})
    assert named(~positive & ~chosen, positive)["f1"] == 0.0


def test_a_resample_keeps_every_negative_and_the_asked_share():
    positive = np.arange(1_000) < 600
    rows = resampled(positive, 0.05, np.random.default_rng(3))
    assert set(np.flatnonzero(~positive)) <= set(rows)
    assert positive[rows].mean() == pytest.approx(0.05, abs=0.002)
