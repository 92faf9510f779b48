"""Paid crowd: real people from part-time-job groups like for a small commission (S0-05)."""

from __future__ import annotations

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_CHAT

PRESETS = {
    "crude": Knobs(
        accounts=160, items=5, likes_per_item=100, window_s=1_200, jitter_s=10.0, network="own",
        views=0.5, price_per_like=0.3, session="bare",
    ),
    "medium": Knobs(
        accounts=280, items=5, likes_per_item=100, window_s=9_000, jitter_s=60.0, network="own",
        views=0.88, price_per_like=0.5, dwell=0.65, follow_up=0.2, session="own",
    ),
    "stealthy": Knobs(
        accounts=260, items=6, likes_per_item=80, window_s=60_000, jitter_s=600.0,
        network="own", views=0.94, price_per_like=0.9, dwell=1.0, follow_up=0.7, session="own",
    ),
}  # fmt: skip


@attack("paid_crowd", row="S0-05", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Hire people for a task: crude ones follow a link, others do it while they are here anyway."""
    crowd = crew.hire(stage, knobs.accounts)
    lane = EXTERNAL_CHAT if knobs.session == "bare" else None
    return errand.carry_out(stage, knobs, crowd, crew.targets(stage, knobs.items), channel=lane)
