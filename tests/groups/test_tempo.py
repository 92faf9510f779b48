"""Members who come in their own time beside those who come at once."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.clock import DAY_US, HOUR_US, SECOND_US
from zhenzan.groups.find import find_groups
from zhenzan.testing.likes import LikeStream, members_of


def copied(stream: LikeStream, circle, items, *, bots) -> None:
    """Have a circle like its items over the hours, and bots copy all that its first one likes."""
    for item in items:
        posted = int(stream.rng.integers(0, 5 * DAY_US))
        for part, (who, what, ts) in enumerate(stream.parts):
            early = (what == item) & (ts < posted)
            stream.parts[part] = (who[~early], what[~early], ts[~early])
        lag = stream.rng.exponential(8 * HOUR_US, len(circle)).astype(np.int64)
        there = stream.rng.random(len(circle)) < 0.6
        there[0] = True
        stream.parts.append((circle[there], np.full(int(there.sum()), item), posted + lag[there]))
        after = posted + lag[0] + stream.rng.integers(5, 50, len(bots)) * SECOND_US
        stream.parts.append((bots, np.full(len(bots), item), after))


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_friends_of_a_copied_account_are_not_taken_for_the_bots(seed):
    stream = LikeStream(seed)
    circle, bots = stream.members(9), stream.members(5)
    copied(stream, circle, stream.targets(24), bots=bots)
    accused = set().union(*members_of(find_groups(stream.table())).values())
    assert not accused & set(circle.tolist())
    assert accused >= set(bots.tolist())


@pytest.mark.parametrize("seed", [26, 27, 28])
def test_fans_whom_a_notice_brings_within_minutes_stay_with_their_club(seed):
    stream = LikeStream(seed)
    club, targets = stream.members(60), stream.targets(10, merchant=9)
    stream.fans(club, targets)
    for part, (who, what, ts) in enumerate(stream.parts):
        if len(what) and (what == what[0]).all() and what[0] in targets and len(who) < 60:
            told = np.isin(who, club[:20])
            soon = stream.rng.exponential(8 * 60 * SECOND_US, len(ts)).astype(np.int64)
            stream.parts[part] = (who, what, np.where(told, ts.min() + soon, ts))
    groups = find_groups(stream.table())
    assert not set().union(*members_of(groups).values()) & set(club.tolist())
    assert max(map(len, members_of(groups, benign=True).values())) >= 50


def test_a_few_hasty_members_do_not_free_a_slow_crowd():
    stream = LikeStream(24)
    slow, fast = stream.members(50), stream.members(20)
    targets = stream.targets(12)
    stream.order(slow, targets, window_us=36 * HOUR_US, share=0.5)
    for target in targets:
        taking = next(p for p in stream.parts[::-1] if p[1][0] == target and len(p[0]) < 60)
        when = int(np.median(taking[2])) + stream.rng.integers(0, 20 * SECOND_US, len(fast))
        stream.parts.append((fast, np.full(len(fast), target), when))
    groups = find_groups(stream.table())
    accused = set().union(*members_of(groups).values())
    assert len(accused & set(slow.tolist())) >= 0.9 * len(slow)
    assert len(accused & set(fast.tolist())) >= 0.9 * len(fast)


def test_parts_of_a_candidate_share_no_member():
    stream = LikeStream(25)
    circle, bots = stream.members(12), stream.members(8)
    copied(stream, circle, stream.targets(20), bots=bots)
    groups = find_groups(stream.table())
    found = list((members_of(groups) | members_of(groups, benign=True)).values())
    assert len(found) >= 2
    assert not found[0] & found[1]
