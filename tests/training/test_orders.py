"""Orders lie anywhere between presets and fit the platform."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from zhenzan.errors import SettingError
from zhenzan.sim import ATTACKS, Knobs, order
from zhenzan.training.orders import (
    NEARBY,
    POOL_SHARE,
    draw_orders,
    knobs_at,
    names_of,
    nearby,
    quantity_of,
)


def test_whole_levels_are_the_presets():
    for name in names_of():
        for level, word in enumerate(("crude", "medium", "stealthy")):
            levels = {field.name: float(level) for field in fields(Knobs)}
            made, preset = knobs_at(name, levels), ATTACKS[name].presets[word]
            for field in fields(Knobs):
                wanted = getattr(preset, field.name)
                assert getattr(made, field.name) == pytest.approx(wanted), (name, field.name)


def test_what_is_asked_for_is_paid_for():
    cheap = knobs_at("emulator_farm", {})
    dear = knobs_at("emulator_farm", {"dwell": 2.0})
    assert dear.price_per_like > cheap.price_per_like


def test_orders_fit_the_platform():
    seen = set()
    for seed in range(4):
        rng = np.random.default_rng(seed)
        orders = draw_orders(rng, likes=2_000, accounts=1_000, names=names_of())
        assert all(order.knobs.accounts <= POOL_SHARE * 1_000 for order in orders)
        assert 2_000 <= sum(quantity_of(order) for order in orders) < 3_000
        seen |= {order.attack for order in orders}
    assert seen == set(names_of())


def test_finds_are_placed_whole_and_nearby_beside_the_drawn_orders():
    finds = [order("paid_crowd", "medium", accounts=180, items=n, likes_per_item=100)
             for n in (1, 2, 3, 4)]  # fmt: skip
    rng = np.random.default_rng(1)
    orders = draw_orders(rng, likes=250, accounts=1_000, names=names_of(), found=finds)
    # The first two are as many likes as are drawn, and no order is cut to a part of itself.
    assert [one.knobs.items for one in orders[:2]] == [1, 2]
    assert sum(quantity_of(one) for one in orders[2:]) >= 250
    sizes = {one.knobs.likes_per_item for one in orders[:2]}
    assert 100 not in sizes
    assert all(40 < size <= 180 for size in sizes)


def test_what_lies_beside_a_find_costs_the_same_a_like():
    find = order("reseller_pool", "stealthy")
    rng = np.random.default_rng(2)
    around = [nearby(rng, find).knobs for _ in range(200)]
    windows = np.array([knobs.window_s for knobs in around]) / find.knobs.window_s
    assert 0.8 < np.median(windows) < 1.25
    assert np.log(windows).std() == pytest.approx(NEARBY, rel=0.3)
    assert {knobs.price_per_like for knobs in around} == {find.knobs.price_per_like}
    assert {knobs.session for knobs in around} == {find.knobs.session}


def test_an_unknown_attack_is_refused():
    with pytest.raises(SettingError):
        names_of(["fairy_dust"])
    with pytest.raises(SettingError):
        names_of(["hostile_reports"])  # orders no likes
