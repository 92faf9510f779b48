from __future__ import annotations

import numpy as np

from zhenzan.groups.lift import cohort_lift


def world(seed=4):
    """40 accounts like the same 12 items of 12 shops over two weeks; 4,000 others do not."""
    rng = np.random.default_rng(seed)
    account = rng.integers(0, 4_000, 30_000)
    item = np.minimum(rng.zipf(1.3, 30_000) - 1, 1_999)
    pool = np.repeat(np.arange(4_000, 4_040), 12)
    target = np.tile(np.arange(1_000, 1_012), 40)
    # Camouflage: the pool likes popular things as well.
    camouflage = np.minimum(rng.zipf(1.3, 480) - 1, 1_999)
    account = np.concatenate([account, pool, pool]).astype(np.int32)
    item = np.concatenate([item, target, camouflage]).astype(np.int32)
    is_bought = np.concatenate([np.zeros(30_000), np.ones(480), np.zeros(480)]).astype(bool)
    ts = rng.integers(0, 14 * 86_400_000_000, len(item))
    return ts, account, item, item.copy(), np.zeros(len(item), np.int32), is_bought


def test_a_pool_that_serves_many_shops_shows_without_any_time_window():
    ts, account, item, merchant, category, is_bought = world()
    nats = cohort_lift(ts, account, item, merchant, category)
    honest = nats[:30_000]
    assert (nats[is_bought] > np.quantile(honest, 0.999)).mean() > 0.95


def test_fans_of_one_shop_are_no_cohort():
    ts, account, item, merchant, category, is_bought = world()
    merchant = np.where((item >= 1_000) & (item < 1_012), 5_000, merchant).astype(np.int32)
    nats = cohort_lift(ts, account, item, merchant, category)
    assert np.median(nats[is_bought]) == 0


def test_shuffling_and_renaming_change_nothing():
    ts, account, item, merchant, category, _ = world()
    order = np.random.default_rng(0).permutation(len(ts))
    renamed = np.random.default_rng(1).permutation(account.max() + 1).astype(np.int32)
    plain = cohort_lift(ts, account, item, merchant, category)
    moved = cohort_lift(
        ts[order], renamed[account[order]], item[order], merchant[order], category[order]
    )
    np.testing.assert_allclose(moved, plain[order], rtol=1e-9)
