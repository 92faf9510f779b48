"""Rotating pool: M aged accounts, of whom only n work on each of many items (methods 1.4)."""

from __future__ import annotations

from zhenzan.sim import crew
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=120, items=12, likes_per_item=40, window_s=14_400, jitter_s=60.0, network="home",
        views=0.6, age_days=60, price_per_like=0.05, price_per_account=2.0,
    ),
    "medium": Knobs(
        accounts=300, items=14, likes_per_item=40, window_s=43_200, jitter_s=300.0, camouflage=0.5,
        network="home", views=0.85, follow_up=0.05, age_days=200, life=0.15,
        price_per_like=0.08, price_per_account=5.0,
    ),
    "stealthy": Knobs(
        accounts=700, items=16, likes_per_item=40, window_s=129_600, jitter_s=1_800.0,
        camouflage=1.0, network="home", views=0.95, follow_up=0.1, age_days=500, life=0.25,
        price_per_like=0.15, price_per_account=8.0,
    ),
}  # fmt: skip


@attack("rotating_pool", row="S2-22", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Serve every item with another draw from the pool: two items share about n*n/M workers."""
    pool = crew.recruit(stage, knobs)
    return crew.carry_out(stage, knobs, pool, crew.targets(stage, knobs.items))
