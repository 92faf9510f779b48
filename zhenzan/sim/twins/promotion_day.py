"""Promotion day: a sale brings buyers in numbers, with carts and purchases (S4-09)."""

from __future__ import annotations

from zhenzan.clock import HOUR_US
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CART_PAGE, FEED, LIVE, SEARCH, SHOP

SHOPS = 6


@twin("promotion_day", row="S4-09")
def play(stage: Stage, size: float) -> Rows:
    """Open a sale at a fixed hour: six shops, a rush in the first minutes, buying all day."""
    rng, parts = stage.rng, []
    day = int(rng.integers(0, stage.world.days))
    start = stage.world.start_us + day * 24 * HOUR_US + 2 * HOUR_US
    for _ in range(SHOPS):
        items = crowd.showcase(stage, 5)
        count = int(500 * size)
        rush = crowd.wave(stage, count // 4, start, rise_s=120, fade_s=600)
        rest = stage.waking_times(count - len(rush), start, start + 14 * HOUR_US)
        for ts, keen in ((rush, 2.8), (rest, 2.0)):
            account = crowd.audience(stage, len(ts))
            lane = rng.choice(
                [FEED, SEARCH, SHOP, LIVE, CART_PAGE], len(ts), p=[0.3, 0.2, 0.25, 0.15, 0.1]
            )
            item = rng.choice(items, len(ts)).astype(items.dtype)
            views = stage.visit(account, item, ts, channel=lane.astype("int8"))
            parts.append(crowd.visits(stage, views, Mood(like=0.3, follow_up=keen), linger=0.3))
    return Rows.join(parts)
