"""Overseas proxy: accounts of one country act through rented machines in others (S2-23)."""

from __future__ import annotations

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=110, items=5, likes_per_item=80, window_s=900, jitter_s=5.0,
        devices_per_account=0.3, network="hosting", blocks=3, views=0.2, age_days=6,
        waking=False, price_per_like=0.02, price_per_account=0.5, session="bare",
    ),
    "medium": Knobs(
        accounts=180, items=6, likes_per_item=80, window_s=14_400, jitter_s=60.0,
        camouflage=0.5, network="hosting", blocks=30, views=0.88, age_days=45, waking=False,
        price_per_like=0.04, price_per_account=2.0, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=160, items=7, likes_per_item=70, window_s=100_000, jitter_s=900.0,
        camouflage=1.0, network="hosting", blocks=350, views=0.94, age_days=250, life=0.25,
        price_per_like=0.10, price_per_account=6.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("overseas_proxy", row="S2-23", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Like through hosting addresses far from the region that the accounts state."""
    farm = crew.recruit(stage, knobs)
    return errand.carry_out(stage, knobs, farm, crew.targets(stage, knobs.items))
