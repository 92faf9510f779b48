"""Newcomers: an advertisement brings people without any history (rule 3 of design.md)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US
from zhenzan.sim import crowd
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage


@twin("newcomers", row="T-newcomers")
def play(stage: Stage, size: float) -> Rows:
    """Register a few hundred people within a day; most look around, some stay, a few like."""
    count = max(4, int(450 * size))
    world = stage.world
    start = crowd.moment(stage, 0.05, 0.55)
    born = stage.waking_times(count, start, min(start + DAY_US, world.end_us))
    people = crowd.settle_in(stage, count, created_us=np.minimum(born, world.end_us - 300_000_000))
    stay = people[stage.rng.random(count) < 0.45]
    return Rows.join(
        [crowd.welcome(stage, people), crowd.everyday(stage, stay, sessions_per_day=0.7)]
    )
