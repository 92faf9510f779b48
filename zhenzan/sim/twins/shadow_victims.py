"""Shadow victims: honest people whose likes bots copy within seconds (rule 10)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crowd
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage


@twin("shadow_victims", row="T18")
def play(stage: Stage, size: float) -> Rows:
    """Let people live as others do, liking a few things a day; shadow framing chooses them."""
    rng = stage.rng
    count = max(6, int(44 * size))
    people = crowd.settle_in(
        stage, count, like_bias=rng.normal(0.4, 0.4, count) - stage.world.form.like
    )
    rows = crowd.everyday(stage, people, sessions_per_day=12.0 / stage.world.days)
    stage.watched.extend(people.tolist())
    return rows.take(np.argsort(rows.ts, kind="stable"))
