"""Heavy users: a few people like more than a hundred things a day, quickly, and mean it."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

VISITS_A_DAY = 32
"""At about seven views a visit and a like on most of them: a hundred likes a day and more."""


@twin("heavy_users", row="section 5 of methods")
def play(stage: Stage, size: float) -> Rows:
    """Let a dozen people live on the platform for some days and like most of what they see."""
    rng, world = stage.rng, stage.world
    count = max(2, int(12 * size))
    people = crowd.settle_in(
        stage,
        count,
        like_bias=rng.normal(2.9, 0.5, count) - world.form.like,
        haste=rng.beta(4.0, 3.0, count),
    )
    parts = []
    for person in people.tolist():
        days = min(world.days, int(rng.integers(2, 7)))
        low = world.start_us + int(rng.integers(0, world.days - days + 1)) * DAY_US
        visits = rng.poisson(VISITS_A_DAY / world.form.session_views * days)
        ts = stage.waking_times(int(visits), low, low + days * DAY_US)
        views = stage.browse(np.full(len(ts), person, dtype=np.int32), ts)
        parts.append(crowd.visits(stage, views, Mood(dwell=0.6, follow_up=0.5)))
    return Rows.join(parts)
