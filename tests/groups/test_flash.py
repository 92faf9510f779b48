from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.groups.find import find_groups
from zhenzan.testing.likes import LikeStream, members_of


def thinned(seed, *, seen, jitter_us=0):
    """60 accounts ordered onto 30 items in minutes; a part of it is seen, and moved in time."""
    stream = LikeStream(seed)
    farm = stream.members(60)
    for target in stream.targets(30):
        taking = farm[stream.rng.random(60) < seen]
        start = int(stream.rng.integers(2 * HOUR_US, 7 * DAY_US - 3 * HOUR_US))
        when = start + stream.rng.integers(0, 5 * MINUTE_US, len(taking))
        when += stream.rng.integers(-jitter_us, jitter_us + 1, len(taking))
        stream.parts.append((taking, np.full(len(taking), target), when))
    return stream.table(), set(farm.tolist())


def ranked(groups, count):
    """The accounts with most evidence."""
    order = np.argsort(-np.asarray(groups.accounts["nats"]), kind="stable")
    return np.asarray(groups.accounts["account"])[order][:count].tolist()


def test_a_farm_of_which_a_fifth_is_seen_is_named_and_nobody_else():
    for seed in range(3):
        table, farm = thinned(seed, seen=0.2)
        accused = set().union(*members_of(find_groups(table)).values())
        assert len(accused) >= 0.5 * len(farm)
        assert not accused - farm


def test_where_a_tenth_is_seen_the_members_rank_first():
    """One account in 68 is a member."""
    first = [thinned(seed, seen=0.1) for seed in range(4)]
    hits = [len(farm & set(ranked(find_groups(table), 20))) for table, farm in first]
    assert sum(hits) >= 0.8 * 4 * 20


def test_moved_by_two_hours_members_rank_first_more_often_than_not():
    first = [thinned(seed, seen=0.1, jitter_us=2 * HOUR_US) for seed in range(5)]
    hits = [len(farm & set(ranked(find_groups(table), 10))) for table, farm in first]
    assert sum(hits) >= 0.5 * 5 * 10


def test_one_busy_account_in_many_bursts_ties_nothing():
    stream = LikeStream(9)
    busy = 17
    for target in stream.targets(40):
        when = int(stream.rng.integers(0, 7 * DAY_US - HOUR_US))
        others = stream.rng.choice(stream.accounts, 4, replace=False)
        account = np.append(others, busy)
        moment = when + stream.rng.integers(0, 5 * MINUTE_US, 5)
        stream.parts.append((account, np.full(5, target), moment))
    assert not members_of(find_groups(stream.table()))


def test_accounts_that_do_little_else_are_known_by_one_common_burst():
    found = 0
    for seed in range(4):
        stream = LikeStream(seed)
        farm = np.arange(stream.accounts, stream.accounts + 150)
        for target in stream.targets(20):
            taking = farm[stream.rng.random(150) < 0.1]
            start = int(stream.rng.integers(3 * HOUR_US, 7 * DAY_US - 3 * HOUR_US))
            when = start + stream.rng.integers(-2 * HOUR_US, 2 * HOUR_US, len(taking))
            stream.parts.append((taking, np.full(len(taking), target), when))
        accused = set().union(*members_of(find_groups(stream.table())).values())
        assert not accused - set(farm.tolist())
        found += len(accused)
    # 516 of the 600 have a like at all, and a third of those a single one.
    assert found >= 200
