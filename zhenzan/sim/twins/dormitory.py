"""Dormitory: many students behind a few addresses, some on shared devices (rule 1)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.sim import crowd, network
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage


@twin("dormitory", row="T-dormitory")
def play(stage: Stage, size: float) -> Rows:
    """Fill one campus block; in the evening a new item makes the round of the corridor."""
    rng, world, people = stage.rng, stage.world, stage.population
    count = max(4, int(130 * size))
    block = int(network.campus_blocks(rng, 1)[0])
    place = block + rng.integers(20, 23, count)
    device = people.new_devices(count)
    sharing = np.flatnonzero(rng.random(count) < 0.2)
    device[sharing] = device[(sharing - 1).clip(0)]
    students = crowd.settle_in(stage, count, home=place, place=place, device=device)
    parts = [crowd.everyday(stage, students, sessions_per_day=1.0)]
    for day in range(world.days):
        item = crowd.showcase(stage, 1)
        reached = students[rng.random(count) < rng.uniform(0.15, 0.4)]
        evening = world.start_us + day * DAY_US + int(rng.uniform(12.5, 14.5) * HOUR_US)
        ts = crowd.wave(stage, len(reached), evening, rise_s=400, fade_s=1_500)
        views = stage.visit(
            reached,
            np.repeat(item, len(reached)),
            ts,
            affinity=0.6,
            ip=people.place[reached],
        )
        parts.append(crowd.visits(stage, views, Mood(like=0.8), linger=0.5))
    return Rows.join(parts)
