"""KOL wave: a creator elsewhere names an item; many come for one look (twin of S1-17)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import MINUTE_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_POST, EXTERNAL_VIDEO


@twin("kol_wave", row="S1-17")
def play(stage: Stage, size: float) -> Rows:
    """Send a burst from outside: thin sessions, many likes, few purchases, some new accounts."""
    rng = stage.rng
    items = crowd.showcase(stage, 2)
    start = crowd.moment(stage, 0.1, 0.8)
    count = int(1_300 * size)
    ts = crowd.wave(stage, count, start, rise_s=900, fade_s=5_500)
    lane = rng.choice([EXTERNAL_VIDEO, EXTERNAL_POST], count, p=[0.88, 0.12]).astype(np.int8)
    account = crowd.audience(stage, count)
    item = rng.choice(items, count, p=[0.8, 0.2] if len(items) == 2 else None).astype(np.int32)
    views = stage.visit(account, item, ts, channel=lane, affinity=0.4)
    fresh = max(1, count // 9)
    new = crowd.settle_in(stage, fresh, created_us=rng.choice(ts, fresh) - MINUTE_US)
    first = stage.population.created_us[new] + rng.integers(MINUTE_US, 9 * MINUTE_US, fresh)
    seen = stage.visit(new, rng.choice(items, fresh), first, channel=EXTERNAL_VIDEO)
    return Rows.join(
        [
            crowd.visits(stage, views, Mood(like=1.1, follow_up=0.7, dwell=0.8)),
            crowd.welcome(stage, new),
            crowd.visits(stage, seen, Mood(like=1.0, follow_up=0.6)),
        ]
    )
