"""Rotating pool: M aged accounts, of whom only n work on each of many items (methods 1.4)."""

from __future__ import annotations

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=300, items=12, likes_per_item=60, window_s=14_400, jitter_s=60.0,
        network="home", views=0.6, age_days=60, price_per_like=0.05, price_per_account=2.0,
        session="bare",
    ),
    "medium": Knobs(
        accounts=800, items=24, likes_per_item=100, window_s=43_200, jitter_s=300.0,
        camouflage=0.5, network="home", views=0.88, age_days=200,
        price_per_like=0.08, price_per_account=5.0, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=1_500, items=40, likes_per_item=100, window_s=172_800, jitter_s=1_800.0,
        camouflage=0.6, network="home", views=0.94, age_days=500, life=0.04,
        price_per_like=0.15, price_per_account=8.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("rotating_pool", row="S2-22", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Serve every item with another draw from the pool: two items share about n*n/M workers."""
    pool = crew.recruit(stage, knobs)
    return errand.carry_out(stage, knobs, pool, crew.targets(stage, knobs.items, apart=True))
