"""Hostile reports: a farm reports a rival's items to have them taken down (S3-21)."""

from __future__ import annotations

import numpy as np

from zhenzan.events.schema import Kind
from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import ATTACK, Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=60, items=2, likes_per_item=50, window_s=900, network="farm", blocks=2,
        views=0.2, devices_per_account=0.3, age_days=0, waking=False, price_per_like=0.5,
        session="bare",
    ),
    "medium": Knobs(
        accounts=80, items=2, likes_per_item=50, window_s=14_400, network="carrier", views=0.88,
        age_days=30, waking=False, price_per_like=0.8, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=100, items=2, likes_per_item=40, window_s=86_400, network="home", views=0.94,
        age_days=200, life=0.2, price_per_like=1.5, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("hostile_reports", row="S3-21", presets=PRESETS, likes=False)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Send reports in place of likes; ``likes_per_item`` is the number of reports."""
    farm = crew.recruit(stage, knobs)
    rows = errand.carry_out(stage, knobs, farm, crew.targets(stage, knobs.items))
    rows = rows.take((rows.role != ATTACK) | (rows.kind != Kind.UNLIKE))
    ordered = (rows.kind == Kind.LIKE) & (rows.role == ATTACK)
    return rows.with_(kind=np.where(ordered, Kind.REPORT, rows.kind))
