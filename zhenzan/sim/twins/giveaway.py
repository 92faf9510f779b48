"""Giveaway: a lawful draw for which people leave a comment; many like the post as well (C4-11).

The honest look-alike of brush orders: nearly everybody who likes also writes, and word of it
travels, so part of the crowd comes from elsewhere.
"""

from __future__ import annotations

import numpy as np

from zhenzan.clock import HOUR_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crowd, wording
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_POST

TAKES_PART = 0.6
"""Share of those who like that also enter the draw."""

_FROM_ELSEWHERE = 0.25
_LEAVE_US = 30 * SECOND_US


@twin("giveaway", row="C4-11")
def play(stage: Stage, size: float) -> Rows:
    """Let followers and passers-by look, like and enter by a comment, over two days."""
    rng, world = stage.rng, stage.world
    items = crowd.showcase(stage, 2)
    count = int(500 * size)
    start = crowd.moment(stage, 0.1, 0.7)
    end = min(start + 48 * HOUR_US, world.end_us - HOUR_US)
    ts = stage.waking_times(count, start, max(end, start + HOUR_US))
    lanes = stage.lanes(count)
    lanes = np.where(rng.random(count) < _FROM_ELSEWHERE, EXTERNAL_POST, lanes).astype(np.int8)
    account = crowd.audience(stage, count)
    item = rng.choice(items, count).astype(np.int32)
    views = stage.visit(account, item, ts, channel=lanes, affinity=0.5)
    rows = crowd.visits(stage, views, Mood(like=1.6, follow_up=1.2), linger=0.5)
    likes = rows.take((rows.kind == Kind.LIKE) & np.isin(rows.item, items))
    entered = likes.take(rng.random(len(likes)) < TAKES_PART)
    delay = rng.lognormal(np.log(40.0), 1.0, len(entered)) * SECOND_US
    entries = entered.with_(
        kind=Kind.COMMENT,
        ts=np.minimum(entered.ts + delay.astype(np.int64) + _LEAVE_US, world.end_us - SECOND_US),
        text=wording.people(rng, len(entered)),
    )
    return Rows.join([rows, entries.take(entries.ts > entered.ts)])
