"""Viral hit: a crowd finds an item overnight and means it (rule 2 of design.md)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import HOUR_US, MINUTE_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_POST, FEED, SEARCH, SHARE_LINK


@twin("viral_hit", row="S0-07")
def play(stage: Stage, size: float) -> Rows:
    """Let two new items explode: dozens to hundreds of likes in hours, newcomers among them."""
    rng, parts = stage.rng, []
    for category in rng.choice([1, 2, 10], 2, replace=False).tolist():
        start = crowd.moment(stage, 0.15, 0.7)
        item = stage.catalogue.add(rng, 1, created_us=start - 5 * HOUR_US, category=category)
        stage.catalogue.appeal[item] = 1.2
        count = int(1_100 * size)
        ts = crowd.wave(stage, count, start, rise_s=4_000, fade_s=16_000)
        account = crowd.audience(stage, count, category=category)
        lane = rng.choice(
            [FEED, SHARE_LINK, SEARCH, EXTERNAL_POST], count, p=[0.6, 0.22, 0.1, 0.08]
        )
        views = stage.visit(account, np.repeat(item, count), ts, channel=lane.astype(np.int8))
        parts.append(crowd.visits(stage, views, Mood(like=0.7, dwell=1.3), linger=0.4))
        new = crowd.settle_in(
            stage, max(1, count // 14), created_us=rng.choice(ts, max(1, count // 14)) - MINUTE_US
        )
        parts.append(crowd.welcome(stage, new))
        first = stage.population.created_us[new] + rng.integers(2 * MINUTE_US, HOUR_US, len(new))
        seen = stage.visit(new, np.repeat(item, len(new)), first, channel=SHARE_LINK)
        parts.append(crowd.visits(stage, seen, Mood(like=1.0)))
    return Rows.join(parts)
