"""Loyal fans: regulars like everything that one shop posts, minutes after it appears."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import HOUR_US, SECOND_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import FEED, SHOP


@twin("loyal_fans", row="section 5")
def play(stage: Stage, size: float) -> Rows:
    """Post seven items of one shop; followers get a notice, look and like, and often comment."""
    rng, world, shelf = stage.rng, stage.world, stage.catalogue
    merchant = int(shelf.merchant[crowd.showcase(stage, 4)[0]])
    category = int(shelf.category[shelf.merchant == merchant][0])
    fans = np.unique(crowd.audience(stage, int(110 * size) + 3, category=category))
    parts = []
    for _ in range(7):
        posted = int(stage.waking_times(1, world.start_us, world.end_us - 2 * HOUR_US)[0])
        item = shelf.add(rng, 1, created_us=posted, category=category, merchant=merchant)
        there = fans[rng.random(len(fans)) < 0.72].astype(np.int32)
        wait = rng.lognormal(np.log(900.0), 1.4, len(there)) * SECOND_US
        ts = posted + wait.astype(np.int64) + 5 * SECOND_US
        views = stage.visit(
            there,
            np.repeat(item, len(there)),
            ts,
            channel=rng.choice([FEED, SHOP], len(there)).astype(np.int8),
            affinity=1.0,
        )
        parts.append(crowd.visits(stage, views, Mood(like=3.0, follow_up=1.6), linger=0.6))
    return Rows.join(parts)
