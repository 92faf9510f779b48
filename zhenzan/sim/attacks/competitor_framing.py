"""Competitor framing: a rival buys crude likes for a shop so that it is punished (S2-20)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import I32, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=130, items=5, likes_per_item=100, window_s=300, jitter_s=2.0,
        devices_per_account=0.2, network="farm", blocks=2, views=0.05, age_days=0, waking=False,
        price_per_like=0.01, price_per_account=0.2, session="bare",
    ),
    "medium": Knobs(
        accounts=160, items=5, likes_per_item=90, window_s=3_000, jitter_s=20.0,
        devices_per_account=0.6, network="farm", blocks=8, views=0.88, age_days=14,
        waking=False, price_per_like=0.02, price_per_account=0.6, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=150, items=6, likes_per_item=80, window_s=36_000, jitter_s=200.0,
        camouflage=0.6, network="home", views=0.94, age_days=80, price_per_like=0.05,
        price_per_account=3.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("competitor_framing", row="S2-20", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Pour bought likes on the items of one honest shop that has a natural audience."""
    farm = crew.recruit(stage, knobs)
    return errand.carry_out(stage, knobs, farm, _victim(stage, knobs))


def _victim(stage: Stage, knobs: Knobs) -> I32:
    """Choose a shop with enough items, by its honest attention."""
    shelf = stage.catalogue
    ready = np.flatnonzero((shelf.created_us <= stage.world.start_us) & (shelf.weight > 0))
    sizes = np.bincount(shelf.merchant[ready], minlength=shelf.merchants_count)
    pull = np.bincount(
        shelf.merchant[ready], weights=shelf.weight[ready], minlength=shelf.merchants_count
    )
    pull = np.where(sizes >= min(knobs.items, sizes.max()), pull, 0.0)
    shop = stage.rng.choice(shelf.merchants_count, p=pull / pull.sum())
    mine = ready[shelf.merchant[ready] == shop]
    return stage.rng.choice(mine, min(knobs.items, len(mine)), replace=False).astype(np.int32)
