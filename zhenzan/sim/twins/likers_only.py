"""Likers only: people of whom the log holds nothing but likes, as some clients report (rule 3)."""

from __future__ import annotations

import numpy as np

from zhenzan.events.schema import Kind
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage


@twin("likers_only", row="T-likers")
def play(stage: Stage, size: float) -> Rows:
    """Let people like from a widget that logs neither looks nor sessions; some have no device."""
    rng, world = stage.rng, stage.world
    count = max(4, int(160 * size))
    people = crowd.settle_in(stage, count, like_bias=rng.normal(0.2, 0.8, count))
    visits = rng.poisson(rng.gamma(1.0, 0.4, count) * world.days)
    who = np.repeat(people, visits)
    ts = stage.waking_times(len(who), world.start_us, world.end_us)
    rows = crowd.visits(stage, stage.browse(who, ts), Mood(list_like_share=1.0))
    rows = rows.take(rows.kind == Kind.LIKE)
    nameless = rng.random(len(stage.population)) < 0.5
    device = np.where(nameless[rows.account], -1, rows.device)
    return rows.with_(session=-1, device=device)
