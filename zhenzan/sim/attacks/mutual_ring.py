"""Mutual ring: members each bring an item and like everybody else's (S3-04, S3-05, S3-06)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import I32, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=40, items=16, likes_per_item=36, window_s=3_600, jitter_s=20.0, network="own",
        views=0.5, price_per_like=0.0, session="bare",
    ),
    "medium": Knobs(
        accounts=36, items=18, likes_per_item=28, window_s=21_600, jitter_s=120.0,
        network="own", views=0.88, camouflage=0.2, price_per_like=0.0, dwell=0.65,
        follow_up=0.2, session="own",
    ),
    "stealthy": Knobs(
        accounts=30, items=20, likes_per_item=17, window_s=129_600, jitter_s=1_800.0,
        network="own", views=0.94, camouflage=0.6, price_per_like=0.0, dwell=1.0, follow_up=0.7,
        session="own",
    ),
}  # fmt: skip


@attack("mutual_ring", row="S3-06", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Put one item per owner into the ring; where members own their items, likes go both ways."""
    items = _list(stage, knobs)
    owners = stage.catalogue.owner[items]
    owners = np.unique(owners[owners >= 0])[: knobs.accounts]
    hired = np.setdiff1d(crew.hire(stage, knobs.accounts), owners)
    members = np.concatenate([owners, hired])[: knobs.accounts].astype(np.int32)
    group = stage.group()
    work = crew.schedule(stage, replace(knobs, span=0.8), members, items)
    work = work.take(stage.catalogue.owner[work.item] != work.account)
    return Rows.join(
        [
            errand.deliver(stage, knobs, work, group=group),
            errand.camouflage(stage, knobs, members, work, group=group),
        ]
    )


def _list(stage: Stage, knobs: Knobs) -> I32:
    """Choose items of different merchants, first those whose merchant is an account."""
    pool = crew.targets(stage, knobs.items * 6, apart=True)
    owner = stage.catalogue.owner[pool]
    usable = (owner >= 0) & (stage.population.created_us[owner.clip(0)] < stage.world.start_us)
    return np.concatenate([pool[usable], pool[~usable]])[: knobs.items]
