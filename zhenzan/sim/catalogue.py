"""Items, their merchants, and how much attention each draws at each time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.sim.rows import F32, F64, I8, I32, I64
from zhenzan.sim.world import CATEGORIES, World

SLOT_US = 3 * HOUR_US
"""How often the attention on items is drawn anew; trends rise and fall within hours."""

ZIPF = 0.92
"""Popularity falls with rank to this power; measured streams of likes lie near 0.95."""


@dataclass(slots=True)
class Catalogue:
    """One entry per item. ``appeal`` moves the chance of a like, ``pull`` of what follows one.

    ``owner`` is the account that is itself the merchant, as on platforms of creators; -1: none.
    """

    created_us: I64
    category: I8
    merchant: I32
    weight: F64
    appeal: F32
    pull: F32
    price_cents: I64
    owner: I32
    merchants_count: int

    def __len__(self) -> int:
        return len(self.created_us)

    def add(
        self,
        rng: np.random.Generator,
        count: int,
        *,
        created_us: int,
        category: int,
        merchant: int = -1,
        weight: float = 0.0,
        owner: int = -1,
    ) -> I32:
        """Append items of one merchant (a new one when -1) and tell their codes."""
        if 0 <= merchant < self.merchants_count:
            before = self.owner[self.merchant == merchant]
            owner = int(before[0]) if len(before) else owner
        if merchant < 0:
            merchant = self.merchants_count
            self.merchants_count += 1
        size = len(self)
        price = CATEGORIES[category].price
        new = {
            "created_us": np.full(count, created_us),
            "category": np.full(count, category),
            "merchant": np.full(count, merchant),
            "weight": np.full(count, weight),
            "appeal": rng.normal(0.0, 0.5, count),
            "pull": rng.normal(0.0, 0.5, count),
            "owner": np.full(count, owner),
            "price_cents": rng.lognormal(np.log(price * 100), 0.4, count),
        }
        for name, values in new.items():
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, values.astype(old.dtype)]))
        return np.arange(size, len(self), dtype=np.int32)


def stock(world: World, rng: np.random.Generator) -> Catalogue:
    """Fill the shelves: merchants of all sizes, each mostly in one category."""
    count = world.items
    shop_size = rng.pareto(1.3, world.merchants) + 0.3
    merchant = rng.choice(world.merchants, count, p=shop_size / shop_size.sum()).astype(np.int32)
    shares = np.array(world.category_shares)
    trade = rng.choice(len(CATEGORIES), world.merchants, p=shares)
    category = trade[merchant]
    other = rng.random(count) < 0.15
    category[other] = rng.choice(len(CATEGORIES), int(other.sum()), p=shares)
    rank = rng.permutation(count) + 1
    age = rng.beta(1.0, 2.2, count) * 420 * DAY_US
    created = (world.start_us - age).astype(np.int64)
    launched = rng.random(count) < min(0.5, 0.015 * world.days + 0.03)
    spread = rng.random(int(launched.sum())) * world.length_us * 0.97
    created[launched] = world.start_us + spread.astype(np.int64)
    # The richest creators are not the busiest accounts: owners are drawn by lot.
    owners = np.where(
        rng.random(world.merchants) < world.form.creators,
        rng.permutation(max(world.accounts, world.merchants))[: world.merchants] % world.accounts,
        -1,
    )
    prices = np.array([row.price for row in CATEGORIES])[category]
    return Catalogue(
        created_us=created,
        category=category.astype(np.int8),
        merchant=merchant,
        weight=np.asarray((rank + 6.0) ** -ZIPF, dtype=np.float64),
        appeal=rng.normal(0.0, 0.75, count).astype(np.float32),
        pull=rng.normal(0.0, 0.7, count).astype(np.float32),
        price_cents=(prices * 100 * rng.lognormal(0.0, 0.5, count)).astype(np.int64),
        owner=owners[merchant].astype(np.int32),
        merchants_count=world.merchants,
    )


class Attention:
    """Which item a view lands on: popularity, freshness and trends, slot by slot."""

    def __init__(self, world: World, catalogue: Catalogue, rng: np.random.Generator) -> None:
        self._start_us = world.start_us
        self._catalogue = catalogue
        self.slots = -(-world.length_us // SLOT_US)
        count = len(catalogue)
        self._order = np.argsort(catalogue.category, kind="stable").astype(np.int32)
        self._bounds = np.searchsorted(
            catalogue.category[self._order], np.arange(len(CATEGORIES) + 1)
        )
        # A trend multiplies attention, rises within a slot or two and fades over a day.
        self._trend = np.ones(count)
        self._births = rng.random((self.slots, count)) < 0.0016
        self._height = rng.pareto(1.15, count) * 4 + 2
        self._noise = rng.lognormal(0.0, 0.35, (self.slots, count)).astype(np.float32)
        self._cumulative = [self._slot(slot) for slot in range(self.slots)]

    def _slot(self, slot: int) -> F64:
        shelf = self._catalogue
        middle = self._start_us + slot * SLOT_US + SLOT_US // 2
        age_days = (middle - shelf.created_us) / DAY_US
        # Fresh items get a test audience that fades within days; unborn items get nothing.
        fresh = np.where(age_days > -0.0625, 1.0 + 5.0 * np.exp(-age_days.clip(0) / 1.7), 0.0)
        self._trend = 1.0 + (self._trend - 1.0) * 0.82
        self._trend[self._births[slot]] += self._height[self._births[slot]]
        weight = shelf.weight * fresh * self._trend * self._noise[slot]
        return np.concatenate([[0.0], np.cumsum(weight[self._order])])

    def draw(self, rng: np.random.Generator, ts: I64, category: I8) -> I32:
        """Draw one item of the category for each view time."""
        slot = ((ts - self._start_us) // SLOT_US).clip(0, self.slots - 1)
        item = np.empty(len(ts), dtype=np.int32)
        lot = rng.random(len(ts))
        by_slot = np.argsort(slot, kind="stable")
        edges = np.searchsorted(slot[by_slot], np.arange(self.slots + 1))
        for number in range(self.slots):
            rows = by_slot[edges[number] : edges[number + 1]]
            if not len(rows):
                continue
            cumulative = self._cumulative[number]
            low = cumulative[self._bounds[category[rows]]]
            high = cumulative[self._bounds[category[rows] + 1]]
            place = np.searchsorted(cumulative, low + lot[rows] * (high - low), side="right") - 1
            item[rows] = self._order[place.clip(0, len(self._order) - 1)]
        return item
