"""A group is raised within minutes of becoming significant, whatever the cut of the batches."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zhenzan.groups.find import find_groups
from zhenzan.groups.watch import COLUMNS, RAISED, GroupWatch, WatchOptions, raised_of
from zhenzan.traces import CoItemTrace, CoLikeTrace

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
Likes = dict[str, np.ndarray]


def platform(hours: int, *, seed: int, per_hour: int = 2_000) -> Likes:
    """Likes of 4,000 ordinary accounts on 600 items, some far more popular than others."""
    rng = np.random.default_rng(seed)
    count = hours * per_hour
    item = np.minimum(rng.zipf(1.3, count) - 1, 599)
    return {
        "ts": np.sort(rng.integers(0, hours * HOUR_US, count)),
        "account": rng.integers(0, 4_000, count).astype(np.int32),
        "item": item.astype(np.int32),
        "merchant": (item // 5).astype(np.int32),
        "category": (item % 8).astype(np.int32),
    }


def planted(starts_us: list[int], *, members: int, spread_us: int, seed: int) -> Likes:
    """Members like one fresh item after the other, each within ``spread_us`` of its start."""
    rng = np.random.default_rng(seed)
    ts, account, item = [], [], []
    for order, start in enumerate(starts_us):
        ts.append(start + rng.integers(0, spread_us, members))
        account.append(rng.permutation(np.arange(5_000, 5_000 + members)))
        item.append(np.full(members, 700 + order))
    items = np.concatenate(item).astype(np.int32)
    return {
        "ts": np.concatenate(ts),
        "account": np.concatenate(account).astype(np.int32),
        "item": items,
        # Of different merchants and different categories.
        "merchant": (items - 400).astype(np.int32),
        "category": (items % 8).astype(np.int32),
    }


def together(*parts: Likes) -> Likes:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    order = np.argsort(joined["ts"], kind="stable")
    return {name: column[order] for name, column in joined.items()}


def watched(likes: Likes, *, batch: int = 4_096, options: WatchOptions | None = None) -> GroupWatch:
    watch = GroupWatch(options=options)
    start = 0
    while start < len(likes["ts"]):
        end = min(start + batch, len(likes["ts"]))
        end = int(np.searchsorted(likes["ts"], likes["ts"][end - 1], side="right"))
        watch.update({name: likes[name][start:end] for name in COLUMNS})
        start = end
    watch.close()
    return watch


STARTS = [10 * HOUR_US + k * 40 * MINUTE_US for k in range(5)]


@pytest.fixture(scope="module")
def stream() -> Likes:
    farm = planted(STARTS, members=20, spread_us=4 * MINUTE_US, seed=2)
    return together(platform(24, seed=1), farm)


def test_a_planted_group_is_raised_within_minutes_of_its_third_order(stream):
    watch = watched(stream)
    assert len(watch.raised) == 1
    group = watch.raised[0]
    # Two meetings make a pair known, so the third order is the first that can show it.
    assert STARTS[2] < group.raised_us <= STARTS[2] + 10 * MINUTE_US
    assert set(group.accounts) <= set(range(5_000, 5_020))
    assert len(group.accounts) >= 18
    assert set(group.items) <= set(range(700, 705))
    assert group.log10_p < -10


def test_a_slow_group_without_any_burst_is_raised_while_it_runs():
    starts = [k * 20 * HOUR_US for k in range(6)]
    slow = planted(starts, members=25, spread_us=15 * HOUR_US, seed=3)
    watch = watched(together(platform(24 * 6, seed=4, per_hour=800), slow))
    assert len(watch.raised) == 1
    assert set(watch.raised[0].accounts) <= set(range(5_000, 5_025))
    seen = (slow["ts"] < watch.raised[0].raised_us).mean()
    assert seen < 0.6


def test_ordinary_likes_and_a_hit_that_everybody_likes_raise_nothing():
    rng = np.random.default_rng(6)
    hit = {
        "ts": np.sort(9 * HOUR_US + rng.integers(0, 2 * HOUR_US, 1_500)),
        "account": rng.permutation(4_000)[:1_500].astype(np.int32),
        "item": np.full(1_500, 650, np.int32),
        "merchant": np.full(1_500, 300, np.int32),
        "category": np.full(1_500, 2, np.int32),
    }
    assert watched(together(platform(24, seed=5), hit)).raised == []


def test_the_cut_of_the_batches_changes_nothing(stream):
    whole, pieces = watched(stream, batch=1 << 20), watched(stream, batch=37)
    assert whole.table().equals(pieces.table())
    assert whole.table().schema.equals(RAISED)


def test_the_codes_change_nothing(stream):
    rng = np.random.default_rng(8)
    renamed = dict(stream)
    for name, size in (("account", 6_000), ("item", 900), ("merchant", 400), ("category", 8)):
        renamed[name] = rng.permutation(size).astype(np.int32)[stream[name]]
    plain, other = watched(stream), watched(renamed)
    assert plain.table().equals(other.table())


def test_the_ledgers_answer_as_they_do_without_the_watch(stream):
    signals = GroupWatch().update(stream)
    columns = ("ts", "item", "account", "merchant")
    plain = CoLikeTrace().update(*(stream[name] for name in columns))
    plain |= CoItemTrace().update(*(stream[name] for name in COLUMNS))
    assert signals.keys() == plain.keys()
    for name, column in plain.items():
        np.testing.assert_array_equal(signals[name], column)


def test_a_victim_who_is_always_first_is_no_member():
    # Safety rule 10: bots copy each like of one person within seconds.
    starts = [10 * HOUR_US + k * 40 * MINUTE_US for k in range(8)]
    bots = planted(
        [start + 1_000_000 for start in starts], members=12, spread_us=30_000_000, seed=9
    )
    victim = planted(starts, members=1, spread_us=1, seed=9)
    victim["account"][:] = 4_999
    watch = watched(together(platform(24, seed=10), bots, victim))
    assert len(watch.raised) == 1
    assert 4_999 not in watch.raised[0].accounts


def test_state_is_bounded_by_the_limits(stream):
    options = WatchOptions(reach_us=HOUR_US, marks_max=30)
    watch = watched(stream, options=options)
    assert watch._marks.count <= 30
    assert sum(cohort.count for cohort in watch._marks._held.values()) <= 30


def test_a_group_that_is_found_later_knows_when_it_was_raised(stream):
    watch = watched(stream)
    rows = {name: stream[name] for name in COLUMNS} | {"row": np.arange(len(stream["ts"]))}
    found = find_groups(pa.table(rows))
    farm = found.members.filter(pc.greater_equal(found.members["account"], 5_000))
    names = set(farm["group_id"].to_pylist())
    assert len(names) == 1
    assert raised_of(found, watch.raised) == {names.pop(): watch.raised[0].raised_us}
    assert raised_of(found, []) == {}


def test_no_likes_raise_nothing():
    watch = GroupWatch()
    empty = {name: np.zeros(0, np.int64 if name == "ts" else np.int32) for name in COLUMNS}
    signals = watch.update(empty)
    assert all(len(column) == 0 for column in signals.values())
    assert watch.close() == []
