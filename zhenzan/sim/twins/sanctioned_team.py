"""Sanctioned team: helpers of an official campaign like for their team, openly (rule 7)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import DAY_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crowd
from zhenzan.sim.funnel import Mood
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CAMPAIGN

ASSISTS_PER_DAY = 5
"""Cap of the campaign: five assists per person and day, from 08:00 in Shanghai (00:00 UTC)."""


@twin("sanctioned_team", row="S4-44")
def play(stage: Stage, size: float) -> Rows:
    """Let teams of ten to twenty work through their tasks, with campaign and task ids set."""
    rng, world = stage.rng, stage.world
    campaign, parts = stage.campaign(), []
    for _ in range(max(1, int(12 * size))):
        team = np.unique(crowd.audience(stage, int(rng.integers(10, 21))))
        for day in range(world.days):
            opening = world.start_us + day * DAY_US
            items = crowd.showcase(stage, ASSISTS_PER_DAY)
            tasks = stage.tasks(len(items))
            account = np.repeat(team, len(items))
            place = np.tile(np.arange(len(items)), len(team))
            there = rng.random(len(account)) < 0.5
            account, place = account[there].astype(np.int32), place[there]
            came = crowd.wave(stage, len(team), opening, rise_s=1_500, fade_s=14_000)
            wait = place * rng.lognormal(np.log(70.0), 0.8, len(place)) * SECOND_US
            ts = came[np.searchsorted(team, account)] + wait.astype(np.int64)
            views = stage.visit(account, items[place], ts, channel=CAMPAIGN)
            rows = crowd.visits(stage, views, Mood(like=3.2, follow_up=0.35, dwell=0.8), linger=0.2)
            done = np.searchsorted(np.sort(items), rows.item.clip(0)).clip(0, len(items) - 1)
            inside = (rows.kind == Kind.LIKE) & (rows.channel == CAMPAIGN)
            parts.append(
                rows.with_(
                    campaign=np.where(inside, campaign, -1), task=np.where(inside, tasks[done], -1)
                )
            )
    return Rows.join(parts)
