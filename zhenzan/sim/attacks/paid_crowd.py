"""Paid crowd: real people from part-time-job groups like for a small commission (S0-05)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crew
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import I32, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_CHAT

PRESETS = {
    "crude": Knobs(
        accounts=160, items=5, likes_per_item=100, window_s=1_200, jitter_s=10.0, network="own",
        views=0.5, price_per_like=0.3,
    ),
    "medium": Knobs(
        accounts=280, items=5, likes_per_item=100, window_s=9_000, jitter_s=60.0, network="own",
        views=0.8, follow_up=0.03, price_per_like=0.5,
    ),
    "stealthy": Knobs(
        accounts=500, items=6, likes_per_item=80, window_s=60_000, jitter_s=600.0, network="own",
        views=0.95, follow_up=0.10, price_per_like=0.9,
    ),
}  # fmt: skip


def hire(stage: Stage, count: int) -> I32:
    """Hire existing people, active ones rather than rare visitors; their history is honest."""
    people = stage.population
    pool = stage.live_accounts(stage.world.start_us)
    return stage.choose(pool, count, by=np.sqrt(people.activity[pool].astype(np.float64)) + 0.05)


@attack("paid_crowd", row="S0-05", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Send a link to hired people who look briefly, like, and leave without any wish to buy."""
    crowd = hire(stage, knobs.accounts)
    lane = EXTERNAL_CHAT if knobs.window_s < 3_600 else None
    return crew.carry_out(stage, knobs, crowd, crew.targets(stage, knobs.items), channel=lane)
