"""Distributed drip: few likes at a time over days, each from another device and place (S2-22)."""

from __future__ import annotations

from zhenzan.clock import DAY_US, SECOND_US
from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=120, items=6, likes_per_item=70, window_s=129_600, span=0.3, jitter_s=30.0,
        network="home", views=0.3, age_days=12, waking=False, price_per_like=0.05,
        price_per_account=1.0, session="bare",
    ),
    "medium": Knobs(
        accounts=200, items=7, likes_per_item=70, window_s=216_000, span=0.3, jitter_s=600.0,
        camouflage=0.6, network="home", views=0.88, age_days=60, price_per_like=0.08,
        price_per_account=3.0, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=190, items=8, likes_per_item=70, window_s=561_600, span=0.3, jitter_s=3_600.0,
        camouflage=1.0, devices_per_account=1.2, network="home", views=0.94, age_days=300,
        life=0.15, price_per_like=0.15, price_per_account=8.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("distributed_drip", row="S2-22", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Let likes trickle at a steady rate over days, from aged accounts on lines of their own."""
    farm = crew.recruit(stage, knobs, batch_us=min(DAY_US, int(knobs.window_s * SECOND_US)))
    return errand.carry_out(stage, knobs, farm, crew.targets(stage, knobs.items))
