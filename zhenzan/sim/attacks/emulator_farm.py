"""Emulator farm: scripts register accounts in bulk and like from rooms of emulators (S0-04)."""

from __future__ import annotations

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=90, items=5, likes_per_item=80, window_s=240, jitter_s=2.0,
        devices_per_account=0.15, network="farm", blocks=2, views=0.1, age_days=0, waking=False,
        price_per_like=0.01, price_per_account=0.2, session="bare",
    ),
    "medium": Knobs(
        accounts=140, items=6, likes_per_item=80, window_s=2_400, jitter_s=20.0, camouflage=0.4,
        devices_per_account=0.5, network="farm", blocks=8, views=0.88, age_days=9, waking=False,
        price_per_like=0.02, price_per_account=0.6, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=180, items=7, likes_per_item=80, window_s=30_000, jitter_s=120.0,
        camouflage=1.2, devices_per_account=1.0, network="home", views=0.94, age_days=60,
        life=0.15, price_per_like=0.05, price_per_account=3.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("emulator_farm", row="S0-04", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Register a batch of accounts on few machines and let all of them like what was ordered."""
    farm = crew.recruit(stage, knobs)
    return errand.carry_out(stage, knobs, farm, crew.targets(stage, knobs.items))
