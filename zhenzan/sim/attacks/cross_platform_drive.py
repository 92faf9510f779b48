"""Cross-platform drive: links in chat groups of other platforms, likes for red packets (S1-17)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import EXTERNAL_CHAT, EXTERNAL_POST

PRESETS = {
    "crude": Knobs(
        accounts=220, items=3, likes_per_item=150, window_s=2_400, jitter_s=20.0, network="own",
        views=0.75, age_days=0, price_per_like=0.4, session="bare",
    ),
    "medium": Knobs(
        accounts=320, items=3, likes_per_item=150, window_s=14_400, jitter_s=90.0,
        network="own", views=0.88, age_days=0, price_per_like=0.6, dwell=0.65, follow_up=0.2,
        session="own",
    ),
    "stealthy": Knobs(
        accounts=300, items=4, likes_per_item=120, window_s=86_400, jitter_s=900.0,
        network="own", views=0.94, age_days=20, life=0.1, price_per_like=1.0, dwell=1.0,
        follow_up=0.7, session="own",
    ),
}  # fmt: skip

NEW_SHARE = 0.2
"""Share of people who make an account only to follow the link."""


@attack("cross_platform_drive", row="S1-17", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Bring people through an outside link for one thin session each: look, like, red packet."""
    fresh = max(1, int(knobs.accounts * NEW_SHARE))
    newcomers = crew.recruit(stage, crew.sized(knobs, fresh))
    crowd = np.concatenate([crew.hire(stage, knobs.accounts - fresh), newcomers])
    lane = EXTERNAL_CHAT if knobs.session == "bare" else EXTERNAL_POST
    items = crew.targets(stage, knobs.items)
    if knobs.life > 0:
        # Hired people live their own lives already; only the new accounts need cover.
        group = stage.group()
        work = crew.schedule(stage, knobs, crowd, items)
        cover = errand.ordinary_life(stage, knobs, newcomers, group=group)
        return Rows.join([errand.deliver(stage, knobs, work, group=group, channel=lane), cover])
    return errand.carry_out(stage, knobs, crowd, items, channel=lane)
