"""Live storm: the audience of a live room likes together when the host asks for it (S3-19)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Room, Stage
from zhenzan.sim.world import LIVE

ROOMS = 9


@twin("live_storm", row="S3-19")
def play(stage: Stage, size: float) -> Rows:
    """Open rooms in the evening; people drop in all along and half of them follow a call."""
    rng, world, shelf = stage.rng, stage.world, stage.catalogue
    parts = []
    for _ in range(ROOMS):
        day = int(rng.integers(0, world.days)) * DAY_US
        start = world.start_us + day + int(rng.uniform(10.0, 13.5) * HOUR_US)
        length = int(rng.uniform(0.6, 2.2) * HOUR_US)
        shop = int(shelf.merchant[crowd.showcase(stage, 1)[0]])
        category = int(shelf.category[shelf.merchant == shop][0])
        item = shelf.add(rng, 1, created_us=start - 2 * MINUTE_US, category=category, merchant=shop)
        stage.rooms.append(Room(int(item[0]), start, start + length))
        # Rooms differ a hundredfold in how many come.
        count = int(min(60 * rng.lognormal(1.0, 0.9), 900) * size) + 8
        calls = np.sort(rng.random(int(rng.integers(2, 7))))
        when = rng.random(count)
        follows = rng.random(count) < 0.5
        called = calls[rng.integers(0, len(calls), count)]
        ts = start + (np.where(follows, called, when) * length).astype(np.int64)
        ts += (rng.exponential(np.where(follows, 25.0, 5.0)) * SECOND_US).astype(np.int64)
        there = np.unique(crowd.audience(stage, count, category=category))
        ts = ts[: len(there)]
        views = stage.visit(there, np.repeat(item, len(there)), ts, channel=LIVE, affinity=0.5)
        mood = Mood(like=1.8, follow_up=0.8, dwell=2.0)
        parts.append(crowd.visits(stage, views, mood, linger=0.35))
    return Rows.join(parts)
