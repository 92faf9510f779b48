"""What a red team turns: how dear an order is, its free knobs, and how much is ordered."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from zhenzan.sim.order import STEALTH, Knobs, Order
from zhenzan.training.orders import DEAR, LEVEL_MAX, POOL_SHARE, knobs_at
from zhenzan.training.pricing import is_in_kind

STEP = 0.4
"""Standard deviation of a mutation, on the scale from crude (0) to stealthy (2)."""

SPARE = 1.0
"""Highest logarithm of how many times the wanted likes are ordered, because some will be lost."""

ITEMS = (1, 3)
"""Fewest and most items of one order: on more, accounts cost less a like, and are seen together."""

POOL_ITEMS = (3, 5)
"""The same for pools that many buyers share: that is why they are cheap."""

POOLS = frozenset({"reseller_pool", "rotating_pool"})

REPAID_DAYS = 14.0
"""Within so many days every member of a ring has been repaid in likes on an item of his own."""

NOT_SOLD = frozenset({"script_in_team", "shadow_framing"})
"""Attacks that bring no buyer counted likes on an item: likes in a campaign are counted apart, and
shadows follow people wherever these go."""


@dataclass(frozen=True, slots=True)
class Genes:
    """What the search turns: the level of each knob, how much is ordered, on how many items.

    An order is as dear as the dearest thing that it asks for, so everything that costs money is at
    one level: less of it would save nothing.
    """

    attack: str
    dear: float
    free: dict[str, float]
    spare: float
    items: int

    @property
    def levels(self) -> dict[str, float]:
        """Give the level of every knob."""
        return {**self.free, **dict.fromkeys(DEAR, self.dear)}


def drawn(rng: np.random.Generator, name: str) -> Genes:
    """Draw an order of one attack: any level, any knob."""
    free = {row.name: float(rng.uniform(0.0, LEVEL_MAX)) for row in fields(Knobs)}
    low, high = _items(name)
    items = int(rng.integers(low, high + 1))
    return Genes(name, float(rng.uniform(0.0, LEVEL_MAX)), free, rng.uniform(0.0, SPARE), items)


def mutated(rng: np.random.Generator, one: Genes) -> Genes:
    """Turn everything a little."""

    def turned(level: float) -> float:
        return float(np.clip(level + rng.normal(0.0, STEP), 0.0, LEVEL_MAX))

    free = {name: turned(level) for name, level in one.free.items()}
    spare = float(np.clip(one.spare + rng.normal(0.0, STEP / 2), 0.0, SPARE))
    items = int(np.clip(one.items + rng.integers(-1, 2), *_items(one.attack)))
    return Genes(one.attack, turned(one.dear), free, spare, items)


def _items(name: str) -> tuple[int, int]:
    return POOL_ITEMS if name in POOLS else ITEMS


def placed(genes: Genes, wanted: int, *, accounts: int, days: float) -> Order:
    """Place an order on a platform of so many accounts and days.

    Parameters
    ----------
    wanted
        Likes that the buyer wants to be left on each item.
    """
    knobs = knobs_at(genes.attack, genes.levels)
    quantity = round(wanted * float(np.exp(genes.spare)))
    pool = max(quantity, min(knobs.accounts, int(POOL_SHARE * accounts)))
    knobs = replace(
        knobs, accounts=pool, likes_per_item=quantity, items=genes.items, size_spread=0.0
    )
    order = Order(genes.attack, STEALTH[round(genes.dear)], knobs)
    if is_in_kind(order):
        # Likes in kind are owed: the items of the others are served as well.
        served = max(genes.items, round(pool * min(days / REPAID_DAYS, 1.0)))
        return replace(order, knobs=replace(knobs, items=served))
    return order
