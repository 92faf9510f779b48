"""Brush orders: shoppers hired for a red packet also buy and praise what they like (S1-17, C3-16).

The parcel is empty or holds a trifle, and the money comes back outside the platform, so the log
shows a purchase like any other. What gives the crowd away is that nearly everybody buys or
comments, where otherwise few of those who like do.
"""

from __future__ import annotations

import numpy as np

from zhenzan.clock import SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crew, errand, wording
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import ATTACK, I64, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=170, items=4, likes_per_item=80, window_s=5_400, jitter_s=30.0, network="own",
        views=0.9, price_per_like=6.0, dwell=0.5, comments=0.9, purchases=0.9,
    ),
    "medium": Knobs(
        accounts=260, items=5, likes_per_item=70, window_s=40_000, jitter_s=200.0, network="own",
        views=0.95, price_per_like=8.0, dwell=0.7, comments=0.6, purchases=0.8, session="own",
    ),
    "stealthy": Knobs(
        accounts=300, items=6, likes_per_item=60, window_s=180_000, jitter_s=900.0,
        network="own", views=0.97, price_per_like=11.0, dwell=1.0, comments=0.35, purchases=0.6,
        session="own",
    ),
}  # fmt: skip

_COMMENT_S, _PURCHASE_S = 90.0, 240.0


@attack("brush_orders", row="S1-17", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Hire shoppers who look, like, order and praise as the task sheet says."""
    shoppers = crew.hire(stage, knobs.accounts)
    rows = errand.carry_out(stage, knobs, shoppers, crew.targets(stage, knobs.items))
    likes = rows.take((rows.kind == Kind.LIKE) & (rows.role == ATTACK))
    return Rows.join([rows, _praise(stage, knobs, likes), _purchases(stage, knobs, likes)])


def _praise(stage: Stage, knobs: Knobs, likes: Rows) -> Rows:
    """Comment as ordered: pasted praise where the seller is careless, own words else."""
    chosen = likes.take(stage.rng.random(len(likes)) < knobs.comments)
    write = wording.pasted if knobs.dwell < errand.CAREFUL else wording.people
    return chosen.with_(
        kind=Kind.COMMENT,
        ts=_later(stage, chosen, _COMMENT_S),
        text=write(stage.rng, len(chosen)),
    )


def _purchases(stage: Stage, knobs: Knobs, likes: Rows) -> Rows:
    """Order one piece at the listed price."""
    chosen = likes.take(stage.rng.random(len(likes)) < knobs.purchases)
    return chosen.with_(
        kind=Kind.PURCHASE,
        ts=_later(stage, chosen, _PURCHASE_S),
        amount_cents=stage.catalogue.price_cents[chosen.item],
    )


def _later(stage: Stage, rows: Rows, median_s: float) -> I64:
    delay = stage.rng.lognormal(np.log(median_s), 1.0, len(rows)) * SECOND_US
    latest = stage.world.end_us - SECOND_US
    return np.maximum(rows.ts, np.minimum(rows.ts + delay.astype(np.int64) + SECOND_US, latest))
