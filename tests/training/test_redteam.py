"""The red team finds what survives, tells its price, and teaches the next model."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.errors import SettingError
from zhenzan.sim import order
from zhenzan.training.job import Plan
from zhenzan.training.redteam import (
    CLICK_YUAN,
    Search,
    Tried,
    advertising_yuan,
    attack,
    line,
)


def tried(counted: int) -> Tried:
    return Tried("emulator_farm", {}, order("emulator_farm", "crude"), 10.0, 100, counted)


def test_a_price_needs_survivors():
    assert tried(50).yuan_per_like == 0.2
    assert tried(4).yuan_per_like == np.inf
    assert tried(4).as_dict()["yuan_per_like"] is None


def test_a_search_that_looks_at_nothing_is_refused():
    for wrong in ({"candidates": 1}, {"rounds": 0}, {"halvings": 0}):
        with pytest.raises(SettingError):
            Search(**wrong)


@pytest.mark.slow
def test_finds_teach_the_next_model_and_prices_are_told(platform, models, tmp_path):
    import shutil

    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    first = next((folder / "versions").iterdir()).name
    search = Search(rounds=2, candidates=4, halvings=1, likes=40, kept=2)
    said: list[str] = []
    done = attack(
        platform.history,
        folder,
        Plan(seed=5, rounds=1, attacks=("emulator_farm",)),
        search,
        version=first,
        report=said.append,
    )
    assert said == [line(one) for one in done]
    assert done[0].version == first
    assert done[1].version != first
    prices = [one.yuan_per_like for one in done[0].found]
    assert prices == sorted(prices)
    assert np.isfinite(prices[0])
    assert all(0 < one.counted <= one.delivered for one in done[0].found if one.counted)


def test_advertising_costs_a_click_over_the_like_rate(platform):
    kinds = platform.history.table["kind"].to_pylist()
    assert advertising_yuan(platform.history) == pytest.approx(
        CLICK_YUAN * kinds.count("view") / kinds.count("like")
    )
    assert advertising_yuan(platform.history.without(["visits"])) is None
