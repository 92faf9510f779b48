"""The closed simulator: honest people, honest twins and attacks, with the truth as labels.

It exists to feed and to measure the detectors; it writes the public interaction contract and
never talks to a platform. Invariants: one seed repeats a run; ids, order and nulls say nothing
about who made a row; the background is the same with and without attacks. Fee-fraud owners,
purchasable assists and insider winners belong to campaigns and are not played here.

Known limits, which make every attack easier to find than in life: an ordered like mostly has a
short session of its own, at all stealth levels, and a bought item has few honest likes beside
the ordered ones. Accuracy measured here is an upper bound.

Entry point: ``zhenzan.sim.simulate``.
"""

from zhenzan.sim.inject import Injected, inject
from zhenzan.sim.order import ATTACKS, TWINS, Knobs, Order, order
from zhenzan.sim.simulation import Simulation, simulate, write
from zhenzan.sim.world import World

__all__ = [
    "ATTACKS",
    "TWINS",
    "Injected",
    "Knobs",
    "Order",
    "Simulation",
    "World",
    "inject",
    "order",
    "simulate",
    "write",
]
