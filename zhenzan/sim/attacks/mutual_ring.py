"""Mutual ring: members each bring an item and like everybody else's (S3-04, S3-05, S3-06)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zhenzan.sim import crew
from zhenzan.sim.attacks.paid_crowd import hire
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import I32, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=40, items=16, likes_per_item=36, window_s=3_600, jitter_s=20.0, network="own",
        views=0.5, price_per_like=0.0,
    ),
    "medium": Knobs(
        accounts=36, items=18, likes_per_item=28, window_s=21_600, jitter_s=120.0, network="own",
        views=0.85, follow_up=0.05, camouflage=0.2, price_per_like=0.0,
    ),
    "stealthy": Knobs(
        accounts=30, items=20, likes_per_item=17, window_s=129_600, jitter_s=1_800.0,
        network="own", views=0.95, follow_up=0.2, camouflage=0.6, price_per_like=0.0,
    ),
}  # fmt: skip


@attack("mutual_ring", row="S3-06", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Put one item per owner into the ring and let the members go through the list."""
    return crew.carry_out(
        stage, replace(knobs, span=0.8), hire(stage, knobs.accounts), _list(stage, knobs)
    )


def _list(stage: Stage, knobs: Knobs) -> I32:
    """Choose items of different merchants, since every member brings an own one."""
    pool = crew.targets(stage, knobs.items * 6)
    _, first = np.unique(stage.catalogue.merchant[pool], return_index=True)
    first = stage.rng.permutation(first)
    return pool[first[: knobs.items]]
