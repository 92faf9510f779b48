"""Fan club: supporters of one artist act together at an agreed hour, and mean it."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_CHAT, FEED, SHARE_LINK

MUSIC = 11


@twin("fan_club", row="section 2 of methods")
def play(stage: Stage, size: float) -> Rows:
    """Release eight songs of one artist; the club comes within minutes of each release."""
    rng, world, shelf = stage.rng, stage.world, stage.catalogue
    members = np.unique(crowd.audience(stage, int(140 * size) + 3, category=MUSIC))
    shop = shelf.merchants_count
    shelf.merchants_count += 1
    parts = []
    for _ in range(8):
        evening = int(rng.integers(0, world.days)) * DAY_US + 12 * HOUR_US
        start = min(world.start_us + evening, world.end_us - 2 * HOUR_US)
        item = shelf.add(rng, 1, created_us=start - HOUR_US, category=MUSIC, merchant=shop)
        there = members[rng.random(len(members)) < 0.68].astype(np.int32)
        ts = crowd.wave(stage, len(there), start, rise_s=60, fade_s=260)
        lane = rng.choice([FEED, SHARE_LINK, EXTERNAL_CHAT], len(there), p=[0.4, 0.4, 0.2])
        views = stage.visit(
            there, np.repeat(item, len(there)), ts, channel=lane.astype(np.int8), affinity=1.0
        )
        parts.append(
            crowd.visits(stage, views, Mood(like=2.8, follow_up=1.4, dwell=1.5), linger=0.4)
        )
        others = crowd.audience(stage, int(90 * size) + 1, category=MUSIC)
        later = crowd.wave(stage, len(others), start, rise_s=3_000, fade_s=20_000)
        seen = stage.visit(others, np.repeat(item, len(others)), later)
        parts.append(crowd.visits(stage, seen))
    return Rows.join(parts)
