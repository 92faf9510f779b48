"""Family device: three or four people of a household share one tablet and one line (rule 1)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crowd
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage


@twin("family_device", row="T-family")
def play(stage: Stage, size: float) -> Rows:
    """Let families use their one device by turns, and like what the others liked."""
    rng, people = stage.rng, stage.population
    families = max(2, int(110 * size))
    members = rng.integers(2, 5, families)
    family = np.repeat(np.arange(families), members)
    tablets = people.new_devices(families)
    line = (people.home[rng.integers(0, stage.world.accounts, families)] & ~np.int64(255)) + 77
    line += rng.integers(-70, 170, families)
    count = len(family)
    circle = people.circle.max() + 1 + family
    relatives = crowd.settle_in(
        stage,
        count,
        device=tablets[family],
        home=line[family],
        circle=circle,
    )
    parts = [crowd.everyday(stage, relatives, sessions_per_day=0.9)]
    # Someone shows the others a video: same device, minutes apart.
    shown = crowd.showcase(stage, 8)
    days = max(1, stage.world.days)
    for _ in range(days):
        evening = np.repeat(
            stage.waking_times(families, stage.world.start_us, stage.world.end_us), members
        )
        there = rng.random(count) < 0.5
        ts = evening + (rng.exponential(150.0, count) * 1e6).astype(np.int64)
        item = np.repeat(rng.choice(shown, families), members)
        views = stage.visit(relatives[there], item[there], ts[there], affinity=0.5)
        parts.append(crowd.visits(stage, views))
    return Rows.join(parts)
