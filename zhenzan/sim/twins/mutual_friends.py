"""Mutual friends: classmates and acquaintances like each other's posts, unasked (S3-05)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import HOUR_US, SECOND_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CATEGORIES, FEED, SHARE_LINK


@twin("mutual_friends", row="S3-05")
def play(stage: Stage, size: float) -> Rows:
    """Let circles of friends post now and then; about half of the others look, most like."""
    rng, world, shelf = stage.rng, stage.world, stage.catalogue
    shares = world.category_shares
    owned = world.form.creators > 0
    parts = []
    for _ in range(max(2, int(14 * size))):
        friends = np.unique(crowd.audience(stage, int(rng.integers(6, 16)))).astype(np.int32)
        for author in friends.tolist():
            merchant = -1
            for _ in range(int(rng.integers(1, 4))):
                posted = int(stage.waking_times(1, world.start_us, world.end_us - 2 * HOUR_US)[0])
                item = shelf.add(
                    rng,
                    1,
                    created_us=posted,
                    category=int(rng.choice(len(CATEGORIES), p=shares)),
                    merchant=merchant,
                    owner=author if owned else -1,
                )
                merchant = int(shelf.merchant[item[0]])
                there = friends[(rng.random(len(friends)) < 0.55) & (friends != author)]
                wait = rng.lognormal(np.log(3_600.0), 1.6, len(there)) * SECOND_US
                ts = posted + wait.astype(np.int64) + 5 * SECOND_US
                lane = rng.choice([FEED, SHARE_LINK], len(there), p=[0.7, 0.3]).astype(np.int8)
                views = stage.visit(there, np.repeat(item, len(there)), ts, channel=lane)
                mood = Mood(like=2.6, follow_up=0.9)
                parts.append(crowd.visits(stage, views, mood, linger=0.7))
    return Rows.join(parts)
