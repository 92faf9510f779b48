"""Lawful lift: real photos on the page, natural likes +200 %, favourites +150 % (S0-29)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

LIKE_LIFT = 3.0
"""Log-odds that bring three times the likes per view: measured 2.99 over six seeds, since people
differ so much in how readily they like that a smaller step moves few of them."""

FAVORITE_LIFT = 1.82
"""Likes pull favourites along: with this factor they rise 2.5 times (measured 2.2 to 2.6 for
factors of 1.6 to 1.9 over six seeds)."""


@twin("lawful_lift", row="S0-29")
def play(stage: Stage, size: float) -> Rows:
    """Show the same shop to the same kind of audience before and after the page changed."""
    rng, world = stage.rng, stage.world
    items = crowd.showcase(stage, 6, category=0)
    count = int(420 * size * max(1, world.days) * 0.7)
    ts = stage.waking_times(count, world.start_us, world.end_us)
    change = crowd.moment(stage, 0.4, 0.6)
    account = crowd.audience(stage, count, category=0)
    views = stage.visit(account, rng.choice(items, count).astype(np.int32), ts)
    before, after = views.take(ts < change), views.take(ts >= change)
    lifted = Mood(like=LIKE_LIFT, follow_up=FAVORITE_LIFT, dwell=1.4)
    usual = replace(lifted, like=0.0, follow_up=1.0, dwell=1.0)
    return Rows.join([crowd.visits(stage, before, usual), crowd.visits(stage, after, lifted)])
