"""The ledger of pairs must say what a plain double loop says."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from zhenzan.clock import MINUTE_US
from zhenzan.traces import CoLikeTrace

T0 = 1_700_000_000_000_000


def ownerless(rows):
    """No item has an owner, so that each stands for a shop of its own."""
    return np.full(len(rows), -1, np.int32)


def naive_partners(ts, item, account, window_us):
    """Count, for each like, likers shortly before with at least two earlier coincidences."""
    met = defaultdict(int)
    answers = []
    for now, liked, who in zip(ts, item, account, strict=True):
        near = [
            other
            for then, other_item, other in zip(ts, item, account, strict=True)
            if other_item == liked and other != who and now - window_us <= then < now
        ]
        # The ledger opens at the second meeting, so two earlier ones are needed.
        answers.append(sum(met[frozenset((who, other))] >= 2 for other in near))
        for other in near:
            met[frozenset((who, other))] += 1
    return answers


def test_partners_equal_a_double_loop_on_sparse_likes():
    rng = np.random.default_rng(3)
    likes = 300
    # Every item is liked in one short burst, by few accounts, so no ring overflows.
    item = np.repeat(np.arange(30), 10).astype(np.int32)
    account = np.concatenate([rng.permutation(14)[:10] for _ in range(30)]).astype(np.int32)
    ts = T0 + np.arange(likes) * 7_000_000 + (item.astype(np.int64) * 3_600_000_000)
    found = CoLikeTrace().update(ts, item, account, ownerless(item))["partners"]
    assert found.tolist() == naive_partners(ts, item, account, 10 * MINUTE_US)
    assert found.sum() > 0


def test_the_first_coincidence_says_nothing():
    ts = T0 + np.arange(2, dtype=np.int64) * 1_000_000
    found = CoLikeTrace().update(
        ts, np.zeros(2, np.int32), np.arange(2, dtype=np.int32), ownerless(ts)
    )
    assert found["partners"].tolist() == [0, 0]


def shadowed_likes(rounds=12, delay_s=20):
    """Account 0 likes alone; account 1 copies each of its likes seconds later."""
    first = T0 + np.arange(rounds, dtype=np.int64) * 3_600_000_000
    ts = np.stack([first, first + delay_s * 1_000_000], axis=1).reshape(-1)
    item = np.repeat(np.arange(rounds), 2).astype(np.int32)
    account = np.tile([0, 1], rounds).astype(np.int32)
    return ts, item, account


def test_a_shadowed_victim_has_no_partners_and_its_shadow_has():
    # Safety rule 10: who acts first is evidence.
    ts, item, account = shadowed_likes()
    trace = CoLikeTrace()
    at_once = trace.update(ts, item, account, ownerless(item))
    review = trace.review()
    victim, shadow = account == 0, account == 1
    assert at_once["partners"][victim].max() == 0
    assert review["partners"][victim].max() == 0
    assert at_once["partners"][shadow][3:].min() >= 1
    assert review["partners"][shadow].min() >= 1
    assert at_once["led_share"][shadow][3:].max() == 0


def test_peers_get_the_same_answer_in_any_order():
    ts, item, account = shadowed_likes(delay_s=0)
    forward = CoLikeTrace().update(ts, item, account, ownerless(item))["partners"]
    swapped = np.arange(len(ts)).reshape(-1, 2)[:, ::-1].reshape(-1)
    backward = CoLikeTrace().update(ts[swapped], item[swapped], account[swapped], ownerless(ts))[
        "partners"
    ]
    assert backward.tolist() == forward[swapped].tolist()


@pytest.mark.parametrize("cuts", [1, 7, 50])
def test_cutting_the_stream_changes_nothing(cuts):
    rng = np.random.default_rng(5)
    ts = np.sort(T0 + rng.integers(0, 86_400, 2_000) * 1_000_000)
    item = rng.integers(0, 40, 2_000).astype(np.int32)
    account = rng.integers(0, 100, 2_000).astype(np.int32)
    whole = CoLikeTrace().update(ts, item, account, ownerless(item))["partners"]
    trace = CoLikeTrace()
    edges = np.searchsorted(ts, np.linspace(ts[0], ts[-1], cuts + 1)[1:-1])
    parts = [
        trace.update(t, i, a, ownerless(t))["partners"]
        for t, i, a in zip(
            np.split(ts, edges), np.split(item, edges), np.split(account, edges), strict=True
        )
    ]
    assert np.concatenate(parts).tolist() == whole.tolist()


def test_renaming_accounts_changes_nothing():
    # Safety rule 5: ids carry no information.
    rng = np.random.default_rng(6)
    ts = np.sort(T0 + rng.integers(0, 86_400, 3_000) * 1_000_000)
    item = rng.integers(0, 60, 3_000).astype(np.int32)
    account = rng.integers(0, 120, 3_000).astype(np.int32)
    renamed = rng.permutation(120).astype(np.int32)[account]
    one, two = CoLikeTrace(), CoLikeTrace()
    for name, values in one.update(ts, item, account, ownerless(ts)).items():
        if name == "partners":
            assert values.tolist() == two.update(ts, item, renamed, ownerless(ts))[name].tolist()


def test_peers_have_no_order():
    # Safety rule 5: likes of one second, shuffled, by accounts of other codes.
    rng = np.random.default_rng(7)
    ts = np.sort(T0 + rng.integers(0, 3_600, 4_000) * 1_000_000)
    item = rng.integers(0, 8, 4_000).astype(np.int32)
    account = rng.integers(0, 60, 4_000).astype(np.int32)
    shop = (item // 2).astype(np.int32)
    shuffled = np.lexsort((rng.random(4_000), ts))
    assert (np.diff(ts) == 0).mean() > 0.3
    codes = rng.permutation(60).astype(np.int32)[account]
    one = CoLikeTrace().update(ts, item, account, shop)
    two = CoLikeTrace().update(ts[shuffled], item[shuffled], codes[shuffled], shop[shuffled])
    for name, values in one.items():
        np.testing.assert_allclose(values[shuffled], two[name], err_msg=name)
    assert one["partners"].max() > 3


def test_meetings_in_the_first_shop_are_not_those_of_the_next_pair():
    # Accounts 5 and 6 meet in shop 0, then 5 and 7 do: each pair for the first time there.
    item = np.array([0, 0, 1, 1, 2, 2, 3, 3], np.int32)
    account = np.array([5, 6, 5, 7, 5, 7, 5, 7], np.int32)
    shop = np.array([1, 1, 2, 2, 0, 0, 3, 3], np.int32)
    ts = T0 + np.arange(8, dtype=np.int64) * 1_000_000
    found = CoLikeTrace().update(ts, item, account, shop)
    assert found["partners"].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert found["partners_in_shop"].tolist() == [0] * 8


WEEK_US = 7 * 24 * 60 * MINUTE_US


def friends_of_a_week(weeks, rounds=6):
    """Every week two other accounts like the same items together, and are never seen again."""
    ts, item, account = [], [], []
    for week in range(weeks):
        for round_ in range(rounds):
            now = T0 // WEEK_US * WEEK_US + week * WEEK_US + round_ * 3_600_000_000
            ts += [now, now + 20_000_000]
            item += [week * rounds + round_] * 2
            account += [2 * week, 2 * week + 1]
    return np.array(ts), np.array(item, np.int32), np.array(account, np.int32)


def test_pairs_at_rest_are_let_go_after_their_likes_were_reviewed():
    ts, item, account = friends_of_a_week(weeks=3)
    whole = CoLikeTrace()
    whole.update(ts, item, account, ownerless(ts))
    wanted = whole.review()
    ts, item, account = friends_of_a_week(weeks=30)
    trace = CoLikeTrace()
    for week in range(30):
        rows = ts // WEEK_US - ts[0] // WEEK_US == week
        trace.update(ts[rows], item[rows], account[rows], ownerless(ts[rows]))
    assert trace.pairs_count <= 5, "four whole weeks and the one that runs"
    found = trace.review()
    for name, values in found.items():
        assert values.reshape(30, -1).tolist() == [wanted[name][:12].tolist()] * 30


def test_cutting_a_long_stream_changes_no_review():
    rng = np.random.default_rng(8)
    ts = np.sort(T0 + rng.integers(0, 12 * WEEK_US, 6_000))
    ts[1::2] = ts[::2] + 20_000_000  # in twos, across all edges
    ts.sort()
    item = np.repeat(rng.integers(0, 300, 3_000), 2).astype(np.int32)
    account = rng.integers(0, 8, 6_000).astype(np.int32)
    whole, cut = CoLikeTrace(), CoLikeTrace()
    whole.update(ts, item, account, ownerless(ts))
    for start in range(0, 6_000, 97):
        cut.update(*(column[start : start + 97] for column in (ts, item, account, ownerless(ts))))
    one, two = whole.review(), cut.review()
    assert one["partners"].sum() > 0
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_a_like_from_an_earlier_week_is_taken_in():
    ts = np.array([T0 + WEEK_US, T0], np.int64)
    found = CoLikeTrace().update(
        ts, np.zeros(2, np.int32), np.arange(2, dtype=np.int32), ownerless(ts)
    )
    assert found["partners"].tolist() == [0, 0]


def gatherings(rounds=8, members=5, shop=None):
    """The same accounts gather on a new item every hour; ``shop`` owns all of them, if given."""
    places = range(rounds * members)
    ts = np.array([T0 + k // members * 3_600_000_000 + k % members * 9_000_000 for k in places])
    item = (np.arange(len(ts)) // members).astype(np.int32)
    account = (np.arange(len(ts)) % members).astype(np.int32)
    merchant = item if shop is None else np.full(len(ts), shop, np.int32)
    return ts, item, account, merchant


def test_fans_of_one_shop_are_no_partners():
    fans = CoLikeTrace().update(*gatherings(shop=3))
    crew = CoLikeTrace().update(*gatherings())
    assert fans["partners"].max() == 0
    assert fans["partners_in_shop"][-1] == 4
    assert crew["partners"][-1] == 4
    assert crew["partners_in_shop"].max() == 0


def test_a_shop_counts_once_for_a_pair():
    ts, item, account, _ = gatherings(rounds=6)
    two_shops = (item % 2).astype(np.int32)
    found = CoLikeTrace().update(ts, item, account, two_shops)
    assert found["partner_likes"].max() == 4  # four partners, each met in one further shop


def test_liking_an_item_again_is_no_coincidence():
    ts = T0 + np.arange(40, dtype=np.int64) * 5_000_000
    account = (np.arange(40) % 4).astype(np.int32)
    found = CoLikeTrace().update(ts, np.zeros(40, np.int32), account, np.zeros(40, np.int32))
    assert found["partners"].max() == found["partners_in_shop"].max() == 0
