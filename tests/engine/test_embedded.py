"""The embedded engine: memory follows the active keys, odd input is met."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.events.batch import KEYS
from zhenzan.features.library import FEATURES
from zhenzan.testing.streams import START_US, make_batch, random_batch, select

_HOUR_US = 3_600_000_000


def _pick(*names: str) -> EmbeddedEngine:
    return EmbeddedEngine([feature for feature in FEATURES if feature.name in names])


def test_memory_does_not_grow_on_a_stationary_stream() -> None:
    """Every hour brings new accounts and items; codes of idle ones are given out again."""
    short = [f for f in FEATURES if f.window_us is not None and f.window_us <= _HOUR_US]
    engine, random = EmbeddedEngine(short), np.random.default_rng(3)
    free: dict[str, list[int]] = {key: [] for key in KEYS}
    used = dict.fromkeys(KEYS, 0)
    sizes = []
    for hour in range(40):
        batch = random_batch(random, 2_000, codes=300)
        batch.ts[:] = START_US + hour * _HOUR_US + np.sort(random.integers(0, _HOUR_US, 2_000))
        for key in KEYS:
            if len(free[key]) < 300:
                free[key] += range(used[key], used[key] + 300)
                used[key] += 300
            fresh = [free[key].pop() for _ in range(300)]
            values = getattr(batch, key)
            values[values >= 0] = np.array(fresh, np.int32)[values[values >= 0]]
        engine.compute(batch)
        for key, codes in engine.expire(int(batch.ts[-1]) - _HOUR_US).items():
            free[key] += codes.tolist()
        sizes.append(engine.state_bytes)
    assert max(sizes[20:]) <= 1.1 * max(sizes[8:20]), sizes


def test_a_missing_key_makes_a_feature_missing_and_an_unknown_one_makes_it_empty() -> None:
    engine = _pick("item_likes_1h", "item_like_block_entropy_24h", "item_device_accounts_24h")
    columns = engine.compute(make_batch([1, 2], kind=[2, 3], item=[0, -1], device=[5, 5]))
    assert columns["item_likes_1h"].tolist() == [0, -1]
    assert columns["item_device_accounts_24h"].tolist() == [0, -1]
    assert np.isnan(columns["item_like_block_entropy_24h"]).all()


def test_both_ends_of_a_window_belong_to_it() -> None:
    engine = _pick("item_likes_1h")
    ts = [START_US, START_US + _HOUR_US, START_US + _HOUR_US + 1]
    assert engine.compute(make_batch(ts, item=[0, 0, 0]))["item_likes_1h"].tolist() == [1, 2, 2]


def test_peers_see_each_other() -> None:
    columns = _pick("item_likes_1h", "item_like_idle").compute(make_batch([9, 9, 9], item=[0] * 3))
    assert columns["item_likes_1h"].tolist() == [3, 3, 3]
    assert columns["item_like_idle"].tolist() == [-1, -1, -1]


def test_only_what_was_asked_for_comes_back_in_that_order() -> None:
    asked = [f for f in FEATURES if f.name in {"account_like_share_7d", "item_likes_1h"}]
    engine = EmbeddedEngine(asked)
    columns = engine.compute(random_batch(np.random.default_rng(1), 50))
    assert list(columns) == [feature.name for feature in asked]


def test_an_empty_batch_gives_empty_columns() -> None:
    engine = EmbeddedEngine(FEATURES)
    empty = select(random_batch(np.random.default_rng(1), 5), slice(0, 0))
    assert {len(values) for values in engine.compute(empty).values()} == {0}
    assert all(len(codes) == 0 for codes in engine.expire(10**18).values())


def test_a_tick_split_across_batches_is_a_programming_mistake() -> None:
    engine = _pick("item_likes_1h")
    engine.compute(make_batch([5], item=[0]))
    with pytest.raises(AssertionError, match="tick"):
        engine.compute(make_batch([5], item=[0]))
