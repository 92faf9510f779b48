"""The red team finds what survives, tells its price, and teaches the next model."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from zhenzan.errors import SettingError
from zhenzan.sim import order
from zhenzan.training.arena import CROWDED, Arena
from zhenzan.training.genes import REPAID_DAYS, Genes, placed
from zhenzan.training.history import split
from zhenzan.training.job import Plan
from zhenzan.training.pricing import (
    CLICK_YUAN,
    KIND_YUAN,
    MARKET_YUAN,
    Price,
    advertising_yuan,
    cost_yuan,
    is_in_kind,
)
from zhenzan.training.redteam import Search, attack, line, line_again


def test_only_items_that_keep_the_wanted_likes_have_a_price():
    served = Price(10.0, delivered=100, counted=70, served=50, items=2, served_items=1, most=50)
    failed = Price(10.0, delivered=100, counted=45, served=0, items=1, served_items=0, most=45)
    assert served.yuan_per_like == 0.2
    assert failed.yuan_per_like == np.inf
    assert (served + failed).yuan_per_like == 0.4
    worse = Price(1.0, delivered=100, counted=44, items=1, most=44)
    assert sorted([worse, failed, served], key=lambda one: one.rank) == [served, failed, worse]


def test_accounts_are_paid_as_a_whole_and_likes_when_delivered():
    farm = order("emulator_farm", "medium", accounts=50, items=1, likes_per_item=40)
    knobs = farm.knobs
    assert cost_yuan(farm, 0) == 50 * knobs.price_per_account > 0
    assert cost_yuan(farm, 40) - cost_yuan(farm, 0) == pytest.approx(40 * knobs.price_per_like)
    cheap = order("emulator_farm", "crude", price_per_like=0.001, price_per_account=0.1)
    assert cost_yuan(cheap, 100) == pytest.approx(100 * MARKET_YUAN + 9.0)
    assert cost_yuan(order("mutual_ring", "crude"), 100) == pytest.approx(100 * KIND_YUAN)


def test_a_ring_pays_for_its_likes_with_likes_on_the_items_of_others():
    ring = placed(Genes("mutual_ring", 1.0, {}, 0.0, 1), 100, accounts=2_000, days=2.0)
    assert is_in_kind(ring)
    assert ring.knobs.accounts >= ring.knobs.likes_per_item == 100
    assert ring.knobs.items == round(ring.knobs.accounts * 2.0 / REPAID_DAYS) > 10
    crowd = placed(Genes("paid_crowd", 1.0, {}, 0.0, 1), 100, accounts=2_000, days=2.0)
    assert crowd.knobs.items == 1


def test_a_search_that_looks_at_nothing_is_refused():
    for wrong in ({"candidates": 1}, {"rounds": 0}, {"halvings": 0}, {"wanted": 0}):
        with pytest.raises(SettingError):
            Search(**wrong)


@pytest.fixture(scope="module")
def arena(platform) -> Arena:
    return Arena(platform.history, split(platform.history))


@pytest.mark.slow
def test_likes_that_count_apart_are_worth_nothing_to_a_buyer(arena):
    crowd = order("paid_crowd", "stealthy", accounts=30, items=1, likes_per_item=20)
    (trial,) = arena.play([crowd], seed=1)
    assert trial.price(None, wanted=5).served > 5
    inside = replace(trial, apart=np.arange(len(trial.item)) > 2)
    price = inside.price(None, wanted=5)
    assert price.delivered == len(trial.item)
    assert price.counted <= 3
    assert price.served == 0


@pytest.mark.slow
def test_the_platform_stays_what_it_is_while_orders_are_played(arena, monkeypatch):
    together = []
    play = Arena._together

    def seen(self, orders, *, seed):
        together.append(len(orders))
        return play(self, orders, seed=seed)

    monkeypatch.setattr(Arena, "_together", seen)
    likes = sum(kind == "like" for kind in arena.inside["kind"].to_pylist())
    half = round(0.6 * CROWDED * likes)
    orders = [order("paid_crowd", "crude", accounts=half, items=1, likes_per_item=half)] * 3
    assert len(arena.play(orders, seed=1)) == 3
    assert together == [1, 1, 1]


@pytest.mark.slow
def test_finds_teach_the_next_model_and_have_a_price_under_each(platform, tmp_path):
    search = Search(
        rounds=2, candidates=4, halvings=1, attacks=("paid_crowd", "emulator_farm"),
        wanted=12, kept=2, replays=1,
    )  # fmt: skip
    said: list[str] = []
    outcome = attack(
        platform.history,
        tmp_path,
        Plan(seed=5, rounds=1, attacks=("emulator_farm", "paid_crowd")),
        search,
        version="none",
        report=said.append,
    )
    first, second = outcome.rounds
    assert said == [line(first), line(second), *(line_again(outcome, a) for a in outcome.again)]
    assert first.version == "none"
    prices = [one.price.yuan_per_like for one in first.found]
    assert prices == sorted(prices)
    assert np.isfinite(prices[0])
    taught = json.loads((tmp_path / "versions" / second.version / "model.json").read_text())
    assert len(taught["plan"]["found"]) == sum(np.isfinite(price) for price in prices)
    last = outcome.again[-1].version
    assert [again.version for again in outcome.again] == ["none", second.version, last]
    # The finds of the last round teach as well.
    found = json.loads((tmp_path / "versions" / last / "model.json").read_text())["plan"]["found"]
    assert len(found) == len(outcome.finds)
    before, after, _ = (again.prices for again in outcome.again)
    assert len(before) == len(after) == len(outcome.finds)
    # The same plays: only the judge differs, and a model never lets a like go.
    assert [one.delivered for one in before] == [one.delivered for one in after]
    assert all(now.counted <= was.counted for was, now in zip(before, after, strict=True))
    assert json.dumps(outcome.as_dict())


def test_advertising_costs_a_click_over_the_like_rate(platform):
    kinds = platform.history.table["kind"].to_pylist()
    assert advertising_yuan(platform.history) == pytest.approx(
        CLICK_YUAN * kinds.count("view") / kinds.count("like")
    )
    assert advertising_yuan(platform.history.without(["visits"])) is None
