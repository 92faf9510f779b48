"""Script in a team: members of an official campaign let a script do their likes (S4-44)."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import ATTACK, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CAMPAIGN

PRESETS = {
    "crude": Knobs(
        accounts=20, items=18, likes_per_item=20, window_s=60, jitter_s=0.05, network="own",
        views=0.0, waking=False, price_per_like=0.0, session="bare",
    ),
    "medium": Knobs(
        accounts=24, items=18, likes_per_item=22, window_s=900, jitter_s=1.0, network="own",
        views=0.6, waking=False, price_per_like=0.0, session="bare",
    ),
    "stealthy": Knobs(
        accounts=30, items=16, likes_per_item=24, window_s=14_400, jitter_s=20.0, network="own",
        views=0.94, waking=False, price_per_like=0.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("script_in_team", row="S4-44", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Run through the task list by script: even spacing, hardly a look, campaign ids set."""
    rng = stage.rng
    team = crew.hire(stage, knobs.accounts)
    items = crew.targets(stage, knobs.items)
    # Each member's script starts at a moment of its own and steps evenly through the list.
    step_us = int(knobs.window_s * SECOND_US / len(items))
    opening = stage.waking_times(
        len(team), stage.world.start_us, stage.world.end_us - len(items) * step_us - SECOND_US
    )
    share = min(1.0, knobs.likes_per_item / len(team))
    joins = rng.random((len(team), len(items))) < share
    member, place = np.nonzero(joins)
    ts = opening[member] + place * step_us
    ts = ts + (rng.exponential(knobs.jitter_s, len(member)) * SECOND_US).astype(np.int64)
    work = crew.Work(team[member], items[place], ts)
    rows = errand.deliver(stage, knobs, work, group=stage.group(), channel=CAMPAIGN, exact=True)
    tasks = stage.tasks(len(items))
    done = np.searchsorted(np.sort(items), rows.item.clip(0)).clip(0, len(items) - 1)
    liked = (rows.kind == Kind.LIKE) & (rows.role == ATTACK)
    return rows.with_(
        campaign=np.where(liked, stage.campaign(), -1), task=np.where(liked, tasks[done], -1)
    )
