"""Office network: colleagues behind one address like the same snack at noon (rule 1)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.sim import crowd, network
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage


@twin("office_network", row="T-office")
def play(stage: Stage, size: float) -> Rows:
    """Put a company behind one address; a colleague's link goes round in the lunch break."""
    rng, world = stage.rng, stage.world
    count = max(4, int(180 * size))
    region = np.zeros(count, dtype=np.int8)
    place = network.office_address(region, np.full(count, int(rng.integers(5_000, 9_000))))
    staff = crowd.settle_in(stage, count, region=region, place=place)
    parts = [crowd.everyday(stage, staff, sessions_per_day=0.8)]
    for day in range(world.days):
        item = crowd.showcase(stage, 1, category=2)
        reached = staff[rng.random(count) < rng.uniform(0.08, 0.3)]
        noon = world.start_us + day * DAY_US + int(rng.uniform(3.8, 5.0) * HOUR_US)
        ts = crowd.wave(stage, len(reached), noon, rise_s=240, fade_s=900)
        views = stage.visit(
            reached, np.repeat(item, len(reached)), ts, affinity=0.5, ip=place[: len(reached)]
        )
        parts.append(crowd.visits(stage, views, Mood(like=0.6, follow_up=1.6), linger=0.5))
    return Rows.join(parts)
