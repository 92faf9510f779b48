"""What a buyer pays for likes that are still counted, beside the price of honest advertising.

A buyer wants `WANTED` likes on one item. A few likes tell nothing to anybody, so an order that
leaves fewer has failed there, and its likes have no price. Accounts are paid for as a whole, even
where the order has been their only work; likes are paid for when they are delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from zhenzan.sim.order import Order
from zhenzan.training.history import History

WANTED = 100
"""Likes that a buyer wants on one item: the size of the task in the source articles (S4-39)."""

CLICK_YUAN = 0.075
"""Price of one visit by paid search: the middle of 50 to 100 yuan per 1,000 clicks that the source
articles name (requirements.md, fixture E; a claim of theirs)."""

MARKET_YUAN = 0.01
"""Least that a delivered like costs, about one yuan for 100 (methods.md, section 1.4)."""

KIND_YUAN = 0.02
"""Least that a like in kind costs, such as one that a member of a ring owes to the others: what
people are paid for it. The median of 30 offers of likes by people on the cheapest network is 0.26
roubles of 2021 (``data/engagement-market``)."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one order has cost and what is left of it; sums of its plays where it was played often.

    ``served`` are the likes that are counted on items which keep at least the wanted number, and
    ``served_items`` how many such items there are of ``items``; ``most`` are counted on one item.
    """

    cost_yuan: float = 0.0
    delivered: int = 0
    counted: int = 0
    served: int = 0
    items: int = 0
    served_items: int = 0
    most: int = 0

    @property
    def yuan_per_like(self) -> float:
        """Price of one like that is counted where the order has served; infinite if nowhere."""
        return self.cost_yuan / self.served if self.served else float("inf")

    @property
    def rank(self) -> tuple[float, int]:
        """Order prices from the cheapest; those that have failed by how near they came."""
        return self.yuan_per_like, -self.most

    def __add__(self, other: Price) -> Price:
        return Price(
            self.cost_yuan + other.cost_yuan,
            self.delivered + other.delivered,
            self.counted + other.counted,
            self.served + other.served,
            self.items + other.items,
            self.served_items + other.served_items,
            max(self.most, other.most),
        )


def is_in_kind(order: Order) -> bool:
    """Say whether nobody takes money: members of a ring or a team like for each other."""
    return order.knobs.price_per_like == 0.0 and order.knobs.price_per_account == 0.0


def cost_yuan(order: Order, delivered: int) -> float:
    """Tell what an order costs of which so many likes were delivered."""
    knobs = order.knobs
    least = KIND_YUAN if is_in_kind(order) else MARKET_YUAN
    return delivered * max(knobs.price_per_like, least) + knobs.accounts * knobs.price_per_account


def advertising_yuan(history: History) -> float | None:
    """Tell what an honest like costs by advertising: a click, over the platform's own like rate.

    None where the log holds no views.
    """
    views = pc.sum(pc.equal(history.table["kind"], "view")).as_py() or 0
    likes = pc.sum(pc.equal(history.table["kind"], "like")).as_py() or 0
    return CLICK_YUAN * views / likes if views and likes else None
