"""The closed simulator: honest people, honest twins and attacks, with the truth as labels.

It exists to feed and to measure the detectors; it writes the public interaction contract and
never talks to a platform. Invariants: one seed repeats a run; ids, order and nulls say nothing
about who made a row; the background is the same with and without attacks. Fee-fraud owners,
purchasable assists and insider winners belong to campaigns and are not played here.

Known limits: attackers do not learn from what is excluded, ordered likes are a larger share
than platforms report, and one author wrote attacks and honest people alike.

Entry points: ``zhenzan.sim.simulate`` and ``zhenzan.sim.scenarios.run``; what likes bring in
exposure is in ``zhenzan.sim.exposure``.
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
