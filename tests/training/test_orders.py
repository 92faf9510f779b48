"""Orders lie anywhere between presets and fit the platform."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from zhenzan.errors import SettingError
from zhenzan.sim import ATTACKS, Knobs, order
from zhenzan.training.orders import (
    POOL_SHARE,
    draw_orders,
    knobs_at,
    names_of,
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


def test_a_find_is_placed_whole_beside_the_drawn_orders():
    finds = [order("paid_crowd", "medium", accounts=120, items=1, likes_per_item=n)
             for n in (101, 102, 103, 104)]  # fmt: skip
    rng = np.random.default_rng(1)
    orders = draw_orders(rng, likes=250, accounts=1_000, names=names_of(), found=finds)
    sizes = [one.knobs.likes_per_item for one in orders[:3]]
    assert len(set(sizes)) == 3
    assert set(sizes) <= {101, 102, 103, 104}
    assert sum(quantity_of(one) for one in orders[3:]) >= 250


def test_an_unknown_attack_is_refused():
    with pytest.raises(SettingError):
        names_of(["fairy_dust"])
    with pytest.raises(SettingError):
        names_of(["hostile_reports"])  # orders no likes
