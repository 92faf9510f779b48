"""Reseller pool: one crowd of hired people serves the orders of many merchants (methods 1.4)."""

from __future__ import annotations

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

# A market sells about 100 likes for one yuan, of which the worker sees a part (methods 1.4).
PRESETS = {
    "crude": Knobs(
        accounts=1_000, items=30, likes_per_item=90, window_s=3_600, span=0.45, jitter_s=20.0,
        network="own", session="bare", views=0.5, price_per_like=0.01,
    ),
    "medium": Knobs(
        accounts=1_200, items=40, likes_per_item=100, window_s=43_200, span=0.45, jitter_s=300.0,
        network="own", session="own", views=0.88, dwell=0.65, follow_up=0.2, price_per_like=0.03,
    ),
    "stealthy": Knobs(
        accounts=1_600, items=50, likes_per_item=110, window_s=172_800, span=0.45, jitter_s=1_800.0,
        network="own", session="own", views=0.94, dwell=1.0, follow_up=0.7, price_per_like=0.08,
    ),
}  # fmt: skip


@attack("reseller_pool", row="S2-04", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Hand each merchant's order to a part of the pool; a worker does a few tasks in a week."""
    workers = crew.hire(stage, knobs.accounts)
    return errand.carry_out(stage, knobs, workers, crew.targets(stage, knobs.items, apart=True))
