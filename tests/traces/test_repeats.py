"""Signals about likes that resemble others say what a plain loop says, in any order of peers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind
from zhenzan.testing.streams import START_US, make_batch
from zhenzan.traces.company import CompanyTrace
from zhenzan.traces.habit import HabitTrace
from zhenzan.traces.likeness import LikenessTrace
from zhenzan.traces.shared import SharedTrace
from zhenzan.traces.texts import TextTrace
from zhenzan.traces.walk import WalkTrace


def emits(batch: Batch) -> np.ndarray:
    return batch.kind == Kind.LIKE


# --- shared keys


def naive_shared(ts, key, account, uses, window_us):
    """Count, for each row, the other accounts that used its key strictly before, in the window."""
    answers = []
    for now, wanted, who in zip(ts, key, account, strict=True):
        last = {}
        for then, other_key, other, used in zip(ts, key, account, uses, strict=True):
            if used and other_key == wanted and now - window_us <= then < now:
                last[other] = then
        answers.append(len(set(last) - {who}))
    return answers


@pytest.mark.parametrize("parts", [1, 7])
def test_accounts_that_share_a_key_equal_a_double_loop(parts):
    rng = np.random.default_rng(5)
    rows = 3_000
    ts = START_US + np.sort(rng.integers(0, 4_000, rows)) * SECOND_US
    key = rng.integers(1, 400, rows).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    account = rng.integers(0, 12, rows).astype(np.int32)
    uses = rng.random(rows) < 0.7
    trace = SharedTrace(600 * SECOND_US, accounts_max=12)
    ticks = np.flatnonzero(np.diff(ts)) + 1
    cuts = [0, *ticks[:: max(1, len(ticks) // parts)][1:parts], rows]
    found = np.concatenate(
        [trace.update(ts[a:b], key[a:b], account[a:b], uses=uses[a:b]) for a, b in pairwise(cuts)]
    )
    assert found.tolist() == naive_shared(ts, key, account, uses, 600 * SECOND_US)
    assert found.max() >= 3


def test_keys_that_nobody_uses_any_more_leave_the_memory():
    trace = SharedTrace(MINUTE_US, accounts_max=2)
    for minute in range(300):
        ts = np.full(100, START_US + minute * MINUTE_US, np.int64)
        key = (np.arange(100) + 1 + minute * 100).astype(np.uint64)
        trace.update(ts, key, np.arange(100, dtype=np.int32), uses=np.ones(100, np.bool_))
    assert len(trace._keys) <= 2_048


def test_a_late_row_is_not_answered_from_what_came_after_it():
    trace = SharedTrace(DAY_US, accounts_max=4)
    key, yes = np.array([7], np.uint64), np.array([True])
    for account, minute, expected in ((0, 10, 0), (1, 20, 1), (2, 5, 0), (3, 30, 3)):
        ts = np.array([START_US + minute * MINUTE_US])
        assert trace.update(ts, key, np.array([account], np.int32), uses=yes) == [expected]
    trace = LikenessTrace(1)
    values, item = np.zeros((9, 1)), np.zeros(9, np.int32)
    trace.update(START_US + np.arange(9) * MINUTE_US, item, values)
    late = trace.update(np.array([START_US - DAY_US]), item[:1], values[:1] + 5)
    assert np.isnan(late).all()
    after = trace.update(np.array([START_US + HOUR_US]), item[:1], values[:1])
    assert after.tolist() == [[0.0]]


# --- likeness


def test_likeness_is_the_distance_to_the_earlier_likers_while_none_has_faded():
    values = np.array([0.0, 1.0, 2.0, 1.0, 0.0, 3.0, 1.0])[:, None]
    ts = START_US + np.arange(7, dtype=np.int64)
    found = LikenessTrace(1).update(ts, np.zeros(7, np.int32), values)[:, 0]
    assert np.isnan(found[:5]).all()
    # Likers fade by 1/16 with each further one, so five of them weigh 4.4 and six 5.2.
    assert np.isnan(found[5])
    weights = (15 / 16) ** np.arange(5, -1, -1.0)
    distances = (values[:6, 0] - 1.0) ** 2
    expected = np.sqrt((weights * distances).sum() / weights.sum())
    assert found[6] == pytest.approx(expected, abs=1 / 64)


def test_a_routine_is_near_itself_and_an_honest_like_on_the_same_item_is_not():
    rng = np.random.default_rng(2)
    routine = np.log(rng.uniform(4.0, 6.0, 40))
    values = np.append(routine, [np.log(5.0), np.log(300.0)])[:, None]
    ts = START_US + np.arange(42, dtype=np.int64) * MINUTE_US
    found = LikenessTrace(1).update(ts, np.zeros(42, np.int32), values)[:, 0]
    assert found[40] < 0.2
    assert found[41] > 3.0


def test_the_order_of_peers_changes_no_likeness():
    rng = np.random.default_rng(8)
    ts = START_US + np.sort(rng.integers(0, 30, 200)) * HOUR_US
    item = rng.integers(0, 3, 200).astype(np.int32)
    values = rng.normal(size=(200, 2))
    order = np.lexsort((rng.random(200), ts))
    plain = LikenessTrace(2).update(ts, item, values)
    shuffled = LikenessTrace(2).update(ts[order], item[order], values[order])
    np.testing.assert_array_equal(shuffled, plain[order])
    assert (~np.isnan(plain)).sum() > 100


# --- habits


def views_then_like(*, dwell_ms, gaps_s, delay_s):
    """One account views new items with these dwell times, then likes the last one."""
    ts = START_US + np.cumsum(np.array([0, *gaps_s]) * SECOND_US)
    count = len(ts)
    return make_batch(
        [*ts, ts[-1] + int(delay_s * SECOND_US)],
        kind=[Kind.VIEW] * count + [Kind.LIKE],
        account=[0] * (count + 1),
        item=[*range(count), count - 1],
        dwell_ms=[*dwell_ms, -1],
    )


def test_the_delay_runs_from_the_latest_view_of_the_liked_item():
    batch = views_then_like(dwell_ms=[500] * 3, gaps_s=[9, 9], delay_s=2.5)
    found = HabitTrace().update(batch, emit=emits(batch))
    assert found["view_to_like_s"].tolist() == [2.5]
    assert np.isnan(found["dwell_spread"][0])


def test_equal_dwell_times_have_no_spread_and_human_ones_have():
    even = views_then_like(dwell_ms=[4_000] * 7, gaps_s=[60] * 6, delay_s=5)
    human = views_then_like(
        dwell_ms=[900, 40_000, 2_500, 120_000, 1_100, 8_000, 700], gaps_s=[200] * 6, delay_s=5
    )
    assert HabitTrace().update(even, emit=emits(even))["dwell_spread"][0] == 0.0
    assert HabitTrace().update(human, emit=emits(human))["dwell_spread"][0] > 1.5


def test_views_at_the_same_time_have_no_order_and_say_nothing_of_the_last_one():
    for first, second in ((3, 4), (4, 3)):
        batch = make_batch(
            [START_US, START_US, START_US + SECOND_US],
            kind=[Kind.VIEW, Kind.VIEW, Kind.LIKE],
            account=[0, 0, 0],
            item=[first, second, 3],
        )
        assert np.isnan(HabitTrace().update(batch, emit=emits(batch))["view_to_like_s"][0])


# --- walks


def walks(*items):
    """Each account walks its items one after the other and likes the last of them."""
    rows = [(account, item) for account, mine in enumerate(items) for item in mine]
    return make_batch(
        START_US + np.arange(len(rows)) * MINUTE_US,
        kind=[k for mine in items for k in [Kind.VIEW] * (len(mine) - 1) + [Kind.LIKE]],
        account=[account for account, _ in rows],
        item=[item for _, item in rows],
    )


def shared_walks(*items):
    batch = walks(*items)
    return WalkTrace().update(batch, emit=emits(batch))


def test_each_account_that_walks_the_same_way_counts_those_before_it():
    assert shared_walks(*[[7, 3, 9, 1]] * 5).tolist() == [0, 1, 2, 3, 4]


def test_three_items_are_no_walk_and_another_order_is_another_walk():
    assert np.isnan(shared_walks(*[[7, 3, 9]] * 3)).all()
    assert shared_walks([7, 3, 9, 1], [3, 7, 9, 1], [7, 3, 9, 1]).tolist() == [0, 0, 1]


def test_an_account_that_walks_in_circles_does_not_count_itself():
    assert shared_walks([7, 3, 9, 1] * 3).tolist() == [0]
    batch = walks([7, 3, 9, 1] * 3)
    assert WalkTrace().update(batch, emit=np.ones(12, np.bool_))[-1] == 0


# --- company


def company(born_days, *, region=None, gap_us=MINUTE_US):
    count = len(born_days)
    ts = START_US + np.arange(count, dtype=np.int64) * gap_us
    born = np.array([START_US - int(day * DAY_US) if day else -1 for day in born_days])
    regions = np.full(count, -1) if region is None else np.asarray(region)
    return CompanyTrace().update(
        ts, np.zeros(count, np.int32), np.arange(count, dtype=np.int32),
        born_us=born.astype(np.int64), region=regions.astype(np.int32),
    )  # fmt: skip


def test_likers_registered_on_the_same_day_count_and_newcomers_do_not():
    found = company([100, 100.4, 300, 99.8, 2, 2, None])["born_together"]
    np.testing.assert_array_equal(found, [0, 1, 0, 2, np.nan, np.nan, np.nan])


def test_a_region_leads_from_twelve_known_likers_on_and_unknown_ones_take_no_part():
    region = [0] * 9 + [1, 2, 3] + [-1] * 3 + [5]
    found = company([None] * 16, region=region)["region_top_share"]
    assert np.isnan(found[:12]).all()
    assert found[12:].tolist() == [0.75] * 4


def test_regions_of_yesterday_are_forgotten():
    found = company([None] * 14, region=[0] * 14, gap_us=DAY_US)["region_top_share"]
    assert np.isnan(found).all()


# --- texts


def texts(rows):
    """Rows of (account, kind, item, text, asks); a minute between them; text 0 for none."""
    batch = make_batch(
        START_US + np.arange(len(rows)) * MINUTE_US,
        account=[row[0] for row in rows],
        kind=[row[1] for row in rows],
        item=[row[2] for row in rows],
        text_hash=[row[3] for row in rows],
        text_chars=[12 if row[3] else -1 for row in rows],
    )
    asks = np.array([row[4] for row in rows])
    return TextTrace().update(batch, solicits=asks, emit=emits(batch))


def test_who_wrote_a_text_first_is_not_meant_and_who_pastes_it_is():
    rows = [(a, Kind.COMMENT, 0, 55, False) for a in range(4)]
    rows += [(a, Kind.LIKE, 1, 0, False) for a in range(5)]
    np.testing.assert_array_equal(texts(rows)["shared_texts"], [0, 1, 2, 3, np.nan])


def test_an_account_that_asks_for_likes_is_marked_and_others_under_the_item_are_counted():
    rows = [
        (0, Kind.COMMENT, 0, 11, True),
        (1, Kind.SHARE, 0, 12, True),
        (2, Kind.COMMENT, 0, 13, False),
        *((a, Kind.LIKE, 0, 0, False) for a in (0, 2, 3)),
        (3, Kind.LIKE, 5, 0, False),
    ]
    found = texts(rows)
    np.testing.assert_array_equal(found["solicited"], [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(found["solicitors"], [1, 2, 2, np.nan])


def test_a_log_without_texts_says_nothing_about_texts():
    found = texts([(0, Kind.COMMENT, 0, 0, False), (0, Kind.LIKE, 0, 0, False)])
    assert all(np.isnan(values).all() for values in found.values())


def test_a_text_is_forgotten_after_a_week():
    batch = make_batch(
        [START_US, START_US + 8 * DAY_US],
        account=[0, 0], kind=[Kind.COMMENT, Kind.LIKE], item=[0, 0], text_hash=[9, 0],
        text_chars=[12, -1],
    )  # fmt: skip
    found = TextTrace().update(batch, solicits=np.array([True, False]), emit=emits(batch))
    assert all(np.isnan(values).all() for values in found.values())
