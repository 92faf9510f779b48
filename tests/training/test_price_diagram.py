"""The diagram of prices says what the figures say, in both languages, and inside its frame."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from zhenzan.sim import order
from zhenzan.training.price_diagram import HEIGHT, WIDTH, price_diagram
from zhenzan.training.pricing import Price
from zhenzan.training.redteam import Again, Outcome


def price(yuan: float | None) -> Price:
    served = 0 if yuan is None else 100
    return Price(100 * (yuan or 1.0), 100, served, served, items=1, served_items=int(served > 0))


def drawn(*prices: tuple[float | None, float | None], advertising: float | None = 0.5) -> str:
    finds = (order("reseller_pool", "medium"), order("mutual_ring", "crude"))
    again = tuple(
        Again("none" if k == 0 else f"m{k}", tuple(price(one) for one in row))
        for k, row in enumerate(prices)
    )
    return price_diagram(Outcome((), finds, again), advertising)


def test_every_price_is_written_above_a_bar_that_is_as_high():
    drawing = drawn((0.03, 0.2), (0.09, None))
    ElementTree.fromstring(drawing)
    for written in ("0.030", "0.200", "0.090"):
        assert f">{written}<" in drawing
    bars = [float(h) for h in re.findall(r'height="([\d.]+)" fill="#(?:1f5fa8|b3541e)"', drawing)]
    sold, kind, after = (high for high in bars if high != 9)
    assert kind / sold == pytest.approx(0.2 / 0.03, rel=0.02)
    assert after / sold == pytest.approx(3.0, rel=0.02)
    assert drawing.count("none survives / 无一存活") == 1
    assert "advertising / 广告 0.50" in drawing


def test_nothing_lies_outside_and_advertising_may_be_unknown():
    drawing = drawn((3.0, None), (None, None), advertising=None)
    assert "广告" not in drawing
    for x in re.findall(r' x="([-\d.]+)"', drawing):
        assert 0 <= float(x) <= WIDTH
    for y in re.findall(r' y="([-\d.]+)"', drawing):
        assert 0 <= float(y) <= HEIGHT
