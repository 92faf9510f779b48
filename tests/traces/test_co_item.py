"""The ledger of item pairs must say what counting all pairs says."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.traces import CoItemTrace
from zhenzan.traces.co_item import ITEMS_MAX

T0 = 1_700_000_000_000_000
NOBODY = -1


def arrays(likes):
    """Turn (ts, account, item, merchant, category) rows into the arguments of update."""
    ts, *codes = (np.array(column) for column in zip(*sorted(likes), strict=True))
    return (ts.astype(np.int64), *(column.astype(np.int32) for column in codes))


def naive(likes):
    """Count all pairs of items of every account from scratch before each like."""
    answers = []
    for ts, account, item, *_ in sorted(likes):
        earlier = [like for like in likes if like[0] < ts]
        owners = {like[2]: like[3] for like in earlier}
        kinds = {like[2]: like[4] for like in earlier}
        likers, baskets = defaultdict(set), defaultdict(list)
        for _, who, what, _, _ in sorted(earlier):
            if what not in baskets[who]:
                baskets[who].append(what)
                likers[what].add(who)
        popular = {what: len(who) for what, who in likers.items()}
        drawn, room = defaultdict(int), defaultdict(float)

        def block(i, j, owners=owners, kinds=kinds):
            if owners[i] >= 0 and owners[i] == owners[j]:
                return "shop"
            return "kind" if kinds[i] == kinds[j] else "other"

        for basket in baskets.values():
            for place, j in enumerate(basket):
                for i in basket[:place]:
                    drawn[block(i, j)] += 1
        for i, n in popular.items():
            for j, m in popular.items():
                room["kind" if kinds[i] == kinds[j] else "other"] += 0.5 * n * m
        total = 0.0
        for other in baskets[account]:
            if item in baskets[account] or item not in owners or block(item, other) == "shop":
                continue
            shared = len(likers[item] & likers[other])
            expected = (
                drawn[block(item, other)]
                * popular[item]
                * popular[other]
                / max(room[block(item, other)], 1.0)
            )
            if shared >= 3 and shared > 3 * expected:
                lift = math.log(shared / expected)
                if shared * lift - shared + expected >= 6.0:
                    total += min(lift, 6.0)
        answers.append(total)
    return answers


def crowd(rng, accounts=60, items=40, likes=260):
    """Likes without any pattern."""
    rows = []
    for place in range(likes):
        account, item = rng.integers(accounts), int(items * rng.random() ** 2)
        rows.append((T0 + place * HOUR_US // 8, int(account), item, item % 7, item % 3))
    return rows


def cohort(accounts, items, *, start=T0 + DAY_US, gap_us=HOUR_US // 16, shop=None):
    """The same accounts like the same items, one item after the other."""
    rows = []
    for what in items:
        for who in accounts:
            place = len(rows)
            owner = what % 7 if shop is None else shop
            # One microsecond apart from the crowd, so that no two likes are peers by accident.
            rows.append((start + 1 + place * gap_us, who, what, owner, what % 3))
    return rows


def test_answers_equal_counting_all_pairs():
    rng = np.random.default_rng(5)
    likes = crowd(rng) + cohort(range(100, 112), range(50, 55))
    found = CoItemTrace().update(*arrays(likes))["reappearing"]
    assert found == pytest.approx(naive(likes))
    assert found.max() > 0


def test_batches_change_nothing():
    likes = arrays(crowd(np.random.default_rng(6)) + cohort(range(100, 112), range(50, 55)))
    whole = CoItemTrace().update(*likes)["reappearing"]
    trace, parts = CoItemTrace(), []
    for start in range(0, len(whole), 37):
        part = [column[start : start + 37] for column in likes]
        parts.append(trace.update(*part)["reappearing"])
    assert np.array_equal(whole, np.concatenate(parts))


def test_a_cohort_is_known_by_its_second_item_and_strangers_are_not():
    likes = arrays(
        crowd(np.random.default_rng(7), accounts=90, items=49, likes=4_000)
        + cohort(range(100, 130), range(50, 54))
    )
    found = CoItemTrace().update(*likes)["reappearing"]
    bought = likes[1] >= 100
    later = bought & (likes[2] > 50)
    assert (found[later] > 0).mean() > 0.6
    assert (found[~bought] > 0).mean() < 0.01


def test_another_like_of_the_same_item_is_no_coincidence():
    likes = crowd(np.random.default_rng(7), accounts=90, items=49, likes=4_000)
    likes += cohort(range(100, 130), range(50, 54))
    again = [(ts + 20 * DAY_US, *codes) for ts, *codes in likes if codes[0] >= 100]
    found = CoItemTrace().update(*arrays(likes + again))
    assert found["reappearing"][: len(likes)].any()
    for name in ("reappearing", "reappearing_items", "reappearing_in_shop"):
        assert not found[name][len(likes) :].any()


def test_a_slow_cohort_is_known_as_well():
    slow = cohort(range(100, 130), range(50, 54), gap_us=3 * HOUR_US)
    likes = arrays(crowd(np.random.default_rng(8), accounts=90, items=49, likes=4_000) + slow)
    found = CoItemTrace().update(*likes)["reappearing"]
    assert (found[(likes[1] >= 100) & (likes[2] > 50)] > 0).mean() > 0.6


def test_fans_of_one_shop_stand_apart():
    fans = cohort(range(100, 130), range(50, 54), shop=9)
    likes = arrays(crowd(np.random.default_rng(9), accounts=90, items=49, likes=4_000) + fans)
    found = CoItemTrace().update(*likes)
    of_fans = likes[1] >= 100
    assert not found["reappearing"][of_fans].any()
    assert found["reappearing_in_shop"][of_fans & (likes[2] > 50)].any()


def test_an_item_that_everybody_likes_says_nothing():
    rng = np.random.default_rng(10)
    popular = [
        (T0 + DAY_US + place * HOUR_US // 30, place % 200, 70 + place // 200, NOBODY, 0)
        for place in range(400)
    ]
    likes = arrays(crowd(rng, accounts=200, likes=900) + popular)
    found = CoItemTrace().update(*likes)["reappearing"]
    assert (found[likes[2] >= 70] > 0).mean() < 0.05


def test_peers_do_not_see_each_other():
    likes = cohort(range(10), range(3), gap_us=0)
    found = CoItemTrace().update(*arrays(likes))["reappearing"]
    assert not found.any()


def test_codes_carry_nothing():
    likes = arrays(crowd(np.random.default_rng(11)) + cohort(range(100, 112), range(50, 55)))
    ts, account, item, merchant, category = likes
    rng = np.random.default_rng(12)
    renamed = (
        ts,
        rng.permutation(200).astype(np.int32)[account],
        rng.permutation(100).astype(np.int32)[item],
        rng.permutation(10).astype(np.int32)[merchant],
        rng.permutation(5).astype(np.int32)[category],
    )
    first, second = CoItemTrace().update(*likes), CoItemTrace().update(*renamed)
    assert first["reappearing"] == pytest.approx(second["reappearing"])


def test_a_hyperactive_account_costs_no_more_than_its_ring():
    likes = [(T0 + place, 0, place, NOBODY, 0) for place in range(5_000)]
    trace = CoItemTrace()
    trace.update(*arrays(likes))
    assert trace._ring.shape[1] == ITEMS_MAX
    # A few pairs meet in the filter by accident of their hashes.
    assert trace._pairs_used < 200


def test_pairs_that_rest_are_let_go():
    trace = CoItemTrace()
    trace.update(*arrays(cohort(range(20), range(6), start=T0)))
    before = trace._pairs_used
    assert before > 0
    month = T0 + 60 * DAY_US
    trace.update(*arrays(cohort(range(50, 60), range(20, 23), start=month)))
    trace._pairs_used = len(trace._pairs)  # as if the table were full
    trace._make_room()
    assert 0 < trace._pairs_used < before


def test_a_like_from_an_earlier_week_is_taken_in():
    ts = np.array([1_700_000_000_000_000, 1_699_000_000_000_000], np.int64)
    nothing = np.full(2, -1, np.int32)
    found = CoItemTrace().update(
        ts, np.zeros(2, np.int32), np.arange(2, dtype=np.int32), nothing, nothing
    )
    assert found["reappearing"].tolist() == [0, 0]
